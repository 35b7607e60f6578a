//! Values and rules of the product: no IO, no async; nothing here fails except by refusing.

pub mod address;
pub mod article;
pub mod characters;
pub mod deferral;
pub mod delivery;
pub mod duration;
pub mod edition;
pub mod language;
pub mod link;
pub mod links;
pub mod media;
pub mod network;
pub mod provider;
pub mod ramp;
pub mod rate;
pub mod readership;
pub mod schedule;
pub mod selection;
pub mod slug;
pub mod subscription;
pub mod tally;
pub mod time;
pub mod token;
pub mod xml;
