//! Log of article changes: a version number that grows with every change, the terms of the changed
//! articles, and the notification of listeners.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value as Json, json};
use tokio::sync::watch;

use super::db::{FromRow, Row, Statement, Tx};
use super::operations::ArticleChanges;
use super::{StoreError, StoreResult};
use crate::domain::selection::TermKind;
use crate::domain::time::Millis;

/// PostgreSQL notification channel on which a node announces article changes to the others.
pub const CHANNEL: &str = "courant_articles";
/// Number of versions whose changes are retained; a reader that is further behind must reload
/// everything.
const RETAINED_VERSIONS: i64 = 5_000;
/// Largest number of changed articles that is reported individually.
pub(super) const MAX_CHANGED_ARTICLES: usize = 2_000;

/// Terms of one article: those that a change concerns, before and after it.
pub type ArticleTerms = Vec<(TermKind, String)>;

/// Changes since a version of the articles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChangedTerms {
    /// The terms of each changed article.
    Articles(Vec<ArticleTerms>),
    /// Too many changes to list, or too old.
    Everything,
}

/// Article changes of one transaction.
#[derive(Debug, Default)]
pub(super) struct Changes(BTreeMap<i64, BTreeSet<(String, String)>>);

impl Changes {
    /// Collects the terms of articles whose terms do not change.
    pub(super) fn from_terms(terms: Vec<ArticleTermRow>) -> Self {
        let mut changes = Self::default();
        for ArticleTermRow { article, kind, term } in terms {
            changes.0.entry(article).or_default().insert((kind, term));
        }
        changes
    }

    /// Adds the terms of one article from before and after its change.
    pub(super) fn add(&mut self, row: i64, before: Vec<(String, String)>, after: ArticleTerms) {
        let terms = self.0.entry(row).or_default();
        terms.extend(before);
        terms.extend(after.into_iter().map(|(kind, term)| (kind.as_str().to_owned(), term)));
    }

