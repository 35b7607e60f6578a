//! Values and rules of the product: no IO, no async; nothing here fails except by refusing.

pub mod article;
pub mod characters;
pub mod link;
pub mod time;
