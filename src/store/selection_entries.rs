//! Articles that a digest selects and has not sent yet, and when they entered its selection.
//!
//! An article enters a selection when its terms begin to match, or when the selection begins to
//! match them: at the later of `articles.terms_changed_at` and `digests.selection_since`. A later
//! change must not make an article too old that was within `max_age` when it entered. Before either
//! time moves, `selection_entries` therefore stores the time of entry. An article that leaves for
//! less than a day keeps its time of entry.

use serde_json::{Value as Json, json};

use super::StoreResult;
use super::db::{FromRow, Row, Statement, Tx};
use super::digests::DigestState;
use super::operations::Digests;
use super::selection_sql::{SELECTION_CONDITIONS, bind_selection};
use crate::domain::selection::TermKind;
use crate::domain::selection_snapshot::SelectionSnapshot;
use crate::domain::time::{DAY, Millis, SignedDuration, as_millis_i64};

/// Longest absence from a selection after which an article still has its place.
const MAX_ABSENCE: SignedDuration = DAY;

static SELECTIONS: Statement = Statement::new(
    "
    SELECT name, selection, selection_since
      FROM digests
     WHERE selection IS NOT NULL
       AND absent_since IS NULL",
);

static SET_TERMS_CHANGED: Statement = Statement::new(
    "
    UPDATE articles
       SET terms_changed_at = $now
     WHERE id = $article",
);

static KEEP_ENTRIES: Statement = Statement::new(
    "
    INSERT INTO selection_entries (digest, article_id, entered_at)
    SELECT e.digest, $article, e.entered_at
      FROM {json_rows $entries digest TEXT, entered_at INTEGER} AS e
     WHERE NOT EXISTS (
           SELECT 1
             FROM ledger l
            WHERE l.digest = e.digest
              AND l.article_id = $article)
    ON CONFLICT (digest, article_id) DO NOTHING",
);

static DELETE_ENTRIES: Statement = Statement::new(
    "
    DELETE FROM selection_entries
     WHERE article_id = $article
       AND digest IN {json_texts $digests}",
);

static DELETE_SENT: Statement = Statement::new(
    "
    DELETE FROM selection_entries
     WHERE digest = $digest
       AND EXISTS (
           SELECT 1
             FROM ledger l
            WHERE l.digest = $digest
              AND l.article_id = selection_entries.article_id)",
);

static DELETE_ALL: Statement =
    Statement::new("DELETE FROM selection_entries WHERE digest = $digest");

/// Deletes the entries of articles that left the last selection long ago.
static DELETE_LEFT: Statement = Statement::with(
    "
    DELETE FROM selection_entries
     WHERE digest = $digest
       AND NOT EXISTS (
           SELECT 1
             FROM articles a
            WHERE a.id = selection_entries.article_id
              AND (a.terms_changed_at >= $long_ago OR (TRUE {selection_conditions})))",
    &[("selection_conditions", SELECTION_CONDITIONS)],
);

/// Stores the times of entry of the unsent articles that the present selection contains and that
/// are within `max_age`.
static KEEP_ALL_ENTRIES: Statement = Statement::with(
    "
    INSERT INTO selection_entries (digest, article_id, entered_at)
    SELECT $digest, a.id,
           CASE WHEN a.terms_changed_at > $selection_since
                THEN a.terms_changed_at ELSE $selection_since END
      FROM articles a
     WHERE (a.removed_at IS NULL OR a.removed_at >= $long_ago)
       AND a.published_at >= $selection_since - $max_age
       AND a.published_at >= a.terms_changed_at - $max_age
       AND NOT EXISTS (
           SELECT 1
             FROM ledger l
            WHERE l.digest = $digest
              AND l.article_id = a.id)
       {selection_conditions}
    ON CONFLICT (digest, article_id) DO NOTHING",
    &[("selection_conditions", SELECTION_CONDITIONS)],
);

static SET_SELECTION: Statement = Statement::new(
    "
    UPDATE digests
       SET selection = $selection,
           selection_since = $since
     WHERE name = $digest",
);

static RESTART: Statement =
    Statement::new("UPDATE digests SET selection_since = $since WHERE name = $digest");

/// All statements of this file.
pub(super) static STATEMENTS: &[&Statement] = &[
    &RESTART,
    &SELECTIONS,
    &SET_TERMS_CHANGED,
    &KEEP_ENTRIES,
    &DELETE_ENTRIES,
    &DELETE_SENT,
    &DELETE_ALL,
    &DELETE_LEFT,
    &KEEP_ALL_ENTRIES,
    &SET_SELECTION,
];

/// Selection of a digest and the time at which it began.
struct DigestSelection {
    digest: String,
    snapshot: SelectionSnapshot,
    since: Millis,
}

/// A stored article before a change of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct ArticleBefore {
    pub(super) row: i64,
    pub(super) published_at: Millis,
    pub(super) terms_changed_at: Millis,
    pub(super) removed_at: Option<Millis>,
}

impl FromRow for ArticleBefore {
    fn from_row(row: &Row) -> StoreResult<Self> {
        Ok(Self {
            row: row.get("id")?,
            published_at: row.time("published_at")?,
            terms_changed_at: row.time("terms_changed_at")?,
            removed_at: row.optional_time("removed_at")?,
        })
    }
}

