//! Limit of one result that is kept in memory, such as a page of posts or a list of authors.

use std::fmt;

/// Maximum number of rows of one result.
const MAX_ROWS: usize = 2_000_000;
/// Maximum length of all values of one result, in bytes.
const MAX_BYTES: usize = 1 << 30;

/// Number and length of the rows that were read.
#[derive(Debug, Default)]
pub(super) struct ResultLimit {
    rows: usize,
    bytes: usize,
}

/// Error of a result that is larger than the limit.
#[derive(Debug)]
pub(super) struct ResultTooLarge;

impl fmt::Display for ResultTooLarge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "returned more than {MAX_ROWS} rows or {} MiB for one statement", MAX_BYTES >> 20)
    }
}

impl std::error::Error for ResultTooLarge {}

impl ResultLimit {
    /// Counts a row; the error ends the reading.
    pub(super) fn add(&mut self, row: &[String]) -> Result<(), sqlx::Error> {
        self.rows += 1;
        self.bytes += row.iter().map(String::len).sum::<usize>();
        if self.rows > MAX_ROWS || self.bytes > MAX_BYTES {
            return Err(sqlx::Error::Decode(Box::new(ResultTooLarge)));
        }
        Ok(())
    }
}
