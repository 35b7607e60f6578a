//! The result of a sync run or an import.

/// Result of one sync run or import.
#[derive(Debug, Clone, Default)]
pub struct SyncReport {
    /// Name of the source.
    pub source: String,
    /// `true` if every article was compared, `false` after an incremental sync.
    pub is_full: bool,
    /// Number of new articles that are public now.
    pub added: usize,
    /// Number of new articles with a publication date in the future.
    pub scheduled: usize,
    /// Number of changed articles.
    pub changed: usize,
    /// Number of articles removed because the source no longer has them.
    pub removed: usize,
    /// Number of removals blocked until an admin accepts them (guarantee 8).
    pub blocked_removals: usize,
    /// Rejected rows: the source's id and the reason.
    pub rejected: Vec<(String, String)>,
    /// Notes on accepted articles with content that cannot be shown: the source's id and the note.
    pub notes: Vec<(String, String)>,
    /// Rejected rows and notes that no earlier run reported.
    pub new_issues: Vec<(String, String)>,
}
