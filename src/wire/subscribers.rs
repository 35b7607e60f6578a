//! Documents about subscribers and their subscriptions.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value as Json;
use utoipa::ToSchema;

use super::deliveries::DeliverySummary;
use super::import_changes::ChangedPerson;
use crate::domain::subscriber_import::ImportCounts;
use crate::store::address_changes::RedirectedMessages;
use crate::store::subscribers;
use crate::store::subscription_history;
use crate::store::subscriptions::RequestResult;
use crate::store::suppressions::Suppression;
use crate::subscribers::import::{ImportReport, delimiter_word};

/// Subscriber with all subscriptions.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Subscriber {
    /// Id of the subscriber.
    pub id: i64,
    /// E-mail address, with its domain in ASCII.
    pub email: String,
    /// Name of the person; `null` if unknown.
    #[schema(required)]
    pub name: Option<String>,
    /// Language tag (RFC 5646); `null` for the language of the site.
    #[schema(required)]
    pub language: Option<String>,
    /// IANA name of the time zone; `null` for that of the site.
    #[schema(required)]
    pub timezone: Option<String>,
    /// Tags that admins assigned to the subscriber.
    pub tags: Vec<String>,
    /// Values of attributes by name: texts, numbers, booleans, and dates as texts.
    #[schema(value_type = Object)]
    pub attributes: BTreeMap<String, Json>,
    /// `true` if the address is suppressed, so that nothing is sent to it.
    pub suppressed: bool,
    /// Reason of the suppression in one word; `null` if there is none.
    #[schema(required)]
    pub suppression_reason: Option<String>,
    /// Subscriptions of every status, one per digest.
    pub subscriptions: Vec<Subscription>,
}

impl Subscriber {
    /// Returns the document of a subscriber with these subscriptions, whose address may be suppressed.
    pub fn new(
        p: &subscribers::Subscriber,
        subscriptions: &[subscribers::Subscription],
        suppression: Option<&Suppression>,
    ) -> Self {
        Self {
            id: p.id,
            email: p.address.clone(),
            name: p.name.clone(),
            language: p.language.clone(),
            timezone: p.timezone.clone(),
            tags: p.tags.clone(),
            attributes: p.attributes.iter().map(|(k, v)| (k.clone(), v.to_json())).collect(),
            suppressed: suppression.is_some(),
            suppression_reason: suppression.map(|s| s.reason.clone()),
            subscriptions: subscriptions.iter().map(Subscription::from).collect(),
        }
    }
}

/// Subscription of a subscriber to one digest.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Subscription {
    /// Name of the digest in the configuration.
    pub digest: String,
    /// Status of the subscription: `pending`, `confirmed`, `paused` or `unsubscribed`.
    pub status: String,
    /// Chosen sections; an empty list means all sections.
    pub sections: Vec<String>,
    /// Time of the last change of the status (RFC 3339).
    pub since: String,
    /// Record of the consent and of the way it was given.
    pub consent: String,
    /// Reason of the admin who ended the subscription; `null` if no admin did.
    #[schema(required)]
    pub removal_reason: Option<String>,
}

impl From<&subscribers::Subscription> for Subscription {
    fn from(s: &subscribers::Subscription) -> Self {
        Self {
            digest: s.digest.clone(),
            status: s.status.as_str().to_owned(),
            sections: s.sections.clone(),
            since: s.status_changed_at.rfc3339(),
            consent: s.consent.clone(),
            removal_reason: s.removal_reason.clone(),
        }
    }
}

/// State that a subscription had before a change.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct EarlierState {
    /// Name of the digest.
    pub digest: String,
    /// Status of the subscription: `pending`, `confirmed`, `paused` or `unsubscribed`.
    pub status: String,
    /// Time at which the state began (RFC 3339).
    pub since: String,
    /// Time of the change (RFC 3339).
    pub until: String,
    /// Record of the consent at that time.
    pub consent: String,
    /// Reason of the admin who ended the subscription; `null` if no admin did.
    #[schema(required)]
    pub removal_reason: Option<String>,
}

impl From<&subscription_history::EarlierState> for EarlierState {
    fn from(state: &subscription_history::EarlierState) -> Self {
        Self {
            digest: state.digest.clone(),
            status: state.status.as_str().to_owned(),
            since: state.since.rfc3339(),
            until: state.until.rfc3339(),
            consent: state.consent.clone(),
            removal_reason: state.removal_reason.clone(),
        }
    }
}

/// Subscriber with the history of the subscriptions and the last deliveries.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SubscriberHistory {
    /// The fields that a list also has.
    #[serde(flatten)]
    pub listed: Subscriber,
    /// Earlier states of the subscriptions, by digest and newest first.
    pub history: Vec<EarlierState>,
    /// Last deliveries to the subscriber, newest first.
    pub deliveries: Vec<DeliverySummary>,
}

/// Subscriber after a change of the details, with the numbers of queued messages that changed.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct EditedSubscriber {
    /// The fields that a list also has.
    #[serde(flatten)]
    pub listed: Subscriber,
    /// Number of queued messages of editions that go to the new address.
    pub redirected_messages: u64,
    /// Number of cancelled confirmation messages to the former address.
    pub cancelled_confirmations: usize,
    /// Number of confirmation messages queued for the new address.
    pub queued_confirmations: usize,
}

impl EditedSubscriber {
    /// Returns the document of a subscriber whose queued messages were redirected.
    pub fn new(listed: Subscriber, redirected: RedirectedMessages) -> Self {
        Self {
            listed,
            redirected_messages: redirected.editions,
            cancelled_confirmations: redirected.cancelled_confirmations,
            queued_confirmations: redirected.confirmations,
        }
    }
}

