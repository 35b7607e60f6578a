//! Limits that hold for all nodes together and over restarts: what was taken from them is kept here.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::dialect::{Column, sql};
use super::{Store, StoreError, StoreResult, transaction};
use crate::domain::ramp::Ramp;
use crate::domain::rate::Rate;
pub use crate::domain::tally::Granted;
use crate::domain::tally::Tally;
use crate::domain::time::{DAY, Millis};

/// How long a row that nothing was taken from yet is kept.
const NEW: i64 = 2 * DAY;
/// Rows that count no more are dropped when new ones come, more of them than come.
const DROPPED: i64 = 1_000;

/// Whose limits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LimitKey {
    /// The transport's name.
    pub transport: String,
    /// What counts together by the transport's rules about domains; empty for the transport itself.
    pub domain: String,
}

impl LimitKey {
    /// A transport's own: its `rate` and its warming-up.
    pub fn of(transport: &str) -> Self {
        Self::towards(transport, "")
    }

    /// A transport's towards a domain, by the key of its limit.
    pub fn towards(transport: &str, key: &str) -> Self {
        Self { transport: transport.to_owned(), domain: key.to_owned() }
    }

    fn row(&self) -> Value {
        json!({"transport": self.transport, "domain": self.domain})
    }
}

/// A wish to start messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// Whose limits.
    pub key: LimitKey,
    /// The limits.
    pub limits: Vec<Rate>,
    /// A warming-up, which begins with the first message that is granted.
    pub warm_up: Option<Ramp>,
    /// How many messages.
    pub wanted: i64,
}

/// A change of limits, by whom and which: it is made once, however often it is asked for, since a commit whose answer did not
/// come may have been made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The node; changes are asked for one after the other.
    pub node: String,
    /// Its number among the node's.
    pub number: i64,
}

/// Messages that were granted and did not go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unused {
    /// From whose limits they were taken.
    pub key: LimitKey,
    /// How many.
    pub n: i64,
    /// When they were taken.
    pub taken_at: Millis,
}

/// A key, a beginning, a total, windows and last changes.
type Row = (String, String, Option<i64>, i64, String, String);

impl Store {
    /// Takes from the limits of several keys in one transaction; the answers are in the order of the asks.
    ///
    /// Each ask is granted by itself: what one key grants and another refuses is given back by the caller.
    pub async fn take_from_limits(
        &self,
        change: &Change,
        asks: &[Ask],
        now: Millis,
    ) -> StoreResult<Vec<Granted>> {
        let (change, asks, keys) =
            (change.clone(), asks.to_vec(), asks.iter().map(|ask| ask.key.clone()).collect());
        let work = move |tallies: &mut Tallies| {
            let grant = |ask: &Ask| {
                let kept = tallies.entry(ask.key.clone()).or_default();
                kept.made(&change).unwrap_or_else(|| {
                    let granted =
                        kept.tally.take(&ask.limits, ask.warm_up.as_ref(), ask.wanted, now);
                    kept.note(&change, granted);
                    granted
                })
            };
            asks.iter().map(grant).collect()
        };
        self.change_tallies(keys, now, work).await
    }

    /// Gives messages back that were granted and did not go, in one transaction.
    pub async fn give_back_to_limits(
        &self,
        change: &Change,
        unused: &[Unused],
        now: Millis,
    ) -> StoreResult<()> {
        let (change, unused, keys) = (
            change.clone(),
            unused.to_vec(),
            unused.iter().map(|unused| unused.key.clone()).collect(),
        );
        let work = move |tallies: &mut Tallies| {
            if tallies.values().any(|kept| kept.made(&change).is_some()) {
                return;
            }
            for Unused { key, n, taken_at } in &unused {
                let kept = tallies.entry(key.clone()).or_default();
                kept.tally.give_back(*n, *taken_at);
                kept.note(&change, Granted { n: 0, again: now, at: now });
            }
        };
        self.change_tallies(keys, now, work).await
    }

