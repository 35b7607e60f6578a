//! The statements that apply a plan of id mappings.

use serde_json::{Value as Json, json};

use super::plan::MappingPlan;
use crate::domain::selection::TermKind;
use crate::domain::time::Millis;
use crate::store::StoreResult;
use crate::store::change_log::{ArticleTermRow, Changes};
use crate::store::db::{Statement, Tx};

/// Extends the ledger: a digest that sent one article of a pair, or a translation of one, has sent
/// all of them, because their stories may be separated later.
static MERGE_LEDGER: Statement = Statement::new(
    "
    WITH pairs AS (
           SELECT old, imported FROM {json_rows $rows old INTEGER, imported INTEGER} AS p),
         members AS (
           SELECT old AS pair, old AS id FROM pairs
            UNION
           SELECT old, imported FROM pairs WHERE imported IS NOT NULL),
         related AS (
           SELECT pair, id FROM members
            UNION
           SELECT members.pair, m.id
             FROM members
             JOIN articles a ON a.id = members.id
             JOIN articles m ON m.story_id = a.story_id
            WHERE a.story_id > 0),
         sent AS (
           SELECT r.pair, l.digest, MIN(l.edition_id) AS edition_id
             FROM related r
             JOIN ledger l ON l.article_id = r.id
            GROUP BY r.pair, l.digest)
    INSERT INTO ledger (digest, article_id, edition_id)
    SELECT t.digest, r.id, MIN(t.edition_id)
      FROM sent t
      JOIN related r ON r.pair = t.pair
     WHERE TRUE
     GROUP BY t.digest, r.id
    ON CONFLICT DO NOTHING",
);

static REPLACE_IN_EDITIONS: Statement = Statement::new(
    "
    UPDATE edition_articles
       SET article_id = m.imported
      FROM {json_rows $rows old INTEGER, imported INTEGER} AS m
     WHERE edition_articles.article_id = m.old",
);

static KEEP_FIRST_SEEN: Statement = Statement::new(
    "
    UPDATE articles
       SET first_seen_at = o.first_seen_at
      FROM {json_rows $rows old INTEGER, imported INTEGER} AS m
      JOIN articles o ON o.id = m.old
     WHERE articles.id = m.imported
       AND o.first_seen_at < articles.first_seen_at",
);

/// Keeps the time at which the article got its terms, unless the imported one has other terms.
static KEEP_TERMS_CHANGED: Statement = Statement::new(
    "
    UPDATE articles
       SET terms_changed_at = o.terms_changed_at
      FROM {json_rows $rows old INTEGER, imported INTEGER} AS m
      JOIN articles o ON o.id = m.old
     WHERE articles.id = m.imported
       AND o.terms_changed_at < articles.terms_changed_at
       AND NOT EXISTS (
           SELECT 1
             FROM article_terms t
            WHERE t.article_id = m.imported
              AND t.kind <> 'source'
              AND NOT EXISTS (
                  SELECT 1
                    FROM article_terms b
                   WHERE b.article_id = m.old
                     AND b.kind = t.kind
                     AND b.term = t.term))",
);

static KEEP_WAITING: Statement = Statement::new(
    "
    INSERT INTO selection_entries (digest, article_id, entered_at)
    SELECT w.digest, m.imported, w.entered_at
      FROM {json_rows $rows old INTEGER, imported INTEGER} AS m
      JOIN selection_entries w ON w.article_id = m.old
     WHERE TRUE
    ON CONFLICT (digest, article_id) DO NOTHING",
);

static DELETE_LEDGER: Statement =
    Statement::new("DELETE FROM ledger WHERE article_id IN {json_ids $rows}");

static DELETE_ARTICLES: Statement =
    Statement::new("DELETE FROM articles WHERE id IN {json_ids $rows}");

static SET_GUIDS: Statement = Statement::new(
    "
    UPDATE articles
       SET guid = m.guid,
           changed_at = $now
      FROM {json_rows $rows imported INTEGER, guid TEXT} AS m
     WHERE articles.id = m.imported",
);

static SET_GUIDS_OF_TERMS: Statement = Statement::new(
    "
    UPDATE article_terms
       SET guid = m.guid
      FROM {json_rows $rows imported INTEGER, guid TEXT} AS m
     WHERE article_terms.article_id = m.imported",
);

/// Sets temporary source ids first, because two articles may swap theirs.
static FREE_KEYS: Statement = Statement::new(
    "
    UPDATE articles
       SET source = '',
           source_id = CAST(id AS TEXT)
     WHERE id IN {json_ids $rows}",
);

static MOVE: Statement = Statement::new(
    "
    UPDATE articles
       SET source = m.source,
           source_id = m.source_id,
           translation_of = m.translation_of,
           changed_at = $now,
           story_id = 0,
           story_is_stale = TRUE
      FROM {json_rows $rows
            id INTEGER, source TEXT, source_id TEXT, translation_of TEXT} AS m
     WHERE articles.id = m.id",
);

