//! Parsing of article files in every supported format, with line numbers for error messages.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use anyhow::{Context, anyhow, bail};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::importers::{self, ParsedArticle, ParsedFile};
use super::line_index::LineIndex;
use super::row::{LIST_COLUMNS, Row, check_column, check_columns, parse_article};
use crate::config::Source;
use crate::domain::time::Millis;

/// Parses a file in the format that its extension names; articles without a date get `now`.
pub(super) fn parse_file(
    file: &Path,
    source: &Source,
    language: &str,
    now: Millis,
) -> anyhow::Result<ParsedFile> {
    let name = file.display();
    let pattern = source.article_url.as_deref();
    let rows = match file
        .extension()
        .and_then(|e| e.to_str())
        .map(str::to_ascii_lowercase)
        .as_deref()
    {
        Some("csv") => csv_rows(file, pattern)?,
        Some("jsonl" | "ndjson") => json_rows(file, pattern)?,
        Some(kind @ ("rss" | "atom" | "rdf" | "xml" | "json")) => {
            let bytes = std::fs::read(file).with_context(|| format!("cannot read {name}"))?;
            let read = if kind == "json" {
                importers::parse_json_feed(&bytes, source)
            } else {
                importers::parse_xml(&bytes, source, language)
            };
            let mut parsed = read.map_err(|(line, problem)| anyhow!("{name}:{line}: {problem}"))?;
            for (_, article) in &mut parsed.articles {
                if let Ok(article) = article {
                    set_defaults(article, now);
                }
            }
            return Ok(parsed);
        }
        _ => bail!(
            "{name}: unknown file format; the name must end in .jsonl, .csv, .rss, .atom, .rdf, .xml or .json"
        ),
    };
    let article = |row: Row| {
        let mut row = with_id(row)?;
        let is_dated = row.contains_key("published_at");
        row.entry("published_at".into()).or_insert_with(|| now.timestamp().to_string());
        Ok(ParsedArticle { article: parse_article(&row, &source.timezone, pattern)?, is_dated })
    };
    Ok(ParsedFile {
        articles: rows.into_iter().map(|(line, row)| (line, row.and_then(article))).collect(),
        left_out: BTreeMap::new(),
    })
}

/// Adds what a feed may omit: an id derived from the content, and a date.
fn set_defaults(parsed: &mut ParsedArticle, now: Millis) {
    let article = &mut parsed.article;
    if article.source_id.is_empty() {
        let identifying =
            if article.title.is_empty() { &article.body_html } else { &article.title };
        article.source_id = content_id(identifying);
    }
    if !parsed.is_dated {
        article.published_at = now;
    }
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
    hex::encode(&Sha256::digest(content)[..8])
}

/// Line number and row, or the reason why the row is invalid.
type NumberedRow = (u64, Result<Row, String>);

/// Reads the rows of a CSV file with a header line.
fn csv_rows(file: &Path, article_url_pattern: Option<&str>) -> anyhow::Result<Vec<NumberedRow>> {
    let name = file.display();
    let mut text = Vec::new();
    File::open(file)
        .and_then(|mut f| f.read_to_end(&mut text))
        .with_context(|| format!("cannot read {name}"))?;
    let text = text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&text);
    // An unclosed quotation mark would turn the rest of the file into one field.
    if text.iter().filter(|b| **b == b'"').count() % 2 == 1 {
        bail!("{name}: the number of quotation marks is odd; one is missing or extra");
    }
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text);
    let columns: Vec<String> = reader
        .headers()
        .with_context(|| format!("{name}:1: not a valid CSV header"))?
        .iter()
        .map(|h| h.trim().to_lowercase())
        .collect();
    check_columns(&columns, &["title"], article_url_pattern)
        .map_err(|problem| anyhow!("{name}:1: {problem}"))?;
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
fn json_rows(file: &Path, article_url_pattern: Option<&str>) -> anyhow::Result<Vec<NumberedRow>> {
    let name = file.display();
    let input = BufReader::new(File::open(file).with_context(|| format!("cannot open {name}"))?);
    let mut rows = Vec::new();
    for (number, line) in (1..).zip(input.lines()) {
        let line = line.with_context(|| format!("{name}:{number}: not valid UTF-8"))?;
        let line = line.trim_start_matches('\u{feff}').trim();
        if !line.is_empty() {
            rows.push((number, json_row(line, article_url_pattern)));
        }
    }
    Ok(rows)
}

/// Converts a JSON object to a row.
fn json_row(line: &str, article_url_pattern: Option<&str>) -> Result<Row, String> {
    let value: Value = serde_json::from_str(line).map_err(|e| format!("not valid JSON: {e}"))?;
    let Some(object) = value.as_object() else {
        return Err("a line must contain one JSON object".into());
    };
    let mut row = Row::new();
    for (key, value) in object {
        let key = key.to_lowercase();
        check_column(&key, article_url_pattern)?;
        let text = match value {
            Value::Array(list) if LIST_COLUMNS.contains(&key.as_str()) => {
                let values: Option<Vec<String>> =
                    list.iter().filter(|value| !value.is_null()).map(scalar_text).collect();
                // Columns of databases contain several values in the same form.
                values.map(|values| Value::from(values).to_string())
            }
            Value::Null => continue,
            one => scalar_text(one),
        };
        let text = text.ok_or_else(|| {
            let list =
                if LIST_COLUMNS.contains(&key.as_str()) { ", or a list of values" } else { "" };
            format!("`{key}` must be one value{list}: a text, a number, `true` or `false`")
        })?;
        row.insert(key, text);
    }
    Ok(row)
}

/// Returns a JSON text, number or boolean as text; `None` for any other value.
fn scalar_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}
