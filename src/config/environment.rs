//! Overrides from environment variables: `COURANT__SECTION__KEY`, `COURANT__TRANSPORTS__NAME__KEY`,
//! `…_FILE`.

use std::fs;
use std::path::Path;

use toml::de::DeValue;

use super::document::{Document, Spanned, Table, Value, label};
use super::error::{Diagnostics, Location};
use super::keys::{TABLES, TOP_LEVEL, TableSchema, ValueType, unknown_table};

const PREFIX: &str = "COURANT__";

/// Applies all variables that start with `COURANT__`. Relative paths of `_FILE` variables start at
/// `base_dir`.
pub(super) fn apply_overrides(
    document: &mut Document,
    env: impl Iterator<Item = (String, String)>,
    base_dir: &Path,
    diagnostics: &mut Diagnostics,
) {
    let mut variables: Vec<(String, String)> =
        env.filter(|(name, _)| name.starts_with(PREFIX)).collect();
    variables.sort();
    let mut written: Vec<(String, String)> = Vec::new();
    for (variable, value) in variables {
        let location = Location::Variable(variable.clone());
        if let Err(message) = apply(document, &variable, value, base_dir, &mut written) {
            diagnostics.add(&location, message);
        }
    }
}

/// Applies one variable. `written` maps earlier variables to their keys, so that two variables for
/// one key are an error.
fn apply(
    document: &mut Document,
    variable: &str,
    value: String,
    base_dir: &Path,
    written: &mut Vec<(String, String)>,
) -> Result<(), String> {
    let path = variable.strip_prefix(PREFIX).unwrap_or_default().to_ascii_lowercase();
    let parts: Vec<&str> = path.split("__").collect();
    let (section, name, key) = match parts.as_slice() {
        [key] => (&TOP_LEVEL, None, *key),
        [section, key] => (find_table(section)?, None, *key),
        [section, inner, key] if has_inner(section, inner) => {
            (find_table(&format!("{section}.{inner}"))?, None, *key)
        }
        [section, name, key] => (find_table(section)?, Some(*name), *key),
        _ => {
            return Err(
                "the variable does not name a key; write COURANT__SECTION__KEY or COURANT__LIST__NAME__KEY"
                    .to_owned(),
            );
        }
    };
    let (key, value_type, is_file) = match (section.value_type(key), key.strip_suffix("_file")) {
        (Some(value_type), _) => (key, value_type, false),
        (None, Some(plain)) => {
            (plain, section.value_type(plain).ok_or_else(|| section.unknown_key(plain))?, true)
        }
        (None, None) => return Err(section.unknown_key(key)),
    };
    let table = table_of(document, section, name)?;
    if section.is_list && key == "name" {
        return Err(
            "a name cannot be overridden, because it identifies the table; change it in the file"
                .to_owned(),
        );
    }
    let target = format!("{} {key}", label(section, table.name()));
    if let Some((other, _)) = written.iter().find(|(_, earlier)| *earlier == target) {
        return Err(format!("{other} sets the same key; keep one of them"));
    }
    written.push((variable.to_owned(), target));
    let text = if is_file { read_value_file(&base_dir.join(&value))? } else { value };
    let location = Location::Variable(variable.to_owned());
    let value = parse_value(text, value_type, &location)?;
    table.entries.insert(key.to_owned(), Spanned { value, location });
    Ok(())
}

/// Returns `true` if a section has a table of this name below it, such as `[admin.oidc]`.
fn has_inner(section: &str, inner: &str) -> bool {
    TABLES.iter().any(|table| table.name.split_once('.') == Some((section, inner)))
}

fn find_table(name: &str) -> Result<&'static TableSchema, String> {
    let section = TABLES.iter().find(|section| !section.name.is_empty() && section.name == name);
    section.copied().ok_or_else(|| unknown_table(name))
}

