//! Subscribers and their subscriptions.

use std::collections::BTreeMap;

use super::StoreResult;
use super::db::{FromRow, Row, Statement};
use super::operations::{Subscribers, Subscriptions};
use super::subscriber_values::{self, VALUE_COLUMNS, ValueChanges};
use crate::domain::attribute::AttributeValue;
use crate::domain::filter::{SubscriberValues, SubscriptionValues};
use crate::domain::page::{Page, PageRequest};
use crate::domain::subscription::SubscriptionStatus;
use crate::domain::time::Millis;

/// A person with an e-mail address.
#[derive(Debug, Clone)]
pub struct Subscriber {
    /// Id of the subscriber.
    pub id: i64,
    /// Address to send to, with its domain in ASCII.
    pub address: String,
    /// Keyed hash of the address.
    pub address_hash: String,
    /// Name of the person, if known.
    pub name: Option<String>,
    /// Language tag (RFC 5646), if known.
    pub language: Option<String>,
    /// IANA time zone, if known.
    pub timezone: Option<String>,
    /// Tags assigned by admins, in alphabetical order.
    pub tags: Vec<String>,
    /// Values of attributes, by the name of the attribute.
    pub attributes: BTreeMap<String, AttributeValue>,
    /// Time of creation of the row.
    pub created_at: Millis,
}

/// Details of a person after a change.
#[derive(Debug, Clone)]
pub struct SubscriberDetails {
    /// Address to send to, with its domain in ASCII.
    pub address: String,
    /// Normalized form of the address, used for comparisons.
    pub address_key: String,
    /// Keyed hash of the address.
    pub address_hash: String,
    /// Name of the person, if known.
    pub name: Option<String>,
    /// Language tag (RFC 5646), if known.
    pub language: Option<String>,
    /// IANA time zone, if known.
    pub timezone: Option<String>,
    /// Changes of tags and attribute values.
    pub values: ValueChanges,
}

impl Subscriber {
    /// Returns the values that filters test.
    pub fn person(&self, subscriptions: &[Subscription], is_suppressed: bool) -> SubscriberValues {
        let own = subscriptions.iter().filter(|s| s.subscriber_id == self.id);
        SubscriberValues {
            address_key: self.address.to_ascii_lowercase(),
            name: self.name.clone(),
            language: self.language.clone(),
            timezone: self.timezone.clone(),
            tags: self.tags.clone(),
            attributes: self.attributes.clone(),
            created_at: self.created_at,
            suppressed: is_suppressed,
            subscriptions: own
                .map(|s| SubscriptionValues {
                    digest: s.digest.clone(),
                    status: s.status,
                    sections: s.sections.clone(),
                })
                .collect(),
        }
    }
}

/// Link of a subscriber to a digest.
#[derive(Debug, Clone)]
pub struct Subscription {
    /// Id of the subscription.
    pub id: i64,
    /// Subscriber that the subscription belongs to.
    pub subscriber_id: i64,
    /// Name of the digest.
    pub digest: String,
    /// Status of the subscription.
    pub status: SubscriptionStatus,
    /// Chosen sections; empty means all sections.
    pub sections: Vec<String>,
    /// Time of the last status change.
    pub status_changed_at: Millis,
    /// Time of the last request.
    pub requested_at: Millis,
    /// Record of the consent and of the way it was given.
    pub consent: String,
    /// Reason of the admin who ended the subscription; `None` if its owner did, or nobody.
    pub removal_reason: Option<String>,
}

/// Columns of a subscriber `p`; they contain the fragment `{values}`.
pub(super) const SUBSCRIBER_COLUMNS: &str =
    "p.id, p.address, p.address_hash, p.name, p.language, p.timezone, p.created_at, {values}";
const SUBSCRIPTION_COLUMNS: &str =
    "s.id, s.subscriber_id, s.digest, s.status, s.sections, s.since, s.requested_at, s.consent,
     s.removal_reason";

static WITH_ADDRESS: Statement = Statement::with(
    "SELECT {subscriber} FROM subscribers p WHERE p.address_key = $address_key",
    &[("subscriber", SUBSCRIBER_COLUMNS), ("values", VALUE_COLUMNS)],
);

static WITH_ID: Statement = Statement::with(
    "SELECT {subscriber} FROM subscribers p WHERE p.id = $id",
    &[("subscriber", SUBSCRIBER_COLUMNS), ("values", VALUE_COLUMNS)],
);

