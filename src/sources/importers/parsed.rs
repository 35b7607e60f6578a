//! The content of an imported file: its articles, and what it leaves out.

use std::collections::BTreeMap;

use crate::domain::article::IncomingArticle;
use crate::domain::time::Millis;
use crate::sources::scheduled;

/// Article parsed from a file.
#[derive(Debug, Clone, Default)]
pub(in crate::sources) struct ParsedArticle {
    /// Its content, not yet normalized.
    pub(in crate::sources) article: IncomingArticle,
    /// `true` if the file has its publication date.
    pub(in crate::sources) is_dated: bool,
}

/// Line number and article, or the reason why the article is invalid.
pub(in crate::sources) type NumberedArticle = (u64, Result<ParsedArticle, String>);

/// Content of an imported file.
#[derive(Debug, Default)]
pub(in crate::sources) struct ParsedFile {
    /// Articles in the order of the file.
    pub(in crate::sources) articles: Vec<NumberedArticle>,
    /// Number of entries that are not public articles, by description.
    pub(in crate::sources) left_out: BTreeMap<String, usize>,
    /// Dates of the entries that the CMS had scheduled and not published, if they are valid.
    pub(in crate::sources) scheduled: Vec<Option<Millis>>,
}

impl ParsedFile {
    /// Counts the scheduled entries as left out: the file does not show whether the CMS published
    /// them later.
    pub(in crate::sources) fn leave_out_scheduled(&mut self, now: Millis) {
        for date in std::mem::take(&mut self.scheduled) {
            let reason = scheduled::left_out_reason(date, now);
            *self.left_out.entry(reason.to_owned()).or_default() += 1;
        }
    }
}

/// Sets the id and dates of a parsed article; rejects one that has neither a title nor a body.
pub(super) fn finish(
    mut article: IncomingArticle,
    published: Option<Millis>,
) -> Result<ParsedArticle, String> {
    if article.title.trim().is_empty() && article.body_html.trim().is_empty() {
        return Err("it has neither a title nor a body".into());
    }
    // Feed readers identify an item without an id by its URL.
    article.guid = article.guid.filter(|g| !g.is_empty()).or_else(|| article.url.clone());
    article.source_id = article.guid.clone().unwrap_or_default();
    article.published_at = published.or(article.updated_at).unwrap_or_default();
    Ok(ParsedArticle { is_dated: published.or(article.updated_at).is_some(), article })
}
