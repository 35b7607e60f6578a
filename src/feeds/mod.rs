//! Feeds: a selection of articles as RSS 2.0, Atom 1.0 and JSON Feed 1.1, made without IO.

pub mod atom;
pub mod feed;
pub mod format;
pub mod json;
pub mod rss;

#[cfg(test)]
mod tests;
