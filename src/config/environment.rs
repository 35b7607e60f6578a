//! The environment's word on the configuration: `COURANT__SECTION__KEY`, `COURANT__TRANSPORTS__NAME__KEY`, `…_FILE`.

use std::fs;
use std::path::Path;

use toml::de::DeValue;

use super::document::{Document, Said, Table, Value, label};
use super::error::{Faults, Place};
use super::keys::{SECTIONS, Section, Shape, TOP, advice};

const PREFIX: &str = "COURANT__";

/// Writes the values of all variables that begin with `COURANT__` over the file's; `folder` is where relative paths of
/// `_FILE` variables begin.
pub(super) fn overlay(
    document: &mut Document,
    env: impl Iterator<Item = (String, String)>,
    folder: &Path,
    faults: &mut Faults,
) {
    let mut variables: Vec<(String, String)> =
        env.filter(|(name, _)| name.starts_with(PREFIX)).collect();
    variables.sort();
    let mut written: Vec<(String, String)> = Vec::new();
    for (variable, value) in variables {
        let place = Place::Variable(variable.clone());
        if let Err(sentence) = apply(document, &variable, value, folder, &mut written) {
            faults.add(&place, sentence);
        }
    }
}

/// One variable; what was written by which, so that a key and its `_FILE` do not compete.
fn apply(
    document: &mut Document,
    variable: &str,
    value: String,
    folder: &Path,
    written: &mut Vec<(String, String)>,
) -> Result<(), String> {
    let path = variable.strip_prefix(PREFIX).unwrap_or_default().to_ascii_lowercase();
    let parts: Vec<&str> = path.split("__").collect();
    let (section, name, key) = match parts.as_slice() {
        [key] => (&TOP, None, *key),
        [section, key] => (named(section)?, None, *key),
        [section, name, key] => (named(section)?, Some(*name), *key),
        _ => {
            return Err(
                "this names no key: write COURANT__SECTION__KEY or COURANT__LIST__NAME__KEY"
                    .to_owned(),
            );
        }
    };
    let (key, shape, is_file) = match (section.shape(key), key.strip_suffix("_file")) {
        (Some(shape), _) => (key, shape, false),
        (None, Some(plain)) => {
            (plain, section.shape(plain).ok_or_else(|| section.unknown(plain))?, true)
        }
        (None, None) => return Err(section.unknown(key)),
    };
    let table = table_of(document, section, name)?;
    if section.is_list && key == "name" {
        return Err(
            "a name is given in the file, for the environment finds the table by it".to_owned()
        );
    }
    let target = format!("{} {key}", label(section, table.name()));
    if let Some((other, _)) = written.iter().find(|(_, earlier)| *earlier == target) {
        return Err(format!("{other} sets the same key: keep one of them"));
    }
    written.push((variable.to_owned(), target));
    let text = if is_file { contents(&folder.join(&value))? } else { value };
    let place = Place::Variable(variable.to_owned());
    let value = typed(text, shape, &place)?;
    table.entries.insert(key.to_owned(), Said { value, place });
    Ok(())
}

fn named(name: &str) -> Result<&'static Section, String> {
    let known = SECTIONS.iter().filter(|section| !section.name.is_empty());
    known.clone().find(|section| section.name == name).copied().ok_or_else(|| {
        format!(
            "`{name}` is no section of the configuration; {}",
            advice(name, known.map(|section| section.name))
        )
    })
}

/// The table a variable speaks of; in a list the one whose name it holds, with `_` for `-`.
fn table_of<'a>(
    document: &'a mut Document,
    section: &Section,
    name: Option<&str>,
) -> Result<&'a mut Table, String> {
    let tables = document.tables_mut(section);
    match (section.is_list, name) {
        (false, None) => {
            tables.first_mut().ok_or_else(|| format!("there is no [{}]", section.name))
        }
        (false, Some(_)) => Err(format!(
            "[{}] is no list: write COURANT__{}__KEY",
            section.name,
            section.name.to_uppercase()
        )),
        (true, None) => Err(format!(
            "[[{}]] is a list: write COURANT__{}__NAME__KEY",
            section.name,
            section.name.to_uppercase()
        )),
        (true, Some(name)) => {
            let is_meant =
                |table: &&mut Table| table.name().is_some_and(|own| own.replace('-', "_") == name);
            tables.iter_mut().find(is_meant).ok_or_else(|| {
                format!(
                    "the file has no [[{}]] with the name `{}`, and the environment adds none",
                    section.name,
                    name.replace('_', "-")
                )
            })
        }
    }
}

/// A secret's file without its last line break.
fn contents(path: &Path) -> Result<String, String> {
    let text =
        fs::read_to_string(path).map_err(|e| format!("cannot read {}: {e}", path.display()))?;
    let text = text.strip_suffix('\n').unwrap_or(&text);
    Ok(text.strip_suffix('\r').unwrap_or(text).to_owned())
}

/// A variable's text as its key takes it: a password 12345 stays a text. The value is never repeated in a refusal.
fn typed(text: String, shape: Shape, place: &Place) -> Result<Value, String> {
    match shape {
        Shape::Text => Ok(Value::Text(text)),
        Shape::Number => match text.trim().parse() {
            Ok(number) => Ok(Value::Number(number)),
            Err(_) => Err("this takes a whole number".to_owned()),
        },
        Shape::Flag => match text.trim() {
            "true" => Ok(Value::Flag(true)),
            "false" => Ok(Value::Flag(false)),
            _ => Err("this takes true or false".to_owned()),
        },
        Shape::List => {
            let elements = if text.trim_start().starts_with('[') {
                toml_list(&text)?
            } else {
                comma_list(&text)
            };
            let said = |element| Said { value: Value::Text(element), place: place.clone() };
            Ok(Value::List(elements.into_iter().map(said).collect()))
        }
    }
}

fn comma_list(text: &str) -> Vec<String> {
    text.split(',')
        .map(str::trim)
        .filter(|element| !element.is_empty())
        .map(str::to_owned)
        .collect()
}

fn toml_list(text: &str) -> Result<Vec<String>, String> {
    let refusal = || {
        "this takes texts with commas between them, or a TOML list such as [\"a\", \"b, c\"]"
            .to_owned()
    };
    let value = DeValue::parse(text.trim()).map_err(|_| refusal())?.into_inner();
    let elements = value.as_array().ok_or_else(refusal)?;
    elements
        .iter()
        .map(|element| element.get_ref().as_str().map(str::to_owned).ok_or_else(refusal))
        .collect()
}
