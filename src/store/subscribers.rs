//! Subscribers and their subscriptions.

use super::{Store, StoreError, StoreResult, parse_json_list, reading};
use crate::domain::subscription::SubscriptionStatus;
use crate::domain::time::Millis;

/// A person with an e-mail address.
#[derive(Debug, Clone)]
pub struct Subscriber {
    /// Id of the subscriber.
    pub id: i64,
    /// Address as it was entered.
    pub address: String,
    /// Name of the person, if known.
    pub name: Option<String>,
    /// Language tag (RFC 5646), if known.
    pub language: Option<String>,
    /// IANA time zone, if known.
    pub timezone: Option<String>,
    /// Tags assigned by admins.
    pub tags: Vec<String>,
    /// Time of creation of the row.
    pub created_at: Millis,
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
    pub since: Millis,
    /// Time of the last request.
    pub requested_at: Millis,
    /// Record of the consent and of the way it was given.
    pub consent: String,
}

type SubscriberRow = (i64, String, Option<String>, Option<String>, Option<String>, String, i64);
type SubscriptionRow = (i64, i64, String, String, String, i64, i64, String);

const SUBSCRIBER_COLUMNS: &str =
    "p.id, p.address, p.name, p.language, p.timezone, p.tags, p.created_at";
const SUBSCRIPTION_COLUMNS: &str =
    "s.id, s.subscriber_id, s.digest, s.status, s.sections, s.since, s.requested_at, s.consent";

fn subscriber_from(
    (id, address, name, language, timezone, tags, created): SubscriberRow,
) -> StoreResult<Subscriber> {
    Ok(Subscriber {
        id,
        address,
        name,
        language,
        timezone,
        tags: parse_json_list(&tags, "subscribers.tags")?,
        created_at: Millis(created),
    })
}

fn subscription_from(
    (id, subscriber_id, digest, status, sections, since, requested, consent): SubscriptionRow,
) -> StoreResult<Subscription> {
    Ok(Subscription {
        id,
        subscriber_id,
        digest,
        status: SubscriptionStatus::parse(&status)
            .ok_or(StoreError::InvalidValue { value: status, column: "subscriptions.status" })?,
        sections: parse_json_list(&sections, "subscriptions.sections")?,
        since: Millis(since),
        requested_at: Millis(requested),
        consent,
    })
}

impl Store {
    /// Returns a subscriber by the normalized form of the address.
    pub async fn find_subscriber(&self, address_key: &str) -> StoreResult<Option<Subscriber>> {
        let text = super::dialect::sql(format!(
            "SELECT {SUBSCRIBER_COLUMNS} FROM subscribers p WHERE p.address_key = $1"
        ));
        let row: Option<SubscriberRow> =
            reading!(self, |db| sqlx::query_as(text).bind(address_key).fetch_optional(db).await?);
        row.map(subscriber_from).transpose()
    }

    /// Returns a subscriber by id.
    pub async fn subscriber(&self, id: i64) -> StoreResult<Option<Subscriber>> {
        let text = super::dialect::sql(format!(
            "SELECT {SUBSCRIBER_COLUMNS} FROM subscribers p WHERE p.id = $1"
        ));
        let row: Option<SubscriberRow> =
            reading!(self, |db| sqlx::query_as(text).bind(id).fetch_optional(db).await?);
        row.map(subscriber_from).transpose()
    }

    /// Returns a page of subscribers with ids below `before`, newest first.
    pub async fn subscribers_before(
        &self,
        before: i64,
        limit: i64,
    ) -> StoreResult<Vec<Subscriber>> {
        let text = super::dialect::sql(format!(
            "SELECT {SUBSCRIBER_COLUMNS} FROM subscribers p WHERE p.id < $1 ORDER BY p.id DESC LIMIT $2"
        ));
        let rows: Vec<SubscriberRow> = reading!(self, |db| sqlx::query_as(text)
            .bind(before)
            .bind(limit)
            .fetch_all(db)
            .await?);
        rows.into_iter().map(subscriber_from).collect()
    }

    /// Returns the subscriptions of these subscribers, ordered by subscriber and digest.
    pub async fn subscriptions_of(&self, subscribers: &[i64]) -> StoreResult<Vec<Subscription>> {
        let text = super::dialect::sql(format!(
            "SELECT {SUBSCRIPTION_COLUMNS} FROM subscriptions s WHERE s.subscriber_id IN {} ORDER BY s.subscriber_id, s.digest",
            self.json_ids("$1")
        ));
        let ids = serde_json::Value::from(subscribers.to_vec()).to_string();
        let rows: Vec<SubscriptionRow> =
            reading!(self, |db| sqlx::query_as(text).bind(ids).fetch_all(db).await?);
        rows.into_iter().map(subscription_from).collect()
    }

    /// Returns one subscription by id.
    pub async fn subscription(&self, id: i64) -> StoreResult<Option<Subscription>> {
        let text = super::dialect::sql(format!(
            "SELECT {SUBSCRIPTION_COLUMNS} FROM subscriptions s WHERE s.id = $1"
        ));
        let row: Option<SubscriptionRow> =
            reading!(self, |db| sqlx::query_as(text).bind(id).fetch_optional(db).await?);
        row.map(subscription_from).transpose()
    }

    /// Returns the number of subscriptions of a digest by status.
    pub async fn subscription_counts(&self, digest: &str) -> StoreResult<Vec<(String, i64)>> {
        Ok(reading!(self, |db| {
            sqlx::query_as(
            "SELECT status, COUNT(*) FROM subscriptions WHERE digest = $1 GROUP BY status ORDER BY status"
        )
        .bind(digest)
        .fetch_all(db)
        .await?
        }))
    }
}
