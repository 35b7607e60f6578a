//! Import of subscribers from CSV: every line is checked before the first is kept.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use anyhow::Context;

use super::{Person, carry_out, request};
use crate::config::Digest;
use crate::domain::subscription::Asker;
use crate::domain::time::Millis;
use crate::store::Store;
use crate::store::subscriptions::{Request, Requested};

/// Subscribers kept in one transaction.
const CHUNK: usize = 200;
/// Bytes of a field at most.
const LONGEST: usize = 1_000;
/// The columns there are.
pub const COLUMNS: [&str; 5] = ["email", "name", "language", "timezone", "sections"];

/// How a file is imported.
#[derive(Debug, Clone)]
pub struct Manner {
    /// Whether the admin holds the owners' consent, so that nobody is asked.
    pub confirmed: bool,
    /// Our column to the file's.
    pub map: HashMap<String, String>,
    /// Check only.
    pub dry_run: bool,
    /// Keep the good lines although some are refused.
    pub skip_bad: bool,
    /// What they agreed to.
    pub consent: String,
}

/// What an import came to.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// Lines that can be used.
    pub good: usize,
    /// Refused lines: number and reason.
    pub refused: Vec<(u64, String)>,
    /// Whether anything was kept.
    pub imported: bool,
    /// Subscriptions for which the owner is asked by mail.
    pub asked: usize,
    /// Subscriptions confirmed now.
    pub confirmed: usize,
    /// Subscriptions that were there before.
    pub kept: usize,
    /// Addresses whose owner left, which stay so.
    pub left: usize,
    /// Suppressed addresses.
    pub suppressed: usize,
}

/// Imports a file into a digest; `told` hears how many lines are done, and of how many. The file is read twice, and never
/// held whole.
pub async fn import(
    store: &Store,
    secret: &[u8],
    file: &Path,
    digest: &Digest,
    manner: &Manner,
    now: Millis,
    mut told: impl FnMut(usize, usize),
) -> anyhow::Result<Report> {
    let mut report = Report::default();
    let mut seen: HashMap<String, u64> = HashMap::new();
    let consent = if manner.consent.is_empty() {
        format!("imported by an admin, {}", now.rfc3339())
    } else {
        manner.consent.clone()
    };
    let mut lines = Lines::open(file, &manner.map)?;
    while let Some((line, person)) = lines.next()? {
        match checked(person, digest, &consent, secret, &mut seen, line) {
            Ok(_) => report.good += 1,
            Err(why) => report.refused.push((line, why)),
        }
    }
    if manner.dry_run || (!report.refused.is_empty() && !manner.skip_bad) {
        return Ok(report);
    }
    let asker = if manner.confirmed { Asker::AdminWithConsent } else { Asker::Admin };
    seen.clear();
    let mut lines = Lines::open(file, &manner.map)?;
    let mut done = 0;
    loop {
        let mut chunk: Vec<Request> = Vec::with_capacity(CHUNK);
        while chunk.len() < CHUNK
            && let Some((line, person)) = lines.next()?
        {
            chunk.extend(checked(person, digest, &consent, secret, &mut seen, line));
        }
        if chunk.is_empty() {
            break;
        }
        done += chunk.len();
        for r in carry_out(store, chunk, &[digest], asker, now).await? {
            report.count(r);
        }
        told(done, report.good);
    }
    report.imported = true;
    Ok(report)
}

impl Report {
    fn count(&mut self, r: Requested) {
        self.asked += r.asked;
        self.confirmed += r.confirmed;
        self.kept += r.kept;
        self.left += r.left;
        self.suppressed += usize::from(r.suppressed);
    }
}

fn checked(
    person: Result<Person, String>,
    digest: &Digest,
    consent: &str,
    secret: &[u8],
    seen: &mut HashMap<String, u64>,
    line: u64,
) -> Result<Request, String> {
    let request = request(&person?, &[digest], consent, secret)?;
    match seen.insert(request.address_key.clone(), line) {
        Some(first) => {
            seen.insert(request.address_key.clone(), first);
            Err(format!("the same address as in line {first}"))
        }
        None => Ok(request),
    }
}

/// The lines of a CSV file, one by one; a byte order mark is skipped.
struct Lines {
    name: String,
    reader: csv::Reader<Counted<BufReader<File>>>,
    /// Where our columns are among the file's.
    places: HashMap<&'static str, usize>,
    columns: usize,
    /// The first line that goes on in the next one.
    long: Option<u64>,
}

