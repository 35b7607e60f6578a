//! Id mappings: articles keep their permanent ids when their source ids change, for example after a
//! change of CMS.

use serde_json::json;

use std::collections::HashSet;

use serde_json::Value;

use self::plan::{ArticleIdentity, Mapping, MappingPlan, plan};
use super::change_log;
use super::db::{FromRow, Row, Statement, Tx};
use super::operations::IdMappings;
use super::{Store, StoreError, StoreResult};
use crate::domain::actor::Actor;
use crate::domain::audit::{AuditAction, AuditObject};
use crate::domain::time::Millis;
use crate::store::audit_log::{self, NewAuditEntry};

pub(super) mod guid_assignment;
pub(super) mod guid_conflicts;
mod mapping_file;
mod plan;
pub(super) mod steps;

pub use self::guid_conflicts::MappedIds;
pub use self::mapping_file::{MappingLine, MappingResult};

const ARTICLE_IDENTITY: &str = "a.id, a.source, a.source_id, a.guid, a.story_id, a.translation_of";

static ARTICLES: Statement = Statement::with(
    "SELECT {identity} FROM articles a ORDER BY a.id",
    &[("identity", ARTICLE_IDENTITY)],
);

static MAPPINGS: Statement = Statement::new(
    "
    SELECT guid, source, source_id, from_source, from_source_id
      FROM id_mappings
     ORDER BY guid",
);

/// Locks and selects the articles that a plan changes, or that have an id which it assigns.
static PLANNED_ARTICLES: Statement = Statement::with(
    "
    SELECT {identity}
      FROM articles a
     WHERE a.id IN (
             SELECT id FROM articles WHERE id IN {json_ids $rows}
              UNION
             SELECT id FROM articles WHERE guid IN {json_texts $guids}
              UNION
             SELECT o.id
               FROM {json_rows $keys source TEXT, source_id TEXT} AS k
               JOIN articles o ON o.source = k.source AND o.source_id = k.source_id)
     ORDER BY a.id
     {lock_rows}",
    &[("identity", ARTICLE_IDENTITY)],
);

/// Locks and selects the mappings that a plan replaces, or that have an id which it assigns.
static PLANNED_MAPPINGS: Statement = Statement::new(
    "
    SELECT n.guid, n.source, n.source_id, n.from_source, n.from_source_id
      FROM id_mappings n
     WHERE n.guid IN (
             SELECT guid FROM id_mappings WHERE guid IN {json_texts $guids}
              UNION
             SELECT o.guid
               FROM {json_rows $keys source TEXT, source_id TEXT} AS k
               JOIN id_mappings o ON o.source = k.source AND o.source_id = k.source_id)
     ORDER BY n.guid
     {lock_rows}",
);

/// All statements of this file.
pub(super) static STATEMENTS: &[&Statement] =
    &[&ARTICLES, &MAPPINGS, &PLANNED_ARTICLES, &PLANNED_MAPPINGS];

impl FromRow for ArticleIdentity {
    fn from_row(row: &Row) -> StoreResult<Self> {
        Ok(Self {
            row_id: row.get("id")?,
            source: row.get("source")?,
            source_id: row.get("source_id")?,
            guid: row.get("guid")?,
            story: row.get("story_id")?,
            translation_of: row.get("translation_of")?,
        })
    }
}

impl FromRow for Mapping {
    fn from_row(row: &Row) -> StoreResult<Self> {
        let from_source: Option<String> = row.get("from_source")?;
        Ok(Self {
            guid: row.get("guid")?,
            source: row.get("source")?,
            source_id: row.get("source_id")?,
            from: from_source.zip(row.get("from_source_id")?),
        })
    }
}

/// The articles and mappings of the database, on which a plan is based.
struct Stored {
    articles: Vec<ArticleIdentity>,
    mappings: Vec<Mapping>,
}

impl Stored {
    async fn read(store: &Store) -> StoreResult<Self> {
        Ok(Self {
            articles: store.read(&ARTICLES).fetch_all().await?,
            mappings: store.read(&MAPPINGS).fetch_all().await?,
        })
    }
}

impl IdMappings<'_> {
    /// Applies a mapping file in one transaction, or rejects it as a whole and returns the invalid
    /// lines with the reasons; `sources` are those of the config.
    ///
    /// An old article gets its new source id. If an article with that id was imported in the
    /// meantime, the two are merged, and the ledger covers every digest that sent either. The
    /// caller must run [`Stories::assign`](crate::store::operations::Stories::assign) for each source of
    /// the result; until then no digest includes these articles.
    ///
    /// # Errors
    /// [`StoreError::Rejected`] if one of the articles or mappings was changed at the same time.
    pub async fn apply(
        self,
        lines: Vec<MappingLine>,
        sources: &[String],
        actor: &Actor,
        now: Millis,
    ) -> StoreResult<Result<MappingResult, Vec<(u64, String)>>> {
        // All articles are read before the transaction, because nobody else can write to SQLite
        // during it.
        let stored = Stored::read(self.store).await?;
        let plan = match plan(&lines, sources, &stored.articles, &stored.mappings) {
            Ok(plan) => plan,
            Err(rejected) => return Ok(Err(rejected)),
        };
        match self.apply_plan(&plan, &stored, actor, now).await {
            Ok(()) => Ok(Ok(plan.report)),
            Err(StoreError::Sql(sqlx::Error::Database(e))) if e.is_unique_violation() => {
                Err(changed_meanwhile())
            }
            Err(e) => Err(e),
        }
    }

    async fn apply_plan(
        self,
        plan: &MappingPlan,
        stored: &Stored,
        actor: &Actor,
        now: Millis,
    ) -> StoreResult<()> {
        let mut tx = self.store.begin().await?;
        check_unchanged(&mut tx, plan, stored).await?;
        let old_terms = change_log::terms_of(&mut tx, &plan.changed_rows()).await?;
        let changes = plan.changes(old_terms);
        steps::apply(&mut tx, plan, now).await?;
        change_log::log(&mut tx, &changes).await?;
        let detail = json!({"remapped_ids": plan.changed_rows().len()});
        let entry = NewAuditEntry::new(actor, AuditAction::Change, AuditObject::Article, "");
        audit_log::record(&mut tx, entry.with(detail), now).await?;
        tx.commit().await?;
        self.store.article_changes().notify();
        Ok(())
    }

    /// Returns the invalid lines of a mapping file with the reasons, without changing anything.
    pub async fn find_invalid_lines(
        self,
        lines: &[MappingLine],
        sources: &[String],
    ) -> StoreResult<Vec<(u64, String)>> {
        let stored = Stored::read(self.store).await?;
        Ok(plan(lines, sources, &stored.articles, &stored.mappings).err().unwrap_or_default())
    }
}

