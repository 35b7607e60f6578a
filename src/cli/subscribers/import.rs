//! `courant subscribers import`: imports a CSV file into a digest.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};

use super::arguments::InitialStatus;
use super::import_changes;
use crate::app::App;
use crate::cli::issue_report::IssueReport;
use crate::cli::output::{self, pluralize};
use crate::cli::progress::ProgressReporter;
use crate::cli::usage::UsageError;
use crate::digests::find_digest;
use crate::domain::actor::Actor;
use crate::domain::file_import::ImportEvent;
use crate::domain::import_changes::ExistingPeople;
use crate::subscribers::import::ImportReport;
use crate::subscribers::{KnownTerms, import};
use crate::wire::subscribers::SubscriberImport;

/// Treatment of people whom the database has.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Existing {
    /// Values of the file replace stored ones; empty values do not
    Update,
    /// Details and subscriptions to the digest stay as they are
    Keep,
}

impl From<Existing> for ExistingPeople {
    fn from(existing: Existing) -> Self {
        match existing {
            Existing::Update => Self::Update,
            Existing::Keep => Self::Keep,
        }
    }
}

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
    /// Column names of the file, e.g. email=E-Mail,city=Ort
    #[arg(long, value_delimiter = ',', value_name = "COLUMN=NAME")]
    map: Vec<String>,
    /// Columns of the file that are not imported
    #[arg(long, value_delimiter = ',', value_name = "NAME")]
    ignore: Vec<String>,
    /// Service that exported the file [default: recognized]
    #[arg(long, value_name = "SERVICE")]
    preset: Option<String>,
    /// Encoding of the file, e.g. gb18030 [default: recognized]
    #[arg(long, value_name = "NAME")]
    encoding: Option<String>,
    /// Character between fields, or tab [default: recognized]
    #[arg(long, value_name = "CHARACTER")]
    delimiter: Option<String>,
    /// Language of people without one [default: that of the site]
    #[arg(long, value_name = "LANGUAGE")]
    language: Option<String>,
    /// Treatment of people whom the database has
    #[arg(long, value_enum, default_value = "update")]
    existing: Existing,
    /// Count the changes without importing the file
    #[arg(long)]
    dry_run: bool,
    /// Import valid lines even if others are rejected
    #[arg(long)]
    skip_bad: bool,
    /// Evidence of consent; needed for --status confirmed
    #[arg(long, value_name = "TEXT")]
    consent: Option<String>,
    /// CSV file for the reasons of all rejected lines
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
}

impl ImportArgs {
    /// Returns the settings of the import, which are checked together.
    fn settings(&self) -> anyhow::Result<import::ImportSettings> {
        let settings = import::ImportSettings {
            confirmed: self.status.is_confirmed(self.consent.as_deref())?,
            columns: import::jobs::parse_columns(&self.map)
                .map_err(|reason| UsageError(format!("--map: {reason}")))?,
            ignored: self.ignore.clone(),
            preset: self.preset.clone(),
            encoding: self.encoding.clone(),
            delimiter: self.delimiter.clone(),
            existing: self.existing.into(),
            language: self.language.clone(),
            dry_run: self.dry_run,
            skip_bad: self.skip_bad,
            consent: self.consent.clone().unwrap_or_default(),
        };
        settings.check().map_err(|(name, reason)| UsageError(format!("--{name}: {reason}")))?;
        Ok(settings)
    }

    pub(super) async fn run(self, app: &App, json: bool) -> anyhow::Result<ExitCode> {
        let digest =
            find_digest(&app.config, &self.digest).map_err(|e| UsageError(format!("{e:#}")))?;
        let settings = self.settings()?;
        let options = import::ImportOptions {
            actor: Actor::Cli,
            known: KnownTerms::read(&app.store, &[digest]).await?,
            settings,
        };
        app.store.prepare_for_bulk_writes().await?;
        let mut progress = ProgressReporter::new("lines", app.clock);
        let mut issues = IssueReport::create(self.report.as_deref())?;
        issues.write("line,reason");
        let on_event = |event: ImportEvent<'_>| match event {
            ImportEvent::Rejected { line, reason } => issues.write_row(line, reason),
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
        describe_file(&r, options.settings.dry_run);
        import_changes::print(&r);
        if options.settings.dry_run {
            let text = format!(
                "{} valid, {rejected} rejected; nothing was changed. An import would result in: {}.",
                pluralize(r.valid, "line"),
                summary(&r)
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

/// Shows what was recognized in a file, so that a wrong guess is noticed.
fn describe_file(r: &ImportReport, is_dry_run: bool) {
    let Some(form) = &r.form else { return };
    let delimiter = match form.separator {
        Some(separator) => format!(", delimiter {}", import::delimiter_word(separator)),
        None => String::new(),
    };
    let service = match form.preset {
        Some(preset) => format!(", exported by {}", preset.title()),
        None => String::new(),
    };
    output::note(&format!(
        "{}, encoding {}{delimiter}{service}; --encoding, --delimiter and --preset correct this",
        form.format, form.encoding
    ));
    if is_dry_run {
        let columns = form.columns.iter().map(|(name, meaning)| match meaning.as_str() {
            "" => format!("{name} (not imported)"),
            meaning => format!("{name} ({meaning})"),
        });
        output::note(&format!("columns: {}", columns.collect::<Vec<_>>().join(", ")));
    }
    if let Some(line) = r.resumed_after {
        output::note(&format!("continued the import that had stopped after line {line}"));
    }
}

/// Returns the numbers of an import as one sentence.
fn summary(r: &ImportReport) -> String {
    let counts = &r.counts;
    let mut text = format!(
        "new {}, changed {}, unchanged {}; confirmed {}, pending {}, already subscribed {}, previously unsubscribed {}, suppressed {}, rejected {}",
        counts.new,
        counts.changed,
        counts.unchanged,
        counts.confirmed,
        counts.pending,
        counts.already_subscribed,
        counts.previously_unsubscribed,
        counts.suppressed,
        r.rejected.count,
    );
    for (number, what) in [
        (counts.other_digests, "skipped (another digest)"),
        (counts.suppressions_added, "suppressed by this file"),
    ] {
        if number > 0 {
            text += &format!(", {what} {number}");
        }
    }
    text
}

/// Says how to import an export that contains no line of the digest.
fn note_foreign_export(r: &ImportReport, digest: &str) {
    if r.valid == 0 && r.counts.other_digests > 0 {
        output::note(&format!(
            "the file is an export, and none of its lines belongs to {digest}; to subscribe its people to {digest}, remove the columns digest, status and consent from the file, and state the evidence with --consent"
        ));
    }
}
