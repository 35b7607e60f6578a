//! Mail: what we say (`message`) and how it leaves (`smtp`, `folder`); `mailbox` receives for the demo.

pub mod folder;
mod header;
pub mod mailbox;
pub mod message;
pub mod mould;
pub mod queued;
pub mod smtp;
