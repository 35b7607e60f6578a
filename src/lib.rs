//! x
pub mod cli;
pub mod domain;
pub mod templates;
