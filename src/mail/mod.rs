//! E-mail: message construction (`message`, `precompiled`), signing (`dkim`), and SMTP and file
//! transports (`smtp`, `file_transport`).

pub mod digest_texts;
pub mod dkim;
pub mod file_transport;
mod header;
pub mod message;
pub mod payload;
pub mod precompiled;
pub mod smtp;
