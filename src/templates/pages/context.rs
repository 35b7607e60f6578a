//! The context common to all pages: language, navigation and announced feeds.

use serde::Serialize;

/// Context common to all pages.
#[derive(Debug, Clone, Default, Serialize)]
pub struct PageContext {
    /// Language of the page (RFC 5646).
    pub language: String,
    /// Name of the publisher.
    pub site_title: String,
    /// URL of the site's logo, if it has one.
    pub logo: Option<String>,
    /// URL of the site's icon.
    pub icon: String,
    /// URL of the style sheet with the site's accent colour, if it sets one.
    pub accent_url: Option<String>,
    /// Description of the page for search engines and link previews.
    pub description: String,
    /// Public URL of the page; `None` if it must not be shared or indexed.
    pub canonical_url: Option<String>,
    /// URL of an image for link previews, if there is one.
    pub image: Option<String>,
    /// Path of `base_url` without a trailing slash; empty unless the service has a path prefix.
    pub base: String,
    /// Links to the page in each language; empty hides the language switch.
    pub languages: Vec<LanguageLink>,
    /// Query appended to links so that they keep a chosen language: `?lang=zh`, or empty.
    pub lang_query: String,
    /// `true` in the demo, whose header links to its mailbox and publishing form.
    pub demo: bool,
    /// Feeds announced in the page's head for autodiscovery, the preferred one first.
    pub alternates: Vec<Alternate>,
}

/// Feed in one format, as announced in a page's head.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Alternate {
    /// Display name of the format.
    pub format: String,
    /// Media type of the format.
    pub media_type: String,
    /// Title, unique on the page.
    pub title: String,
    /// Absolute URL of the feed.
    pub href: String,
}

/// Link to a page in one language.
#[derive(Debug, Clone, Default, Serialize)]
pub struct LanguageLink {
    /// Language tag (RFC 5646).
    pub code: String,
    /// Native name of the language.
    pub name: String,
    /// URL of the page in this language, for example `?lang=zh`.
    pub url: String,
    /// `true` for the language shown or chosen.
    pub current: bool,
}
