//! Feeds: renders articles as RSS 2.0, Atom 1.0 and JSON Feed 1.1 when content changes.
pub mod archive;
mod atom;
mod body;
pub mod cache;
pub mod content_codings;
mod disk_cache;
mod encoded_bodies;
mod extensions;
pub mod format;
pub mod headers;
mod image;
mod item;
mod json;
mod links;
pub mod metadata;
pub mod on_demand;
pub mod opml;
pub mod plan;
pub mod render;
pub mod rendered;
pub mod request;
pub mod resolve;
mod rss;
pub mod summary;
#[cfg(test)]
mod tests;
pub mod text;
mod writer;
