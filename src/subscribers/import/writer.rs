//! Stores the lines of a file in chunks, each in one short transaction, and counts the changes of a dry run.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::reader::RowStream;
use crate::domain::actor::Actor;
use crate::domain::import_changes::{ChangedPerson, ExistingPeople, add_changed_people};
use crate::domain::subscriber_import::ImportCounts;
use crate::domain::time::Millis;
use crate::store::imports::{ImportChunk, ImportJob, ImportRow};
use crate::store::{Store, StoreResult};

/// Number of lines whose changes are counted together.
const COUNTED_LINES: usize = 1_000;
/// Number of lines in the first transaction.
const FIRST_LINES: usize = 200;
/// Smallest and largest number of lines in a transaction.
const LINES_PER_TRANSACTION: (usize, usize) = (20, 8_000);
/// Duration of a transaction, which on SQLite delays all other writes. Long ones write fewer pages of the
/// indexes, whose entries have no order, more than once.
const TRANSACTION_TIME: Duration = Duration::from_millis(400);
/// Duration of a transaction on SQLite while an edition is being sent.
const TIME_WHILE_SENDING: Duration = Duration::from_millis(12);

/// Digest of an import, with the transport of confirmation messages.
#[derive(Debug, Clone)]
pub(super) struct ChunkTarget {
    pub(super) digest: String,
    pub(super) transport: String,
    /// Treatment of people whom the database has.
    pub(super) existing: ExistingPeople,
    /// Language of people who have none.
    pub(super) language: Option<String>,
}

impl ChunkTarget {
    /// Returns a chunk without lines.
    fn chunk(&self) -> ImportChunk {
        ImportChunk {
            digest: self.digest.clone(),
            transport: self.transport.clone(),
            existing: self.existing,
            language: self.language.clone(),
            rows: Vec::new(),
            through: 0,
        }
    }
}

/// Collects lines until they fill a transaction; lines about the same person are merged.
struct ChunkBuilder<'a> {
    target: &'a ChunkTarget,
    chunk: ImportChunk,
    /// Positions of the people in the chunk.
    people: HashMap<String, usize>,
}

impl<'a> ChunkBuilder<'a> {
    fn new(target: &'a ChunkTarget) -> Self {
        Self { target, chunk: target.chunk(), people: HashMap::new() }
    }

    fn push(&mut self, row: ImportRow) {
        self.chunk.through = i64::try_from(row.line).unwrap_or(i64::MAX);
        if let Some(person) = &row.person {
            let known = self.people.get(&person.address_key).copied();
            if let Some(index) = known
                && let (Some(first), Some(person)) =
                    (&mut self.chunk.rows[index].person, row.person.clone())
            {
                first.merge(person);
                return;
            }
            self.people.insert(person.address_key.clone(), self.chunk.rows.len());
        }
        self.chunk.rows.push(row);
    }

    /// Returns the collected lines, and is empty afterwards.
    fn take(&mut self) -> ImportChunk {
        self.people.clear();
        let rows = Vec::with_capacity(self.chunk.rows.len());
        std::mem::replace(&mut self.chunk, ImportChunk { rows, ..self.target.chunk() })
    }
}

/// Counts the changes that the lines of a file would cause, and returns the first known people whose stored
/// values would change.
pub(super) async fn count(
    store: &Store,
    mut rows: RowStream,
    target: &ChunkTarget,
) -> anyhow::Result<(ImportCounts, Vec<ChangedPerson>)> {
    let (mut counts, mut people) = (ImportCounts::default(), Vec::new());
    let mut chunk = ChunkBuilder::new(target);
    while let Some(batch) = rows.next().await {
        batch.into_iter().for_each(|row| chunk.push(row));
        if chunk.chunk.rows.len() >= COUNTED_LINES {
            let (some, others) = store.imports().count_changes(&chunk.take()).await?;
            counts.add_all(&some);
            add_changed_people(&mut people, others);
        }
    }
    let (rest, others) = store.imports().count_changes(&chunk.take()).await?;
    counts.add_all(&rest);
    add_changed_people(&mut people, others);
    rows.finish().await?;
    Ok((counts, people))
}

