//! `courant sources check`: dry run of a source sync, which stores nothing.

use std::collections::BTreeMap;
use std::process::ExitCode;

use serde_json::{Value, json};

use super::super::{UsageError, output};
use super::kind_name;
use crate::app::App;
use crate::config::Source;
use crate::domain::article::Article;
use crate::sources::inspect::{Inspection, inspect};

/// Maximum number of rejections and notes in text output; JSON contains all.
const MAX_LISTED_ROWS: usize = 10;
/// Maximum number of sections or languages in text output.
const MAX_LISTED_NAMES: usize = 12;
/// Maximum length of a sample's excerpt in characters.
const MAX_SAMPLE_CHARS: usize = 160;

pub(super) async fn run(app: &App, name: &str, json: bool) -> anyhow::Result<ExitCode> {
    let Some(source) = app.config.sources.iter().find(|s| s.name == name) else {
        return Err(UsageError(format!("there is no source {name:?} in the configuration")).into());
    };
    let inspection = inspect(&app.store, &app.config, source, app.now()).await?;
    if json {
        output::json(&to_json(source, &inspection))?
    } else {
        print_inspection(app, source, &inspection)?
    }
    Ok(ExitCode::SUCCESS)
}

fn print_inspection(app: &App, source: &Source, inspection: &Inspection) -> anyhow::Result<()> {
    let location = inspection
        .location
        .as_deref()
        .map(|location| format!(" at {location}"))
        .unwrap_or_default();
    output::line(&output::bold(&format!("{}: {}{location}", source.name, kind_name(source.kind))))?;
    for (name, fact) in &inspection.facts {
        print_fact(name, fact)?;
    }
    print_fact("languages", &counts_by_frequency(&inspection.languages))?;
    print_fact("sections", &counts_by_frequency(&inspection.sections))?;
    let scheduled = if inspection.scheduled > 0 {
        format!(", {} scheduled", inspection.scheduled)
    } else {
        String::new()
    };
    let known = if inspection.already_stored > 0 {
        format!(" ({} of them already imported)", inspection.already_stored)
    } else {
        String::new()
    };
    print_fact("articles", &format!("{} public{scheduled}{known}", inspection.visible))?;
    print_fact("left out", &counts_by_frequency(&inspection.left_out))?;
    print_rows("rejected", &inspection.rejected)?;
    print_rows("note on", &inspection.notes)?;
    for article in &inspection.samples {
        print_sample(app, article)?;
    }
    Ok(())
}

fn print_fact(name: &str, fact: &str) -> anyhow::Result<()> {
    if fact.is_empty() { Ok(()) } else { output::line(&format!("  {name:14}{fact}")) }
}

/// Formats counts, highest first: `Campus 12, Library 3`.
fn counts_by_frequency(of: &BTreeMap<String, usize>) -> String {
    let mut all: Vec<(&String, &usize)> = of.iter().collect();
    all.sort_by(|a, b| b.1.cmp(a.1).then(a.0.cmp(b.0)));
    let mut parts: Vec<String> =
        all.iter().take(MAX_LISTED_NAMES).map(|(name, n)| format!("{name} {n}")).collect();
    if all.len() > MAX_LISTED_NAMES {
        parts.push(format!("and {} more", all.len() - MAX_LISTED_NAMES));
    }
    parts.join(", ")
}

fn print_rows(label: &str, list: &[(String, String)]) -> anyhow::Result<()> {
    for (id, reason) in list.iter().take(MAX_LISTED_ROWS) {
        output::line(&format!("  {label} {id}: {reason}"))?;
    }
    if list.len() > MAX_LISTED_ROWS {
        output::line(&format!(
            "  {label} {} more; --json lists all",
            list.len() - MAX_LISTED_ROWS
        ))?;
    }
    Ok(())
}

fn print_sample(app: &App, article: &Article) -> anyhow::Result<()> {
    output::line("")?;
    output::line(&format!("  {}", output::bold(&article.title)))?;
    if let Some(url) = &article.url {
        output::line(&format!("    {url}"))?;
    }
    let date = article.published_at.in_zone(&app.config.site.timezone);
    let parts =
        [date, article.authors.join(", "), article.sections.join(", "), article.language.clone()];
    let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    output::line(&format!("    {}", parts.join(" · ")))?;
    let words = excerpt(article);
    if words.is_empty() { Ok(()) } else { output::line(&format!("    {words}")) }
}

/// Returns an excerpt of an article's summary.
fn excerpt(article: &Article) -> String {
    let text: String = article.summary.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.chars().count() <= MAX_SAMPLE_CHARS {
        text
    } else {
        text.chars().take(MAX_SAMPLE_CHARS - 1).collect::<String>().trim_end().to_owned() + "…"
    }
}

fn to_json(source: &Source, inspection: &Inspection) -> Value {
    let pairs = |list: &[(String, String)], key: &str| {
        list.iter().map(|(id, label)| json!({"id": id, key: label})).collect::<Vec<_>>()
    };
    let facts: serde_json::Map<String, Value> = inspection
        .facts
        .iter()
        .map(|(name, fact)| (name.replace(' ', "_"), fact.clone().into()))
        .collect();
    let samples: Vec<Value> = inspection
        .samples
        .iter()
        .map(|a| {
            json!({"id": a.guid, "source_id": a.source_id, "title": a.title, "url": a.url, "published_at": a.published_at.rfc3339(),
                "authors": a.authors, "sections": a.sections, "language": a.language, "text": excerpt(a)})
        })
        .collect();
    json!({"name": source.name, "kind": kind_name(source.kind), "location": inspection.location, "facts": facts, "public": inspection.visible,
        "scheduled": inspection.scheduled, "known": inspection.already_stored, "left_out": inspection.left_out, "rejected": pairs(&inspection.rejected, "reason"),
        "notes": pairs(&inspection.notes, "note"), "languages": inspection.languages, "sections": inspection.sections, "samples": samples})
}
