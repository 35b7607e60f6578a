//! Documents about sources: list, result of a sync or import, dry run of a sync.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

use crate::config;
use crate::domain::article;
use crate::sources;
use crate::sources::import::FileImport;
use crate::sources::inspect::{Inspection, excerpt};
use crate::store::sources::SourceState;

/// Source with the state of its last sync.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Source {
    /// Name of the source in the configuration.
    pub name: String,
    /// Kind of the source, for example `wordpress` or `builtin`.
    pub kind: String,
    /// Time of the last successful sync (RFC 3339); `null` if there was none.
    #[schema(required)]
    pub succeeded_at: Option<String>,
    /// Time of the last full sync (RFC 3339); `null` if there was none.
    #[schema(required)]
    pub full_sync_at: Option<String>,
    /// Number of consecutive failed syncs.
    pub failures: i64,
    /// Time of the first of these failures (RFC 3339); `null` if the last sync succeeded.
    #[schema(required)]
    pub failing_since: Option<String>,
    /// Number of rows that are rejected at present, whichever sync read them last.
    pub rejected: i64,
    /// Number of removals that an admin must accept first.
    pub blocked_removals: i64,
    /// Error of the last sync as a sentence; `null` if it succeeded.
    #[schema(required)]
    pub error: Option<String>,
}

impl Source {
    /// Returns the document of a source with the state of its last sync.
    pub fn new(source: &config::Source, state: &SourceState) -> Self {
        Self {
            name: source.name.clone(),
            kind: source.kind.as_str().to_owned(),
            succeeded_at: state.succeeded_at.map(|t| t.rfc3339()),
            full_sync_at: state.progress.full_sync_at.map(|t| t.rfc3339()),
            failures: state.failures,
            failing_since: state.failing_since.map(|t| t.rfc3339()),
            rejected: state.rejected,
            blocked_removals: state.blocked_removals,
            error: state.error.clone(),
        }
    }
}

/// Result of requesting a sync.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct QueuedSync {
    /// Name of the source in the configuration.
    pub source: String,
    /// Always `queued`; the source shows the result.
    pub state: String,
}

/// Article of a source that was rejected, with the reason.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RejectedArticle {
    /// Id of the article in its source.
    pub id: String,
    /// Reason of the rejection as a sentence.
    pub reason: String,
}

/// Note on an article whose content cannot be shown completely.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ArticleNote {
    /// Id of the article in its source.
    pub id: String,
    /// Beginning of its title as plain text; empty if the note is about several articles.
    pub title: String,
    /// The note as a sentence.
    pub note: String,
}

fn rejected_articles(pairs: &[(String, String)]) -> Vec<RejectedArticle> {
    pairs
        .iter()
        .map(|(id, reason)| RejectedArticle { id: id.clone(), reason: reason.clone() })
        .collect()
}

fn article_notes(notes: &[sources::ArticleNote]) -> Vec<ArticleNote> {
    let note = |n: &sources::ArticleNote| ArticleNote {
        id: n.id.clone(),
        title: n.title.clone(),
        note: n.note.clone(),
    };
    notes.iter().map(note).collect()
}

/// Result of a sync of one source.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SyncReport {
    /// Name of the source in the configuration.
    pub source: String,
    /// Number of new articles that are public now.
    pub added: usize,
    /// Number of new articles with a publication date in the future.
    pub scheduled: usize,
    /// Number of articles whose content changed.
    pub changed: usize,
    /// Number of articles that the source no longer has.
    pub removed: usize,
    /// Number of removals blocked until an admin accepts them.
    pub blocked_removals: usize,
    /// Articles that were rejected, with the reasons.
    pub rejected: Vec<RejectedArticle>,
    /// Notes on accepted articles with content that cannot be shown, the new ones first.
    pub notes: Vec<ArticleNote>,
    /// Number of notes that no earlier sync reported.
    pub new_notes: usize,
}

