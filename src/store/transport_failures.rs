//! Relays that fail: stored while they do, so that other processes can report them.

use super::StoreResult;
use super::db::{FromRow, Row, Statement};
use super::operations::TransportFailures;
use crate::domain::time::Millis;

/// Failure of the relay of a transport, until it accepts a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransportFailure {
    /// Name of the transport.
    pub transport: String,
    /// Number of consecutive failures.
    pub failures: i64,
    /// Error of the last one, as a sentence.
    pub error: String,
    /// Time of the first of them.
    pub since: Millis,
    /// End of the backoff, before which nothing is sent.
    pub retry_at: Millis,
}

/// Keeps the earlier time, since a node that starts counts from its own first failure.
static RECORD: Statement = Statement::new(
    "
    INSERT INTO transport_failures (transport, failures, error, since, retry_at)
    VALUES ($transport, $failures, $error, $since, $retry_at)
    ON CONFLICT (transport) DO UPDATE
       SET failures = excluded.failures,
           error = excluded.error,
           retry_at = excluded.retry_at,
           since = CASE
             WHEN transport_failures.since < excluded.since THEN transport_failures.since
             ELSE excluded.since END",
);

static CLEAR: Statement =
    Statement::new("DELETE FROM transport_failures WHERE transport = $transport");

static LIST: Statement = Statement::new(
    "
    SELECT transport, failures, error, since, retry_at
      FROM transport_failures
     ORDER BY since, transport",
);

/// All statements of this file.
pub(super) static STATEMENTS: &[&Statement] = &[&RECORD, &CLEAR, &LIST];

impl FromRow for TransportFailure {
    fn from_row(row: &Row) -> StoreResult<Self> {
        Ok(Self {
            transport: row.get("transport")?,
            failures: row.get("failures")?,
            error: row.get("error")?,
            since: row.time("since")?,
            retry_at: row.time("retry_at")?,
        })
    }
}

impl TransportFailures<'_> {
    /// Stores the failure of a transport; one that was stored already keeps its first time.
    pub async fn record(self, failure: &TransportFailure) -> StoreResult<()> {
        self.store
            .write(&RECORD)
            .bind("transport", &failure.transport)
            .bind("failures", failure.failures)
            .bind("error", failure.error.replace('\0', ""))
            .bind("since", failure.since)
            .bind("retry_at", failure.retry_at)
            .execute()
            .await?;
        Ok(())
    }

    /// Deletes the failure of a transport whose relay works again.
    pub async fn clear(self, transport: &str) -> StoreResult<()> {
        self.store.write(&CLEAR).bind("transport", transport).execute().await?;
        Ok(())
    }

    /// Returns the failures of all transports, longest first.
    pub async fn list(self) -> StoreResult<Vec<TransportFailure>> {
        self.store.read(&LIST).fetch_all().await
    }
}