static LIST: Statement = Statement::with(
    "
    SELECT {subscriber}
      FROM subscribers p
     WHERE p.id < $before
     ORDER BY p.id DESC
     LIMIT $limit",
    &[("subscriber", SUBSCRIBER_COLUMNS), ("values", VALUE_COLUMNS)],
);

static SUBSCRIPTIONS_OF: Statement = Statement::with(
    "
    SELECT {subscription}
      FROM subscriptions s
     WHERE s.subscriber_id IN {json_ids $subscribers}
     ORDER BY s.subscriber_id, s.digest",
    &[("subscription", SUBSCRIPTION_COLUMNS)],
);

static SUBSCRIPTION_WITH_ID: Statement = Statement::with(
    "SELECT {subscription} FROM subscriptions s WHERE s.id = $id",
    &[("subscription", SUBSCRIPTION_COLUMNS)],
);

static COUNTS: Statement = Statement::new(
    "
    SELECT status, COUNT(*) AS subscriptions
      FROM subscriptions
     WHERE digest = $digest
     GROUP BY status
     ORDER BY status",
);

/// All statements of this file.
pub(super) static STATEMENTS: &[&Statement] =
    &[&WITH_ADDRESS, &WITH_ID, &LIST, &SUBSCRIPTIONS_OF, &SUBSCRIPTION_WITH_ID, &COUNTS];

impl FromRow for Subscriber {
    fn from_row(row: &Row) -> StoreResult<Self> {
        Ok(Self {
            id: row.get("id")?,
            address: row.get("address")?,
            address_hash: row.get("address_hash")?,
            name: row.get("name")?,
            language: row.get("language")?,
            timezone: row.get("timezone")?,
            tags: subscriber_values::tags(row)?,
            attributes: subscriber_values::attribute_values(row)?,
            created_at: row.time("created_at")?,
        })
    }
}

impl FromRow for Subscription {
    fn from_row(row: &Row) -> StoreResult<Self> {
        Ok(Self {
            id: row.get("id")?,
            subscriber_id: row.get("subscriber_id")?,
            digest: row.get("digest")?,
            status: row.enum_value("subscriptions.status", SubscriptionStatus::parse)?,
            sections: row.text_list("subscriptions.sections")?,
            status_changed_at: row.time("since")?,
            requested_at: row.time("requested_at")?,
            consent: row.get("consent")?,
            removal_reason: row.get("removal_reason")?,
        })
    }
}

impl Subscribers<'_> {
    /// Returns a subscriber by the normalized form of the address.
    pub async fn find_by_address(self, address_key: &str) -> StoreResult<Option<Subscriber>> {
        self.store.read(&WITH_ADDRESS).bind("address_key", address_key).fetch_optional().await
    }

    /// Returns a subscriber by id.
    pub async fn find(self, id: i64) -> StoreResult<Option<Subscriber>> {
        self.store.read(&WITH_ID).bind("id", id).fetch_optional().await
    }

    /// Returns a page of the subscribers, newest first.
    pub async fn list(self, page: &PageRequest) -> StoreResult<Page<Subscriber>> {
        self.store
            .read(&LIST)
            .bind("before", page.key_or(i64::MAX)?)
            .fetch_page(page, |subscriber: &Subscriber| subscriber.id)
            .await
    }
}

impl Subscriptions<'_> {
    /// Returns the subscriptions of these subscribers, ordered by subscriber and digest.
    pub async fn list_of(self, subscribers: &[i64]) -> StoreResult<Vec<Subscription>> {
        self.store.read(&SUBSCRIPTIONS_OF).bind("subscribers", subscribers).fetch_all().await
    }

    /// Returns one subscription by id.
    pub async fn find(self, id: i64) -> StoreResult<Option<Subscription>> {
        self.store.read(&SUBSCRIPTION_WITH_ID).bind("id", id).fetch_optional().await
    }

    /// Returns the number of subscriptions of a digest by status, in a large list of the last minute.
    pub async fn counts(self, digest: &str) -> StoreResult<Vec<(String, i64)>> {
        let count = self
            .store
            .read(&COUNTS)
            .bind("digest", digest)
            .fetch_with(|row| Ok((row.get("status")?, row.get("subscriptions")?)));
        self.store.count_recently(digest.to_owned(), count).await
    }
}
