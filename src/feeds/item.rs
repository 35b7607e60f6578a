//! One article as a feed shows it, before any format; independent of the feed's other articles.

use std::borrow::Cow;

use url::Url;

use super::body;
use super::feed::language_or;
use super::text::FeedText;
use crate::config::{Content, Feed, Site};
use crate::domain::article::{Article, Enclosure};
use crate::domain::links::encoded;
use crate::domain::time::Millis;
use crate::domain::{link, media};

/// A translation of an article.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Twin {
    /// Its language (RFC 5646).
    pub language: String,
    /// Its address.
    pub url: String,
}

/// The lead image.
#[derive(Debug, Clone)]
pub struct Picture<'a> {
    /// Absolute and percent-encoded.
    pub url: String,
    /// Media type, where it is known.
    pub media_type: Option<String>,
    /// Width in pixels, where it is known.
    pub width: Option<u32>,
    /// Height in pixels, where it is known.
    pub height: Option<u32>,
    /// What it shows; may be empty.
    pub alt: FeedText<'a>,
}

/// One article in a feed.
#[derive(Debug, Clone)]
pub struct Item<'a> {
    /// The article's permanent id.
    pub id: FeedText<'a>,
    /// The same as a URI: another one only where a source's own id is none, which Atom can't hold.
    pub uri: FeedText<'a>,
    /// Whether the id is the article's address.
    pub id_is_url: bool,
    /// Title, plain text.
    pub title: FeedText<'a>,
    /// Absolute address, percent-encoded.
    pub url: Option<String>,
    /// Summary, plain text; the title where there is none, so never empty for a titled article.
    pub summary: FeedText<'a>,
    /// The body as HTML, with the lead image; `None` if it is empty or the feed shows summaries.
    pub body_html: Option<FeedText<'a>>,
    /// Authors' names.
    pub authors: Vec<FeedText<'a>>,
    /// Sections, then tags, each once.
    pub categories: Vec<FeedText<'a>>,
    /// Language (RFC 5646).
    pub language: FeedText<'a>,
    /// Lead image.
    pub image: Option<Picture<'a>>,
    /// A sound or film, absolute and percent-encoded.
    pub enclosure: Option<Enclosure>,
    /// The article in other languages, each language once and never its own.
    pub translations: Vec<Twin>,
    /// First publication.
    pub published: Millis,
    /// Last significant change, never before `published`.
    pub updated: Millis,
    /// Minutes east of UTC of the zone in which that is written, in Atom: the document's matter, for the article's it is 0.
    pub offset: i32,
}

/// The item that an article makes; `twins` are its public translations.
pub fn item<'a>(article: &'a Article, twins: &[Twin], site: &'a Site, feed: &Feed) -> Item<'a> {
    let title = FeedText::line(&article.title);
    let summary = FeedText::new(article.summary.trim());
    let url = article.url.as_deref().and_then(|url| link::web_address(url, None));
    let id = FeedText::line(&article.guid);
    let language = language_or(&article.language, &site.language);
    let image = picture(article);
    let body_html = (feed.content == Content::Full && !article.body_html.trim().is_empty())
        .then(|| FeedText::of(body::shown(&article.body_html, image.as_ref())))
        .filter(|body| !body.as_str().trim().is_empty());
    Item {
        uri: if is_uri(id.as_str()) { id.clone() } else { own_uri(id.as_str(), site) },
        // Only a guid that is the link as we write it may claim to be one.
        id_is_url: url.as_deref() == Some(id.as_str()),
        id,
        summary: if summary.is_empty() { title.clone() } else { summary },
        title,
        url,
        body_html,
        authors: distinct(article.authors.iter()),
        categories: distinct(article.sections.iter().chain(&article.tags)),
        translations: translations(twins, language.as_str()),
        language,
        image,
        enclosure: article.enclosure.as_ref().and_then(enclosure),
        published: article.published_at.whole_second(),
        updated: article.updated_at.max(article.published_at).whole_second(),
        offset: 0,
    }
}

fn picture(article: &Article) -> Option<Picture<'_>> {
    let url = article.image_url.as_deref().and_then(|url| link::web_address(url, None))?;
    let told = article.image_type.as_deref().and_then(media::essence);
    Some(Picture {
        media_type: told
            .or_else(|| media::type_of(&url).map(str::to_owned))
            .filter(|t| t.starts_with("image/")),
        url,
        width: article.image_width.filter(|&pixels| pixels > 0),
        height: article.image_height.filter(|&pixels| pixels > 0),
        alt: article.image_alt.as_deref().map(FeedText::line).unwrap_or_default(),
    })
}

/// One that a reader can play: with an address of the web and a type.
fn enclosure(told: &Enclosure) -> Option<Enclosure> {
    let url = link::web_address(&told.url, None)?;
    Some(Enclosure { url, media_type: media::essence(&told.media_type)?, length: told.length })
}

/// One for each language, in their order; a format may link no two of one language.
fn translations(twins: &[Twin], own: &str) -> Vec<Twin> {
    let mut kept: Vec<Twin> = Vec::new();
    for twin in twins {
        let language = language_or(&twin.language, "");
        let is_new = !language.is_empty()
            && language.as_str() != own
            && kept.iter().all(|k| k.language != language.as_str());
        if let Some(url) = link::web_address(&twin.url, None).filter(|_| is_new) {
            kept.push(Twin { language: language.as_str().to_owned(), url });
        }
    }
    kept
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

/// Whether Atom can hold it as an id (RFC 4287, section 4.2.6): an absolute IRI; only ASCII where it is no address of the web.
fn is_uri(id: &str) -> bool {
    let Some((scheme, rest)) = id.split_once(':') else { return false };
    let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b));
    let reserved = |c: char| c.is_ascii_alphanumeric() || "-._~:/?#@!$&'()*+,;=%".contains(c);
    if !is_scheme || rest.is_empty() {
        return false;
    }
    if matches!(scheme, "http" | "https") {
        return rest.starts_with("//")
            && Url::parse(id).is_ok()
            && rest.chars().all(|c| reserved(c) || (!c.is_ascii() && !c.is_whitespace()));
    }
    rest.chars().all(reserved)
}

/// An id for what is none, made of it alone, so that it is as permanent.
fn own_uri<'a>(id: &str, site: &Site) -> FeedText<'a> {
    FeedText(Cow::Owned(format!("tag:{}:guid/{}", site.id_authority, encoded(id))))
}
