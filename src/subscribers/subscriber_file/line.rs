//! One line of a file of subscribers, read with the layout of its columns.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::super::{LineProblem, NewSubscriber};
use super::layout::Layout;
use super::presets::Preset;
use super::status::{LineStatus, parse_flag};
use crate::domain::address::Mailbox;
use crate::domain::attribute::{name_of_column, validate_name};
use crate::domain::subscription::SubscriptionStatus;
use crate::domain::tag;
use crate::fs::unescape_formula;
use crate::store::suppressions::SUPPRESSION_REASONS;

/// Maximum length of a field in bytes.
const MAX_FIELD_BYTES: usize = 1_000;
/// Maximum length of a JSON object with attributes in bytes.
const MAX_JSON_BYTES: usize = 100_000;

/// Person in a line, not validated yet.
#[derive(Debug, Default)]
pub(in crate::subscribers) struct SubscriberLine {
    /// Details of the person.
    pub(in crate::subscribers) subscriber: NewSubscriber,
    /// Texts of the other columns that are not empty, by the name of their attribute.
    pub(in crate::subscribers) attributes: BTreeMap<String, String>,
    /// Digest of the subscription, if the file is an export of Courant; empty for a person without one.
    pub(in crate::subscribers) digest: Option<String>,
    /// Status of the subscription, if the file states one.
    pub(in crate::subscribers) status: Option<LineStatus>,
    /// Evidence of the consent in the file.
    pub(in crate::subscribers) evidence: Option<String>,
    /// Reason for which the address is suppressed, if it is.
    pub(in crate::subscribers) suppression: Option<String>,
}

/// Reads a line, whose values have the order of the columns.
///
/// # Errors
/// The first value that is not valid.
pub(super) fn read_line(
    values: &[Cow<'_, str>],
    layout: &Layout,
) -> Result<SubscriberLine, LineProblem> {
    let cells = Cells { values };
    let mut line =
        SubscriberLine { subscriber: person(&cells, layout)?, ..SubscriberLine::default() };
    for (name, index) in &layout.attributes {
        let text = cells.text(name, *index)?;
        line.attributes.extend(text.map(|text| (name.clone(), text.to_owned())));
    }
    if let Some(index) = layout.json_attributes {
        let text = cells.raw(index);
        // A column of this name in any other file may have any content.
        if layout.preset == Some(Preset::Listmonk) || text.starts_with('{') {
            add_json_attributes(text, &mut line.attributes)?;
        }
    }
    if let Some(word) = cells.field("suppressed", layout.suppressed)? {
        line.suppression = parse_reason(word)?;
    }
    line.status = status(&cells, layout)?;
    if let Some(index) = layout.digest {
        line.digest = Some(cells.text("digest", index)?.unwrap_or_default().to_owned());
        line.evidence = cells.field("consent", layout.consent)?.map(str::to_owned);
    } else {
        line.evidence = evidence(&cells, layout)?;
    }
    Ok(line)
}

/// Values of a line, without surrounding blanks.
struct Cells<'a> {
    values: &'a [Cow<'a, str>],
}

impl<'a> Cells<'a> {
    fn raw(&self, index: usize) -> &'a str {
        self.values.get(index).map_or("", |value| unescape_formula(value.trim()))
    }

    /// Returns a value of one line that is not empty.
    fn text(&self, name: &str, index: usize) -> Result<Option<&'a str>, LineProblem> {
        let text = self.raw(index);
        if text.len() > MAX_FIELD_BYTES || text.contains(['\r', '\n']) {
            return Err(LineProblem::LongField { column: name.to_owned(), limit: MAX_FIELD_BYTES });
        }
        Ok(Some(text).filter(|text| !text.is_empty()))
    }

    fn field(&self, name: &str, index: Option<usize>) -> Result<Option<&'a str>, LineProblem> {
        index.map_or(Ok(None), |index| self.text(name, index))
    }
}

