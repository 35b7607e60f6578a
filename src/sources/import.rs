//! Articles into a builtin source: from a file, every line checked before the first is kept, or one by one.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use anyhow::{Context, anyhow, bail};
use sha2::{Digest as _, Sha256};

use super::exports::Exported;
use super::keeping::{self, keep};
use super::lines::Lines;
use super::row::{COLUMNS, Row, check_columns, draft};
use super::{BATCH, SyncReport, arrival, exports};
use crate::config::{Config, Ids, Source, SourceKind};
use crate::domain::article::Draft;
use crate::domain::time::Millis;
use crate::store::Store;
use crate::store::sources::Progress;

/// Refused lines: number and reason. Nothing was imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused(pub Vec<(u64, String)>);

/// The builtin source of this name, or the only one.
pub fn builtin<'a>(config: &'a Config, name: Option<&str>) -> anyhow::Result<&'a Source> {
    let builtin: Vec<&Source> =
        config.sources.iter().filter(|s| s.kind == SourceKind::Builtin).collect();
    match (name, builtin.as_slice()) {
        (Some(name), all) => all
            .iter()
            .find(|s| s.name == name)
            .copied()
            .ok_or_else(|| anyhow!("{name:?} is no builtin source of the config")),
        (None, [only]) => Ok(only),
        (None, []) => {
            bail!("the config has no builtin source: add [[sources]] with kind = \"builtin\"")
        }
        (None, _) => bail!("the config has several builtin sources: name one with --source"),
    }
}

/// What an import came to.
#[derive(Debug, Clone, Default)]
pub struct Imported {
    /// What became of the articles.
    pub report: SyncReport,
    /// What the file holds besides public articles, and how many of each.
    pub left_out: BTreeMap<String, usize>,
}

/// What a file tells: articles with their lines, or why one can't be used.
struct Told {
    articles: Vec<exports::Read>,
    left_out: BTreeMap<String, usize>,
}

/// Imports a file of lines (.jsonl, .csv), a feed (.rss, .atom, .xml, JSON Feed as .json) or WordPress's export (.xml);
/// articles of the same id are replaced.
pub async fn import(
    store: &Store,
    config: &Config,
    source: &Source,
    file: &Path,
    now: Millis,
) -> anyhow::Result<Result<Imported, Refused>> {
    let (path, from, language) = (file.to_owned(), source.clone(), config.site.language.clone());
    // A large export takes a while to read.
    let told = tokio::task::spawn_blocking(move || told(&path, &from, &language, now)).await??;
    let undated =
        told.articles.iter().filter_map(|(_, one)| one.as_ref().ok().filter(|one| !one.is_dated));
    let undated: Vec<String> =
        undated.map(|one| arrival::without_nul(&one.draft.source_id)).collect();
    let known = store.known_among(&source.name, &undated).await?;
    let (mut drafts, mut refused, mut ids) = (Vec::new(), Vec::new(), HashSet::new());
    let mut guids: HashMap<String, u64> = HashMap::new();
    let shares_guids = source.ids == Ids::Source;
    for (line, article) in told.articles {
        let checked = article.and_then(|Exported { mut draft, is_dated }| {
            arrival::fit(&mut draft, source, &config.site)?;
            // What comes without a date keeps that of its first import.
            if let Some(before) = known.get(&draft.source_id).filter(|_| !is_dated) {
                draft.published_at = before.published_at;
            }
            Ok(draft)
        });
        match checked {
            Ok(draft) if !ids.insert(draft.source_id.clone()) => {
                refused.push((line, format!("the id {:?} is there twice", draft.source_id)))
            }
            Ok(draft) => match guids.insert(arrival::guid(&draft, source, &config.site), line) {
                Some(other) if !shares_guids => {
                    refused.push((line, format!("its guid is that of line {other} as well")))
                }
                _ => drafts.push((line, draft)),
            },
            Err(why) => refused.push((line, why)),
        }
    }
    let claims: Vec<_> = drafts
        .iter()
        .map(|(_, draft)| (draft.source_id.clone(), arrival::guid(draft, source, &config.site)))
        .collect();
    let taken = store.taken_among(&source.name, &claims).await?;
    let own = format!("{}/", source.name);
    let owner = |draft: &Draft| {
        taken.get(&draft.source_id).filter(|owner| !(shares_guids && owner.starts_with(&own)))
    };
    refused.extend(
        drafts.iter().filter_map(|(line, draft)| Some((*line, keeping::taken_by(owner(draft)?)))),
    );
    refused.sort();
    if !refused.is_empty() {
        return Ok(Err(Refused(refused)));
    }
    let drafts = drafts.into_iter().map(|(_, draft)| draft).collect();
    let report = publish(store, config, &source.name, drafts, now).await?;
    Ok(Ok(Imported { report, left_out: told.left_out }))
}

