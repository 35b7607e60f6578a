//! Import of subscribers from CSV. All lines are validated before the first is stored.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use anyhow::Context;

use super::{NewSubscriber, apply_requests, validate};
use crate::config::Digest;
use crate::domain::actor::Actor;
use crate::domain::subscription::RequestOrigin;
use crate::domain::time::Millis;
use crate::store::Store;
use crate::store::subscriptions::{RequestResult, SubscriptionRequest};

/// Number of subscribers stored per transaction.
const ROWS_PER_TRANSACTION: usize = 200;
/// Maximum length of a field in bytes.
const MAX_FIELD_BYTES: usize = 1_000;
/// Supported columns of a file.
pub const COLUMNS: [&str; 5] = ["email", "name", "language", "timezone", "sections"];

/// Options of an import.
#[derive(Debug, Clone)]
pub struct ImportOptions {
    /// Actor that imports the file.
    pub actor: Actor,
    /// `true` if the admin holds the owners' consent, so that no confirmation e-mail is sent.
    pub confirmed: bool,
    /// Column names of the file by supported column.
    pub column_map: HashMap<String, String>,
    /// `true` to validate without storing.
    pub dry_run: bool,
    /// `true` to import valid lines even if others are rejected.
    pub skip_bad: bool,
    /// Evidence of the owners' consent.
    pub consent: String,
}

/// Result of an import.
#[derive(Debug, Clone, Default)]
pub struct ImportReport {
    /// Number of valid lines.
    pub valid: usize,
    /// Rejected lines: line number and reason.
    pub rejected: Vec<(u64, String)>,
    /// `true` if the valid lines were stored.
    pub imported: bool,
    /// Subscriptions for which a confirmation e-mail was queued.
    pub pending: usize,
    /// Subscriptions confirmed by this import.
    pub confirmed: usize,
    /// Subscriptions that already existed.
    pub already_subscribed: usize,
    /// Skipped subscriptions whose owner unsubscribed before.
    pub previously_unsubscribed: usize,
    /// Number of suppressed addresses.
    pub suppressed: usize,
}

/// Imports a file into a digest. `on_progress` receives the number of stored lines and the total.
/// The file is read twice and never held in memory completely.
pub async fn import(
    store: &Store,
    secret: &[u8],
    file: &Path,
    digest: &Digest,
    options: &ImportOptions,
    now: Millis,
    mut on_progress: impl FnMut(usize, usize),
) -> anyhow::Result<ImportReport> {
    let mut report = ImportReport::default();
    let mut seen: HashMap<String, u64> = HashMap::new();
    let consent = if options.consent.is_empty() {
        format!("imported by an admin, {}", now.rfc3339())
    } else {
        options.consent.clone()
    };
    let mut lines = CsvRows::open(file, &options.column_map)?;
    while let Some((line, subscriber)) = lines.next()? {
        match validate_row(subscriber, digest, &consent, secret, &mut seen, line) {
            Ok(_) => report.valid += 1,
            Err(reason) => report.rejected.push((line, reason)),
        }
    }
    if options.dry_run || (!report.rejected.is_empty() && !options.skip_bad) {
        return Ok(report);
    }
    let origin =
        if options.confirmed { RequestOrigin::AdminWithConsent } else { RequestOrigin::Admin };
    seen.clear();
    let mut lines = CsvRows::open(file, &options.column_map)?;
    let mut done = 0;
    loop {
        let mut chunk: Vec<SubscriptionRequest> = Vec::with_capacity(ROWS_PER_TRANSACTION);
        while chunk.len() < ROWS_PER_TRANSACTION
            && let Some((line, subscriber)) = lines.next()?
        {
            chunk.extend(validate_row(subscriber, digest, &consent, secret, &mut seen, line));
        }
        if chunk.is_empty() {
            break;
        }
        done += chunk.len();
        for r in apply_requests(store, chunk, &[digest], origin, &options.actor, now).await? {
            report.add(r);
        }
        on_progress(done, report.valid);
    }
    report.imported = true;
    Ok(report)
}

impl ImportReport {
    fn add(&mut self, r: RequestResult) {
        self.pending += r.confirmations_queued;
        self.confirmed += r.confirmed;
        self.already_subscribed += r.unchanged;
        self.previously_unsubscribed += r.unsubscribed;
        self.suppressed += usize::from(r.suppressed);
    }
}

fn validate_row(
    subscriber: Result<NewSubscriber, String>,
    digest: &Digest,
    consent: &str,
    secret: &[u8],
    seen: &mut HashMap<String, u64>,
    line: u64,
) -> Result<SubscriptionRequest, String> {
    let request = validate(&subscriber?, &[digest], consent, secret)?;
    match seen.insert(request.address_key.clone(), line) {
        Some(first) => {
            seen.insert(request.address_key.clone(), first);
            Err(format!("same address as in line {first}"))
        }
        None => Ok(request),
    }
}

