//! File of subscribers as JSON lines: one object per line, whose keys are the names of columns.

use std::borrow::Cow;
use std::io::{self, Read as _, Seek as _};

use anyhow::Context;
use serde_json::{Map, Value as Json};

use super::column_problem::ColumnProblem;
use super::layout::{Layout, LayoutChoice};
use super::line::{SubscriberLine, json_text, read_line};
use super::presets::Preset;
use crate::fs::{InFile, InputFile, LineReader};
use crate::subscribers::LineProblem;

/// Maximum length of a line in bytes.
const MAX_LINE_BYTES: usize = 1 << 20;
/// Mark at the beginning of a UTF-8 file, which is not part of its text.
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// Open file of JSON lines.
pub(super) struct JsonLines {
    input: InputFile,
    name: String,
    choice: LayoutChoice,
    /// Layout of the keys of the last line, which the next line usually has as well.
    current: LayoutOfKeys,
}

/// Layout of the lines with some keys.
#[derive(Default)]
struct LayoutOfKeys {
    keys: Vec<String>,
    layout: Layout,
}

/// Returns `true` if the first character of a file begins a JSON object.
pub(super) fn is_json_lines(input: &mut InputFile) -> io::Result<bool> {
    let mut start = Vec::new();
    input.rewind()?;
    input.by_ref().take(4096).read_to_end(&mut start)?;
    let text = start.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&start);
    Ok(text.trim_ascii_start().starts_with(b"{"))
}

impl JsonLines {
    /// Opens a file, and finds the columns of its first line. Returns also the column that is missing or
    /// ambiguous.
    ///
    /// # Errors
    /// The first line cannot be read.
    pub(super) fn open(
        input: InputFile,
        name: String,
        choice: &LayoutChoice,
    ) -> anyhow::Result<(Self, Option<InFile<LineProblem>>)> {
        let mut file =
            Self { input, name, choice: choice.clone(), current: LayoutOfKeys::default() };
        let mut first = None;
        let (choice, mut current) = (file.choice.clone(), LayoutOfKeys::default());
        file.read_objects(&mut |number, object| {
            first = Some((number, object.map(|object| current.recognize(&object, &choice))));
            false
        })?;
        let name = file.name.clone();
        let in_line = |line, problem| InFile { name, line: Some(line), problem };
        let problem = match first {
            Some((line, Err(problem))) => return Err(in_line(line, problem).into()),
            Some((line, Ok(Some(problem)))) => Some(in_line(line, problem.into())),
            Some((_, Ok(None))) | None => None,
        };
        file.current = current;
        Ok((file, problem))
    }

    /// Returns the service that exported the file.
    pub(super) fn preset(&self) -> Option<Preset> {
        self.current.layout.preset
    }

    /// Returns the keys of the first line.
    pub(super) fn first_keys(&self) -> impl Iterator<Item = &str> {
        self.current.keys.iter().map(String::as_str)
    }

    /// Returns the meanings of the keys of the first line.
    pub(super) fn meanings(&self) -> Vec<String> {
        self.current.layout.meanings()
    }

    /// Reads the file from its start; passes each line to `accept`, which returns `false` to stop.
    pub(super) fn for_each(
        &mut self,
        mut accept: impl FnMut((u64, Result<SubscriberLine, LineProblem>)) -> bool,
    ) -> anyhow::Result<()> {
        let (choice, mut current) = (self.choice.clone(), std::mem::take(&mut self.current));
        let read = self.read_objects(&mut |number, object| {
            let line = object.and_then(|object| {
                current.set(&object, &choice)?;
                let values: Vec<Cow<'_, str>> =
                    object.values().map(|value| Cow::Owned(json_text(value))).collect();
                read_line(&values, &current.layout)
            });
            accept((number, line))
        });
        self.current = current;
        read
    }

    /// Appends the values of the first lines, in the order of the keys of the first one.
    pub(super) fn first_rows(
        &mut self,
        limit: usize,
        rows: &mut Vec<(u64, Vec<String>)>,
    ) -> anyhow::Result<()> {
        let keys = self.current.keys.clone();
        self.read_objects(&mut |number, object| {
            let object = object.unwrap_or_default();
            let values = keys.iter().map(|key| object.get(key).map(json_text).unwrap_or_default());
            rows.push((number, values.collect()));
            rows.len() < limit
        })
    }

