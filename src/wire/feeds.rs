//! Documents about feeds: their URLs, readers and publications.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::config;
use crate::domain::readership::{DailyReadership, Day};
use crate::domain::selection::TermKind;
use crate::domain::site_urls::SiteUrls;
use crate::feeds::format::Format;
use crate::publishing;
use crate::store::terms::Term;

/// URLs of a feed: its page and its formats.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct FeedUrls {
    /// URL of the page that describes the feed.
    pub page: String,
    /// URL of the RSS 2.0 document.
    pub rss: String,
    /// URL of the Atom 1.0 document.
    pub atom: String,
    /// URL of the JSON Feed 1.1 document.
    pub json: String,
}

impl FeedUrls {
    /// Returns the URLs of the feed with this URL-encoded path.
    pub fn new(site: SiteUrls<'_>, path: &str) -> Self {
        let url = |format: Format| site.feed(path, format.extension());
        Self {
            page: site.feed_page(path),
            rss: url(Format::Rss),
            atom: url(Format::Atom),
            json: url(Format::Json),
        }
    }
}

/// Declared feed with its URLs.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Feed {
    /// Name of the feed in the configuration.
    pub name: String,
    /// Title of the feed for readers.
    pub title: String,
    /// Translations of the title by language tag.
    pub titles: BTreeMap<String, String>,
    /// Maximum number of articles in the feed.
    pub items: usize,
    /// `true` if the URLs contain a secret.
    pub private: bool,
    /// URLs of the page and of each format.
    #[serde(flatten)]
    pub urls: FeedUrls,
}

impl Feed {
    /// Returns the document of a declared feed of a site.
    pub fn new(site: SiteUrls<'_>, feed: &config::Feed) -> Self {
        Self {
            name: feed.name.clone(),
            title: feed.title.clone(),
            titles: feed.titles.texts().clone(),
            items: feed.items,
            private: feed.secret.is_some(),
            urls: FeedUrls::new(site, &feed.path()),
        }
    }
}

/// Declared feed with its settings.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct FeedDetails {
    /// The fields that a list also has.
    #[serde(flatten)]
    pub listed: Feed,
    /// Number of its newest version; `null` if the config file defines the feed.
    #[schema(required)]
    pub version: Option<i64>,
    /// Keys and values as in `[[feeds]]`, with secrets as `***`; `null` if the config file defines the feed.
    #[schema(required, value_type = Option<Object>)]
    pub settings: Option<Value>,
}

/// On-demand feed of one section, tag, author or language.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct OnDemandFeed {
    /// Kind of the term: `section`, `tag`, `author` or `language`.
    pub kind: String,
    /// Name of the term for readers.
    pub title: String,
    /// Number of public articles that have the term.
    pub articles: i64,
    /// URLs of the page and of each format.
    #[serde(flatten)]
    pub urls: FeedUrls,
}

impl OnDemandFeed {
    /// Returns the document of the on-demand feed of a term.
    pub fn new(kind: TermKind, term: &Term, urls: FeedUrls) -> Self {
        Self {
            kind: kind.as_str().to_owned(),
            title: term.name.clone(),
            articles: term.articles,
            urls,
        }
    }
}

/// Readers of one feed, and its requests in a period.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct FeedReaders {
    /// Name of a declared feed, or path of an on-demand feed.
    pub feed: String,
    /// Number of readers today until now (UTC).
    pub today: u64,
    /// Number of readers yesterday (UTC).
    pub yesterday: u64,
    /// Median number of readers on the seven days before today.
    pub median: u64,
    /// Length of the period in days, including today.
    pub days: i64,
    /// Number of requests for the feed in the period.
    pub requests: u64,
    /// Number of these requests answered with 304 Not Modified.
    pub not_modified: u64,
}

/// Readers and requests of one feed on one day.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct FeedReadersOfDay {
    /// Day in UTC, as `YYYY-MM-DD`.
    pub day: String,
    /// Number of readers: `direct` and `via_aggregators` together.
    pub readers: u64,
    /// Number of readers that fetch the feed themselves.
    pub direct: u64,
    /// Number of subscribers that aggregators report.
    pub via_aggregators: u64,
    /// Number of requests for the feed.
    pub requests: u64,
    /// Number of these requests answered with 304 Not Modified.
    pub not_modified: u64,
}

impl FeedReadersOfDay {
    /// Returns the document of a day and its counts.
    pub fn new(day: Day, counts: DailyReadership) -> Self {
        Self {
            day: day.text(),
            readers: counts.readers(),
            direct: counts.direct,
            via_aggregators: counts.via_aggregators,
            requests: counts.requests,
            not_modified: counts.not_modified,
        }
    }
}

/// Result of publishing the feeds to one destination.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PublishReport {
    /// Name of the destination in the configuration.
    pub destination: String,
    /// Paths of the uploaded files, relative to the destination.
    pub uploaded: Vec<String>,
    /// Paths of the deleted files, relative to the destination.
    pub deleted: Vec<String>,
    /// Number of files that are up to date, including those just uploaded.
    pub up_to_date: usize,
    /// Number of files that are not up to date yet.
    pub pending: usize,
    /// Reason of the last failure as a sentence; `null` if there was none.
    #[schema(required)]
    pub error: Option<String>,
}

impl PublishReport {
    /// Returns the document of a report about the destination with this name.
    pub fn new(destination: &str, report: &publishing::PublishReport) -> Self {
        Self {
            destination: destination.to_owned(),
            uploaded: report.uploaded.clone(),
            deleted: report.deleted.clone(),
            up_to_date: report.up_to_date,
            pending: report.pending,
            error: report.error.clone(),
        }
    }
}

/// Result of writing all declared feeds to a directory.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct FeedBuild {
    /// Path of the directory with the written files.
    pub directory: String,
    /// Number of written files, including `feeds.opml`.
    pub files: usize,
}