/// Stores the lines of a file, and reports the progress after each chunk. Returns `None` if the import was
/// cancelled, or if another process continues it.
pub(super) async fn store_rows(
    store: &Store,
    mut job: ImportJob,
    mut rows: RowStream,
    target: &ChunkTarget,
    (actor, now): (&Actor, Millis),
    mut on_progress: impl FnMut(&ImportJob),
) -> anyhow::Result<Option<ImportJob>> {
    let mut pace = ChunkPace::new(store.is_sqlite());
    let mut chunk = ChunkBuilder::new(target);
    let mut is_last = false;
    while !is_last {
        match rows.next().await {
            Some(batch) => {
                for row in batch {
                    chunk.push(row);
                    if chunk.chunk.rows.len() >= pace.lines {
                        let full = chunk.take();
                        let Some(next) = pace.apply(store, &job, &full, actor, now).await? else {
                            return Ok(None);
                        };
                        job = next;
                        on_progress(&job);
                    }
                }
            }
            None => is_last = true,
        }
    }
    // Only a complete file may end the import.
    rows.finish().await?;
    if !chunk.chunk.rows.is_empty() {
        let rest = chunk.take();
        match pace.apply(store, &job, &rest, actor, now).await? {
            Some(next) => job = next,
            None => return Ok(None),
        }
        on_progress(&job);
    }
    Ok(Some(job))
}

/// Number of lines per transaction, so that each takes about the same time; pauses while an edition is
/// being sent.
struct ChunkPace {
    lines: usize,
    target: Duration,
    yields: bool,
}

impl ChunkPace {
    fn new(is_sqlite: bool) -> Self {
        Self { lines: FIRST_LINES, target: TRANSACTION_TIME, yields: is_sqlite }
    }

    async fn apply(
        &mut self,
        store: &Store,
        job: &ImportJob,
        chunk: &ImportChunk,
        actor: &Actor,
        now: Millis,
    ) -> StoreResult<Option<ImportJob>> {
        let start = Instant::now();
        let applied = store.imports().apply_chunk(job, chunk, actor, now).await?;
        let elapsed = start.elapsed();
        self.adapt(chunk.rows.len(), elapsed);
        if self.yields {
            self.yield_to_sending(store.imports().is_sending().await?, elapsed).await;
        }
        Ok(applied)
    }

    /// Leaves half of the time to an edition that is being sent, in short turns.
    async fn yield_to_sending(&mut self, is_sending: bool, elapsed: Duration) {
        if !is_sending {
            self.target = TRANSACTION_TIME;
            return;
        }
        if self.target != TIME_WHILE_SENDING {
            self.target = TIME_WHILE_SENDING;
            self.lines = self.lines.min(FIRST_LINES);
        }
        tokio::time::sleep(elapsed).await;
    }

    /// Changes the number of lines towards the one that takes the target time.
    fn adapt(&mut self, lines: usize, elapsed: Duration) {
        let (min, max) = LINES_PER_TRANSACTION;
        let micros = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX).max(1);
        let fitting = (lines as u64).saturating_mul(micros(self.target)) / micros(elapsed);
        let fitting = usize::try_from(fitting).unwrap_or(max);
        // A single slow transaction changes little.
        let next = fitting.clamp(self.lines / 2, self.lines + self.lines / 4 + 1);
        self.lines = next.clamp(min, max);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_lines_approaches_the_target_time() {
        let mut pace = ChunkPace::new(true);
        for _ in 0..50 {
            let lines = pace.lines;
            pace.adapt(lines, Duration::from_micros(lines as u64 * 24));
        }
        assert_eq!(pace.lines, LINES_PER_TRANSACTION.1);
        pace.adapt(8_000, Duration::from_secs(5));
        assert_eq!(pace.lines, 4_000, "one slow transaction halves it at most");
        for _ in 0..50 {
            pace.adapt(pace.lines, Duration::from_secs(1));
        }
        assert_eq!(pace.lines, LINES_PER_TRANSACTION.0);
    }

    #[tokio::test(start_paused = true)]
    async fn transactions_are_short_while_an_edition_is_being_sent() {
        let mut pace = ChunkPace::new(true);
        pace.lines = 12_500;
        pace.yield_to_sending(true, Duration::from_millis(300)).await;
        assert_eq!(pace.lines, FIRST_LINES);
        for _ in 0..50 {
            let lines = pace.lines;
            pace.adapt(lines, Duration::from_micros(lines as u64 * 24));
        }
        assert_eq!(pace.lines, 500);
        pace.yield_to_sending(false, Duration::from_millis(12)).await;
        assert_eq!(pace.target, TRANSACTION_TIME);
    }
}
