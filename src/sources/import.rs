//! Import of articles into a builtin source, from a file or one by one. A file is checked completely
//! before its first article is stored.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use anyhow::{Context, anyhow, bail};
use sha2::{Digest as _, Sha256};

use super::importers::ImportedArticle;
use super::ingest::{guid_owned_by, ingest};
use super::line_index::LineIndex;
use super::row::{COLUMNS, Row, check_columns, parse_article};
use super::{INGEST_BATCH_ARTICLES, SyncReport, importers, normalize};
use crate::config::{Config, Ids, Source, SourceKind};
use crate::domain::article::IncomingArticle;
use crate::domain::time::Millis;
use crate::store::Store;
use crate::store::sources::SyncProgress;

/// Rejected lines of a file: number and reason. Nothing was imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RejectedLines(pub Vec<(u64, String)>);

/// Returns the builtin source of this name; without a name, the only builtin source.
pub fn builtin_source<'a>(config: &'a Config, name: Option<&str>) -> anyhow::Result<&'a Source> {
    let builtin: Vec<&Source> =
        config.sources.iter().filter(|s| s.kind == SourceKind::Builtin).collect();
    match (name, builtin.as_slice()) {
        (Some(name), all) => all
            .iter()
            .find(|s| s.name == name)
            .copied()
            .ok_or_else(|| anyhow!("the configuration has no builtin source {name:?}")),
        (None, [only]) => Ok(only),
        (None, []) => {
            bail!(
                "the configuration has no builtin source; add [[sources]] with kind = \"builtin\""
            )
        }
        (None, _) => {
            bail!("the configuration has several builtin sources; choose one with --source")
        }
    }
}

/// Result of importing a file.
#[derive(Debug, Clone, Default)]
pub struct FileImport {
    /// Numbers of added and changed articles, and their notes.
    pub report: SyncReport,
    /// Number of entries of the file that are not public articles, by description.
    pub left_out: BTreeMap<String, usize>,
}

/// Parsed file: articles with their line numbers, or the reason why one is invalid.
struct ParsedFile {
    articles: Vec<importers::NumberedArticle>,
    left_out: BTreeMap<String, usize>,
}

/// Imports a file of lines (.jsonl, .csv), a feed (.rss, .atom, .xml, JSON Feed as .json) or a WordPress
/// export (.xml); replaces articles with the same id.
pub async fn import_file(
    store: &Store,
    config: &Config,
    source: &Source,
    file: &Path,
    now: Millis,
) -> anyhow::Result<Result<FileImport, RejectedLines>> {
    let (path, from, language) = (file.to_owned(), source.clone(), config.site.language.clone());
    // Parsing a large export takes seconds.
    let parsed =
        tokio::task::spawn_blocking(move || parse_file(&path, &from, &language, now)).await??;
    let undated =
        parsed.articles.iter().filter_map(|(_, one)| one.as_ref().ok().filter(|one| !one.is_dated));
    let undated: Vec<String> =
        undated.map(|one| normalize::without_nul(&one.article.source_id)).collect();
    let known = store.known_among(&source.name, &undated).await?;
    let (mut articles, mut rejected, mut ids) = (Vec::new(), Vec::new(), HashSet::new());
    let mut guids: HashMap<String, u64> = HashMap::new();
    let shares_guids = source.ids == Ids::Source;
    for (line, article) in parsed.articles {
        let checked = article.and_then(|ImportedArticle { article: mut incoming, is_dated }| {
            normalize::validate(&mut incoming, source, &config.site)?;
            // An article without a date keeps the date of its first import.
            if let Some(previous) = known.get(&incoming.source_id).filter(|_| !is_dated) {
                incoming.published_at = previous.published_at;
            }
            Ok(incoming)
        });
        match checked {
            Ok(incoming) if !ids.insert(incoming.source_id.clone()) => {
                rejected.push((line, format!("duplicate id {:?}", incoming.source_id)))
            }
            Ok(incoming) => {
                match guids.insert(normalize::guid(&incoming, source, &config.site), line) {
                    Some(other) if !shares_guids => {
                        rejected.push((line, format!("duplicate guid; line {other} has the same")))
                    }
                    _ => articles.push((line, incoming)),
                }
            }
            Err(reason) => rejected.push((line, reason)),
        }
    }
    let requested_guids: Vec<_> = articles
        .iter()
        .map(|(_, incoming)| {
            (incoming.source_id.clone(), normalize::guid(incoming, source, &config.site))
        })
        .collect();
    let owners = store.guid_conflicts_among(&source.name, &requested_guids).await?;
    let own_prefix = format!("{}/", source.name);
    let owner = |incoming: &IncomingArticle| {
        owners
            .get(&incoming.source_id)
            .filter(|owner| !(shares_guids && owner.starts_with(&own_prefix)))
    };
    rejected.extend(
        articles
            .iter()
            .filter_map(|(line, incoming)| Some((*line, guid_owned_by(owner(incoming)?)))),
    );
    rejected.sort();
    if !rejected.is_empty() {
        return Ok(Err(RejectedLines(rejected)));
    }
    let articles = articles.into_iter().map(|(_, incoming)| incoming).collect();
    let report = upsert_articles(store, config, &source.name, articles, now).await?;
    Ok(Ok(FileImport { report, left_out: parsed.left_out }))
}

