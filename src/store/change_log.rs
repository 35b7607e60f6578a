//! Log of article changes: a version number that grows with every change, the terms of the changed
//! articles, and the notification of listeners.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;
use tokio::sync::watch;

use super::dialect::Column;
use super::{Db, Store, StoreError, StoreResult, reading};
use crate::domain::selection::TermKind;
use crate::domain::time::Millis;

/// PostgreSQL notification channel on which a node announces article changes to the others.
pub const CHANNEL: &str = "courant_articles";
/// Number of versions whose changes are retained; a reader that is further behind must reload
/// everything.
const RETAINED_VERSIONS: i64 = 5_000;
/// Largest number of changed articles that is reported individually.
const MAX_CHANGED_ARTICLES: usize = 2_000;

/// Terms of one article, from before and after a change.
pub type Terms = Vec<(TermKind, String)>;

/// Changes since a version of the articles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChangedTerms {
    /// The terms of each changed article.
    Articles(Vec<Terms>),
    /// Too many changes to list, or too old.
    Everything,
}

/// Article changes of one transaction.
#[derive(Debug, Default)]
pub(super) struct Changes(BTreeMap<i64, BTreeSet<(String, String)>>);

impl Changes {
    /// Collects terms given as (row, kind, term), for articles whose terms do not change.
    pub(super) fn from_rows(rows: Vec<(i64, String, String)>) -> Self {
        let mut changes = Self::default();
        for (row, kind, term) in rows {
            changes.0.entry(row).or_default().insert((kind, term));
        }
        changes
    }

    /// Adds the terms of one article from before and after its change.
    pub(super) fn add(&mut self, row: i64, before: Vec<(String, String)>, after: Terms) {
        let terms = self.0.entry(row).or_default();
        terms.extend(before);
        terms.extend(after.into_iter().map(|(kind, term)| (kind.as_str().to_owned(), term)));
    }

