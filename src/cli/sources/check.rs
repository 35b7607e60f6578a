//! `courant sources check`: dry run of a source sync, which stores nothing.

use std::collections::BTreeMap;
use std::process::ExitCode;

use super::super::output;
use super::super::usage::{UsageError, source_names};
use crate::app::App;
use crate::config::Source;
use crate::domain::article::Article;
use crate::sources::inspect::{Inspection, excerpt, inspect};
use crate::wire::sources::SourceInspection;

/// Maximum number of rejections, and of different notes, in text output; JSON contains all.
const MAX_LISTED_ROWS: usize = 10;
/// Maximum number of sections or languages in text output.
const MAX_LISTED_NAMES: usize = 12;

pub(super) async fn run(app: &App, name: &str, json: bool) -> anyhow::Result<ExitCode> {
    let Some(source) = app.config.sources.iter().find(|s| s.name == name) else {
        return Err(UsageError(format!(
            "there is no source {name:?}; existing sources: {}",
            source_names(&app.config)
        ))
        .into());
    };
    output::clock_faults(app).await?;
    let inspection = inspect(&app.store, &app.config, source, app.now()).await?;
    if json {
        output::json(&SourceInspection::new(source, &inspection))?
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
    output::line(&output::bold(&format!("{}: {}{location}", source.name, source.kind.as_str())))?;
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
    let known = if inspection.already_imported > 0 {
        format!(" ({} of them already imported)", inspection.already_imported)
    } else {
        String::new()
    };
    print_fact("articles", &format!("{} public{scheduled}{known}", inspection.public))?;
    print_fact("left out", &counts_by_frequency(&inspection.left_out))?;
    if !inspection.samples.is_empty() && inspection.samples.iter().all(|a| a.url.is_none()) {
        print_fact("links", "none; add a column `url` to the query, or set `article_url`")?;
    }
    print_rejected(&inspection.rejected)?;
    super::notes::print_notes(&inspection.notes, MAX_LISTED_ROWS)?;
    for article in &inspection.samples {
        print_sample(app, article)?;
    }
    if inspection.samples.is_empty() { Ok(()) } else { output::zone(&app.config.site.timezone) }
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

fn print_rejected(list: &[(String, String)]) -> anyhow::Result<()> {
    for (id, reason) in list.iter().take(MAX_LISTED_ROWS) {
        output::line(&format!("  rejected {id}: {reason}"))?;
    }
    if list.len() > MAX_LISTED_ROWS {
        let more = list.len() - MAX_LISTED_ROWS;
        output::line(&format!("  rejected {more} more; --json lists all"))?;
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
