//! Contexts of the list of feeds and of the page of one.

use serde::Serialize;

use super::chart::Chart;
use super::digests::Origin;
use super::editions::EditionArticle;
use super::frame::{AdminFrame, TimeText, framed};
use crate::templates::pages::{Alternate, View};

/// Context of the page `/admin/feeds`.
#[derive(Debug, Clone, Default, Serialize)]
pub struct AdminFeedsPage {
    /// Context common to all pages of the admin area.
    #[serde(flatten)]
    pub frame: AdminFrame,
    /// Declared feeds, in the order of the configuration.
    pub feeds: Vec<FeedSummaryRow>,
    /// `true` if the user may create a feed.
    pub may_create: bool,
}

/// Feed of the list.
#[derive(Debug, Clone, Default, Serialize)]
pub struct FeedSummaryRow {
    /// Name of the feed.
    pub name: String,
    /// Title of the feed in the language of the user.
    pub title: String,
    /// `true` if its address contains a secret.
    pub is_private: bool,
    /// Number of readers on the last full day.
    pub readers: i64,
    /// Path of a small line through the readers of 30 days; `None` without readers.
    pub trend: Option<String>,
    /// Number of articles in the feed; `None` before its first rendering.
    pub items: Option<usize>,
    /// Size of the RSS document in kB; `None` before its first rendering.
    pub kilobytes: Option<usize>,
    /// Time of the last change of the document.
    pub changed: Option<TimeText>,
    /// Place where the feed is defined.
    pub origin: Origin,
}

/// Context of the page `/admin/feeds/NAME`.
#[derive(Debug, Clone, Default, Serialize)]
pub struct AdminFeedPage {
    /// Context common to all pages of the admin area.
    #[serde(flatten)]
    pub frame: AdminFrame,
    /// Feed with the numbers of the list.
    pub feed: FeedSummaryRow,
    /// `true` if the user may change the feed, which the database defines.
    pub may_edit: bool,
    /// URL of the page of the feed for readers.
    pub page_url: String,
    /// URLs of the feed, one per format.
    pub addresses: Vec<Alternate>,
    /// HTML lines by which readers discover the feed on other pages.
    pub snippet: String,
    /// Readers of the feed by day.
    pub readers: Chart,
    /// Conditions of the selection as sentences; none for all articles.
    pub conditions: Vec<String>,
    /// Number of articles that the feed selects.
    pub selected: i64,
    /// Maximum number of articles in the feed.
    pub limit: usize,
    /// Newest articles that it selects.
    pub articles: Vec<EditionArticle>,
    /// Former paths that serve the feed as well.
    pub aliases: Vec<String>,
    /// Sentences about what depends on the feed.
    pub dependents: Vec<String>,
}

impl FeedSummaryRow {
    /// Returns samples of a rendered and of a new feed.
    fn samples() -> [Self; 2] {
        let [database, file] = Origin::samples();
        let rendered = Self {
            name: "news".into(),
            title: "College news".into(),
            is_private: false,
            readers: 412,
            trend: Some("M0 20L90 2".into()),
            items: Some(50),
            kilobytes: Some(120),
            changed: Some(TimeText::sample()),
            origin: file,
        };
        let new = Self {
            is_private: true,
            trend: None,
            items: None,
            kilobytes: None,
            changed: None,
            origin: database,
            ..rendered.clone()
        };
        [rendered, new]
    }
}

impl View for AdminFeedsPage {
    const TEMPLATE: &'static str = "web/admin/feeds";

    fn samples() -> Vec<Self> {
        let mut samples = framed(|frame| Self { frame, may_create: true, ..Self::default() });
        samples.extend(framed(|frame| Self {
            frame,
            feeds: FeedSummaryRow::samples().into(),
            may_create: false,
        }));
        samples
    }
}

impl View for AdminFeedPage {
    const TEMPLATE: &'static str = "web/admin/feed";

    fn samples() -> Vec<Self> {
        let [rendered, new] = FeedSummaryRow::samples();
        let address = Alternate {
            media_type: "application/rss+xml".into(),
            title: "College news (RSS)".into(),
            href: "https://news.example.edu/feeds/news.rss".into(),
            format: "RSS".into(),
        };
        let mut samples = framed(|frame| Self {
            frame,
            feed: new.clone(),
            may_edit: true,
            readers: Chart::sample(false),
            ..Self::default()
        });
        samples.extend(framed(|frame| Self {
            frame,
            feed: rendered.clone(),
            may_edit: false,
            page_url: "https://news.example.edu/feeds/news".into(),
            addresses: vec![address.clone()],
            snippet: "<link rel=\"alternate\">".into(),
            readers: Chart::sample(false),
            conditions: vec!["in one of the sections Campus, Sport".into()],
            selected: 120,
            limit: 50,
            articles: vec![EditionArticle { path: "college%2F1".into(), title: "Open day".into() }],
            aliases: vec!["/feed/".into()],
            dependents: vec!["former paths: /feed/".into()],
        }));
        samples
    }
}
