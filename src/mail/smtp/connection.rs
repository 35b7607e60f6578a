//! A connection to a relay: it sends an envelope and its content, with the next envelope pipelined
//! after the message data.

mod envelope;
mod send;
mod session;

pub use self::session::Connection;
