//! Subscribers: people by their addresses, with what they read.

use super::{Store, StoreError, StoreResult, list_of, reading};
use crate::domain::subscription::Status;
use crate::domain::time::Millis;

/// A person.
#[derive(Debug, Clone)]
pub struct Subscriber {
    /// Its number.
    pub id: i64,
    /// The address as they wrote it.
    pub address: String,
    /// Their name.
    pub name: Option<String>,
    /// Their language (RFC 5646).
    pub language: Option<String>,
    /// Their zone (IANA).
    pub timezone: Option<String>,
    /// What admins call them.
    pub tags: Vec<String>,
    /// When they came.
    pub created_at: Millis,
}

/// A person's link to a digest.
#[derive(Debug, Clone)]
pub struct Subscription {
    /// Its number.
    pub id: i64,
    /// Whose.
    pub subscriber_id: i64,
    /// Digest's name.
    pub digest: String,
    /// Where it stands.
    pub status: Status,
    /// Chosen sections; empty for all.
    pub sections: Vec<String>,
    /// Since when it stands there.
    pub since: Millis,
    /// When it was asked for.
    pub requested_at: Millis,
    /// What its owner agreed to, and how we know.
    pub consent: String,
}

type PersonRow = (i64, String, Option<String>, Option<String>, Option<String>, String, i64);
type LinkRow = (i64, i64, String, String, String, i64, i64, String);

const PERSON: &str = "p.id, p.address, p.name, p.language, p.timezone, p.tags, p.created_at";
const LINK: &str =
    "s.id, s.subscriber_id, s.digest, s.status, s.sections, s.since, s.requested_at, s.consent";

fn person(
    (id, address, name, language, timezone, tags, created): PersonRow,
) -> StoreResult<Subscriber> {
    Ok(Subscriber {
        id,
        address,
        name,
        language,
        timezone,
        tags: list_of(&tags, "subscribers.tags")?,
        created_at: Millis(created),
    })
}

fn link(
    (id, subscriber_id, digest, status, sections, since, requested, consent): LinkRow,
) -> StoreResult<Subscription> {
    Ok(Subscription {
        id,
        subscriber_id,
        digest,
        status: Status::of(&status)
            .ok_or(StoreError::Inconsistent { what: status, place: "subscriptions.status" })?,
        sections: list_of(&sections, "subscriptions.sections")?,
        since: Millis(since),
        requested_at: Millis(requested),
        consent,
    })
}

impl Store {
    /// A subscriber by the compared form of their address.
    pub async fn find_subscriber(&self, address_key: &str) -> StoreResult<Option<Subscriber>> {
        let text = super::dialect::sql(format!(
            "SELECT {PERSON} FROM subscribers p WHERE p.address_key = $1"
        ));
        let row: Option<PersonRow> =
            reading!(self, |db| sqlx::query_as(text).bind(address_key).fetch_optional(db).await?);
        row.map(person).transpose()
    }

    /// A subscriber by number.
    pub async fn subscriber(&self, id: i64) -> StoreResult<Option<Subscriber>> {
        let text =
            super::dialect::sql(format!("SELECT {PERSON} FROM subscribers p WHERE p.id = $1"));
        let row: Option<PersonRow> =
            reading!(self, |db| sqlx::query_as(text).bind(id).fetch_optional(db).await?);
        row.map(person).transpose()
    }

    /// A page of subscribers older than `before`, newest first.
    pub async fn subscribers_before(
        &self,
        before: i64,
        limit: i64,
    ) -> StoreResult<Vec<Subscriber>> {
        let text = super::dialect::sql(format!(
            "SELECT {PERSON} FROM subscribers p WHERE p.id < $1 ORDER BY p.id DESC LIMIT $2"
        ));
        let rows: Vec<PersonRow> = reading!(self, |db| sqlx::query_as(text)
            .bind(before)
            .bind(limit)
            .fetch_all(db)
            .await?);
        rows.into_iter().map(person).collect()
    }

    /// The subscriptions of these subscribers, by digest.
    pub async fn subscriptions_of(&self, subscribers: &[i64]) -> StoreResult<Vec<Subscription>> {
        let text = super::dialect::sql(format!(
            "SELECT {LINK} FROM subscriptions s WHERE s.subscriber_id IN {} ORDER BY s.subscriber_id, s.digest",
            self.numbers("$1")
        ));
        let ids = serde_json::Value::from(subscribers.to_vec()).to_string();
        let rows: Vec<LinkRow> =
            reading!(self, |db| sqlx::query_as(text).bind(ids).fetch_all(db).await?);
        rows.into_iter().map(link).collect()
    }

    /// One subscription.
    pub async fn subscription(&self, id: i64) -> StoreResult<Option<Subscription>> {
        let text =
            super::dialect::sql(format!("SELECT {LINK} FROM subscriptions s WHERE s.id = $1"));
        let row: Option<LinkRow> =
            reading!(self, |db| sqlx::query_as(text).bind(id).fetch_optional(db).await?);
        row.map(link).transpose()
    }

    /// How many subscriptions of a digest are in each status.
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
