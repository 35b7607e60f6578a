//! Rejected lines of a file in their order, in little memory: the reasons are in a temporary file until all
//! lines were read, because only then the repeated addresses are known.

use std::fs::File;
use std::hash::{BuildHasher as _, RandomState};
use std::io::{self, BufReader, BufWriter, ErrorKind, Read as _, Seek as _, Write as _};

use crate::domain::shorten::shorten;
use crate::fs::{PairSorter, SortedPairs, unnamed_file};
use crate::subscribers::LineProblem;

/// Maximum length of a reason in characters; a value in it may be long.
const MAX_REASON_CHARS: usize = 1_000;
/// Maximum length of the code and the values of a reason in bytes.
const MAX_JSON_BYTES: usize = 8_000;

/// Reason why a line is rejected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rejection {
    /// Reason as an English sentence.
    pub(super) sentence: String,
    /// Code and values as a JSON object.
    pub(super) reason: String,
}

impl Rejection {
    /// Returns the sentence of a problem, shortened, with its code and values.
    fn new(problem: &LineProblem) -> Self {
        let reason = serde_json::to_string(problem).unwrap_or_default();
        Self {
            sentence: shorten(&problem.to_string(), MAX_REASON_CHARS),
            // Without a code, pages show the sentence.
            reason: if reason.len() > MAX_JSON_BYTES { "{}".to_owned() } else { reason },
        }
    }
}

/// Receives the rejected lines, and the addresses of the valid ones.
#[derive(Default)]
pub(super) struct RejectionCollector {
    reasons: Option<BufWriter<File>>,
    count: u64,
    addresses: PairSorter,
    hasher: RandomState,
}

/// All rejected lines of a file.
pub(super) struct Rejections {
    reasons: Option<File>,
    /// Lines with an address of an earlier line: their numbers, each with that of the earlier line.
    pub(super) repeated: SortedPairs,
    /// Number of rejected lines.
    pub(super) count: u64,
}

impl RejectionCollector {
    /// Adds a rejected line; lines have increasing numbers.
    pub(super) fn reject(&mut self, line: u64, problem: &LineProblem) -> io::Result<()> {
        self.count += 1;
        let rejection = Rejection::new(problem);
        let file = match &mut self.reasons {
            Some(file) => file,
            none => none.insert(BufWriter::new(unnamed_file()?)),
        };
        file.write_all(&line.to_le_bytes())?;
        for text in [&rejection.sentence, &rejection.reason] {
            file.write_all(&u32::try_from(text.len()).unwrap_or(0).to_le_bytes())?;
            file.write_all(text.as_bytes())?;
        }
        Ok(())
    }

    /// Adds the address of a valid line. A hash stands for it, which two addresses do not share in practice.
    pub(super) fn accept(&mut self, line: u64, address_key: &str) -> io::Result<()> {
        self.addresses.push((self.hasher.hash_one(address_key), line))
    }

    /// Finds the repeated addresses, once all lines were added. Also returns the number of lines that were
    /// rejected for other reasons.
    pub(super) fn finish(self) -> io::Result<(u64, Rejections)> {
        let (sorted, mut repeated) = (self.addresses.finish()?, PairSorter::default());
        let (mut first, mut count): (Option<(u64, u64)>, u64) = (None, 0);
        for pair in sorted.iter()? {
            let (hash, line) = pair?;
            match first {
                Some((earlier, first_line)) if earlier == hash => {
                    repeated.push((line, first_line))?;
                    count += 1;
                }
                _ => first = Some((hash, line)),
            }
        }
        let reasons = match self.reasons {
            Some(file) => Some(file.into_inner().map_err(io::IntoInnerError::into_error)?),
            None => None,
        };
        let rejections =
            Rejections { reasons, repeated: repeated.finish()?, count: self.count + count };
        Ok((self.count, rejections))
    }
}

impl Rejections {
    /// Passes all rejected lines in their order to `accept`.
    pub(super) fn for_each(&mut self, mut accept: impl FnMut(u64, &Rejection)) -> io::Result<()> {
        let mut reasons = match &mut self.reasons {
            Some(file) => {
                file.rewind()?;
                Some(BufReader::new(file))
            }
            None => None,
        };
        let mut next = read_reason(reasons.as_mut())?;
        for pair in self.repeated.iter()? {
            let (line, first) = pair?;
            while let Some((earlier, reason)) = next.take_if(|(earlier, _)| *earlier < line) {
                accept(earlier, &reason);
                next = read_reason(reasons.as_mut())?;
            }
            accept(line, &Rejection::new(&LineProblem::SameAddress { line: first }));
        }
        while let Some((line, reason)) = next {
            accept(line, &reason);
            next = read_reason(reasons.as_mut())?;
        }
        Ok(())
    }
}

/// Reads the next line and reason; `None` at the end.
fn read_reason(file: Option<&mut BufReader<&mut File>>) -> io::Result<Option<(u64, Rejection)>> {
    let Some(file) = file else { return Ok(None) };
    let mut line = [0; 8];
    match file.read_exact(&mut line) {
        Err(e) if e.kind() == ErrorKind::UnexpectedEof => return Ok(None),
        read => read?,
    }
    let (sentence, reason) = (read_text(file)?, read_text(file)?);
    Ok(Some((u64::from_le_bytes(line), Rejection { sentence, reason })))
}

/// Reads a text after its length.
fn read_text(file: &mut BufReader<&mut File>) -> io::Result<String> {
    let mut length = [0; 4];
    file.read_exact(&mut length)?;
    let mut text = String::new();
    file.take(u32::from_le_bytes(length).into()).read_to_string(&mut text)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rejected_and_repeated_lines_are_reported_in_the_order_of_the_file() {
        let mut collector = RejectionCollector::default();
        collector.accept(2, "ann@example.org").unwrap();
        let problem = |error: &str| LineProblem::LineNotJson { error: error.to_owned() };
        collector.reject(3, &problem("expected value")).unwrap();
        collector.accept(4, "bob@example.org").unwrap();
        collector.accept(5, "ann@example.org").unwrap();
        collector.reject(6, &problem(&"long ".repeat(2_000))).unwrap();
        collector.accept(7, "ann@example.org").unwrap();
        let (_, mut rejections) = collector.finish().unwrap();
        for _ in 0..2 {
            let mut found = Vec::new();
            rejections.for_each(|line, one| found.push((line, one.clone()))).unwrap();
            let lines: Vec<u64> = found.iter().map(|(line, _)| *line).collect();
            assert_eq!((lines, rejections.count), (vec![3, 5, 6, 7], 4));
            assert_eq!(found[1].1.sentence, "same address as in line 2");
            assert_eq!(found[1].1.reason, "{\"code\":\"same-address\",\"line\":2}");
            assert!(found[2].1.sentence.chars().count() <= MAX_REASON_CHARS + 1);
            assert_eq!(found[2].1.reason, "{}", "too long");
        }
    }
}
