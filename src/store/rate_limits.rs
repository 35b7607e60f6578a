//! Rate limits that hold for all nodes together and across restarts.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::dialect::{Column, sql};
use super::{Store, StoreError, StoreResult, transaction};
use crate::domain::rate::Rate;
pub use crate::domain::sliding_window::Grant;
use crate::domain::sliding_window::SlidingWindow;
use crate::domain::time::{DAY, Millis, SignedDuration};
use crate::domain::warmup::WarmUp;

/// Time after which a row without permits taken expires.
const NEW_ROW_TTL: SignedDuration = SignedDuration::from_hours(2 * 24);
/// Maximum number of expired rows deleted whenever new rows are inserted.
const MAX_DELETED_ROWS: i64 = 1_000;

/// Key of the limits of a transport, or of a transport towards recipient domains.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LimitKey {
    /// Name of the transport.
    pub transport: String,
    /// Key of the domain limit; empty for the limits of the transport itself.
    pub domain: String,
}

impl LimitKey {
    /// Returns the key of the `rate` and the warm-up of a transport.
    pub fn for_transport(transport: &str) -> Self {
        Self::for_domain(transport, "")
    }

    /// Returns the key of a domain limit of a transport.
    pub fn for_domain(transport: &str, key: &str) -> Self {
        Self { transport: transport.to_owned(), domain: key.to_owned() }
    }

    fn to_json(&self) -> Value {
        json!({"transport": self.transport, "domain": self.domain})
    }
}

/// Request for permits to start messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RateLimitRequest {
    /// Key of the limits.
    pub key: LimitKey,
    /// Limits that apply to the key.
    pub limits: Vec<Rate>,
    /// Warm-up plan, which starts with the first permit.
    pub warmup: Option<WarmUp>,
    /// Number of permits requested.
    pub count: i64,
}

/// Identifier that makes an update idempotent: a repeated update is applied once, because a commit
/// whose reply was lost may have succeeded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpdateId {
    /// Node that makes the update; it makes one update at a time.
    pub node: String,
    /// Sequence number of the update at the node.
    pub sequence: i64,
}

/// Return of permits that were not used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refund {
    /// Key of the limits from which the permits were taken.
    pub key: LimitKey,
    /// Number of permits returned.
    pub count: i64,
    /// Time at which the permits were taken.
    pub taken_at: Millis,
}

/// Columns of the key, start of the warm-up, total, windows and last updates.
type Row = (String, String, Option<i64>, i64, String, String);

impl Store {
    /// Takes permits from the limits of several keys in one transaction; the results have the order
    /// of the requests.
    ///
    /// Each request is granted independently; if one key grants a message and another does not, the
    /// caller must refund the permit.
    pub async fn take_permits(
        &self,
        update: &UpdateId,
        requests: &[RateLimitRequest],
        now: Millis,
    ) -> StoreResult<Vec<Grant>> {
        let (update, requests, keys) = (
            update.clone(),
            requests.to_vec(),
            requests.iter().map(|request| request.key.clone()).collect(),
        );
        let work = move |windows: &mut Windows| {
            let grant = |request: &RateLimitRequest| {
                let stored = windows.entry(request.key.clone()).or_default();
                stored.granted_before(&update).unwrap_or_else(|| {
                    let granted = stored.window.take(
                        &request.limits,
                        request.warmup.as_ref(),
                        request.count,
                        now,
                    );
                    stored.record(&update, granted);
                    granted
                })
            };
            requests.iter().map(grant).collect()
        };
        self.update_windows(keys, now, work).await
    }

    /// Returns unused permits in one transaction.
    pub async fn refund_permits(
        &self,
        update: &UpdateId,
        refunds: &[Refund],
        now: Millis,
    ) -> StoreResult<()> {
        let (update, refunds, keys) = (
            update.clone(),
            refunds.to_vec(),
            refunds.iter().map(|refund| refund.key.clone()).collect(),
        );
        let work = move |windows: &mut Windows| {
            if windows.values().any(|stored| stored.granted_before(&update).is_some()) {
                return;
            }
            for Refund { key, count, taken_at } in &refunds {
                let stored = windows.entry(key.clone()).or_default();
                stored.window.refund(*count, *taken_at);
                stored.record(&update, Grant { count: 0, next_at: now, at: now });
            }
        };
        self.update_windows(keys, now, work).await
    }

