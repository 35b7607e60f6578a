//! How mail leaves by SMTP (RFC 5321): one connection at a time, with lettre speaking and our own wire below it.

mod commands;
mod connection;
mod hearing;
mod manner;
mod opening;
mod outcome;
mod reading;
mod relay;
mod stream;
mod tls;

pub use commands::Envelope;
pub use connection::Connection;
pub use outcome::{Answer, Delivered, Enhanced, Outcome, Scope};
pub use relay::{Patience, Relay, Trouble};
pub(crate) use tls::verified_by_system;
