//! What each page's template is given. Forms post the fields named in the documentation of their contexts.

mod forms;
mod mailbox;
mod samples;

use serde::Serialize;

pub use forms::{
    ConfirmPage, DigestChoice, PublishPage, SectionChoice, SubscribePage, UnsubscribePage,
    UnsubscribeState,
};
pub use mailbox::{MailRow, MailboxMailPage, MailboxPage, StoryPage};

use super::Templates;

/// The file name of the style sheet.
pub(super) const STYLESHEET: &str = "web/style.css";

/// A page's context: it knows its template, and how to make samples of itself.
pub trait View: Serialize + Sized {
    /// The template's name, as `web/index`.
    const TEMPLATE: &'static str;

    /// Contexts to try the template with, in every state it can show.
    fn samples() -> Vec<Self>;
}

/// What every page needs.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Page {
    /// The language the page speaks (RFC 5646), chosen by the caller.
    pub language: String,
    /// The publisher's name.
    pub site_title: String,
    /// The path of base_url, without a slash at the end: empty, unless the service lives below a folder.
    pub base: String,
    /// The same page in the other languages; none shows no switch.
    pub languages: Vec<LanguageLink>,
    /// Stands behind the addresses of other pages, so that a chosen language goes on being spoken: `?lang=zh`, or nothing.
    pub keep: String,
    /// Whether this is the demo: then the head links to its mailbox and to publishing.
    pub demo: bool,
    /// Feeds that the page tells browsers and readers of, the preferred first.
    pub alternates: Vec<Alternate>,
}

/// A feed in a format, as a page's head tells of it.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Alternate {
    /// The format's name for people.
    pub format: String,
    /// The format's media type.
    pub media_type: String,
    /// Title, unlike the others on the page.
    pub title: String,
    /// Absolute address.
    pub href: String,
}

/// A link to the same page in a language.
#[derive(Debug, Clone, Default, Serialize)]
pub struct LanguageLink {
    /// RFC 5646.
    pub code: String,
    /// The language's own name for itself.
    pub name: String,
    /// Address, as `?lang=zh`.
    pub url: String,
    /// It is the one shown.
    pub current: bool,
}

/// `/`: feeds, digests, how to subscribe.
#[derive(Debug, Clone, Default, Serialize)]
pub struct IndexPage {
    /// What every page needs.
    #[serde(flatten)]
    pub page: Page,
    /// All feeds, in the config's order.
    pub feeds: Vec<FeedRow>,
    /// All digests, in the config's order.
    pub digests: Vec<DigestRow>,
    /// The newest articles, a few; may be empty.
    pub latest: Vec<ArticleRow>,
    /// Whether `/feeds.opml` is served.
    pub opml: bool,
    /// What happens in the demo.
    pub strip: Option<DemoStrip>,
}

/// A feed in a list.
#[derive(Debug, Clone, Default, Serialize)]
pub struct FeedRow {
    /// What stands behind `/feeds/` in its address, without a format.
    pub path: String,
    /// Title.
    pub title: String,
    /// What it is about, if that is known.
    pub description: Option<String>,
    /// How many articles it holds now; 0 also where that is not known.
    pub count: usize,
}

/// Feeds that belong together.
#[derive(Debug, Clone, Default, Serialize)]
pub struct FeedGroup {
    /// The name of the text that is their title, as `feeds-by-section`.
    pub title: String,
    /// The feeds.
    pub feeds: Vec<FeedRow>,
}

/// A digest on the index page.
#[derive(Debug, Clone, Default, Serialize)]
pub struct DigestRow {
    /// Slug.
    pub name: String,
    /// Title.
    pub title: String,
    /// When the next edition comes, for people; none if it is not known.
    pub next_text: Option<String>,
}

/// An article in a list.
#[derive(Debug, Clone, Default, Serialize)]
pub struct ArticleRow {
    /// Title.
    pub title: String,
    /// Its address, if it has one.
    pub url: Option<String>,
    /// Plain text; may be empty.
    pub summary: String,
    /// Its first section, if any.
    pub section: Option<String>,
    /// The day of publication in the page's language.
    pub date_text: String,
    /// The article's own language.
    pub language: String,
}

