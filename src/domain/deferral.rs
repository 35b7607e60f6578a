//! Why a server put a mail off, by its codes and words, and how long such a mail waits.

use super::time::{HOUR, MINUTE, SECOND};

/// What kind of "not now" was heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Class {
    /// The server wants to see whether the sender comes back: soon is right.
    Greylisted,
    /// The mailbox is full: its owner has to do something.
    Full,
    /// The server has too much to do, or too much comes from us.
    Busy,
    /// Anything else.
    #[default]
    Other,
}

/// A "not now" as it was understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Deferral {
    /// Its kind.
    pub class: Class,
    /// The wait in milliseconds that the server named, from 30 seconds to an hour.
    pub named: Option<i64>,
}

/// Waits after the first, second, … attempt, for most.
const WAITS: &[i64] =
    &[MINUTE, 5 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 4 * HOUR, 6 * HOUR];
/// Of one that is greylisted: soon, as most servers ask for 1, 5 or 15 minutes; after an hour as others.
const GREYLISTED: &[i64] = &[
    MINUTE,
    2 * MINUTE,
    5 * MINUTE,
    5 * MINUTE,
    10 * MINUTE,
    15 * MINUTE,
    30 * MINUTE,
    HOUR,
    2 * HOUR,
    4 * HOUR,
    6 * HOUR,
];
/// Of one whose mailbox is full.
const FULL: &[i64] = &[15 * MINUTE, HOUR, 4 * HOUR, 6 * HOUR];
/// A server that names a time again and again is believed so often.
const BELIEVED: i64 = 8;

impl Deferral {
    /// Understands an answer: its reply code, its enhanced code if it has one, and its words.
    pub fn of(code: u16, enhanced: Option<(u8, u16, u16)>, words: &str) -> Self {
        Self { class: class_of(code, enhanced, words), named: named_wait(words) }
    }

    /// How long to wait after an attempt, in milliseconds, before chance is added; attempts count from one.
    pub(super) fn wait(self, attempts: i64) -> i64 {
        let waits = match self.class {
            Class::Greylisted => GREYLISTED,
            Class::Full => FULL,
            Class::Busy | Class::Other => WAITS,
        };
        let step = usize::try_from(attempts.max(1) - 1).unwrap_or(0).min(waits.len() - 1);
        match self.named {
            Some(named) if attempts <= BELIEVED => named,
            Some(named) => named.max(waits[step]),
            None => waits[step],
        }
    }
}

const GREYLIST_WORDS: &[&str] = &[
    "greylist",
    "graylist",
    "grey-list",
    "gray-list",
    "grey list",
    "gray list",
    "greylst",
    "postgrey",
];
const FULL_WORDS: &[&str] = &[
    "mailbox full",
    "mailbox is full",
    "mailbox is over",
    "inbox is full",
    "over quota",
    "overquota",
    "over its quota",
    "over the quota",
    "quota exceeded",
    "exceeded quota",
    "exceeds quota",
    "exceeded its quota",
    "exceeded their quota",
    "out of storage",
    "exceeded storage",
    "not enough space in mailbox",
];
const BUSY_WORDS: &[&str] = &[
    "busy",
    "too many",
    "rate limit",
    "rate-limit",
    "ratelimit",
    "receiving mail at a rate",
    "receiving mail too quickly",
    "throttl",
    "slow down",
    "too fast",
    "overloaded",
    "high load",
    "load too high",
    "unusual rate",
    "insufficient system",
    "resources temporarily",
];
/// What servers say that greylist without the word.
const COME_BACK_WORDS: &[&str] = &["try again", "come back", "retry", "later"];

/// What kind of "not now" an answer is. Words tell more than codes, for greylisting has no code of its own.
pub fn class_of(code: u16, enhanced: Option<(u8, u16, u16)>, words: &str) -> Class {
    let words = words.to_lowercase();
    let says = |list: &[&str]| list.iter().any(|part| words.contains(part));
    let about = enhanced.map(|(_, subject, detail)| (subject, detail));
    if says(GREYLIST_WORDS) {
        Class::Greylisted
    } else if about == Some((2, 2)) || says(FULL_WORDS) {
        Class::Full
    } else if code == 421
        || matches!(about, Some((3, 1 | 2) | (4, 5) | (5, 3) | (7, 28)))
        || says(BUSY_WORDS)
    {
        Class::Busy
    } else if matches!(code, 450 | 451)
        && matches!(about, Some((7, 0 | 1)))
        && says(COME_BACK_WORDS)
    {
        Class::Greylisted
    } else {
        Class::Other
    }
}

/// Words of which one must be there for a time to be one to wait.
const WAIT_WORDS: &[&str] =
    &["again", "back", "retry", "wait", "grey", "gray", "later", "delay", "defer"];
/// Words that stand before the time.
const CUES: [&str; 9] =
    ["in", "after", "for", "wait", "least", "about", "another", "delay", "time"];

/// The wait that words name, as "try again in 300 seconds" or "come back in 00:05:00", bounded to 30 seconds and an hour.
pub fn named_wait(words: &str) -> Option<i64> {
    let words = words.to_lowercase();
    if !WAIT_WORDS.iter().any(|word| words.contains(word)) {
        return None;
    }
    let is_mark = |c: char| !(c.is_alphanumeric() || c == ':');
    let tokens: Vec<&str> = words
        .split(|c: char| c.is_whitespace() || "()[]<>,;=\"'".contains(c))
        .filter(|t| !t.is_empty())
        .collect();
    let tokens: Vec<&str> =
        tokens.into_iter().map(|token| token.trim_matches(is_mark).trim_end_matches(':')).collect();
    let cued = tokens.windows(3).map(|three| (three[0], three[1], three[2]));
    let last = tokens.last_chunk::<2>().map(|two| (two[0], two[1], ""));
    let named = cued
        .chain(last)
        .filter(|(cue, ..)| CUES.contains(cue))
        .find_map(|(_, time, unit)| clock(time).or_else(|| counted(time, unit)));
    named.map(|ms| ms.clamp(30 * SECOND, HOUR))
}

/// `300 seconds`, `300s`, `5min`.
fn counted(time: &str, unit: &str) -> Option<i64> {
    let digits = time.bytes().take_while(u8::is_ascii_digit).count();
    let (count, attached) = time.split_at(digits);
    let count: i64 = count.parse::<u32>().ok()?.into();
    let length = match if attached.is_empty() { unit } else { attached } {
        "s" | "sec" | "secs" | "second" | "seconds" => SECOND,
        "m" | "min" | "mins" | "minute" | "minutes" => MINUTE,
        "h" | "hr" | "hrs" | "hour" | "hours" => HOUR,
        _ => return None,
    };
    Some(count * length)
}

/// `00:05:00` or `05:00`, hours or minutes first.
fn clock(time: &str) -> Option<i64> {
    let parts: Option<Vec<i64>> =
        time.split(':').map(|part| part.parse::<u16>().ok().map(i64::from)).collect();
    match parts?.as_slice() {
        [hours, minutes, seconds] => Some(hours * HOUR + minutes * MINUTE + seconds * SECOND),
        [minutes, seconds] => Some(minutes * MINUTE + seconds * SECOND),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
