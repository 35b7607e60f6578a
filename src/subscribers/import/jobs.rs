//! Imports of uploaded files: a node takes them one after another, and continues those of a node that died.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use serde::Serialize;
use serde_json::Value as Json;

use super::reader::{self, CheckedLines};
use super::rejections::Rejection;
use super::writer::ChunkTarget;
use super::{
    FilePreview, ImportOptions, ImportSettings, RowStream, chunk_target, line_checks, save_check,
    store_lines, writer,
};
use crate::config::{Config, Digest};
use crate::domain::subscriber_import::ImportState;
use crate::domain::time::{Millis, SignedDuration};
use crate::fs::{FileProblem, InFile, InputFile, unnamed_file};
use crate::store::imports::{CheckedFile, ImportJob, MAX_STORED_REJECTIONS, NewRejection};
use crate::store::{Store, StoreError, StoreResult};
use crate::subscribers::{KnownTerms, LineProblem, find_digests};

/// Number of pieces that a preview reads.
const PREVIEW_PARTS: i64 = 4;
/// Number of rejected lines stored per statement.
const REJECTIONS_PER_STATEMENT: usize = 500;
/// Interval in which the lease of an import is renewed while its file is checked.
const RENEWAL_INTERVAL: Duration = Duration::from_secs(10);
/// Time after which an import that nobody started is cancelled, because its file contains addresses.
const ABANDONED_AFTER: SignedDuration = SignedDuration::from_hours(7 * 24);
/// Time for which the rejected lines and shown changes of a finished import are kept.
const REJECTIONS_KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);

/// Values that the work on imports needs.
#[derive(Debug, Clone, Copy)]
pub struct ImportContext<'a> {
    /// Database with the imports and subscribers.
    pub store: &'a Store,
    /// Configuration of the digests.
    pub config: &'a Config,
    /// Secret of the instance, which keys the hashes of addresses.
    pub secret: &'a [u8],
}

/// Returns the settings of an import.
pub fn settings(job: &ImportJob) -> ImportSettings {
    serde_json::from_value(job.settings.clone()).unwrap_or_default()
}

/// Returns the recognized properties and the first lines of an uploaded file, as other settings would read
/// it.
///
/// # Errors
/// One sentence if the file cannot be read with these settings.
pub async fn preview(
    store: &Store,
    job: &ImportJob,
    settings: ImportSettings,
) -> anyhow::Result<FilePreview> {
    let file = copy_parts(store, job, PREVIEW_PARTS).await?;
    let name = job.file_name.clone();
    tokio::task::spawn_blocking(move || settings.preview(InputFile::from_file(file)?, name)).await?
}

/// Works on all imports that wait, one after another. Returns their number.
///
/// # Errors
/// The database is unavailable; another call continues the import.
pub async fn run_due(
    ctx: ImportContext<'_>,
    node: &str,
    clock: impl Fn() -> Millis,
) -> anyhow::Result<usize> {
    let mut imports = 0;
    while let Some(job) = ctx.store.imports().lease_next(node).await? {
        imports += 1;
        let id = job.id;
        if let Err(reason) = run(ctx, job, node, clock()).await {
            if reason.downcast_ref::<StoreError>().is_some_and(StoreError::is_unavailable) {
                return Err(reason);
            }
            let detail = problem_json(&reason);
            ctx.store.imports().fail(id, &format!("{reason:#}"), detail.as_ref()).await?;
        }
    }
    Ok(imports)
}

/// Returns the code and the values of a problem with a file as JSON, and its line as `at`; `None` for any other
/// error.
pub fn problem_json(error: &anyhow::Error) -> Option<Json> {
    fn json<P: Serialize>(found: &InFile<P>) -> Option<Json> {
        let mut json = serde_json::to_value(&found.problem).ok()?;
        if let Some(line) = found.line {
            json["at"] = line.into();
        }
        Some(json)
    }
    let of_file = error.downcast_ref::<InFile<FileProblem>>().and_then(json);
    of_file.or_else(|| error.downcast_ref::<InFile<LineProblem>>().and_then(json))
}

/// Cancels imports that nobody started, and deletes the rejected lines and shown changes of old ones.
pub async fn clean_up(store: &Store, now: Millis) -> StoreResult<()> {
    store.imports().cancel_abandoned(now.plus(-ABANDONED_AFTER), now).await?;
    store.imports().delete_old_rejections(now.plus(-REJECTIONS_KEPT)).await?;
    store.imports().delete_old_changes(now.plus(-REJECTIONS_KEPT)).await?;
    Ok(())
}

async fn run(
    ctx: ImportContext<'_>,
    job: ImportJob,
    node: &str,
    now: Millis,
) -> anyhow::Result<()> {
    let settings = settings(&job);
    let digests = find_digests(ctx.config, std::slice::from_ref(&job.digest));
    let digests = digests.map_err(anyhow::Error::msg)?;
    let digest: &Digest = digests.first().context("the import has no digest")?;
    let Some(mut checked) = check(ctx, &job, digest, &settings, node, now).await? else {
        return Ok(());
    };
    let is_stored = job.state == ImportState::Storing;
    if !is_stored {
        save_rejections(ctx.store, job.id, &mut checked).await?;
    }
    let target = chunk_target(digest, &settings);
    let has_rejections = checked.rejections.count > 0 && !settings.skip_bad;
    if !is_stored && (settings.dry_run || has_rejections) {
        return finish_check(ctx.store, job.id, checked, &target, settings.dry_run).await;
    }
    let job = match is_stored {
        true => job,
        false => {
            let state = ImportState::Storing;
            match save_check(ctx.store, job.id, &checked, state).await? {
                Some(job) => job,
                None => return Ok(()),
            }
        }
    };
    let actor = job.actor.clone();
    store_lines(ctx.store, job, checked, &target, (&actor, now), |_| ()).await?;
    Ok(())
}