/// Checks that the articles and mappings that a plan changes are as they were when it was made, and
/// that nothing else has got the ids that it assigns.
async fn check_unchanged(tx: &mut Tx, plan: &MappingPlan, stored: &Stored) -> StoreResult<()> {
    let rows: HashSet<i64> = plan.changed_rows().into_iter().chain(plan.unlinked.clone()).collect();
    let text = |mapping: &Value, key: &str| mapping[key].as_str().unwrap_or_default().to_owned();
    let guids: HashSet<String> = plan.mappings.iter().map(|m| text(m, "guid")).collect();
    let keys: HashSet<(String, String)> =
        plan.mappings.iter().map(|m| (text(m, "source"), text(m, "source_id"))).collect();
    let is_planned = |guid: &String, source: &String, id: &String| {
        guids.contains(guid) || keys.contains(&(source.clone(), id.clone()))
    };
    let row_list: Vec<i64> = rows.iter().copied().collect();
    let guid_list: Vec<String> = guids.iter().cloned().collect();
    let articles: Vec<ArticleIdentity> = tx
        .query(&PLANNED_ARTICLES)
        .bind("rows", row_list.as_slice())
        .bind("guids", guid_list.as_slice())
        .bind("keys", Value::from(plan.mappings.clone()))
        .fetch_all()
        .await?;
    let mappings: Vec<Mapping> = tx
        .query(&PLANNED_MAPPINGS)
        .bind("guids", guid_list.as_slice())
        .bind("keys", Value::from(plan.mappings.clone()))
        .fetch_all()
        .await?;
    let known_articles = stored
        .articles
        .iter()
        .filter(|a| rows.contains(&a.row_id) || is_planned(&a.guid, &a.source, &a.source_id));
    let known_mappings =
        stored.mappings.iter().filter(|m| is_planned(&m.guid, &m.source, &m.source_id));
    if articles.iter().eq(known_articles) && mappings.iter().eq(known_mappings) {
        Ok(())
    } else {
        Err(changed_meanwhile())
    }
}

fn changed_meanwhile() -> StoreError {
    StoreError::Rejected(
        "the articles or their ids were changed at the same time; nothing was remapped; try again"
            .into(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::article::Article;
    use crate::store::articles::NormalizedArticle;

    async fn save(store: &Store, id: &str, translation_of: Option<&str>) {
        let article = Article {
            source: "old".into(),
            source_id: id.into(),
            guid: format!("tag:x:old/{id}"),
            ..Article::default()
        };
        let normalized = NormalizedArticle {
            article,
            has_update_time: true,
            translation_of: translation_of.map(str::to_owned),
            content_hash: id.into(),
        };
        store.articles().save(vec![normalized], None, Millis(1)).await.unwrap();
    }

    #[tokio::test]
    async fn plan_is_not_applied_if_its_articles_or_ids_changed_meanwhile() {
        let folder = tempfile::tempdir().unwrap();
        let store =
            Store::open(&format!("sqlite://{}/courant.db", folder.path().display())).await.unwrap();
        let sources = ["old".to_owned(), "new".to_owned()];
        let line = |line, old: &str, new: &str| MappingLine {
            line,
            old: old.into(),
            new: new.into(),
            source: None,
        };
        save(&store, "1", None).await;
        save(&store, "2", None).await;
        let lines = [line(1, "old/1", "new/1"), line(2, "urn:x:8", "old/8")];
        let stored = Stored::read(&store).await.unwrap();
        let plan = plan(&lines, &sources, &stored.articles, &stored.mappings).unwrap();
        let apply =
            async || store.id_mappings().apply_plan(&plan, &stored, &Actor::Cli, Millis(2)).await;

        // An article that the plan does not concern may change, one that it moves may not.
        save(&store, "2", Some("9")).await;
        save(&store, "1", Some("2")).await;
        assert!(
            matches!(apply().await, Err(StoreError::Rejected(reason)) if reason.contains("try again"))
        );
        save(&store, "1", None).await;
        // The id of the pending mapping must still be free.
        save(&store, "8", None).await;
        assert!(matches!(apply().await, Err(StoreError::Rejected(_))));
        store
            .id_mappings()
            .apply(lines.to_vec(), &sources, &Actor::Cli, Millis(3))
            .await
            .unwrap()
            .unwrap();
        assert_eq!(store.articles().find("new/1").await.unwrap().unwrap().guid, "tag:x:old/1");
        assert_eq!(store.articles().find("old/8").await.unwrap().unwrap().guid, "urn:x:8");
        assert!(matches!(apply().await, Err(StoreError::Rejected(_))));
    }
}
