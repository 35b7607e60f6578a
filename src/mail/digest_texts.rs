//! Texts about a digest for readers: how often it is sent, and when next.

use crate::config::{Config, Digest};
use crate::domain::schedule::next_date;
use crate::domain::time::Millis;
use crate::templates::{Templates, date_text};

/// Returns how often a digest is sent, as a sentence without a final period, for example `Every
/// Monday at 8:00`; `None` if one short sentence cannot state it.
pub fn schedule_text(
    templates: &Templates,
    config: &Config,
    digest: &Digest,
    language: &str,
) -> Option<String> {
    let text = templates.recurrence_text(language, &digest.schedule.recurrence()?);
    let mut letters = text.chars();
    let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    let text = first + letters.as_str();
    // Readers know the time zone of the site, but not that of a single digest.
    if digest.timezone == config.site.timezone {
        return Some(text);
    }
    Some(format!("{text} ({})", zone_name(digest)))
}

/// Returns the date of the next edition if the sentence about the schedule does not tell it: if
/// there is none, or if the digest is paused.
pub fn irregular_date_text(digest: &Digest, language: &str, now: Millis) -> Option<String> {
    let next = next_edition_at(digest, now);
    let is_paused = next != digest.schedule.next_after(now, &digest.timezone);
    let is_regular = digest.schedule.recurrence().is_some() && !is_paused;
    if is_regular { None } else { next_date_text(digest, language, now) }
}

/// Formats the date of the next edition in the digest's time zone.
pub fn next_date_text(digest: &Digest, language: &str, now: Millis) -> Option<String> {
    let at = digest.timezone.to_datetime(next_edition_at(digest, now)?.timestamp());
    let separator = if language.starts_with("zh") { " " } else { ", " };
    let (date, zone) = (date_text(at.date(), language), zone_name(digest));
    Some(format!("{date}{separator}{} ({zone})", at.strftime("%-H:%M")))
}

/// Returns the next scheduled time of a digest outside its pauses.
pub fn next_edition_at(digest: &Digest, now: Millis) -> Option<Millis> {
    next_date(&digest.schedule, &digest.timezone, &digest.pause, now)
}

fn zone_name(digest: &Digest) -> &str {
    digest.timezone.iana_name().unwrap_or("UTC")
}
