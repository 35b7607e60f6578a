//! Lines of an import as the store receives them.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::domain::attribute::AttributeValue;
use crate::domain::import_changes::ExistingPeople;
use crate::domain::subscription::SubscriptionStatus;

/// Some lines of a file that are stored together.
#[derive(Debug, Clone)]
pub struct ImportChunk {
    /// Name of the digest.
    pub digest: String,
    /// Transport of confirmation messages.
    pub transport: String,
    /// Treatment of people whom the database has.
    pub existing: ExistingPeople,
    /// Language of people who have none, neither in the file nor in the database.
    pub language: Option<String>,
    /// Lines in the order of the file; an address occurs at most once.
    pub rows: Vec<ImportRow>,
    /// Number of the last line.
    pub through: i64,
}

/// Largest number of lines that one statement stores, which bounds the memory of a transaction. Each
/// statement writes what it adds to the index of trigrams of SQLite to the disk.
const LINES_PER_STATEMENT: usize = 4_000;

/// Lines of a chunk that the same statements store.
#[derive(Debug, Clone, Copy)]
pub(super) struct ImportSlice<'a> {
    /// Name of the digest.
    pub(super) digest: &'a str,
    /// Transport of confirmation messages.
    pub(super) transport: &'a str,
    /// Treatment of people whom the database has.
    pub(super) existing: ExistingPeople,
    /// Language of people who have none.
    pub(super) language: Option<&'a str>,
    /// Some lines of the chunk.
    pub(super) rows: &'a [ImportRow],
}

impl ImportChunk {
    /// Returns the slices of the chunk, in the order of its lines.
    pub(super) fn slices(&self) -> impl Iterator<Item = ImportSlice<'_>> {
        let (digest, transport) = (self.digest.as_str(), self.transport.as_str());
        let (existing, language) = (self.existing, self.language.as_deref());
        let slices = self.rows.chunks(LINES_PER_STATEMENT);
        slices.map(move |rows| ImportSlice { digest, transport, existing, language, rows })
    }
}

/// One valid line of a file.
#[derive(Debug, Clone)]
pub struct ImportRow {
    /// Number of the line, from 1.
    pub line: u64,
    /// Person to store; `None` if the line has none for this digest.
    pub person: Option<ImportPerson>,
    /// Hash and reason of a suppression that the file states.
    pub suppression: Option<(String, String)>,
    /// `true` if the line belongs to another digest, or to none.
    pub is_other_digest: bool,
}

/// Person of a line, with the subscription that the file states.
#[derive(Debug, Clone, Default)]
pub struct ImportPerson {
    /// Address to send to, with its domain in ASCII.
    pub address: String,
    /// Normalized form of the address, used for comparisons.
    pub address_key: String,
    /// Keyed hash of the address.
    pub address_hash: String,
    /// Name of the person, if given.
    pub name: Option<String>,
    /// Language of the person, if given.
    pub language: Option<String>,
    /// Time zone of the person, if given.
    pub timezone: Option<String>,
    /// Chosen sections; empty means all sections.
    pub sections: Vec<String>,
    /// Tags to add, in their stored form.
    pub tags: Vec<String>,
    /// Attribute values to set, by name.
    pub attributes: BTreeMap<String, AttributeValue>,
    /// Record of the consent and of the way it was given.
    pub consent: String,
    /// Status of a new subscription: [`SubscriptionStatus::Pending`] asks its owner.
    pub status: Option<SubscriptionStatus>,
}

impl ImportPerson {
    /// Returns the status of a new subscription.
    pub(super) fn target(&self) -> SubscriptionStatus {
        self.status.unwrap_or(SubscriptionStatus::Pending)
    }

    /// Adds the details of another line about the same person.
    pub fn merge(&mut self, other: Self) {
        let rank = |status: SubscriptionStatus| match status {
            SubscriptionStatus::Confirmed => 3,
            SubscriptionStatus::Paused => 2,
            SubscriptionStatus::Pending => 1,
            SubscriptionStatus::Unsubscribed => 0,
        };
        if rank(other.target()) > rank(self.target()) {
            (self.status, self.consent) = (other.status, other.consent);
        }
        self.name = self.name.take().or(other.name);
        self.language = self.language.take().or(other.language);
        self.timezone = self.timezone.take().or(other.timezone);
        self.sections.extend(other.sections);
        self.tags.extend(other.tags);
        self.tags.sort();
        self.tags.dedup();
        self.attributes.extend(other.attributes);
    }
}

/// Returns rows as the JSON array of a parameter.
pub(super) fn to_json<T: Serialize>(rows: &[T]) -> String {
    // Rows of texts and numbers always serialize.
    serde_json::to_string(rows).unwrap_or_default()
}
