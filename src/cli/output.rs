//! Output of commands: tables with aligned columns, lines and JSON documents on standard output,
//! messages on standard error.

use std::borrow::Cow;
use std::fmt::Display;
use std::io::{IsTerminal, Write};
use std::path::Path;

use anyhow::Context;
use serde::Serialize;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::app::App;
use crate::domain::printable::{escape_unprintable, is_unprintable};

/// Maximum width of a table cell in columns. Longer texts are truncated, except URLs, which must
/// stay complete to be copied.
const MAX_CELL_WIDTH: usize = 60;

/// Number of reasons for rejected lines of a file that a command prints.
const MAX_PRINTED_REASONS: usize = 100;
/// Text styles that [`bold`] writes.
const STYLES: [&str; 2] = ["\x1b[1m", "\x1b[0m"];

/// Returns a text whose only control characters are line feeds and the styles of [`bold`].
fn printable(text: &str) -> Cow<'_, str> {
    escape_unprintable(text, |rest| {
        STYLES.iter().find(|style| rest.starts_with(**style)).map_or(0, |style| style.len())
    })
}

/// Prints one line to standard output.
pub(crate) fn line(text: &str) -> anyhow::Result<()> {
    writeln!(std::io::stdout().lock(), "{}", printable(text))?;
    Ok(())
}

/// Returns `true` if a stream supports colors: a terminal, unless `NO_COLOR` is set (no-color.org).
pub(crate) fn supports_color(stream: &impl IsTerminal) -> bool {
    stream.is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// Returns a text in bold type if standard output supports colors.
pub(crate) fn bold(text: &str) -> String {
    if supports_color(&std::io::stdout()) {
        format!("\x1b[1m{text}\x1b[0m")
    } else {
        text.to_owned()
    }
}

/// Returns a count with its noun: `1 line`, `2 lines`.
pub(crate) fn pluralize<N: Display + PartialEq + From<u8>>(n: N, noun: &str) -> String {
    format!("{n} {noun}{}", if n == N::from(1) { "" } else { "s" })
}

/// Returns a number of occurrences: `once`, `2 times`.
pub(crate) fn pluralize_times(n: i64) -> String {
    if n == 1 { "once".to_owned() } else { format!("{n} times") }
}

/// Prints one indented JSON document with its keys in alphabetical order.
pub(crate) fn json(document: &impl Serialize) -> anyhow::Result<()> {
    // A `Value` sorts the keys, so the order of the fields in `wire` is not part of the output.
    line(&serde_json::to_string_pretty(&serde_json::to_value(document)?)?)
}

/// Prints the result of a command: the JSON document with `--json`, otherwise one line of text.
pub(crate) fn result(as_json: bool, document: &impl Serialize, text: &str) -> anyhow::Result<()> {
    if as_json { json(document) } else { line(text) }
}

/// Prints an error message to standard error.
pub(crate) fn error(text: &str) {
    let mut err = std::io::stderr().lock();
    let (start, end) = if supports_color(&err) { ("\x1b[1;31m", "\x1b[0m") } else { ("", "") };
    let _ = writeln!(err, "{start}error:{end} {}", printable(text));
}

/// Prints an informational message to standard error.
pub(crate) fn note(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{}", printable(text));
}

/// Resets what a wrong clock left in the database, and says so on standard error.
pub(crate) async fn clock_faults(app: &App) -> anyhow::Result<()> {
    if let Some(reason) = app.reset_clock_faults().await? {
        note(&format!("warning: {reason}"));
    }
    Ok(())
}

/// Prints the reasons for rejecting lines of a file to standard error, at most
/// [`MAX_PRINTED_REASONS`] of them, and writes all of them to `report`.
pub(crate) fn rejected_lines(
    file: &Path,
    lines: &[(u64, String)],
    report: Option<&Path>,
) -> anyhow::Result<()> {
    let text = |(line, reason): &(u64, String)| format!("{}:{line}: {reason}", file.display());
    if let Some(report) = report {
        let all: String = lines.iter().map(|one| text(one) + "\n").collect();
        std::fs::write(report, all)
            .with_context(|| format!("cannot write the report {}", report.display()))?;
    }
    for one in lines.iter().take(MAX_PRINTED_REASONS) {
        note(&text(one));
    }
    if let Some(more) = lines.len().checked_sub(MAX_PRINTED_REASONS).filter(|more| *more > 0) {
        let remedy = match report {
            Some(report) => format!("all are in {}", report.display()),
            None => "write all of them to a file with --report FILE".to_owned(),
        };
        note(&format!("… and {}; {remedy}", pluralize(more, "more line")));
    }
    Ok(())
}

/// Returns `true` if the reader of standard output closed the pipe, which is not a failure.
pub(crate) fn is_broken_pipe(e: &anyhow::Error) -> bool {
    let is_closed = |e: &std::io::Error| e.kind() == std::io::ErrorKind::BrokenPipe;
    e.chain().any(|cause| {
        cause.downcast_ref::<std::io::Error>().is_some_and(is_closed)
            || cause
                .downcast_ref::<csv::Error>()
                .is_some_and(|e| matches!(e.kind(), csv::ErrorKind::Io(e) if is_closed(e)))
    })
}

/// Table with aligned columns.
pub(crate) struct TextTable {
    rows: Vec<Vec<String>>,
}

impl TextTable {
    /// Creates a table with these column titles.
    pub(crate) fn new(titles: &[&str]) -> Self {
        Self { rows: vec![titles.iter().map(|t| (*t).to_owned()).collect()] }
    }

    /// Adds a row of cells.
    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().map(|c| truncate_cell(&c)).collect());
    }

    /// Prints the table, or the sentence `empty` if it has no rows.
    pub(crate) fn print(&self, empty: &str) -> anyhow::Result<()> {
        let mut out = std::io::stdout().lock();
        if self.rows.len() == 1 {
            writeln!(out, "{empty}")?;
            return Ok(());
        }
        let columns = self.rows[0].len();
        let mut widths: Vec<usize> = (0..columns)
            .map(|c| {
                self.rows.iter().filter_map(|r| r.get(c)).map(|v| v.width()).max().unwrap_or(0)
            })
            .collect();
        if let Some(width) = terminal_width(&out) {
            shrink(&mut widths, width);
        }
        let (start, end) = if supports_color(&out) { ("\x1b[1m", "\x1b[0m") } else { ("", "") };
        for (i, row) in self.rows.iter().enumerate() {
            let mut text = String::new();
            for (cell, width) in row.iter().zip(&widths) {
                let cell = truncate(cell, *width);
                text += &cell;
                text.extend(std::iter::repeat_n(' ', (width + 2).saturating_sub(cell.width())));
            }
            let text = text.trim_end();
            if i == 0 { writeln!(out, "{start}{text}{end}")? } else { writeln!(out, "{text}")? }
        }
        Ok(())
    }
}

