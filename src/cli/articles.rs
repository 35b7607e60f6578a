//! `courant articles`: lists articles, imports them into a built-in source, remaps ids after a CMS
//! change.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::anyhow;
use clap::Subcommand;

use super::issue_report::IssueReport;
use super::progress::ProgressReporter;
use super::table::Column::{Key, Text};
use super::table::TextTable;
use super::usage::{UsageError, source_names};
use super::{output, paging};
use crate::app::App;
use crate::domain::actor::Actor;
use crate::domain::file_import::{ImportEvent, MAX_KEPT_REASONS, RejectedLines};
use crate::domain::time::Millis;
use crate::sources::import::FileImport;
use crate::sources::{SyncReport, id_mapping, import};
use crate::wire::articles::{Article, ArticleSummary, IdRemapping};
use crate::wire::sources::ArticleImport;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List public articles, newest first
    List {
        /// Include scheduled articles in the list
        #[arg(long)]
        scheduled: bool,
        /// Maximum number of rows [default: all]
        #[arg(long)]
        limit: Option<usize>,
    },
    /// Show one article by its id
    Show {
        /// Permanent id, SOURCE/ID, or id in its source
        id: String,
    },
    /// Import articles from a file into a built-in source
    #[command(after_help = "\
Formats: articles (.jsonl, .csv), feeds (.rss, .atom, .rdf, .xml, .json) and WordPress exports (.xml). An article with a known id \
is replaced. If a line is not valid, nothing is imported.")]
    Import {
        /// File with articles, a feed or a WordPress export
        file: PathBuf,
        /// Name of a built-in source [default: the only one]
        #[arg(long)]
        source: Option<String>,
        /// File for the reasons of all rejected lines
        #[arg(long, value_name = "FILE")]
        report: Option<PathBuf>,
    },
    /// Keep the published ids of articles after a CMS change
    #[command(after_help = "\
Each line contains an old and a new id. The old id is a permanent id, SOURCE/ID, or an unambiguous id in a source. The new id is \
SOURCE/ID, or the id in --source. The mapping can be imported before or after the first sync of the new CMS. Neither feed \
readers nor digests treat remapped articles as new.")]
    RemapIds {
        /// CSV file with the old and the new id of each article
        map: PathBuf,
        /// Name of the source of the new ids
        #[arg(long)]
        source: Option<String>,
        /// File for the reasons of all rejected lines
        #[arg(long, value_name = "FILE")]
        report: Option<PathBuf>,
    },
}

impl Command {
    pub(crate) async fn run(self, app: &App, json: bool) -> anyhow::Result<ExitCode> {
        match self {
            Self::List { scheduled, limit } => list(app, scheduled, limit, json).await,
            Self::Show { id } => show(app, &id, json).await,
            Self::Import { file, source, report } => {
                import_file(app, &file, source.as_deref(), report.as_deref(), json).await
            }
            Self::RemapIds { map, source, report } => {
                remap_ids(app, &map, source.as_deref(), report.as_deref(), json).await
            }
        }
    }
}

async fn list(
    app: &App,
    scheduled: bool,
    limit: Option<usize>,
    json: bool,
) -> anyhow::Result<ExitCode> {
    let until = if scheduled { Millis(i64::MAX) } else { app.now() };
    let articles =
        paging::collect(limit, async |page| app.store.articles().list(until, &page).await).await?;
    if json {
        output::json(&articles.iter().map(ArticleSummary::from).collect::<Vec<_>>())?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut table = TextTable::new(&[
        Key("published"),
        Key("source"),
        Key("id"),
        Key("language"),
        Text("title"),
    ]);
    for a in articles {
        let when = a.published_at.in_zone(&app.config.site.timezone);
        let waits = if a.published_at > app.now() { " (scheduled)" } else { "" };
        table.row([format!("{when}{waits}"), a.source, a.source_id, a.language, a.title]);
    }
    table.print_in_zone(
        "No articles yet; `courant sources sync` reads the sources.",
        &app.config.site.timezone,
    )?;
    Ok(ExitCode::SUCCESS)
}

async fn show(app: &App, id: &str, json: bool) -> anyhow::Result<ExitCode> {
    let article = app
        .store
        .articles()
        .find(id)
        .await?
        .ok_or_else(|| anyhow!("there is no article {id:?}"))?;
    let mut translations: Vec<String> = app
        .store
        .stories()
        .members(&[article.story], app.now())
        .await?
        .into_iter()
        .map(|a| a.guid)
        .collect();
    translations.retain(|t| t != &article.guid);
    if json {
        output::json(&Article::new(&article, translations))?;
        return Ok(ExitCode::SUCCESS);
    }
    let lines = [
        ("id", article.guid.clone()),
        ("title", article.title.clone()),
        ("url", article.url.clone().unwrap_or_default()),
        ("published", article.published_at.rfc3339()),
        ("updated", article.updated_at.rfc3339()),
        ("removed", article.removed_at.map(|t| t.rfc3339()).unwrap_or_default()),
        ("language", article.language.clone()),
        ("sections", article.sections.join(", ")),
        ("tags", article.tags.join(", ")),
        ("authors", article.authors.join(", ")),
        ("image", article.image_url.clone().unwrap_or_default()),
        ("enclosure", article.enclosure.as_ref().map(|file| file.url.clone()).unwrap_or_default()),
        ("translations", translations.join(", ")),
        ("summary", article.summary.clone()),
    ];
    for (name, value) in lines.iter().filter(|(_, v)| !v.is_empty()) {
        output::line(&format!("{name:13}{value}"))?;
    }
    output::line("")?;
    output::verbatim(&article.body_html)?;
    Ok(ExitCode::SUCCESS)
}

async fn import_file(
    app: &App,
    file: &Path,
    source: Option<&str>,
    report: Option<&Path>,
    json: bool,
) -> anyhow::Result<ExitCode> {
    let source =
        import::builtin_source(&app.config, source).map_err(|e| UsageError(format!("{e:#}")))?;
    let mut issues = IssueReport::create(report)?;
    let mut progress = ProgressReporter::new("articles", app.clock);
    let on_event = |event: ImportEvent<'_>| match event {
        ImportEvent::Rejected { .. } => issues.write_rejected(file, &event),
        ImportEvent::Stored { done, total } => progress.update(done, total),
    };
    let (actor, now) = (Actor::Cli, app.now());
    let imported =
        import::import_file(&app.store, &app.config, source, file, &actor, now, on_event).await;
    progress.finish();
    match imported? {
        Ok(done) => {
            for (id, reason) in &done.report.rejected {
                issues.write(&format!("{id}: {reason}"));
            }
            issues.finish()?;
            print_import(&done, &issues, json)?;
            Ok(exit_code(&done.report))
        }
        Err(rejected) => {
            issues.finish()?;
            Ok(report_rejected_lines(file, &rejected, &issues, "imported"))
        }
    }
}

