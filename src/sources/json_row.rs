//! Conversion of a JSON object to a row.

use serde_json::Value;

use super::limits;
use super::list_column::{ACCEPTED, LIST_COLUMNS, json_values};
use super::row::{Row, check_column};

/// Converts the text of a JSON object to a row; the error is the reason why it cannot be one.
pub(super) fn json_row(line: &str, article_url_pattern: Option<&str>) -> Result<Row, String> {
    limits::check_json(line).map_err(|problem| format!("the line {problem}"))?;
    let value: Value = serde_json::from_str(line).map_err(|e| format!("not valid JSON: {e}"))?;
    let Value::Object(object) = value else {
        return Err("a line must contain one JSON object".into());
    };
    let mut row = Row::new();
    for (key, value) in object {
        let key = key.to_lowercase();
        check_column(&key, article_url_pattern)?;
        let is_list = LIST_COLUMNS.contains(&key.as_str());
        let text = match value {
            // Columns of databases contain several values in the same form.
            Value::Array(_) | Value::Object(_) if is_list => {
                json_values(&value).map(|values| Value::from(values).to_string())
            }
            Value::Null => continue,
            one => scalar_text(one),
        };
        let text = text.ok_or_else(|| {
            let accepted =
                if is_list { ACCEPTED } else { "one value: a text, a number, `true` or `false`" };
            format!("`{key}` must be {accepted}")
        })?;
        row.insert(key, text);
    }
    Ok(row)
}

/// Returns a JSON text, number or boolean as text; `None` for any other value.
fn scalar_text(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}
