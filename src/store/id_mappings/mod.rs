//! Id mappings: articles keep their permanent ids when their source ids change, for example after a
//! change of CMS.

use serde_json::Value;

use self::plan::{ArticleIdentity, Mapping, plan};
use super::change_log::{ChangeLog, Changes, log};
use super::dialect::{Column, sql};
use super::{Store, StoreError, StoreResult, reading, transaction};
use crate::domain::selection::TermKind;
use crate::domain::time::Millis;

pub(super) mod guid_assignment;
mod guid_conflicts;
mod plan;

/// One line of a mapping file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MappingLine {
    /// Line number, for error messages.
    pub line: u64,
    /// Old id: a permanent id, `source/source_id`, or a source id if it is unambiguous.
    pub old: String,
    /// New id: a source id in `source`, `source/source_id`, or the permanent id of a stored
    /// article.
    pub new: String,
    /// Source of the new id, if given.
    pub source: Option<String>,
}

/// Result of applying a mapping file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MappingResult {
    /// Number of stored articles that have their old permanent id now.
    pub mapped: usize,
    /// Number of old ids whose article has not been imported yet.
    pub pending: usize,
    /// Number of lines that had been applied before.
    pub unchanged: usize,
    /// Sources whose translation groups must be determined again.
    pub sources: Vec<String>,
}

type ArticleIdentityRow = (i64, String, String, String, i64, Option<String>);
type MappingRow = (String, String, String, Option<String>, Option<String>);

const SELECT_ARTICLES: &str =
    "SELECT id, source, source_id, guid, group_id, translation_of FROM articles ORDER BY id";
const SELECT_MAPPINGS: &str =
    "SELECT guid, source, source_id, from_source, from_source_id FROM id_mappings ORDER BY guid";

impl Store {
    /// Applies a mapping file in one transaction, or rejects it as a whole and returns the invalid
    /// lines with the reasons; `sources` are those of the config.
    ///
    /// An old article gets its new source id. If an article with that id was imported in the
    /// meantime, the two are merged, and the ledger covers every digest that sent either. The
    /// caller must run [`Store::regroup`] for each source of the result; until then no digest
    /// includes these articles.
    pub async fn remap_ids(
        &self,
        lines: Vec<MappingLine>,
        sources: &[String],
        now: Millis,
    ) -> StoreResult<Result<MappingResult, Vec<(u64, String)>>> {
        let (statements, sources, change_log) =
            (self.remap_statements(), sources.to_vec(), ChangeLog::new(self));
        let terms = format!(
            "SELECT article_id, kind, term FROM article_terms WHERE article_id IN {}",
            self.json_ids("$1")
        );
        let result = transaction!(self, |tx| {
            let articles: Vec<ArticleIdentityRow> =
                sqlx::query_as(SELECT_ARTICLES).fetch_all(&mut *tx).await?;
            let mappings: Vec<MappingRow> =
                sqlx::query_as(SELECT_MAPPINGS).fetch_all(&mut *tx).await?;
            let plan = match plan_from_rows(&lines, &sources, articles, mappings) {
                Ok(plan) => plan,
                Err(rejected) => return Ok(Err(rejected)),
            };
            let old_terms =
                sqlx::query_as(sql(terms.clone())).bind(plan.row_ids()).fetch_all(&mut *tx).await?;
            let changes = plan.changes(old_terms);
            for (statement, rows) in statements.iter().zip(plan.parameters()) {
                if rows != "[]" {
                    sqlx::query(sql(statement.clone()))
                        .bind(&rows)
                        .bind(now.0)
                        .execute(&mut *tx)
                        .await?;
                }
            }
            log!(tx, change_log, changes);
            Ok(plan.report)
        });
        self.notify_article_changes();
        match result {
            Err(StoreError::Sql(sqlx::Error::Database(e))) if e.is_unique_violation() => {
                Err(StoreError::Rejected("an article was imported while the ids were checked; nothing was changed; run the command again".into()))
            }
            other => other,
        }
    }

