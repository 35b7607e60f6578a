//! Articles go out as feeds: RSS 2.0, Atom 1.0 and JSON Feed 1.1, rendered when content changes.

pub mod archive;
pub mod atom;
pub mod demand;
pub mod feed;
pub mod format;
pub mod json;
mod kept;
pub mod made;
pub mod making;
pub mod offer;
pub mod plan;
pub mod rss;
pub mod shelf;
#[cfg(test)]
mod tests;