    /// Reads, changes and writes windows while no other node can change them.
    async fn update_windows<T: Send + 'static>(
        &self,
        mut keys: Vec<LimitKey>,
        now: Millis,
        work: impl FnOnce(&mut Windows) -> T + Send + 'static,
    ) -> StoreResult<T> {
        keys.sort();
        keys.dedup();
        let key_rows =
            Value::from(keys.iter().map(LimitKey::to_json).collect::<Vec<_>>()).to_string();
        let statements = self.limit_statements();
        transaction!(self, |tx| {
            let new = sqlx::query(sql(statements.lock))
                .bind(&key_rows)
                .bind(now.plus(NEW_ROW_TTL).0)
                .bind(now.0)
                .execute(&mut *tx)
                .await?
                .rows_affected();
            if new > 0 {
                sqlx::query(sql(statements.delete_expired))
                    .bind(now.0)
                    .bind(MAX_DELETED_ROWS)
                    .execute(&mut *tx)
                    .await?;
            }
            let rows: Vec<Row> =
                sqlx::query_as(sql(statements.read)).bind(&key_rows).fetch_all(&mut *tx).await?;
            let mut windows =
                rows.into_iter().map(window_from).collect::<StoreResult<Windows>>()?;
            let result = work(&mut windows);
            sqlx::query(sql(statements.write))
                .bind(windows_json(&windows, now)?)
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
            Column::Int("warmup_started_at"),
            Column::Int("total"),
            Column::Text("windows"),
            Column::Text("last_updates"),
            Column::Int("expires_at"),
        ];
        let (keys, changed) = (self.json_rows("$1", &key), self.json_rows("$1", &all));
        Statements {
            // Locks all rows, including those it does not change, in the same order on all nodes,
            // which prevents deadlocks.
            lock: format!(
                "INSERT INTO rate_limits (transport, domain, expires_at) SELECT k.transport, k.domain, $2 FROM {keys} AS k WHERE TRUE \
                 ORDER BY k.transport, k.domain ON CONFLICT (transport, domain) DO UPDATE SET expires_at = excluded.expires_at \
                 WHERE rate_limits.expires_at < $3"
            ),
            delete_expired: format!(
                "DELETE FROM rate_limits WHERE (transport, domain) IN (SELECT transport, domain FROM rate_limits WHERE expires_at < $1 LIMIT $2 {})",
                self.skip_locked()
            ),
            read: format!(
                "SELECT transport, domain, warmup_started_at, total, windows, last_updates FROM rate_limits \
                 WHERE (transport, domain) IN (SELECT k.transport, k.domain FROM {keys} AS k)"
            ),
            write: format!(
                "UPDATE rate_limits SET warmup_started_at = c.warmup_started_at, total = c.total, windows = c.windows, last_updates = c.last_updates, expires_at = c.expires_at FROM {changed} AS c \
                 WHERE rate_limits.transport = c.transport AND rate_limits.domain = c.domain"
            ),
        }
    }
}

struct Statements {
    lock: String,
    delete_expired: String,
    read: String,
    write: String,
}

type Windows = BTreeMap<LimitKey, StoredWindow>;

/// Stored state of one key.
#[derive(Debug, Default)]
struct StoredWindow {
    window: SlidingWindow,
    /// Last update of each node: sequence number, permits granted, time of the next permit, time of
    /// the update.
    last_updates: BTreeMap<String, (i64, i64, i64, i64)>,
}

impl StoredWindow {
    /// Returns the result of an update that was applied before.
    fn granted_before(&self, update: &UpdateId) -> Option<Grant> {
        let (_, count, next_at, at) =
            *self.last_updates.get(&update.node).filter(|last| last.0 == update.sequence)?;
        Some(Grant { count, next_at: Millis(next_at), at: Millis(at) })
    }

    /// Records an update and removes those of nodes that made none for a day.
    fn record(&mut self, update: &UpdateId, Grant { count, next_at, at }: Grant) {
        self.last_updates.retain(|_, (_, _, _, updated_at)| *updated_at > at.plus(-DAY).0);
        self.last_updates.insert(update.node.clone(), (update.sequence, count, next_at.0, at.0));
    }
}

fn window_from(
    (transport, domain, warmup_started, total, windows, last_updates): Row,
) -> StoreResult<(LimitKey, StoredWindow)> {
    let window = SlidingWindow {
        warmup_started_at: warmup_started.map(Millis),
        warmup_total: total,
        windows: parse_json(&windows, "rate_limits.windows")?,
    };
    Ok((
        LimitKey { transport, domain },
        StoredWindow {
            window,
            last_updates: parse_json(&last_updates, "rate_limits.last_updates")?,
        },
    ))
}

fn parse_json<T: DeserializeOwned>(text: &str, column: &'static str) -> StoreResult<T> {
    serde_json::from_str(text)
        .map_err(|_| StoreError::InvalidValue { value: text.chars().take(80).collect(), column })
}

fn windows_json(windows: &Windows, now: Millis) -> StoreResult<String> {
    let text = |value: Result<String, serde_json::Error>| {
        value.map_err(|e| StoreError::InvalidValue { value: e.to_string(), column: "rate_limits" })
    };
    let row = |(key, StoredWindow { window, last_updates }): (&LimitKey, &StoredWindow)| {
        let (windows, last_updates) = (
            text(serde_json::to_string(&window.windows))?,
            text(serde_json::to_string(last_updates))?,
        );
        Ok(
            json!({"transport": key.transport, "domain": key.domain, "warmup_started_at": window.warmup_started_at.map(|at| at.0), "total": window.warmup_total,
            "windows": windows, "last_updates": last_updates, "expires_at": window.expires_at(now).map(|at| at.0)}),
        )
    };
    let rows: StoreResult<Vec<Value>> = windows.iter().map(row).collect();
    Ok(Value::from(rows?).to_string())
}