    /// Serializes the changes as one JSON parameter.
    fn to_json(&self) -> Json {
        let rows: Vec<_> = self
            .0
            .iter()
            .map(|(row, terms)| json!({"id": row, "terms": json!(terms).to_string()}))
            .collect();
        Json::from(rows)
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Increments the version and returns it. Its row stays locked until the commit, so that versions
/// are committed in order.
pub(super) static NEXT_VERSION: Statement = Statement::new(
    "
    INSERT INTO instance (key, value)
    VALUES ('articles_version', '1')
    ON CONFLICT (key) DO UPDATE
       SET value = CAST(CAST(instance.value AS BIGINT) + 1 AS TEXT)
    RETURNING CAST(value AS BIGINT) AS version",
);

static VERSION: Statement =
    Statement::new("SELECT value FROM instance WHERE key = 'articles_version'");

static ADD_CHANGES: Statement = Statement::new(
    "
    INSERT INTO article_changes (version, article_id, terms)
    SELECT $version, c.id, c.terms
      FROM {json_rows $changes id INTEGER, terms TEXT} AS c",
);

static DELETE_OLD_CHANGES: Statement =
    Statement::new("DELETE FROM article_changes WHERE version < $oldest_retained");

/// Announces a version on [`CHANNEL`].
static NOTIFY: Statement =
    Statement::new("SELECT {notify courant_articles $version} AS notification");

static CHANGES_BETWEEN: Statement = Statement::new(
    "
    SELECT terms
      FROM article_changes
     WHERE version > $after
       AND version <= $until
     LIMIT $limit",
);

static TERMS_PUBLISHED_BETWEEN: Statement = Statement::new(
    "
    SELECT a.id AS article_id, t.kind, t.term
      FROM articles a
      JOIN article_terms t ON t.article_id = a.id
     WHERE a.removed_at IS NULL
       AND a.published_at > $after
       AND a.published_at <= $until",
);

static TERMS_OF: Statement = Statement::new(
    "
    SELECT article_id, kind, term
      FROM article_terms
     WHERE article_id IN {json_ids $articles}",
);

/// All statements of this file.
pub(super) static STATEMENTS: &[&Statement] = &[
    &NEXT_VERSION,
    &VERSION,
    &ADD_CHANGES,
    &DELETE_OLD_CHANGES,
    &NOTIFY,
    &CHANGES_BETWEEN,
    &TERMS_PUBLISHED_BETWEEN,
    &TERMS_OF,
];

/// Term of an article, as stored.
#[derive(Debug)]
pub(super) struct ArticleTermRow {
    article: i64,
    kind: String,
    term: String,
}

impl FromRow for ArticleTermRow {
    fn from_row(row: &Row) -> StoreResult<Self> {
        Ok(Self { article: row.get("article_id")?, kind: row.get("kind")?, term: row.get("term")? })
    }
}

/// Returns the stored terms of these articles.
pub(super) async fn terms_of(tx: &mut Tx, articles: &[i64]) -> StoreResult<Vec<ArticleTermRow>> {
    tx.query(&TERMS_OF).bind("articles", articles).fetch_all().await
}

/// Logs the changes of a transaction as its last statements.
pub(super) async fn log(tx: &mut Tx, changes: &Changes) -> StoreResult<()> {
    if changes.is_empty() {
        return Ok(());
    }
    let version: i64 = tx.query(&NEXT_VERSION).fetch_scalar().await?;
    tx.query(&ADD_CHANGES)
        .bind("version", version)
        .bind("changes", changes.to_json())
        .execute()
        .await?;
    delete_old_changes(tx, version).await?;
    tx.query(&NOTIFY).bind("version", version).execute().await?;
    Ok(())
}

/// Deletes old changes once per hundred versions.
async fn delete_old_changes(tx: &mut Tx, version: i64) -> StoreResult<()> {
    if version % 100 == 0 {
        tx.query(&DELETE_OLD_CHANGES)
            .bind("oldest_retained", version - RETAINED_VERSIONS)
            .execute()
            .await?;
    }
    Ok(())
}

impl ArticleChanges<'_> {
    /// Returns the version of the articles, which grows with every change to any article.
    pub async fn version(self) -> StoreResult<i64> {
        let version: Option<String> = self.store.read(&VERSION).fetch_optional_scalar().await?;
        Ok(version.and_then(|version| version.parse().ok()).unwrap_or(0))
    }

    /// Returns the changes of the versions in `(after, until]`.
    pub async fn between(self, after: i64, until: i64) -> StoreResult<ChangedTerms> {
        if until < after || until - after > RETAINED_VERSIONS - 200 {
            return Ok(ChangedTerms::Everything);
        }
        let rows: Vec<String> = self
            .store
            .read(&CHANGES_BETWEEN)
            .bind("after", after)
            .bind("until", until)
            .bind("limit", MAX_CHANGED_ARTICLES + 1)
            .fetch_scalars()
            .await?;
        if rows.len() > MAX_CHANGED_ARTICLES {
            return Ok(ChangedTerms::Everything);
        }
        rows.iter()
            .map(|json| parse_terms(json))
            .collect::<StoreResult<_>>()
            .map(ChangedTerms::Articles)
    }

    /// Returns the terms of the articles published in `(after, until]`.
    pub async fn published_between(
        self,
        after: Millis,
        until: Millis,
    ) -> StoreResult<ChangedTerms> {
        let terms = self
            .store
            .read(&TERMS_PUBLISHED_BETWEEN)
            .bind("after", after)
            .bind("until", until)
            .fetch_all()
            .await?;
        let changes = Changes::from_terms(terms);
        if changes.0.len() > MAX_CHANGED_ARTICLES {
            return Ok(ChangedTerms::Everything);
        }
        let known = |terms: BTreeSet<(String, String)>| -> ArticleTerms {
            terms
                .into_iter()
                .filter_map(|(kind, term)| Some((TermKind::parse(&kind)?, term)))
                .collect()
        };
        Ok(ChangedTerms::Articles(changes.0.into_values().map(known).collect()))
    }

    /// Notifies the subscribers in this process that articles changed.
    pub(super) fn notify(self) {
        self.store.article_changes.send_replace(());
    }

    /// Returns a receiver that is notified of each article change made by this process.
    pub fn subscribe(self) -> watch::Receiver<()> {
        self.store.article_changes.subscribe()
    }
}

fn parse_terms(json: &str) -> StoreResult<ArticleTerms> {
    let pairs: Vec<(String, String)> =
        serde_json::from_str(json).map_err(|_| StoreError::InvalidValue {
            value: json.chars().take(80).collect(),
            column: "article_changes.terms",
        })?;
    Ok(pairs.into_iter().filter_map(|(kind, term)| Some((TermKind::parse(&kind)?, term))).collect())
}
