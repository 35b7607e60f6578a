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

/// Without `$all`, only what was not sent: ended otherwise, or waiting after an attempt.
static LIST: Statement = Statement::new(
    "
    SELECT d.id, d.address, d.name, d.state, d.attempts, d.last_reply, d.ended_at
      FROM delivery_batches b
      JOIN deliveries d ON d.batch_id = b.id
     WHERE b.edition_id = $edition
       AND d.id > $after
       AND ($all
            OR d.state IN ('failed', 'held', 'cancelled', 'bounced')
            OR (d.state = 'queued' AND d.attempts > 0))
     ORDER BY d.id
     LIMIT $limit",
);

static LIST_IN_STATE: Statement = Statement::new(
    "
    SELECT d.id, d.address, d.name, d.state, d.attempts, d.last_reply, d.ended_at
      FROM delivery_batches b
      JOIN deliveries d ON d.batch_id = b.id
     WHERE b.edition_id = $edition
       AND d.id > $after
       AND d.state = $state
     ORDER BY d.id
     LIMIT $limit",
);

/// All statements of this file.
pub(super) static STATEMENTS: &[&Statement] = &[&LIST, &LIST_IN_STATE];

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
