//! Times of articles, feed documents and subscriptions that a wrong clock left. Their readers compare
//! them with later ones, so that they would miss every change until then.

use crate::domain::time::Millis;
use crate::store::StoreResult;
use crate::store::change_log::{self, Changes, MAX_CHANGED_ARTICLES};
use crate::store::db::{Statement, Tx};

/// Resets the times of our own clock. An article without a date of its own was dated by it, in the
/// same way as its change time if its source has none.
static RESET_ARTICLES: Statement = Statement::new(
    "
    UPDATE articles
       SET terms_changed_at = CASE
             WHEN terms_changed_at NOT BETWEEN $earliest AND $now THEN $now
             ELSE terms_changed_at END,
           first_seen_at = CASE
             WHEN first_seen_at > $now THEN $now
             WHEN first_seen_at < $earliest AND terms_changed_at < $earliest THEN $now
             ELSE first_seen_at END,
           published_at = CASE
             WHEN published_at > $now AND published_at = first_seen_at THEN $now
             ELSE published_at END,
           updated_at = CASE
             WHEN changed_at <= $now OR updated_at <= $now THEN updated_at
             WHEN published_at > $now AND published_at <> first_seen_at THEN published_at
             ELSE $now END,
           changed_at = CASE WHEN changed_at > $now THEN $now ELSE changed_at END,
           removed_at = CASE WHEN removed_at > $now THEN $now ELSE removed_at END
     WHERE terms_changed_at NOT BETWEEN $earliest AND $now
        OR first_seen_at > $now
        OR changed_at > $now
        OR removed_at > $now
    RETURNING id",
);

static RESET_TERMS: Statement = Statement::new(
    "
    UPDATE article_terms
       SET published_at = (SELECT a.published_at FROM articles a WHERE a.id = article_terms.article_id)
     WHERE article_id IN {json_ids $articles}",
);

/// All statements of this file.
pub(in crate::store) static STATEMENTS: &[&Statement] = &[&RESET_ARTICLES, &RESET_TERMS];

/// Resets the times of articles and logs the changes, so that their feeds are rendered again; returns
/// the number of articles.
pub(super) async fn reset(tx: &mut Tx, earliest: Millis, now: Millis) -> StoreResult<u64> {
    let query = tx.query(&RESET_ARTICLES).bind("now", now).bind("earliest", earliest);
    let articles: Vec<i64> = query.fetch_with(|row| row.get("id")).await?;
    if articles.is_empty() {
        return Ok(0);
    }
    tx.query(&RESET_TERMS).bind("articles", articles.as_slice()).execute().await?;
    // One more than are reported individually means that everything may have changed.
    let logged = &articles[..articles.len().min(MAX_CHANGED_ARTICLES + 1)];
    let terms = change_log::terms_of(tx, logged).await?;
    change_log::log(tx, &Changes::from_terms(terms)).await?;
    Ok(u64::try_from(articles.len()).unwrap_or(u64::MAX))
}
