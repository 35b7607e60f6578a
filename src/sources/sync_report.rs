//! The result of a sync run or an import.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use super::{html, normalize};
use crate::domain::article::IncomingArticle;
use crate::domain::shorten::shorten;

/// Maximum number of rejected rows, and of notes, of one run; further ones are counted.
const MAX_ISSUES: usize = 10_000;
/// Id of the entry that counts the issues beyond the maximum.
const FURTHER: &str = "further rows";
/// Maximum length of a stored row id, and of the issue stored for it, in characters.
const MAX_STORED_CHARS: usize = 500;
/// Maximum length of the title in a note, in characters.
const MAX_NOTE_TITLE_CHARS: usize = 80;

/// Note on an accepted article with content that cannot be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArticleNote {
    /// Id of the article in the source.
    pub id: String,
    /// Beginning of its title as plain text; empty if the note is about several articles.
    pub title: String,
    /// The note as a sentence.
    pub note: String,
}

impl ArticleNote {
    /// Creates a note on an article of the source.
    pub(super) fn on(article: &IncomingArticle, note: String) -> Self {
        Self::with_title(article.source_id.clone(), &html::plain_title(&article.title), note)
    }

    /// Creates a note on the article with this id and plain title.
    pub(super) fn with_title(id: String, title: &str, note: String) -> Self {
        Self { id, title: shorten(title, MAX_NOTE_TITLE_CHARS), note }
    }

    /// Creates a note on several articles, of which `id` is one or stands for all.
    pub(super) fn on_several((id, note): (String, String)) -> Self {
        Self { id, title: String::new(), note }
    }
}

impl fmt::Display for ArticleNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.title.is_empty() {
            write!(f, "{}", self.id)
        } else {
            write!(f, "{} \"{}\"", self.id, self.title)
        }
    }
}

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
    /// Number of notes that no earlier run reported.
    pub new_note_count: usize,
    /// Notes on accepted articles with content that cannot be shown, the new ones first.
    pub notes: Vec<ArticleNote>,
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

    /// Adds a note on an accepted article, as a new one.
    pub(super) fn note(&mut self, note: ArticleNote) {
        if let Some(receive) = &self.sink.0 {
            receive(&format!("note on {note}: {}", note.note));
        }
        self.note_count += 1;
        self.new_note_count += 1;
        push_note(&mut self.notes, note);
    }

    /// Puts the new notes first, and counts them.
    pub(super) fn separate_new_notes(&mut self, is_new: impl Fn(&ArticleNote) -> bool) {
        let (mut notes, repeated): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.notes).into_iter().partition(is_new);
        let unlisted = self.note_count.saturating_sub(MAX_ISSUES);
        let count = |note: &ArticleNote| if note.id == FURTHER { unlisted } else { 1 };
        self.new_note_count = notes.iter().map(count).sum();
        notes.extend(repeated);
        self.notes = notes;
    }

    /// Returns the issues by the id of their row, in a form that can be stored: the reason why the row was
    /// rejected, or all notes on it.
    pub(super) fn storable_issues(&self) -> Vec<(String, String)> {
        let mut issues: BTreeMap<String, String> = BTreeMap::new();
        for note in &self.notes {
            let text = issues.entry(storable(&note.id)).or_default();
            if !text.is_empty() {
                text.push(' ');
            }
            text.push_str(&note.note);
        }
        issues.extend(self.rejected.iter().map(|(id, reason)| (storable(id), reason.clone())));
        issues.into_iter().map(|(id, text)| (id, storable(&text))).collect()
    }
}

/// Returns the beginning of an id or issue, without U+0000.
pub(super) fn storable(text: &str) -> String {
    normalize::without_nul(text).chars().take(MAX_STORED_CHARS).collect()
}

/// Adds a note to a list, or counts it if the list has its maximum length.
pub(super) fn push_note(notes: &mut Vec<ArticleNote>, note: ArticleNote) {
    if notes.len() < MAX_ISSUES {
        notes.push(note);
        return;
    }
    match notes.get_mut(MAX_ISSUES) {
        Some(last) => last.note = one_more(&last.note),
        None => notes.push(ArticleNote::on_several((FURTHER.to_owned(), further(1)))),
    }
}

/// Adds an issue of a row to a list, or counts it if the list has its maximum length.
pub(super) fn push_issue(issues: &mut Vec<(String, String)>, id: String, issue: String) {
    if issues.len() < MAX_ISSUES {
        issues.push((id, issue));
        return;
    }
    match issues.get_mut(MAX_ISSUES) {
        Some((_, count)) => *count = one_more(count),
        None => issues.push((FURTHER.to_owned(), further(1))),
    }
}

/// Returns the text about one more issue beyond the maximum.
fn one_more(text: &str) -> String {
    let number: usize = text.split(' ').next().and_then(|n| n.parse().ok()).unwrap_or(1);
    further(number + 1)
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

    #[test]
    fn new_notes_precede_repeated_ones_and_include_those_beyond_the_maximum() {
        let mut report = SyncReport::default();
        for row in 0..MAX_ISSUES + 3 {
            report.note(ArticleNote::with_title(row.to_string(), "Title", "a note".to_owned()));
        }
        assert_eq!(report.new_note_count, MAX_ISSUES + 3);
        report.separate_new_notes(|note| note.id == "7" || note.id == FURTHER);
        assert_eq!((report.note_count, report.new_note_count), (MAX_ISSUES + 3, 4));
        let first: Vec<String> = report.notes.iter().take(3).map(ToString::to_string).collect();
        assert_eq!(first, ["7 \"Title\"", FURTHER, "0 \"Title\""]);
        assert_eq!(report.notes[1].note, "3 not listed");
    }
}
