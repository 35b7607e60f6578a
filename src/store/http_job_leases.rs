//! Leases of outgoing HTTP jobs: hub pings, hub requests, pushes and uploads.

use super::StoreResult;
use super::db::Statement;
use super::leases::{LEASE_DURATION, LeasedTable, PINGS, PUBLICATIONS, REQUESTS, SUBSCRIPTIONS};
use super::operations::HttpJobLeases;
use crate::domain::time::{Millis, as_millis_i64};

/// Kind of an outgoing HTTP job; the jobs of each kind are leased in a table of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HttpJobKind {
    /// Notification of an external hub about a changed document.
    Ping,
    /// Verification of intent: a request to a callback to confirm a subscription (WebSub section
    /// 5.3).
    Verify,
    /// Content distribution: a push of a new version to a subscriber (WebSub section 7).
    Push,
    /// Upload of a file to a publishing destination.
    Publish,
}

/// Renews the leases of a node on some rows.
const RENEW: &str = "
    UPDATE {table}
       SET lease_until = {now} + $lease
     WHERE lease_node = $node
       AND id IN {json_ids $ids}";

static RENEW_PINGS: Statement = Statement::with(RENEW, PINGS);
static RENEW_REQUESTS: Statement = Statement::with(RENEW, REQUESTS);
static RENEW_SUBSCRIPTIONS: Statement = Statement::with(RENEW, SUBSCRIPTIONS);
static RENEW_PUBLICATIONS: Statement = Statement::with(RENEW, PUBLICATIONS);

/// Counts a failed attempt and releases the row until it is due again.
const DELAY: &str = "
    UPDATE {table}
       SET attempts = attempts + 1, due_at = $until, {released}
     WHERE id = $id
       AND lease_node = $node";

static DELAY_PING: Statement = Statement::with(DELAY, PINGS);
static DELAY_REQUEST: Statement = Statement::with(DELAY, REQUESTS);
static DELAY_SUBSCRIPTION: Statement = Statement::with(DELAY, SUBSCRIPTIONS);
static DELAY_PUBLICATION: Statement = Statement::with(DELAY, PUBLICATIONS);

/// All statements of this file.
pub(super) static STATEMENTS: &[&Statement] = &[
    &RENEW_PINGS,
    &RENEW_REQUESTS,
    &RENEW_SUBSCRIPTIONS,
    &RENEW_PUBLICATIONS,
    &DELAY_PING,
    &DELAY_REQUEST,
    &DELAY_SUBSCRIPTION,
    &DELAY_PUBLICATION,
];

impl HttpJobKind {
    /// All kinds of jobs.
    pub const ALL: [Self; 4] = [Self::Ping, Self::Verify, Self::Push, Self::Publish];

    fn table(self) -> LeasedTable {
        match self {
            Self::Ping => LeasedTable::HubPings,
            Self::Verify => LeasedTable::HubRequests,
            Self::Push => LeasedTable::HubSubscriptions,
            Self::Publish => LeasedTable::Publications,
        }
    }

    fn renew(self) -> &'static Statement {
        match self {
            Self::Ping => &RENEW_PINGS,
            Self::Verify => &RENEW_REQUESTS,
            Self::Push => &RENEW_SUBSCRIPTIONS,
            Self::Publish => &RENEW_PUBLICATIONS,
        }
    }

    fn delay(self) -> &'static Statement {
        match self {
            Self::Ping => &DELAY_PING,
            Self::Verify => &DELAY_REQUEST,
            Self::Push => &DELAY_SUBSCRIPTION,
            Self::Publish => &DELAY_PUBLICATION,
        }
    }
}

impl HttpJobLeases<'_> {
    /// Renews the leases of a node on these jobs.
    pub async fn renew(self, node: &str, held: &[(HttpJobKind, Vec<i64>)]) -> StoreResult<()> {
        let mut tx = self.store.begin().await?;
        for (kind, ids) in held.iter().filter(|(_, ids)| !ids.is_empty()) {
            tx.query(kind.renew())
                .bind("node", node)
                .bind("ids", ids.as_slice())
                .bind("lease", as_millis_i64(LEASE_DURATION))
                .execute()
                .await?;
        }
        tx.commit().await
    }

    /// Releases all job leases of a node at its graceful shutdown.
    pub async fn release(self, node: &str) -> StoreResult<()> {
        let mut tx = self.store.begin().await?;
        for kind in HttpJobKind::ALL {
            kind.table().release(&mut tx, node).await?;
        }
        tx.commit().await
    }

    /// Postpones a job after a failed attempt.
    pub async fn delay_job(
        self,
        node: &str,
        kind: HttpJobKind,
        id: i64,
        until: Millis,
    ) -> StoreResult<()> {
        self.store
            .write(kind.delay())
            .bind("id", id)
            .bind("node", node)
            .bind("until", until)
            .execute()
            .await?;
        Ok(())
    }
}
