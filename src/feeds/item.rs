//! Feed item of one article, independent of the format and of the feed's other articles.

use std::borrow::Cow;

use ::url::Url;

use super::body;
use super::image::Image;
use super::metadata::language_or;
use super::text::FeedText;
use crate::config::{Content, Feed, Site};
use crate::domain::article::{Article, Enclosure};
use crate::domain::site_urls::encode_segment;
use crate::domain::time::Millis;
use crate::domain::{media, url};

/// A translation of an article.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Translation {
    /// Language tag of the translation (RFC 5646).
    pub language: String,
    /// URL of the translated article.
    pub url: String,
}

/// One article as a feed item.
#[derive(Debug, Clone)]
pub struct Item<'a> {
    /// Permanent id of the article.
    pub id: FeedText<'a>,
    /// The id as a URI, which Atom requires. It differs from `id` only if a source's own id is not
    /// a URI.
    pub uri: FeedText<'a>,
    /// `true` if the id is the article's URL.
    pub id_is_url: bool,
    /// Title in plain text.
    pub title: FeedText<'a>,
    /// Absolute URL of the article, percent-encoded.
    pub url: Option<String>,
    /// Summary in plain text; the title if the article has no summary, so never empty for a titled
    /// article.
    pub summary: FeedText<'a>,
    /// HTML body with the lead image; `None` if it is empty or the feed has summaries only.
    pub body_html: Option<FeedText<'a>>,
    /// Names of the authors.
    pub authors: Vec<FeedText<'a>>,
    /// Sections, then tags, without duplicates.
    pub categories: Vec<FeedText<'a>>,
    /// Language tag of the article (RFC 5646).
    pub language: FeedText<'a>,
    /// Lead image, if there is one.
    pub image: Option<Image<'a>>,
    /// Audio or video file with an absolute, percent-encoded URL.
    pub enclosure: Option<Enclosure>,
    /// Translations, at most one per language and none in the article's own language.
    pub translations: Vec<Translation>,
    /// Time of the first publication.
    pub published: Millis,
    /// Time of the last significant change, never before `published`.
    pub updated: Millis,
    /// Offset from UTC, in minutes, with which Atom writes `updated`. The document plan sets it; it
    /// is 0 for an item of its own.
    pub utc_offset_minutes: i32,
}

/// Converts an article to an item. `candidates` are its public translations.
pub fn item<'a>(
    article: &'a Article,
    candidates: &[Translation],
    site: &'a Site,
    feed: &Feed,
) -> Item<'a> {
    let title = FeedText::line(&article.title);
    let summary = FeedText::new(article.summary.trim());
    let url = article.url.as_deref().and_then(|url| url::absolute_web_url(url, None));
    let id = FeedText::line(&article.guid);
    let language = language_or(&article.language, &site.language);
    let image = Image::of_article(article);
    let body_html = (feed.content == Content::Full && !article.body_html.trim().is_empty())
        .then(|| FeedText::from_cow(body::body_html(&article.body_html, image.as_ref())))
        .filter(|body| !body.as_str().trim().is_empty());
    Item {
        uri: if is_uri(id.as_str()) { id.clone() } else { tag_uri(id.as_str(), site) },
        // A permalink guid must equal the item's link exactly.
        id_is_url: url.as_deref() == Some(id.as_str()),
        id,
        summary: if summary.is_empty() { title.clone() } else { summary },
        title,
        url,
        body_html,
        authors: distinct_names(article.authors.iter()),
        categories: distinct_names(article.sections.iter().chain(&article.tags)),
        translations: translations(candidates, language.as_str()),
        language,
        image,
        enclosure: article.enclosure.as_ref().and_then(enclosure),
        published: article.published_at.whole_second(),
        updated: article.updated_at.max(article.published_at).whole_second(),
        utc_offset_minutes: 0,
    }
}

/// Returns the enclosure if a reader can play it: if it has a web URL and a media type.
fn enclosure(enclosure: &Enclosure) -> Option<Enclosure> {
    let url = url::absolute_web_url(&enclosure.url, None)?;
    Some(Enclosure {
        url,
        media_type: media::essence(&enclosure.media_type)?,
        length: enclosure.length,
    })
}

/// Returns the first translation of each language, because a document may link to only one per
/// language.
fn translations(candidates: &[Translation], own_language: &str) -> Vec<Translation> {
    let mut unique: Vec<Translation> = Vec::new();
    for translation in candidates {
        let language = language_or(&translation.language, "");
        let is_new = !language.is_empty()
            && language.as_str() != own_language
            && unique.iter().all(|other| other.language != language.as_str());
        if let Some(url) = url::absolute_web_url(&translation.url, None).filter(|_| is_new) {
            unique.push(Translation { language: language.as_str().to_owned(), url });
        }
    }
    unique
}

/// Returns the names in order, without duplicates and empty names.
fn distinct_names<'a>(names: impl Iterator<Item = &'a String>) -> Vec<FeedText<'a>> {
    let mut unique: Vec<FeedText<'a>> = Vec::new();
    for name in names.map(|name| FeedText::line(name)) {
        if !name.is_empty() && !unique.contains(&name) {
            unique.push(name);
        }
    }
    unique
}

/// Returns `true` if Atom allows the text as an id (RFC 4287, section 4.2.6): an absolute IRI,
/// limited to ASCII unless it is a web URL.
fn is_uri(id: &str) -> bool {
    let Some((scheme, rest)) = id.split_once(':') else { return false };
    let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b));
    let is_uri_char = |c: char| c.is_ascii_alphanumeric() || "-._~:/?#@!$&'()*+,;=%".contains(c);
    if !is_scheme || rest.is_empty() {
        return false;
    }
    if matches!(scheme, "http" | "https") {
        return rest.starts_with("//")
            && Url::parse(id).is_ok()
            && rest.chars().all(|c| is_uri_char(c) || (!c.is_ascii() && !c.is_whitespace()));
    }
    rest.chars().all(is_uri_char)
}

/// Returns a tag URI for an id that is not a URI. It depends on that id alone, so it is as
/// permanent.
fn tag_uri<'a>(id: &str, site: &Site) -> FeedText<'a> {
    FeedText(Cow::Owned(format!("tag:{}:guid/{}", site.id_authority, encode_segment(id))))
}
