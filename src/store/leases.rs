//! Leases: the tables whose rows nodes lease, and the leases of batches and of entries of
//! the delivery queue.

use super::StoreResult;
use super::db::{Statement, Tx};
use super::operations::Leases;
use crate::domain::time::{SignedDuration, as_millis_i64};

/// Duration of a lease without renewal; other nodes take over the work of a dead node within
/// twice this time.
pub const LEASE_DURATION: SignedDuration = SignedDuration::from_secs(12);
/// Minimum remaining lease for the start of a message, so that no other node takes over the
/// delivery at the same moment.
pub(crate) const MIN_REMAINING_LEASE: SignedDuration = SignedDuration::from_secs(2);

/// Condition that no node leases a row of `{row}`, the name or alias of a leased table.
pub(super) const UNLEASED: &str = "({row}.lease_node IS NULL OR {row}.lease_until < {now})";
/// Assignments that release the lease of a row.
pub(super) const RELEASED: &str = "lease_node = NULL, lease_until = 0";

/// Table whose rows nodes lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LeasedTable {
    DeliveryBatches,
    DeliveryQueue,
    HubPings,
    HubRequests,
    HubSubscriptions,
    Publications,
}

/// Fragments of the statements that are the same for each leased table.
type Fragments = [(&'static str, &'static str); 2];

const fn fragments(table: &'static str) -> Fragments {
    [("table", table), ("released", RELEASED)]
}

pub(super) const BATCHES: &Fragments = &fragments("delivery_batches");
pub(super) const QUEUE: &Fragments = &fragments("delivery_queue");
pub(super) const PINGS: &Fragments = &fragments("hub_pings");
pub(super) const REQUESTS: &Fragments = &fragments("hub_requests");
pub(super) const SUBSCRIPTIONS: &Fragments = &fragments("hub_subscriptions");
pub(super) const PUBLICATIONS: &Fragments = &fragments("publications");

/// Releases all leases of a node.
const RELEASE: &str = "
    UPDATE {table}
       SET {released}
     WHERE lease_node = $node";

static RELEASE_BATCHES: Statement = Statement::with(RELEASE, BATCHES);
static RELEASE_QUEUE: Statement = Statement::with(RELEASE, QUEUE);
static RELEASE_PINGS: Statement = Statement::with(RELEASE, PINGS);
static RELEASE_REQUESTS: Statement = Statement::with(RELEASE, REQUESTS);
static RELEASE_SUBSCRIPTIONS: Statement = Statement::with(RELEASE, SUBSCRIPTIONS);
static RELEASE_PUBLICATIONS: Statement = Statement::with(RELEASE, PUBLICATIONS);

/// Expires the leases of all nodes.
const EXPIRE: &str = "
    UPDATE {table}
       SET lease_until = 0
     WHERE lease_node IS NOT NULL";

/// Expires the leases of all nodes on batches that are not done.
static EXPIRE_BATCHES: Statement = Statement::new(
    "
    UPDATE delivery_batches
       SET lease_until = 0
     WHERE NOT done
       AND lease_node IS NOT NULL",
);

static EXPIRE_QUEUE: Statement = Statement::with(EXPIRE, QUEUE);
static EXPIRE_PINGS: Statement = Statement::with(EXPIRE, PINGS);
static EXPIRE_REQUESTS: Statement = Statement::with(EXPIRE, REQUESTS);
static EXPIRE_SUBSCRIPTIONS: Statement = Statement::with(EXPIRE, SUBSCRIPTIONS);
static EXPIRE_PUBLICATIONS: Statement = Statement::with(EXPIRE, PUBLICATIONS);

/// Renews all leases of a node.
const RENEW: &str = "
    UPDATE {table}
       SET lease_until = {now} + $lease
     WHERE lease_node = $node";

static RENEW_BATCHES: Statement = Statement::with(RENEW, BATCHES);
static RENEW_QUEUE: Statement = Statement::with(RENEW, QUEUE);

