//! Reasons for rejected lines and rows: a command prints the first ones and the number of the others,
//! and writes all of them to a report file.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context;

use super::output::{self, pluralize};
use crate::domain::file_import::{ImportEvent, MAX_KEPT_REASONS, RejectedLines};
use crate::domain::printable::escape_unprintable;
use crate::fs::escape_formula;

/// Report file of a command, if it has one.
pub(crate) struct IssueReport {
    path: Option<PathBuf>,
    file: Option<BufWriter<File>>,
    /// First error of writing.
    error: Option<std::io::Error>,
}

impl IssueReport {
    /// Creates the file, or replaces its content.
    pub(crate) fn create(path: Option<&Path>) -> anyhow::Result<Self> {
        let file = path.map(|path| {
            let file = File::create(path);
            file.map(BufWriter::new)
                .with_context(|| format!("cannot write the report {}", path.display()))
        });
        Ok(Self { path: path.map(Path::to_owned), file: file.transpose()?, error: None })
    }

    /// Writes one line to the file.
    pub(crate) fn write(&mut self, text: &str) {
        if let Some(file) = self.file.as_mut().filter(|_| self.error.is_none()) {
            self.error = writeln!(file, "{}", escape_unprintable(text, |_| 0)).err();
        }
    }

    /// Writes a rejected line as a row of CSV.
    pub(crate) fn write_row(&mut self, line: u64, reason: &str) {
        let reason = escape_formula(reason).replace('"', "\"\"");
        self.write(&format!("{line},\"{reason}\""));
    }

    /// Writes the rejected line of an event of an import of `file`.
    pub(crate) fn write_rejected(&mut self, file: &Path, event: &ImportEvent<'_>) {
        if let ImportEvent::Rejected { line, reason } = event
            && self.file.is_some()
        {
            self.write(&format!("{}:{line}: {reason}", file.display()));
        }
    }

    /// Ends the file, and returns the first error of writing.
    pub(crate) fn finish(&mut self) -> anyhow::Result<()> {
        let flushed = self.file.take().map_or(Ok(()), |mut file| file.flush());
        let written = self.error.take().map_or(flushed, Err);
        let path = self.path.as_deref().unwrap_or(Path::new(""));
        written.with_context(|| format!("cannot write the report {}", path.display()))
    }

    /// Prints the reasons for the first rejected lines of a file to standard error, and the number of
    /// the others.
    pub(crate) fn print_rejected(&self, file: &Path, rejected: &RejectedLines) {
        for (line, reason) in rejected.first.iter().take(MAX_KEPT_REASONS) {
            output::note(&format!("{}:{line}: {reason}", file.display()));
        }
        if let Some(text) = self.further(rejected.count, "line") {
            output::note(&text);
        }
    }

    /// Returns the sentence about `count` of a noun of which the first ones were printed; `None` if that is
    /// all of them.
    pub(crate) fn further(&self, count: usize, noun: &str) -> Option<String> {
        let more = count.checked_sub(MAX_KEPT_REASONS).filter(|more| *more > 0)?;
        let remedy = match &self.path {
            Some(report) => format!("all are in {}", report.display()),
            None => "write all of them to a file with --report FILE".to_owned(),
        };
        Some(format!("… and {}; {remedy}", pluralize(more, &format!("more {noun}"))))
    }
}
