//! The lines of a mapping file, and the result of applying it.

/// One line of a mapping file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MappingLine {
    /// Line number, for error messages.
    pub line: u64,
    /// Old id: a permanent id, `source/source_id`, or a source id if it is unambiguous.
    pub old: String,
    /// New id: a source id in `source`, `source/source_id`, or the permanent id of a stored
    /// article.
    pub new: String,
    /// Source of the new id, if given.
    pub source: Option<String>,
}

/// Result of applying a mapping file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MappingResult {
    /// Number of stored articles that have their old permanent id now.
    pub mapped: usize,
    /// Number of old ids whose article has not been imported yet.
    pub pending: usize,
    /// Number of lines that had been applied before.
    pub unchanged: usize,
    /// Sources whose stories must be determined again.
    pub sources: Vec<String>,
}
