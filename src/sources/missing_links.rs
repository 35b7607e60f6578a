//! Recognition of a query whose rows have no links, so that nothing in a feed or digest can be opened.

use crate::config::{Source, SourceKind};
use crate::domain::article::IncomingArticle;

/// Remedy for articles without links.
pub(super) const LINKS_REMEDY: &str = "add a column `url` to the query, or set `article_url`";

/// Counts the articles of a source, and remembers if one of them has a link.
#[derive(Debug, Clone, Default)]
pub(super) struct MissingLinks {
    articles: usize,
    has_link: bool,
}

impl MissingLinks {
    /// Adds an article of the source.
    pub(super) fn add(&mut self, article: &IncomingArticle) {
        self.articles += 1;
        self.has_link |= article.url.is_some();
    }

    /// Returns a note on all rows of a query if no article has a link.
    pub(super) fn advice(&self, source: &Source) -> Option<(String, String)> {
        let are_missing = source.kind == SourceKind::Query && self.articles > 0 && !self.has_link;
        are_missing
            .then(|| ("all rows".to_owned(), format!("No article has a link; {LINKS_REMEDY}.")))
    }
}
