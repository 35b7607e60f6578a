//! Courant turns the articles in the database you already have into feeds and scheduled digest e-mails.

pub mod config;
pub mod domain;
mod sources;
