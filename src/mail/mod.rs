//! E-mail: message construction (`message`, `precompiled`), signing (`dkim`), SMTP and file
//! transports (`smtp`, `file_transport`), and an SMTP server that catches mail for the demo
//! (`mail_catcher`).

pub mod dkim;
pub mod file_transport;
mod header;
pub mod mail_catcher;
pub mod message;
pub mod payload;
pub mod precompiled;
pub mod smtp;
