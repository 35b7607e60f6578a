//! What changed: a version that grows with every change to articles, what each change touched, and who is told.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;
use tokio::sync::watch;

use super::dialect::Column;
use super::{Db, Store, StoreError, StoreResult, reading};
use crate::domain::selection::Kind;
use crate::domain::time::Millis;

/// The channel on which a node tells the others (PostgreSQL).
pub const CHANNEL: &str = "courant_articles";
/// Versions whose changes are kept; who is further behind looks at everything.
const KEPT: i64 = 5_000;
/// More changed articles than this are not looked at one by one.
const MOST: usize = 2_000;

/// Terms of one article, before and after a change.
pub type Terms = Vec<(Kind, String)>;

/// What happened since a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Touched {
    /// The terms of each changed article.
    Articles(Vec<Terms>),
    /// Too much to tell, or too long ago.
    Everything,
}

/// The changes of one transaction.
#[derive(Debug, Default)]
pub(super) struct Changes(BTreeMap<i64, BTreeSet<(String, String)>>);

impl Changes {
    /// Those of articles that lose nothing but their visibility: (row, kind, term).
    pub(super) fn of(rows: Vec<(i64, String, String)>) -> Self {
        let mut changes = Self::default();
        for (row, kind, term) in rows {
            changes.0.entry(row).or_default().insert((kind, term));
        }
        changes
    }

    /// Adds an article's.
    pub(super) fn add(&mut self, row: i64, before: Vec<(String, String)>, after: Terms) {
        let terms = self.0.entry(row).or_default();
        terms.extend(before);
        terms.extend(after.into_iter().map(|(kind, term)| (kind.name().to_owned(), term)));
    }

    /// As one JSON parameter.
    pub(super) fn rows(&self) -> String {
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

/// The statements that log changes, for the store's database.
#[derive(Debug, Clone)]
pub(super) struct Logging {
    pub(super) insert: String,
    pub(super) notify: Option<&'static str>,
}

impl Logging {
    pub(super) fn of(store: &Store) -> Self {
        let rows = store.rows("$2", &[Column::Int("id"), Column::Text("terms")]);
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

/// Gives the new version. Its row stays locked until the commit, so that versions are committed in their order.
pub(super) const BUMP: &str = "INSERT INTO instance (key, value) VALUES ('articles_version', '1') \
     ON CONFLICT (key) DO UPDATE SET value = CAST(CAST(instance.value AS BIGINT) + 1 AS TEXT) RETURNING CAST(value AS BIGINT)";
/// Forgets what nobody looks at any more; `$1` is the oldest version that is kept.
pub(super) const FORGET: &str = "DELETE FROM article_changes WHERE version < $1";

/// Logs a transaction's changes as its last act: `log!(tx, logging, changes)`.
macro_rules! log {
    ($tx:ident, $logging:expr, $changes:expr) => {
        if !$changes.is_empty() {
            let (version,): (i64,) =
                sqlx::query_as($crate::store::changes::BUMP).fetch_one(&mut *$tx).await?;
            sqlx::query($crate::store::dialect::sql($logging.insert.clone()))
                .bind(version)
                .bind($changes.rows())
                .execute(&mut *$tx)
                .await?;
            $crate::store::changes::forget!($tx, version);
            if let Some(notify) = $logging.notify {
                sqlx::query(notify).bind(version).execute(&mut *$tx).await?;
            }
        }
    };
}

/// Forgets old changes now and then.
macro_rules! forget {
    ($tx:ident, $version:expr) => {
        if $version % 100 == 0 {
            sqlx::query($crate::store::changes::FORGET)
                .bind($crate::store::changes::oldest_kept($version))
                .execute(&mut *$tx)
                .await?;
        }
    };
}

pub(super) use {forget, log};

/// The oldest version whose changes are kept beside `version`.
pub(super) fn oldest_kept(version: i64) -> i64 {
    version - KEPT
}

impl Store {
    /// A number that grows with every change to any article.
    pub async fn articles_version(&self) -> StoreResult<i64> {
        let row: Option<(String,)> = reading!(self, |db| sqlx::query_as(
            "SELECT value FROM instance WHERE key = 'articles_version'"
        )
        .fetch_optional(db)
        .await?);
        Ok(row.and_then(|(v,)| v.parse().ok()).unwrap_or(0))
    }

    /// What changed in the versions `(after, until]`.
    pub async fn changes_between(&self, after: i64, until: i64) -> StoreResult<Touched> {
        if until < after || until - after > KEPT - 200 {
            return Ok(Touched::Everything);
        }
        let limit = i64::try_from(MOST + 1).unwrap_or(i64::MAX);
        let rows: Vec<(String,)> = reading!(self, |db| sqlx::query_as(
            "SELECT terms FROM article_changes WHERE version > $1 AND version <= $2 LIMIT $3"
        )
        .bind(after)
        .bind(until)
        .bind(limit)
        .fetch_all(db)
        .await?);
        if rows.len() > MOST {
            return Ok(Touched::Everything);
        }
        rows.into_iter()
            .map(|(json,)| terms_in(&json))
            .collect::<StoreResult<_>>()
            .map(Touched::Articles)
    }

    /// The terms of articles whose time of publication came in `(after, until]`.
    pub async fn published_between(&self, after: Millis, until: Millis) -> StoreResult<Touched> {
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
        let changes = Changes::of(rows);
        if changes.0.len() > MOST {
            return Ok(Touched::Everything);
        }
        let known = |terms: BTreeSet<(String, String)>| -> Terms {
            terms.into_iter().filter_map(|(kind, term)| Some((Kind::named(&kind)?, term))).collect()
        };
        Ok(Touched::Articles(changes.0.into_values().map(known).collect()))
    }

    /// Wakes who waits for news of articles in this process.
    pub(super) fn announce(&self) {
        self.news.send_replace(());
    }

    /// Wakes at each change that this process makes to articles.
    pub fn news(&self) -> watch::Receiver<()> {
        self.news.subscribe()
    }
}

fn terms_in(json: &str) -> StoreResult<Terms> {
    let pairs: Vec<(String, String)> =
        serde_json::from_str(json).map_err(|_| StoreError::Inconsistent {
            what: json.chars().take(80).collect(),
            place: "article_changes.terms",
        })?;
    Ok(pairs.into_iter().filter_map(|(kind, term)| Some((Kind::named(&kind)?, term))).collect())
}