/// Parses a file in the format that its extension names; articles without a date get `now`.
fn parse_file(
    file: &Path,
    source: &Source,
    language: &str,
    now: Millis,
) -> anyhow::Result<ParsedFile> {
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
                importers::parse_json_feed(&bytes, source)
            } else {
                importers::parse_xml(&bytes, source, language)
            };
            let export = read.map_err(|(line, problem)| anyhow!("{name}:{line}: {problem}"))?;
            let articles = export
                .articles
                .into_iter()
                .map(|(line, read)| (line, read.map(|one| with_defaults(one, now))))
                .collect();
            return Ok(ParsedFile { articles, left_out: export.left_out });
        }
        _ => bail!(
            "{name}: unknown file format; the name must end in .jsonl, .csv, .rss, .atom, .rdf, .xml or .json"
        ),
    };
    let article = |row: Row| {
        let mut row = with_id(row)?;
        let is_dated = row.contains_key("published_at");
        row.entry("published_at".into()).or_insert_with(|| now.timestamp().to_string());
        Ok(ImportedArticle {
            article: parse_article(&row, &source.timezone, source.article_url.as_deref())?,
            is_dated,
        })
    };
    Ok(ParsedFile {
        articles: rows.into_iter().map(|(line, row)| (line, row.and_then(article))).collect(),
        left_out: BTreeMap::new(),
    })
}

/// Adds what a feed may omit: an id derived from the content, and a date.
fn with_defaults(one: ImportedArticle, now: Millis) -> ImportedArticle {
    let ImportedArticle { article: mut incoming, is_dated } = one;
    if incoming.source_id.is_empty() {
        incoming.source_id = content_id(if incoming.title.is_empty() {
            &incoming.body_html
        } else {
            &incoming.title
        });
    }
    if !is_dated {
        incoming.published_at = now;
    }
    ImportedArticle { article: incoming, is_dated }
}

/// Stores articles in a builtin source; replaces those with the same id.
pub async fn upsert_articles(
    store: &Store,
    config: &Config,
    source: &str,
    articles: Vec<IncomingArticle>,
    now: Millis,
) -> anyhow::Result<SyncReport> {
    let source = builtin_source(config, Some(source))?;
    store.ensure_source(&source.name, now).await?;
    let ids: Vec<String> =
        articles.iter().map(|incoming| normalize::without_nul(&incoming.source_id)).collect();
    let known = store.known_among(&source.name, &ids).await?;
    let mut report = SyncReport { source: source.name.clone(), ..SyncReport::default() };
    let mut changed: Vec<(IncomingArticle, String)> = Vec::new();
    for mut incoming in articles {
        report.notes.extend(
            std::mem::take(&mut incoming.notes)
                .into_iter()
                .map(|note| (incoming.source_id.clone(), note)),
        );
        if let Err(reason) = normalize::validate(&mut incoming, source, &config.site) {
            report.rejected.push((incoming.source_id, reason));
            continue;
        }
        let hash = normalize::content_hash(&incoming, &config.site);
        if known.get(&incoming.source_id).is_none_or(|k| k.is_removed || k.content_hash != hash) {
            changed.push((incoming, hash));
        }
    }
    for batch in changed.chunks(INGEST_BATCH_ARTICLES) {
        ingest(store, batch.to_vec(), source, &config.site, &mut report, now).await?;
    }
    store.regroup(&source.name).await?;
    store.record_sync_success(&source.name, 0, SyncProgress::default(), now).await?;
    Ok(report)
}

