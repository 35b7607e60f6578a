//! Writer of the log: each event is one line, in which no external text controls the terminal.

use std::io::{self, IsTerminal as _, Write};

use crate::domain::printable::{escape_unprintable, sgr_length};

/// Standard error, with the unprintable characters of events escaped.
#[derive(Debug)]
pub(super) struct LogWriter<W> {
    output: W,
    /// `true` if events contain styles, which are kept.
    is_styled: bool,
}

/// Returns the writer for one event.
pub(super) fn stderr() -> LogWriter<io::Stderr> {
    let output = io::stderr();
    LogWriter { is_styled: output.is_terminal(), output }
}

impl<W: Write> Write for LogWriter<W> {
    /// Writes one event, which the logging library passes as a whole.
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(event);
        let line = text.strip_suffix('\n').unwrap_or(&text);
        let kept = |rest: &str| if self.is_styled { sgr_length(rest) } else { 0 };
        let line = escape_unprintable(line, kept).replace('\n', "\\n");
        self.output.write_all(format!("{line}\n").as_bytes())?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.output.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_one_line_whatever_others_write_into_it() {
        for is_styled in [false, true] {
            let mut writer = LogWriter { output: Vec::new(), is_styled };
            let event =
                "WARN reply: 550 no\r\n2026 INFO all is well\u{1b}[2K\u{1b}]0;x\u{7}\u{202e}\n";
            assert_eq!(writer.write(event.as_bytes()).unwrap(), event.len());
            assert_eq!(
                String::from_utf8(writer.output).unwrap(),
                "WARN reply: 550 no\\u000d\\n2026 INFO all is well\\u001b[2K\\u001b]0;x\\u0007\\u202e\n"
            );
        }
    }

    #[test]
    fn styles_of_the_logger_are_kept_on_a_terminal_only() {
        for (is_styled, expected) in
            [(true, "\u{1b}[33mWARN\u{1b}[0m a\n"), (false, "\\u001b[33mWARN\\u001b[0m a\n")]
        {
            let mut writer = LogWriter { output: Vec::new(), is_styled };
            writer.write_all("\u{1b}[33mWARN\u{1b}[0m a\n".as_bytes()).unwrap();
            assert_eq!(String::from_utf8(writer.output).unwrap(), expected);
        }
    }
}
