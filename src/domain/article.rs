//! Articles: what a source tells us, what we keep, and what makes an article visible.

use super::selection::{Kind, term, varieties};
use super::time::Millis;

/// A sound or a film that belongs to an article.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Enclosure {
    /// Where the file is.
    pub url: String,
    /// Its media type, as `audio/mpeg`.
    pub media_type: String,
    /// Its length in bytes; 0 if unknown.
    pub length: u64,
}

/// One article as a source tells it, before it is cleaned: nothing in it is trusted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Draft {
    /// The source's own id, unique within the source and never changed by it.
    pub source_id: String,
    /// An id that readers already know the article by, taken as it is (RSS `guid`, Atom `id`).
    pub guid: Option<String>,
    /// The title, plain text or HTML; an empty one is replaced by the first words of the text.
    pub title: String,
    /// The article's public address, absolute or relative to the source's.
    pub url: Option<String>,
    /// The summary, plain text or HTML.
    pub summary: Option<String>,
    /// The body as HTML, as the source would show it, not yet sanitised.
    pub body_html: String,
    /// Sections (categories), most important first.
    pub sections: Vec<String>,
    /// Tags in the source's order.
    pub tags: Vec<String>,
    /// Authors' names in the source's order.
    pub authors: Vec<String>,
    /// Language (RFC 5646), where the source knows it.
    pub language: Option<String>,
    /// The lead image's address.
    pub image_url: Option<String>,
    /// What the lead image shows, for who does not see it.
    pub image_alt: Option<String>,
    /// The lead image's media type; told by its address where the source does not know it.
    pub image_type: Option<String>,
    /// The lead image's width in pixels.
    pub image_width: Option<u32>,
    /// The lead image's height in pixels.
    pub image_height: Option<u32>,
    /// A sound or film; without it the first one in the body. Its media type may be left empty where its address tells it.
    pub enclosure: Option<Enclosure>,
    /// When it was, or will be, first published.
    pub published_at: Millis,
    /// When it was last significantly changed.
    pub updated_at: Option<Millis>,
    /// The source id of the article that this one translates.
    pub translation_of: Option<String>,
    /// What could not be shown and was left out, one sentence each; reported, never fatal.
    pub notes: Vec<String>,
}

/// What a source's reader finds, one at a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// An article that may be shown now or at its future date.
    Article(Box<Draft>),
    /// A row that can't be used, with the source's id for it and one sentence why.
    Refused {
        /// The source's id of the row, or its position if it has none.
        id: String,
        /// One sentence for a person.
        reason: String,
    },
}

/// A mirrored article: cleaned on arrival, with a permanent id.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Article {
    /// Our row's number: for joins inside the store, never shown to a reader.
    pub row: i64,
    /// The permanent id in every format (a `tag:` URI, RFC 4151, or the source's own guid).
    pub guid: String,
    /// Name of the source it came from.
    pub source: String,
    /// The source's id for it.
    pub source_id: String,
    /// Plain text, NFC, never empty.
    pub title: String,
    /// Absolute address, if the article has one.
    pub url: Option<String>,
    /// Plain text summary given by the source, or made from the body; may be empty.
    pub summary: String,
    /// Sanitised HTML in which every address is absolute; may be empty.
    pub body_html: String,
    /// Sections, most important first.
    pub sections: Vec<String>,
    /// Tags, each once.
    pub tags: Vec<String>,
    /// Authors' names.
    pub authors: Vec<String>,
    /// Language tag (RFC 5646): the article's own, else the site's default.
    pub language: String,
    /// Lead image, absolute.
    pub image_url: Option<String>,
    /// What the lead image shows, plain text.
    pub image_alt: Option<String>,
    /// The lead image's media type.
    pub image_type: Option<String>,
    /// The lead image's width in pixels.
    pub image_width: Option<u32>,
    /// The lead image's height in pixels.
    pub image_height: Option<u32>,
    /// A sound or film that belongs to it, absolute and with its type.
    pub enclosure: Option<Enclosure>,
    /// First publication; never moved by edits here.
    pub published_at: Millis,
    /// Last significant change; the same as `published_at` if there was none.
    pub updated_at: Millis,
    /// When this store saw it first.
    pub first_seen_at: Millis,
    /// The translation group: the smallest row number among the article and its twins; 0 until they were looked for.
    pub group: i64,
    /// When it was removed from its source; the rest is then empty but for its ids.
    pub removed_at: Option<Millis>,
}

impl Article {
    /// What it can be selected by, as it is compared, each once.
    pub fn terms(&self) -> Vec<(Kind, String)> {
        let named = [
            (Kind::Section, &self.sections),
            (Kind::Tag, &self.tags),
            (Kind::Author, &self.authors),
        ];
        let mut terms: Vec<(Kind, String)> = named
            .into_iter()
            .flat_map(|(kind, names)| names.iter().map(move |name| (kind, term(name))))
            .collect();
        terms.extend(varieties(&self.language).into_iter().map(|tag| (Kind::Language, tag)));
        terms.push((Kind::Source, self.source.clone()));
        terms.sort();
        terms.dedup();
        terms
    }
}
