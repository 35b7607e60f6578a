//! Contexts of the pages of imports.

use serde::Serialize;

use super::bulk::OutcomeRow;
use super::frame::{AdminFrame, TimeText, framed};
use super::list::Pager;
use super::people::StateText;
use super::person::{DigestChoice, RequestFields};
use super::select::SelectOption;
use crate::templates::pages::View;

/// Context of `/admin/subscribers/import`. Its form posts `digest` and then `file` to the page itself.
#[derive(Debug, Clone, Default, Serialize)]
pub struct ImportsPage {
    /// Context common to all pages of the admin area.
    #[serde(flatten)]
    pub frame: AdminFrame,
    /// Digests that a file can be imported into.
    pub digests: Vec<DigestChoice>,
    /// Imports up to now, newest first.
    pub imports: Vec<ImportRow>,
    /// Links to the other pages of the list.
    pub pager: Pager,
}

/// Import in the list.
#[derive(Debug, Clone, Default, Serialize)]
pub struct ImportRow {
    /// Id of the import.
    pub id: i64,
    /// Name of the file.
    pub file_name: String,
    /// Title of the digest.
    pub digest: String,
    /// State of the import.
    pub state: StateText,
    /// Number of valid lines, once the file was checked.
    pub valid: i64,
    /// Number of rejected lines.
    pub rejected: i64,
    /// Time of the upload.
    pub created: TimeText,
    /// Time of the end.
    pub finished: Option<TimeText>,
}

/// Context of `/admin/subscribers/import/ID`. Its forms post to `start` and `cancel` below it.
#[derive(Debug, Clone, Default, Serialize)]
pub struct ImportPage {
    /// Context common to all pages of the admin area.
    #[serde(flatten)]
    pub frame: AdminFrame,
    /// The import with its state.
    pub row: ImportRow,
    /// `true` while a node works on the import.
    pub is_running: bool,
    /// `true` if lines are stored.
    pub is_stored: bool,
    /// `true` if the user may start the import.
    pub can_start: bool,
    /// `true` if the user may cancel the import.
    pub can_cancel: bool,
    /// `true` if the last check found people to import.
    pub importable: bool,
    /// Number of stored lines.
    pub processed: i64,
    /// Width of the done part of the bar, of 100.
    pub width: i64,
    /// Sentence about what the import has done, once it has ended.
    pub outcome: Option<String>,
    /// Reason for which the import failed.
    pub failure: Option<String>,
    /// Numbers of people and subscriptions by outcome.
    pub counts: Vec<OutcomeRow>,
    /// Number of known people whose stored values change.
    pub changed_total: i64,
    /// First known people whose stored values change.
    pub changed: Vec<ChangedPersonRow>,
    /// Number of people in `changed`.
    pub changed_shown: usize,
    /// `true` if the values of more people change than are shown.
    pub has_more_changed: bool,
    /// First rejected lines with reasons.
    pub rejected: Vec<RejectedRow>,
    /// `true` if more lines were rejected than are shown.
    pub has_more_rejected: bool,
    /// Recognized properties of the file as words.
    pub format: String,
    /// `true` if encoding and delimiter can be chosen.
    pub is_csv: bool,
    /// Encodings that can be chosen.
    pub encodings: Vec<SelectOption>,
    /// Delimiters that can be chosen.
    pub delimiters: Vec<SelectOption>,
    /// Chosen encoding; empty to recognize it.
    pub encoding: String,
    /// Chosen delimiter; empty to recognize it.
    pub delimiter: String,
    /// Columns of the file with their first values.
    pub columns: Vec<ImportColumn>,
    /// Sentence about columns that cannot be imported so.
    pub columns_error: Option<String>,
    /// Languages that people without one can get, the language of the site first.
    pub people_languages: Vec<SelectOption>,
    /// `true` to leave known people as they are.
    pub keeps_existing: bool,
    /// `true` to import valid lines even if others are rejected.
    pub skip_bad: bool,
    /// Digest, status and consent.
    pub request: RequestFields,
}

