//! Reads typed values from a table. Errors are collected, and reading continues.
//!
//! `None` means that an error was reported. An absent key yields `Some(None)` or the default.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use super::document::{Spanned, Table, Value, label};
use super::error::{Diagnostics, Location};
use super::keys::{TableSchema, ValueType};
use crate::domain::text_language::validate_language_tag;
use crate::domain::translations::Translations;

/// Reader of one table, which collects errors.
pub(super) struct Reader<'a> {
    section: &'static TableSchema,
    table: &'a Table,
    diagnostics: &'a mut Diagnostics,
}

impl<'a> Reader<'a> {
    /// Creates a reader for a table of a section.
    pub(super) fn new(
        section: &'static TableSchema,
        table: &'a Table,
        diagnostics: &'a mut Diagnostics,
    ) -> Self {
        Self { section, table, diagnostics }
    }

    /// Reports an error about a key, at its line or, if it is absent, at the line of the table.
    pub(super) fn error(&mut self, key: &str, reason: &str) {
        let location =
            self.table.entries.get(key).map_or(&self.table.location, |entry| &entry.location);
        self.report(location, &[key], &format!("`{key}`: {reason}"));
    }

    fn report(&mut self, location: &Location, path: &[&str], sentence: &str) {
        self.diagnostics.add_at(location, path, format!("{}: {sentence}", self.label()));
    }

    /// Returns the label of the table in error messages.
    pub(super) fn label(&self) -> String {
        label(self.section, self.table.name())
    }

