//! Times that a wrong clock left in the database. A clock that was ahead leaves times in the
//! future, until which nothing would happen; one that was far behind leaves times before this
//! program existed, since which everything would be new.

pub(super) mod articles;
pub(super) mod webhooks;

use super::StoreResult;
use super::db::Statement;
use super::leases::LEASE_DURATION;
use super::operations::ClockFaults;
use crate::domain::time::{MINUTE, Millis, SignedDuration, as_millis_i64, multiply};

/// Tolerated difference between clocks; the clocks of nodes differ by less.
pub const CLOCK_TOLERANCE: SignedDuration = SignedDuration::from_mins(5);
/// Time before which no clock was correct: 2026-01-01, before the first release.
pub const EARLIEST_TIME: Millis = Millis(1_767_225_600_000);
/// Longest lease of a subscription at the hub (WebSub section 5.1).
const MAX_HUB_LEASE: SignedDuration = SignedDuration::from_hours(30 * 24);

/// Stores the latest time at which Courant ran, in `instance`.
static RECORD: Statement = Statement::new(
    "
    INSERT INTO instance (key, value)
    VALUES ('clock', $now)
    ON CONFLICT (key) DO UPDATE SET value = excluded.value",
);

static LAST_RUN: Statement =
    Statement::new("SELECT CAST(value AS BIGINT) AS at FROM instance WHERE key = 'clock'");

/// Stores the last entry of the audit log, whose times are evidence only once, since entries never
/// change.
static RECORD_AUDITED: Statement = Statement::new(
    "
    INSERT INTO instance (key, value)
    SELECT 'clock_audited', CAST(COALESCE(MAX(id), 0) AS TEXT) FROM audit_log WHERE TRUE
    ON CONFLICT (key) DO UPDATE SET value = excluded.value",
);

/// Times that only ever come from our own clock. The smallest and largest of articles are found by
/// an index.
static STORED_TIMES: Statement = Statement::new(
    "
    SELECT MIN(configured_at) AS earliest, MAX(configured_at) AS latest FROM digests
     UNION ALL
    SELECT NULL, MAX(processed_until) FROM digests
     UNION ALL
    SELECT MIN(selection_since), MAX(selection_since) FROM digests
     UNION ALL
    SELECT NULL, MAX(absent_since) FROM digests
     UNION ALL
    SELECT NULL, MAX(attempted_at) FROM sources
     UNION ALL
    SELECT NULL, MAX(succeeded_at) FROM sources
     UNION ALL
    SELECT NULL, MAX(terms_changed_at) FROM articles
     UNION ALL
    SELECT MIN(terms_changed_at), NULL FROM articles
     UNION ALL
    SELECT NULL, MAX(modified_at) FROM feed_versions
     UNION ALL
    SELECT NULL, MAX(at)
      FROM (SELECT id, at FROM audit_log ORDER BY id DESC LIMIT 100) AS newest
     WHERE id > COALESCE(
             (SELECT CAST(value AS BIGINT) FROM instance WHERE key = 'clock_audited'), 0)
     UNION ALL
    SELECT NULL, CAST(value AS BIGINT) FROM instance WHERE key = 'clock'",
);

static RESET_SOURCES: Statement = Statement::new(
    "
    UPDATE sources
       SET due_at = $now,
           attempted_at = CASE WHEN attempted_at > $now THEN NULL ELSE attempted_at END,
           succeeded_at = CASE WHEN succeeded_at > $now THEN NULL ELSE succeeded_at END,
           full_sync_at = CASE WHEN full_sync_at > $now THEN NULL ELSE full_sync_at END,
           failing_since = CASE WHEN failing_since > $now THEN $now ELSE failing_since END
     WHERE due_at > $now
        OR attempted_at > $now
        OR succeeded_at > $now",
);

static RESET_DIGESTS: Statement = Statement::new(
    "
    UPDATE digests
       SET configured_at = CASE
             WHEN configured_at NOT BETWEEN $earliest AND $now THEN $now ELSE configured_at END,
           processed_until = CASE
             WHEN processed_until NOT BETWEEN $earliest AND $now THEN $now ELSE processed_until END,
           selection_since = CASE
             WHEN selection_since NOT BETWEEN $earliest AND $now THEN $now ELSE selection_since END,
           absent_since = CASE
             WHEN absent_since NOT BETWEEN $earliest AND $now THEN $now ELSE absent_since END
     WHERE configured_at NOT BETWEEN $earliest AND $now
        OR processed_until NOT BETWEEN $earliest AND $now
        OR selection_since NOT BETWEEN $earliest AND $now
        OR absent_since NOT BETWEEN $earliest AND $now",
);

/// Frees the dates of editions that were created before their time, which would otherwise take the
/// place of those that are due then.
static FREE_DATES: Statement = Statement::new(
    "
    UPDATE editions
       SET schedule_date = NULL
     WHERE schedule_date > $now",
);

