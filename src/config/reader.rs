//! Takes values out of a table by key, type and meaning; every fault is noted, and reading goes on.
//!
//! `None` from a method here means that a fault was noted; what is merely absent is `Some(None)` or the default.

use std::ops::RangeInclusive;

use super::document::{Said, Table, Value, label};
use super::error::{Faults, Place};
use super::keys::Section;

/// One table being read.
pub(super) struct Reader<'a> {
    section: &'static Section,
    table: &'a Table,
    faults: &'a mut Faults,
}

impl<'a> Reader<'a> {
    /// Begins to read a table of a section.
    pub(super) fn new(section: &'static Section, table: &'a Table, faults: &'a mut Faults) -> Self {
        Self { section, table, faults }
    }

    /// Notes a fault of a key; of the table, if the key is not there.
    pub(super) fn fault(&mut self, key: &str, why: &str) {
        let place = self.table.entries.get(key).map_or(&self.table.place, |said| &said.place);
        self.note(place, &format!("`{key}`: {why}"));
    }

    fn note(&mut self, place: &Place, sentence: &str) {
        self.faults.add(place, format!("{}: {sentence}", self.label()));
    }

    /// How sentences call the table.
    pub(super) fn label(&self) -> String {
        label(self.section, self.table.name())
    }

    /// A value that was given; an empty text is none, so that a variable can be set to nothing.
    fn given(&self, key: &str) -> Option<&'a Said> {
        self.table
            .entries
            .get(key)
            .filter(|said| !matches!(&said.value, Value::Text(text) if text.is_empty()))
    }

    /// Whether a key has a value.
    pub(super) fn has(&self, key: &str) -> bool {
        self.given(key).is_some()
    }

    /// Refuses a key that has a value but makes no sense here.
    pub(super) fn refuse(&mut self, key: &str, why: &str) {
        if self.has(key) {
            self.fault(key, why);
        }
    }

    /// A text, understood by `read`, or nothing.
    pub(super) fn optional<T>(
        &mut self,
        key: &str,
        read: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<Option<T>> {
        let Some(said) = self.given(key) else { return Some(None) };
        let Value::Text(text) = &said.value else {
            self.wrong_type(key, said, "a text in quotes");
            return None;
        };
        match read(text) {
            Ok(value) => Some(Some(value)),
            Err(why) => {
                self.fault(key, &why);
                None
            }
        }
    }

    /// A text, understood by `read`, or what holds without it.
    pub(super) fn or<T>(
        &mut self,
        key: &str,
        default: T,
        read: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        self.optional(key, read).map(|value| value.unwrap_or(default))
    }

    /// A text that must be there, understood by `read`; `remedy` says what to write.
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

    /// Notes that a key is not there.
    pub(super) fn missing(&mut self, key: &str, remedy: &str) {
        let place = self.table.entries.get(key).map_or(&self.table.place, |said| &said.place);
        self.note(place, &format!("`{key}` is missing: {remedy}"));
    }

    /// A whole number within bounds, or what holds without it.
    pub(super) fn count(
        &mut self,
        key: &str,
        default: usize,
        bounds: RangeInclusive<i64>,
    ) -> Option<usize> {
        let Some(said) = self.given(key) else { return Some(default) };
        let Value::Number(number) = said.value else {
            self.wrong_type(key, said, "a whole number");
            return None;
        };
        if bounds.contains(&number) {
            return usize::try_from(number).ok();
        }
        self.fault(
            key,
            &format!("it is a number from {} to {}, not {number}", bounds.start(), bounds.end()),
        );
        None
    }

    /// `true` or `false`, or what holds without it.
    pub(super) fn flag(&mut self, key: &str, default: bool) -> Option<bool> {
        let Some(said) = self.given(key) else { return Some(default) };
        let Value::Flag(flag) = said.value else {
            self.wrong_type(key, said, "true or false");
            return None;
        };
        Some(flag)
    }

    /// A list of texts, each understood by `read` and given once; empty without the key.
    pub(super) fn list<T: PartialEq>(
        &mut self,
        key: &str,
        read: impl Fn(&str) -> Result<T, String>,
    ) -> Option<Vec<T>> {
        self.placed_list(key, |text, _| read(text))
    }

    /// The same, where each text is understood together with its place.
    pub(super) fn placed_list<T: PartialEq>(
        &mut self,
        key: &str,
        read: impl Fn(&str, &Place) -> Result<T, String>,
    ) -> Option<Vec<T>> {
        let Some(said) = self.given(key) else { return Some(Vec::new()) };
        let Value::List(elements) = &said.value else {
            self.wrong_type(key, said, "a list of texts, as in [\"one\", \"two\"]");
            return None;
        };
        let mut values = Vec::new();
        let mut is_sound = true;
        for element in elements {
            let value = match &element.value {
                Value::Text(text) => read(text, &element.place),
                other => {
                    Err(format!("its elements are texts in quotes, not {}", other.described()))
                }
            };
            match value {
                Ok(value) if values.contains(&value) => {}
                Ok(value) => values.push(value),
                Err(why) => {
                    self.note(&element.place, &format!("`{key}`: {why}"));
                    is_sound = false;
                }
            }
        }
        if is_sound { Some(values) } else { None }
    }

    fn wrong_type(&mut self, key: &str, said: &Said, takes: &str) {
        self.note(&said.place, &format!("`{key}` takes {takes}, not {}", said.value.described()));
    }
}

/// A text for people on one line: trimmed, not blank, without control characters.
pub(super) fn one_line(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() {
        return Err("it is blank".to_owned());
    }
    if text.chars().any(char::is_control) {
        return Err("it stands on one line, without control characters".to_owned());
    }
    Ok(text.to_owned())
}

/// One of a few words, each with what it means here.
pub(super) fn one_of<'w, T: Copy>(
    words: &'w [(&'static str, T)],
) -> impl FnOnce(&str) -> Result<T, String> + use<'w, T> {
    move |text| {
        let found = words.iter().find(|(word, _)| *word == text).map(|(_, meaning)| *meaning);
        found.ok_or_else(|| {
            let quoted: Vec<String> = words.iter().map(|(word, _)| format!("\"{word}\"")).collect();
            format!("`{text}` is not one of {}", quoted.join(", "))
        })
    }
}
