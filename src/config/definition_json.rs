//! Definitions as JSON: the same keys and values as in the config file, with secrets hidden.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use super::redaction::{HIDDEN_TEXT, is_secret};

/// Returns the text of a definition with the keys of a JSON object, one per line. A key with `null` is
/// left out.
///
/// # Errors
/// Key and sentence of each value that no configuration can have.
pub fn definition_body(settings: &Map<String, Value>) -> Result<String, Vec<(String, String)>> {
    let (mut body, mut errors) = (String::new(), Vec::new());
    for (key, value) in settings.iter().filter(|(_, value)| !value.is_null()) {
        match toml_text(value) {
            // Writing to a text cannot fail.
            Ok(text) => drop(writeln!(body, "{} = {text}", toml_key(key))),
            Err(reason) => errors.push((key.clone(), reason.to_owned())),
        }
    }
    if errors.is_empty() { Ok(body) } else { Err(errors) }
}

/// Returns the keys and values of a definition; empty if its text is not valid.
pub fn definition_settings(body: &str) -> Map<String, Value> {
    let table = body.parse::<toml::Table>().unwrap_or_default();
    match serde_json::to_value(table) {
        Ok(Value::Object(settings)) => settings,
        _ => Map::new(),
    }
}

/// Returns the keys and values of a definition like [`definition_settings`], with `***` in place of each
/// secret.
pub fn shown_settings(body: &str) -> Map<String, Value> {
    let mut settings = definition_settings(body);
    for (_, value) in settings.iter_mut().filter(|(key, _)| is_secret(key)) {
        *value = HIDDEN_TEXT.into();
    }
    settings
}

/// Replaces each `***` that stands for a secret by the secret in the text of a definition.
///
/// # Errors
/// The keys of the secrets that the text does not have.
pub fn restore_secrets(
    mut settings: Map<String, Value>,
    body: &str,
) -> Result<Map<String, Value>, Vec<String>> {
    let (stored, mut missing) = (definition_settings(body), Vec::new());
    let is_hidden =
        |key: &String, value: &Value| is_secret(key) && value.as_str() == Some(HIDDEN_TEXT);
    for (key, value) in settings.iter_mut().filter(|(key, value)| is_hidden(key, value)) {
        match stored.get(key) {
            Some(secret) => *value = secret.clone(),
            None => missing.push(key.clone()),
        }
    }
    if missing.is_empty() { Ok(settings) } else { Err(missing) }
}

fn toml_key(key: &str) -> String {
    let is_bare = !key.is_empty()
        && key.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
    if is_bare { key.to_owned() } else { one_line(key) }
}

/// Returns a quoted TOML string without line breaks, which is also valid as a key.
fn one_line(text: &str) -> String {
    // JSON escapes are also those of TOML, except for the character that only TOML escapes.
    Value::from(text).to_string().replace('\u{7f}', "\\u007f")
}

fn toml_text(value: &Value) -> Result<String, &'static str> {
    match value {
        Value::Null => Err("a list cannot contain null"),
        Value::Bool(flag) => Ok(flag.to_string()),
        Value::Number(number) => Ok(number.to_string()),
        Value::String(text) => Ok(one_line(text)),
        Value::Array(items) => {
            let items: Result<Vec<String>, _> = items.iter().map(toml_text).collect();
            Ok(format!("[{}]", items?.join(", ")))
        }
        Value::Object(fields) => {
            let pair = |(key, value): (&String, &Value)| {
                toml_text(value).map(|text| format!("{} = {text}", toml_key(key)))
            };
            let pairs: Result<Vec<String>, _> = fields.iter().map(pair).collect();
            Ok(format!("{{ {} }}", pairs?.join(", ")))
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn object(value: Value) -> Map<String, Value> {
        match value {
            Value::Object(fields) => fields,
            _ => Map::new(),
        }
    }

    #[test]
    fn settings_are_written_one_key_per_line_and_read_back() {
        let settings = object(json!({
            "items": 5, "sections": ["Campus", "A \"b\""], "title": "One\nTwo",
            "titles": {"zh": "新闻", "zh-Hant": "新聞"}, "was": null,
        }));
        let body = definition_body(&settings).unwrap();
        assert_eq!(body.lines().count(), 4, "{body}");
        let mut expected = settings;
        expected.remove("was");
        assert_eq!(definition_settings(&body), expected);
    }

    #[test]
    fn a_null_in_a_list_is_refused() {
        let settings = object(json!({"sections": ["Campus", null]}));
        assert_eq!(definition_body(&settings).unwrap_err()[0].0, "sections");
    }

    #[test]
    fn secrets_are_hidden_and_kept_when_they_are_sent_back() {
        let body = "url = 'https://a.example/'\nsecret = 'hush'\n";
        let shown = shown_settings(body);
        assert_eq!(
            Value::from(shown.clone()),
            json!({"url": "https://a.example/", "secret": "***"})
        );
        assert_eq!(restore_secrets(shown.clone(), body), Ok(definition_settings(body)));
        assert_eq!(restore_secrets(shown, ""), Err(vec!["secret".to_owned()]));
        let changed = object(json!({"secret": "new", "title": "***"}));
        assert_eq!(restore_secrets(changed.clone(), body), Ok(changed));
    }

    proptest! {
        #[test]
        fn any_text_is_read_back_from_its_one_line(key in "\\PC{0,8}", text in any::<String>()) {
            let settings = object(json!({key: [text.clone()], "zz": {"a": text}}));
            let body = definition_body(&settings).unwrap();
            prop_assert_eq!(body.lines().count(), settings.len());
            prop_assert_eq!(definition_settings(&body), settings);
        }
    }
}
