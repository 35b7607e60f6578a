//! Articles go out as feeds: RSS 2.0, Atom 1.0 and JSON Feed 1.1, rendered when content changes;
//! who subscribed through a hub is told at once.

pub mod address;
pub mod archive;
mod atom;
mod body;
pub mod codings;
pub mod demand;
mod element;
pub mod feed;
pub mod format;
pub mod headers;
pub mod http;
mod item;
mod json;
mod kept;
mod links;
pub mod made;
pub mod making;
pub mod offer;
pub mod opml;
pub mod plan;
pub mod publish;
pub mod push;
pub mod readership;
mod rss;
pub mod shelf;
#[cfg(test)]
mod tests;
pub mod text;