    /// Returns the invalid lines of a mapping file with the reasons, without changing anything.
    pub async fn rejected_mappings(
        &self,
        lines: &[MappingLine],
        sources: &[String],
    ) -> StoreResult<Vec<(u64, String)>> {
        let (articles, mappings): (Vec<ArticleIdentityRow>, Vec<MappingRow>) =
            reading!(self, |db| (
                sqlx::query_as(SELECT_ARTICLES).fetch_all(db).await?,
                sqlx::query_as(SELECT_MAPPINGS).fetch_all(db).await?
            ));
        Ok(plan_from_rows(lines, sources, articles, mappings).err().unwrap_or_default())
    }

    /// Returns the statements that apply a plan, in this order; each takes rows as `$1` and the
    /// current time as `$2`, which most do not use.
    fn remap_statements(&self) -> [String; STEPS] {
        let ints =
            |names: &[&'static str]| names.iter().map(|n| Column::Int(n)).collect::<Vec<_>>();
        let pairs = self.json_rows("$1", &ints(&["old", "fresh"]));
        let merged =
            self.json_rows("$1", &[Column::Int("old"), Column::Int("fresh"), Column::Text("guid")]);
        let texts =
            |names: &[&'static str]| names.iter().map(|n| Column::Text(n)).collect::<Vec<_>>();
        let moved = self.json_rows(
            "$1",
            &[ints(&["id"]), texts(&["source", "source_id", "translation_of"])].concat(),
        );
        let notes = self.json_rows(
            "$1",
            &texts(&["guid", "source", "source_id", "from_source", "from_source_id"]),
        );
        let numbers = self.json_ids("$1");
        // PostgreSQL cannot infer the type of an unused parameter.
        let always = "CAST($2 AS BIGINT) IS NOT NULL";
        [
            merge_ledger_sql(&pairs),
            format!(
                "UPDATE edition_articles SET article_id = m.fresh FROM {pairs} AS m WHERE edition_articles.article_id = m.old AND {always}"
            ),
            format!(
                "UPDATE articles SET first_seen_at = o.first_seen_at FROM {pairs} AS m JOIN articles o ON o.id = m.old \
                 WHERE articles.id = m.fresh AND o.first_seen_at < articles.first_seen_at AND {always}"
            ),
            format!("DELETE FROM ledger WHERE article_id IN {numbers} AND {always}"),
            format!("DELETE FROM articles WHERE id IN {numbers} AND {always}"),
            format!(
                "UPDATE articles SET guid = m.guid, changed_at = $2 FROM {merged} AS m WHERE articles.id = m.fresh"
            ),
            format!(
                "UPDATE article_terms SET guid = m.guid FROM {merged} AS m WHERE article_terms.article_id = m.fresh AND {always}"
            ),
            // First to temporary source ids, because two articles may swap theirs.
            format!(
                "UPDATE articles SET source = '', source_id = CAST(id AS TEXT) WHERE id IN {numbers} AND {always}"
            ),
            format!(
                "UPDATE articles SET source = m.source, source_id = m.source_id, translation_of = m.translation_of, changed_at = $2, \
                 group_id = 0, is_ungrouped = TRUE FROM {moved} AS m WHERE articles.id = m.id"
            ),
            format!(
                "UPDATE article_terms SET term = m.source FROM {moved} AS m \
                 WHERE article_terms.article_id = m.id AND article_terms.kind = 'source' AND {always}"
            ),
            format!("UPDATE articles SET translation_of = NULL WHERE id IN {numbers} AND {always}"),
            format!(
                "UPDATE articles SET group_id = 0, is_ungrouped = TRUE WHERE group_id IN {numbers} AND {always}"
            ),
            format!("DELETE FROM id_mappings WHERE guid IN {} AND {always}", self.json_texts("$1")),
            format!(
                "INSERT INTO id_mappings (guid, source, source_id, from_source, from_source_id, mapped_at) \
                 SELECT guid, source, source_id, from_source, from_source_id, $2 FROM {notes} AS n WHERE TRUE"
            ),
        ]
    }
}

/// Number of statements that apply a plan.
const STEPS: usize = 14;

/// Returns SQL that extends the ledger: a digest that sent one article of a pair, or a translation
/// of one, has sent all of them, because their groups may be separated later.
fn merge_ledger_sql(pairs: &str) -> String {
    format!(
        "WITH pairs AS (SELECT old, fresh FROM {pairs} AS p), \
         members AS (SELECT old AS story, old AS id FROM pairs UNION SELECT old, fresh FROM pairs WHERE fresh IS NOT NULL), \
         family AS (SELECT story, id FROM members UNION SELECT members.story, m.id FROM members JOIN articles a ON a.id = members.id \
           JOIN articles m ON m.group_id = a.group_id WHERE a.group_id > 0), \
         sent AS (SELECT f.story, l.digest, MIN(l.edition_id) AS edition_id FROM family f JOIN ledger l ON l.article_id = f.id \
           GROUP BY f.story, l.digest) \
         INSERT INTO ledger (digest, article_id, edition_id) \
         SELECT t.digest, f.id, MIN(t.edition_id) FROM sent t JOIN family f ON f.story = t.story \
         WHERE CAST($2 AS BIGINT) IS NOT NULL GROUP BY t.digest, f.id ON CONFLICT DO NOTHING"
    )
}

impl plan::MappingPlan {
    /// Serializes the row ids of all articles that change as one parameter.
    fn row_ids(&self) -> String {
        let of =
            |rows: &[Value], key: &str| rows.iter().map(|r| r[key].clone()).collect::<Vec<_>>();
        let all = [
            of(&self.merged, "old"),
            of(&self.merged, "fresh"),
            of(&self.renamed, "fresh"),
            of(&self.moved, "id"),
        ]
        .concat();
        Value::from(all).to_string()
    }

    /// Returns the changes for the change log: the terms from before, given as (row, kind, term),
    /// and the new sources.
    fn changes(&self, old_terms: Vec<(i64, String, String)>) -> Changes {
        let mut changes = Changes::from_rows(old_terms);
        for moved in &self.moved {
            if let (Some(row), Some(source)) = (moved["id"].as_i64(), moved["source"].as_str()) {
                changes.add(row, Vec::new(), vec![(TermKind::Source, source.to_owned())]);
            }
        }
        changes
    }

    /// Serializes the rows for each statement of [`Store::remap_statements`].
    fn parameters(&self) -> [String; STEPS] {
        let json = |rows: Vec<Value>| Value::from(rows).to_string();
        let each =
            |rows: &[Value], key: &str| rows.iter().map(|r| r[key].clone()).collect::<Vec<_>>();
        let alone = self.moved.iter().map(|m| serde_json::json!({"old": m["id"], "fresh": null}));
        let pairs = self.merged.iter().cloned().chain(alone).collect();
        let (named, moved) =
            (json([self.merged.clone(), self.renamed.clone()].concat()), json(self.moved.clone()));
        let (merged, gone) = (json(self.merged.clone()), json(each(&self.merged, "old")));
        [
            json(pairs),
            merged.clone(),
            merged,
            gone.clone(),
            gone,
            named.clone(),
            named,
            json(each(&self.moved, "id")),
            moved.clone(),
            moved,
            Value::from(self.unlinked.clone()).to_string(),
            Value::from(self.regrouped.clone()).to_string(),
            json(each(&self.mappings, "guid")),
            json(self.mappings.clone()),
        ]
    }
}

fn plan_from_rows(
    lines: &[MappingLine],
    sources: &[String],
    articles: Vec<ArticleIdentityRow>,
    mappings: Vec<MappingRow>,
) -> Result<plan::MappingPlan, Vec<(u64, String)>> {
    let articles =
        articles.into_iter().map(|(row, source, source_id, guid, group, translation_of)| {
            ArticleIdentity { row, source, source_id, guid, group, translation_of }
        });
    let mappings =
        mappings.into_iter().map(|(guid, source, source_id, from_source, from_source_id)| {
            Mapping { guid, source, source_id, from: from_source.zip(from_source_id) }
        });
    plan(lines, sources, &articles.collect::<Vec<_>>(), &mappings.collect::<Vec<_>>())
}
