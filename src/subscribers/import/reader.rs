//! Reads a file of subscribers on a thread of its own: once to check all lines, and once to store them.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::super::subscriber_file::{Preset, SubscriberFile};
use super::checks::LineChecks;
use super::rejections::{RejectionCollector, Rejections};
use crate::domain::attribute::AttributeType;
use crate::fs::SortedPairs;
use crate::store::imports::ImportRow;

/// Number of lines that are sent together.
const BATCH_LINES: usize = 100;
/// Number of batches that are read ahead: more than half of a transaction.
const BATCHES_AHEAD: usize = 48;

/// File whose lines were all checked.
pub(super) struct CheckedLines {
    pub(super) file: SubscriberFile,
    pub(super) checks: LineChecks,
    pub(super) rejections: Rejections,
    /// Number of lines with a person to store.
    pub(super) valid: u64,
    /// Types of the new attributes.
    pub(super) types: BTreeMap<String, AttributeType>,
}

/// Checks all lines of a file. Memory does not grow with the file.
///
/// # Errors
/// The file cannot be read, or `is_cancelled` was set.
pub(super) fn check(
    mut file: SubscriberFile,
    mut checks: LineChecks,
    is_cancelled: &AtomicBool,
) -> anyhow::Result<CheckedLines> {
    let (mut collector, mut valid, mut failure) = (RejectionCollector::default(), 0_u64, None);
    let may_repeat = file.form().preset.is_some_and(Preset::has_line_per_list);
    file.for_each(|(number, line)| {
        let added = match checks.validate(number, line) {
            Ok(ImportRow { person: Some(person), .. }) => {
                valid += 1;
                if may_repeat { Ok(()) } else { collector.accept(number, &person.address_key) }
            }
            Ok(_) => Ok(()),
            Err(reason) => collector.reject(number, &reason),
        };
        failure = added.err();
        failure.is_none() && !is_cancelled.load(Ordering::Relaxed)
    })?;
    if let Some(reason) = failure {
        return Err(anyhow::Error::new(reason).context("cannot write a temporary file"));
    }
    anyhow::ensure!(!is_cancelled.load(Ordering::Relaxed), "the import was cancelled");
    let types = checks.decide_types();
    let (rejected, rejections) = collector.finish()?;
    Ok(CheckedLines {
        file,
        checks,
        valid: valid - (rejections.count - rejected),
        rejections,
        types,
    })
}

/// Valid lines of a file, read a little ahead of the task that stores them.
pub(super) struct RowStream {
    batches: mpsc::Receiver<Vec<ImportRow>>,
    thread: JoinHandle<anyhow::Result<()>>,
}

impl RowStream {
    /// Starts to read the valid lines after a line. The thread ends when the stream is dropped.
    pub(super) fn spawn(
        mut file: SubscriberFile,
        mut checks: LineChecks,
        repeated: SortedPairs,
        after: u64,
    ) -> Self {
        let (sender, batches) = mpsc::channel(BATCHES_AHEAD);
        let thread = tokio::task::spawn_blocking(move || {
            let mut repeated = repeated.iter()?.peekable();
            let mut batch = Vec::with_capacity(BATCH_LINES);
            let mut failure = None;
            file.for_each(|(number, line)| {
                let is_repeated = |pair: &std::io::Result<(u64, u64)>| {
                    pair.as_ref().map_or(true, |(line, _)| *line <= number)
                };
                match repeated.next_if(is_repeated) {
                    Some(Err(reason)) => {
                        failure = Some(reason);
                        return false;
                    }
                    Some(Ok(_)) => return true,
                    None => {}
                }
                if number <= after {
                    return true;
                }
                batch.extend(checks.validate(number, line));
                if batch.len() < BATCH_LINES {
                    return true;
                }
                let full = std::mem::replace(&mut batch, Vec::with_capacity(BATCH_LINES));
                sender.blocking_send(full).is_ok()
            })?;
            if let Some(reason) = failure {
                return Err(anyhow::Error::new(reason).context("cannot read a temporary file"));
            }
            if !batch.is_empty() {
                // The receiver is gone if the import was cancelled.
                let _ = sender.blocking_send(batch);
            }
            Ok(())
        });
        Self { batches, thread }
    }

    /// Returns the next lines; `None` at the end of the file or after an error, which [`Self::finish`]
    /// returns.
    pub(super) async fn next(&mut self) -> Option<Vec<ImportRow>> {
        self.batches.recv().await
    }

    /// Ends the reading, and returns its error if there was one.
    pub(super) async fn finish(self) -> anyhow::Result<()> {
        drop(self.batches);
        self.thread.await?
    }
}
