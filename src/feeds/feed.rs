//! What a feed says of itself, before any format.

use std::borrow::Cow;

use jiff::civil;

use super::text::FeedText;
use crate::config::{Feed, Site};
use crate::domain::links::Links;
use crate::domain::time::Millis;
use crate::domain::{language, link};

pub use super::item::{Item, Picture, Twin, item};

/// What kind of document of a feed this is (RFC 5005); addresses are without the format's extension.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Archive {
    /// All there is (section 2).
    Complete,
    /// The newest articles (section 4); the others are in pages.
    Newest {
        /// The newest page.
        previous: Option<String>,
    },
    /// A page of the archive (section 4).
    Page {
        /// Its own address.
        address: String,
        /// Where the newest articles are.
        current: String,
        /// The page of older articles.
        previous: Option<String>,
        /// The page of newer articles.
        next: Option<String>,
    },
}

/// All of a document but its items: the same head gives the same bytes in each format.
#[derive(Debug, Clone)]
pub struct Head<'a> {
    /// `tag:ID_AUTHORITY:feeds/NAME` with the first name it had, the same in every format and in every document of the archive.
    pub id: FeedText<'a>,
    /// The feed's title.
    pub title: FeedText<'a>,
    /// What it is about, where the configuration says so.
    pub description: Option<FeedText<'a>>,
    /// The publisher, who is the author where an article names none.
    pub publisher: FeedText<'a>,
    /// The publisher's address.
    pub publisher_url: String,
    /// The page that shows the feed to a person.
    pub home_url: String,
    /// This document's address without `.rss`, `.atom` or `.json`.
    pub self_url: String,
    /// Language (RFC 5646) of the feed as a whole.
    pub language: FeedText<'a>,
    /// The newest change or removal; the beginning of the id's authority if there never was one.
    pub updated: Millis,
    /// How long a reader may keep it before asking again, in milliseconds.
    pub max_age: i64,
    /// Who holds which rights.
    pub rights: Option<FeedText<'a>>,
    /// A square picture that stands for the publisher.
    pub icon: Option<&'a str>,
    /// A wide picture that stands for the publisher.
    pub logo: Option<&'a str>,
    /// Where a reader asks to be told of changes (WebSub).
    pub hubs: Vec<String>,
    /// Which document of the feed it is.
    pub archive: &'a Archive,
    /// XML that the operator adds to RSS and Atom, checked when the configuration was read.
    pub extra_xml: Option<&'a str>,
}

/// A document's head; `updated` is when an article of the feed was last changed in it or taken from it, the epoch if never.
pub fn head<'a>(
    site: &'a Site,
    feed: &'a Feed,
    updated: Millis,
    archive: &'a Archive,
    hubs: &[String],
) -> Head<'a> {
    let home_url = Links(&site.base_url).feed_page(&feed.path());
    let self_url = match archive {
        Archive::Page { address, .. } => address.clone(),
        Archive::Complete | Archive::Newest { .. } => home_url.clone(),
    };
    Head {
        id: FeedText(Cow::Owned(format!("tag:{}:feeds/{}", site.id_authority, feed.first_name()))),
        title: FeedText::line(&feed.title),
        description: feed.description.as_deref().map(FeedText::line),
        publisher: FeedText::line(&site.title),
        publisher_url: format!("{}/", site.base_url),
        home_url,
        self_url,
        language: language_of(site, feed),
        // An empty feed never changed; its id cannot be older than the authority's date, and readers take 1970 for a fault.
        updated: if updated == Millis::default() { beginning(&site.id_authority) } else { updated },
        max_age: feed.max_age,
        rights: site.rights.as_deref().map(FeedText::line),
        icon: site.icon.as_deref(),
        logo: site.logo.as_deref(),
        hubs: hubs.iter().filter_map(|hub| link::web_address(hub, None)).collect(),
        archive,
        extra_xml: feed.extra_xml.as_deref(),
    }
}

/// The language of a feed as a whole: a feed of one language is in that language, whatever the rest of the site speaks.
pub(super) fn language_of<'a>(site: &'a Site, feed: &Feed) -> FeedText<'a> {
    match feed.selection.languages.as_slice() {
        [one] => language_or(one, &site.language),
        _ => language_or(&site.language, "en"),
    }
}

/// The day that an id's authority names (RFC 4151), as an instant.
fn beginning(id_authority: &str) -> Millis {
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

/// A language tag as readers expect it (`zh_CN` becomes `zh-CN`); what is none becomes the fallback.
pub(super) fn language_or<'a>(tag: &str, fallback: &'a str) -> FeedText<'a> {
    match language::canonical(&tag.replace('_', "-")) {
        Ok(tag) => FeedText(Cow::Owned(tag)),
        Err(_) => FeedText::line(fallback),
    }
}

impl Head<'_> {
    /// How many documents a reader may ask for in a period, as RSS's syndication module says it: (daily instead of hourly, times).
    pub(super) fn rhythm(&self) -> (bool, u32) {
        let seconds = (self.max_age / 1_000).max(1);
        let (is_daily, period) = if seconds > 3_600 { (true, 86_400) } else { (false, 3_600) };
        (is_daily, u32::try_from((period / seconds).max(1)).unwrap_or(1))
    }

    /// `max_age` in whole minutes, never shorter than it is.
    pub(super) fn minutes(&self) -> i64 {
        ((self.max_age + 59_999) / 60_000).max(1)
    }
}
