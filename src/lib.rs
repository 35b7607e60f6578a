//! Courant.

pub mod domain;
pub mod feeds;
pub(crate) mod sources;
