//! Details of audit entries as fields with their values, in words of the catalog.

use std::collections::HashMap;

use serde_json::Value as Json;

use super::setting_words::{NONE, field_label, plain_text, setting_name, setting_text};
use super::visit::Visit;
use crate::config::KeyChange;
use crate::definitions;
use crate::domain::audit::{AuditAction, AuditObject};
use crate::domain::definition::DefinitionKind;
use crate::domain::role::Role;
use crate::domain::time::Millis;
use crate::store::StoreResult;
use crate::store::audit_log::AuditEntry;
use crate::templates::pages::{DetailField, Details};

/// Number of fields that are shown without unfolding the others.
const SHOWN: usize = 4;
/// Number of characters of a value that are shown without unfolding it.
const SHOWN_CHARS: usize = 60;
/// Key of the former names of a definition, which the entry of the change has itself.
const FORMER_NAMES: &str = "was";

/// Changes of the definitions that audit entries name, by the number of the version.
#[derive(Debug, Default)]
pub(super) struct DefinitionChanges(HashMap<i64, Vec<KeyChange>>);

impl DefinitionChanges {
    /// Reads the changes of all versions that entries created or changed.
    pub(super) async fn read(visit: &Visit, entries: &[AuditEntry]) -> StoreResult<Self> {
        let mut of_versions = HashMap::new();
        let mut read = Vec::new();
        for entry in entries {
            let Some(kind) = kind_of(entry.object) else { continue };
            let object = (kind, entry.object_id.as_str());
            if entry.action == AuditAction::Delete || read.contains(&object) {
                continue;
            }
            read.push(object);
            let (kind, name) = object;
            for revision in definitions::history(&visit.app().store, kind, name).await? {
                of_versions.insert(revision.version.version, revision.changes);
            }
        }
        Ok(Self(of_versions))
    }

    fn of(&self, entry: &AuditEntry) -> &[KeyChange] {
        let detail = entry.detail.as_ref().filter(|_| entry.action != AuditAction::Delete);
        let version = detail.and_then(|detail| detail["version"].as_i64());
        version.and_then(|version| self.0.get(&version)).map_or(&[], Vec::as_slice)
    }
}

/// Returns the kind of definition that an audit entry is about.
pub(super) fn kind_of(object: AuditObject) -> Option<DefinitionKind> {
    match object {
        AuditObject::Digest => Some(DefinitionKind::Digest),
        AuditObject::Feed => Some(DefinitionKind::Feed),
        AuditObject::Segment => Some(DefinitionKind::Segment),
        AuditObject::Webhook => Some(DefinitionKind::Webhook),
        _ => None,
    }
}

/// Returns the details of an entry, with those of a definition as its changed settings; `None` if there
/// are none.
pub(super) fn details(
    visit: &Visit,
    entry: &AuditEntry,
    definitions: &DefinitionChanges,
) -> Option<Details> {
    let changes = definitions.of(entry);
    let kind = kind_of(entry.object);
    let of_change = |change: &KeyChange| {
        let label = match kind {
            Some(kind) => setting_name(visit, kind, &change.key),
            None => field_label(visit, &change.key),
        };
        let key = change.key.as_str();
        let text =
            |value: &Option<String>| value.as_deref().map(|toml| setting_text(visit, key, toml));
        let (before, after) = (text(&change.before), text(&change.after));
        let after = after.unwrap_or_else(|| NONE.to_owned());
        let is_new = entry.action == AuditAction::Create;
        let before = (!is_new).then(|| before.unwrap_or_else(|| NONE.to_owned()));
        field(label, before, after)
    };
    let mut fields: Vec<DetailField> =
        changes.iter().filter(|change| change.key != FORMER_NAMES).map(of_change).collect();
    // The settings say more than the number of their version.
    let is_told = |key: &str| key == "version" && !changes.is_empty();
    let own = entry.detail.as_ref().and_then(Json::as_object).into_iter().flatten();
    let own = own.filter(|(key, value)| !is_told(key) && !is_nothing(key, value));
    fields.extend(
        own.map(|(key, value)| field(field_label(visit, key), None, value_text(visit, key, value))),
    );
    if fields.is_empty() {
        return None;
    }
    let more = fields.split_off(fields.len().min(SHOWN));
    let count = i64::try_from(more.len()).unwrap_or(i64::MAX);
    let more_text = visit.text("audit-more", &[("count", count.into())]);
    Some(Details { shown: fields, more, more_text })
}

/// Returns `true` for the number or names of changes of which there are none.
fn is_nothing(key: &str, value: &Json) -> bool {
    match key {
        "values" => value.as_i64() == Some(0),
        "fields" => value.as_array().is_some_and(Vec::is_empty),
        _ => false,
    }
}

fn field(label: String, before: Option<String>, after: String) -> DetailField {
    let is_long = |text: &String| text.chars().count() > SHOWN_CHARS;
    let is_shortened = before.as_ref().is_some_and(is_long) || is_long(&after);
    let join = |before: Option<String>, after: String| match before {
        Some(before) => format!("{before} → {after}"),
        None => after,
    };
    let text = join(before.as_deref().map(shortened), shortened(&after));
    let whole = is_shortened.then(|| join(before, after));
    DetailField { label, text, whole }
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(SHOWN_CHARS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// Returns a value of the details as a text.
fn value_text(visit: &Visit, key: &str, value: &Json) -> String {
    match (key, value) {
        ("digest", Json::String(name)) => visit.digest_title(name),
        ("digests", Json::Array(names)) => {
            let names = names.iter().filter_map(Json::as_str).map(str::to_owned);
            visit.digest_titles(&names.collect::<Vec<_>>())
        }
        ("fields", Json::Array(columns)) => {
            let columns = columns.iter().filter_map(Json::as_str);
            let text = |column: &str| visit.text(&format!("people-import-column-{column}"), &[]);
            let texts: Vec<String> = columns.map(text).collect();
            visit.app().templates.join(&visit.client.language, &texts)
        }
        ("role", Json::String(word)) => {
            Role::parse(word).map_or_else(|| word.clone(), |role| visit.role(role))
        }
        ("expires_at", Json::String(time)) => match time.parse::<jiff::Timestamp>() {
            Ok(time) => visit.time(Millis::from(time)).text,
            Err(_) => time.clone(),
        },
        ("state", Json::String(word)) => {
            let text_key = format!("state-{}", word.replace('_', "-"));
            visit.known_text(&text_key).unwrap_or_else(|| word.clone())
        }
        (_, Json::String(word)) => {
            let text_key = format!("audit-value-{}", word.replace('_', "-"));
            visit.known_text(&text_key).unwrap_or_else(|| word.clone())
        }
        (_, value) => plain_text(visit, value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_value_is_shortened_with_the_whole_beside_it() {
        let short = field("Title".into(), Some("A".into()), "B".into());
        assert_eq!((short.text.as_str(), short.whole), ("A → B", None));
        let long = field("Title".into(), Some("A".into()), "早".repeat(61));
        assert_eq!(long.text, format!("A → {}…", "早".repeat(60)));
        assert_eq!(long.whole, Some(format!("A → {}", "早".repeat(61))));
        let new = field("Title".into(), None, "x".repeat(60));
        assert_eq!((new.text, new.whole), ("x".repeat(60), None));
    }
}
