//! Courant turns the articles in the database you already have into feeds that readers subscribe to and digests that
//! partners receive by e-mail.

pub mod clock;
pub mod domain;

pub mod store;
