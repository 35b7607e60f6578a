//! Stories about the whole program, told from outside.

#![expect(clippy::unwrap_used, reason = "a test that can't go on should stop where it can't")]

mod crashes;
mod foreign;
mod judges;
mod program;
mod schedule;
mod sending;
mod smtp;
mod smtp_server;
mod smtp_tls;
mod support;
mod telling;
