//! Articles: as sources deliver them, and as the store keeps them.

use super::selection::{TermKind, language_prefixes, normalize_term};
use super::time::Millis;

/// An audio or video file that belongs to an article.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Enclosure {
    /// URL of the file.
    pub url: String,
    /// Media type, for example `audio/mpeg`.
    pub media_type: String,
    /// Length in bytes; 0 if unknown.
    pub length: u64,
}

/// An article as a source delivers it, before normalization; no field is trusted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IncomingArticle {
    /// Id in the source, unique and stable there.
    pub source_id: String,
    /// Id that readers already know, published unchanged (RSS `guid`, Atom `id`).
    pub guid: Option<String>,
    /// Title, plain text or HTML; an empty one is replaced by the first words of the text.
    pub title: String,
    /// Public URL, absolute or relative to that of the source.
    pub url: Option<String>,
    /// Summary, plain text or HTML.
    pub summary: Option<String>,
    /// Body as HTML as the source would show it, not yet sanitized.
    pub body_html: String,
    /// Sections (categories), most important first.
    pub sections: Vec<String>,
    /// Tags in the order of the source.
    pub tags: Vec<String>,
    /// Names of the authors in the order of the source.
    pub authors: Vec<String>,
    /// Language tag (RFC 5646), if the source has one.
    pub language: Option<String>,
    /// URL of the lead image.
    pub image_url: Option<String>,
    /// Alternative text of the lead image.
    pub image_alt: Option<String>,
    /// Media type of the lead image; derived from the URL if the source has none.
    pub image_type: Option<String>,
    /// Width of the lead image in pixels.
    pub image_width: Option<u32>,
    /// Height of the lead image in pixels.
    pub image_height: Option<u32>,
    /// Audio or video file; default: the first one in the body. An empty media type is derived from
    /// the URL.
    pub enclosure: Option<Enclosure>,
    /// Time of first publication, in the past or future.
    pub published_at: Millis,
    /// Time of the last significant change.
    pub updated_at: Option<Millis>,
    /// Source id of the article of which this is a translation.
    pub translation_of: Option<String>,
    /// Parts that could not be converted and were left out, one message each; reported, never
    /// fatal.
    pub notes: Vec<String>,
}

/// One row that a source reader returns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SourceRow {
    /// An article, to be published now or at its future date.
    Article(Box<IncomingArticle>),
    /// A row that cannot be imported, with the reason.
    Rejected {
        /// Id of the row in the source, or its position if it has none.
        id: String,
        /// Reason as a sentence for a person.
        reason: String,
    },
    /// An entry that its CMS has scheduled and not published yet.
    Scheduled {
        /// Ids of its articles in the source.
        ids: Vec<String>,
        /// Date for which it is scheduled, if it has a valid one.
        date: Option<Millis>,
    },
    /// An entry that its CMS does not show to visitors; the articles that it was before are removed.
    NotPublic {
        /// Ids of its articles in the source.
        ids: Vec<String>,
        /// Reason as a sentence for a person, if it is to be reported.
        reason: Option<String>,
    },
}

/// A mirrored article: normalized, with a permanent id.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Article {
    /// Row id for joins in the store, never shown to readers.
    pub row_id: i64,
    /// Permanent id in all formats: a `tag:` URI (RFC 4151), or the id from the source.
    pub guid: String,
    /// Name of the source.
    pub source: String,
    /// Id of the article in the source.
    pub source_id: String,
    /// Title as plain text in NFC, never empty.
    pub title: String,
    /// Absolute URL, if the article has one.
    pub url: Option<String>,
    /// Summary as plain text, from the source or from the body; may be empty.
    pub summary: String,
    /// Sanitized HTML with absolute URLs; may be empty.
    pub body_html: String,
    /// Sections, most important first.
    pub sections: Vec<String>,
    /// Tags without duplicates, in source order.
    pub tags: Vec<String>,
    /// Names of the authors.
    pub authors: Vec<String>,
    /// Language tag (RFC 5646) of the article, or the default of the site.
    pub language: String,
    /// Absolute URL of the lead image.
    pub image_url: Option<String>,
    /// Alternative text of the lead image, plain text.
    pub image_alt: Option<String>,
    /// Media type of the lead image.
    pub image_type: Option<String>,
    /// Width of the lead image in pixels.
    pub image_width: Option<u32>,
    /// Height of the lead image in pixels.
    pub image_height: Option<u32>,
    /// Audio or video file with absolute URL and media type.
    pub enclosure: Option<Enclosure>,
    /// Time of publication, as the source states it now; an article of a file without a date keeps the
    /// time of its first import.
    pub published_at: Millis,
    /// Time of the last significant change, or `published_at`.
    pub updated_at: Millis,
    /// Time at which this store first saw the article.
    pub first_seen_at: Millis,
    /// Story id: the smallest row id among the article and its translations; 0 until it is
    /// computed.
    pub story: i64,
    /// Time of removal from the source. The tombstone then keeps the ids, the language, the times and
    /// the story; the content, the lists of terms and the URLs are empty.
    pub removed_at: Option<Millis>,
}

impl Article {
    /// Returns the terms by which the article can be selected, normalized and without duplicates.
    pub fn terms(&self) -> Vec<(TermKind, String)> {
        let named = [
            (TermKind::Section, &self.sections),
            (TermKind::Tag, &self.tags),
            (TermKind::Author, &self.authors),
        ];
        let mut terms: Vec<(TermKind, String)> = named
            .into_iter()
            .flat_map(|(kind, names)| names.iter().map(move |name| (kind, normalize_term(name))))
            .collect();
        terms.extend(
            language_prefixes(&self.language).into_iter().map(|tag| (TermKind::Language, tag)),
        );
        terms.push((TermKind::Source, self.source.clone()));
        terms.sort();
        terms.dedup();
        terms
    }
}
