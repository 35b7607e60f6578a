//! Documents about digests: list, next dates, previews and test e-mails.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::articles::ArticleTitle;
use crate::config;
use crate::digests::{NextEdition, Preview, Upcoming, next_date};
use crate::domain::left_out::{ExclusionReason, LeftOut};
use crate::domain::time::Millis;

/// Digest with its next date and its number of subscriptions.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Digest {
    /// Name of the digest in the configuration.
    pub name: String,
    /// Title of the digest for readers.
    pub title: String,
    /// Translations of the title by language tag.
    pub titles: BTreeMap<String, String>,
    /// Description of the digest for pages; `null` if it has none.
    #[schema(required)]
    pub description: Option<String>,
    /// Translations of the description by language tag.
    pub descriptions: BTreeMap<String, String>,
    /// Schedule as written in the configuration.
    pub schedule: String,
    /// IANA name of the time zone of the schedule; `null` for a fixed offset.
    #[schema(required)]
    pub timezone: Option<String>,
    /// Next date of the schedule (RFC 3339); `null` if it has none, and while the digest is paused.
    #[schema(required)]
    pub next: Option<String>,
    /// Time since which an admin has paused it (RFC 3339); `null` if none has.
    #[schema(required)]
    pub paused_since: Option<String>,
    /// Number of subscriptions by status; a status without subscriptions is absent.
    pub subscriptions: BTreeMap<String, i64>,
}

impl Digest {
    /// Returns the document of a digest, with its next date after `now` and its number of subscriptions
    /// by status.
    pub fn new(
        digest: &config::Digest,
        paused_since: Option<Millis>,
        subscriptions: BTreeMap<String, i64>,
        now: Millis,
    ) -> Self {
        let next = next_date(digest, paused_since, now);
        Self {
            name: digest.name.clone(),
            title: digest.title.clone(),
            titles: digest.titles.texts().clone(),
            description: digest.description.clone(),
            descriptions: digest.descriptions.texts().clone(),
            schedule: digest.schedule.as_str().to_owned(),
            timezone: digest.timezone.iana_name().map(str::to_owned),
            next: next.map(|t| t.rfc3339()),
            paused_since: paused_since.map(|t| t.rfc3339()),
            subscriptions,
        }
    }
}

/// Digest with its settings, without the numbers that change by themselves.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DigestDetails {
    /// Name of the digest in the configuration.
    pub name: String,
    /// Title of the digest for readers.
    pub title: String,
    /// Description of the digest for pages; `null` if it has none.
    #[schema(required)]
    pub description: Option<String>,
    /// Schedule as written in the configuration.
    pub schedule: String,
    /// IANA name of the time zone of the schedule; `null` for a fixed offset.
    #[schema(required)]
    pub timezone: Option<String>,
    /// Number of its newest version; `null` if the config file defines the digest.
    #[schema(required)]
    pub version: Option<i64>,
    /// Keys and values as in `[[digests]]`; `null` if the config file defines the digest.
    #[schema(required, value_type = Option<Object>)]
    pub settings: Option<Value>,
}

impl DigestDetails {
    /// Returns the document of a digest; `version` and `settings` are those of its definition in the
    /// database.
    pub fn new(digest: &config::Digest, version: Option<i64>, settings: Option<Value>) -> Self {
        Self {
            name: digest.name.clone(),
            title: digest.title.clone(),
            description: digest.description.clone(),
            schedule: digest.schedule.as_str().to_owned(),
            timezone: digest.timezone.iana_name().map(str::to_owned),
            version,
            settings,
        }
    }
}

/// Next dates of a digest, and the articles for the first of them.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct UpcomingEditions {
    /// Name of the digest in the configuration.
    pub digest: String,
    /// Date that is over and whose edition Courant creates as soon as it runs (RFC 3339); `null` if
    /// there is none.
    #[schema(required)]
    pub pending: Option<String>,
    /// Time since which an admin has paused the digest (RFC 3339); `null` if none has.
    #[schema(required)]
    pub paused_since: Option<String>,
    /// Next dates without those in a pause (RFC 3339), earliest first.
    pub dates: Vec<String>,
    /// Articles that the next edition would contain now.
    pub articles: Vec<ArticleTitle>,
    /// Number of confirmed subscribers who fulfil the filter of the digest and may be mailed.
    pub subscribers: i64,
    /// Size of the longest HTML part among the languages, in bytes; 0 without articles.
    pub html_bytes: usize,
    /// Number of articles that the mail only counts, because Gmail would clip it.
    pub unlisted_count: usize,
    /// Numbers of articles that the edition does not contain, by reason, largest first.
    pub left_out: Vec<LeftOutArticles>,
}

