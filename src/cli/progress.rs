//! Progress of long commands on standard error: a bar on a terminal, otherwise a line every few
//! seconds.

use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::output;
use crate::domain::time::{Millis, SignedDuration};

/// Interval between two lines.
const LINE_INTERVAL: SignedDuration = SignedDuration::from_secs(5);

/// Reports the progress of a long command.
pub(crate) struct ProgressReporter {
    unit: &'static str,
    clock: fn() -> Millis,
    reported_at: Millis,
    bar: Option<ProgressBar>,
}

impl ProgressReporter {
    /// Creates a reporter that counts in `unit`, a plural noun.
    pub(crate) fn new(unit: &'static str, clock: fn() -> Millis) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
            match ProgressStyle::with_template(&format!(
                "{{bar:40}} {{pos}}/{{len}} {unit}, {{eta}} left"
            )) {
                Ok(style) => bar.with_style(style),
                Err(_) => bar,
            }
        });
        Self { unit, clock, reported_at: clock(), bar }
    }

    /// Reports that `done` of `total` units are done.
    pub(crate) fn update(&mut self, done: usize, total: usize) {
        if let Some(bar) = &self.bar {
            bar.set_length(total as u64);
            bar.set_position(done as u64);
        } else if let Some(line) = self.due_line(done, total) {
            output::note(&line);
        }
    }

    /// Returns the next line if one is due.
    fn due_line(&mut self, done: usize, total: usize) -> Option<String> {
        let now = (self.clock)();
        if now.since(self.reported_at) < LINE_INTERVAL {
            return None;
        }
        self.reported_at = now;
        Some(format!("{done} of {total} {}", self.unit))
    }

    /// Removes the progress bar at the end.
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
    fn one_line_is_printed_per_interval() {
        static TIME: AtomicI64 = AtomicI64::new(0);
        let mut progress = ProgressReporter::new("lines", || Millis(TIME.load(Ordering::Relaxed)));
        let mut lines = Vec::new();
        for done in 1..=12 {
            TIME.fetch_add(1_000, Ordering::Relaxed);
            lines.extend(progress.due_line(done, 12));
        }
        assert_eq!(lines, ["5 of 12 lines", "10 of 12 lines"]);
    }
}
