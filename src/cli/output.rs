//! Output of commands: lines and JSON documents on standard output, messages on standard error.

use std::borrow::Cow;
use std::io::{IsTerminal, Write};

use jiff::tz::TimeZone;
use serde::Serialize;

use super::wrap::wrap;

use crate::app::App;
pub(crate) use crate::domain::plural::{pluralize, pluralize_times};
use crate::domain::printable::escape_unprintable;
use crate::domain::time::{Millis, zone_name};

/// Text styles that commands print.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Style {
    /// Style of headings and of names.
    Bold,
    /// Something that works as intended.
    Green,
    /// Something that deserves attention.
    Yellow,
    /// An error of a command.
    Red,
}

impl Style {
    const END: &str = "\x1b[0m";
    const ALL: [Self; 4] = [Self::Bold, Self::Green, Self::Yellow, Self::Red];

    /// Returns the control sequence that begins the style.
    fn start(self) -> &'static str {
        match self {
            Self::Bold => "\x1b[1m",
            Self::Green => "\x1b[32m",
            Self::Yellow => "\x1b[33m",
            Self::Red => "\x1b[1;31m",
        }
    }
}

/// Returns a text whose only control characters are line feeds and those of a [`Style`].
fn printable(text: &str) -> Cow<'_, str> {
    escape_unprintable(text, |rest| {
        let mut sequences = Style::ALL.iter().map(|style| style.start()).chain([Style::END]);
        sequences.find(|sequence| rest.starts_with(sequence)).map_or(0, str::len)
    })
}

/// Prints one line to standard output; a terminal gets it wrapped between words.
pub(crate) fn line(text: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", wrapped(&printable(text), &out))?;
    Ok(())
}

/// Prints a text that stays as it is, such as a document or a secret, to standard output.
pub(crate) fn verbatim(text: &str) -> anyhow::Result<()> {
    writeln!(std::io::stdout().lock(), "{}", printable(text))?;
    Ok(())
}

/// Returns a text whose lines fit the stream, if it is a terminal.
fn wrapped<'a>(text: &'a str, stream: &impl IsTerminal) -> Cow<'a, str> {
    terminal_width(stream).map_or(Cow::Borrowed(text), |width| wrap(text, width))
}

/// Returns the width of a terminal in columns; `None` if the stream is not a terminal.
pub(super) fn terminal_width(stream: &impl IsTerminal) -> Option<usize> {
    let size = stream.is_terminal().then(terminal_size::terminal_size).flatten()?;
    Some(usize::from(size.0.0))
}

/// Returns `true` if a stream supports colors: a terminal, unless `NO_COLOR` is set (no-color.org).
pub(crate) fn supports_color(stream: &impl IsTerminal) -> bool {
    stream.is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// Returns a text in bold type if standard output supports colors.
pub(crate) fn bold(text: &str) -> String {
    styled(text, Style::Bold, &std::io::stdout())
}

/// Returns a text in a style if the stream supports colors.
pub(crate) fn styled(text: &str, style: Style, stream: &impl IsTerminal) -> String {
    if supports_color(stream) {
        format!("{}{text}{}", style.start(), Style::END)
    } else {
        text.to_owned()
    }
}

/// Prints one indented JSON document with its keys in alphabetical order.
pub(crate) fn json(document: &impl Serialize) -> anyhow::Result<()> {
    // A `Value` sorts the keys, so the order of the fields in `wire` is not part of the output.
    verbatim(&serde_json::to_string_pretty(&serde_json::to_value(document)?)?)
}

/// Prints the result of a command: the JSON document with `--json`, otherwise one line of text.
pub(crate) fn result(as_json: bool, document: &impl Serialize, text: &str) -> anyhow::Result<()> {
    if as_json { json(document) } else { line(text) }
}

/// Prints the zone of the times in an output, once in each.
pub(crate) fn zone(zone: &TimeZone) -> anyhow::Result<()> {
    line(&format!("Times are in {}.", zone_name(zone)))
}

/// Formats a time in its zone, which is named if it is not that of the other times in the output.
pub(crate) fn time_in_zone(time: Millis, zone: &TimeZone, others: &TimeZone) -> String {
    let text = time.in_zone(zone);
    if zone == others { text } else { format!("{text} ({})", zone_name(zone)) }
}

/// Prints an error message to standard error.
pub(crate) fn error(text: &str) {
    let mut err = std::io::stderr().lock();
    let text = format!("{} {}", styled("error:", Style::Red, &err), printable(text));
    let _ = writeln!(err, "{}", wrapped(&text, &err));
}

/// Prints an informational message to standard error.
pub(crate) fn note(text: &str) {
    let mut err = std::io::stderr().lock();
    let _ = writeln!(err, "{}", wrapped(&printable(text), &err));
}

/// Resets what a wrong clock left in the database, and says so on standard error.
pub(crate) async fn clock_faults(app: &App) -> anyhow::Result<()> {
    if let Some(reason) = app.reset_clock_faults().await? {
        note(&format!("warning: {reason}"));
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
