//! Recognizes the encoding of a CSV file.

use std::io::{self, Read};

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

use super::problem::OtherFormat;

/// First bytes of a ZIP file, which workbooks of Excel (.xlsx), Numbers and LibreOffice are.
const ZIP_START: &[u8] = b"PK\x03\x04";
/// First bytes of a workbook of Excel before 2007 (.xls).
const XLS_START: &[u8] = b"\xD0\xCF\x11\xE0";
/// Number of bytes that are examined at once.
const CHUNK_BYTES: usize = 64 << 10;

/// Returns the format of a file with these first bytes if it is a workbook or HTML.
pub(super) fn other_format(start: &[u8]) -> Option<OtherFormat> {
    if start.starts_with(ZIP_START) {
        Some(OtherFormat::Xlsx)
    } else if start.starts_with(XLS_START) {
        Some(OtherFormat::Xls)
    } else {
        is_html(start).then_some(OtherFormat::Html)
    }
}

/// Returns `true` if the first bytes of a file are those of a page or table in HTML.
fn is_html(start: &[u8]) -> bool {
    let start = String::from_utf8_lossy(&start[..start.len().min(100)]).to_ascii_lowercase();
    let start = start.trim_start_matches('\u{feff}').trim_start();
    ["<!doctype html", "<html", "<table"].iter().any(|tag| start.starts_with(tag))
}

/// Returns the encoding that the first bytes of a file state: a byte order mark, or UTF-16 without one, whose
/// ASCII characters have a zero as their second or first byte.
pub(super) fn stated_encoding(start: &[u8]) -> Option<&'static Encoding> {
    if let Some((encoding, _)) = Encoding::for_bom(start) {
        return Some(encoding);
    }
    let zeros =
        |position: usize| start.iter().skip(position).step_by(2).filter(|b| **b == 0).count();
    let (first, second, pairs) = (zeros(0), zeros(1), start.len() / 2);
    // A letter of another script may have a zero as well, and a damaged file in another encoding some.
    let is_encoding = |ascii: usize, others: usize| ascii * 4 >= pairs && ascii > others * 4;
    match pairs {
        0..2 => None,
        _ if is_encoding(second, first) => Some(UTF_16LE),
        _ if is_encoding(first, second) => Some(UTF_16BE),
        _ => None,
    }
}

/// Numbers of valid and invalid characters outside ASCII in a file read as UTF-8.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Utf8Count {
    valid: u64,
    pub(super) invalid: u64,
}

impl Utf8Count {
    /// Counts the characters of a file.
    pub(super) fn of(mut input: impl Read) -> io::Result<Self> {
        let mut count = Self::default();
        let mut bytes = Vec::with_capacity(CHUNK_BYTES);
        loop {
            let length = read_chunk(&mut input, &mut bytes)?;
            let kept = count.add(&bytes, length == 0);
            if length == 0 {
                return Ok(count);
            }
            bytes.drain(..bytes.len() - kept);
        }
    }

    /// Counts the characters of a piece; returns the length of an incomplete one at its end.
    fn add(&mut self, bytes: &[u8], is_last: bool) -> usize {
        if bytes.is_ascii() {
            return 0;
        }
        let mut rest = bytes.len();
        for chunk in bytes.utf8_chunks() {
            let invalid = chunk.invalid();
            rest -= chunk.valid().len() + invalid.len();
            self.valid += chunk.valid().chars().filter(|c| !c.is_ascii()).count() as u64;
            let is_incomplete =
                || std::str::from_utf8(invalid).is_err_and(|e| e.error_len().is_none());
            if rest == 0 && !is_last && is_incomplete() {
                return invalid.len();
            }
            self.invalid += u64::from(!invalid.is_empty());
        }
        0
    }

    /// Returns `true` if the file is UTF-8, perhaps damaged: in another encoding few letters look like
    /// UTF-8.
    pub(super) fn is_utf8(self) -> bool {
        self.invalid == 0 || self.valid > self.invalid
    }
}

/// Returns the encoding that the bytes of a file suggest.
pub(super) fn guessed_encoding(mut input: impl Read) -> io::Result<&'static Encoding> {
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    let mut bytes = Vec::with_capacity(CHUNK_BYTES);
    loop {
        bytes.clear();
        let length = read_chunk(&mut input, &mut bytes)?;
        detector.feed(&bytes, length == 0);
        if length == 0 {
            break;
        }
    }
    Ok(detector.guess(None, Utf8Detection::Deny))
}

/// Appends the next bytes of a file, and returns their number; zero at the end.
fn read_chunk(input: &mut impl Read, bytes: &mut Vec<u8>) -> io::Result<usize> {
    input.by_ref().take(CHUNK_BYTES as u64).read_to_end(bytes)
}

/// Returns the encoding of a file without a stated one, and `true` if it is damaged UTF-8.
pub(super) fn recognize(
    input: &mut (impl Read + io::Seek),
    stated: Option<&'static Encoding>,
) -> io::Result<(&'static Encoding, bool)> {
    if let Some(encoding) = stated.filter(|encoding| *encoding != UTF_8) {
        return Ok((encoding, false));
    }
    input.rewind()?;
    let count = Utf8Count::of(&mut *input)?;
    if stated.is_some() || count.is_utf8() {
        return Ok((UTF_8, count.invalid > 0));
    }
    input.rewind()?;
    Ok((guessed_encoding(input)?, false))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reader that returns at most this number of bytes at once.
    struct Pieces<'a>(&'a [u8], usize);

    impl Read for Pieces<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let length = self.1.min(buffer.len());
            self.0.read(&mut buffer[..length])
        }
    }

    #[test]
    fn characters_are_counted_across_the_pieces_of_a_file() {
        let filler = "x".repeat(CHUNK_BYTES - 1);
        for (end, valid, invalid) in [
            ("\u{65b0}\u{95fb}".as_bytes(), 2, 0),
            (b"\xe9\n", 0, 1),
            (b"\xe9", 0, 1),
            (b"\xc3\xa9\xe6\x96", 1, 1),
        ] {
            let bytes = [filler.as_bytes(), end].concat();
            let count = Utf8Count::of(Pieces(&bytes, 1_000)).unwrap();
            assert_eq!((count.valid, count.invalid), (valid, invalid), "{end:?}");
        }
    }
}