    /// Returns the value of a key. An empty string counts as absent, so that a variable can unset a
    /// key.
    fn value(&self, key: &str) -> Option<&'a Spanned> {
        self.table
            .entries
            .get(key)
            .filter(|entry| !matches!(&entry.value, Value::Text(text) if text.is_empty()))
    }

    /// Returns `true` if the key has a value.
    pub(super) fn has(&self, key: &str) -> bool {
        self.value(key).is_some()
    }

    /// Reports an error if a key that does not apply here has a value.
    pub(super) fn reject(&mut self, key: &str, reason: &str) {
        if self.has(key) {
            self.error(key, reason);
        }
    }

    /// Reads an optional string, which `read` parses.
    pub(super) fn optional<T>(
        &mut self,
        key: &str,
        read: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<Option<T>> {
        let Some(entry) = self.value(key) else { return Some(None) };
        let Value::Text(text) = &entry.value else {
            let translated = format!("{key}s");
            if matches!(entry.value, Value::Table(_))
                && self.section.value_type(&translated) == Some(ValueType::Texts)
            {
                let reason = format!(
                    "`{key}` must be a single text; write its translations in `{translated}`"
                );
                self.report(&entry.location, &[key], &reason);
                return None;
            }
            self.wrong_type(key, entry, "a string in quotes");
            return None;
        };
        match read(text) {
            Ok(value) => Some(Some(value)),
            Err(reason) => {
                self.error(key, &reason);
                None
            }
        }
    }

    /// Reads a table of texts by language, which `read` parses; an absent key is an empty table.
    /// `own_language` is the language of the text that they translate.
    pub(super) fn translations(
        &mut self,
        key: &str,
        own_language: &str,
        read: impl Fn(&str) -> Result<String, String>,
    ) -> Option<Translations> {
        let Some(entry) = self.value(key) else {
            return Some(Translations::new(own_language, BTreeMap::new()));
        };
        let Value::Table(entries) = &entry.value else {
            self.wrong_type(
                key,
                entry,
                "a table of texts by language, for example { zh = \"新闻\" }",
            );
            return None;
        };
        let mut texts = BTreeMap::new();
        let mut is_valid = true;
        for (written, entry) in entries {
            let added =
                translation(written, &entry.value, &read).and_then(|(tag, text)| {
                    match texts.insert(tag.clone(), text) {
                        Some(_) => Err(format!("`{tag}` occurs more than once; keep one of them")),
                        None => Ok(()),
                    }
                });
            if let Err(reason) = added {
                self.report(&entry.location, &[key, written], &format!("`{key}`: {reason}"));
                is_valid = false;
            }
        }
        is_valid.then(|| Translations::new(own_language, texts))
    }

    /// Reads a string, which `read` parses, or returns the default.
    pub(super) fn or_default<T>(
        &mut self,
        key: &str,
        default: T,
        read: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        self.optional(key, read).map(|value| value.unwrap_or(default))
    }

    /// Reads a required string, which `read` parses; `remedy` completes the error for an absent
    /// key.
    pub(super) fn required<T>(
        &mut self,
        key: &str,
        remedy: &str,
        read: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        let value = self.optional(key, read)?;
        if value.is_none() {
            self.missing(key, remedy);
        }
        value
    }

    /// Reports that a required key is absent.
    pub(super) fn missing(&mut self, key: &str, remedy: &str) {
        let location =
            self.table.entries.get(key).map_or(&self.table.location, |entry| &entry.location);
        self.report(location, &[key], &format!("`{key}` is missing; {remedy}"));
    }

    /// Reads an integer within bounds, or returns the default.
    pub(super) fn integer(
        &mut self,
        key: &str,
        default: usize,
        bounds: RangeInclusive<i64>,
    ) -> Option<usize> {
        let Some(entry) = self.value(key) else { return Some(default) };
        let Value::Integer(number) = entry.value else {
            self.wrong_type(key, entry, "an integer");
            return None;
        };
        if bounds.contains(&number) {
            return usize::try_from(number).ok();
        }
        self.error(
            key,
            &format!("must be between {} and {} (found {number})", bounds.start(), bounds.end()),
        );
        None
    }

    /// Returns `true` if the key has this integer as its value.
    pub(super) fn is_number(&self, key: &str, number: i64) -> bool {
        self.value(key).is_some_and(|entry| matches!(entry.value, Value::Integer(n) if n == number))
    }

    /// Reads a boolean, or returns the default.
    pub(super) fn boolean(&mut self, key: &str, default: bool) -> Option<bool> {
        let Some(entry) = self.value(key) else { return Some(default) };
        let Value::Boolean(value) = entry.value else {
            self.wrong_type(key, entry, "true or false");
            return None;
        };
        Some(value)
    }

    /// Reads a list of strings, which `read` parses, without duplicates; an absent key is an empty
    /// list.
    pub(super) fn list<T: PartialEq>(
        &mut self,
        key: &str,
        read: impl Fn(&str) -> Result<T, String>,
    ) -> Option<Vec<T>> {
        self.list_with_locations(key, |text, _| read(text))
    }

    /// Like [`list`](Self::list), with the location of each element passed to `read`.
    pub(super) fn list_with_locations<T: PartialEq>(
        &mut self,
        key: &str,
        read: impl Fn(&str, &Location) -> Result<T, String>,
    ) -> Option<Vec<T>> {
        let Some(entry) = self.value(key) else { return Some(Vec::new()) };
        let Value::List(elements) = &entry.value else {
            self.wrong_type(key, entry, "a list of strings, for example [\"one\", \"two\"]");
            return None;
        };
        let mut values = Vec::new();
        let mut is_valid = true;
        for (position, element) in elements.iter().enumerate() {
            let value = match &element.value {
                Value::Text(text) => read(text, &element.location),
                other => {
                    Err(format!("elements must be strings in quotes (found {})", other.type_name()))
                }
            };
            match value {
                Ok(value) if values.contains(&value) => {}
                Ok(value) => values.push(value),
                Err(reason) => {
                    let path = [key, &position.to_string()];
                    self.report(&element.location, &path, &format!("`{key}`: {reason}"));
                    is_valid = false;
                }
            }
        }
        if is_valid { Some(values) } else { None }
    }

    /// Reads a list of tables, each with `read`; an absent key is an empty list.
    pub(super) fn tables<T>(
        &mut self,
        key: &str,
        section: &'static TableSchema,
        read: impl Fn(&mut Reader<'_>) -> Option<T>,
    ) -> Option<Vec<T>> {
        let Some(Spanned { value: Value::Tables(tables), .. }) = self.value(key) else {
            return Some(Vec::new());
        };
        let read = |table| read(&mut Reader::new(section, table, self.diagnostics));
        // Every table is read, so that every error is reported.
        let values: Vec<Option<T>> = tables.iter().map(read).collect();
        values.into_iter().collect()
    }

    fn wrong_type(&mut self, key: &str, entry: &Spanned, expected: &str) {
        self.report(
            &entry.location,
            &[key],
            &format!("`{key}` must be {expected} (found {})", entry.value.type_name()),
        );
    }
}

/// Parses one entry of a table of texts by language.
fn translation(
    written: &str,
    value: &Value,
    read: impl Fn(&str) -> Result<String, String>,
) -> Result<(String, String), String> {
    let tag = validate_language_tag(written)?;
    let Value::Text(text) = value else {
        return Err(format!("`{tag}` must be a string in quotes (found {})", value.type_name()));
    };
    read(text).map(|text| (tag, text)).map_err(|reason| format!("`{written}`: {reason}"))
}

/// Parses a displayed text: one line, trimmed, not empty, without control characters.
pub(super) fn parse_line(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() {
        return Err("must not be blank".to_owned());
    }
    if text.chars().any(char::is_control) {
        return Err("must be one line without control characters".to_owned());
    }
    Ok(text.to_owned())
}

/// Returns a parser for one of a few words, each with its value.
pub(super) fn one_of<'w, T: Copy>(
    words: &'w [(&'static str, T)],
) -> impl FnOnce(&str) -> Result<T, String> + use<'w, T> {
    move |text| {
        let found = words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
        found.ok_or_else(|| {
            let quoted: Vec<String> = words.iter().map(|(word, _)| format!("\"{word}\"")).collect();
            format!("`{text}` is not one of {}", quoted.join(", "))
        })
    }
}
