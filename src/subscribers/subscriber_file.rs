//! CSV file of subscribers: those of other services, and exports of Courant, which also have the
//! state of each subscription.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use super::{NewSubscriber, column_names};
use crate::domain::attribute::{name_of_column, validate_name};
use crate::domain::subscription::SubscriptionStatus;
use crate::fs::{CsvFile, csv_header, unescape_formula};
use crate::store::suppressions::SUPPRESSION_REASONS;

/// Maximum length of a field in bytes.
const MAX_FIELD_BYTES: usize = 1_000;
/// Supported columns of a file.
pub const COLUMNS: [&str; 6] = ["email", "name", "language", "timezone", "sections", "tags"];
/// Columns that a file has together only if `courant subscribers export` wrote it.
const EXPORT_COLUMNS: [&str; 3] = ["digest", "status", "consent"];
/// Column with the reason for which an address is suppressed.
const SUPPRESSION_COLUMN: &str = "suppressed";

/// Line of a file.
#[derive(Debug)]
pub(super) struct SubscriberLine {
    /// Person in the line, not validated yet.
    pub(super) subscriber: NewSubscriber,
    /// Texts of the other columns that are not empty, by the name of their attribute.
    pub(super) attributes: BTreeMap<String, String>,
    /// State of the subscription, if the file is an export.
    pub(super) exported: Option<ExportedSubscription>,
    /// Reason for which the address is suppressed, if it is.
    pub(super) suppression: Option<String>,
}

/// State of a subscription in an export.
#[derive(Debug)]
pub(super) struct ExportedSubscription {
    /// Name of the digest; empty for a person without a subscription.
    pub(super) digest: String,
    /// Status at the time of the export.
    pub(super) status: SubscriptionStatus,
    /// Record of the consent.
    pub(super) consent: Option<String>,
}

/// Line number and subscriber, or the reason for its rejection.
pub(super) type NumberedLine = (u64, Result<SubscriberLine, String>);

/// CSV file of subscribers with the positions of its columns.
pub(super) struct SubscriberFile {
    csv: CsvFile,
    /// Position of each supported column in the file.
    columns: HashMap<&'static str, usize>,
    /// Name and position of each column that is an attribute.
    attributes: Vec<(String, usize)>,
    width: usize,
}

