//! Columns with several values: JSON lists, PostgreSQL's arrays, and texts with commas mean the same in
//! queries and files.

use serde_json::Value;

use super::limits;

/// Names of the columns that may contain several values.
pub(super) const LIST_COLUMNS: [&str; 3] = ["section", "tags", "author"];
/// Description of the accepted values, for an error.
pub(super) const ACCEPTED: &str =
    "a text, a number, `true`, `false`, an object with a text `name`, or a list of these";

/// Returns the values of a JSON value: those of a list or of lists in it, the `name` of an object, and
/// a single text or number. `null` is not a value. `None` if it contains any other value.
pub(super) fn json_values(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::Null => Some(Vec::new()),
        Value::Object(object) if object.is_empty() => Some(Vec::new()),
        Value::String(text) => Some(vec![text.clone()]),
        Value::Number(_) | Value::Bool(_) => Some(vec![value.to_string()]),
        Value::Object(object) => Some(vec![object.get("name")?.as_str()?.to_owned()]),
        Value::Array(list) => {
            let values: Option<Vec<Vec<String>>> = list.iter().map(json_values).collect();
            values.map(|values| values.into_iter().flatten().collect())
        }
    }
}

/// Returns the values of a text that is a JSON list, a JSON object with a `name`, or an array as
/// PostgreSQL prints it; `None` if it is an ordinary text. The error is the reason for rejection.
pub(super) fn list_in_text(text: &str) -> Result<Option<Vec<String>>, String> {
    let text = text.trim();
    if !text.starts_with(['[', '{']) {
        return Ok(None);
    }
    limits::check_json(text)?;
    if let Ok(value) = serde_json::from_str::<Value>(text) {
        return match json_values(&value) {
            Some(values) => Ok(Some(values)),
            None => Err(format!("must be {ACCEPTED}")),
        };
    }
    Ok(array_values(text))
}

/// Returns the values of an array as PostgreSQL prints it, `{one,"two, three"}`, those of inner arrays
/// included; NULL is not a value. `None` if the text is not an array.
pub(super) fn array_values(text: &str) -> Option<Vec<String>> {
    // Bounds other than the usual ones precede the array: `[0:1]={a,b}`.
    let array = match text.split_once("={") {
        Some((bounds, _)) if bounds.starts_with('[') && bounds.ends_with(']') => {
            &text[bounds.len() + 1..]
        }
        _ => text,
    };
    let mut rest = array.strip_prefix('{')?;
    let (mut depth, mut values) = (1, Vec::new());
    while depth > 0 {
        let next = rest.chars().next()?;
        match next {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' => {}
            '"' => {
                let (value, after) = quoted(&rest[1..])?;
                values.push(value);
                rest = after;
                continue;
            }
            _ => {
                let end = rest.find([',', '{', '}', '"'])?;
                let value = rest[..end].trim();
                if !value.is_empty() && !value.eq_ignore_ascii_case("null") {
                    values.push(value.to_owned());
                }
                rest = &rest[end..];
                continue;
            }
        }
        rest = &rest[next.len_utf8()..];
    }
    rest.is_empty().then_some(values)
}

/// Returns the value of a quoted element, and the text after its closing quote.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((value, &text[at + 1..])),
            '\\' => value.push(characters.next()?.1),
            _ => value.push(character),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(text: &str) -> Option<Vec<String>> {
        list_in_text(text).unwrap()
    }

    fn texts(values: &[&str]) -> Option<Vec<String>> {
        Some(values.iter().map(|value| (*value).to_owned()).collect())
    }

    #[test]
    fn lists_mean_the_same_in_json_and_in_postgresql() {
        let expected = texts(&["one", "two, three", "7", "true"]);
        assert_eq!(list(r#"["one", "two, three", 7, true, null]"#), expected);
        assert_eq!(list(r#"{one,"two, three",7,true,NULL}"#), expected);
        assert_eq!(list(r#"[["one"], ["two, three", 7], [], true]"#), expected);
        assert_eq!(list(r#"{{one,"two, three"},{7,true}}"#), expected);
        assert_eq!(list(r#"[0:3]={one,"two, three",7,true}"#), expected);
        assert_eq!(list(r#"{"say \"hi\" \\ now"}"#), texts(&[r#"say "hi" \ now"#]));
        assert_eq!(list(r#"[{"name": "one", "id": 3}, "two"]"#), texts(&["one", "two"]));
        assert_eq!(list(r#"{"name": "Mei Lin"}"#), texts(&["Mei Lin"]));
        assert_eq!((list("[]"), list("{}")), (texts(&[]), texts(&[])));
    }

    #[test]
    fn other_texts_are_not_lists() {
        for text in ["one, two", "[unfinished", "{unfinished", "{a} and {b}", "", "7", "\"x\""] {
            assert_eq!(list(text), None, "{text}");
        }
    }

    #[test]
    fn an_object_without_a_name_is_rejected() {
        for text in [r#"[{"id": 3}]"#, r#"{"id": 3}"#, r#"[{"name": {"en": "x"}}]"#] {
            assert!(list_in_text(text).unwrap_err().contains("object with a text `name`"));
        }
    }
}
