//! `courant sources`: read them now, see how they are understood and how they fare.

use std::process::ExitCode;

use clap::Subcommand;
use serde_json::json;

use super::{Usage, output};
use crate::app::App;
use crate::config::{Source, SourceKind};
use crate::sources::{SyncReport, sync_now};

mod survey;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Read the sources now
    Sync {
        /// One source; default: all
        name: Option<String>,
        /// Carry out the removals that were held because they are so many
        #[arg(long)]
        accept_removals: bool,
    },
    /// How a source is understood: what would come, what not and why, and its newest articles; nothing is kept
    Check {
        /// The source
        name: String,
    },
    /// Each source's last reading, and what is wrong with it
    List {
        /// At most so many
        #[arg(long)]
        limit: Option<usize>,
    },
}

impl Command {
    pub(crate) async fn run(self, app: &App, json: bool) -> anyhow::Result<ExitCode> {
        match self {
            Self::Sync { name, accept_removals } => {
                sync_all(app, name.as_deref(), accept_removals, json).await
            }
            Self::Check { name } => survey::run(app, &name, json).await,
            Self::List { limit } => list(app, limit, json).await,
        }
    }
}

async fn sync_all(
    app: &App,
    name: Option<&str>,
    accept_removals: bool,
    json: bool,
) -> anyhow::Result<ExitCode> {
    let chosen: Vec<&Source> =
        app.config.sources.iter().filter(|s| name.is_none_or(|n| n == s.name)).collect();
    if let Some(name) = name.filter(|_| chosen.is_empty()) {
        return Err(Usage(format!("there is no source {name:?} in the config")).into());
    }
    let (mut failed, mut reports) = (false, Vec::new());
    for source in chosen {
        match sync_now(&app.store, &app.config, source, accept_removals, app.now()).await {
            Ok(report) if json => reports.push(value(&report)),
            Ok(report) => show(&report)?,
            Err((e, _)) => {
                failed = true;
                output::complain(&format!("{e:#}"));
            }
        }
    }
    if json {
        output::json(&reports.into())?;
    }
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn show(r: &SyncReport) -> anyhow::Result<()> {
    let waiting = waiting(r);
    output::line(&format!(
        "{}: added {}, changed {}, removed {}, refused {}{waiting}",
        r.source,
        r.added,
        r.changed,
        r.removed,
        r.refused.len()
    ))?;
    for (id, why) in &r.refused {
        output::line(&format!("  refused {id}: {why}"))?;
    }
    for (id, what) in &r.notes {
        output::line(&format!("  note on {id}: {what}"))?;
    }
    if r.held > 0 {
        let how = format!("`courant sources sync {} --accept-removals` carries them out", r.source);
        output::line(&format!(
            "  held {} removals, more than half of the articles: {how}",
            r.held
        ))?;
    }
    Ok(())
}

/// Of new articles, those that wait for their date.
pub(crate) fn waiting(r: &SyncReport) -> String {
    if r.waiting > 0 { format!(", waiting for their date {}", r.waiting) } else { String::new() }
}

fn value(r: &SyncReport) -> serde_json::Value {
    let pairs = |list: &[(String, String)], word: &str| {
        list.iter().map(|(id, why)| json!({"id": id, word: why})).collect::<Vec<_>>()
    };
    json!({"source": r.source, "added": r.added, "waiting": r.waiting, "changed": r.changed, "removed": r.removed, "held": r.held,
        "refused": pairs(&r.refused, "reason"), "notes": pairs(&r.notes, "note")})
}

async fn list(app: &App, limit: Option<usize>, json: bool) -> anyhow::Result<ExitCode> {
    let states = app.store.source_states().await?;
    let mut rows = Vec::new();
    let mut table = output::Table::new(&[
        "source",
        "kind",
        "last read",
        "failures",
        "refused",
        "held removals",
        "error",
    ]);
    for source in app.config.sources.iter().take(limit.unwrap_or(usize::MAX)) {
        let state = states.iter().find(|s| s.name == source.name).cloned().unwrap_or_default();
        let kind = word(source.kind);
        rows.push(json!({"name": source.name, "kind": kind, "succeeded_at": state.succeeded_at.map(|t| t.rfc3339()),
            "compared_at": state.progress.compared_at.map(|t| t.rfc3339()),
            "failures": state.failures, "refused": state.refused, "held_removals": state.held_removals, "error": state.error}));
        let read =
            state.succeeded_at.map_or("never".into(), |t| t.in_zone(&app.config.site.timezone));
        let numbers = [
            state.failures.to_string(),
            state.refused.to_string(),
            state.held_removals.to_string(),
        ];
        table.row(
            [source.name.clone(), kind.into(), read]
                .into_iter()
                .chain(numbers)
                .chain([state.error.unwrap_or_default()]),
        );
    }
    if json {
        output::json(&rows.into())?
    } else {
        table.print("the config has no source")?
    }
    Ok(ExitCode::SUCCESS)
}

/// A kind as the config writes it.
fn word(kind: SourceKind) -> &'static str {
    match kind {
        SourceKind::Builtin => "builtin",
        SourceKind::WordPress => "wordpress",
        SourceKind::Ghost => "ghost",
        SourceKind::Drupal => "drupal",
        SourceKind::Query => "query",
    }
}
