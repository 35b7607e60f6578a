//! Tables of commands: aligned columns that fit the width of a terminal.

use std::io::Write as _;

use jiff::tz::TimeZone;
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use super::output::{self, Style, styled, terminal_width};
use crate::domain::printable::is_unprintable;

/// Maximum width of a text cell in columns. Keys and URLs stay complete, because people copy them.
const MAX_TEXT_WIDTH: usize = 60;
/// Width to which a text column is not reduced.
const MIN_TEXT_WIDTH: usize = 8;

/// Column of a table, with its title.
#[derive(Debug, Clone, Copy)]
pub(super) enum Column<'a> {
    /// Names, ids, addresses and times, which stay complete.
    Key(&'a str),
    /// Text that is truncated if the table is too wide.
    Text(&'a str),
    /// Numbers, aligned to the right.
    Number(&'a str),
    /// URLs, which get a line of their own if the table is too wide; the last column of a table.
    Url(&'a str),
}

impl<'a> Column<'a> {
    fn title(self) -> &'a str {
        match self {
            Self::Key(title) | Self::Text(title) | Self::Number(title) | Self::Url(title) => title,
        }
    }
}

/// Table with aligned columns.
pub(super) struct TextTable<'a> {
    columns: Vec<Column<'a>>,
    rows: Vec<Vec<String>>,
}

impl<'a> TextTable<'a> {
    /// Creates a table with these columns.
    pub(super) fn new(columns: &[Column<'a>]) -> Self {
        Self { columns: columns.to_vec(), rows: Vec::new() }
    }

    /// Adds a row of cells.
    pub(super) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        let cells = cells.into_iter().zip(&self.columns).map(|(cell, column)| {
            let cell = on_one_line(&cell);
            if let Column::Text(_) = column { truncate(&cell, MAX_TEXT_WIDTH) } else { cell }
        });
        self.rows.push(cells.collect());
    }

    /// Prints the table, or the sentence `empty` if it has no rows.
    pub(super) fn print(&self, empty: &str) -> anyhow::Result<()> {
        let mut out = std::io::stdout().lock();
        if self.rows.is_empty() {
            writeln!(out, "{empty}")?;
            return Ok(());
        }
        let lines = self.lines(terminal_width(&out).unwrap_or(usize::MAX));
        for (i, line) in lines.iter().enumerate() {
            if i == 0 {
                writeln!(out, "{}", styled(line, Style::Bold, &out))?;
            } else {
                writeln!(out, "{line}")?;
            }
        }
        Ok(())
    }

    /// Prints the table like [`Self::print`], and below it the zone of its times.
    pub(super) fn print_in_zone(&self, empty: &str, zone: &TimeZone) -> anyhow::Result<()> {
        self.print(empty)?;
        if self.rows.is_empty() { Ok(()) } else { output::zone(zone) }
    }

    /// Returns the lines of the table, the titles first, for a terminal of this width.
    fn lines(&self, available: usize) -> Vec<String> {
        let titles: Vec<String> = self.columns.iter().map(|c| c.title().to_owned()).collect();
        let all: Vec<&Vec<String>> = std::iter::once(&titles).chain(&self.rows).collect();
        let width_of = |i: usize| all.iter().map(|row| row[i].width()).max().unwrap_or(0);
        let mut widths: Vec<usize> = (0..self.columns.len()).map(width_of).collect();
        let mut has_url_lines = false;
        if let Some(Column::Url(_)) = self.columns.last()
            && total(&widths, 2) > available
        {
            has_url_lines = true;
            widths.pop();
        }
        self.reduce(&mut widths, available);
        let gap = if total(&widths, 2) > available { 1 } else { 2 };
        let mut lines = Vec::with_capacity(all.len());
        for row in all {
            lines.push(self.line(row, &widths, gap));
            if let Some(url) = row.last().filter(|_| has_url_lines) {
                lines.push(format!("  {url}"));
            }
        }
        if has_url_lines {
            // The title of the URLs would be the only line between the titles and the first row.
            lines.remove(1);
        }
        lines
    }

    fn line(&self, row: &[String], widths: &[usize], gap: usize) -> String {
        let mut line = String::new();
        for ((cell, width), column) in row.iter().zip(widths).zip(&self.columns) {
            let cell = truncate(cell, *width);
            let padding = " ".repeat(width.saturating_sub(cell.width()));
            let parts = match column {
                Column::Number(_) => [padding, cell],
                Column::Key(_) | Column::Text(_) | Column::Url(_) => [cell, padding],
            };
            line.extend(parts);
            line += &" ".repeat(gap);
        }
        line.truncate(line.trim_end().len());
        line
    }

    /// Reduces the widest text columns until the table fits a line of this width.
    fn reduce(&self, widths: &mut [usize], available: usize) {
        while total(widths, 2) > available {
            let texts = widths
                .iter_mut()
                .zip(&self.columns)
                .filter_map(|(width, column)| matches!(column, Column::Text(_)).then_some(width));
            let widest = texts.filter(|width| **width > MIN_TEXT_WIDTH).max();
            let Some(widest) = widest else { return };
            *widest -= 1;
        }
    }
}

/// Returns the width of a line with these columns.
fn total(widths: &[usize], gap: usize) -> usize {
    widths.iter().sum::<usize>() + gap * widths.len().saturating_sub(1)
}

/// Replaces line ends and other unprintable characters by spaces.
fn on_one_line(text: &str) -> String {
    text.chars().map(|c| if is_unprintable(c) { ' ' } else { c }).collect()
}

/// Returns a text of at most this width in columns.
fn truncate(text: &str, limit: usize) -> String {
    if text.width() <= limit {
        return text.to_owned();
    }
    let mut truncated = String::new();
    let mut width = 1;
    for c in text.chars() {
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

    fn lines(columns: &[Column<'_>], rows: &[&[&str]], available: usize) -> Vec<String> {
        let mut table = TextTable::new(columns);
        for row in rows {
            table.row(row.iter().map(|cell| (*cell).to_owned()));
        }
        table.lines(available)
    }

    #[test]
    fn only_text_columns_are_reduced_until_a_table_fits_the_terminal() {
        let columns = [Column::Key("address"), Column::Text("name"), Column::Number("sent")];
        let row = ["somebody.with.a.long.name@example.org", "Somebody With A Long Name", "7"];
        assert_eq!(
            lines(&columns, &[&row], 60),
            [
                "address                                name             sent",
                "somebody.with.a.long.name@example.org  Somebody With …     7",
            ]
        );
        let widest = lines(&columns, &[&row], 20);
        assert_eq!(widest[1], "somebody.with.a.long.name@example.org Somebod…    7");
    }

    #[test]
    fn urls_get_their_own_lines_in_a_table_that_would_be_too_wide() {
        let columns = [Column::Key("feed"), Column::Number("items"), Column::Url("URL")];
        let row = ["news", "50", "https://news.example.edu/feeds/news.rss"];
        assert_eq!(
            lines(&columns, &[&row], 40),
            ["feed  items", "news     50", "  https://news.example.edu/feeds/news.rss"]
        );
        assert_eq!(lines(&columns, &[&row], 80).len(), 2);
    }

    #[test]
    fn texts_are_truncated_by_width_and_have_one_line() {
        let long = "学".repeat(40);
        let table = lines(&[Column::Text("title")], &[&["a\nb"], &[long.as_str()]], usize::MAX);
        assert_eq!(table[1], "a b");
        assert_eq!(table[2], format!("{}…", "学".repeat(29)));
    }
}
