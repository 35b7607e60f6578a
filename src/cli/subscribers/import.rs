//! `courant subscribers import`: imports a CSV file into a digest.

use std::collections::HashMap;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::arguments::InitialStatus;
use crate::app::App;
use crate::cli::issue_report::IssueReport;
use crate::cli::output::{self, pluralize};
use crate::cli::progress::ProgressReporter;
use crate::cli::usage::UsageError;
use crate::digests::find_digest;
use crate::domain::actor::Actor;
use crate::domain::file_import::ImportEvent;
use crate::subscribers::import::ImportReport;
use crate::subscribers::{KnownTerms, import};
use crate::wire::subscribers::SubscriberImport;

/// Arguments of `courant subscribers import`.
#[derive(Debug, Args)]
pub(crate) struct ImportArgs {
    /// CSV file with email, name, language, timezone, sections, tags
    file: PathBuf,
    /// Name of the digest
    #[arg(long)]
    digest: String,
    /// Initial status of the subscriptions
    #[arg(long, value_enum, default_value = "pending")]
    status: InitialStatus,
    /// Column names of the file, e.g. email=E-Mail,name=Name
    #[arg(long, value_delimiter = ',', value_name = "COLUMN=NAME")]
    map: Vec<String>,
    /// Validate the file without importing it
    #[arg(long)]
    dry_run: bool,
    /// Import valid lines even if others are rejected
    #[arg(long)]
    skip_bad: bool,
    /// Evidence of consent; needed for --status confirmed
    #[arg(long, value_name = "TEXT")]
    consent: Option<String>,
    /// File for the reasons of all rejected lines
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
}

impl ImportArgs {
    pub(super) async fn run(self, app: &App, json: bool) -> anyhow::Result<ExitCode> {
        let digest =
            find_digest(&app.config, &self.digest).map_err(|e| UsageError(format!("{e:#}")))?;
        let confirmed = self.status.is_confirmed(self.consent.as_deref())?;
        let options = import::ImportOptions {
            actor: Actor::Cli,
            confirmed,
            known: KnownTerms::read(&app.store, &[digest]).await?,
            column_map: parse_column_map(&self.map)?,
            dry_run: self.dry_run,
            skip_bad: self.skip_bad,
            consent: self.consent.unwrap_or_default(),
        };
        let mut progress = ProgressReporter::new("lines", app.clock);
        let mut issues = IssueReport::create(self.report.as_deref())?;
        let on_event = |event: ImportEvent<'_>| match event {
            ImportEvent::Rejected { .. } => issues.write_rejected(&self.file, &event),
            ImportEvent::Stored { done, total } => progress.update(done, total),
        };
        let r = import::import(
            &app.store,
            &app.store_identity.secret,
            &self.file,
            digest,
            &options,
            app.now(),
            on_event,
        )
        .await?;
        progress.finish();
        issues.finish()?;
        issues.print_rejected(&self.file, &r.rejected);
        let rejected = pluralize(r.rejected.count, "line");
        let document = SubscriberImport::from(&r);
        if options.dry_run {
            let text = format!(
                "{} valid, {rejected} rejected{}; nothing was changed.",
                pluralize(r.valid, "line"),
                of_other_digests(&r)
            );
            output::result(json, &document, &text)?;
            note_foreign_export(&r, &digest.name);
            return Ok(if r.rejected.count == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE });
        }
        if !r.imported {
            if json {
                output::json(&document)?;
            }
            output::error(&format!(
                "nothing was imported: {rejected} rejected; fix them or use --skip-bad"
            ));
            return Ok(ExitCode::FAILURE);
        }
        output::result(json, &document, &summary(&r))?;
        note_foreign_export(&r, &digest.name);
        Ok(ExitCode::SUCCESS)
    }
}

/// Returns the numbers of an import as one sentence.
fn summary(r: &ImportReport) -> String {
    format!(
        "confirmed {}, pending {}, already subscribed {}, previously unsubscribed {}, suppressed {}, rejected {}{}{}",
        r.confirmed,
        r.pending,
        r.already_subscribed,
        r.previously_unsubscribed,
        r.suppressed,
        r.rejected.count,
        of_other_digests(r),
        of_suppressions(r)
    )
}

/// Returns the number of addresses that the import suppressed, for the end of a list.
fn of_suppressions(r: &ImportReport) -> String {
    match r.suppressions_added {
        0 => String::new(),
        n => format!(", suppressed by this file {n}"),
    }
}

/// Returns the number of lines of other digests, for the end of a list.
fn of_other_digests(r: &ImportReport) -> String {
    match r.other_digests {
        0 => String::new(),
        n => format!(", skipped (another digest) {n}"),
    }
}

/// Says how to import an export that contains no line of the digest.
fn note_foreign_export(r: &ImportReport, digest: &str) {
    if r.valid == 0 && r.other_digests > 0 {
        output::note(&format!(
            "the file is an export, and none of its lines belongs to {digest}; to subscribe its people to {digest}, remove the columns digest, status and consent from the file, and state the evidence with --consent"
        ));
    }
}

fn parse_column_map(pairs: &[String]) -> anyhow::Result<HashMap<String, String>> {
    let mut map = HashMap::new();
    for pair in pairs {
        let (ours, theirs) = pair.split_once('=').ok_or_else(|| {
            UsageError(format!("--map {pair:?} is not valid; use for example email=E-Mail"))
        })?;
        if !import::COLUMNS.contains(&ours) {
            return Err(UsageError(format!(
                "--map: {ours:?} is not a supported column; use one of: {}",
                import::COLUMNS.join(", ")
            ))
            .into());
        }
        map.insert(ours.to_owned(), theirs.to_owned());
    }
    Ok(map)
}