fn print_import(done: &FileImport, issues: &IssueReport, json: bool) -> anyhow::Result<()> {
    if json {
        return output::json(&ArticleImport::from(done));
    }
    let r = &done.report;
    output::line(&format!(
        "{}: added {}, changed {}{}",
        r.source,
        r.added,
        r.changed,
        super::sources::scheduled_suffix(r)
    ))?;
    for (what, n) in &done.left_out {
        output::line(&format!("  left out, {what}: {n}"))?;
    }
    let printed = r.notes.len().min(MAX_KEPT_REASONS);
    super::sources::notes::print_notes(&r.notes[..printed], usize::MAX)?;
    if let Some(more) = r.note_count.checked_sub(MAX_KEPT_REASONS).filter(|more| *more > 0) {
        output::line(&format!("  … and {}", output::pluralize(more, "more note")))?;
    }
    for (id, reason) in r.rejected.iter().take(MAX_KEPT_REASONS) {
        output::error(&format!("{id}: {reason}"));
    }
    if let Some(text) = issues.further(r.rejected_count, "article") {
        output::note(&text);
    }
    Ok(())
}

fn exit_code(report: &SyncReport) -> ExitCode {
    if report.rejected.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

async fn remap_ids(
    app: &App,
    map: &Path,
    source: Option<&str>,
    report: Option<&Path>,
    json: bool,
) -> anyhow::Result<ExitCode> {
    if let Some(name) = source.filter(|name| !app.config.sources.iter().any(|s| s.name == *name)) {
        return Err(UsageError(format!(
            "there is no source {name:?}; existing sources: {}",
            source_names(&app.config)
        ))
        .into());
    }
    match id_mapping::remap_ids(&app.store, &app.config, source, map, &Actor::Cli, app.now())
        .await?
    {
        Ok(r) => {
            let parts =
                [(r.pending, "waiting for their article"), (r.unchanged, "already remapped")];
            let more: String = parts
                .iter()
                .filter(|(n, _)| *n > 0)
                .map(|(n, what)| format!(", {what} {n}"))
                .collect();
            let text = format!("remapped {}{more}", r.mapped);
            output::result(json, &IdRemapping::from(&r), &text)?;
            Ok(ExitCode::SUCCESS)
        }
        Err(lines) => {
            let (mut issues, mut rejected) =
                (IssueReport::create(report)?, RejectedLines::default());
            for (line, reason) in lines {
                rejected.add(line, &reason, &mut |event| issues.write_rejected(map, &event));
            }
            issues.finish()?;
            Ok(report_rejected_lines(map, &rejected, &issues, "remapped"))
        }
    }
}

/// Reports the rejected lines of a file, because of which nothing was changed.
fn report_rejected_lines(
    file: &Path,
    rejected: &RejectedLines,
    issues: &IssueReport,
    done: &str,
) -> ExitCode {
    issues.print_rejected(file, rejected);
    let lines = output::pluralize(rejected.count, "line");
    output::error(&format!("nothing was {done}: {lines} rejected"));
    ExitCode::FAILURE
}
