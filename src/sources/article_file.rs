//! Reads article files in every supported format one article at a time, with line numbers for error
//! messages.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, anyhow, bail};
use sha2::{Digest as _, Sha256};

use super::importers::{
    FileError, JsonFeedFile, LeftOut, NumberedArticle, ParsedArticle, XmlFeedFile,
};
use super::json_row::json_row;
use super::row::{Row, check_columns, parse_article};
use crate::config::Source;
use crate::domain::time::Millis;
use crate::fs::{CsvFile, CsvRow, InputFile, LineReader, csv_header};

/// Maximum length of a line of JSON in bytes. Escapes take more bytes than the text that they stand for.
const MAX_JSON_LINE_BYTES: usize = 64_000_000;

/// File of articles whose format is known.
pub(super) struct ArticleFile {
    /// Name of the file, for error messages.
    name: String,
    source: Source,
    /// Date of articles without one.
    now: Millis,
    content: Content,
}

enum Content {
    Csv(CsvFile),
    JsonLines(InputFile),
    Xml(XmlFeedFile<InputFile>),
    JsonFeed(JsonFeedFile<InputFile>),
}

impl ArticleFile {
    /// Opens a file in the format that its extension names; articles without a date get `now`.
    pub(super) fn open(
        file: &Path,
        source: &Source,
        language: &str,
        now: Millis,
    ) -> anyhow::Result<Self> {
        let name = file.display().to_string();
        let extension = file.extension().and_then(|e| e.to_str()).map(str::to_ascii_lowercase);
        let open = || InputFile::open(file).with_context(|| format!("cannot read {name}"));
        let located = |(line, problem): FileError| anyhow!("{name}:{line}: {problem}");
        let content = match extension.as_deref() {
            // A workbook is reported as one.
            Some("csv" | "tsv" | "tab" | "txt" | "xlsx" | "xls" | "ods" | "numbers") => {
                Content::Csv(CsvFile::open(file)?)
            }
            Some("jsonl" | "ndjson") => Content::JsonLines(open()?),
            Some("rss" | "atom" | "rdf" | "xml") => {
                Content::Xml(XmlFeedFile::open(open()?, source, language, now).map_err(located)?)
            }
            Some("json") => {
                Content::JsonFeed(JsonFeedFile::open(open()?, &source.timezone).map_err(located)?)
            }
            _ => bail!(
                "{name}: unknown file format; the name must end in .jsonl, .csv, .rss, .atom, .rdf, .xml or .json"
            ),
        };
        Ok(Self { name, source: source.clone(), now, content })
    }

    /// Reads the file from its start; passes each article to `accept`, which returns `false` to stop.
    /// Returns the numbers of entries that are not public articles.
    pub(super) fn read(
        &mut self,
        accept: &mut dyn FnMut(NumberedArticle) -> bool,
    ) -> anyhow::Result<LeftOut> {
        let (name, now, source) = (&self.name, self.now, &self.source);
        let located = |(line, problem): FileError| anyhow!("{name}:{line}: {problem}");
        let mut accept_entry = |(line, article): NumberedArticle| {
            accept((line, article.map(|article| with_defaults(article, now))))
        };
        match &mut self.content {
            Content::Csv(file) => {
                read_csv(file, source, now, accept)?;
                Ok(BTreeMap::new())
            }
            Content::JsonLines(file) => {
                read_json_lines(file, source, now, accept)
                    .with_context(|| format!("cannot read {name}"))?;
                Ok(BTreeMap::new())
            }
            Content::Xml(file) => file.read(&mut accept_entry).map_err(located),
            Content::JsonFeed(file) => file.read(&mut accept_entry).map_err(located),
        }
    }
}

/// Adds what a feed may omit: an id derived from the content, and a date.
fn with_defaults(mut parsed: ParsedArticle, now: Millis) -> ParsedArticle {
    let article = &mut parsed.article;
    if article.source_id.is_empty() {
        let identifying =
            if article.title.is_empty() { &article.body_html } else { &article.title };
        article.source_id = content_id(identifying);
    }
    if !parsed.is_dated {
        article.published_at = now;
    }
    parsed
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

/// Converts a row to an article; one without a date gets `now`.
fn to_article(row: Row, source: &Source, now: Millis) -> Result<ParsedArticle, String> {
    let mut row = with_id(row)?;
    let is_dated = row.contains_key("published_at");
    row.entry("published_at".into()).or_insert_with(|| now.timestamp().to_string());
    let article = parse_article(&row, &source.timezone, source.article_url.as_deref())?;
    Ok(ParsedArticle { article, is_dated })
}

/// Reads the rows of a CSV file with a header line.
fn read_csv(
    file: &mut CsvFile,
    source: &Source,
    now: Millis,
    accept: &mut dyn FnMut(NumberedArticle) -> bool,
) -> anyhow::Result<()> {
    let name = file.name().to_owned();
    let mut rows = file.rows()?;
    let header = csv_header(&mut rows)?;
    let columns: Vec<String> = header.fields.iter().map(|h| h.trim().to_lowercase()).collect();
    // Spreadsheets write columns without a name and without values.
    let named: Vec<String> = columns.iter().filter(|c| !c.is_empty()).cloned().collect();
    check_columns(&named, &["title"], source.article_url.as_deref())
        .map_err(|problem| anyhow!("{name}:{}: {problem}", header.line))?;
    for row in rows {
        let row = row?;
        let line = row.line;
        let article = named_values(row, &columns).and_then(|row| to_article(row, source, now));
        if !accept((line, article)) {
            break;
        }
    }
    Ok(())
}

/// Returns the values of a row by the names of their columns.
fn named_values(row: CsvRow, columns: &[String]) -> Result<Row, String> {
    let values = row.values(columns.len())?;
    let filled: Row = columns.iter().cloned().zip(values).filter(|(_, v)| !v.is_empty()).collect();
    match filled.get("") {
        Some(value) => {
            let value: String = value.chars().take(40).collect();
            Err(format!("the value {value:?} is in a column without a name; name the column"))
        }
        None => Ok(filled),
    }
}

/// Reads a file with one JSON object per line; skips blank lines.
fn read_json_lines(
    file: &mut InputFile,
    source: &Source,
    now: Millis,
    accept: &mut dyn FnMut(NumberedArticle) -> bool,
) -> std::io::Result<()> {
    let mut lines = LineReader::new(file, MAX_JSON_LINE_BYTES)?;
    while let Some((number, line)) = lines.next()? {
        let article = match line.map(std::str::from_utf8) {
            Ok(Ok(line)) => {
                let line = line.trim_start_matches('\u{feff}').trim();
                if line.is_empty() {
                    continue;
                }
                let row = json_row(line, source.article_url.as_deref());
                row.and_then(|row| to_article(row, source, now))
            }
            Ok(Err(_)) => Err("the line is not valid UTF-8; save the file as UTF-8".to_owned()),
            Err(bytes) => {
                Err(format!("the line is {bytes} bytes long; the maximum is {MAX_JSON_LINE_BYTES}"))
            }
        };
        if !accept((number, article)) {
            break;
        }
    }
    Ok(())
}
