//! SMTP client (RFC 5321): one connection at a time. Lettre implements the protocol on top of our
//! own stream.

mod commands;
mod connection;
mod connection_state;
mod handshake;
mod login;
mod outcome;
mod pipelining;
mod rejected_address;
mod relay;
mod replies;
mod reply_buffer;
mod stream;

pub use commands::Envelope;
pub use connection::Connection;
pub use outcome::{AttemptResult, EnhancedStatus, FailureScope, Reply, SmtpOutcome};
pub use relay::{ConnectError, Relay, Timeouts};