impl SubscriberFile {
    /// Opens a file; a missing mapped or required column, or an ambiguous one, is an error.
    pub(super) fn open(file: &Path, map: &HashMap<String, String>) -> anyhow::Result<Self> {
        let mut csv = CsvFile::open(file)?;
        let header = csv_header(&mut csv.rows()?)?;
        let headers: Vec<&str> = header.fields.iter().map(|h| h.trim()).collect();
        let mut columns: HashMap<&'static str, usize> = HashMap::new();
        for column in COLUMNS {
            let expected = map.get(column).map_or(column, String::as_str);
            let found = match map.get(column) {
                Some(name) => headers.iter().position(|h| h.eq_ignore_ascii_case(name)),
                None => column_names::find(&headers, column).map_err(|names| {
                    anyhow::anyhow!(
                        "{}:{}: several columns may contain {column}: {}; name one with --map {column}=COLUMN",
                        file.display(),
                        header.line,
                        names.join(", ").escape_debug()
                    )
                })?,
            };
            match found {
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
        let exported = EXPORT_COLUMNS.map(|column| headers.iter().position(|h| *h == column));
        if let [Some(_), Some(_), Some(_)] = exported {
            columns.extend(EXPORT_COLUMNS.into_iter().zip(exported.into_iter().flatten()));
        }
        let suppression = headers.iter().position(|h| h.eq_ignore_ascii_case(SUPPRESSION_COLUMN));
        columns.extend(suppression.map(|index| (SUPPRESSION_COLUMN, index)));
        let attributes = attribute_columns(&headers, &columns)
            .map_err(|reason| anyhow::anyhow!("{}:{}: {reason}", file.display(), header.line))?;
        let width = headers.len();
        Ok(Self { csv, columns, attributes, width })
    }

    /// Reads the file from its start; returns each line, with its number.
    pub(super) fn lines(
        &mut self,
    ) -> anyhow::Result<impl Iterator<Item = anyhow::Result<NumberedLine>>> {
        let (columns, attributes, width) = (&self.columns, &self.attributes, self.width);
        Ok(self.csv.rows()?.skip(1).map(move |row| {
            let row = row?;
            let line = row.line;
            let parsed =
                row.values(width).and_then(|values| parse_row(&values, columns, attributes));
            Ok((line, parsed))
        }))
    }
}

/// Returns the columns that are attributes: all but the supported ones, and those whose headings
/// cannot be names of attributes.
fn attribute_columns(
    headers: &[&str],
    columns: &HashMap<&str, usize>,
) -> Result<Vec<(String, usize)>, String> {
    let mut attributes: Vec<(String, usize)> = Vec::new();
    for (index, heading) in headers.iter().enumerate() {
        let name = name_of_column(heading).filter(|name| validate_name(name).is_ok());
        let Some(name) = name.filter(|_| !columns.values().any(|used| *used == index)) else {
            continue;
        };
        if let Some((_, first)) = attributes.iter().find(|(used, _)| *used == name) {
            return Err(format!(
                "the columns {:?} and {heading:?} are the same attribute `{name}`; rename or remove one",
                headers[*first]
            ));
        }
        attributes.push((name, index));
    }
    Ok(attributes)
}

fn parse_row(
    values: &[String],
    columns: &HashMap<&str, usize>,
    attributes: &[(String, usize)],
) -> Result<SubscriberLine, String> {
    let cell = |name: &str, index: usize| -> Result<Option<String>, String> {
        let Some(text) = values.get(index) else { return Ok(None) };
        let text = unescape_formula(text.trim());
        if text.contains(['\r', '\n']) || text.len() > MAX_FIELD_BYTES {
            return Err(format!(
                "{name} spans several lines or exceeds {MAX_FIELD_BYTES} bytes; a quotation mark may be missing"
            ));
        }
        Ok(Some(text.to_owned()).filter(|t| !t.is_empty()))
    };
    let field = |name: &str| columns.get(name).map_or(Ok(None), |index| cell(name, *index));
    let list = |name: &str| -> Result<Vec<String>, String> {
        let text = field(name)?.unwrap_or_default();
        let parts = text.split([';', '|', ',']).map(str::trim);
        Ok(parts.filter(|part| !part.is_empty()).map(str::to_owned).collect())
    };
    let mut texts = BTreeMap::new();
    for (name, index) in attributes {
        texts.extend(cell(name, *index)?.map(|text| (name.clone(), text)));
    }
    let subscriber = NewSubscriber {
        email: field("email")?.unwrap_or_default(),
        name: field("name")?,
        language: field("language")?,
        timezone: field("timezone")?,
        sections: list("sections")?,
        tags: list("tags")?,
        attributes: BTreeMap::new(),
    };
    let suppression = field(SUPPRESSION_COLUMN)?.map_or(Ok(None), |word| parse_reason(&word))?;
    if !EXPORT_COLUMNS.iter().all(|column| columns.contains_key(column)) {
        return Ok(SubscriberLine { subscriber, attributes: texts, exported: None, suppression });
    }
    let exported = ExportedSubscription {
        digest: field("digest")?.unwrap_or_default(),
        status: match field("status")? {
            // A person without a subscription.
            None => SubscriptionStatus::Unsubscribed,
            Some(word) => SubscriptionStatus::parse(&word).ok_or_else(|| {
                let known = SubscriptionStatus::ALL.map(SubscriptionStatus::as_str).join(", ");
                format!("{word:?} is not a valid status; use one of: {known}")
            })?,
        },
        consent: field("consent")?,
    };
    Ok(SubscriberLine { subscriber, attributes: texts, exported: Some(exported), suppression })
}

/// Returns the reason of a suppression; `None` for words that deny it.
fn parse_reason(word: &str) -> Result<Option<String>, String> {
    let word = word.to_lowercase();
    match word.as_str() {
        "no" | "false" | "0" => Ok(None),
        "yes" | "true" | "1" => Ok(Some("admin".to_owned())),
        reason if SUPPRESSION_REASONS.contains(&reason) => Ok(Some(word)),
        _ => Err(format!(
            "{word:?} is not a valid reason of a suppression; use one of: {}; or leave it empty",
            SUPPRESSION_REASONS.join(", ")
        )),
    }
}
