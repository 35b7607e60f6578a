//! Classification of temporary SMTP errors (4xx), and the backoff for each class.

use super::time::{HOUR, MINUTE, SECOND, SignedDuration};

/// Class of a temporary error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DeferralClass {
    /// Greylisting: the server expects the sender to retry soon.
    Greylisted,
    /// The mailbox is full; its owner has to act.
    MailboxFull,
    /// The server is overloaded or limits our rate.
    Busy,
    /// Any other temporary error.
    #[default]
    Other,
}

/// A classified temporary error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Deferral {
    /// Class of the temporary error.
    pub class: DeferralClass,
    /// Wait that the server requested, from 30 seconds to one hour.
    pub requested_wait: Option<SignedDuration>,
}

/// Waits after the first, second, … attempt.
const DEFAULT_BACKOFF: &[SignedDuration] = &[
    MINUTE,
    SignedDuration::from_mins(5),
    SignedDuration::from_mins(15),
    SignedDuration::from_mins(30),
    HOUR,
    SignedDuration::from_hours(2),
    SignedDuration::from_hours(4),
    SignedDuration::from_hours(6),
];
/// Waits of greylisted messages: short at first, because most servers greylist for 1, 5 or 15
/// minutes; as [`DEFAULT_BACKOFF`] after an hour.
const GREYLISTED_BACKOFF: &[SignedDuration] = &[
    MINUTE,
    SignedDuration::from_mins(2),
    SignedDuration::from_mins(5),
    SignedDuration::from_mins(5),
    SignedDuration::from_mins(10),
    SignedDuration::from_mins(15),
    SignedDuration::from_mins(30),
    HOUR,
    SignedDuration::from_hours(2),
    SignedDuration::from_hours(4),
    SignedDuration::from_hours(6),
];
/// Waits of messages to full mailboxes.
const MAILBOX_FULL_BACKOFF: &[SignedDuration] = &[
    SignedDuration::from_mins(15),
    HOUR,
    SignedDuration::from_hours(4),
    SignedDuration::from_hours(6),
];
/// Number of attempts for which the requested wait alone is used.
const MAX_HONORED_REQUESTS: i64 = 8;

impl Deferral {
    /// Classifies a reply by its code, its enhanced code, if it has one, and its text.
    pub fn from_reply(code: u16, enhanced: Option<(u8, u16, u16)>, text: &str) -> Self {
        Self { class: classify(code, enhanced, text), requested_wait: parse_requested_wait(text) }
    }

    /// Returns the wait after an attempt, without jitter; the first attempt is 1.
    pub(super) fn backoff(self, attempts: i64) -> SignedDuration {
        let waits = match self.class {
            DeferralClass::Greylisted => GREYLISTED_BACKOFF,
            DeferralClass::MailboxFull => MAILBOX_FULL_BACKOFF,
            DeferralClass::Busy | DeferralClass::Other => DEFAULT_BACKOFF,
        };
        let step = usize::try_from(attempts.max(1) - 1).unwrap_or(0).min(waits.len() - 1);
        match self.requested_wait {
            Some(requested) if attempts <= MAX_HONORED_REQUESTS => requested,
            Some(requested) => requested.max(waits[step]),
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
/// Words of servers that greylist without using the word.
const TRY_AGAIN_WORDS: &[&str] = &["try again", "come back", "retry", "later"];

/// Returns the class of a reply. The text takes precedence, because greylisting has no code of its
/// own.
pub fn classify(code: u16, enhanced: Option<(u8, u16, u16)>, text: &str) -> DeferralClass {
    let text = text.to_lowercase();
    let contains_any = |list: &[&str]| list.iter().any(|part| text.contains(part));
    let about = enhanced.map(|(_, subject, detail)| (subject, detail));
    if contains_any(GREYLIST_WORDS) {
        DeferralClass::Greylisted
    } else if about == Some((2, 2)) || contains_any(FULL_WORDS) {
        DeferralClass::MailboxFull
    } else if code == 421
        || matches!(about, Some((3, 1 | 2) | (4, 5) | (5, 3) | (7, 28)))
        || contains_any(BUSY_WORDS)
    {
        DeferralClass::Busy
    } else if matches!(code, 450 | 451)
        && matches!(about, Some((7, 0 | 1)))
        && contains_any(TRY_AGAIN_WORDS)
    {
        DeferralClass::Greylisted
    } else {
        DeferralClass::Other
    }
}

/// Words of which a reply must contain one for a time in it to be a requested wait.
const WAIT_WORDS: &[&str] =
    &["again", "back", "retry", "wait", "grey", "gray", "later", "delay", "defer"];
/// Words that precede the time.
const CUES: [&str; 9] =
    ["in", "after", "for", "wait", "least", "about", "another", "delay", "time"];

/// Returns the wait that a reply requests, for example "try again in 300 seconds" or "come back in
/// 00:05:00", clamped to 30 seconds to one hour.
pub fn parse_requested_wait(text: &str) -> Option<SignedDuration> {
    let text = text.to_lowercase();
    if !WAIT_WORDS.iter().any(|word| text.contains(word)) {
        return None;
    }
    let is_mark = |c: char| !(c.is_alphanumeric() || c == ':');
    let tokens: Vec<&str> = text
        .split(|c: char| c.is_whitespace() || "()[]<>,;=\"'".contains(c))
        .filter(|t| !t.is_empty())
        .collect();
    let tokens: Vec<&str> =
        tokens.into_iter().map(|token| token.trim_matches(is_mark).trim_end_matches(':')).collect();
    let cued = tokens.windows(3).map(|three| (three[0], three[1], three[2]));
    let last = tokens.last_chunk::<2>().map(|two| (two[0], two[1], ""));
    let wait = cued
        .chain(last)
        .filter(|(cue, ..)| CUES.contains(cue))
        .find_map(|(_, time, unit)| parse_clock(time).or_else(|| parse_counted(time, unit)));
    wait.map(|wait| wait.clamp(30 * SECOND, HOUR))
}

/// Parses `300 seconds`, `300s` or `5min`.
fn parse_counted(time: &str, unit: &str) -> Option<SignedDuration> {
    let digits = time.bytes().take_while(u8::is_ascii_digit).count();
    let (count, attached) = time.split_at(digits);
    let count: i64 = count.parse::<u32>().ok()?.into();
    match if attached.is_empty() { unit } else { attached } {
        "s" | "sec" | "secs" | "second" | "seconds" => Some(SignedDuration::from_secs(count)),
        "m" | "min" | "mins" | "minute" | "minutes" => Some(SignedDuration::from_mins(count)),
        "h" | "hr" | "hrs" | "hour" | "hours" => Some(SignedDuration::from_hours(count)),
        _ => None,
    }
}

/// Parses `00:05:00` (hours first) or `05:00` (minutes first).
fn parse_clock(time: &str) -> Option<SignedDuration> {
    let parts: Option<Vec<i32>> =
        time.split(':').map(|part| part.parse::<u16>().ok().map(i32::from)).collect();
    match *parts?.as_slice() {
        [hours, minutes, seconds] => Some(hours * HOUR + minutes * MINUTE + seconds * SECOND),
        [minutes, seconds] => Some(minutes * MINUTE + seconds * SECOND),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
