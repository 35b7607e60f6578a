//! Texts about a digest for readers: how often it is sent, and when next.

use std::collections::BTreeSet;

use crate::config::{Config, Digest, Site};
use crate::domain::schedule;
use crate::domain::time::Millis;
use crate::templates::mail::SiteContext;
use crate::templates::{ChosenDigest, SubscriptionChoices, Templates, date_text};

/// Choices of a subscriber, and the page or e-mail that repeats them.
#[derive(Debug, Clone, Copy)]
pub struct ChoicesInput<'a> {
    /// Names of the chosen sections; empty means all sections.
    pub sections: &'a [String],
    /// `true` if the site is known to have sections.
    pub shows_all_sections: bool,
    /// Language of the subscriber; empty if unknown.
    pub reader_language: &'a str,
    /// Language of the page or e-mail.
    pub page_language: &'a str,
    /// Names of the digests that admins have paused.
    pub paused: &'a BTreeSet<String>,
}

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
/// there is none, or if the configuration has a pause then.
pub fn irregular_date_text(digest: &Digest, language: &str, now: Millis) -> Option<String> {
    let next = next_date(digest, now);
    let is_paused = next != digest.schedule.next_after(now, &digest.timezone);
    let is_regular = digest.schedule.recurrence().is_some() && !is_paused;
    if is_regular { None } else { next_date_text(digest, language, now) }
}

/// Formats the date of the next edition in the digest's time zone.
pub fn next_date_text(digest: &Digest, language: &str, now: Millis) -> Option<String> {
    let at = digest.timezone.to_datetime(next_date(digest, now)?.timestamp());
    let separator = if language.starts_with("zh") { " " } else { ", " };
    let (date, zone) = (date_text(at.date(), language), zone_name(digest));
    Some(format!("{date}{separator}{} ({zone})", at.strftime("%-H:%M")))
}

/// Returns the next scheduled time of a digest outside its pauses.
pub fn next_date(digest: &Digest, now: Millis) -> Option<Millis> {
    schedule::next_date(&digest.schedule, &digest.timezone, &digest.pause, now)
}

fn zone_name(digest: &Digest) -> &str {
    digest.timezone.iana_name().unwrap_or("UTC")
}

/// Returns what a reader of `reader_language` subscribes to, in the language of a page or e-mail.
pub fn subscription_choices(
    templates: &Templates,
    config: &Config,
    digests: &[&Digest],
    chosen: &ChoicesInput<'_>,
    now: Millis,
) -> SubscriptionChoices {
    let language = chosen.page_language;
    let digest = |digest: &&Digest| ChosenDigest {
        title: digest.title_in(language).to_owned(),
        schedule_text: schedule_text(templates, config, digest, language),
        next_date_text: next_date_text(digest, language, now)
            .filter(|_| !chosen.paused.contains(&digest.name)),
        is_paused: chosen.paused.contains(&digest.name),
    };
    let names = chosen.sections.iter().map(|name| config.section_title(name, language).to_owned());
    let names: Vec<String> = names.collect();
    let has_choice = digests.iter().any(|digest| digest.languages.len() > 1);
    let mail_language = digests.first().map(|digest| digest.language_for(chosen.reader_language));
    SubscriptionChoices {
        digests: digests.iter().map(digest).collect(),
        sections: Some(templates.join(language, &names)).filter(|text| !text.is_empty()),
        shows_all_sections: chosen.shows_all_sections,
        language: mail_language.filter(|_| has_choice).map(|tag| templates.language_name(tag)),
    }
}

/// Returns the publisher as e-mails in a language show it.
pub fn site_context(site: &Site, language: &str) -> SiteContext {
    SiteContext {
        title: site.title_in(language).to_owned(),
        base_url: site.base_url.clone(),
        postal_address: site.postal_address.clone(),
        logo: site.logo.clone(),
        accent: site.accent.clone(),
    }
}