/// Column of a file to import.
#[derive(Debug, Clone, Default, Serialize)]
pub struct ImportColumn {
    /// Position of the column, from 0.
    pub index: usize,
    /// Heading of the column.
    pub label: String,
    /// First values of the column.
    pub values: Vec<String>,
    /// Recognized or chosen meaning.
    pub meaning: String,
    /// Meanings that can be chosen.
    pub choices: Vec<SelectOption>,
}

/// Known person whose stored values an import changes.
#[derive(Debug, Clone, Default, Serialize)]
pub struct ChangedPersonRow {
    /// Id of the person.
    pub id: i64,
    /// Address of the person.
    pub email: String,
    /// First values that change.
    pub values: Vec<ChangedValueRow>,
    /// Number of further values that change.
    pub more: usize,
}

/// Stored value that an import changes.
#[derive(Debug, Clone, Default, Serialize)]
pub struct ChangedValueRow {
    /// Name of the value.
    pub label: String,
    /// Stored value; empty if there was none.
    pub old: String,
    /// Value of the file.
    pub new: String,
}

/// Rejected line of a file.
#[derive(Debug, Clone, Default, Serialize)]
pub struct RejectedRow {
    /// Number of the line, from 1.
    pub line: i64,
    /// Reason of the rejection as a sentence.
    pub reason: String,
}

impl ImportRow {
    fn sample() -> Self {
        Self {
            id: 5,
            file_name: "members.csv".into(),
            digest: "weekly".into(),
            state: StateText::sample(),
            valid: 1_284,
            rejected: 3,
            created: TimeText::sample(),
            finished: Some(TimeText::sample()),
        }
    }
}

impl View for ImportsPage {
    const TEMPLATE: &'static str = "web/admin/imports";

    fn samples() -> Vec<Self> {
        let digest =
            DigestChoice { name: "weekly".into(), title: "The week".into(), is_chosen: false };
        let mut samples = framed(|frame| Self { frame, ..Self::default() });
        samples.extend(framed(|frame| Self {
            frame,
            digests: vec![digest.clone()],
            imports: vec![ImportRow::sample()],
            pager: Pager::sample(),
        }));
        samples
    }
}

impl View for ImportPage {
    const TEMPLATE: &'static str = "web/admin/import";

    fn samples() -> Vec<Self> {
        let option = |value: &str, is_chosen| SelectOption {
            value: value.into(),
            text: value.into(),
            is_chosen,
        };
        let column = |index| ImportColumn {
            index,
            label: "E-Mail".into(),
            values: vec!["m.muster@example.edu".into()],
            meaning: "email".into(),
            choices: vec![option("", false), option("email", true)],
        };
        let count = OutcomeRow { text: "new people".into(), is_done: true, count: 1_200 };
        let rejected = RejectedRow { line: 7, reason: "`x` is not an address".into() };
        let changed = ChangedPersonRow {
            id: 7,
            email: "m.muster@example.edu".into(),
            values: vec![ChangedValueRow {
                label: "name".into(),
                old: "M. Muster".into(),
                new: "Mia Muster".into(),
            }],
            more: 3,
        };
        let waiting = |frame| Self {
            frame,
            row: ImportRow::sample(),
            can_start: true,
            can_cancel: true,
            importable: true,
            outcome: Some("Nothing is imported yet.".into()),
            failure: Some("The file cannot be read.".into()),
            counts: vec![count.clone()],
            changed_total: 21,
            changed_shown: 2,
            has_more_changed: true,
            changed: vec![changed.clone(), ChangedPersonRow { more: 0, ..changed.clone() }],
            keeps_existing: true,
            rejected: vec![rejected.clone()],
            has_more_rejected: true,
            format: "CSV · GB18030 · comma".into(),
            is_csv: true,
            people_languages: vec![option("", true), option("zh-CN", false)],
            encodings: vec![option("", true), option("GB18030", false)],
            delimiters: vec![option("", true), option("tab", false)],
            columns: vec![column(0), column(1)],
            columns_error: Some("A column is missing.".into()),
            ..Self::default()
        };
        let mut samples = framed(waiting);
        samples.extend(framed(|frame| Self {
            is_running: true,
            is_stored: true,
            can_start: false,
            processed: 640,
            width: 50,
            ..waiting(frame)
        }));
        samples.extend(framed(|frame| Self { frame, row: ImportRow::sample(), ..Self::default() }));
        samples
    }
}
