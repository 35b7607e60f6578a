//! What people and scripts read on standard output: tables with aligned columns, lines, one JSON document.

use std::io::{IsTerminal, Write};

use serde_json::Value;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Columns of a cell at most; a longer one is cut in a table, never in JSON, and an address nowhere, for it is there to be copied.
const WIDEST: usize = 60;

/// Prints one line.
pub(crate) fn line(text: &str) -> anyhow::Result<()> {
    writeln!(std::io::stdout().lock(), "{text}")?;
    Ok(())
}

/// A text that stands out on a terminal.
pub(crate) fn strong(text: &str) -> String {
    if std::io::stdout().is_terminal() { format!("\x1b[1m{text}\x1b[0m") } else { text.to_owned() }
}

/// Prints one JSON document.
pub(crate) fn json(value: &Value) -> anyhow::Result<()> {
    line(&serde_json::to_string_pretty(value)?)
}

/// Says on standard error what is wrong.
pub(crate) fn complain(text: &str) {
    let mut err = std::io::stderr().lock();
    let (on, off) = if err.is_terminal() { ("\x1b[1;31m", "\x1b[0m") } else { ("", "") };
    let _ = writeln!(err, "{on}error:{off} {text}");
}

/// Says something by the way on standard error.
pub(crate) fn remark(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// Whether the reader of our output went away, which is no failure.
pub(crate) fn is_broken_pipe(e: &anyhow::Error) -> bool {
    e.downcast_ref::<std::io::Error>().is_some_and(|e| e.kind() == std::io::ErrorKind::BrokenPipe)
}

/// A table under construction.
pub(crate) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with these column titles.
    pub(crate) fn new(titles: &[&str]) -> Self {
        Self { rows: vec![titles.iter().map(|t| (*t).to_owned()).collect()] }
    }

    /// Adds a row.
    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().map(|c| shortened(&c)).collect());
    }

    /// Prints it, or one sentence if it has no rows.
    pub(crate) fn print(&self, empty: &str) -> anyhow::Result<()> {
        let mut out = std::io::stdout().lock();
        if self.rows.len() == 1 {
            writeln!(out, "{empty}")?;
            return Ok(());
        }
        let columns = self.rows[0].len();
        let widths: Vec<usize> = (0..columns)
            .map(|c| {
                self.rows.iter().filter_map(|r| r.get(c)).map(|v| v.width()).max().unwrap_or(0)
            })
            .collect();
        let (on, off) = if out.is_terminal() { ("\x1b[1m", "\x1b[0m") } else { ("", "") };
        for (i, row) in self.rows.iter().enumerate() {
            let mut text = String::new();
            for (cell, width) in row.iter().zip(&widths) {
                text += cell;
                text.extend(std::iter::repeat_n(' ', width + 2 - cell.width()));
            }
            let text = text.trim_end();
            if i == 0 { writeln!(out, "{on}{text}{off}")? } else { writeln!(out, "{text}")? }
        }
        Ok(())
    }
}

/// One line, cut to what a table can show.
fn shortened(text: &str) -> String {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if line.width() <= WIDEST || line.starts_with("http://") || line.starts_with("https://") {
        return line;
    }
    let mut kept = String::new();
    let mut width = 1;
    for c in line.chars() {
        width += c.width().unwrap_or(0);
        if width > WIDEST {
            break;
        }
        kept.push(c);
    }
    kept + "…"
}
