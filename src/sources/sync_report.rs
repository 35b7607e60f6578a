//! The result of a sync run or an import.

use std::fmt;
use std::sync::Arc;

/// Maximum number of rejected rows, and of notes, of one run; further ones are counted.
const MAX_ISSUES: usize = 10_000;
/// Id of the entry that counts the issues beyond the maximum.
const FURTHER: &str = "further rows";

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
    /// Number of rejected rows.
    pub rejected_count: usize,
    /// Number of notes on articles.
    pub note_count: usize,
    /// Rejected rows: the source's id and the reason.
    pub rejected: Vec<(String, String)>,
    /// Notes on accepted articles with content that cannot be shown: the source's id and the note.
    pub notes: Vec<(String, String)>,
    /// Rejected rows and notes that no earlier run reported.
    pub new_issues: Vec<(String, String)>,
    /// Receiver of all rejected rows and notes.
    pub sink: IssueSink,
}

/// Receiver of each rejected row and note of a sync run as one line, however many there are.
#[derive(Clone, Default)]
pub struct IssueSink(Option<Arc<ReceiveIssue>>);

/// Function that receives the line of an issue.
type ReceiveIssue = dyn Fn(&str) + Send + Sync;

impl IssueSink {
    /// Passes each line to a function.
    pub fn new(receive: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(receive)))
    }
}

impl fmt::Debug for IssueSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("IssueSink").field(&self.0.is_some()).finish()
    }
}

impl SyncReport {
    /// Adds a rejected row: the source's id and the reason.
    pub(super) fn reject(&mut self, id: String, reason: String) {
        if let Some(receive) = &self.sink.0 {
            receive(&format!("rejected {id}: {reason}"));
        }
        self.rejected_count += 1;
        push_issue(&mut self.rejected, id, reason);
    }

    /// Adds a note on an accepted article.
    pub(super) fn note(&mut self, id: String, note: String) {
        if let Some(receive) = &self.sink.0 {
            receive(&format!("note on {id}: {note}"));
        }
        self.note_count += 1;
        push_issue(&mut self.notes, id, note);
    }
}

/// Adds an issue of a row to a list, or counts it if the list has its maximum length.
pub(super) fn push_issue(issues: &mut Vec<(String, String)>, id: String, issue: String) {
    if issues.len() < MAX_ISSUES {
        issues.push((id, issue));
        return;
    }
    match issues.get_mut(MAX_ISSUES) {
        Some((_, count)) => {
            let number: usize = count.split(' ').next().and_then(|n| n.parse().ok()).unwrap_or(1);
            *count = further(number + 1);
        }
        None => issues.push((FURTHER.to_owned(), further(1))),
    }
}

/// Returns the text about issues beyond the maximum.
fn further(count: usize) -> String {
    format!("{count} not listed")
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn issues_beyond_the_maximum_are_counted() {
        let all = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&all);
        let sink = IssueSink::new(move |_| {
            count.fetch_add(1, Ordering::Relaxed);
        });
        let mut report = SyncReport { sink, ..SyncReport::default() };
        for row in 0..MAX_ISSUES + 3 {
            report.reject(row.to_string(), "another row has the same id".to_owned());
        }
        assert_eq!(
            (report.rejected.len(), report.rejected_count),
            (MAX_ISSUES + 1, MAX_ISSUES + 3)
        );
        assert_eq!(report.rejected.last(), Some(&(FURTHER.to_owned(), "3 not listed".to_owned())));
        assert_eq!(all.load(Ordering::Relaxed), MAX_ISSUES + 3);
    }
}
