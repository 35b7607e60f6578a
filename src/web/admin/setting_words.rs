//! Settings of definitions in words: their names, and their values.

use serde_json::Value as Json;

use super::definitions::fields::setting_label;
use super::visit::Visit;
use crate::config;
use crate::domain::definition::DefinitionKind;
use crate::domain::schedule::Schedule;

/// Text in place of a value that does not exist.
pub(super) const NONE: &str = "—";
/// Key of the schedule of a digest.
const SCHEDULE: &str = "schedule";

/// Returns the name of a setting, which is its label in the form if it has one; its key if the catalog has no
/// name for it.
pub(super) fn setting_name(visit: &Visit, kind: DefinitionKind, key: &str) -> String {
    setting_label(visit, kind, key).unwrap_or_else(|| field_label(visit, key))
}

/// Returns the name of a field; its key if the catalog has none.
pub(super) fn field_label(visit: &Visit, key: &str) -> String {
    let text_key = format!("audit-field-{}", key.replace('_', "-"));
    visit.known_text(&text_key).unwrap_or_else(|| key.to_owned())
}

/// Returns a value of a definition, which is TOML, as a text; a schedule in words if it has some.
pub(super) fn setting_text(visit: &Visit, key: &str, toml: &str) -> String {
    let value = config::shown_value(toml);
    let pattern = value.as_ref().and_then(Json::as_str).filter(|_| key == SCHEDULE);
    let schedule = pattern.and_then(|pattern| Schedule::parse(pattern).ok());
    if let Some(recurrence) = schedule.and_then(|schedule| schedule.recurrence()) {
        return visit.app().templates.recurrence_text(&visit.client.language, &recurrence);
    }
    // The value of a secret is hidden, and no TOML.
    value.map_or_else(|| toml.to_owned(), |value| plain_text(visit, &value))
}

/// Returns a value of JSON as a text.
pub(super) fn plain_text(visit: &Visit, value: &Json) -> String {
    match value {
        Json::Null => NONE.to_owned(),
        Json::Bool(true) => visit.text("people-yes", &[]),
        Json::Bool(false) => visit.text("people-no", &[]),
        Json::String(text) => text.clone(),
        Json::Array(values) => {
            let texts: Vec<String> = values.iter().map(|one| plain_text(visit, one)).collect();
            visit.app().templates.join(&visit.client.language, &texts)
        }
        Json::Object(values) => {
            let pairs =
                values.iter().map(|(key, one)| format!("{key}: {}", plain_text(visit, one)));
            pairs.collect::<Vec<_>>().join("; ")
        }
        Json::Number(number) => number.to_string(),
    }
}
