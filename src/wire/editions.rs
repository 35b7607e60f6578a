//! Documents about editions: list, one edition, result of creating one.

use serde::Serialize;
use utoipa::ToSchema;

use super::articles::ArticleTitle;
use super::digests::LeftOutArticles;
use crate::digests::Reception;
use crate::domain::edition;
use crate::domain::not_addressed::{NotAddressed, NotAddressedReason};
use crate::store::{edition_deliveries, editions};

/// Edition with its number of deliveries by state.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Edition {
    /// Id of the edition.
    pub id: i64,
    /// Name of the digest in the configuration.
    pub digest: String,
    /// State of the edition, for example `sending` or `paused`.
    pub state: String,
    /// Scheduled time of sending (RFC 3339).
    pub scheduled_for: String,
    /// Time of creation of the edition (RFC 3339).
    pub created_at: String,
    /// Time at which the last delivery ended (RFC 3339); `null` before.
    #[schema(required)]
    pub finished_at: Option<String>,
    /// Reason for a pause as a sentence; `null` if there is none.
    #[schema(required)]
    pub note: Option<String>,
    /// Number of deliveries in each state.
    pub counts: DeliveryCounts,
    /// Number of recipients who unsubscribed with a link of this edition, and did not undo it.
    pub unsubscribed: i64,
}

impl Edition {
    /// Returns the document of an edition with its number of deliveries by state.
    pub fn new(e: &editions::Edition, counts: edition::DeliveryCounts) -> Self {
        Self {
            id: e.id,
            digest: e.digest.clone(),
            state: e.state.as_str().to_owned(),
            scheduled_for: e.scheduled_for.rfc3339(),
            created_at: e.created_at.rfc3339(),
            finished_at: e.finished_at.map(|t| t.rfc3339()),
            note: e.note.clone(),
            counts: counts.into(),
            unsubscribed: e.unsubscribed,
        }
    }
}

/// Number of deliveries of an edition in each state.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DeliveryCounts {
    /// Number of deliveries that wait for an attempt.
    pub queued: i64,
    /// Number of deliveries being transmitted to a relay.
    pub sending: i64,
    /// Number of deliveries that a relay accepted.
    pub sent: i64,
    /// Number of deliveries that failed permanently.
    pub failed: i64,
    /// Number of deliveries with an unknown outcome, held for an admin.
    pub held: i64,
    /// Number of deliveries that were cancelled.
    pub cancelled: i64,
    /// Number of accepted deliveries that returned as undeliverable.
    pub bounced: i64,
}

impl From<edition::DeliveryCounts> for DeliveryCounts {
    fn from(c: edition::DeliveryCounts) -> Self {
        Self {
            queued: c.queued,
            sending: c.sending,
            sent: c.sent,
            failed: c.failed,
            held: c.held,
            cancelled: c.cancelled,
            bounced: c.bounced,
        }
    }
}

/// Edition with its articles.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct EditionArticles {
    /// The fields that a list also has.
    #[serde(flatten)]
    pub listed: Edition,
    /// Articles of the edition, in their order.
    pub articles: Vec<ArticleTitle>,
    /// Numbers of subscribers of the digest whom the edition does not address, by reason, largest first.
    pub not_addressed: Vec<NotAddressedSubscribers>,
}

/// Number of subscribers whom an edition does not address for the same reason, counted when its audience was
/// frozen.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct NotAddressedSubscribers {
    /// First reason that applied to them: `pending`, `paused`, `unsubscribed`, `no_story`, `suppressed` or
    /// `audience`.
    pub reason: String,
    /// Number of subscribers for this reason.
    pub subscribers: i64,
}

impl NotAddressedSubscribers {
    /// Returns the documents of all reasons.
    pub fn list(not_addressed: &NotAddressed) -> Vec<Self> {
        let document = |(reason, subscribers): (NotAddressedReason, i64)| Self {
            reason: reason.as_str().to_owned(),
            subscribers,
        };
        not_addressed.iter().map(document).collect()
    }
}

/// Answer to the question why an address got an edition or did not.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct EditionReception {
    /// Id of the edition.
    pub edition: i64,
    /// E-mail address of the question.
    pub email: String,
    /// The delivery to the address; `null` if the edition does not address it.
    #[schema(required)]
    pub delivery: Option<EditionDelivery>,
    /// Reason why there is no delivery: one of those in `not_addressed`, or `preparing`, `cancelled_early`,
    /// `not_subscribed`, `subscribed_later` or `unknown`; `null` if there is a delivery.
    #[schema(required)]
    pub reason: Option<String>,
    /// Time since which the reason applied (RFC 3339); `null` if it is not known.
    #[schema(required)]
    pub since: Option<String>,
    /// The answer as a sentence.
    pub explanation: String,
}

impl EditionReception {
    /// Returns the document of an answer.
    pub fn new(edition: i64, email: &str, reception: &Reception) -> Self {
        let (delivery, absence) = match reception {
            Reception::Addressed(delivery) => (Some(delivery), None),
            Reception::Absent(absence) => (None, Some(absence)),
        };
        Self {
            edition,
            email: email.to_owned(),
            delivery: delivery.map(EditionDelivery::from),
            reason: absence.map(|absence| absence.code().to_owned()),
            since: absence.and_then(|absence| absence.since()).map(|time| time.rfc3339()),
            explanation: reception.as_str().to_owned(),
        }
    }
}

/// Edition with its articles and the deliveries that were not sent.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct EditionContents {
    /// The fields that a list also has.
    #[serde(flatten)]
    pub listed: Edition,
    /// Articles of the edition, in their order.
    pub articles: Vec<ArticleTitle>,
    /// Numbers of subscribers of the digest whom the edition does not address, by reason, largest first.
    pub not_addressed: Vec<NotAddressedSubscribers>,
    /// Deliveries that failed, are held, were cancelled, bounced, or wait after an attempt.
    pub not_sent: Vec<EditionDelivery>,
}

/// Delivery of an edition to one recipient.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct EditionDelivery {
    /// E-mail address of the recipient.
    pub email: String,
    /// Name of the recipient; `null` if unknown.
    #[schema(required)]
    pub name: Option<String>,
    /// State of the delivery, for example `failed` or `held`.
    pub state: String,
    /// Number of completed attempts.
    pub attempts: i64,
    /// Last reply of the relay, or a local error; `null` before the first attempt.
    #[schema(required)]
    pub answer: Option<String>,
    /// Time at which the delivery ended (RFC 3339); `null` before.
    #[schema(required)]
    pub ended_at: Option<String>,
}

impl From<&edition_deliveries::EditionDelivery> for EditionDelivery {
    fn from(d: &edition_deliveries::EditionDelivery) -> Self {
        Self {
            email: d.address.clone(),
            name: d.name.clone(),
            state: d.state.as_str().to_owned(),
            attempts: d.attempts,
            answer: d.last_reply.clone(),
            ended_at: d.ended_at.map(|t| t.rfc3339()),
        }
    }
}

/// Result of creating an edition outside its schedule.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CreatedEdition {
    /// Id of the new edition.
    pub id: i64,
    /// Number of deliveries of the edition.
    pub deliveries: i64,
    /// Numbers of articles that the edition does not contain, by reason, largest first.
    pub left_out: Vec<LeftOutArticles>,
}