fn person(cells: &Cells<'_>, layout: &Layout) -> Result<NewSubscriber, LineProblem> {
    let owned = |text: Option<&str>| text.map(str::to_owned);
    let email = cells.field("email", layout.email)?.unwrap_or_default();
    let mut name = owned(cells.field("name", layout.name)?);
    if layout.first_name.is_some() || layout.last_name.is_some() {
        let first = cells.field("first_name", layout.first_name)?;
        name = joined_name(first, cells.field("last_name", layout.last_name)?);
    }
    // `Name <address>`, as mail programs copy it.
    let mut address = email.to_owned();
    if email.ends_with('>')
        && let Ok(mailbox) = Mailbox::parse(email)
    {
        address = mailbox.address.as_str().to_owned();
        name = name.or(mailbox.name);
    }
    let mut timezone = owned(cells.field("timezone", layout.timezone)?);
    if layout.preset == Some(Preset::Mailchimp) {
        // A guess of the service by the network, which may have no name that others know.
        timezone = timezone.filter(|zone| jiff::tz::TimeZone::get(zone).is_ok());
    }
    let mut tags = Vec::new();
    for index in &layout.tags {
        add_tags(cells.text("tags", *index)?.unwrap_or_default(), layout.preset, &mut tags);
    }
    Ok(NewSubscriber {
        email: address,
        name,
        language: owned(cells.field("language", layout.language)?),
        timezone,
        sections: split_list(cells.field("sections", layout.sections)?.unwrap_or_default()),
        resets_sections: false,
        tags,
        attributes: BTreeMap::new(),
    })
}