    /// Serializes the changes as one JSON parameter.
    pub(super) fn to_json(&self) -> String {
        let rows: Vec<_> = self
            .0
            .iter()
            .map(|(row, terms)| json!({"id": row, "terms": json!(terms).to_string()}))
            .collect();
        serde_json::Value::from(rows).to_string()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Statements that log changes, for the engine of the store.
#[derive(Debug, Clone)]
pub(super) struct ChangeLog {
    pub(super) insert: String,
    pub(super) notify: Option<&'static str>,
}

impl ChangeLog {
    pub(super) fn new(store: &Store) -> Self {
        let rows = store.json_rows("$2", &[Column::Int("id"), Column::Text("terms")]);
        let notify = match &*store.db {
            Db::Sqlite { .. } => None,
            Db::Postgres(_) => Some("SELECT pg_notify('courant_articles', CAST($1 AS TEXT))"),
        };
        Self {
            insert: format!(
                "INSERT INTO article_changes (version, article_id, terms) SELECT $1, c.id, c.terms FROM {rows} AS c"
            ),
            notify,
        }
    }
}

/// Increments the version and returns it. Its row stays locked until the commit, so that versions
/// are committed in order.
pub(super) const NEXT_VERSION: &str = "INSERT INTO instance (key, value) VALUES ('articles_version', '1') \
     ON CONFLICT (key) DO UPDATE SET value = CAST(CAST(instance.value AS BIGINT) + 1 AS TEXT) RETURNING CAST(value AS BIGINT)";
/// Deletes changes older than the oldest retained version, `$1`.
pub(super) const DELETE_OLD_CHANGES: &str = "DELETE FROM article_changes WHERE version < $1";

/// Logs the changes of a transaction as its last statements: `log!(tx, change_log, changes)`.
macro_rules! log {
    ($tx:ident, $change_log:expr, $changes:expr) => {
        if !$changes.is_empty() {
            let (version,): (i64,) = sqlx::query_as($crate::store::change_log::NEXT_VERSION)
                .fetch_one(&mut *$tx)
                .await?;
            sqlx::query($crate::store::dialect::sql($change_log.insert.clone()))
                .bind(version)
                .bind($changes.to_json())
                .execute(&mut *$tx)
                .await?;
            $crate::store::change_log::forget!($tx, version);
            if let Some(notify) = $change_log.notify {
                sqlx::query(notify).bind(version).execute(&mut *$tx).await?;
            }
        }
    };
}

/// Deletes old changes once per hundred versions.
macro_rules! forget {
    ($tx:ident, $version:expr) => {
        if $version % 100 == 0 {
            sqlx::query($crate::store::change_log::DELETE_OLD_CHANGES)
                .bind($crate::store::change_log::oldest_retained($version))
                .execute(&mut *$tx)
                .await?;
        }
    };
}

pub(super) use {forget, log};

/// Returns the oldest version that is retained when `version` is the newest.
pub(super) fn oldest_retained(version: i64) -> i64 {
    version - RETAINED_VERSIONS
}

impl Store {
    /// Returns the version of the articles, which grows with every change to any article.
    pub async fn articles_version(&self) -> StoreResult<i64> {
        let row: Option<(String,)> = reading!(self, |db| sqlx::query_as(
            "SELECT value FROM instance WHERE key = 'articles_version'"
        )
        .fetch_optional(db)
        .await?);
        Ok(row.and_then(|(v,)| v.parse().ok()).unwrap_or(0))
    }

    /// Returns the changes of the versions in `(after, until]`.
    pub async fn changes_between(&self, after: i64, until: i64) -> StoreResult<ChangedTerms> {
        if until < after || until - after > RETAINED_VERSIONS - 200 {
            return Ok(ChangedTerms::Everything);
        }
        let limit = i64::try_from(MAX_CHANGED_ARTICLES + 1).unwrap_or(i64::MAX);
        let rows: Vec<(String,)> = reading!(self, |db| sqlx::query_as(
            "SELECT terms FROM article_changes WHERE version > $1 AND version <= $2 LIMIT $3"
        )
        .bind(after)
        .bind(until)
        .bind(limit)
        .fetch_all(db)
        .await?);
        if rows.len() > MAX_CHANGED_ARTICLES {
            return Ok(ChangedTerms::Everything);
        }
        rows.into_iter()
            .map(|(json,)| parse_terms(&json))
            .collect::<StoreResult<_>>()
            .map(ChangedTerms::Articles)
    }

    /// Returns the terms of the articles published in `(after, until]`.
    pub async fn published_between(
        &self,
        after: Millis,
        until: Millis,
    ) -> StoreResult<ChangedTerms> {
        let rows: Vec<(i64, String, String)> = reading!(self, |db| {
            sqlx::query_as(
            "SELECT a.id, t.kind, t.term FROM articles a JOIN article_terms t ON t.article_id = a.id \
             WHERE a.removed_at IS NULL AND a.published_at > $1 AND a.published_at <= $2"
        )
        .bind(after.0)
        .bind(until.0)
        .fetch_all(db)
        .await?
        });
        let changes = Changes::from_rows(rows);
        if changes.0.len() > MAX_CHANGED_ARTICLES {
            return Ok(ChangedTerms::Everything);
        }
        let known = |terms: BTreeSet<(String, String)>| -> Terms {
            terms
                .into_iter()
                .filter_map(|(kind, term)| Some((TermKind::parse(&kind)?, term)))
                .collect()
        };
        Ok(ChangedTerms::Articles(changes.0.into_values().map(known).collect()))
    }

    /// Notifies the subscribers in this process that articles changed.
    pub(super) fn notify_article_changes(&self) {
        self.article_changes.send_replace(());
    }

    /// Returns a receiver that is notified of each article change made by this process.
    pub fn subscribe_article_changes(&self) -> watch::Receiver<()> {
        self.article_changes.subscribe()
    }
}

fn parse_terms(json: &str) -> StoreResult<Terms> {
    let pairs: Vec<(String, String)> =
        serde_json::from_str(json).map_err(|_| StoreError::InvalidValue {
            value: json.chars().take(80).collect(),
            column: "article_changes.terms",
        })?;
    Ok(pairs.into_iter().filter_map(|(kind, term)| Some((TermKind::parse(&kind)?, term))).collect())
}