/// Checks the file of an import; `None` if the import was cancelled meanwhile.
async fn check(
    ctx: ImportContext<'_>,
    job: &ImportJob,
    digest: &Digest,
    settings: &ImportSettings,
    node: &str,
    now: Millis,
) -> anyhow::Result<Option<CheckedLines>> {
    let options = ImportOptions {
        actor: job.actor.clone(),
        known: KnownTerms::read(ctx.store, &[digest]).await?,
        settings: settings.clone(),
    };
    let mut checks = line_checks(ctx.store, ctx.secret, digest, &options, now).await?;
    checks.attributes.use_types(&job.attribute_types);
    let file = copy_parts(ctx.store, job, i64::MAX).await?;
    let is_cancelled = Arc::new(AtomicBool::new(false));
    let (settings, name, flag) =
        (settings.clone(), job.file_name.clone(), Arc::clone(&is_cancelled));
    let mut checking = tokio::task::spawn_blocking(move || {
        let file = settings.open(InputFile::from_file(file)?, name)?;
        reader::check(file, checks, &flag)
    });
    loop {
        tokio::select! {
            checked = &mut checking => return checked?.map(Some),
            () = tokio::time::sleep(RENEWAL_INTERVAL) => {
                if !ctx.store.imports().renew_lease(job.id, node).await? {
                    is_cancelled.store(true, Ordering::Relaxed);
                    // The thread ends at the next line.
                    (&mut checking).await?.ok();
                    return Ok(None);
                }
            }
        }
    }
}

/// Saves the result of a dry run, or that lines were rejected.
async fn finish_check(
    store: &Store,
    id: i64,
    checked: CheckedLines,
    target: &ChunkTarget,
    is_dry_run: bool,
) -> anyhow::Result<()> {
    let CheckedLines { file, checks, rejections, valid, types } = checked;
    let rejected = rejections.count;
    let form = super::form_json(file.form());
    let rows = RowStream::spawn(file, checks, rejections.repeated, 0);
    let (counts, people) = writer::count(store, rows, target).await?;
    let state = if is_dry_run { ImportState::Checked } else { ImportState::Rejected };
    let result = CheckedFile {
        state,
        form: &form,
        valid: i64::try_from(valid)?,
        rejected: i64::try_from(rejected)?,
        counts,
        changed_people: &people,
        attribute_types: &types,
    };
    store.imports().save_check(id, result).await?;
    Ok(())
}

/// Replaces the rejected lines of an import with the first ones of a check.
async fn save_rejections(store: &Store, id: i64, checked: &mut CheckedLines) -> anyhow::Result<()> {
    store.imports().clear_rejections(id).await?;
    let mut first: Vec<NewRejection> = Vec::new();
    checked.rejections.for_each(|line, rejection| {
        if first.len() < MAX_STORED_REJECTIONS {
            let Rejection { sentence, reason } = rejection.clone();
            first.push(NewRejection { line, reason: sentence, detail: reason });
        }
    })?;
    for rejections in first.chunks(REJECTIONS_PER_STATEMENT) {
        store.imports().add_rejections(id, rejections).await?;
    }
    Ok(())
}

/// Copies the pieces of an uploaded file into a temporary file without a name.
async fn copy_parts(store: &Store, job: &ImportJob, parts: i64) -> anyhow::Result<File> {
    let unwritable = || "cannot write a temporary file";
    let mut file = unnamed_file().with_context(unwritable)?;
    for number in 0..parts {
        let Some(content) = store.imports().part(job.id, number).await? else { break };
        file.write_all(&content).with_context(unwritable)?;
    }
    if file.metadata().with_context(unwritable)?.len() == 0 {
        let (name, problem) = (job.file_name.clone(), FileProblem::EmptyFile);
        return Err(InFile { name, line: None, problem }.into());
    }
    Ok(file)
}

/// Returns the headings that stand for columns, from texts such as `email=E-Mail`.
///
/// # Errors
/// One sentence about the first one that is not valid.
pub fn parse_columns(pairs: &[String]) -> Result<BTreeMap<String, String>, String> {
    let mut columns = BTreeMap::new();
    for pair in pairs {
        let (column, heading) = pair
            .split_once('=')
            .ok_or_else(|| format!("{pair:?} is not valid; use for example email=E-Mail"))?;
        if !super::COLUMNS.contains(&column) {
            crate::domain::attribute::validate_name(column).map_err(|reason| {
                format!("{reason}; the other columns are: {}", super::COLUMNS.join(", "))
            })?;
        }
        columns.insert(column.to_owned(), heading.to_owned());
    }
    Ok(columns)
}
