//! Values and rules of the product: no IO, no async; nothing here fails except by refusing.

pub mod article;
pub mod delivery;
pub mod edition;
pub mod selection;
pub mod subscription;
pub mod time;
