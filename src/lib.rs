//! Courant turns the articles in the database you already have into feeds that readers subscribe to and digests that
//! partners receive by e-mail.
//!
//! A singular name under [`domain`] is the thing, a plural one under [`store`] its rows, a plural one here the flow.

// Values and rules
pub mod clock;
pub mod domain;

// One door each for TOML, SQL and Handlebars
pub mod config;
pub mod store;
pub mod templates;

// What we say, and how it leaves
pub mod mail;

// What the product does
pub mod access;
pub mod delivery;
pub mod digests;
pub mod feeds;
pub mod sources;
pub mod subscribers;

// Everything connected
pub mod app;

// Who asks
pub mod web;

pub mod daemon;

pub mod cli;
