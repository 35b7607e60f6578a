//! File of subscribers: CSV or JSON lines of any service, and exports of Courant, which also have the state
//! of each subscription.

use std::borrow::Cow;

use anyhow::Context;

use super::LineProblem;
use crate::fs::{CsvFile, CsvSettings, InFile, InputFile, csv_header};

mod column_problem;
mod json_lines;
mod layout;
mod line;
mod presets;
mod status;

use json_lines::JsonLines;
use layout::Layout;

pub use column_problem::ColumnProblem;
pub use layout::COLUMNS;
pub(super) use layout::LayoutChoice;
pub(super) use line::SubscriberLine;
pub use presets::Preset;
pub(super) use status::LineStatus;

/// Number of lines in a preview of a file.
const PREVIEW_LINES: usize = 5;
/// Maximum length of a value in a preview in characters.
const PREVIEW_CHARS: usize = 200;

/// Line number and person, or the reason for the rejection of the line.
pub(super) type NumberedLine = (u64, Result<SubscriberLine, LineProblem>);

/// Properties of a file that were recognized or chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileForm {
    /// Format of the file: `csv` or `jsonl`.
    pub format: &'static str,
    /// Name of the encoding.
    pub encoding: &'static str,
    /// Character between the fields of a CSV file.
    pub separator: Option<u8>,
    /// Service that exported the file.
    pub preset: Option<Preset>,
    /// Headings of the columns, with the meaning of each; it is empty if a column is not imported.
    pub columns: Vec<(String, String)>,
}

/// The first lines of a file, as they are decoded.
#[derive(Debug, Clone)]
pub struct FilePreview {
    /// Recognized or chosen properties of the file.
    pub form: FileForm,
    /// Numbers and values of the first lines after the header.
    pub rows: Vec<(u64, Vec<String>)>,
    /// Column that is missing or ambiguous, because of which the file cannot be imported.
    pub problem: Option<InFile<LineProblem>>,
}

/// File of subscribers with the positions of its columns.
pub(super) struct SubscriberFile {
    content: Content,
    form: FileForm,
    /// Column that is missing or ambiguous.
    problem: Option<InFile<LineProblem>>,
}

enum Content {
    Csv { csv: CsvFile, layout: Box<Layout> },
    JsonLines(Box<JsonLines>),
}

impl SubscriberFile {
    /// Reads the beginning of a file, which messages call `name`; a missing mapped or required column, or an
    /// ambiguous one, is an error.
    pub(super) fn read(
        input: InputFile,
        name: String,
        settings: CsvSettings,
        choice: &LayoutChoice,
    ) -> anyhow::Result<Self> {
        let mut file = Self::read_leniently(input, name, settings, choice)?;
        file.problem.take().map_or(Ok(file), |problem| Err(problem.into()))
    }

    /// Like [`Self::read`], but a missing or ambiguous column is not an error, so that a person can choose
    /// the columns of the preview.
    pub(super) fn read_leniently(
        mut input: InputFile,
        name: String,
        settings: CsvSettings,
        choice: &LayoutChoice,
    ) -> anyhow::Result<Self> {
        let is_json = json_lines::is_json_lines(&mut input);
        if is_json.with_context(|| format!("cannot read {name}"))? {
            let (lines, problem) = JsonLines::open(input, name, choice)?;
            let columns = lines.first_keys().zip(lines.meanings());
            let form = FileForm {
                format: "jsonl",
                encoding: "UTF-8",
                separator: None,
                preset: lines.preset(),
                columns: columns.map(|(key, meaning)| (key.to_owned(), meaning)).collect(),
            };
            return Ok(Self { content: Content::JsonLines(Box::new(lines)), form, problem });
        }
        let mut csv = CsvFile::open_with(input, name, settings)?;
        let header = csv_header(&mut csv.rows()?)?;
        let headers: Vec<&str> = header.fields.iter().map(|heading| heading.trim()).collect();
        let (layout, problem) = Layout::recognize(&headers, choice);
        let (name, line) = (csv.name().to_owned(), Some(header.line));
        let problem = problem.map(|problem| InFile { name, line, problem: problem.into() });
        if layout.preset == Some(Preset::Mailpoet) {
            csv.accept_backslashes();
        }
        let columns = headers.iter().map(|heading| (*heading).to_owned()).zip(layout.meanings());
        let form = FileForm {
            format: "csv",
            encoding: csv.encoding(),
            separator: Some(csv.separator()),
            preset: layout.preset,
            columns: columns.collect(),
        };
        Ok(Self { content: Content::Csv { csv, layout: Box::new(layout) }, form, problem })
    }

    /// Returns the recognized and chosen properties of the file.
    pub(super) fn form(&self) -> &FileForm {
        &self.form
    }

    /// Reads the file from its start; passes each line to `accept`, which returns `false` to stop.
    pub(super) fn for_each(
        &mut self,
        mut accept: impl FnMut(NumberedLine) -> bool,
    ) -> anyhow::Result<()> {
        match &mut self.content {
            Content::JsonLines(lines) => lines.for_each(accept),
            Content::Csv { csv, layout } => {
                for row in csv.rows()?.skip(1) {
                    let row = row?;
                    let number = row.line;
                    let values = row.values(layout.width).map_err(LineProblem::from);
                    let parsed = values.and_then(|values| {
                        let values: Vec<Cow<'_, str>> =
                            values.into_iter().map(Cow::Owned).collect();
                        line::read_line(&values, layout)
                    });
                    if !accept((number, parsed)) {
                        return Ok(());
                    }
                }
                Ok(())
            }
        }
    }

    /// Returns the first lines, shortened, for a person who checks the encoding and the columns.
    pub(super) fn preview(&mut self) -> anyhow::Result<FilePreview> {
        let mut rows = Vec::new();
        match &mut self.content {
            Content::Csv { csv, .. } => {
                for row in csv.rows()?.skip(1).take(PREVIEW_LINES) {
                    let row = row?;
                    rows.push((row.line, row.fields));
                }
            }
            Content::JsonLines(lines) => lines.first_rows(PREVIEW_LINES, &mut rows)?,
        }
        for value in rows.iter_mut().flat_map(|(_, values)| values) {
            *value = value.chars().take(PREVIEW_CHARS).collect();
        }
        Ok(FilePreview { form: self.form.clone(), rows, problem: self.problem.clone() })
    }
}

#[cfg(test)]
mod tests;