/// Reads a file by what the end of its name says; what has no date gets the present one.
fn told(file: &Path, source: &Source, language: &str, now: Millis) -> anyhow::Result<Told> {
    let name = file.display();
    let rows = match file
        .extension()
        .and_then(|e| e.to_str())
        .map(str::to_ascii_lowercase)
        .as_deref()
    {
        Some("csv") => csv_rows(file)?,
        Some("jsonl" | "ndjson") => json_rows(file)?,
        Some(kind @ ("rss" | "atom" | "rdf" | "xml" | "json")) => {
            let bytes = std::fs::read(file).with_context(|| format!("cannot read {name}"))?;
            let read = if kind == "json" {
                exports::from_json(&bytes, source)
            } else {
                exports::from_xml(&bytes, source, language)
            };
            let export = read.map_err(|(line, why)| anyhow!("{name}:{line}: {why}"))?;
            let articles = export
                .articles
                .into_iter()
                .map(|(line, read)| (line, read.map(|one| exported(one, now))))
                .collect();
            return Ok(Told { articles, left_out: export.left_out });
        }
        _ => bail!(
            "{name}: the name must end in .jsonl, .csv, .rss, .atom, .rdf, .xml or .json, which says what it holds"
        ),
    };
    let article = |row: Row| {
        let mut row = named(row)?;
        let is_dated = row.contains_key("published_at");
        row.entry("published_at".into()).or_insert_with(|| now.timestamp().to_string());
        Ok(Exported {
            draft: draft(&row, &source.timezone, source.article_url.as_deref())?,
            is_dated,
        })
    };
    Ok(Told {
        articles: rows.into_iter().map(|(line, row)| (line, row.and_then(article))).collect(),
        left_out: BTreeMap::new(),
    })
}

/// Gives an article of a feed what a feed may leave out: an id made of its words, a date.
fn exported(one: Exported, now: Millis) -> Exported {
    let Exported { mut draft, is_dated } = one;
    if draft.source_id.is_empty() {
        draft.source_id =
            id_of(if draft.title.is_empty() { &draft.body_html } else { &draft.title });
    }
    if !is_dated {
        draft.published_at = now;
    }
    Exported { draft, is_dated }
}

/// Keeps drafts in a builtin source; those of the same id are replaced.
pub async fn publish(
    store: &Store,
    config: &Config,
    source: &str,
    drafts: Vec<Draft>,
    now: Millis,
) -> anyhow::Result<SyncReport> {
    let source = builtin(config, Some(source))?;
    store.ensure_source(&source.name, now).await?;
    let ids: Vec<String> =
        drafts.iter().map(|draft| arrival::without_nul(&draft.source_id)).collect();
    let known = store.known_among(&source.name, &ids).await?;
    let mut report = SyncReport { source: source.name.clone(), ..SyncReport::default() };
    let mut changed: Vec<(Draft, String)> = Vec::new();
    for mut draft in drafts {
        report.notes.extend(
            std::mem::take(&mut draft.notes)
                .into_iter()
                .map(|note| (draft.source_id.clone(), note)),
        );
        if let Err(why) = arrival::fit(&mut draft, source, &config.site) {
            report.refused.push((draft.source_id, why));
            continue;
        }
        let hash = arrival::hash(&draft, &config.site);
        if known.get(&draft.source_id).is_none_or(|k| k.removed || k.hash != hash) {
            changed.push((draft, hash));
        }
    }
    for batch in changed.chunks(BATCH) {
        keep(store, batch.to_vec(), source, &config.site, &mut report, now).await?;
    }
    store.regroup(&source.name).await?;
    store.source_succeeded(&source.name, 0, Progress::default(), now).await?;
    Ok(report)
}