/// Width to which a wide column is not reduced, so that dates stay complete.
const MIN_REDUCED_WIDTH: usize = 16;

/// Returns the width of a terminal in columns; `None` if the stream is not a terminal.
fn terminal_width(stream: &impl IsTerminal) -> Option<usize> {
    let size = stream.is_terminal().then(terminal_size::terminal_size).flatten()?;
    Some(usize::from(size.0.0))
}

/// Reduces the widest columns until the table fits a line of this width.
fn shrink(widths: &mut [usize], line: usize) {
    let gaps = 2 * widths.len().saturating_sub(1);
    while widths.iter().sum::<usize>() + gaps > line
        && let Some(widest) = widths.iter_mut().max().filter(|width| **width > MIN_REDUCED_WIDTH)
    {
        *widest -= 1;
    }
}

/// Returns a text on one line, truncated to [`MAX_CELL_WIDTH`].
fn truncate_cell(text: &str) -> String {
    let line: String = text.chars().map(|c| if is_unprintable(c) { ' ' } else { c }).collect();
    truncate(&line, MAX_CELL_WIDTH)
}

/// Returns a text of at most this width in columns; URLs stay complete.
fn truncate(line: &str, limit: usize) -> String {
    if line.width() <= limit || line.starts_with("http://") || line.starts_with("https://") {
        return line.to_owned();
    }
    let mut truncated = String::new();
    let mut width = 1;
    for c in line.chars() {
        width += c.width().unwrap_or(0);
        if width > limit {
            break;
        }
        truncated.push(c);
    }
    truncated + "…"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_something_is_singular() {
        assert_eq!(
            [pluralize(1_usize, "message"), pluralize(2_i64, "message")],
            ["1 message", "2 messages"]
        );
        assert_eq!([pluralize_times(1), pluralize_times(2)], ["once", "2 times"]);
    }

    #[test]
    fn wide_columns_are_reduced_until_a_table_fits_the_terminal() {
        for (mut widths, expected) in [
            (vec![10, 60, 40], vec![10, 33, 33]),
            (vec![10, 60, 4], vec![10, 60, 4]),
            (vec![16, 16, 16, 16, 16, 16], vec![16; 6]),
        ] {
            shrink(&mut widths, 80);
            assert_eq!(widths, expected);
        }
        assert_eq!(truncate("a long title", 7), "a long…");
        assert_eq!(truncate("https://news.example.edu/a", 7), "https://news.example.edu/a");
    }
}
