//! Deliveries of an edition with their recipients and the replies of the relay.

use super::StoreResult;
use super::db::{FromRow, Row, Statement};
use super::operations::Editions;
use crate::domain::delivery::DeliveryState;
use crate::domain::page::{Page, PageRequest};
use crate::domain::time::Millis;

/// Delivery of an edition to one recipient.
#[derive(Debug, Clone)]
pub struct EditionDelivery {
    /// Id of the delivery.
    pub id: i64,
    /// E-mail address of the recipient.
    pub address: String,
    /// Name of the recipient, if known.
    pub name: Option<String>,
    /// State of the delivery.
    pub state: DeliveryState,
    /// Number of completed attempts.
    pub attempts: i64,
    /// Last reply of the relay, or the local error.
    pub last_reply: Option<String>,
    /// Time at which the delivery ended.
    pub ended_at: Option<Millis>,
}

/// Condition that a batch `b` contains the delivery `$after` or later ones. Batches and deliveries are created
/// in the same order.
const BATCH_AFTER: &str = "b.edition_id = $edition
       AND b.id >= COALESCE((SELECT a.batch_id FROM deliveries a WHERE a.id = $after), 0)";

/// Without `$all`, only what was not sent: ended otherwise, or waiting after an attempt. Batches whose stored
/// counts lack these states are skipped.
static LIST: Statement = Statement::with(
    "
    SELECT d.id, d.address, d.name, d.state, d.attempts, d.last_reply, d.ended_at
      FROM delivery_batches b
      JOIN deliveries d ON d.batch_id = b.id
     WHERE {batch_after}
       AND ($all
            OR b.counts IS NULL
            OR b.counts LIKE '%failed%'
            OR b.counts LIKE '%held%'
            OR b.counts LIKE '%cancelled%'
            OR b.counts LIKE '%bounced%')
       AND d.id > $after
       AND ($all
            OR d.state IN ('failed', 'held', 'cancelled', 'bounced')
            OR (d.state = 'queued' AND d.attempts > 0))
     ORDER BY b.id, d.id
     LIMIT $limit",
    &[("batch_after", BATCH_AFTER)],
);

/// Batches whose stored counts lack the state are skipped.
static LIST_IN_STATE: Statement = Statement::with(
    "
    SELECT d.id, d.address, d.name, d.state, d.attempts, d.last_reply, d.ended_at
      FROM delivery_batches b
      JOIN deliveries d ON d.batch_id = b.id
     WHERE {batch_after}
       AND (b.counts IS NULL OR b.counts LIKE '%' || CAST($state AS TEXT) || '%')
       AND d.id > $after
       AND d.state = $state
     ORDER BY b.id, d.id
     LIMIT $limit",
    &[("batch_after", BATCH_AFTER)],
);

static TO_SUBSCRIBER: Statement = Statement::new(
    "
    SELECT id, address, name, state, attempts, last_reply, ended_at
      FROM deliveries
     WHERE subscriber_id = $subscriber
       AND edition_id = $edition
     ORDER BY id
     LIMIT 1",
);

/// All statements of this file.
pub(super) static STATEMENTS: &[&Statement] = &[&LIST, &LIST_IN_STATE, &TO_SUBSCRIBER];

impl FromRow for EditionDelivery {
    fn from_row(row: &Row) -> StoreResult<Self> {
        Ok(Self {
            id: row.get("id")?,
            address: row.get("address")?,
            name: row.get("name")?,
            state: row.enum_value("deliveries.state", |word| word.parse().ok())?,
            attempts: row.get("attempts")?,
            last_reply: row.get("last_reply")?,
            ended_at: row.optional_time("ended_at")?,
        })
    }
}

impl Editions<'_> {
    /// Returns a page of the deliveries of an edition in one state.
    pub async fn deliveries_in(
        self,
        edition: i64,
        state: DeliveryState,
        page: &PageRequest,
    ) -> StoreResult<Page<EditionDelivery>> {
        self.store
            .read(&LIST_IN_STATE)
            .bind("edition", edition)
            .bind("after", page.key_or(0_i64)?)
            .bind("state", state.as_str())
            .fetch_page(page, |d: &EditionDelivery| d.id)
            .await
    }

    /// Returns the delivery of an edition to a subscriber, if there is one.
    pub async fn delivery_to(
        self,
        edition: i64,
        subscriber: i64,
    ) -> StoreResult<Option<EditionDelivery>> {
        let query = self.store.read(&TO_SUBSCRIBER).bind("edition", edition);
        query.bind("subscriber", subscriber).fetch_optional().await
    }

    /// Returns a page of the deliveries of an edition: all, or those that were not sent.
    pub async fn deliveries(
        self,
        edition: i64,
        all: bool,
        page: &PageRequest,
    ) -> StoreResult<Page<EditionDelivery>> {
        self.store
            .read(&LIST)
            .bind("edition", edition)
            .bind("all", all)
            .bind("after", page.key_or(0_i64)?)
            .fetch_page(page, |d: &EditionDelivery| d.id)
            .await
    }
}