/// Releases a batch, which is done if no delivery is left that would be leased with it.
static RELEASE_BATCH: Statement = Statement::with(
    "
    UPDATE delivery_batches
       SET {released},
           done = NOT EXISTS (
               SELECT 1
                 FROM deliveries d
                WHERE d.batch_id = delivery_batches.id
                  AND d.state IN ('queued', 'sending')
                  AND NOT EXISTS (SELECT 1 FROM delivery_queue w WHERE w.delivery_id = d.id))
     WHERE id = $batch
       AND lease_node = $node",
    &[("released", RELEASED)],
);

static RELEASE_ENTRIES: Statement = Statement::with(
    "
    UPDATE delivery_queue
       SET {released}
     WHERE lease_node = $node
       AND delivery_id IN {json_ids $deliveries}",
    &[("released", RELEASED)],
);

/// Condition on batches of these transports that a run of this node left behind.
const ABANDONED_BATCH: &str = "NOT done
       AND lease_node = $node
       AND edition_id IN (SELECT id FROM editions WHERE transport IN {json_texts $transports})
       AND id NOT IN {json_ids $batches}";

/// Condition on entries of the delivery queue that a run of this node left behind.
const ABANDONED_ENTRY: &str = "transport IN {json_texts $transports}
       AND lease_node = $node
       AND delivery_id NOT IN {json_ids $queue_entries}";

static HAS_ABANDONED: Statement = Statement::with(
    "
    SELECT CAST(1 AS BIGINT) AS found
      FROM delivery_batches
     WHERE {abandoned_batch}
     UNION ALL
    SELECT CAST(1 AS BIGINT) AS found
      FROM delivery_queue
     WHERE {abandoned_entry}
     LIMIT 1",
    &[("abandoned_batch", ABANDONED_BATCH), ("abandoned_entry", ABANDONED_ENTRY)],
);

static RELEASE_ABANDONED_BATCHES: Statement = Statement::with(
    "
    UPDATE delivery_batches
       SET {released}
     WHERE {abandoned_batch}",
    &[("released", RELEASED), ("abandoned_batch", ABANDONED_BATCH)],
);

static RELEASE_ABANDONED_ENTRIES: Statement = Statement::with(
    "
    UPDATE delivery_queue
       SET {released}
     WHERE {abandoned_entry}",
    &[("released", RELEASED), ("abandoned_entry", ABANDONED_ENTRY)],
);

/// All statements of this file.
pub(super) static STATEMENTS: &[&Statement] = &[
    &RELEASE_BATCHES,
    &RELEASE_QUEUE,
    &RELEASE_PINGS,
    &RELEASE_REQUESTS,
    &RELEASE_SUBSCRIPTIONS,
    &RELEASE_PUBLICATIONS,
    &EXPIRE_BATCHES,
    &EXPIRE_QUEUE,
    &EXPIRE_PINGS,
    &EXPIRE_REQUESTS,
    &EXPIRE_SUBSCRIPTIONS,
    &EXPIRE_PUBLICATIONS,
    &RENEW_BATCHES,
    &RENEW_QUEUE,
    &RELEASE_BATCH,
    &RELEASE_ENTRIES,
    &HAS_ABANDONED,
    &RELEASE_ABANDONED_BATCHES,
    &RELEASE_ABANDONED_ENTRIES,
];

impl LeasedTable {
    /// All tables, in the order in which a transaction locks their rows.
    const ALL: [Self; 6] = [
        Self::DeliveryBatches,
        Self::DeliveryQueue,
        Self::HubPings,
        Self::HubRequests,
        Self::HubSubscriptions,
        Self::Publications,
    ];