/// Returns the table that a variable names; in a list, the one with that name (`_` stands for `-`).
fn table_of<'a>(
    document: &'a mut Document,
    section: &TableSchema,
    name: Option<&str>,
) -> Result<&'a mut Table, String> {
    let tables = document.tables_mut(section);
    match (section.is_list, name) {
        (false, None) => tables.first_mut().ok_or_else(|| format!("no section [{}]", section.name)),
        (false, Some(_)) => Err(format!(
            "[{}] is not a list; write COURANT__{}__KEY",
            section.name,
            section.name.to_uppercase()
        )),
        (true, None) => Err(format!(
            "[[{}]] is a list; write COURANT__{}__NAME__KEY",
            section.name,
            section.name.to_uppercase()
        )),
        (true, Some(name)) => {
            let has_name = |table: &&mut Table| {
                table.name().is_some_and(|own| own.to_lowercase().replace(['-', ' '], "_") == name)
            };
            tables.iter_mut().find(has_name).ok_or_else(|| {
                format!(
                    "the file has no [[{}]] with the name `{}`, and variables cannot add one",
                    section.name,
                    name.replace('_', "-")
                )
            })
        }
    }
}

/// Reads the value of a `_FILE` variable, without the final line break.
fn read_value_file(path: &Path) -> Result<String, String> {
    let text =
        fs::read_to_string(path).map_err(|e| format!("cannot read {}: {e}", path.display()))?;
    let text = text.strip_suffix('\n').unwrap_or(&text);
    Ok(text.strip_suffix('\r').unwrap_or(text).to_owned())
}

/// Converts the text of a variable to the type of its key, so that the password 12345 stays a
/// string. Errors never quote the value.
fn parse_value(text: String, value_type: ValueType, location: &Location) -> Result<Value, String> {
    match value_type {
        ValueType::Text => Ok(Value::Text(text)),
        ValueType::Tables(_) => {
            Err("a variable cannot contain tables; write them in the file".to_owned())
        }
        ValueType::Integer => match text.trim().parse() {
            Ok(number) => Ok(Value::Integer(number)),
            Err(_) => Err("the value must be an integer".to_owned()),
        },
        ValueType::Boolean => match text.trim() {
            "true" => Ok(Value::Boolean(true)),
            "false" => Ok(Value::Boolean(false)),
            _ => Err("the value must be true or false".to_owned()),
        },
        ValueType::Texts => texts(&text, location),
        ValueType::List => {
            let elements = if text.trim_start().starts_with('[') {
                toml_list(&text)?
            } else {
                comma_list(&text)
            };
            let spanned =
                |element| Spanned { value: Value::Text(element), location: location.clone() };
            Ok(Value::List(elements.into_iter().map(spanned).collect()))
        }
    }
}

/// Parses a table of texts by language, written as an inline table of TOML.
fn texts(text: &str, location: &Location) -> Result<Value, String> {
    let type_error = || {
        "the value must be a TOML table of texts by language, such as { zh = \"新闻\", de = \"Neues\" }"
            .to_owned()
    };
    let value = DeValue::parse(text.trim()).map_err(|_| type_error())?.into_inner();
    let table = value.as_table().ok_or_else(type_error)?;
    let entry = |(key, value): (&toml::Spanned<_>, &toml::Spanned<DeValue<'_>>)| {
        let text = value.get_ref().as_str().ok_or_else(type_error)?;
        let value = Value::Text(text.to_owned());
        let key: &std::borrow::Cow<'_, str> = key.get_ref();
        Ok((key.to_string(), Spanned { value, location: location.clone() }))
    };
    Ok(Value::Table(table.iter().map(entry).collect::<Result<_, String>>()?))
}

fn comma_list(text: &str) -> Vec<String> {
    text.split(',')
        .map(str::trim)
        .filter(|element| !element.is_empty())
        .map(str::to_owned)
        .collect()
}

fn toml_list(text: &str) -> Result<Vec<String>, String> {
    let type_error = || {
        "the value must be a comma-separated list of strings, or a TOML list such as [\"a\", \"b, c\"]"
            .to_owned()
    };
    let value = DeValue::parse(text.trim()).map_err(|_| type_error())?.into_inner();
    let elements = value.as_array().ok_or_else(type_error)?;
    elements
        .iter()
        .map(|element| element.get_ref().as_str().map(str::to_owned).ok_or_else(type_error))
        .collect()
}