/// Keeps the order of the two times, which says whether a person asked again after unsubscribing.
static RESET_SUBSCRIPTIONS: Statement = Statement::new(
    "
    UPDATE subscriptions
       SET since = CASE WHEN since > $now THEN $now - 1 ELSE since END,
           requested_at = CASE
             WHEN requested_at <= $now THEN requested_at
             WHEN requested_at > since THEN $now
             ELSE $now - 1 END
     WHERE since > $now
        OR requested_at > $now",
);

/// Ends the validity of confirmation links when it ends for others.
static RESET_CONFIRMATIONS: Statement = Statement::new(
    "
    UPDATE deliveries
       SET created_at = $now
     WHERE subscriber_id IN (
           SELECT subscriber_id
             FROM subscriptions
            WHERE status IN ('pending', 'unsubscribed'))
       AND kind = 'confirmation'
       AND created_at > $now",
);

/// Versions without a later time than now, in whole seconds as in `Last-Modified`.
static RESET_FEED_VERSIONS: Statement = Statement::new(
    "
    UPDATE feed_versions
       SET modified_at = $now / 1000 * 1000
     WHERE modified_at > $now",
);

static RESET_TRANSPORT_FAILURES: Statement = Statement::new(
    "
    UPDATE transport_failures
       SET since = $now,
           retry_at = $now
     WHERE since > $now",
);

static RESET_SELECTION_ENTRIES: Statement = Statement::new(
    "
    UPDATE selection_entries
       SET entered_at = $now
     WHERE entered_at NOT BETWEEN $earliest AND $now",
);

static RESET_FIRST_ATTEMPTS: Statement = Statement::new(
    "
    UPDATE deliveries
       SET first_attempt_at = $now
     WHERE id IN (SELECT delivery_id FROM delivery_queue)
       AND first_attempt_at NOT BETWEEN $earliest AND $now",
);

/// Makes entries due that wait for a time in the future.
const RESET_DUE: &str = "
    UPDATE {table}
       SET due_at = $now
     WHERE due_at > $now";

static RESET_QUEUE: Statement = Statement::with(RESET_DUE, &[("table", "delivery_queue")]);
static RESET_PINGS: Statement = Statement::with(RESET_DUE, &[("table", "hub_pings")]);
static RESET_REQUESTS: Statement = Statement::with(RESET_DUE, &[("table", "hub_requests")]);
static RESET_PUSHES: Statement = Statement::with(RESET_DUE, &[("table", "hub_subscriptions")]);
static RESET_UPLOADS: Statement = Statement::with(RESET_DUE, &[("table", "publications")]);

static RESET_EXPIRY: Statement = Statement::new(
    "
    UPDATE hub_subscriptions
       SET expires_at = $latest_expiry
     WHERE expires_at > $latest_expiry",
);

/// Ends leases that last longer than any that a correct clock gives.
const RESET_LEASES: &str = "
    UPDATE {table}
       SET lease_until = 0
     WHERE lease_until > {now} + $longest";

static RESET_BATCH_LEASES: Statement =
    Statement::with(RESET_LEASES, &[("table", "delivery_batches")]);
static RESET_QUEUE_LEASES: Statement =
    Statement::with(RESET_LEASES, &[("table", "delivery_queue")]);
static RESET_PING_LEASES: Statement = Statement::with(RESET_LEASES, &[("table", "hub_pings")]);
static RESET_REQUEST_LEASES: Statement =
    Statement::with(RESET_LEASES, &[("table", "hub_requests")]);
static RESET_PUSH_LEASES: Statement =
    Statement::with(RESET_LEASES, &[("table", "hub_subscriptions")]);
static RESET_UPLOAD_LEASES: Statement = Statement::with(RESET_LEASES, &[("table", "publications")]);

/// All statements of this file.
pub(super) static STATEMENTS: &[&Statement] = &[
    &RECORD,
    &LAST_RUN,
    &RECORD_AUDITED,
    &STORED_TIMES,
    &RESET_SOURCES,
    &RESET_DIGESTS,
    &FREE_DATES,
    &RESET_SUBSCRIPTIONS,
    &RESET_CONFIRMATIONS,
    &RESET_FEED_VERSIONS,
    &RESET_TRANSPORT_FAILURES,
    &RESET_SELECTION_ENTRIES,
    &RESET_FIRST_ATTEMPTS,
    &RESET_QUEUE,
    &RESET_PINGS,
    &RESET_REQUESTS,
    &RESET_PUSHES,
    &RESET_UPLOADS,
    &RESET_EXPIRY,
    &RESET_BATCH_LEASES,
    &RESET_QUEUE_LEASES,
    &RESET_PING_LEASES,
    &RESET_REQUEST_LEASES,
    &RESET_PUSH_LEASES,
    &RESET_UPLOAD_LEASES,
];