    /// Reads, changes and writes tallies, alone among all nodes.
    async fn change_tallies<T: Send + 'static>(
        &self,
        mut keys: Vec<LimitKey>,
        now: Millis,
        work: impl FnOnce(&mut Tallies) -> T + Send + 'static,
    ) -> StoreResult<T> {
        keys.sort();
        keys.dedup();
        let asked = Value::from(keys.iter().map(LimitKey::row).collect::<Vec<_>>()).to_string();
        let statements = self.limit_statements();
        transaction!(self, |tx| {
            let new = sqlx::query(sql(statements.open))
                .bind(&asked)
                .bind(now.plus(NEW).0)
                .bind(now.0)
                .execute(&mut *tx)
                .await?
                .rows_affected();
            if new > 0 {
                sqlx::query(sql(statements.forget))
                    .bind(now.0)
                    .bind(DROPPED)
                    .execute(&mut *tx)
                    .await?;
            }
            let rows: Vec<Row> =
                sqlx::query_as(sql(statements.read)).bind(&asked).fetch_all(&mut *tx).await?;
            let mut tallies = rows.into_iter().map(kept).collect::<StoreResult<Tallies>>()?;
            let result = work(&mut tallies);
            sqlx::query(sql(statements.write))
                .bind(written(&tallies, now)?)
                .execute(&mut *tx)
                .await?;
            result
        })
    }

    fn limit_statements(&self) -> Statements {
        let key = [Column::Text("transport"), Column::Text("domain")];
        let all = [
            key[0],
            key[1],
            Column::Int("begun"),
            Column::Int("total"),
            Column::Text("windows"),
            Column::Text("changes"),
            Column::Int("kept"),
        ];
        let (asked, changed) = (self.rows("$1", &key), self.rows("$1", &all));
        Statements {
            // Locks the rows, also those it leaves as they are: in one order by all, so that no two nodes wait for each other.
            open: format!(
                "INSERT INTO limits (transport, domain, kept_until) SELECT k.transport, k.domain, $2 FROM {asked} AS k WHERE TRUE \
                 ORDER BY k.transport, k.domain ON CONFLICT (transport, domain) DO UPDATE SET kept_until = excluded.kept_until \
                 WHERE limits.kept_until < $3"
            ),
            forget: format!(
                "DELETE FROM limits WHERE (transport, domain) IN (SELECT transport, domain FROM limits WHERE kept_until < $1 LIMIT $2 {})",
                self.skip_locked()
            ),
            read: format!(
                "SELECT transport, domain, begun_at, total, windows, changes FROM limits \
                 WHERE (transport, domain) IN (SELECT k.transport, k.domain FROM {asked} AS k)"
            ),
            write: format!(
                "UPDATE limits SET begun_at = c.begun, total = c.total, windows = c.windows, changes = c.changes, kept_until = c.kept FROM {changed} AS c \
                 WHERE limits.transport = c.transport AND limits.domain = c.domain"
            ),
        }
    }
}

struct Statements {
    open: String,
    forget: String,
    read: String,
    write: String,
}

type Tallies = BTreeMap<LimitKey, Kept>;

/// What is kept of one key.
#[derive(Debug, Default)]
struct Kept {
    tally: Tally,
    /// Of each node its last change: which, and what it was granted (how many, when again, when taken).
    changes: BTreeMap<String, (i64, i64, i64, i64)>,
}

impl Kept {
    /// What was granted, if this change was made before.
    fn made(&self, change: &Change) -> Option<Granted> {
        let (_, n, again, at) =
            *self.changes.get(&change.node).filter(|last| last.0 == change.number)?;
        Some(Granted { n, again: Millis(again), at: Millis(at) })
    }

    /// Notes a change; those of nodes that have been silent for long are forgotten.
    fn note(&mut self, change: &Change, Granted { n, again, at }: Granted) {
        self.changes.retain(|_, (_, _, _, noted)| *noted > at.plus(-DAY).0);
        self.changes.insert(change.node.clone(), (change.number, n, again.0, at.0));
    }
}

fn kept((transport, domain, begun, total, windows, changes): Row) -> StoreResult<(LimitKey, Kept)> {
    let tally =
        Tally { begun: begun.map(Millis), total, windows: read(&windows, "limits.windows")? };
    Ok((LimitKey { transport, domain }, Kept { tally, changes: read(&changes, "limits.changes")? }))
}

fn read<T: DeserializeOwned>(text: &str, place: &'static str) -> StoreResult<T> {
    serde_json::from_str(text)
        .map_err(|_| StoreError::Inconsistent { what: text.chars().take(80).collect(), place })
}

fn written(tallies: &Tallies, now: Millis) -> StoreResult<String> {
    let text = |value: Result<String, serde_json::Error>| {
        value.map_err(|e| StoreError::Inconsistent { what: e.to_string(), place: "limits" })
    };
    let row = |(key, Kept { tally, changes }): (&LimitKey, &Kept)| {
        let (windows, changes) =
            (text(serde_json::to_string(&tally.windows))?, text(serde_json::to_string(changes))?);
        Ok(
            json!({"transport": key.transport, "domain": key.domain, "begun": tally.begun.map(|at| at.0), "total": tally.total,
            "windows": windows, "changes": changes, "kept": tally.idle_from(now).map(|at| at.0)}),
        )
    };
    let rows: StoreResult<Vec<Value>> = tallies.iter().map(row).collect();
    Ok(Value::from(rows?).to_string())
}