impl UpcomingEditions {
    /// Returns the document of a digest with its next dates and edition.
    pub fn new(digest: &config::Digest, upcoming: &Upcoming) -> Self {
        let NextEdition { articles, size, left_out } = &upcoming.edition;
        Self {
            digest: digest.name.clone(),
            pending: upcoming.pending.map(|t| t.rfc3339()),
            paused_since: upcoming.paused_since.map(|t| t.rfc3339()),
            dates: upcoming.dates.iter().map(|t| t.rfc3339()).collect(),
            articles: articles.iter().map(ArticleTitle::from).collect(),
            subscribers: upcoming.subscribers,
            html_bytes: size.html_bytes,
            unlisted_count: size.unlisted_count,
            left_out: LeftOutArticles::list(left_out),
        }
    }
}

/// Digest that was paused or resumed, with the editions that were paused or resumed with it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DigestPause {
    /// Name of the digest in the configuration.
    pub digest: String,
    /// Time since which it is paused (RFC 3339); `null` once it is resumed.
    #[schema(required)]
    pub paused_since: Option<String>,
    /// Ids of the editions that were paused or resumed with it.
    pub editions: Vec<i64>,
}

/// Number of articles that an edition does not contain for the same reason.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct LeftOutArticles {
    /// Reason: `max_age`, `already_sent`, `future`, `other_section`, `other_tag`, `other_author`,
    /// `other_language`, `other_source`, `ungrouped` or `not_chosen`.
    pub reason: String,
    /// Number of articles for this reason.
    pub articles: u64,
}

impl LeftOutArticles {
    /// Returns the documents of all reasons.
    pub fn list(left_out: &LeftOut) -> Vec<Self> {
        let document = |(reason, articles): (ExclusionReason, u64)| Self {
            reason: reason.as_str().to_owned(),
            articles,
        };
        left_out.iter().map(document).collect()
    }
}

/// E-mail of a digest that was rendered but not sent.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RenderedPreview {
    /// Subject of the e-mail.
    pub subject: String,
    /// HTML part of the e-mail.
    pub html: String,
    /// Text part of the e-mail.
    pub text: String,
    /// Complete message with headers (RFC 5322).
    pub message: String,
    /// Number of articles in the e-mail.
    pub articles: usize,
    /// Size of the HTML part, in bytes; Gmail clips messages above 102,000.
    pub html_bytes: usize,
    /// Number of articles that the mail only counts, because Gmail would clip it.
    pub unlisted_count: usize,
    /// Numbers of articles that the e-mail does not contain, by reason, largest first.
    pub left_out: Vec<LeftOutArticles>,
}

impl From<&Preview> for RenderedPreview {
    fn from(preview: &Preview) -> Self {
        Self {
            subject: preview.mail.subject.clone(),
            html: preview.mail.html.clone(),
            text: preview.mail.text.clone(),
            message: preview.message.clone(),
            articles: preview.stories,
            html_bytes: preview.size.html_bytes,
            unlisted_count: preview.size.unlisted_count,
            left_out: LeftOutArticles::list(&preview.left_out),
        }
    }
}

/// Result of writing a preview of a digest.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DigestPreview {
    /// Path of the directory with the written files.
    pub directory: String,
    /// Number of articles in the preview.
    pub articles: usize,
    /// Number of recipients: for an earlier edition its deliveries, otherwise the confirmed subscribers
    /// who fulfil the filter of the digest and may be mailed.
    pub subscribers: i64,
    /// Size of the HTML part, in bytes; Gmail clips messages above 102,000.
    pub html_bytes: usize,
    /// Number of articles that the mail only counts, because Gmail would clip it.
    pub unlisted_count: usize,
    /// Numbers of articles that the preview does not contain, by reason, largest first.
    pub left_out: Vec<LeftOutArticles>,
}

/// Result of queueing a test e-mail.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct QueuedTest {
    /// Id of the delivery of the test e-mail.
    pub delivery: i64,
    /// Number of articles in the test e-mail.
    pub articles: usize,
    /// Numbers of articles that the test e-mail does not contain, by reason, largest first.
    pub left_out: Vec<LeftOutArticles>,
}
