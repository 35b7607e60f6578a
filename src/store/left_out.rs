//! Counts of the articles that the next edition of a digest leaves out, by the rule that excludes
//! them.

use super::StoreResult;
use super::db::{FromRow, Row, Statement};
use super::operations::Digests;
use super::selection_sql::{bind_selection, meets_list};
use crate::domain::left_out::{ExclusionReason, LeftOut};
use crate::domain::selection::Selection;
use crate::domain::time::Millis;

/// Counts each article that is not removed under the first rule that excludes it; an article that no rule
/// except `max_age` can exclude has no reason.
static COUNT_BY_REASON: Statement = Statement::new(concat!(
    "
    SELECT judged.reason AS reason, COUNT(*) AS articles
      FROM (SELECT CASE
                   WHEN a.published_at > $now THEN 'future'",
    "
                   WHEN NOT ",
    meets_list!("sources", "source"),
    " THEN 'other_source'",
    "
                   WHEN NOT ",
    meets_list!("languages", "language"),
    " THEN 'other_language'",
    "
                   WHEN NOT ",
    meets_list!("sections", "section"),
    " THEN 'other_section'",
    "
                   WHEN NOT ",
    meets_list!("tags", "tag"),
    " THEN 'other_tag'",
    "
                   WHEN NOT ",
    meets_list!("authors", "author"),
    " THEN 'other_author'",
    "
                   WHEN EXISTS (
                        SELECT 1
                          FROM ledger l
                          JOIN articles sent ON sent.id = l.article_id
                         WHERE l.digest = $digest
                           AND sent.story_id = a.story_id) THEN 'already_sent'
                   WHEN a.story_id <= 0 THEN 'ungrouped'
                   ELSE ''
                   END AS reason
              FROM articles a
             WHERE a.removed_at IS NULL) judged
     GROUP BY judged.reason",
));

/// All statements of this file.
pub(super) static STATEMENTS: &[&Statement] = &[&COUNT_BY_REASON];

/// Number of articles under one reason; no reason if only `max_age` can exclude them.
struct ReasonCount {
    reason: Option<ExclusionReason>,
    articles: u64,
}

impl FromRow for ReasonCount {
    fn from_row(row: &Row) -> StoreResult<Self> {
        let reason: String = row.get("reason")?;
        let articles: i64 = row.get("articles")?;
        Ok(Self {
            reason: ExclusionReason::parse(&reason),
            articles: u64::try_from(articles).unwrap_or_default(),
        })
    }
}

impl Digests<'_> {
    /// Returns the numbers of articles, removed ones excepted, that an edition at a time cannot contain, by reason.
    /// `max_age` excludes all others that are not among the `included` ones.
    pub async fn left_out(
        self,
        digest: &str,
        selection: &Selection,
        included: usize,
        now: Millis,
    ) -> StoreResult<LeftOut> {
        let query = self.store.read(&COUNT_BY_REASON).bind("now", now).bind("digest", digest);
        let counts: Vec<ReasonCount> = bind_selection(query, selection).fetch_all().await?;
        let included = u64::try_from(included).unwrap_or_default();
        let mut left_out = LeftOut::default();
        for ReasonCount { reason, articles } in counts {
            match reason {
                Some(reason) => left_out.add(reason, articles),
                None => left_out.add(ExclusionReason::MaxAge, articles.saturating_sub(included)),
            }
        }
        Ok(left_out)
    }
}