static MOVE_TERMS: Statement = Statement::new(
    "
    UPDATE article_terms
       SET term = m.source
      FROM {json_rows $rows id INTEGER, source TEXT} AS m
     WHERE article_terms.article_id = m.id
       AND article_terms.kind = 'source'",
);

static UNLINK: Statement =
    Statement::new("UPDATE articles SET translation_of = NULL WHERE id IN {json_ids $rows}");

static MARK_STORIES_STALE: Statement = Statement::new(
    "
    UPDATE articles
       SET story_id = 0,
           story_is_stale = TRUE
     WHERE story_id IN {json_ids $rows}",
);

static DELETE_MAPPINGS: Statement =
    Statement::new("DELETE FROM id_mappings WHERE guid IN {json_texts $rows}");

static ADD_MAPPINGS: Statement = Statement::new(
    "
    INSERT INTO id_mappings (guid, source, source_id, from_source, from_source_id, mapped_at)
    SELECT guid, source, source_id, from_source, from_source_id, $now
      FROM {json_rows $rows
            guid TEXT, source TEXT, source_id TEXT, from_source TEXT, from_source_id TEXT} AS n
     WHERE TRUE",
);

/// All statements of this file.
pub(in crate::store) static STATEMENTS: &[&Statement] = &[
    &MERGE_LEDGER,
    &REPLACE_IN_EDITIONS,
    &KEEP_FIRST_SEEN,
    &KEEP_TERMS_CHANGED,
    &KEEP_WAITING,
    &DELETE_LEDGER,
    &DELETE_ARTICLES,
    &SET_GUIDS,
    &SET_GUIDS_OF_TERMS,
    &FREE_KEYS,
    &MOVE,
    &MOVE_TERMS,
    &UNLINK,
    &MARK_STORIES_STALE,
    &DELETE_MAPPINGS,
    &ADD_MAPPINGS,
];

/// A statement with its rows, and the current time if it uses that.
type Step = (&'static Statement, Vec<Json>, Option<Millis>);

/// Applies a plan in a transaction.
pub(super) async fn apply(tx: &mut Tx, plan: &MappingPlan, now: Millis) -> StoreResult<()> {
    for (statement, rows, now) in plan.steps(now) {
        if !rows.is_empty() {
            let query = tx.query(statement).bind("rows", Json::from(rows));
            let query = match now {
                Some(now) => query.bind("now", now),
                None => query,
            };
            query.execute().await?;
        }
    }
    Ok(())
}

fn column_values(rows: &[Json], key: &str) -> Vec<Json> {
    rows.iter().map(|row| row[key].clone()).collect()
}

impl MappingPlan {
    /// Returns the row ids of all articles whose ids change.
    pub(super) fn changed_rows(&self) -> Vec<i64> {
        [
            column_values(&self.merged, "old"),
            column_values(&self.merged, "imported"),
            column_values(&self.reassigned, "imported"),
            column_values(&self.moved, "id"),
        ]
        .concat()
        .iter()
        .filter_map(Json::as_i64)
        .collect()
    }

    /// Returns the changes for the change log: the terms from before, and the new sources.
    pub(super) fn changes(&self, old_terms: Vec<ArticleTermRow>) -> Changes {
        let mut changes = Changes::from_terms(old_terms);
        for moved in &self.moved {
            if let (Some(row), Some(source)) = (moved["id"].as_i64(), moved["source"].as_str()) {
                changes.add(row, Vec::new(), vec![(TermKind::Source, source.to_owned())]);
            }
        }
        changes
    }

    fn steps(&self, now: Millis) -> [Step; 16] {
        let alone = self.moved.iter().map(|m| json!({"old": m["id"], "imported": null}));
        let pairs = self.merged.iter().cloned().chain(alone).collect();
        let merged = || self.merged.clone();
        let gone = || column_values(&self.merged, "old");
        let named = || [self.merged.clone(), self.reassigned.clone()].concat();
        let numbers = |ids: &[i64]| ids.iter().copied().map(Json::from).collect();
        [
            (&MERGE_LEDGER, pairs, None),
            (&REPLACE_IN_EDITIONS, merged(), None),
            (&KEEP_FIRST_SEEN, merged(), None),
            (&KEEP_TERMS_CHANGED, merged(), None),
            (&KEEP_WAITING, merged(), None),
            (&DELETE_LEDGER, gone(), None),
            (&DELETE_ARTICLES, gone(), None),
            (&SET_GUIDS, named(), Some(now)),
            (&SET_GUIDS_OF_TERMS, named(), None),
            (&FREE_KEYS, column_values(&self.moved, "id"), None),
            (&MOVE, self.moved.clone(), Some(now)),
            (&MOVE_TERMS, self.moved.clone(), None),
            (&UNLINK, numbers(&self.unlinked), None),
            (&MARK_STORIES_STALE, numbers(&self.stale_stories), None),
            (&DELETE_MAPPINGS, column_values(&self.mappings, "guid"), None),
            (&ADD_MAPPINGS, self.mappings.clone(), Some(now)),
        ]
    }
}
