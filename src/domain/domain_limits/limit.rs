//! The limit that a rule or a mailbox provider sets, and its text form.

use crate::domain::rate::Rate;

/// Maximum of `at once` in a rule.
const MAX_AT_ONCE: u32 = 10_000;

/// A parsed limit, for example `10 at once, 50/s`; empty: unlimited.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Limit {
    pub(super) max_concurrent: Option<u32>,
    pub(super) rates: Vec<Rate>,
}

impl Limit {
    /// Parses the part of a rule after the colon.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut limit = Self::default();
        if text == "none" {
            return Ok(limit);
        }
        for part in text.split(',').map(str::trim) {
            let duplicate = || format!("`{text}` has two limits of the same kind; keep one");
            if let Some(count) = part.strip_suffix("at once") {
                let count = count.trim();
                let is_number = count.bytes().all(|b| b.is_ascii_digit());
                let count =
                    count.parse().ok().filter(|n| is_number && (1..=MAX_AT_ONCE).contains(n));
                let count = count
                    .ok_or_else(|| format!("`{part}` is not a number from 1 to {MAX_AT_ONCE}; write for example \"10 at once\""))?;
                if limit.max_concurrent.replace(count).is_some() {
                    return Err(duplicate());
                }
            } else {
                let error = |_| {
                    format!(
                        "`{part}` is not a valid limit; write for example \"10 at once\", \"50/s\" (or /m, /h, /d) or \"none\""
                    )
                };
                Rate::parse(part)
                    .map_err(error)?
                    .add_to(&mut limit.rates)
                    .map_err(|_| duplicate())?;
            }
        }
        Ok(limit)
    }

    pub(super) fn is_unlimited(&self) -> bool {
        *self == Self::default()
    }
}
