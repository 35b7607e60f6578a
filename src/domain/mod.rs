//! Values and rules of the product: no IO, no async; nothing here fails except by refusing.

pub mod address;
pub mod article;
pub mod duration;
pub mod language;
pub mod schedule;
pub mod slug;
pub mod time;
