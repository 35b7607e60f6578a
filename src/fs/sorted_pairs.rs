//! Sorts any number of pairs of numbers in little memory: what does not fit is sorted in runs in a temporary
//! file, and merged while it is read.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;

use super::input_file::unnamed_file;

/// Number of pairs that are sorted in memory.
const PAIRS_IN_MEMORY: usize = 1 << 18;
/// Number of pairs of a run that are read at once.
const PAIRS_PER_READ: usize = 1 << 12;
/// Length of a pair in the file in bytes.
const PAIR_BYTES: usize = 16;

/// Pair of numbers; pairs are ordered by the first one, then by the second.
type Pair = (u64, u64);

/// Receives pairs in any order.
#[derive(Debug)]
pub(crate) struct PairSorter {
    pairs: Vec<Pair>,
    max_in_memory: usize,
    runs: Runs,
}

/// Sorted runs in a temporary file.
#[derive(Debug, Default)]
struct Runs {
    file: Option<File>,
    /// Offset of the end of each run, in pairs.
    ends: Vec<u64>,
}

/// Sorted pairs, which can be read several times.
#[derive(Debug)]
pub(crate) struct SortedPairs {
    pairs: Vec<Pair>,
    runs: Runs,
}

impl Default for PairSorter {
    fn default() -> Self {
        Self::with_memory(PAIRS_IN_MEMORY)
    }
}

impl PairSorter {
    fn with_memory(max_in_memory: usize) -> Self {
        Self { pairs: Vec::new(), max_in_memory, runs: Runs::default() }
    }

    /// Adds a pair in any order.
    pub(crate) fn push(&mut self, pair: Pair) -> io::Result<()> {
        self.pairs.push(pair);
        if self.pairs.len() == self.max_in_memory { self.write_run() } else { Ok(()) }
    }

    fn write_run(&mut self) -> io::Result<()> {
        self.pairs.sort_unstable();
        let file = match &mut self.runs.file {
            Some(file) => file,
            none => none.insert(unnamed_file()?),
        };
        let mut offset = self.runs.ends.last().copied().unwrap_or_default();
        for pairs in self.pairs.chunks(PAIRS_PER_READ) {
            let mut bytes = Vec::with_capacity(pairs.len() * PAIR_BYTES);
            for (first, second) in pairs {
                bytes.extend_from_slice(&first.to_le_bytes());
                bytes.extend_from_slice(&second.to_le_bytes());
            }
            file.write_all_at(&bytes, offset * PAIR_BYTES as u64)?;
            offset += pairs.len() as u64;
        }
        self.runs.ends.push(offset);
        self.pairs.clear();
        Ok(())
    }

    /// Sorts all pairs that were added.
    pub(crate) fn finish(mut self) -> io::Result<SortedPairs> {
        if self.runs.file.is_some() {
            self.write_run()?;
            self.pairs = Vec::new();
        } else {
            self.pairs.sort_unstable();
        }
        Ok(SortedPairs { pairs: self.pairs, runs: self.runs })
    }
}

impl SortedPairs {
    /// Returns the pairs in their order.
    pub(crate) fn iter(&self) -> io::Result<impl Iterator<Item = io::Result<Pair>> + '_> {
        let starts = std::iter::once(0).chain(self.runs.ends.iter().copied());
        let mut windows: Vec<RunWindow> = starts
            .zip(&self.runs.ends)
            .map(|(next, end)| RunWindow { next, end: *end, pairs: Vec::new() })
            .collect();
        let mut heap = BinaryHeap::with_capacity(windows.len());
        for (run, window) in windows.iter_mut().enumerate() {
            heap.extend(window.pop(&self.runs)?.map(|pair| Reverse((pair, run))));
        }
        let merged = std::iter::from_fn(move || {
            let Reverse((pair, run)) = heap.pop()?;
            match windows[run].pop(&self.runs) {
                Ok(next) => heap.extend(next.map(|next| Reverse((next, run)))),
                Err(reason) => return Some(Err(reason)),
            }
            Some(Ok(pair))
        });
        Ok(self.pairs.iter().copied().map(Ok).chain(merged))
    }
}

/// Pairs of a run that were read and not yet merged, in reverse order.
struct RunWindow {
    /// Offset of the next pair to read, in pairs.
    next: u64,
    end: u64,
    pairs: Vec<Pair>,
}

impl RunWindow {
    fn pop(&mut self, runs: &Runs) -> io::Result<Option<Pair>> {
        if self.pairs.is_empty()
            && self.next < self.end
            && let Some(file) = &runs.file
        {
            let count = (PAIRS_PER_READ as u64).min(self.end - self.next);
            let mut bytes = vec![0; usize::try_from(count).unwrap_or(0) * PAIR_BYTES];
            file.read_exact_at(&mut bytes, self.next * PAIR_BYTES as u64)?;
            let number = |bytes: &[u8]| {
                bytes.iter().rev().fold(0_u64, |number, byte| number << 8 | u64::from(*byte))
            };
            let pairs = bytes.chunks_exact(PAIR_BYTES);
            self.pairs.extend(pairs.rev().map(|pair| (number(&pair[..8]), number(&pair[8..]))));
            self.next += count;
        }
        Ok(self.pairs.pop())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sorted(pairs: &[Pair], max_in_memory: usize) -> SortedPairs {
        let mut sorter = PairSorter::with_memory(max_in_memory);
        for pair in pairs {
            sorter.push(*pair).unwrap();
        }
        sorter.finish().unwrap()
    }

    fn read(sorted: &SortedPairs) -> Vec<Pair> {
        sorted.iter().unwrap().collect::<io::Result<_>>().unwrap()
    }

    #[test]
    fn runs_longer_than_one_read_are_merged() {
        let pairs: Vec<Pair> =
            (0..20_000_u64).map(|n| (n.wrapping_mul(7_919) % 9_973, n)).collect();
        let (small, large) = (sorted(&pairs, 4_500), sorted(&pairs, 1 << 20));
        assert_eq!((small.runs.ends.len(), large.runs.ends.len()), (5, 0));
        assert_eq!(read(&small), read(&large));
        assert_eq!(read(&small), read(&small), "the pairs can be read again");
    }

    proptest! {
        #[test]
        fn pairs_are_sorted_whatever_the_memory(
            mut pairs in prop::collection::vec(any::<Pair>(), 0..50),
            memory in 1_usize..60,
        ) {
            let found = read(&sorted(&pairs, memory));
            pairs.sort_unstable();
            prop_assert_eq!(found, pairs);
        }
    }
}
