//! What a feed says, before any format: the one door through which text enters the renderers.

use std::borrow::Cow;

use crate::config::{Content, Feed, Site};
use crate::domain::article::Article;
use crate::domain::time::Millis;
use crate::domain::{characters, language, link};

/// Text that XML 1.0 can hold: forbidden characters are dropped, line ends are `\n`, as an XML parser will read them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FeedText<'a>(Cow<'a, str>);

impl<'a> FeedText<'a> {
    /// Takes any text.
    pub fn new(text: &'a str) -> Self {
        let allowed = characters::without_forbidden(text);
        if allowed.contains('\r') {
            return Self(Cow::Owned(allowed.replace("\r\n", "\n").replace('\r', "\n")));
        }
        Self(allowed)
    }

    /// Takes any text for one line, as an attribute's: white space at its ends goes, within it becomes single spaces.
    pub fn line(text: &'a str) -> Self {
        let Self(text) = Self::new(text);
        if text.trim() == text && !text.contains("  ") && !text.contains(['\n', '\t']) {
            return Self(text);
        }
        Self(Cow::Owned(text.split_whitespace().collect::<Vec<_>>().join(" ")))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether nothing is left.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<&FeedText<'_>> for String {
    fn from(text: &FeedText<'_>) -> Self {
        text.0.clone().into_owned()
    }
}

/// A feed at one moment; the same document gives the same bytes in each format.
#[derive(Debug, Clone)]
pub struct FeedDocument<'a> {
    /// `tag:ID_AUTHORITY:feeds/NAME`, the same in every format.
    pub id: FeedText<'a>,
    /// The feed's title.
    pub title: FeedText<'a>,
    /// The publisher, who is the author where an article names none.
    pub publisher: FeedText<'a>,
    /// The publisher's address.
    pub publisher_url: String,
    /// The page that shows the feed to a person.
    pub home_url: String,
    /// The feed's address without `.rss`, `.atom` or `.json`.
    pub self_url: String,
    /// Language (RFC 5646) of the feed as a whole.
    pub language: FeedText<'a>,
    /// The newest change or removal; the epoch if there never was one.
    pub updated: Millis,
    /// How much of each article is shown.
    pub content: Content,
    /// The articles, newest first.
    pub items: Vec<Item<'a>>,
}

/// One article in a feed.
#[derive(Debug, Clone)]
pub struct Item<'a> {
    /// The article's permanent id.
    pub id: FeedText<'a>,
    /// Whether the id is the article's address.
    pub id_is_url: bool,
    /// Title, plain text.
    pub title: FeedText<'a>,
    /// Absolute address, percent-encoded.
    pub url: Option<String>,
    /// Summary, plain text; the title where there is none, so never empty for a titled article.
    pub summary: FeedText<'a>,
    /// The body as HTML; `None` if it is empty or the feed shows summaries.
    pub body_html: Option<FeedText<'a>>,
    /// Authors' names.
    pub authors: Vec<FeedText<'a>>,
    /// Sections, then tags, each once.
    pub categories: Vec<FeedText<'a>>,
    /// Language (RFC 5646).
    pub language: FeedText<'a>,
    /// Lead image, absolute and percent-encoded.
    pub image: Option<String>,
    /// First publication.
    pub published: Millis,
    /// Last significant change, never before `published`.
    pub updated: Millis,
}

/// The feed that these articles (newest first) make; `removed_latest` is when one was last removed from it.
pub fn document<'a>(site: &'a Site, feed: &'a Feed, articles: &'a [Article], removed_latest: Option<Millis>) -> FeedDocument<'a> {
    // A feed of one language is in that language, whatever the rest of the site speaks.
    let language = match feed.selection.languages.as_slice() {
        [one] => language_or(one, &site.language),
        _ => language_or(&site.language, "en"),
    };
    let items: Vec<Item<'a>> =
        articles.iter().filter(|article| article.removed_at.is_none()).map(|article| item(article, site, feed.content)).collect();
    let self_url = format!("{}/feeds/{}", site.base_url, feed.name);
    FeedDocument {
        id: FeedText(Cow::Owned(format!("tag:{}:feeds/{}", site.id_authority, feed.name))),
        title: FeedText::line(&feed.title),
        publisher: FeedText::line(&site.title),
        publisher_url: format!("{}/", site.base_url),
        home_url: self_url.clone(),
        self_url,
        language,
        updated: items.iter().map(|item| item.updated).chain(removed_latest).max().unwrap_or_default(),
        content: feed.content,
        items,
    }
}

fn item<'a>(article: &'a Article, site: &'a Site, content: Content) -> Item<'a> {
    let title = FeedText::line(&article.title);
    let summary = FeedText::new(article.summary.trim());
    let url = article.url.as_deref().and_then(|url| link::web_address(url, None));
    let guid = article.guid.as_str();
    Item {
        id: FeedText::line(guid),
        // Only a guid that is the link as we write it may claim to be one.
        id_is_url: url.as_deref() == Some(guid),
        summary: if summary.is_empty() { title.clone() } else { summary },
        title,
        url,
        body_html: (content == Content::Full).then(|| FeedText::new(&article.body_html)).filter(|body| !body.as_str().trim().is_empty()),
        authors: distinct(article.authors.iter()),
        categories: distinct(article.sections.iter().chain(&article.tags)),
        language: language_or(&article.language, &site.language),
        image: article.image_url.as_deref().and_then(|url| link::web_address(url, None)),
        published: article.published_at.whole_second(),
        updated: article.updated_at.max(article.published_at).whole_second(),
    }
}

/// The names in their order, each once, none empty.
fn distinct<'a>(names: impl Iterator<Item = &'a String>) -> Vec<FeedText<'a>> {
    let mut kept: Vec<FeedText<'a>> = Vec::new();
    for name in names.map(|name| FeedText::line(name)) {
        if !name.is_empty() && !kept.contains(&name) {
            kept.push(name);
        }
    }
    kept
}

/// A language tag as readers expect it (`zh_CN` becomes `zh-CN`); what is none becomes the fallback.
fn language_or<'a>(tag: &str, fallback: &'a str) -> FeedText<'a> {
    match language::canonical(&tag.replace('_', "-")) {
        Ok(tag) => FeedText(Cow::Owned(tag)),
        Err(_) => FeedText::line(fallback),
    }
}