/// Iterator over the rows of a CSV file; a byte order mark is skipped.
struct CsvRows {
    name: String,
    reader: csv::Reader<QuoteCountingReader<BufReader<File>>>,
    /// Position of each supported column in the file.
    columns: HashMap<&'static str, usize>,
    width: usize,
    /// Number of the first row that spans several lines.
    first_multiline: Option<u64>,
}

/// Counts the quotation marks that are read.
struct QuoteCountingReader<R> {
    inner: R,
    quotes: usize,
}

impl<R: Read> Read for QuoteCountingReader<R> {
    fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
        let n = self.inner.read(buf)?;
        self.quotes += buf[..n].iter().filter(|b| **b == b'"').count();
        Ok(n)
    }
}

impl CsvRows {
    /// Opens a file; a missing mapped or required column is an error.
    fn open(file: &Path, map: &HashMap<String, String>) -> anyhow::Result<Self> {
        let name = file.display().to_string();
        let mut input =
            BufReader::new(File::open(file).with_context(|| format!("cannot open {name}"))?);
        let has_bom = input
            .fill_buf()
            .with_context(|| format!("cannot read {name}"))?
            .starts_with(b"\xEF\xBB\xBF");
        input.consume(if has_bom { 3 } else { 0 });
        let mut reader = csv::ReaderBuilder::new()
            .flexible(true)
            .trim(csv::Trim::All)
            .from_reader(QuoteCountingReader { inner: input, quotes: 0 });
        let headers =
            reader.byte_headers().with_context(|| format!("{name}:1: not a valid CSV header"))?;
        let headers: Vec<String> =
            headers.iter().map(|h| String::from_utf8_lossy(h).into_owned()).collect();
        let mut columns: HashMap<&'static str, usize> = HashMap::new();
        for column in COLUMNS {
            let expected = map.get(column).map_or(column, String::as_str);
            match headers.iter().position(|h| h.eq_ignore_ascii_case(expected)) {
                Some(index) => {
                    columns.insert(column, index);
                }
                None if column == "email" || map.contains_key(column) => anyhow::bail!(
                    "{name}:1: there is no column {expected:?}; existing columns: {}; name it with --map {column}=COLUMN",
                    headers.join(", ")
                ),
                None => {}
            }
        }
        Ok(Self { name, reader, columns, width: headers.len(), first_multiline: None })
    }

    /// Returns the next line number with its subscriber, or the reason for its rejection; `None` at
    /// the end.
    fn next(&mut self) -> anyhow::Result<Option<(u64, Result<NewSubscriber, String>)>> {
        let before = self.reader.position().line();
        let mut record = csv::ByteRecord::new();
        match self.reader.read_byte_record(&mut record) {
            // An unterminated quotation swallows lines, maybe in a column that is not imported.
            Ok(false) => match self.first_multiline {
                Some(line) if self.reader.get_ref().quotes % 2 == 1 => anyhow::bail!(
                    "{}:{line}: the row spans several lines and the file has an odd number of quotation marks; one is \
                     missing or extra",
                    self.name
                ),
                _ => Ok(None),
            },
            Ok(true) => {
                let line = record.position().map_or(before, csv::Position::line);
                if record.iter().any(|field| field.contains(&b'\n')) {
                    self.first_multiline.get_or_insert(line);
                }
                Ok(Some((line, parse_row(&record, &self.columns, self.width))))
            }
            Err(e) if e.is_io_error() => {
                Err(e).with_context(|| format!("cannot read {}", self.name))
            }
            Err(e) => Ok(Some((before, Err(e.to_string())))),
        }
    }
}

fn parse_row(
    record: &csv::ByteRecord,
    columns: &HashMap<&str, usize>,
    width: usize,
) -> Result<NewSubscriber, String> {
    if record.len() != width {
        return Err(format!(
            "the line has {} fields instead of {width}; a comma or a quotation mark may be missing",
            record.len()
        ));
    }
    let field = |name: &str| -> Result<Option<String>, String> {
        let Some(bytes) = columns.get(name).and_then(|index| record.get(*index)) else {
            return Ok(None);
        };
        if bytes.contains(&b'\n') || bytes.len() > MAX_FIELD_BYTES {
            return Err(format!(
                "{name} spans several lines or exceeds {MAX_FIELD_BYTES} bytes; a quotation mark may be missing"
            ));
        }
        let text = std::str::from_utf8(bytes)
            .map_err(|_| format!("{name} is not valid UTF-8; save the file as UTF-8"))?;
        Ok(Some(text.to_owned()).filter(|t| !t.is_empty()))
    };
    Ok(NewSubscriber {
        email: field("email")?.unwrap_or_default(),
        name: field("name")?,
        language: field("language")?,
        timezone: field("timezone")?,
        sections: field("sections")?
            .map(|s| s.split([';', '|', ',']).map(str::to_owned).collect())
            .unwrap_or_default(),
    })
}