impl From<&sources::SyncReport> for SyncReport {
    fn from(r: &sources::SyncReport) -> Self {
        Self {
            source: r.source.clone(),
            added: r.added,
            scheduled: r.scheduled,
            changed: r.changed,
            removed: r.removed,
            blocked_removals: r.blocked_removals,
            rejected: rejected_articles(&r.rejected),
            notes: article_notes(&r.notes),
            new_notes: r.new_note_count,
        }
    }
}

/// Result of importing a file of articles into a built-in source.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ArticleImport {
    /// The fields that a sync also reports.
    #[serde(flatten)]
    pub report: SyncReport,
    /// Number of entries that are not public articles, by description.
    pub left_out: BTreeMap<String, usize>,
}

impl From<&FileImport> for ArticleImport {
    fn from(import: &FileImport) -> Self {
        Self { report: (&import.report).into(), left_out: import.left_out.clone() }
    }
}

/// Result of a dry run of a sync, which stores nothing.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SourceInspection {
    /// Name of the source in the configuration.
    pub name: String,
    /// Kind of the source, for example `wordpress` or `builtin`.
    pub kind: String,
    /// URL of the database without user and password; `null` for a built-in source.
    #[schema(required)]
    pub location: Option<String>,
    /// Properties of the source that were detected or configured, by name.
    pub facts: BTreeMap<String, String>,
    /// Number of articles that would be public now.
    pub public: usize,
    /// Number of articles with a publication date in the future.
    pub scheduled: usize,
    /// Number of these articles that are already imported.
    pub known: usize,
    /// Number of entries that are not public articles, by description.
    pub left_out: BTreeMap<String, usize>,
    /// Articles that a sync would reject, with the reasons.
    pub rejected: Vec<RejectedArticle>,
    /// Notes on articles with content that cannot be shown.
    pub notes: Vec<ArticleNote>,
    /// Number of articles by language tag (RFC 5646).
    pub languages: BTreeMap<String, usize>,
    /// Number of articles by section.
    pub sections: BTreeMap<String, usize>,
    /// Newest public articles, newest first.
    pub samples: Vec<SampleArticle>,
}

impl SourceInspection {
    /// Returns the document of the inspection of a source.
    pub fn new(source: &config::Source, i: &Inspection) -> Self {
        Self {
            name: source.name.clone(),
            kind: source.kind.as_str().to_owned(),
            location: i.location.clone(),
            facts: i.facts.iter().map(|(name, f)| (name.replace(' ', "_"), f.clone())).collect(),
            public: i.public,
            scheduled: i.scheduled,
            known: i.already_imported,
            left_out: i.left_out.clone(),
            rejected: rejected_articles(&i.rejected),
            notes: article_notes(&i.notes),
            languages: i.languages.clone(),
            sections: i.sections.clone(),
            samples: i.samples.iter().map(SampleArticle::from).collect(),
        }
    }
}

/// Article as a sync would import it, with an excerpt.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SampleArticle {
    /// Permanent id that the article would have.
    pub id: String,
    /// Id of the article in its source.
    pub source_id: String,
    /// Title as plain text, never empty.
    pub title: String,
    /// Absolute URL of the article; `null` if it has none.
    #[schema(required)]
    pub url: Option<String>,
    /// Time of first publication (RFC 3339).
    pub published_at: String,
    /// Names of the authors, in the order of the source.
    pub authors: Vec<String>,
    /// Sections of the article, most important first.
    pub sections: Vec<String>,
    /// Language tag of the article (RFC 5646).
    pub language: String,
    /// Beginning of the summary as plain text; may be empty.
    pub text: String,
}

impl From<&article::Article> for SampleArticle {
    fn from(a: &article::Article) -> Self {
        Self {
            id: a.guid.clone(),
            source_id: a.source_id.clone(),
            title: a.title.clone(),
            url: a.url.clone(),
            published_at: a.published_at.rfc3339(),
            authors: a.authors.clone(),
            sections: a.sections.clone(),
            language: a.language.clone(),
            text: excerpt(a),
        }
    }
}
