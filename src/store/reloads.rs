//! Requests to reload the configuration, and their results at each node.

use jiff::SignedDuration;

use super::StoreResult;
use super::audit_log::{self, NewAuditEntry};
use super::db::{FromRow, Row, Statement, Tx};
use super::operations::Reloads;
use crate::domain::actor::Actor;
use crate::domain::audit::{AuditAction, AuditObject};
use crate::domain::time::Millis;

/// Result of a request at one node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReloadResult {
    /// Process that answered, with its listen address.
    pub node: String,
    /// Reason why the old configuration stays in force, if it does.
    pub error: Option<String>,
}

/// Time for which requests and their results are kept.
const MAX_AGE: SignedDuration = SignedDuration::from_hours(30 * 24);

static ADD: Statement = Statement::new(
    "INSERT INTO reload_requests (requested_at) VALUES ($requested_at) RETURNING id",
);

static DELETE_RESULTS: Statement = Statement::new(
    "
    DELETE FROM reload_results
     WHERE request_id IN (SELECT id FROM reload_requests WHERE requested_at < $before)",
);

static DELETE_REQUESTS: Statement =
    Statement::new("DELETE FROM reload_requests WHERE requested_at < $before");

static NEWEST: Statement = Statement::new("SELECT COALESCE(MAX(id), 0) FROM reload_requests");

static REQUESTED_AT: Statement =
    Statement::new("SELECT requested_at FROM reload_requests WHERE id = $request");

static ADD_RESULTS: Statement = Statement::new(
    "
    INSERT INTO reload_results (request_id, node, finished_at, error)
    SELECT id, $node, $finished_at, $error
      FROM reload_requests
     WHERE id > $after
       AND id <= $newest
    ON CONFLICT (request_id, node) DO NOTHING",
);

static RESULTS: Statement = Statement::new(
    "
    SELECT node, error
      FROM reload_results
     WHERE request_id = $request
     ORDER BY finished_at, node",
);

/// All statements of this file.
pub(super) static STATEMENTS: &[&Statement] =
    &[&ADD, &DELETE_RESULTS, &DELETE_REQUESTS, &NEWEST, &REQUESTED_AT, &ADD_RESULTS, &RESULTS];

impl FromRow for ReloadResult {
    fn from_row(row: &Row) -> StoreResult<Self> {
        Ok(Self { node: row.get("node")?, error: row.get("error")? })
    }
}

/// Asks every node to reload its configuration, once the transaction is committed; returns the id of the
/// request. Requests of more than thirty days ago are deleted.
pub(super) async fn add_request(tx: &mut Tx, actor: &Actor, now: Millis) -> StoreResult<i64> {
    let id: i64 = tx.query(&ADD).bind("requested_at", now).fetch_scalar().await?;
    let entry = NewAuditEntry::new(actor, AuditAction::Reload, AuditObject::Config, "");
    audit_log::record(tx, entry, now).await?;
    // The new request stays, so that the newest id never becomes smaller.
    for statement in [&DELETE_RESULTS, &DELETE_REQUESTS] {
        tx.query(statement).bind("before", now.plus(-MAX_AGE)).execute().await?;
    }
    Ok(id)
}

impl Reloads<'_> {
    /// Asks every node to reload its configuration; returns the id of the request.
    pub async fn request(self, actor: &Actor, now: Millis) -> StoreResult<i64> {
        let mut tx = self.store.begin().await?;
        let id = add_request(&mut tx, actor, now).await?;
        tx.commit().await?;
        Ok(id)
    }

    /// Returns the id of the newest request, 0 if there is none.
    pub async fn newest_request(self) -> StoreResult<i64> {
        self.store.read(&NEWEST).fetch_scalar().await
    }

    /// Returns the time of a request, if there is one with this id.
    pub async fn requested_at(self, request: i64) -> StoreResult<Option<Millis>> {
        let query = self.store.read(&REQUESTED_AT).bind("request", request);
        Ok(query.fetch_optional_scalar::<i64>().await?.map(Millis))
    }

    /// Records the result at a node of all requests after `after`, up to `newest`.
    pub async fn record_results(
        self,
        after: i64,
        newest: i64,
        node: &str,
        error: Option<String>,
        now: Millis,
    ) -> StoreResult<()> {
        self.store
            .write(&ADD_RESULTS)
            .bind("after", after)
            .bind("newest", newest)
            .bind("node", node)
            .bind("finished_at", now)
            .bind("error", error)
            .execute()
            .await?;
        Ok(())
    }

    /// Returns the results of a request so far, in the order of their arrival.
    pub async fn results(self, request: i64) -> StoreResult<Vec<ReloadResult>> {
        self.store.read(&RESULTS).bind("request", request).fetch_all().await
    }
}