fn split_list(text: &str) -> Vec<String> {
    let parts = text.split([';', '|', ',']).map(str::trim);
    parts.filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

/// Adds the tags of a cell; of the export of another service only those that Courant can store.
fn add_tags(text: &str, preset: Option<Preset>, tags: &mut Vec<String>) {
    let cleaned = |text: &str| text.trim().trim_matches('"').trim().to_owned();
    match preset {
        None | Some(Preset::Courant) => {
            tags.extend(split_list(text).iter().map(|tag| cleaned(tag)))
        }
        // The list of a person who is in none.
        Some(Preset::Mailpoet) if text == "Not In Segment" => {}
        Some(_) => {
            let parts = split_list(text);
            tags.extend(
                parts.iter().map(|tag| cleaned(tag)).filter(|tag| tag::normalize(tag).is_ok()),
            );
        }
    }
}

/// Returns the whole name: with the family name first and without a blank, if both parts are Chinese.
fn joined_name(first: Option<&str>, last: Option<&str>) -> Option<String> {
    let is_han = |text: &str| text.chars().all(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
    match (first, last) {
        (Some(first), Some(last)) if is_han(first) && is_han(last) => {
            Some(format!("{last}{first}"))
        }
        (Some(first), Some(last)) => Some(format!("{first} {last}")),
        (first, last) => first.or(last).map(str::to_owned),
    }
}

/// Returns the status that the line states.
fn status(cells: &Cells<'_>, layout: &Layout) -> Result<Option<LineStatus>, LineProblem> {
    let word = cells.field("status", layout.status)?;
    if layout.preset == Some(Preset::Courant) {
        return own_status(word).map(Some);
    }
    if let Some(index) = layout.unsubscribe_reason
        && ["abuse", "complaint"].iter().any(|part| cells.raw(index).to_lowercase().contains(part))
    {
        return Ok(Some(LineStatus::Suppressed("complaint")));
    }
    if layout.cleaned {
        return Ok(Some(LineStatus::Suppressed("bounce")));
    }
    let is_deleted = layout.deleted.is_some_and(|index| !cells.raw(index).is_empty());
    let is_off =
        layout.flags.iter().any(|(index, yes)| parse_flag(cells.raw(*index)) == Some(!yes));
    if layout.unsubscribed || is_deleted || is_off {
        return Ok(Some(LineStatus::Unsubscribed));
    }
    let global = word.and_then(LineStatus::of_word);
    let of_list = cells.field("status", layout.list_status)?.and_then(LineStatus::of_word);
    // The status of a person in one list counts unless the person receives nothing at all.
    Ok(match (global, of_list) {
        (Some(LineStatus::Subscribed), Some(LineStatus::Unsubscribed)) => {
            Some(LineStatus::LeftList)
        }
        (None | Some(LineStatus::Subscribed), Some(of_list)) => Some(of_list),
        (global, _) => global,
    })
}

/// Parses the status in an export of Courant.
fn own_status(word: Option<&str>) -> Result<LineStatus, LineProblem> {
    let status = match word {
        // A person without a subscription.
        None => SubscriptionStatus::Unsubscribed,
        Some(word) => SubscriptionStatus::parse(word).ok_or_else(|| {
            let known = SubscriptionStatus::ALL.map(SubscriptionStatus::as_str).join(", ");
            LineProblem::InvalidStatus { status: word.to_owned(), known }
        })?,
    };
    Ok(match status {
        SubscriptionStatus::Pending => LineStatus::Pending,
        SubscriptionStatus::Confirmed => LineStatus::Subscribed,
        SubscriptionStatus::Paused => LineStatus::Paused,
        SubscriptionStatus::Unsubscribed => LineStatus::Unsubscribed,
    })
}

/// Returns the dates and networks of the consent, introduced by the name of the service.
fn evidence(cells: &Cells<'_>, layout: &Layout) -> Result<Option<String>, LineProblem> {
    let mut parts = Vec::new();
    for (introduction, index) in &layout.evidence {
        let text = cells.text(introduction, *index)?;
        parts.extend(text.map(|text| format!("{introduction} {text}")));
    }
    let service = layout.preset.map_or("", Preset::title);
    Ok((!parts.is_empty()).then(|| format!("{service}: {}", parts.join(", "))))
}

/// Adds the values of a JSON object; lists become texts, and objects within it further attributes.
fn add_json_attributes(
    text: &str,
    attributes: &mut BTreeMap<String, String>,
) -> Result<(), LineProblem> {
    if text.is_empty() {
        return Ok(());
    }
    if text.len() > MAX_JSON_BYTES {
        return Err(LineProblem::LongAttributes { limit: MAX_JSON_BYTES });
    }
    let json: Json = serde_json::from_str(text)
        .map_err(|error| LineProblem::AttributesNotJson { error: error.to_string() })?;
    match json {
        Json::Object(_) => add_json("", &json, attributes),
        Json::Null => {}
        _ => {
            return Err(LineProblem::AttributesNotObject);
        }
    }
    Ok(())
}

fn add_json(path: &str, json: &Json, attributes: &mut BTreeMap<String, String>) {
    if let Json::Object(values) = json {
        for (key, value) in values {
            let path = if path.is_empty() { key.clone() } else { format!("{path} {key}") };
            add_json(&path, value, attributes);
        }
        return;
    }
    let text = json_text(json);
    let name = name_of_column(path).filter(|name| validate_name(name).is_ok());
    if let Some(name) = name.filter(|_| !text.is_empty() && text.len() <= MAX_FIELD_BYTES) {
        attributes.insert(name, text);
    }
}

/// Returns a JSON value as the text of a cell.
pub(super) fn json_text(json: &Json) -> String {
    match json {
        Json::Null => String::new(),
        Json::String(text) => text.trim().to_owned(),
        Json::Array(items) => items
            .iter()
            .map(json_text)
            .filter(|text| !text.is_empty())
            .collect::<Vec<_>>()
            .join("; "),
        Json::Bool(_) | Json::Number(_) | Json::Object(_) => json.to_string(),
    }
}

/// Returns the reason of a suppression; `None` for words that deny it.
fn parse_reason(word: &str) -> Result<Option<String>, LineProblem> {
    let word = word.to_lowercase();
    match word.as_str() {
        "no" | "false" | "0" => Ok(None),
        "yes" | "true" | "1" => Ok(Some("admin".to_owned())),
        reason if SUPPRESSION_REASONS.contains(&reason) => Ok(Some(word)),
        _ => {
            let known = SUPPRESSION_REASONS.join(", ");
            Err(LineProblem::InvalidSuppression { word, known })
        }
    }
}

#[cfg(test)]
mod tests;