/// Adds an id derived from the URL or title to a row without one.
fn with_id(mut row: Row) -> Result<Row, String> {
    if row.get("title").is_none_or(|t| t.trim().is_empty()) {
        return Err("it has no title".into());
    }
    if row.get("id").is_none_or(|i| i.trim().is_empty()) {
        let content = row.get("url").or_else(|| row.get("title")).cloned().unwrap_or_default();
        row.insert("id".into(), content_id(&content));
    }
    Ok(row)
}

/// Returns an id derived from an article's content.
fn content_id(content: &str) -> String {
    Sha256::digest(content).iter().take(8).map(|b| format!("{b:02x}")).collect()
}

/// Line number and row, or the reason why the row is invalid.
type NumberedRow = (u64, Result<Row, String>);

/// Reads the rows of a CSV file with a header line.
fn csv_rows(file: &Path) -> anyhow::Result<Vec<NumberedRow>> {
    let name = file.display();
    let mut text = Vec::new();
    File::open(file)
        .and_then(|mut f| f.read_to_end(&mut text))
        .with_context(|| format!("cannot read {name}"))?;
    let text = text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&text);
    // An unclosed quotation mark would turn the rest of the file into one field.
    if text.iter().filter(|b| **b == b'"').count() % 2 == 1 {
        bail!("{name}: the number of quotation marks is odd; one is missing or superfluous");
    }
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text);
    let columns: Vec<String> = reader
        .headers()
        .with_context(|| format!("{name}:1: not a valid CSV header"))?
        .iter()
        .map(|h| h.trim().to_lowercase())
        .collect();
    check_columns(&columns, &["title"], None).map_err(|problem| anyhow!("{name}:1: {problem}"))?;
    let mut rows = Vec::new();
    let mut record = csv::StringRecord::new();
    let mut lines = LineIndex::new(text);
    loop {
        let number = lines.line_of_record(reader.position());
        let line = match reader.read_record(&mut record) {
            Ok(false) => return Ok(rows),
            Ok(true) if record.len() != columns.len() => Err(format!(
                "found {} fields, but the first line has {}; check for a missing comma or quotation mark",
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

/// Reads the rows of a file with one JSON object per line; skips blank lines.
fn json_rows(file: &Path) -> anyhow::Result<Vec<NumberedRow>> {
    let name = file.display();
    let input = BufReader::new(File::open(file).with_context(|| format!("cannot open {name}"))?);
    let mut rows = Vec::new();
    for (number, line) in (1..).zip(input.lines()) {
        let line = line.with_context(|| format!("{name}:{number}: not valid UTF-8"))?;
        let line = line.trim_start_matches('\u{feff}').trim();
        if !line.is_empty() {
            rows.push((number, json_row(line)));
        }
    }
    Ok(rows)
}

/// Converts a JSON object to a row.
fn json_row(line: &str) -> Result<Row, String> {
    let value: serde_json::Value =
        serde_json::from_str(line).map_err(|e| format!("not valid JSON: {e}"))?;
    let Some(object) = value.as_object() else {
        return Err("a line must hold one JSON object".into());
    };
    let mut row = Row::new();
    for (key, value) in object {
        let key = key.to_lowercase();
        if !COLUMNS.contains(&key.as_str()) {
            return Err(format!(
                "`{key}` is not an article column; the known columns are {}",
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
