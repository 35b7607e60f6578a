//! Import of subscribers from a file. All lines are checked before the first is stored; an interrupted
//! import continues where it stopped.

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};

use super::attributes::{FileAttributes, KnownAttributes};
use crate::config::Digest;
use crate::domain::actor::Actor;
use crate::domain::file_import::{ImportEvent, RejectedLines};
use crate::domain::import_changes::ChangedPerson;
use crate::domain::language;
use crate::domain::subscriber_import::{ImportCounts, ImportState};
use crate::domain::time::Millis;
use crate::fs::{InputFile, separator_word};
use crate::store::imports::{CheckedFile, ImportJob, NewImport};
use crate::store::suppressions::AddressHasher;
use crate::store::{Store, StoreResult};

mod checks;
pub mod jobs;
mod reader;
mod rejections;
mod settings;
pub mod upload;
mod writer;

use checks::LineChecks;
use reader::{CheckedLines, RowStream};
use writer::ChunkTarget;

pub use super::subscriber_file::{COLUMNS, FileForm, FilePreview, Preset};
pub use settings::{ImportOptions, ImportSettings};

/// Result of an import.
#[derive(Debug, Clone, Default)]
pub struct ImportReport {
    /// Recognized or chosen properties of the file.
    pub form: Option<FileForm>,
    /// Number of valid lines.
    pub valid: usize,
    /// Rejected lines of the file.
    pub rejected: RejectedLines,
    /// `true` if the valid lines were stored.
    pub imported: bool,
    /// Line after which an interrupted import continued.
    pub resumed_after: Option<i64>,
    /// Numbers of lines by outcome; of a dry run those that an import would have.
    pub counts: ImportCounts,
    /// First known people whose stored values changed, or would change.
    pub changed_people: Vec<ChangedPerson>,
}

/// Returns the name of a delimiter, or the delimiter itself.
pub fn delimiter_word(separator: u8) -> String {
    separator_word(separator)
}

/// Returns the properties of a file and its first lines.
///
/// # Errors
/// The file cannot be read, or a column is missing or ambiguous.
pub fn preview(file: &Path, settings: &ImportSettings) -> anyhow::Result<FilePreview> {
    let (input, name) = open_file(file)?;
    settings.open(input, name)?.preview()
}

fn open_file(file: &Path) -> anyhow::Result<(InputFile, String)> {
    use anyhow::Context as _;
    let name = file.display().to_string();
    Ok((InputFile::open(file).with_context(|| format!("cannot read {name}"))?, name))
}

/// Returns the interrupted import of the same file and settings, which a dry run does not continue.
async fn find_unfinished(
    store: &Store,
    fingerprint: &str,
    options: &ImportOptions,
) -> StoreResult<Option<ImportJob>> {
    match options.settings.dry_run {
        true => Ok(None),
        false => store.imports().find_unfinished(fingerprint).await,
    }
}