/// Gives a line without id one made of its content.
fn named(mut row: Row) -> Result<Row, String> {
    if row.get("title").is_none_or(|t| t.trim().is_empty()) {
        return Err("it has no title".into());
    }
    if row.get("id").is_none_or(|i| i.trim().is_empty()) {
        let own = row.get("url").or_else(|| row.get("title")).cloned().unwrap_or_default();
        row.insert("id".into(), id_of(&own));
    }
    Ok(row)
}

/// An id made of what an article says.
fn id_of(words: &str) -> String {
    Sha256::digest(words).iter().take(8).map(|b| format!("{b:02x}")).collect()
}

type Line = (u64, Result<Row, String>);

fn csv_rows(file: &Path) -> anyhow::Result<Vec<Line>> {
    let name = file.display();
    let mut text = Vec::new();
    File::open(file)
        .and_then(|mut f| f.read_to_end(&mut text))
        .with_context(|| format!("cannot read {name}"))?;
    let text = text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&text);
    // A quotation left open would swallow the rest of the file as one field.
    if text.iter().filter(|b| **b == b'"').count() % 2 == 1 {
        bail!(
            "{name}: it has an odd number of quotation marks: one is missing somewhere, or one too many"
        );
    }
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text);
    let columns: Vec<String> = reader
        .headers()
        .with_context(|| format!("{name}:1: this is no CSV"))?
        .iter()
        .map(|h| h.trim().to_lowercase())
        .collect();
    check_columns(&columns, &["title"], None).map_err(|why| anyhow!("{name}:1: {why}"))?;
    let mut rows = Vec::new();
    let mut record = csv::StringRecord::new();
    let mut lines = Lines::of(text);
    loop {
        let number = lines.of_record(reader.position());
        let line = match reader.read_record(&mut record) {
            Ok(false) => return Ok(rows),
            Ok(true) if record.len() != columns.len() => Err(format!(
                "it has {} fields, the first line has {}; a comma or a quotation mark may be missing",
                record.len(),
                columns.len()
            )),
            Ok(true) => Ok(columns
                .iter()
                .cloned()
                .zip(record.iter().map(str::to_owned))
                .filter(|(_, v)| !v.is_empty())
                .collect()),
            Err(e) if e.is_io_error() => {
                return Err(e).with_context(|| format!("cannot read {name}"));
            }
            Err(e) => Err(e.to_string()),
        };
        rows.push((number, line));
    }
}

fn json_rows(file: &Path) -> anyhow::Result<Vec<Line>> {
    let name = file.display();
    let input = BufReader::new(File::open(file).with_context(|| format!("cannot open {name}"))?);
    let mut rows = Vec::new();
    for (number, line) in (1..).zip(input.lines()) {
        let line =
            line.with_context(|| format!("{name}:{number}: this can't be read as UTF-8 text"))?;
        let line = line.trim_start_matches('\u{feff}').trim();
        if !line.is_empty() {
            rows.push((number, json_row(line)));
        }
    }
    Ok(rows)
}

fn json_row(line: &str) -> Result<Row, String> {
    let value: serde_json::Value =
        serde_json::from_str(line).map_err(|e| format!("this is no JSON: {e}"))?;
    let Some(object) = value.as_object() else {
        return Err("a line must hold one JSON object".into());
    };
    let mut row = Row::new();
    for (key, value) in object {
        let key = key.to_lowercase();
        if !COLUMNS.contains(&key.as_str()) {
            return Err(format!(
                "`{key}` is no column of an article; the known ones are {}",
                COLUMNS.join(", ")
            ));
        }
        let text = match value {
            serde_json::Value::Null => continue,
            serde_json::Value::String(s) => s.clone(),
            serde_json::Value::Array(list) => {
                list.iter().filter_map(|v| v.as_str()).collect::<Vec<_>>().join(",")
            }
            other => other.to_string(),
        };
        row.insert(key, text);
    }
    Ok(row)
}
