//! The result of publishing to one destination.

/// Result of publishing to one destination.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PublishReport {
    /// Files uploaded by this run.
    pub uploaded: Vec<String>,
    /// Files deleted by this run.
    pub deleted: Vec<String>,
    /// Number of files that are up to date, including those just uploaded.
    pub up_to_date: usize,
    /// Number of files that are not: rejected, waiting for a retry, or leased by another node.
    pub pending: usize,
    /// Reason of the last failure in a sentence.
    pub error: Option<String>,
}