/// Imports a file into a digest. All lines are checked before the first is stored, so the file is read
/// twice; memory does not grow with it. Of an export of Courant, only the lines of this digest are imported.
/// Addresses that the file calls suppressed are suppressed whatever their digest. If an earlier call with
/// the same file and settings was interrupted, this one continues it.
pub async fn import(
    store: &Store,
    secret: &[u8],
    file: &Path,
    digest: &Digest,
    options: &ImportOptions,
    now: Millis,
    mut on_event: impl FnMut(ImportEvent<'_>),
) -> anyhow::Result<ImportReport> {
    let (input, name) = open_file(file)?;
    let fingerprint = fingerprint(file, &input, digest, &options.settings);
    let unfinished = find_unfinished(store, &fingerprint, options).await?;
    let mut checks = line_checks(store, secret, digest, options, now).await?;
    if let Some(job) = &unfinished {
        checks.attributes.use_types(&job.attribute_types);
    }
    let settings = options.settings.clone();
    let file_name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let checked = tokio::task::spawn_blocking(move || {
        let file = settings.open(input, name)?;
        reader::check(file, checks, &AtomicBool::new(false))
    });
    let mut checked = checked.await??;
    let mut report = ImportReport {
        form: Some(checked.file.form().clone()),
        valid: usize::try_from(checked.valid)?,
        ..ImportReport::default()
    };
    checked.rejections.for_each(|line, rejection| {
        report.rejected.add(line, &rejection.sentence, &mut on_event);
    })?;
    let target = chunk_target(digest, &options.settings);
    if options.settings.dry_run {
        (report.counts, report.changed_people) = count(store, checked, &target).await?;
        return Ok(report);
    }
    if report.rejected.count > 0 && !options.settings.skip_bad {
        return Ok(report);
    }
    report.resumed_after = unfinished.as_ref().map(|job| job.done_through);
    let job = match unfinished {
        Some(job) => job,
        None => {
            let settings = json!(options.settings);
            let new = NewImport {
                state: ImportState::Storing,
                digest: &digest.name,
                file_name: &file_name,
                fingerprint: &fingerprint,
                settings: &settings,
            };
            add_job(store, new, &checked, &options.actor, now).await?
        }
    };
    let total = report.valid;
    let on_progress = |job: &ImportJob| {
        let done = usize::try_from(stored_lines(&job.counts)).unwrap_or(total).min(total);
        on_event(ImportEvent::Stored { done, total });
    };
    let stored = store_lines(store, job, checked, &target, (&options.actor, now), on_progress);
    let job = stored.await?.ok_or_else(|| {
        anyhow::anyhow!("another process continues this import, or it was cancelled")
    })?;
    report.imported = true;
    report.counts = job.counts;
    report.changed_people = job.changed_people;
    Ok(report)
}

/// Stores a new job with the result of the check.
async fn add_job(
    store: &Store,
    new: NewImport<'_>,
    checked: &CheckedLines,
    actor: &Actor,
    now: Millis,
) -> anyhow::Result<ImportJob> {
    let job = store.imports().add(new, actor, now).await?;
    Ok(save_check(store, job.id, checked, ImportState::Storing).await?.unwrap_or(job))
}

/// Returns the number of lines with a person that these counts contain.
fn stored_lines(counts: &ImportCounts) -> u64 {
    counts.new
        + counts.changed
        + counts.unchanged
        + counts.previously_unsubscribed
        + counts.suppressed
}

/// Returns the identity of a file and the settings with which it is imported.
fn fingerprint(
    file: &Path,
    input: &InputFile,
    digest: &Digest,
    settings: &ImportSettings,
) -> String {
    let path = file.canonicalize().unwrap_or_else(|_| file.to_owned());
    let identity = json!([path.to_string_lossy(), input.state(), digest.name, settings]);
    hex::encode(Sha256::digest(identity.to_string().as_bytes()))
}

/// Returns the digest of an import, with the settings that concern each of its lines.
fn chunk_target(digest: &Digest, settings: &ImportSettings) -> ChunkTarget {
    let language = settings.language.as_deref();
    ChunkTarget {
        digest: digest.name.clone(),
        transport: digest.transport.clone(),
        existing: settings.existing,
        language: language.and_then(|tag| language::canonical(tag).ok()),
    }
}

/// Returns the values against which the lines of a file are validated.
async fn line_checks(
    store: &Store,
    secret: &[u8],
    digest: &Digest,
    options: &ImportOptions,
    now: Millis,
) -> anyhow::Result<LineChecks> {
    let settings = &options.settings;
    let consent = match settings.consent.trim() {
        "" => format!("imported by an admin, {}", now.rfc3339()),
        consent => super::strip_control_characters(consent),
    };
    Ok(LineChecks {
        digest: digest.name.clone(),
        consent,
        is_confirmed: settings.confirmed,
        hasher: AddressHasher::new(secret),
        known: options.known.clone(),
        attributes: FileAttributes::new(KnownAttributes::read(store).await?),
        languages: HashMap::new(),
        timezones: HashMap::new(),
    })
}

/// Counts the changes that a checked file would cause, and returns the first known people whose stored values
/// would change.
async fn count(
    store: &Store,
    checked: CheckedLines,
    target: &ChunkTarget,
) -> anyhow::Result<(ImportCounts, Vec<ChangedPerson>)> {
    let CheckedLines { file, checks, rejections, .. } = checked;
    let rows = RowStream::spawn(file, checks, rejections.repeated, 0);
    writer::count(store, rows, target).await
}

/// Saves that a file was checked before its lines are stored; `None` if the import was cancelled.
async fn save_check(
    store: &Store,
    id: i64,
    checked: &CheckedLines,
    state: ImportState,
) -> anyhow::Result<Option<ImportJob>> {
    let form = form_json(checked.file.form());
    let result = CheckedFile {
        state,
        form: &form,
        valid: i64::try_from(checked.valid)?,
        rejected: i64::try_from(checked.rejections.count)?,
        counts: ImportCounts::default(),
        changed_people: &[],
        attribute_types: &checked.types,
    };
    Ok(store.imports().save_check(id, result).await?)
}

/// Returns the recognized properties of a file as they are stored.
fn form_json(form: &FileForm) -> Json {
    let columns =
        form.columns.iter().map(|(name, meaning)| json!({"name": name, "meaning": meaning}));
    json!({
        "format": form.format,
        "encoding": form.encoding,
        "delimiter": form.separator.map(separator_word),
        "preset": form.preset.map(Preset::as_str),
        "columns": columns.collect::<Vec<_>>(),
    })
}

/// Stores the lines of a checked file that are not stored yet, and finishes the import.
async fn store_lines(
    store: &Store,
    job: ImportJob,
    checked: CheckedLines,
    target: &ChunkTarget,
    (actor, now): (&Actor, Millis),
    on_progress: impl FnMut(&ImportJob),
) -> anyhow::Result<Option<ImportJob>> {
    let after = u64::try_from(job.done_through).unwrap_or_default();
    let CheckedLines { file, checks, rejections, .. } = checked;
    let rows = RowStream::spawn(file, checks, rejections.repeated, after);
    match writer::store_rows(store, job, rows, target, (actor, now), on_progress).await? {
        Some(job) => Ok(store.imports().finish(job.id, now).await?),
        None => Ok(None),
    }
}