    /// Releases all leases of a node on rows of the table.
    pub(super) async fn release(self, tx: &mut Tx, node: &str) -> StoreResult<()> {
        let statement = match self {
            Self::DeliveryBatches => &RELEASE_BATCHES,
            Self::DeliveryQueue => &RELEASE_QUEUE,
            Self::HubPings => &RELEASE_PINGS,
            Self::HubRequests => &RELEASE_REQUESTS,
            Self::HubSubscriptions => &RELEASE_SUBSCRIPTIONS,
            Self::Publications => &RELEASE_PUBLICATIONS,
        };
        tx.query(statement).bind("node", node).execute().await?;
        Ok(())
    }

    /// Expires the leases of all nodes on rows of the table.
    async fn expire(self, tx: &mut Tx) -> StoreResult<()> {
        let statement = match self {
            Self::DeliveryBatches => &EXPIRE_BATCHES,
            Self::DeliveryQueue => &EXPIRE_QUEUE,
            Self::HubPings => &EXPIRE_PINGS,
            Self::HubRequests => &EXPIRE_REQUESTS,
            Self::HubSubscriptions => &EXPIRE_SUBSCRIPTIONS,
            Self::Publications => &EXPIRE_PUBLICATIONS,
        };
        tx.query(statement).execute().await?;
        Ok(())
    }
}

impl Leases<'_> {
    /// Expires all leases; for SQLite, where the holder of the lock is the only sender.
    pub async fn expire_all(self) -> StoreResult<()> {
        let mut tx = self.store.begin().await?;
        for table in LeasedTable::ALL {
            table.expire(&mut tx).await?;
        }
        tx.commit().await
    }

    /// Releases a batch; it is done if no delivery is left that would be leased with it.
    pub async fn release_batch(self, batch: i64, node: &str) -> StoreResult<()> {
        self.store.write(&RELEASE_BATCH).bind("batch", batch).bind("node", node).execute().await?;
        Ok(())
    }

    /// Releases the leases of this node on deliveries of these transports except `batches` and
    /// `queue_entries`, which are in use; the others were left by a run that crashed.
    pub async fn release_abandoned(
        self,
        transports: &[String],
        node: &str,
        batches: &[i64],
        queue_entries: &[i64],
    ) -> StoreResult<()> {
        let any = self
            .store
            .read(&HAS_ABANDONED)
            .bind("transports", transports)
            .bind("node", node)
            .bind("batches", batches)
            .bind("queue_entries", queue_entries)
            .exists()
            .await?;
        if !any {
            return Ok(());
        }
        let mut tx = self.store.begin().await?;
        tx.query(&RELEASE_ABANDONED_BATCHES)
            .bind("transports", transports)
            .bind("node", node)
            .bind("batches", batches)
            .execute()
            .await?;
        tx.query(&RELEASE_ABANDONED_ENTRIES)
            .bind("transports", transports)
            .bind("node", node)
            .bind("queue_entries", queue_entries)
            .execute()
            .await?;
        tx.commit().await
    }

    /// Releases these entries of the delivery queue.
    pub async fn release_queue_entries(self, deliveries: &[i64], node: &str) -> StoreResult<()> {
        let release = self.store.write(&RELEASE_ENTRIES);
        release.bind("deliveries", deliveries).bind("node", node).execute().await?;
        Ok(())
    }

    /// Renews all leases of a node on batches and entries of the delivery queue.
    pub async fn renew(self, node: &str) -> StoreResult<()> {
        let mut tx = self.store.begin().await?;
        for renew in [&RENEW_BATCHES, &RENEW_QUEUE] {
            tx.query(renew)
                .bind("node", node)
                .bind("lease", as_millis_i64(LEASE_DURATION))
                .execute()
                .await?;
        }
        tx.commit().await
    }

    /// Releases all leases of a node on batches and entries of the delivery queue at its graceful shutdown.
    pub async fn release(self, node: &str) -> StoreResult<()> {
        let mut tx = self.store.begin().await?;
        LeasedTable::DeliveryBatches.release(&mut tx, node).await?;
        LeasedTable::DeliveryQueue.release(&mut tx, node).await?;
        tx.commit().await
    }
}
