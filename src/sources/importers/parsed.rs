//! Results of an importer: articles, and numbers of entries that it leaves out.

use std::collections::BTreeMap;

use crate::domain::article::IncomingArticle;
use crate::domain::time::Millis;

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

/// Numbers of entries that are not public articles, by description.
pub(in crate::sources) type LeftOut = BTreeMap<String, usize>;

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
