//! Rate limits that hold for all nodes together and across restarts.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde_json::{Value as Json, json};

use super::db::{Row, Statement};
use super::operations::RateLimits;
use super::{StoreError, StoreResult};
use crate::domain::rate::Rate;
use crate::domain::sliding_window::SlidingWindow;
pub use crate::domain::sliding_window::TakenQuota;
use crate::domain::time::{DAY, Millis, SignedDuration};
use crate::domain::warmup::WarmUp;

/// Time after which a row from which no quota was taken expires.
const NEW_ROW_TTL: SignedDuration = SignedDuration::from_hours(2 * 24);
/// Maximum number of expired rows deleted whenever new rows are inserted.
const MAX_DELETED_ROWS: i64 = 1_000;

/// Key of the limits of a transport, or of a transport towards recipient domains.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LimitKey {
    /// Name of the transport.
    pub transport: String,
    /// Key of the domain limit; empty for the limits of the transport itself.
    pub domain_key: String,
}

impl LimitKey {
    /// Returns the key of the `rate` and the warm-up of a transport.
    pub fn for_transport(transport: &str) -> Self {
        Self::for_domain(transport, "")
    }

    /// Returns the key of a domain limit of a transport.
    pub fn for_domain(transport: &str, key: &str) -> Self {
        Self { transport: transport.to_owned(), domain_key: key.to_owned() }
    }

    fn to_json(&self) -> Json {
        json!({"transport": self.transport, "domain_key": self.domain_key})
    }
}

/// Request for the quota of some messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RateLimitRequest {
    /// Key of the limits.
    pub key: LimitKey,
    /// Limits that apply to the key.
    pub limits: Vec<Rate>,
    /// Warm-up plan, which starts with the first message.
    pub warmup: Option<WarmUp>,
    /// Number of messages to start.
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

/// Refund of quota that was not used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refund {
    /// Key of the limits from which the quota was taken.
    pub key: LimitKey,
    /// Number of messages that were not started.
    pub count: i64,
    /// Time at which the quota was taken.
    pub quota_taken_at: Millis,
}

/// Locks all rows, including those it does not change, in the same order on all nodes, which
/// prevents deadlocks.
static LOCK: Statement = Statement::new(
    "
    INSERT INTO rate_limits (transport, domain_key, expires_at)
    SELECT k.transport, k.domain_key, $expires_at
      FROM {json_rows $keys transport TEXT, domain_key TEXT} AS k
     WHERE TRUE
     ORDER BY k.transport, k.domain_key
    ON CONFLICT (transport, domain_key) DO UPDATE
       SET expires_at = excluded.expires_at
     WHERE rate_limits.expires_at < $now",
);

static DELETE_EXPIRED: Statement = Statement::new(
    "
    DELETE FROM rate_limits
     WHERE (transport, domain_key) IN (
           SELECT transport, domain_key
             FROM rate_limits
            WHERE expires_at < $now
            LIMIT $limit
           {skip_locked})",
);

static WINDOWS: Statement = Statement::new(
    "
    SELECT transport, domain_key, warmup_started_at, warmup_total, windows, last_updates
      FROM rate_limits
     WHERE (transport, domain_key) IN (
           SELECT k.transport, k.domain_key
             FROM {json_rows $keys transport TEXT, domain_key TEXT} AS k)",
);

static CHANGE: Statement = Statement::new(
    "
    UPDATE rate_limits
       SET warmup_started_at = c.warmup_started_at,
           warmup_total = c.warmup_total,
           windows = c.windows,
           last_updates = c.last_updates,
           expires_at = c.expires_at
      FROM {json_rows $windows
               transport TEXT, domain_key TEXT, warmup_started_at INTEGER, warmup_total INTEGER,
               windows TEXT, last_updates TEXT, expires_at INTEGER} AS c
     WHERE rate_limits.transport = c.transport
       AND rate_limits.domain_key = c.domain_key",
);

/// All statements of this file.
pub(super) static STATEMENTS: &[&Statement] = &[&LOCK, &DELETE_EXPIRED, &WINDOWS, &CHANGE];