/// Resets that need the current time only, with what each concerns.
static RESETS_TO_NOW: &[(&str, &Statement)] = &[
    ("polls of sources", &RESET_SOURCES),
    ("dates of editions", &FREE_DATES),
    ("retries of messages", &RESET_QUEUE),
    ("pings of hubs", &RESET_PINGS),
    ("requests of hub subscribers", &RESET_REQUESTS),
    ("pushes to hub subscribers", &RESET_PUSHES),
    ("uploads", &RESET_UPLOADS),
    ("subscriptions", &RESET_SUBSCRIPTIONS),
    ("confirmation messages", &RESET_CONFIRMATIONS),
    ("versions of feeds", &RESET_FEED_VERSIONS),
    ("failures of relays", &RESET_TRANSPORT_FAILURES),
];

/// Resets of times that must also not be too early.
static RESETS_OF_RANGES: &[(&str, &Statement)] = &[
    ("schedules of digests", &RESET_DIGESTS),
    ("selection entries", &RESET_SELECTION_ENTRIES),
    ("first attempts of messages", &RESET_FIRST_ATTEMPTS),
];

static LEASE_RESETS: &[&Statement] = &[
    &RESET_BATCH_LEASES,
    &RESET_QUEUE_LEASES,
    &RESET_PING_LEASES,
    &RESET_REQUEST_LEASES,
    &RESET_PUSH_LEASES,
    &RESET_UPLOAD_LEASES,
];

/// Fault of the clock that stored times show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClockFault {
    /// The latest time in the future; without one, the earliest.
    pub example_time: Millis,
    /// Kinds of times that were reset, with the number of rows of each.
    pub reset: Vec<(&'static str, u64)>,
}

impl ClockFaults<'_> {
    /// Stores the time at which Courant last ran, so that a clock that goes back is noticed.
    pub async fn record_last_run(self, now: Millis) -> StoreResult<()> {
        self.store.write(&RECORD).bind("now", now.0.to_string()).execute().await?;
        Ok(())
    }

    /// Returns the time at which Courant last ran, if it ever did.
    pub async fn last_run(self) -> StoreResult<Option<Millis>> {
        let at: Option<i64> = self.store.read(&LAST_RUN).fetch_optional_scalar().await?;
        Ok(at.map(Millis))
    }

    /// Returns a stored time that only a wrong clock can have left, if there is one.
    pub async fn find(self, now: Millis) -> StoreResult<Option<Millis>> {
        if now < EARLIEST_TIME {
            // The clock is wrong now, so that it cannot tell which times are.
            return Ok(None);
        }
        let times: Vec<(Option<Millis>, Option<Millis>)> = self
            .store
            .read(&STORED_TIMES)
            .fetch_with(|row| Ok((row.optional_time("earliest")?, row.optional_time("latest")?)))
            .await?;
        let latest = times.iter().filter_map(|(_, latest)| *latest).max();
        let earliest = times.iter().filter_map(|(earliest, _)| *earliest).min();
        Ok(latest
            .filter(|latest| *latest > now.plus(CLOCK_TOLERANCE))
            .or(earliest.filter(|earliest| *earliest < EARLIEST_TIME)))
    }

    /// Resets all times that only a wrong clock can have left; returns `None` if there are none.
    pub async fn reset(self, now: Millis) -> StoreResult<Option<ClockFault>> {
        let Some(example_time) = self.find(now).await? else { return Ok(None) };
        let (mut tx, mut reset) = (self.store.begin().await?, Vec::new());
        for (what, statement) in RESETS_TO_NOW {
            let rows = tx.query(statement).bind("now", now).execute().await?;
            reset.push((*what, rows));
        }
        for (what, statement) in RESETS_OF_RANGES {
            let query = tx.query(statement).bind("now", now);
            let rows = query.bind("earliest", EARLIEST_TIME).execute().await?;
            reset.push((*what, rows));
        }
        let latest_expiry = now.plus(MAX_HUB_LEASE);
        tx.query(&RESET_EXPIRY).bind("latest_expiry", latest_expiry).execute().await?;
        let longest = as_millis_i64(multiply(LEASE_DURATION, 2).max(MINUTE));
        for statement in LEASE_RESETS {
            tx.query(statement).bind("longest", longest).execute().await?;
        }
        tx.query(&RECORD).bind("now", now.0.to_string()).execute().await?;
        tx.query(&RECORD_AUDITED).execute().await?;
        reset.push(("events for webhooks", webhooks::reset(&mut tx, now).await?));
        // Last, because it locks the version of the articles until the commit.
        reset.push(("articles", articles::reset(&mut tx, EARLIEST_TIME, now).await?));
        tx.commit().await?;
        self.store.article_changes().notify();
        reset.retain(|(_, rows)| *rows > 0);
        Ok(Some(ClockFault { example_time, reset }))
    }
}
