//! Articles go out as feeds: RSS 2.0, Atom 1.0 and JSON Feed 1.1, rendered when content changes.

mod atom;
mod body;
mod element;
pub mod feed;
pub mod format;
mod item;
mod json;
mod links;
mod rss;
pub mod shelf;
#[cfg(test)]
mod tests;
pub mod text;
