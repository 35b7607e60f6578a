//! Which articles a feed or a digest takes.

/// Which articles: an empty list is no restriction; within a list any will do, between lists all must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// Section names.
    pub sections: Vec<String>,
    /// Tags.
    pub tags: Vec<String>,
    /// Authors.
    pub authors: Vec<String>,
    /// Languages: `zh` also takes `zh-CN`.
    pub languages: Vec<String>,
    /// Source names.
    pub sources: Vec<String>,
}

/// A term as it is compared: trimmed, in lower case.
pub fn term(text: &str) -> String {
    text.trim().to_lowercase()
}

/// Whether any of `chosen` is among `offered`; an empty choice takes everything.
pub fn any_of(chosen: &[String], offered: &[String]) -> bool {
    chosen.is_empty() || chosen.iter().any(|c| offered.iter().any(|o| term(o) == term(c)))
}
