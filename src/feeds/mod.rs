//! Articles go out as feeds: RSS 2.0, Atom 1.0 and JSON Feed 1.1, rendered when content changes;
//! who subscribed through a hub is told at once.

pub mod atom;
pub mod feed;
pub mod format;
pub mod http;
pub mod json;
pub mod push;
pub mod rss;
pub mod shelf;
#[cfg(test)]
mod tests;