/// The demo's strip on the index page; the page then loads itself anew every few seconds.
#[derive(Debug, Clone, Default, Serialize)]
pub struct DemoStrip {
    /// Seconds until the next digest; none if none is due.
    pub next_seconds: Option<u64>,
    /// How many mails have arrived in the mailbox.
    pub mails: usize,
    /// Seconds after which the page loads itself anew.
    pub refresh_seconds: u32,
}

/// `/feeds/NAME`: a feed, shown to a person.
#[derive(Debug, Clone, Default, Serialize)]
pub struct FeedPage {
    /// What every page needs.
    #[serde(flatten)]
    pub page: Page,
    /// The feed.
    pub feed: FeedRow,
    /// Its newest articles, or all of a page of its archive.
    pub articles: Vec<ArticleRow>,
    /// Its address in each format.
    pub addresses: Vec<Alternate>,
    /// The languages of its articles, by name.
    pub languages_named: Vec<String>,
    /// Whether readers may have its news pushed to them.
    pub has_push: bool,
    /// The path of what came before it in the archive.
    pub older: Option<String>,
    /// HTML for the head of a site's pages.
    pub snippet: String,
    /// Feeds that hold a part of it.
    pub groups: Vec<FeedGroup>,
    /// Whether its address is a secret.
    pub is_private: bool,
    /// Which page of the archive is shown, as in `August 2026`; none: the feed itself.
    pub archive: Option<String>,
    /// What copies addresses.
    pub script: String,
}

/// `/feeds/`: all public feeds.
#[derive(Debug, Clone, Default, Serialize)]
pub struct FeedsPage {
    /// What every page needs.
    #[serde(flatten)]
    pub page: Page,
    /// Those of the configuration, in its order.
    pub feeds: Vec<FeedRow>,
    /// Whether `/feeds.opml` is served.
    pub opml: bool,
    /// Those that are made when somebody asks.
    pub groups: Vec<FeedGroup>,
}

/// How a message feels.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Tone {
    /// Something was done as wished.
    Good,
    /// Something to know.
    #[default]
    Plain,
    /// Something did not work.
    Bad,
}

/// Something a message offers: a link.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Action {
    /// What it says.
    pub text: String,
    /// Where it leads.
    pub url: String,
}

/// A page that says something: after a form was sent, for instance.
#[derive(Debug, Clone, Default, Serialize)]
pub struct MessagePage {
    /// What every page needs.
    #[serde(flatten)]
    pub page: Page,
    /// How it feels.
    pub tone: Tone,
    /// Title.
    pub title: String,
    /// Sentences, one paragraph each.
    pub sentences: Vec<String>,
    /// Links, the first as a button.
    pub actions: Vec<Action>,
}

/// An error: not found, refused, failed.
#[derive(Debug, Clone, Default, Serialize)]
pub struct ErrorPage {
    /// What every page needs.
    #[serde(flatten)]
    pub page: Page,
    /// HTTP status.
    pub status: u16,
    /// Title.
    pub title: String,
    /// One sentence: what, and what to do.
    pub sentence: String,
}

/// Renders every page with all its samples.
pub(super) fn check(templates: &Templates) -> Vec<anyhow::Error> {
    fn all<V: View>(templates: &Templates) -> impl Iterator<Item = anyhow::Error> {
        V::samples().into_iter().filter_map(|sample| templates.page(&sample).err())
    }
    all::<IndexPage>(templates)
        .chain(all::<FeedPage>(templates))
        .chain(all::<FeedsPage>(templates))
        .chain(all::<SubscribePage>(templates))
        .chain(all::<ConfirmPage>(templates))
        .chain(all::<UnsubscribePage>(templates))
        .chain(all::<MessagePage>(templates))
        .chain(all::<ErrorPage>(templates))
        .chain(all::<MailboxPage>(templates))
        .chain(all::<MailboxMailPage>(templates))
        .chain(all::<PublishPage>(templates))
        .chain(all::<StoryPage>(templates))
        .collect()
}
