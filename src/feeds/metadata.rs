//! Metadata of a feed document, independent of the format.

use std::borrow::Cow;

use jiff::civil;

use super::text::FeedText;
use crate::config::{Feed, Site};
use crate::domain::site_urls::SiteUrls;
use crate::domain::time::{MINUTE, Millis, SignedDuration};
use crate::domain::{language, url};

pub use super::image::Image;
pub use super::item::{Item, Translation, item};

/// Role of a document in its feed's archive (RFC 5005). URLs have no format extension.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ArchiveRole {
    /// The document contains all articles of the feed (section 2).
    Complete,
    /// The document contains the newest articles; archive pages contain the others (section 4).
    Newest {
        /// URL of the newest archive page.
        previous: Option<String>,
    },
    /// The document is an archive page (section 4).
    Page {
        /// URL of the page itself.
        url: String,
        /// URL of the feed document with the newest articles.
        current: String,
        /// URL of the page with older articles.
        previous: Option<String>,
        /// URL of the page with newer articles.
        next: Option<String>,
    },
}

/// Metadata of a document; equal metadata is rendered to the same bytes in each format.
#[derive(Debug, Clone)]
pub struct FeedMetadata<'a> {
    /// `tag:ID_AUTHORITY:feeds/NAME` with the feed's first name: the same in every format and on
    /// every archive page.
    pub id: FeedText<'a>,
    /// Title of the feed.
    pub title: FeedText<'a>,
    /// Description of the feed, if one is configured.
    pub description: Option<FeedText<'a>>,
    /// Name of the publisher, who is the author of articles without an author.
    pub publisher: FeedText<'a>,
    /// URL of the publisher's site.
    pub publisher_url: String,
    /// URL of the feed's HTML page.
    pub page_url: String,
    /// URL of this document without `.rss`, `.atom` or `.json`.
    pub self_url: String,
    /// Language (RFC 5646) of the feed as a whole.
    pub language: FeedText<'a>,
    /// Time of the newest change or removal; the date in the id authority if there was none.
    pub updated: Millis,
    /// Time for which a reader may cache the document.
    pub max_age: SignedDuration,
    /// Copyright notice for the feed.
    pub rights: Option<FeedText<'a>>,
    /// URL of the publisher's square icon.
    pub icon: Option<&'a str>,
    /// URL of the publisher's wide logo.
    pub logo: Option<&'a str>,
    /// URLs of the hubs at which a reader can subscribe (WebSub).
    pub hubs: Vec<String>,
    /// Role of the document in the feed's archive.
    pub archive: &'a ArchiveRole,
    /// XML that the admin adds to RSS and Atom, validated when the configuration was loaded.
    pub extra_xml: Option<&'a str>,
}

/// Returns a document's metadata. `updated` is the time at which an article of the feed was last
/// changed or removed; the Unix epoch if there was no change.
pub fn feed_metadata<'a>(
    site: &'a Site,
    feed: &'a Feed,
    updated: Millis,
    archive: &'a ArchiveRole,
    hubs: &[String],
) -> FeedMetadata<'a> {
    // Only a feed of one language has readers of that language alone.
    let one_language = feed.only_language();
    let home_url = SiteUrls(&site.base_url).feed_page(&feed.path());
    let self_url = match archive {
        ArchiveRole::Page { url: address, .. } => address.clone(),
        ArchiveRole::Complete | ArchiveRole::Newest { .. } => home_url.clone(),
    };
    FeedMetadata {
        id: FeedText(Cow::Owned(format!("tag:{}:feeds/{}", site.id_authority, feed.id_name()))),
        title: FeedText::line(one_language.map_or(&feed.title, |tag| feed.title_in(tag))),
        description: one_language
            .map_or(feed.description.as_deref(), |tag| feed.description_in(tag))
            .map(FeedText::line),
        publisher: FeedText::line(one_language.map_or(&site.title, |tag| site.title_in(tag))),
        publisher_url: format!("{}/", site.base_url),
        page_url: home_url,
        self_url,
        language: feed_language(site, feed),
        // A feed without any article needs a plausible date: its id is not older than the
        // authority's date, and readers consider 1970 an error.
        updated: if updated == Millis::default() {
            authority_date(&site.id_authority)
        } else {
            updated
        },
        max_age: feed.max_age,
        rights: site.rights.as_deref().map(FeedText::line),
        icon: site.icon.as_deref(),
        logo: site.logo.as_deref(),
        hubs: hubs.iter().filter_map(|hub| url::absolute_web_url(hub, None)).collect(),
        archive,
        extra_xml: feed.extra_xml.as_deref(),
    }
}

/// Returns the language of a feed: the selected language if there is exactly one, otherwise the
/// site's.
pub(super) fn feed_language<'a>(site: &'a Site, feed: &Feed) -> FeedText<'a> {
    match feed.only_language() {
        Some(one) => language_or(one, &site.language),
        None => language_or(&site.language, "en"),
    }
}

/// Returns the date in an id authority (RFC 4151) as an instant.
fn authority_date(id_authority: &str) -> Millis {
    let mut numbers = id_authority
        .rsplit(',')
        .next()
        .unwrap_or_default()
        .split('-')
        .map(|n| n.parse::<i16>().ok());
    let year = numbers.next().flatten().unwrap_or(1970);
    let mut next = || numbers.next().flatten().and_then(|n| i8::try_from(n).ok()).unwrap_or(1);
    let day = civil::Date::new(year, next(), next()).ok();
    let instant = day.and_then(|day| day.to_zoned(jiff::tz::TimeZone::UTC).ok());
    instant.map_or(Millis::default(), |at| Millis(at.timestamp().as_millisecond()))
}

/// Returns a language tag in canonical form (`zh_CN` becomes `zh-CN`), or the fallback if it is
/// invalid.
pub(super) fn language_or<'a>(tag: &str, fallback: &'a str) -> FeedText<'a> {
    match language::canonical(&tag.replace('_', "-")) {
        Ok(tag) => FeedText(Cow::Owned(tag)),
        Err(_) => FeedText::line(fallback),
    }
}

impl FeedMetadata<'_> {
    /// Returns how often a reader may poll, for the RSS syndication module: `true` for a daily
    /// period (`false` for an hourly one), and the number of polls in it.
    pub(super) fn update_frequency(&self) -> (bool, u32) {
        let seconds = self.max_age.as_secs().max(1);
        let (is_daily, period) = if seconds > 3_600 { (true, 86_400) } else { (false, 3_600) };
        (is_daily, u32::try_from((period / seconds).max(1)).unwrap_or(1))
    }

    /// Returns `max_age` in minutes, rounded up.
    pub(super) fn ttl_minutes(&self) -> i64 {
        (self.max_age + MINUTE - SignedDuration::from_millis(1)).as_mins().max(1)
    }
}