/// Returns the selections of all digests that a configuration has.
async fn selections(tx: &mut Tx) -> StoreResult<Vec<DigestSelection>> {
    let rows: Vec<(String, String, Millis)> = tx
        .query(&SELECTIONS)
        .fetch_with(|row| {
            Ok((row.get("name")?, row.get("selection")?, row.time("selection_since")?))
        })
        .await?;
    let parsed = rows.into_iter().filter_map(|(digest, text, since)| {
        Some(DigestSelection { digest, snapshot: SelectionSnapshot::parse(&text)?, since })
    });
    Ok(parsed.collect())
}

/// Records that an article has other terms, or returns after a removal: it keeps its place in the
/// selections that it was in, and enters others now.
pub(super) async fn record_changed_terms(
    tx: &mut Tx,
    article: ArticleBefore,
    before: &[(TermKind, String)],
    after: &[(TermKind, String)],
    now: Millis,
) -> StoreResult<()> {
    let long_ago = now.plus(-MAX_ABSENCE);
    let was_gone = article.removed_at.is_some_and(|removed_at| removed_at < long_ago);
    if !was_gone && before == after {
        return Ok(());
    }
    tx.query(&SET_TERMS_CHANGED).bind("article", article.row).bind("now", now).execute().await?;
    let left_at = article.removed_at.filter(|_| was_gone).unwrap_or(article.terms_changed_at);
    let (mut kept, mut ended) = (Vec::new(), Vec::new());
    for DigestSelection { digest, snapshot, since } in selections(tx).await? {
        let entered_at = article.terms_changed_at.max(since);
        if !was_gone && snapshot.selection().may_select(before) {
            if snapshot.is_within_max_age(article.published_at, entered_at) {
                kept.push(json!({"digest": digest, "entered_at": entered_at.0}));
            }
        } else if snapshot.selection().may_select(after) && left_at < long_ago {
            ended.push(digest);
        }
    }
    if !kept.is_empty() {
        let query = tx.query(&KEEP_ENTRIES).bind("article", article.row);
        query.bind("entries", Json::from(kept)).execute().await?;
    }
    if !ended.is_empty() {
        let query = tx.query(&DELETE_ENTRIES).bind("article", article.row);
        query.bind("digests", ended.as_slice()).execute().await?;
    }
    Ok(())
}

/// Replaces the name of a renamed source in the selections of all digests.
pub(super) async fn rename_source(tx: &mut Tx, old: &str, new: &str) -> StoreResult<()> {
    for DigestSelection { digest, snapshot, since } in selections(tx).await? {
        tx.query(&SET_SELECTION)
            .bind("digest", digest)
            .bind("selection", snapshot.with_renamed_source(old, new).to_text())
            .bind("since", since)
            .execute()
            .await?;
    }
    Ok(())
}

impl Digests<'_> {
    /// Lets all articles that a digest selects enter its selection now.
    pub async fn restart_selection(self, name: &str, now: Millis) -> StoreResult<()> {
        let mut tx = self.store.begin().await?;
        tx.query(&DELETE_ALL).bind("digest", name).execute().await?;
        tx.query(&RESTART).bind("digest", name).bind("since", now).execute().await?;
        tx.commit().await
    }

    /// Starts a new selection of a digest if it differs from the last one, or if the digest was
    /// absent from the configuration for long. Articles that wait in the last selection keep their
    /// places; others enter now. Returns the state with the selection.
    pub async fn update_selection(
        self,
        name: &str,
        state: DigestState,
        selection: &SelectionSnapshot,
        now: Millis,
    ) -> StoreResult<DigestState> {
        let long_ago = now.plus(-MAX_ABSENCE);
        let was_gone = state.absent_since.is_some_and(|since| since < long_ago);
        let last = match &state.selection {
            Some(last) if last == selection && !was_gone => return Ok(state),
            last => last.clone(),
        };
        // A first selection begins with the digest.
        let since = if last.is_some() { now } else { state.selection_since };
        let mut tx = self.store.begin().await?;
        tx.query(&DELETE_SENT).bind("digest", name).execute().await?;
        match last.filter(|_| !was_gone) {
            Some(last) => {
                if state.selection_since < long_ago {
                    let query = tx.query(&DELETE_LEFT).bind("digest", name);
                    let query = query.bind("long_ago", long_ago);
                    bind_selection(query, last.selection()).execute().await?;
                }
                let query = tx
                    .query(&KEEP_ALL_ENTRIES)
                    .bind("digest", name)
                    .bind("selection_since", state.selection_since)
                    .bind("long_ago", long_ago)
                    .bind("max_age", as_millis_i64(last.max_age()));
                bind_selection(query, last.selection()).execute().await?;
            }
            None => {
                tx.query(&DELETE_ALL).bind("digest", name).execute().await?;
            }
        }
        tx.query(&SET_SELECTION)
            .bind("digest", name)
            .bind("selection", selection.to_text())
            .bind("since", since)
            .execute()
            .await?;
        tx.commit().await?;
        Ok(DigestState { selection: Some(selection.clone()), selection_since: since, ..state })
    }
}
