//! Mail: what we say (`message`) and how it leaves (`smtp`, `folder`), signed where a transport has keys (`dkim`); `mailbox` receives for the demo.

pub mod dkim;
pub mod folder;
mod header;
pub mod mailbox;
pub mod message;
pub mod mould;
pub mod queued;
pub mod smtp;
