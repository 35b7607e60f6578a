//! Import of subscribers from CSV. All lines are validated before the first is stored.

use std::collections::HashMap;
use std::path::Path;

use super::{KnownTerms, NewSubscriber, apply_requests, validate};
use crate::config::Digest;
use crate::domain::actor::Actor;
use crate::domain::subscription::RequestOrigin;
use crate::domain::time::Millis;
use crate::fs::{CsvFile, CsvRow, unescape_formula};
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
    /// Sections and languages that the file may name.
    pub known: KnownTerms,
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
/// All lines are validated before the first is stored.
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
    let consent = if options.consent.is_empty() {
        format!("imported by an admin, {}", now.rfc3339())
    } else {
        options.consent.clone()
    };
    let mut checks =
        LineChecks { digest, consent, secret, known: &options.known, seen: HashMap::new() };
    let subscribers = SubscriberFile::read(file, &options.column_map)?;
    for (line, subscriber) in subscribers.lines() {
        match checks.validate(subscriber, line) {
            Ok(_) => report.valid += 1,
            Err(reason) => report.rejected.push((line, reason)),
        }
    }
    if options.dry_run || (!report.rejected.is_empty() && !options.skip_bad) {
        return Ok(report);
    }
    let origin =
        if options.confirmed { RequestOrigin::AdminWithConsent } else { RequestOrigin::Admin };
    checks.seen.clear();
    let mut lines = subscribers.lines();
    let mut done = 0;
    loop {
        let mut chunk: Vec<SubscriptionRequest> = Vec::with_capacity(ROWS_PER_TRANSACTION);
        while chunk.len() < ROWS_PER_TRANSACTION
            && let Some((line, subscriber)) = lines.next()
        {
            chunk.extend(checks.validate(subscriber, line));
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
        self.previously_unsubscribed += r.previously_unsubscribed;
        self.suppressed += usize::from(r.suppressed);
    }
}

/// Values against which the lines of a file are validated.
struct LineChecks<'a> {
    digest: &'a Digest,
    consent: String,
    secret: &'a [u8],
    known: &'a KnownTerms,
    /// Line of each address seen so far.
    seen: HashMap<String, u64>,
}

impl LineChecks<'_> {
    fn validate(
        &mut self,
        subscriber: Result<NewSubscriber, String>,
        line: u64,
    ) -> Result<SubscriptionRequest, String> {
        let request = validate(&subscriber?, &[self.digest], &self.consent, self.secret)?;
        self.known.check(&request)?;
        match self.seen.get(&request.address_key) {
            Some(first) => Err(format!("same address as in line {first}")),
            None => {
                self.seen.insert(request.address_key.clone(), line);
                Ok(request)
            }
        }
    }
}

/// CSV file of subscribers with the positions of its columns.
struct SubscriberFile {
    csv: CsvFile,
    /// Position of each supported column in the file.
    columns: HashMap<&'static str, usize>,
    width: usize,
}

impl SubscriberFile {
    /// Reads a file; a missing mapped or required column is an error.
    fn read(file: &Path, map: &HashMap<String, String>) -> anyhow::Result<Self> {
        let csv = CsvFile::read(file)?;
        let header = csv.rows().next().unwrap_or(CsvRow { line: 1, fields: Vec::new() });
        let headers: Vec<&str> = header.fields.iter().map(|h| h.trim()).collect();
        let mut columns: HashMap<&'static str, usize> = HashMap::new();
        for column in COLUMNS {
            let expected = map.get(column).map_or(column, String::as_str);
            match headers.iter().position(|h| h.eq_ignore_ascii_case(expected)) {
                Some(index) => {
                    columns.insert(column, index);
                }
                None if column == "email" || map.contains_key(column) => anyhow::bail!(
                    "{}:{}: there is no column {expected:?}; existing columns: {}; name it with --map {column}=COLUMN",
                    file.display(),
                    header.line,
                    headers.join(", ").escape_debug()
                ),
                None => {}
            }
        }
        let width = headers.len();
        Ok(Self { csv, columns, width })
    }

    /// Returns each line number with its subscriber, or the reason for its rejection.
    fn lines(&self) -> impl Iterator<Item = (u64, Result<NewSubscriber, String>)> {
        self.csv.rows().skip(1).map(|row| {
            let line = row.line;
            let values = self.csv.values(row, self.width);
            (line, values.and_then(|values| parse_row(&values, &self.columns)))
        })
    }
}

fn parse_row(values: &[String], columns: &HashMap<&str, usize>) -> Result<NewSubscriber, String> {
    let field = |name: &str| -> Result<Option<String>, String> {
        let Some(text) = columns.get(name).and_then(|index| values.get(*index)) else {
            return Ok(None);
        };
        let text = unescape_formula(text.trim());
        if text.contains(['\r', '\n']) || text.len() > MAX_FIELD_BYTES {
            return Err(format!(
                "{name} spans several lines or exceeds {MAX_FIELD_BYTES} bytes; a quotation mark may be missing"
            ));
        }
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
