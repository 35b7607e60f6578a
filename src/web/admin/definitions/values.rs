//! Settings as the values of a form, and the other way round.

use serde_json::{Map, Value};

use super::fields::{Input, fields};
use super::schedule::ScheduleFields;
use crate::domain::definition::DefinitionKind;
use crate::web::form::Form;

/// Returns the settings that a form sends; keys without a field stay as in `present`.
pub(super) fn settings_of_form(
    kind: DefinitionKind,
    form: &Form,
    mut present: Map<String, Value>,
) -> Map<String, Value> {
    for field in fields(kind) {
        let value = match field.input {
            Input::Text | Input::Select(_) => text(form.first(field.key)),
            Input::Area => text(&form.first(field.key).replace("\r\n", "\n")),
            Input::Number => number(form.first(field.key)),
            Input::Lines => list(form.first(field.key).lines()),
            Input::Words => list(form.first(field.key).split([',', '，', '、', ' '])),
            Input::Choices(_) => list(form.all(field.key).iter().map(String::as_str)),
            Input::Texts => texts(field.key, form, present.get(field.key)),
            Input::Schedule => ScheduleFields::of_form(form).setting(present.get(field.key)),
        };
        match value {
            Some(value) => present.insert(field.key.to_owned(), value),
            None => present.remove(field.key),
        };
    }
    present
}

fn text(text: &str) -> Option<Value> {
    (!text.is_empty()).then(|| text.into())
}

/// Returns a number; a text that is none is kept, so that the validation reports it.
fn number(written: &str) -> Option<Value> {
    written.parse::<i64>().map(Value::from).ok().or_else(|| text(written))
}

fn list<'a>(elements: impl Iterator<Item = &'a str>) -> Option<Value> {
    let mut kept: Vec<&str> = Vec::new();
    for element in elements.map(str::trim).filter(|element| !element.is_empty()) {
        if !kept.contains(&element) {
            kept.push(element);
        }
    }
    (!kept.is_empty()).then(|| kept.into())
}

/// Returns the texts by language; those of languages that the form does not offer are kept.
fn texts(key: &str, form: &Form, present: Option<&Value>) -> Option<Value> {
    let mut texts = present.and_then(Value::as_object).cloned().unwrap_or_default();
    let prefix = format!("{key}.");
    for tag in form.names().filter_map(|name| name.strip_prefix(&prefix)) {
        match text(form.first(&format!("{prefix}{tag}"))) {
            Some(value) => texts.insert(tag.to_owned(), value),
            None => texts.remove(tag),
        };
    }
    (!texts.is_empty()).then(|| texts.into())
}

/// Returns the elements of a list; none for another value.
pub(super) fn elements(value: Option<&Value>) -> Vec<String> {
    let list = value.and_then(Value::as_array).into_iter().flatten();
    list.filter_map(|element| element.as_str().map(str::to_owned)).collect()
}

/// Returns a value as the text of an input.
pub(super) fn input_text(input: Input, value: Option<&Value>) -> String {
    match (input, value) {
        (_, None) => String::new(),
        (Input::Lines, value) => elements(value).join("\n"),
        (Input::Words, value) => elements(value).join(", "),
        (_, Some(Value::String(text))) => text.clone(),
        (_, Some(value)) => value.to_string(),
    }
}

/// Returns settings in which the values that a person left unchanged are those of `newest`: `base` are
/// the settings with which the person began.
pub(super) fn merge(
    kind: DefinitionKind,
    base: &Map<String, Value>,
    newest: &Map<String, Value>,
    own: &Map<String, Value>,
) -> Map<String, Value> {
    let mut merged = newest.clone();
    for field in fields(kind).filter(|field| own.get(field.key) != base.get(field.key)) {
        match own.get(field.key) {
            Some(value) => merged.insert(field.key.to_owned(), value.clone()),
            None => merged.remove(field.key),
        };
    }
    merged
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(value: Value) -> Map<String, Value> {
        value.as_object().cloned().unwrap_or_default()
    }

    #[test]
    fn a_form_replaces_its_fields_and_keeps_other_keys() {
        let form = Form::of(&[
            ("title", " New "),
            ("sections", "Campus"),
            ("sections", " Sport "),
            ("sections", "Campus"),
            ("tags", "a, b\r\n\r\nc"),
            ("languages", "en，zh"),
            ("items", "12"),
            ("titles.zh", "新"),
            ("titles.de", ""),
        ]);
        let present = object(json!({
            "was": ["old"], "items": 5, "content": "summary", "titles": {"de": "Alt", "fr": "Vieux"},
        }));
        let settings = settings_of_form(DefinitionKind::Feed, &form, present);
        let expected = json!({
            "was": ["old"], "title": "New", "sections": ["Campus", "Sport"], "tags": ["a, b", "c"],
            "languages": ["en", "zh"], "items": 12, "titles": {"zh": "新", "fr": "Vieux"},
        });
        assert_eq!(Value::from(settings), expected);
        let wrong = Form::of(&[("items", "many")]);
        let settings = settings_of_form(DefinitionKind::Feed, &wrong, Map::new());
        assert_eq!(settings["items"], "many", "the validation of the configuration reports it");
    }

    #[test]
    fn two_people_who_change_different_settings_lose_none() {
        let (base, newest) = (json!({"title": "A", "items": 5}), json!({"title": "B", "items": 5}));
        let own = json!({"title": "A", "items": 7});
        let merged = merge(DefinitionKind::Feed, &object(base), &object(newest), &object(own));
        assert_eq!(Value::from(merged), json!({"title": "B", "items": 7}));
    }
}
