//! Documents about imports of subscribers from uploaded files.

use serde::Serialize;
use serde_json::Value as Json;
use utoipa::ToSchema;

use super::import_changes::ChangedPerson;
use super::subscribers::ImportNumbers;
use crate::store::imports::{ImportJob, ImportRejection};
use crate::subscribers::import::{FileForm, FilePreview, Preset, delimiter_word, jobs};

/// Import of subscribers with its progress.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Import {
    /// Id of the import.
    pub id: i64,
    /// `uploading`, `ready`, `queued`, `checking`, `checked`, `rejected`, `storing`, `finished`, `failed` or
    /// `cancelled`.
    pub state: &'static str,
    /// Name of the digest.
    pub digest: String,
    /// Name of the file.
    pub file_name: String,
    /// Length of the uploaded file in bytes; 0 for an import of the command line.
    pub bytes: i64,
    /// `confirmed` if subscriptions begin without a message to their owners, otherwise `pending`.
    pub status: &'static str,
    /// `update` if the file replaces values of known people, `keep` if these stay as they are.
    pub existing: &'static str,
    /// Language of people who have none (RFC 5646); `null` for the language of the site.
    #[schema(required)]
    pub language: Option<String>,
    /// `true` to count the changes without storing anything.
    pub dry_run: bool,
    /// `true` to import valid lines even if others are rejected.
    pub skip_bad: bool,
    /// Recognized or chosen properties of the file; `null` until it was checked.
    #[schema(required)]
    pub file: Option<ImportedFile>,
    /// Number of valid lines, once the file was checked.
    pub valid: i64,
    /// Number of rejected lines.
    pub rejected_lines: i64,
    /// Line up to which the file is stored.
    pub done_through: i64,
    /// Numbers of lines by outcome: of the whole file after a dry run, otherwise of the stored lines.
    pub counts: ImportNumbers,
    /// The first 20 known people whose stored values the file changes, for 30 days.
    pub changed_people: Vec<ChangedPerson>,
    /// Reason for which the import failed; `null` if it did not.
    #[schema(required)]
    pub error: Option<String>,
    /// Code of this reason as `code`, with its values and the line as `at`, if it is a problem of the file;
    /// otherwise `null`.
    #[schema(required, value_type = Option<Object>)]
    pub error_detail: Option<Json>,
    /// Time of the creation (RFC 3339).
    pub created_at: String,
    /// Time of the end (RFC 3339); `null` before.
    #[schema(required)]
    pub finished_at: Option<String>,
}

/// Recognized or chosen properties of a file.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ImportedFile {
    /// Format of the file: `csv` or `jsonl`.
    pub format: String,
    /// Encoding of the file.
    pub encoding: String,
    /// Character between the fields, or its name; `null` for JSON lines.
    #[schema(required)]
    pub delimiter: Option<String>,
    /// Service that exported the file; `null` if it is not known.
    #[schema(required)]
    pub preset: Option<String>,
    /// Columns in the order of the file.
    pub columns: Vec<ImportedColumn>,
}

/// Column of an imported file.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ImportedColumn {
    /// Heading of the column.
    pub name: String,
    /// Column or attribute for which it stands; empty if it is not imported.
    pub meaning: String,
}

/// Beginning of an uploaded file, as its settings read it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ImportPreview {
    /// Recognized or chosen properties of the file.
    pub file: ImportedFile,
    /// The first five lines after the header.
    pub rows: Vec<PreviewRow>,
}

/// Line of a preview.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PreviewRow {
    /// Number of the line; the first line of the file is 1.
    pub line: u64,
    /// Values in the order of the columns, shortened to 200 characters.
    pub values: Vec<String>,
}

/// Rejected line of an uploaded file.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RejectedImportLine {
    /// Number of the line; the first line of the file is 1.
    pub line: u64,
    /// Reason for the rejection.
    pub reason: String,
    /// Code of the reason as `code`, with the values of the reason, for texts in other languages; `null` if the
    /// values are very long.
    #[schema(required, value_type = Option<Object>)]
    pub detail: Json,
}

impl From<&ImportJob> for Import {
    fn from(job: &ImportJob) -> Self {
        let settings = jobs::settings(job);
        Self {
            id: job.id,
            state: job.state.as_str(),
            digest: job.digest.clone(),
            file_name: job.file_name.clone(),
            bytes: job.bytes,
            status: if settings.confirmed { "confirmed" } else { "pending" },
            existing: settings.existing.as_str(),
            language: settings.language,
            dry_run: settings.dry_run,
            skip_bad: settings.skip_bad,
            file: job.form.as_ref().map(ImportedFile::from_stored),
            valid: job.valid,
            rejected_lines: job.rejected,
            done_through: job.done_through,
            counts: ImportNumbers::from(&job.counts),
            changed_people: job.changed_people.iter().map(ChangedPerson::from).collect(),
            error: job.error.clone(),
            error_detail: job.error_detail.clone(),
            created_at: job.created_at.rfc3339(),
            finished_at: job.finished_at.map(|time| time.rfc3339()),
        }
    }
}

impl ImportedFile {
    /// Returns the properties that are stored with an import.
    fn from_stored(form: &Json) -> Self {
        let text = |json: &Json| json.as_str().unwrap_or_default().to_owned();
        let optional = |json: &Json| json.as_str().map(str::to_owned);
        let columns = form["columns"].as_array().into_iter().flatten();
        Self {
            format: text(&form["format"]),
            encoding: text(&form["encoding"]),
            delimiter: optional(&form["delimiter"]),
            preset: optional(&form["preset"]),
            columns: columns
                .map(|column| ImportedColumn {
                    name: text(&column["name"]),
                    meaning: text(&column["meaning"]),
                })
                .collect(),
        }
    }
}

impl From<&FileForm> for ImportedFile {
    fn from(form: &FileForm) -> Self {
        let columns = form.columns.iter();
        Self {
            format: form.format.to_owned(),
            encoding: form.encoding.to_owned(),
            delimiter: form.separator.map(delimiter_word),
            preset: form.preset.map(Preset::as_str).map(str::to_owned),
            columns: columns
                .map(|(name, meaning)| ImportedColumn {
                    name: name.clone(),
                    meaning: meaning.clone(),
                })
                .collect(),
        }
    }
}

impl From<FilePreview> for ImportPreview {
    fn from(preview: FilePreview) -> Self {
        Self {
            file: ImportedFile::from(&preview.form),
            rows: preview
                .rows
                .into_iter()
                .map(|(line, values)| PreviewRow { line, values })
                .collect(),
        }
    }
}

impl From<ImportRejection> for RejectedImportLine {
    fn from(rejection: ImportRejection) -> Self {
        let ImportRejection { line, reason, detail } = rejection;
        Self { line: u64::try_from(line).unwrap_or_default(), reason, detail }
    }
}
