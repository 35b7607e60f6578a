//! Receives the rows of a source within the limits of a sync run, so that a source that never ends or
//! hardly answers is given up.

use std::time::Duration;

use anyhow::anyhow;
use tokio::sync::mpsc::Receiver;
use tokio::time::{Instant, timeout};

use crate::domain::article::{IncomingArticle, SourceRow};

/// Limits of one sync run.
#[derive(Debug, Clone, Copy)]
pub(super) struct SyncLimits {
    /// Maximum number of rows.
    pub(super) rows: usize,
    /// Maximum length of all texts together, in bytes.
    pub(super) bytes: usize,
    /// Longest time that a run waits for the source altogether.
    pub(super) waiting: Duration,
    /// Longest time that a run waits for [`ROWS_PER_INTERVAL`] rows.
    pub(super) interval: Duration,
}

/// Limits of every sync run.
pub(super) const SYNC_LIMITS: SyncLimits = SyncLimits {
    rows: 2_000_000,
    bytes: 16 << 30,
    waiting: Duration::from_secs(3600),
    interval: Duration::from_secs(300),
};
/// Rows that a source must return in each interval, except at its end.
const ROWS_PER_INTERVAL: usize = 100;

/// Rows of a source, counted against the limits of a sync run.
pub(super) struct RowReceiver {
    source: String,
    rows: Receiver<SourceRow>,
    limits: SyncLimits,
    received: usize,
    bytes: usize,
    /// Time for which the run has waited for the source; storing articles does not count.
    waited: Duration,
    /// Value of `waited` at the beginning of the interval.
    interval_start: Duration,
}

impl RowReceiver {
    /// Receives the rows of the source with this name.
    pub(super) fn new(source: &str, rows: Receiver<SourceRow>, limits: SyncLimits) -> Self {
        Self {
            source: source.to_owned(),
            rows,
            limits,
            received: 0,
            bytes: 0,
            waited: Duration::ZERO,
            interval_start: Duration::ZERO,
        }
    }

    /// Returns the next row; `None` after the last one. The error is one sentence about the limit that
    /// the source exceeds.
    pub(super) async fn next(&mut self) -> anyhow::Result<Option<SourceRow>> {
        let (source, limits) = (&self.source, self.limits);
        let total = limits.waiting.saturating_sub(self.waited);
        let interval = limits.interval.saturating_sub(self.waited - self.interval_start);
        let start = Instant::now();
        let Ok(row) = timeout(total.min(interval), self.rows.recv()).await else {
            return Err(if total < interval {
                anyhow!(
                    "source {source}: the database had not returned all rows after {} minutes; check its speed, or select fewer rows",
                    limits.waiting.as_secs() / 60
                )
            } else {
                anyhow!(
                    "source {source}: the database returned fewer than {ROWS_PER_INTERVAL} rows in {} minutes; check its speed and indexes",
                    limits.interval.as_secs() / 60
                )
            });
        };
        self.waited += start.elapsed();
        let Some(row) = row else { return Ok(None) };
        self.received += 1;
        self.bytes += text_bytes(&row);
        if self.received.is_multiple_of(ROWS_PER_INTERVAL) {
            self.interval_start = self.waited;
        }
        if self.received > limits.rows {
            return Err(anyhow!(
                "source {source}: the database returned more than {} rows; check that the query ends, or select fewer rows",
                limits.rows
            ));
        }
        if self.bytes > limits.bytes {
            return Err(anyhow!(
                "source {source}: the texts of the rows are longer than {} MiB altogether; select fewer rows or shorter texts",
                limits.bytes >> 20
            ));
        }
        Ok(Some(row))
    }
}

/// Returns the length of the texts of a row in bytes.
fn text_bytes(row: &SourceRow) -> usize {
    match row {
        SourceRow::Rejected { id, reason } => id.len() + reason.len(),
        SourceRow::Scheduled { ids, .. } | SourceRow::NotPublic { ids, .. } => {
            ids.iter().map(String::len).sum()
        }
        SourceRow::Article(article) => {
            let IncomingArticle { title, body_html, summary, sections, tags, authors, .. } =
                article.as_ref();
            let names = sections.iter().chain(tags).chain(authors).map(String::len).sum::<usize>();
            title.len() + body_html.len() + summary.as_ref().map_or(0, String::len) + names
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc;

    use super::*;

    const LIMITS: SyncLimits = SyncLimits {
        rows: 500,
        bytes: 10_000,
        waiting: Duration::from_secs(3600),
        interval: Duration::from_secs(300),
    };

    /// Receives everything from a source that sends a row of this length after each pause.
    async fn receive(pause: Duration, bytes: usize, count: usize) -> Result<usize, String> {
        let (sender, rows) = mpsc::channel(1);
        tokio::spawn(async move {
            for _ in 0..count {
                tokio::time::sleep(pause).await;
                let row = SourceRow::Rejected { id: "x".repeat(bytes), reason: String::new() };
                if sender.send(row).await.is_err() {
                    return;
                }
            }
        });
        let mut receiver = RowReceiver::new("news", rows, LIMITS);
        let mut received = 0;
        while receiver.next().await.map_err(|e| e.to_string())?.is_some() {
            received += 1;
        }
        Ok(received)
    }

    #[tokio::test(start_paused = true)]
    async fn a_source_within_the_limits_is_read_to_its_end() {
        assert_eq!(receive(Duration::from_millis(2900), 1, 500).await, Ok(500));
        assert_eq!(receive(Duration::from_secs(59), 1, 4).await, Ok(4));
    }

    #[tokio::test(start_paused = true)]
    async fn endless_rows_end_with_a_sentence() {
        let error = receive(Duration::ZERO, 1, usize::MAX).await.unwrap_err();
        assert!(error.contains("source news: the database returned more than 500 rows"), "{error}");
        let error = receive(Duration::ZERO, 100, usize::MAX).await.unwrap_err();
        assert!(error.contains("longer than 0 MiB altogether"), "{error}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_row_every_few_seconds_ends_with_a_sentence() {
        let error = receive(Duration::from_secs(4), 1, usize::MAX).await.unwrap_err();
        assert!(error.contains("fewer than 100 rows in 5 minutes"), "{error}");
        let error = receive(Duration::MAX, 1, 1).await.unwrap_err();
        assert!(error.contains("fewer than 100 rows in 5 minutes"), "{error}");
    }
}
