//! Parsing of article files in every supported format, with line numbers for error messages.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use anyhow::{Context, anyhow, bail};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::importers::{self, ParsedArticle, ParsedFile};
use super::list_column::{ACCEPTED, LIST_COLUMNS, json_values};
use super::row::{Row, check_column, check_columns, parse_article};
use crate::config::Source;
use crate::domain::time::Millis;
use crate::fs::{CsvFile, CsvRow};

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
        // A workbook is reported as one.
        Some("csv" | "tsv" | "tab" | "txt" | "xlsx" | "xls" | "ods" | "numbers") => {
            csv_rows(file, pattern)?
        }
        Some("jsonl" | "ndjson") => json_rows(file, pattern)?,
        Some(kind @ ("rss" | "atom" | "rdf" | "xml" | "json")) => {
            let bytes = std::fs::read(file).with_context(|| format!("cannot read {name}"))?;
            let read = if kind == "json" {
                importers::parse_json_feed(&bytes, source)
            } else {
                importers::parse_xml(&bytes, source, language)
            };
            let mut parsed = read.map_err(|(line, problem)| anyhow!("{name}:{line}: {problem}"))?;
            parsed.leave_out_scheduled(now);
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
        let article = parse_article(&row, &source.timezone, pattern)?;
        Ok(ParsedArticle { article, is_dated })
    };
    Ok(ParsedFile {
        articles: rows.into_iter().map(|(line, row)| (line, row.and_then(article))).collect(),
        ..ParsedFile::default()
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
    let csv = CsvFile::read(file)?;
    let mut rows = csv.rows();
    let header = rows.next().unwrap_or(CsvRow { line: 1, fields: Vec::new() });
    let columns: Vec<String> = header.fields.iter().map(|h| h.trim().to_lowercase()).collect();
    // Spreadsheets write columns without a name and without values.
    let named: Vec<String> = columns.iter().filter(|c| !c.is_empty()).cloned().collect();
    check_columns(&named, &["title"], article_url_pattern)
        .map_err(|problem| anyhow!("{name}:{}: {problem}", header.line))?;
    let row = |row: CsvRow| {
        let values = csv.values(row, columns.len())?;
        let filled: Row =
            columns.iter().cloned().zip(values).filter(|(_, v)| !v.is_empty()).collect();
        match filled.get("") {
            Some(value) => {
                let value: String = value.chars().take(40).collect();
                Err(format!("the value {value:?} is in a column without a name; name the column"))
            }
            None => Ok(filled),
        }
    };
    Ok(rows.map(|one| (one.line, row(one))).collect())
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
        let is_list = LIST_COLUMNS.contains(&key.as_str());
        let text = match value {
            // Columns of databases contain several values in the same form.
            Value::Array(_) | Value::Object(_) if is_list => {
                json_values(value).map(|values| Value::from(values).to_string())
            }
            Value::Null => continue,
            one => scalar_text(one),
        };
        let text = text.ok_or_else(|| {
            let accepted =
                if is_list { ACCEPTED } else { "one value: a text, a number, `true` or `false`" };
            format!("`{key}` must be {accepted}")
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
