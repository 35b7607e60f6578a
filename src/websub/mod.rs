//! WebSub (W3C Recommendation of 2018): pings external hubs and pushes changed feeds to the
//! subscribers of the built-in hub.
//!
//! No queue entry is written per change. The database stores the version that each hub and
//! subscriber has; a hub or subscriber with another version than the newest is due. A burst of
//! changes is therefore one push, and a crash loses none.

pub mod hub;
mod limiter;
mod ping;
mod push;
pub(super) mod retry;
mod service;
pub mod signature;
mod state;
mod verify;

pub use service::{WebSub, WebSubReport};
