//! Ids that survive a change of CMS: an article under a new id of its source carries the permanent id it had before.

use serde_json::Value;

use self::plan::{Known, Noted, plan};
use super::changes::{Changes, Logging, log};
use super::dialect::{Column, sql};
use super::{Store, StoreError, StoreResult, reading, transaction};
use crate::domain::selection::Kind;
use crate::domain::time::Millis;

pub(super) mod first_sight;
mod plan;
mod taken;

/// One line of a map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The line's number, for who must mend it.
    pub line: u64,
    /// The old id: one that readers know, `source/source_id`, or a source's id where that is clear.
    pub old: String,
    /// The new id: the source's own in `source`, `source/source_id`, or the permanent one of an article that is here.
    pub new: String,
    /// The source the new id is of, if it was named.
    pub source: Option<String>,
}

/// What a map came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Adopted {
    /// Articles that are here and carry their old id now.
    pub adopted: usize,
    /// Old ids that wait for the first sight of their article.
    pub waiting: usize,
    /// Lines that were carried out before.
    pub already: usize,
    /// The sources whose groups must be made anew.
    pub sources: Vec<String>,
}

type KnownRow = (i64, String, String, String, i64, Option<String>);
type NotedRow = (String, String, String, Option<String>, Option<String>);

const ARTICLES: &str =
    "SELECT id, source, source_id, guid, group_id, translation_of FROM articles ORDER BY id";
const ADOPTIONS: &str =
    "SELECT guid, source, source_id, from_source, from_id FROM adoptions ORDER BY guid";

impl Store {
    /// Carries out a map in one transaction, or refuses it whole with the lines at fault; `sources` are the config's.
    ///
    /// An old article moves to its new place; where that is taken by one that came in meanwhile, the two become one, told
    /// wherever either was. [`Store::regroup`] must follow for each source of the report; until then none of them is news.
    pub async fn adopt_ids(
        &self,
        claims: Vec<Claim>,
        sources: &[String],
        now: Millis,
    ) -> StoreResult<Result<Adopted, Vec<(u64, String)>>> {
        let (statements, sources, logging) = (self.adopting(), sources.to_vec(), Logging::of(self));
        let terms = format!(
            "SELECT article_id, kind, term FROM article_terms WHERE article_id IN {}",
            self.numbers("$1")
        );
        let done = transaction!(self, |tx| {
            let known: Vec<KnownRow> = sqlx::query_as(ARTICLES).fetch_all(&mut *tx).await?;
            let noted: Vec<NotedRow> = sqlx::query_as(ADOPTIONS).fetch_all(&mut *tx).await?;
            let plan = match planned(&claims, &sources, known, noted) {
                Ok(plan) => plan,
                Err(refused) => return Ok(Err(refused)),
            };
            let had =
                sqlx::query_as(sql(terms.clone())).bind(plan.rows()).fetch_all(&mut *tx).await?;
            let changes = plan.changes(had);
            for (statement, rows) in statements.iter().zip(plan.parameters()) {
                if rows != "[]" {
                    sqlx::query(sql(statement.clone()))
                        .bind(&rows)
                        .bind(now.0)
                        .execute(&mut *tx)
                        .await?;
                }
            }
            log!(tx, logging, changes);
            Ok(plan.report)
        });
        self.announce();
        match done {
            Err(StoreError::Sql(sqlx::Error::Database(e))) if e.is_unique_violation() => {
                Err(StoreError::Refused("an article came in while the ids were looked at, and nothing was changed: call it again".into()))
            }
            other => other,
        }
    }

    /// What would be refused of a map; changes nothing.
    pub async fn refused_ids(
        &self,
        claims: &[Claim],
        sources: &[String],
    ) -> StoreResult<Vec<(u64, String)>> {
        let (known, noted): (Vec<KnownRow>, Vec<NotedRow>) = reading!(self, |db| (
            sqlx::query_as(ARTICLES).fetch_all(db).await?,
            sqlx::query_as(ADOPTIONS).fetch_all(db).await?
        ));
        Ok(planned(claims, sources, known, noted).err().unwrap_or_default())
    }

