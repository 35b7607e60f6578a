//! Stories about the whole program, told from outside.

mod smtp;
mod smtp_server;
mod smtp_tls;
