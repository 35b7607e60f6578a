//! Documents about articles: list, one article, result of remapping ids.

use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::article;
use crate::store::id_mappings::MappingResult;

/// Article without its texts, as in a list.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ArticleSummary {
    /// Permanent id of the article in all feed formats.
    pub id: String,
    /// Name of the source that has the article.
    pub source: String,
    /// Id of the article in its source.
    pub source_id: String,
    /// Title as plain text; empty only for a removed article.
    pub title: String,
    /// Absolute URL of the article; `null` if it has none.
    #[schema(required)]
    pub url: Option<String>,
    /// Language tag of the article (RFC 5646).
    pub language: String,
    /// Most important section; `null` if the article has none.
    #[schema(required)]
    pub section: Option<String>,
    /// Sections of the article, most important first.
    pub sections: Vec<String>,
    /// Tags of the article, in the order of the source.
    pub tags: Vec<String>,
    /// Names of the authors, in the order of the source.
    pub authors: Vec<String>,
    /// Time of first publication (RFC 3339).
    pub published_at: String,
    /// Time of the last significant change (RFC 3339).
    pub updated_at: String,
    /// Number of the story, which the article shares with its translations.
    pub story: i64,
}

impl From<&article::Article> for ArticleSummary {
    fn from(a: &article::Article) -> Self {
        Self {
            id: a.guid.clone(),
            source: a.source.clone(),
            source_id: a.source_id.clone(),
            title: a.title.clone(),
            url: a.url.clone(),
            language: a.language.clone(),
            section: a.sections.first().cloned(),
            sections: a.sections.clone(),
            tags: a.tags.clone(),
            authors: a.authors.clone(),
            published_at: a.published_at.rfc3339(),
            updated_at: a.updated_at.rfc3339(),
            story: a.story,
        }
    }
}

/// Article with its texts, files and translations.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Article {
    /// The fields that a list also has.
    #[serde(flatten)]
    pub listed: ArticleSummary,
    /// Summary as plain text; may be empty.
    pub summary: String,
    /// Body as sanitized HTML with absolute URLs; may be empty.
    pub body_html: String,
    /// Absolute URL of the lead image; `null` if there is none.
    #[schema(required)]
    pub image_url: Option<String>,
    /// Alternative text of the lead image as plain text; `null` if unknown.
    #[schema(required)]
    pub image_alt: Option<String>,
    /// Media type of the lead image; `null` if unknown.
    #[schema(required)]
    pub image_type: Option<String>,
    /// Width of the lead image in pixels; `null` if unknown.
    #[schema(required)]
    pub image_width: Option<u32>,
    /// Height of the lead image in pixels; `null` if unknown.
    #[schema(required)]
    pub image_height: Option<u32>,
    /// Audio or video file of the article; `null` if there is none.
    #[schema(required)]
    pub enclosure: Option<Enclosure>,
    /// Time at which Courant first saw the article (RFC 3339).
    pub first_seen_at: String,
    /// Time of removal from the source (RFC 3339); `null` for an article that still exists.
    /// A removed article has no texts.
    #[schema(required)]
    pub removed_at: Option<String>,
    /// Permanent ids of the public translations of the article.
    pub translations: Vec<String>,
}

impl Article {
    /// Returns the document of an article; `translations` are the permanent ids of its
    /// translations.
    pub fn new(a: &article::Article, translations: Vec<String>) -> Self {
        Self {
            listed: a.into(),
            summary: a.summary.clone(),
            body_html: a.body_html.clone(),
            image_url: a.image_url.clone(),
            image_alt: a.image_alt.clone(),
            image_type: a.image_type.clone(),
            image_width: a.image_width,
            image_height: a.image_height,
            enclosure: a.enclosure.as_ref().map(Enclosure::from),
            first_seen_at: a.first_seen_at.rfc3339(),
            removed_at: a.removed_at.map(|t| t.rfc3339()),
            translations,
        }
    }
}

/// Audio or video file of an article.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Enclosure {
    /// Absolute URL of the file.
    pub url: String,
    /// Media type of the file, for example `audio/mpeg`.
    #[serde(rename = "type")]
    pub media_type: String,
    /// Length of the file in bytes; 0 if unknown.
    pub length: u64,
}

impl From<&article::Enclosure> for Enclosure {
    fn from(file: &article::Enclosure) -> Self {
        Self { url: file.url.clone(), media_type: file.media_type.clone(), length: file.length }
    }
}

/// Article as an edition names it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ArticleTitle {
    /// Permanent id of the article.
    pub id: String,
    /// Title as plain text, never empty.
    pub title: String,
}

impl From<&article::Article> for ArticleTitle {
    fn from(a: &article::Article) -> Self {
        Self { id: a.guid.clone(), title: a.title.clone() }
    }
}

/// Result of remapping article ids after a CMS change.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct IdRemapping {
    /// Number of articles that have their old permanent id now.
    pub remapped: usize,
    /// Number of old ids whose article has not been imported yet.
    pub pending: usize,
    /// Number of lines that had been applied before.
    pub unchanged: usize,
}

impl From<&MappingResult> for IdRemapping {
    fn from(r: &MappingResult) -> Self {
        Self { remapped: r.mapped, pending: r.pending, unchanged: r.unchanged }
    }
}