/// Counts quotation marks as they pass.
struct Counted<R> {
    inner: R,
    marks: usize,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
        let n = self.inner.read(buf)?;
        self.marks += buf[..n].iter().filter(|b| **b == b'"').count();
        Ok(n)
    }
}

impl Lines {
    /// Opens a file; a missing column of ours is an error of the file.
    fn open(file: &Path, map: &HashMap<String, String>) -> anyhow::Result<Self> {
        let name = file.display().to_string();
        let mut input =
            BufReader::new(File::open(file).with_context(|| format!("cannot open {name}"))?);
        let mark = input
            .fill_buf()
            .with_context(|| format!("cannot read {name}"))?
            .starts_with(b"\xEF\xBB\xBF");
        input.consume(if mark { 3 } else { 0 });
        let mut reader = csv::ReaderBuilder::new()
            .flexible(true)
            .trim(csv::Trim::All)
            .from_reader(Counted { inner: input, marks: 0 });
        let headers = reader.byte_headers().with_context(|| format!("{name}:1: this is no CSV"))?;
        let headers: Vec<String> =
            headers.iter().map(|h| String::from_utf8_lossy(h).into_owned()).collect();
        let mut places: HashMap<&'static str, usize> = HashMap::new();
        for column in COLUMNS {
            let wanted = map.get(column).map_or(column, String::as_str);
            match headers.iter().position(|h| h.eq_ignore_ascii_case(wanted)) {
                Some(at) => {
                    places.insert(column, at);
                }
                None if column == "email" || map.contains_key(column) => anyhow::bail!(
                    "{name}:1: there is no column {wanted:?}; there are: {}. Name it with --map {column}=COLUMN",
                    headers.join(", ")
                ),
                None => {}
            }
        }
        Ok(Self { name, reader, places, columns: headers.len(), long: None })
    }

    /// The next line's number and person, or why it can't be used; none at the end.
    fn next(&mut self) -> anyhow::Result<Option<(u64, Result<Person, String>)>> {
        let before = self.reader.position().line();
        let mut record = csv::ByteRecord::new();
        match self.reader.read_byte_record(&mut record) {
            // A quotation left open swallows lines, perhaps in a column that nobody looks at.
            Ok(false) => match self.long {
                Some(line) if self.reader.get_ref().marks % 2 == 1 => anyhow::bail!(
                    "{}:{line}: the line goes on in the next one, and the file has an odd number of quotation marks: one is missing, \
                     or one too many",
                    self.name
                ),
                _ => Ok(None),
            },
            Ok(true) => {
                let line = record.position().map_or(before, csv::Position::line);
                if record.iter().any(|field| field.contains(&b'\n')) {
                    self.long.get_or_insert(line);
                }
                Ok(Some((line, person(&record, &self.places, self.columns))))
            }
            Err(e) if e.is_io_error() => {
                Err(e).with_context(|| format!("cannot read {}", self.name))
            }
            Err(e) => Ok(Some((before, Err(e.to_string())))),
        }
    }
}

fn person(
    record: &csv::ByteRecord,
    places: &HashMap<&str, usize>,
    columns: usize,
) -> Result<Person, String> {
    if record.len() != columns {
        return Err(format!(
            "it has {} fields, the first line has {columns}; a comma or a quotation mark may be missing",
            record.len()
        ));
    }
    let field = |name: &str| -> Result<Option<String>, String> {
        let Some(bytes) = places.get(name).and_then(|at| record.get(*at)) else { return Ok(None) };
        if bytes.contains(&b'\n') || bytes.len() > LONGEST {
            return Err(format!(
                "its {name} goes over several lines, or over {LONGEST} bytes; a quotation mark may be missing"
            ));
        }
        let text = std::str::from_utf8(bytes)
            .map_err(|_| format!("{name} is not UTF-8; save the file in that encoding"))?;
        Ok(Some(text.to_owned()).filter(|t| !t.is_empty()))
    };
    Ok(Person {
        email: field("email")?.unwrap_or_default(),
        name: field("name")?,
        language: field("language")?,
        timezone: field("timezone")?,
        sections: field("sections")?
            .map(|s| s.split([';', '|', ',']).map(str::to_owned).collect())
            .unwrap_or_default(),
    })
}
