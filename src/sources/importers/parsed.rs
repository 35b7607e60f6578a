//! The content of an imported file: its articles, and what it leaves out.

use std::collections::BTreeMap;

use crate::domain::article::IncomingArticle;
use crate::domain::time::Millis;
use crate::sources::missed_schedule::MISSED_SCHEDULE;

/// Article parsed from a file.
#[derive(Debug, Clone, Default)]
pub(in crate::sources) struct ParsedArticle {
    /// Its content, not yet normalized.
    pub(in crate::sources) article: IncomingArticle,
    /// `true` if the file has its publication date.
    pub(in crate::sources) is_dated: bool,
    /// `true` if the file states that its CMS has not published it yet.
    pub(in crate::sources) is_scheduled: bool,
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
}

impl ParsedFile {
    /// Leaves out the scheduled articles whose date has passed: nobody knows if their CMS published
    /// them.
    pub(in crate::sources) fn leave_out_missed_schedules(&mut self, now: Millis) {
        let before = self.articles.len();
        self.articles.retain(|(_, parsed)| {
            !parsed.as_ref().is_ok_and(|one| one.is_scheduled && one.article.published_at <= now)
        });
        let missed = before - self.articles.len();
        if missed > 0 {
            *self.left_out.entry(MISSED_SCHEDULE.to_owned()).or_default() += missed;
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
    Ok(ParsedArticle {
        is_dated: published.or(article.updated_at).is_some(),
        is_scheduled: false,
        article,
    })
}