impl RateLimits<'_> {
    /// Takes quota from the limits of several keys in one transaction; the results have the order
    /// of the requests.
    ///
    /// Each request is taken independently; if one key allows a message and another does not, the
    /// caller must refund the quota.
    pub async fn take_quota(
        self,
        update: &UpdateId,
        requests: &[RateLimitRequest],
        now: Millis,
    ) -> StoreResult<Vec<TakenQuota>> {
        let keys = requests.iter().map(|request| request.key.clone()).collect();
        let work = |windows: &mut Windows| {
            let take = |request: &RateLimitRequest| {
                let stored = windows.entry(request.key.clone()).or_default();
                stored.result_of_repeat(update).unwrap_or_else(|| {
                    let taken = stored.window.take(
                        &request.limits,
                        request.warmup.as_ref(),
                        request.count,
                        now,
                    );
                    stored.record(update, taken);
                    taken
                })
            };
            requests.iter().map(take).collect()
        };
        self.update_windows(keys, now, work).await
    }

    /// Refunds unused quota in one transaction.
    pub async fn refund_quota(
        self,
        update: &UpdateId,
        refunds: &[Refund],
        now: Millis,
    ) -> StoreResult<()> {
        let keys = refunds.iter().map(|refund| refund.key.clone()).collect();
        let work = |windows: &mut Windows| {
            if windows.values().any(|stored| stored.result_of_repeat(update).is_some()) {
                return;
            }
            for Refund { key, count, quota_taken_at: taken_at } in refunds {
                let stored = windows.entry(key.clone()).or_default();
                stored.window.refund(*count, *taken_at);
                stored.record(update, TakenQuota { count: 0, next_at: now, at: now });
            }
        };
        self.update_windows(keys, now, work).await
    }

    /// Reads, changes and writes windows while no other node can change them.
    async fn update_windows<T>(
        self,
        mut keys: Vec<LimitKey>,
        now: Millis,
        work: impl FnOnce(&mut Windows) -> T,
    ) -> StoreResult<T> {
        keys.sort();
        keys.dedup();
        let keys = Json::from(keys.iter().map(LimitKey::to_json).collect::<Vec<_>>());
        let mut tx = self.store.begin().await?;
        let locked = tx
            .query(&LOCK)
            .bind("keys", keys.clone())
            .bind("expires_at", now.plus(NEW_ROW_TTL))
            .bind("now", now)
            .execute()
            .await?;
        if locked > 0 {
            tx.query(&DELETE_EXPIRED)
                .bind("now", now)
                .bind("limit", MAX_DELETED_ROWS)
                .execute()
                .await?;
        }
        let rows = tx.query(&WINDOWS).bind("keys", keys).fetch_with(window_from).await?;
        let mut windows: Windows = rows.into_iter().collect();
        let result = work(&mut windows);
        tx.query(&CHANGE).bind("windows", windows_json(&windows, now)?).execute().await?;
        tx.commit().await?;
        Ok(result)
    }
}

type Windows = BTreeMap<LimitKey, StoredWindow>;

/// Stored state of one key.
#[derive(Debug, Default)]
struct StoredWindow {
    window: SlidingWindow,
    /// Last update of each node: sequence number, messages taken, time of the next message, time of
    /// the update.
    last_updates: BTreeMap<String, (i64, i64, i64, i64)>,
}

impl StoredWindow {
    /// Returns the result of an update that was applied before.
    fn result_of_repeat(&self, update: &UpdateId) -> Option<TakenQuota> {
        let (_, count, next_at, at) =
            *self.last_updates.get(&update.node).filter(|last| last.0 == update.sequence)?;
        Some(TakenQuota { count, next_at: Millis(next_at), at: Millis(at) })
    }

    /// Records an update and removes those of nodes that made none for a day.
    fn record(&mut self, update: &UpdateId, TakenQuota { count, next_at, at }: TakenQuota) {
        self.last_updates.retain(|_, (_, _, _, updated_at)| *updated_at > at.plus(-DAY).0);
        self.last_updates.insert(update.node.clone(), (update.sequence, count, next_at.0, at.0));
    }
}

fn window_from(row: &Row) -> StoreResult<(LimitKey, StoredWindow)> {
    let (windows, last_updates): (String, String) = (row.get("windows")?, row.get("last_updates")?);
    let window = SlidingWindow {
        warmup_started_at: row.optional_time("warmup_started_at")?,
        warmup_total: row.get("warmup_total")?,
        windows: parse_json(&windows, "rate_limits.windows")?,
    };
    Ok((
        LimitKey { transport: row.get("transport")?, domain_key: row.get("domain_key")? },
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

fn windows_json(windows: &Windows, now: Millis) -> StoreResult<Json> {
    let text = |value: Result<String, serde_json::Error>| {
        value.map_err(|e| StoreError::InvalidValue { value: e.to_string(), column: "rate_limits" })
    };
    let row = |(key, StoredWindow { window, last_updates }): (&LimitKey, &StoredWindow)| {
        Ok(json!({
            "transport": key.transport,
            "domain_key": key.domain_key,
            "warmup_started_at": window.warmup_started_at.map(|at| at.0),
            "warmup_total": window.warmup_total,
            "windows": text(serde_json::to_string(&window.windows))?,
            "last_updates": text(serde_json::to_string(last_updates))?,
            "expires_at": window.expires_at(now).map(|at| at.0),
        }))
    };
    let rows: StoreResult<Vec<Json>> = windows.iter().map(row).collect();
    Ok(Json::from(rows?))
}
