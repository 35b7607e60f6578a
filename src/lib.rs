//! Courant turns the articles in the database you already have into feeds that readers subscribe to and digests that
//! partners receive by e-mail.

pub mod clock;
pub mod domain;

pub mod config;
pub mod store;
pub mod templates;

pub mod mail;

pub mod delivery;
pub mod digests;
pub mod feeds;
pub mod sources;
pub mod subscribers;

pub mod app;

pub mod web;

pub mod daemon;

pub mod cli;
