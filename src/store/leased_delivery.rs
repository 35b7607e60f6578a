//! Deliveries that a node has leased, as it loads them for sending.

use super::StoreResult;
use super::db::{FromRow, Row};
use crate::domain::delivery::DeliveryKind;
use crate::domain::time::Millis;

/// A delivery that this node has leased for sending.
#[derive(Debug, Clone)]
pub struct LeasedDelivery {
    /// Id of the delivery.
    pub id: i64,
    /// Kind of the delivery.
    pub kind: DeliveryKind,
    /// Edition that is delivered; `None` for transactional messages.
    pub edition_id: Option<i64>,
    /// Variant that is delivered; `None` for transactional messages.
    pub variant_id: Option<i64>,
    /// Recipient; `None` if the recipient is not a subscriber.
    pub subscriber_id: Option<i64>,
    /// Subscription that the delivery is for; `None` for transactional messages.
    pub subscription_id: Option<i64>,
    /// E-mail address of the recipient.
    pub address: String,
    /// Name of the recipient, if known.
    pub name: Option<String>,
    /// Number of completed attempts.
    pub attempts: i64,
    /// Number of attempts whose outcome is unknown.
    pub uncertain: i64,
    /// JSON payload of a transactional message.
    pub payload: Option<String>,
    /// Time at which the delivery was created.
    pub created_at: Millis,
    /// Time of the first attempt, if there was one.
    pub first_attempt_at: Option<Millis>,
}

/// The columns of a leased delivery, in a statement that calls the table `d`.
pub(super) const LEASED_DELIVERY_COLUMNS: &str = "
           d.id, d.kind, d.edition_id, d.variant_id, d.subscriber_id, d.subscription_id,
           d.address, d.name, d.attempts, d.uncertain, d.payload, d.created_at,
           d.first_attempt_at";

impl FromRow for LeasedDelivery {
    fn from_row(row: &Row) -> StoreResult<Self> {
        Ok(Self {
            id: row.get("id")?,
            kind: row.enum_value("deliveries.kind", |word| word.parse().ok())?,
            edition_id: row.get("edition_id")?,
            variant_id: row.get("variant_id")?,
            subscriber_id: row.get("subscriber_id")?,
            subscription_id: row.get("subscription_id")?,
            address: row.get("address")?,
            name: row.get("name")?,
            attempts: row.get("attempts")?,
            uncertain: row.get("uncertain")?,
            payload: row.get("payload")?,
            created_at: row.time("created_at")?,
            first_attempt_at: row.optional_time("first_attempt_at")?,
        })
    }
}
