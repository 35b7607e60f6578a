//! `courant sources check`: how a source is understood, before anything of it is kept.

use std::collections::BTreeMap;
use std::process::ExitCode;

use serde_json::{Value, json};

use super::super::{Usage, output};
use super::word;
use crate::app::App;
use crate::config::Source;
use crate::domain::article::Article;
use crate::sources::survey::{Survey, survey};

/// Refusals and notes shown to a person; JSON has all.
const SHOWN: usize = 10;
/// Sections and languages shown to a person.
const NAMES: usize = 12;
/// Characters of a sample's text.
const WORDS: usize = 160;

pub(super) async fn run(app: &App, name: &str, json: bool) -> anyhow::Result<ExitCode> {
    let Some(source) = app.config.sources.iter().find(|s| s.name == name) else {
        return Err(Usage(format!("there is no source {name:?} in the config")).into());
    };
    let found = survey(&app.store, &app.config, source, app.now()).await?;
    if json {
        output::json(&value(source, &found))?
    } else {
        show(app, source, &found)?
    }
    Ok(ExitCode::SUCCESS)
}

fn show(app: &App, source: &Source, found: &Survey) -> anyhow::Result<()> {
    let place = found.place.as_deref().map(|place| format!(" at {place}")).unwrap_or_default();
    output::line(&output::strong(&format!("{}: {}{place}", source.name, word(source.kind))))?;
    for (name, fact) in &found.facts {
        fact_line(name, fact)?;
    }
    fact_line("languages", &tally(&found.languages))?;
    fact_line("sections", &tally(&found.sections))?;
    let waiting = if found.waiting > 0 {
        format!(", {} wait for their date", found.waiting)
    } else {
        String::new()
    };
    let known = if found.known > 0 {
        format!(" ({} of them are here already)", found.known)
    } else {
        String::new()
    };
    fact_line("articles", &format!("{} public{waiting}{known}", found.come))?;
    fact_line("left out", &tally(&found.left_out))?;
    pairs("refused", &found.refused)?;
    pairs("note on", &found.notes)?;
    for article in &found.samples {
        sample(app, article)?;
    }
    Ok(())
}

fn fact_line(name: &str, fact: &str) -> anyhow::Result<()> {
    if fact.is_empty() { Ok(()) } else { output::line(&format!("  {name:14}{fact}")) }
}

/// `Campus 12, Library 3`, the most frequent first.
fn tally(of: &BTreeMap<String, usize>) -> String {
    let mut all: Vec<(&String, &usize)> = of.iter().collect();
    all.sort_by(|a, b| b.1.cmp(a.1).then(a.0.cmp(b.0)));
    let mut parts: Vec<String> =
        all.iter().take(NAMES).map(|(name, n)| format!("{name} {n}")).collect();
    if all.len() > NAMES {
        parts.push(format!("and {} more", all.len() - NAMES));
    }
    parts.join(", ")
}

fn pairs(what: &str, list: &[(String, String)]) -> anyhow::Result<()> {
    for (id, why) in list.iter().take(SHOWN) {
        output::line(&format!("  {what} {id}: {why}"))?;
    }
    if list.len() > SHOWN {
        output::line(&format!("  {what} {} more; --json has them all", list.len() - SHOWN))?;
    }
    Ok(())
}

fn sample(app: &App, article: &Article) -> anyhow::Result<()> {
    output::line("")?;
    output::line(&format!("  {}", output::strong(&article.title)))?;
    if let Some(url) = &article.url {
        output::line(&format!("    {url}"))?;
    }
    let date = article.published_at.in_zone(&app.config.site.timezone);
    let parts =
        [date, article.authors.join(", "), article.sections.join(", "), article.language.clone()];
    let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    output::line(&format!("    {}", parts.join(" · ")))?;
    let words = words(article);
    if words.is_empty() { Ok(()) } else { output::line(&format!("    {words}")) }
}

/// The first words of an article.
fn words(article: &Article) -> String {
    let text: String = article.summary.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.chars().count() <= WORDS {
        text
    } else {
        text.chars().take(WORDS - 1).collect::<String>().trim_end().to_owned() + "…"
    }
}

fn value(source: &Source, found: &Survey) -> Value {
    let pairs = |list: &[(String, String)], word: &str| {
        list.iter().map(|(id, what)| json!({"id": id, word: what})).collect::<Vec<_>>()
    };
    let facts: serde_json::Map<String, Value> = found
        .facts
        .iter()
        .map(|(name, fact)| (name.replace(' ', "_"), fact.clone().into()))
        .collect();
    let samples: Vec<Value> = found
        .samples
        .iter()
        .map(|a| {
            json!({"id": a.guid, "source_id": a.source_id, "title": a.title, "url": a.url, "published_at": a.published_at.rfc3339(),
                "authors": a.authors, "sections": a.sections, "language": a.language, "text": words(a)})
        })
        .collect();
    json!({"name": source.name, "kind": word(source.kind), "place": found.place, "facts": facts, "public": found.come,
        "waiting": found.waiting, "known": found.known, "left_out": found.left_out, "refused": pairs(&found.refused, "reason"),
        "notes": pairs(&found.notes, "note"), "languages": found.languages, "sections": found.sections, "samples": samples})
}
