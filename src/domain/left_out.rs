//! Reasons why a digest's next edition leaves out articles, with their number.

use super::reason_counts::ReasonCounts;

/// Rule that keeps an article out of the next edition of a digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ExclusionReason {
    /// It was older than `max_age` when it entered the selection of the digest.
    MaxAge,
    /// Its story was in an earlier edition.
    AlreadySent,
    /// Its date is after the edition.
    Future,
    /// It is in none of the digest's sections.
    OtherSection,
    /// It has none of the digest's tags.
    OtherTag,
    /// It has none of the digest's authors.
    OtherAuthor,
    /// It is in none of the languages that the digest selects.
    OtherLanguage,
    /// It is of none of the digest's sources.
    OtherSource,
    /// It is not known yet whether it is a translation of a sent story.
    StoryUnassigned,
    /// It is in none of the sections that the subscriber chose.
    SectionNotChosen,
}

impl ExclusionReason {
    /// All reasons, in the order of their declaration.
    pub const ALL: [Self; 10] = [
        Self::MaxAge,
        Self::AlreadySent,
        Self::Future,
        Self::OtherSection,
        Self::OtherTag,
        Self::OtherAuthor,
        Self::OtherLanguage,
        Self::OtherSource,
        Self::StoryUnassigned,
        Self::SectionNotChosen,
    ];

    /// Returns the word for documents and the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::MaxAge => "max_age",
            Self::AlreadySent => "already_sent",
            Self::Future => "future",
            Self::OtherSection => "other_section",
            Self::OtherTag => "other_tag",
            Self::OtherAuthor => "other_author",
            Self::OtherLanguage => "other_language",
            Self::OtherSource => "other_source",
            Self::StoryUnassigned => "ungrouped",
            Self::SectionNotChosen => "not_chosen",
        }
    }

    /// Parses the word that [`as_str`](Self::as_str) returns.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == word)
    }
}

/// Numbers of articles that an edition leaves out, by reason.
pub type LeftOut = ReasonCounts<ExclusionReason, u64>;