/// Number of subscribers that a query selects.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SubscriberCount {
    /// Number of the selected subscribers.
    pub subscribers: i64,
}

/// Result of subscribing an address: the number of digests by outcome.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SubscribeResult {
    /// E-mail address as it was entered.
    pub email: String,
    /// Number of subscriptions that are confirmed now.
    pub confirmed: usize,
    /// Number of subscriptions that wait for the confirmation of their owner.
    pub pending: usize,
    /// Number of subscriptions that existed and did not change.
    pub already_subscribed: usize,
    /// Number of subscriptions that only the owner of the address may begin again.
    pub previously_unsubscribed: usize,
    /// Changes of a known subscriber, each as a sentence such as `name: Ann (was An)`.
    pub changed: Vec<String>,
}

impl SubscribeResult {
    /// Returns the document of the result of a request for this address.
    pub fn new(email: &str, r: RequestResult, changed: Vec<String>) -> Self {
        Self {
            email: email.to_owned(),
            confirmed: r.confirmed,
            pending: r.confirmations_queued,
            already_subscribed: r.unchanged,
            previously_unsubscribed: r.previously_unsubscribed,
            changed,
        }
    }
}

/// Result of ending the subscriptions of an address.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct UnsubscribeResult {
    /// E-mail address as it was entered.
    pub email: String,
    /// Number of digests from which the address was unsubscribed.
    pub digests: u64,
}

/// Result of erasing the personal data of a subscriber.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ErasedSubscriber {
    /// E-mail address that was erased.
    pub email: String,
    /// Number of deleted subscriptions.
    pub subscriptions: u64,
    /// Number of deliveries that no longer name the subscriber.
    pub deliveries: u64,
}

/// Result of importing a file of subscribers, or of a dry run, which counts what an import would do.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SubscriberImport {
    /// `true` if the valid lines were stored.
    pub imported: bool,
    /// Format of the file: `csv` or `jsonl`.
    pub format: &'static str,
    /// Encoding of the file.
    pub encoding: &'static str,
    /// Character between the fields, or its name; `null` for JSON lines.
    #[schema(required)]
    pub delimiter: Option<String>,
    /// Service that exported the file; `null` if it is not known.
    #[schema(required)]
    pub preset: Option<String>,
    /// Number of valid lines of the file.
    pub valid: usize,
    /// Numbers of the valid lines by outcome.
    #[serde(flatten)]
    pub counts: ImportNumbers,
    /// The first 20 known people whose stored values the file changes.
    pub changed_people: Vec<ChangedPerson>,
    /// Number of rejected lines.
    pub rejected_lines: usize,
    /// The first 100 rejected lines, with the reasons.
    pub rejected: Vec<RejectedLine>,
}

/// Numbers of the valid lines of an import by outcome.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ImportNumbers {
    /// Number of people who are added.
    pub new: u64,
    /// Number of known people whose details or subscription change.
    pub changed: u64,
    /// Number of known people for whom nothing changes.
    pub unchanged: u64,
    /// Number of known people whose details, tags, attributes or sections the file changes.
    pub details_changed: u64,
    /// Number of subscriptions that begin, or are confirmed, without a message to their owners.
    pub confirmed: u64,
    /// Number of subscriptions for which a confirmation e-mail is queued.
    pub pending: u64,
    /// Number of subscriptions that existed before.
    pub already_subscribed: u64,
    /// Number of addresses that stay unsubscribed, here or because the file says so.
    pub previously_unsubscribed: u64,
    /// Number of lines with a suppressed address.
    pub suppressed: u64,
    /// Number of skipped lines of an export that belong to another digest, or to none.
    pub other_digests: u64,
    /// Number of addresses that the import suppresses, because the file says so.
    pub suppressions_added: u64,
}

impl From<&ImportCounts> for ImportNumbers {
    fn from(counts: &ImportCounts) -> Self {
        Self {
            new: counts.new,
            changed: counts.changed,
            unchanged: counts.unchanged,
            details_changed: counts.details_changed,
            confirmed: counts.confirmed,
            pending: counts.pending,
            already_subscribed: counts.already_subscribed,
            previously_unsubscribed: counts.previously_unsubscribed,
            suppressed: counts.suppressed,
            other_digests: counts.other_digests,
            suppressions_added: counts.suppressions_added,
        }
    }
}

/// Rejected line of an imported file.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RejectedLine {
    /// Number of the line; the first line of the file is 1.
    pub line: u64,
    /// Reason of the rejection as a sentence.
    pub reason: String,
}

impl From<&ImportReport> for SubscriberImport {
    fn from(r: &ImportReport) -> Self {
        let (form, rejected) = (r.form.as_ref(), r.rejected.first.iter());
        Self {
            imported: r.imported,
            format: form.map_or("csv", |form| form.format),
            encoding: form.map_or("UTF-8", |form| form.encoding),
            delimiter: form.and_then(|form| form.separator).map(delimiter_word),
            preset: form.and_then(|form| form.preset).map(|preset| preset.as_str().to_owned()),
            valid: r.valid,
            counts: ImportNumbers::from(&r.counts),
            changed_people: r.changed_people.iter().map(ChangedPerson::from).collect(),
            rejected_lines: r.rejected.count,
            rejected: rejected
                .map(|(line, reason)| RejectedLine { line: *line, reason: reason.clone() })
                .collect(),
        }
    }
}