    /// What carries a plan out, in this order; each takes rows as `$1` and the time as `$2`, which most need not.
    fn adopting(&self) -> [String; STEPS] {
        let ints =
            |names: &[&'static str]| names.iter().map(|n| Column::Int(n)).collect::<Vec<_>>();
        let pairs = self.rows("$1", &ints(&["old", "fresh"]));
        let merged =
            self.rows("$1", &[Column::Int("old"), Column::Int("fresh"), Column::Text("guid")]);
        let texts =
            |names: &[&'static str]| names.iter().map(|n| Column::Text(n)).collect::<Vec<_>>();
        let moved = self.rows(
            "$1",
            &[ints(&["id"]), texts(&["source", "source_id", "translation_of"])].concat(),
        );
        let notes =
            self.rows("$1", &texts(&["guid", "source", "source_id", "from_source", "from_id"]));
        let numbers = self.numbers("$1");
        // PostgreSQL wants to know the type of what is not used.
        let always = "CAST($2 AS BIGINT) IS NOT NULL";
        [
            told_to_all(&pairs),
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
            // To a place of their own first: two may change places.
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
            format!("DELETE FROM adoptions WHERE guid IN {} AND {always}", self.texts("$1")),
            format!(
                "INSERT INTO adoptions (guid, source, source_id, from_source, from_id, adopted_at) \
                 SELECT guid, source, source_id, from_source, from_id, $2 FROM {notes} AS n WHERE TRUE"
            ),
        ]
    }
}

const STEPS: usize = 14;

/// What was told of any of a pair, or of a twin of either, was told of all of them: later their groups may part.
fn told_to_all(pairs: &str) -> String {
    format!(
        "WITH pairs AS (SELECT old, fresh FROM {pairs} AS p), \
         one AS (SELECT old AS story, old AS id FROM pairs UNION SELECT old, fresh FROM pairs WHERE fresh IS NOT NULL), \
         family AS (SELECT story, id FROM one UNION SELECT one.story, m.id FROM one JOIN articles a ON a.id = one.id \
           JOIN articles m ON m.group_id = a.group_id WHERE a.group_id > 0), \
         told AS (SELECT f.story, l.digest, MIN(l.edition_id) AS edition_id FROM family f JOIN ledger l ON l.article_id = f.id \
           GROUP BY f.story, l.digest) \
         INSERT INTO ledger (digest, article_id, edition_id) \
         SELECT t.digest, f.id, MIN(t.edition_id) FROM told t JOIN family f ON f.story = t.story \
         WHERE CAST($2 AS BIGINT) IS NOT NULL GROUP BY t.digest, f.id ON CONFLICT DO NOTHING"
    )
}

impl plan::Plan {
    /// All articles that change, as one parameter.
    fn rows(&self) -> String {
        let of =
            |rows: &[Value], key: &str| rows.iter().map(|r| r[key].clone()).collect::<Vec<_>>();
        let all = [
            of(&self.merged, "old"),
            of(&self.merged, "fresh"),
            of(&self.named, "fresh"),
            of(&self.moved, "id"),
        ]
        .concat();
        Value::from(all).to_string()
    }

    /// What feeds they were in and will be in, by what they were selected by before: (row, kind, term).
    fn changes(&self, had: Vec<(i64, String, String)>) -> Changes {
        let mut changes = Changes::of(had);
        for moved in &self.moved {
            if let (Some(row), Some(source)) = (moved["id"].as_i64(), moved["source"].as_str()) {
                changes.add(row, Vec::new(), vec![(Kind::Source, source.to_owned())]);
            }
        }
        changes
    }

    /// The rows for each statement of [`Store::adopting`].
    fn parameters(&self) -> [String; STEPS] {
        let json = |rows: Vec<Value>| Value::from(rows).to_string();
        let each =
            |rows: &[Value], key: &str| rows.iter().map(|r| r[key].clone()).collect::<Vec<_>>();
        let alone = self.moved.iter().map(|m| serde_json::json!({"old": m["id"], "fresh": null}));
        let pairs = self.merged.iter().cloned().chain(alone).collect();
        let (named, moved) =
            (json([self.merged.clone(), self.named.clone()].concat()), json(self.moved.clone()));
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
            Value::from(self.groups.clone()).to_string(),
            json(each(&self.notes, "guid")),
            json(self.notes.clone()),
        ]
    }
}

fn planned(
    claims: &[Claim],
    sources: &[String],
    known: Vec<KnownRow>,
    noted: Vec<NotedRow>,
) -> Result<plan::Plan, Vec<(u64, String)>> {
    let known = known.into_iter().map(|(row, source, source_id, guid, group, translation_of)| {
        Known { row, source, source_id, guid, group, translation_of }
    });
    let noted = noted.into_iter().map(|(guid, source, source_id, from_source, from_id)| Noted {
        guid,
        source,
        source_id,
        from: from_source.zip(from_id),
    });
    plan(claims, sources, &known.collect::<Vec<_>>(), &noted.collect::<Vec<_>>())
}