    /// Passes the object of each line that is not empty, or the reason why there is none.
    fn read_objects(
        &mut self,
        accept: &mut dyn FnMut(u64, Result<Map<String, Json>, LineProblem>) -> bool,
    ) -> anyhow::Result<()> {
        let name = self.name.as_str();
        let unreadable = || format!("cannot read {name}");
        let mut lines =
            LineReader::new(&mut self.input, MAX_LINE_BYTES).with_context(unreadable)?;
        while let Some((number, line)) = lines.next().with_context(unreadable)? {
            let object = match line {
                Ok(bytes) => {
                    let bytes = match number {
                        1 => bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes),
                        _ => bytes,
                    };
                    if bytes.trim_ascii().is_empty() {
                        continue;
                    }
                    parse_object(bytes)
                }
                Err(bytes) => Err(LineProblem::LongLine { bytes, limit: MAX_LINE_BYTES }),
            };
            if !accept(number, object) {
                break;
            }
        }
        Ok(())
    }
}

fn parse_object(bytes: &[u8]) -> Result<Map<String, Json>, LineProblem> {
    match serde_json::from_slice(bytes) {
        Ok(Json::Object(object)) => Ok(object),
        Ok(_) => Err(LineProblem::LineNotObject),
        Err(error) => Err(LineProblem::LineNotJson { error: error.to_string() }),
    }
}

impl LayoutOfKeys {
    /// Finds the columns of an object, unless it has the keys of the line before.
    fn set(
        &mut self,
        object: &Map<String, Json>,
        choice: &LayoutChoice,
    ) -> Result<(), LineProblem> {
        if !self.keys.is_empty() && self.keys.iter().eq(object.keys()) {
            return Ok(());
        }
        let mut found = Self::default();
        if let Some(problem) = found.recognize(object, choice) {
            return Err(problem.into());
        }
        *self = found;
        Ok(())
    }

    /// Finds the columns of an object; returns the one that is missing or ambiguous.
    fn recognize(
        &mut self,
        object: &Map<String, Json>,
        choice: &LayoutChoice,
    ) -> Option<ColumnProblem> {
        let keys: Vec<&str> = object.keys().map(String::as_str).collect();
        let (layout, problem) = Layout::recognize(&keys, choice);
        (self.keys, self.layout) = (keys.into_iter().map(str::to_owned).collect(), layout);
        problem
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<(u64, Result<SubscriberLine, LineProblem>)> {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("people.jsonl");
        std::fs::write(&path, text).unwrap();
        let mut input = InputFile::open(&path).unwrap();
        assert!(is_json_lines(&mut input).unwrap());
        let mut file = JsonLines::open(input, "f".to_owned(), &LayoutChoice::default()).unwrap().0;
        let mut lines = Vec::new();
        file.for_each(|line| {
            lines.push(line);
            true
        })
        .unwrap();
        lines
    }

    #[test]
    fn objects_with_different_keys_are_read() {
        let found = lines(concat!(
            "\u{feff}{\"email\":\"ann@example.org\",\"tags\":[\"a\",\"b\"],\"age\":41,\"attributes\":{\"city\":\"Bonn\"}}\n\n",
            "{\"Name\":\"Bob\",\"E-Mail\":\"bob@example.org\"}\n[1]\n{\"name\":\"x\"}\n{\n",
        ));
        let ann = found[0].1.as_ref().unwrap();
        assert_eq!(
            (ann.subscriber.email.as_str(), ann.subscriber.tags.len()),
            ("ann@example.org", 2)
        );
        assert_eq!(
            (ann.attributes["age"].as_str(), ann.attributes["city"].as_str()),
            ("41", "Bonn")
        );
        let bob = found[1].1.as_ref().unwrap();
        assert_eq!((found[1].0, bob.subscriber.name.as_deref()), (3, Some("Bob")));
        let reason = |index: usize| found[index].1.as_ref().unwrap_err().to_string();
        assert!(reason(2).contains("not a JSON object"));
        assert!(reason(3).contains("there is no column \"email\""));
        assert!(reason(4).contains("not valid JSON"));
    }
}
