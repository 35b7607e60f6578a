//! How far long work is, on standard error: a bar on a terminal, a plain line every few seconds elsewhere.

use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::output;
use crate::domain::time::{Millis, SECOND};

/// Between two plain lines.
const EVERY: i64 = 5 * SECOND;

/// Work that tells how far it is.
pub(crate) struct Progress {
    what: &'static str,
    clock: fn() -> Millis,
    told_at: Millis,
    bar: Option<ProgressBar>,
}

impl Progress {
    /// Work on so many of `what` (a plural) begins.
    pub(crate) fn new(what: &'static str, clock: fn() -> Millis) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
            match ProgressStyle::with_template(&format!(
                "{{bar:40}} {{pos}}/{{len}} {what}, {{eta}} left"
            )) {
                Ok(style) => bar.with_style(style),
                Err(_) => bar,
            }
        });
        Self { what, clock, told_at: clock(), bar }
    }

    /// So much of it is done.
    pub(crate) fn tell(&mut self, done: usize, total: usize) {
        if let Some(bar) = &self.bar {
            bar.set_length(total as u64);
            bar.set_position(done as u64);
        } else if let Some(line) = self.line(done, total) {
            output::remark(&line);
        }
    }

    /// What a plain line says, where one is due.
    fn line(&mut self, done: usize, total: usize) -> Option<String> {
        let now = (self.clock)();
        if now.0 - self.told_at.0 < EVERY {
            return None;
        }
        self.told_at = now;
        Some(format!("{done} of {total} {}", self.what))
    }

    /// It is over.
    pub(crate) fn finish(self) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};

    use super::*;

    #[test]
    fn a_plain_line_comes_every_few_seconds_and_none_in_between() {
        static TIME: AtomicI64 = AtomicI64::new(0);
        let mut progress = Progress::new("lines", || Millis(TIME.load(Ordering::Relaxed)));
        let mut said = Vec::new();
        for done in 1..=12 {
            TIME.fetch_add(SECOND, Ordering::Relaxed);
            said.extend(progress.line(done, 12));
        }
        assert_eq!(said, ["5 of 12 lines", "10 of 12 lines"]);
    }
}
