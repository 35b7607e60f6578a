//! Courant turns the articles in the database you already have into feeds that readers subscribe to
//! and digests that partners receive by e-mail.
//!
//! Singular names under [`domain`] are values and rules, plural names under [`store`] their rows,
//! and plural names here the flows.

// Values and rules
pub mod change_feed;
pub mod clock;
pub mod domain;
mod fs;
pub mod metrics;

// One module each for TOML, SQL and Handlebars
pub mod config;
pub mod store;
pub mod templates;

// Messages and their transports, outgoing requests, and the content of the demo
pub mod demo;
pub mod mail;
pub mod net;

// Flows of the product
pub mod accounts;
pub mod api_tokens;
pub mod definitions;
pub mod delivery;
pub mod digests;
pub mod feeds;
pub mod readership;
pub mod sources;
pub mod subscribers;

// Flows that distribute the feeds
pub mod publishing;
pub mod webhooks;
pub mod websub;

// Documents of `--json` and of the API
pub mod wire;

// Composition root
pub mod app;

// Entry points
pub mod api;
mod http;
pub mod web;

pub mod daemon;

pub mod cli;
