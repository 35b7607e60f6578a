//! `courant sources`: syncs, checks and lists sources.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use clap::Subcommand;

use super::issue_report::IssueReport;
use super::output;
use super::table::Column::{Key, Number};
use super::table::TextTable;
use super::usage::{UsageError, source_names};
use crate::app::App;
use crate::config::Source;
use crate::domain::actor::Actor;
use crate::domain::file_import::MAX_KEPT_REASONS;
use crate::sources::{IssueSink, SyncError, SyncReport, sync_with_issues};
use crate::wire;

mod check;
pub(super) mod notes;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a full sync of all sources, or of one
    Sync {
        /// Name of the source [default: all]
        name: Option<String>,
        /// Accept the removal of more than half of a source
        #[arg(long)]
        accept_removals: bool,
        /// File for all rejected rows and notes
        #[arg(long, value_name = "FILE")]
        report: Option<PathBuf>,
    },
    /// Show which articles a sync would import or reject
    Check {
        /// Name of the source to check
        name: String,
    },
    /// List sources with their last sync and errors
    List {
        /// Maximum number of rows [default: all]
        #[arg(long)]
        limit: Option<usize>,
    },
}

impl Command {
    pub(crate) async fn run(self, app: &App, json: bool) -> anyhow::Result<ExitCode> {
        match self {
            Self::Sync { name, accept_removals, report } => {
                sync_all(app, name.as_deref(), accept_removals, report.as_deref(), json).await
            }
            Self::Check { name } => check::run(app, &name, json).await,
            Self::List { limit } => list(app, limit, json).await,
        }
    }
}

async fn sync_all(
    app: &App,
    name: Option<&str>,
    accept_removals: bool,
    report: Option<&Path>,
    json: bool,
) -> anyhow::Result<ExitCode> {
    let chosen: Vec<&Source> =
        app.config.sources.iter().filter(|s| name.is_none_or(|n| n == s.name)).collect();
    if let Some(name) = name.filter(|_| chosen.is_empty()) {
        return Err(UsageError(format!(
            "there is no source {name:?}; existing sources: {}",
            source_names(&app.config)
        ))
        .into());
    }
    let (mut failed, mut reports) = (false, Vec::new());
    let issues = Arc::new(Mutex::new(IssueReport::create(report)?));
    for source in chosen {
        let (name, all) = (source.name.clone(), Arc::clone(&issues));
        let sink = IssueSink::new(move |issue| lock(&all).write(&format!("{name}: {issue}")));
        let (store, config, now) = (&app.store, &app.config, app.now());
        let synced =
            sync_with_issues(store, config, source, accept_removals, &Actor::Cli, sink, now).await;
        match synced {
            Ok(report) if json => reports.push(wire::sources::SyncReport::from(&report)),
            Ok(report) => print_report(&report, &lock(&issues))?,
            Err(SyncError { error, .. }) => {
                failed = true;
                output::error(&format!("{error:#}"));
            }
        }
    }
    lock(&issues).finish()?;
    if json {
        output::json(&reports)?;
    }
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn lock(issues: &Mutex<IssueReport>) -> MutexGuard<'_, IssueReport> {
    issues.lock().unwrap_or_else(PoisonError::into_inner)
}

fn print_report(r: &SyncReport, issues: &IssueReport) -> anyhow::Result<()> {
    let scheduled = scheduled_suffix(r);
    output::line(&format!(
        "{}: added {}, changed {}, removed {}, rejected {}{scheduled}",
        r.source, r.added, r.changed, r.removed, r.rejected_count
    ))?;
    for (id, reason) in r.rejected.iter().take(MAX_KEPT_REASONS) {
        output::line(&format!("  rejected {id}: {reason}"))?;
    }
    let printed = MAX_KEPT_REASONS.saturating_sub(r.rejected.len()).min(r.new_note_count);
    notes::print_notes(&r.notes[..printed.min(r.notes.len())], usize::MAX)?;
    if let Some(text) = issues.further(r.rejected_count + r.new_note_count, "issue") {
        output::line(&format!("  {text}"))?;
    }
    if let Some(repeated @ 1..) = r.note_count.checked_sub(r.new_note_count) {
        let notes = output::pluralize(repeated, "note");
        let how = format!("`courant sources check {}` shows all notes", r.source);
        output::line(&format!("  {notes} as before; {how}"))?;
    }
    if r.blocked_removals > 0 {
        let how = format!("`courant sources sync {} --accept-removals` accepts them", r.source);
        output::line(&format!(
            "  blocked {} removals, which are more than half of all articles; {how}",
            r.blocked_removals
        ))?;
    }
    Ok(())
}

/// Returns the number of new scheduled articles as the end of a line, or nothing.
pub(crate) fn scheduled_suffix(r: &SyncReport) -> String {
    if r.scheduled > 0 { format!(", scheduled {}", r.scheduled) } else { String::new() }
}

async fn list(app: &App, limit: Option<usize>, json: bool) -> anyhow::Result<ExitCode> {
    let states = app.store.sources().states().await?;
    let mut rows = Vec::new();
    let mut table = TextTable::new(&[
        Key("source"),
        Key("kind"),
        Key("last sync"),
        Number("failures"),
        Number("rejected"),
        Number("blocked removals"),
    ]);
    let mut errors = Vec::new();
    for source in app.config.sources.iter().take(limit.unwrap_or(usize::MAX)) {
        let state = states.iter().find(|s| s.name == source.name).cloned().unwrap_or_default();
        rows.push(wire::sources::Source::new(source, &state));
        let read =
            state.succeeded_at.map_or("never".into(), |t| t.in_zone(&app.config.site.timezone));
        let numbers = [
            state.failures.to_string(),
            state.rejected.to_string(),
            state.blocked_removals.to_string(),
        ];
        table.row(
            [source.name.clone(), source.kind.as_str().to_owned(), read].into_iter().chain(numbers),
        );
        if state.error.is_some() {
            errors.push(format!("{}: {}", source.name, state.error_without_name()));
        }
    }
    if json {
        output::json(&rows)?
    } else {
        table.print_in_zone("The configuration has no sources.", &app.config.site.timezone)?;
        errors.iter().try_for_each(|error| output::line(error))?;
    }
    Ok(ExitCode::SUCCESS)
}
