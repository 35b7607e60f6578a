//! A connection to a relay: it sends the commands and the content of a transaction, with the
//! commands of the next one pipelined after the message data.

mod send;
mod session;
mod transaction;

pub use self::session::Connection;
