//! Parses `[[digests]]`: newsletters with their schedules and senders.

use jiff::tz::TimeZone;

use super::feeds::selection;
use super::keys::nearest;
use super::names::{Names, read_name, read_slug};
use super::reader::{Reader, one_of, parse_line};

use super::settings::{Digest, MissedPolicy, SubscriberFilter};
use super::site::time_zone;
use super::titles::titles;
use crate::domain::address::Mailbox;
use crate::domain::schedule::{PauseRange, Schedule};
use crate::domain::time::{DAY, MINUTE, SignedDuration};
use crate::domain::translations::Translations;
use crate::domain::{duration, language, subject};

/// Defaults and names from other sections that a digest needs.
pub(super) struct DigestParseContext<'a> {
    /// Title of the site, the default title.
    pub title: &'a str,
    /// Translations of the site's title.
    pub titles: &'a Translations,
    /// Language of the site, the default language.
    pub language: &'a str,
    /// Time zone of the site, the default time zone.
    pub timezone: &'a TimeZone,
    /// Names of the configured sources.
    pub sources: &'a Names,
    /// Names of the configured transports.
    pub transports: &'a Names,
}

/// Reads one `[[digests]]` table.
pub(super) fn read(mut reader: Reader<'_>, context: &DigestParseContext<'_>) -> Option<Digest> {
    let (title, titles) = titles(&mut reader, context.title, context.titles, context.language);
    let description = reader.optional("description", parse_line);
    let descriptions = reader.translations("descriptions", context.language, parse_line);
    let subject = reader.or_default("subject", String::new(), subject_pattern);
    let subjects = reader.translations("subjects", context.language, subject_pattern);
    let schedule = reader.required(
        "schedule",
        "write a cron schedule, for example \"0 8 * * MON\" for Mondays at 08:00",
        Schedule::parse,
    );
    let timezone = reader.or_default("timezone", context.timezone.clone(), time_zone);
    let selection = selection(&mut reader, context.sources);
    let languages = reader.list("languages", |tag| language::canonical(tag).map_err(String::from));
    let offer_sections = reader.list("offer_sections", parse_line);
    let min_articles = reader.integer("min_articles", 1, 1..=1_000);
    let max_articles = reader.integer("max_articles", 20, 1..=1_000);
    let max_age = reader.or_default("max_age", 30 * DAY, at_least_a_minute);
    let missed = reader.or_default(
        "missed",
        MissedPolicy::Once,
        one_of(&[("once", MissedPolicy::Once), ("skip", MissedPolicy::Skip)]),
    );
    let missed_within = reader.or_default("missed_within", DAY, at_least_a_minute);
    let pause = reader.list("pause", PauseRange::parse);
    let template = reader.or_default("template", "digest".to_owned(), read_slug);
    let from = reader.required(
        "from",
        "write the sender, for example \"College News <news@example.edu>\"",
        mailbox,
    );
    let reply_to = reader.optional("reply_to", mailbox);
    let transport = transport(&mut reader, context.transports);
    Some(Digest {
        name: read_name(&mut reader)?,
        former_names: reader.list("was", read_slug)?,
        title: title?,
        titles: titles?,
        description: description?,
        descriptions: descriptions?,
        subject: subject?,
        subjects: subjects?,
        offer_sections: offer_sections?,
        schedule: schedule?,
        timezone: timezone?,
        selection: selection?,
        languages: Some(languages?)
            .filter(|l| !l.is_empty())
            .unwrap_or_else(|| vec![context.language.to_owned()]),
        min_articles: min_articles?,
        max_articles: max_articles?,
        max_age: max_age?,
        missed: missed?,
        missed_within: missed_within?,
        pause: pause?,
        audience: audience(&mut reader)?,
        template: template?,
        from: from?,
        reply_to: reply_to?,
        transport: transport?,
    })
}

/// Reads the filter of the audience; it is checked with the other filters.
fn audience(reader: &mut Reader<'_>) -> Option<SubscriberFilter> {
    let text = reader.or_default("audience", String::new(), |text| Ok(text.to_owned()))?;
    Some(SubscriberFilter::new(text))
}

/// Parses the pattern of a subject: one line with known placeholders.
fn subject_pattern(text: &str) -> Result<String, String> {
    let text = parse_line(text)?;
    subject::check_pattern(&text).map_err(|name| {
        let known = || subject::PLACEHOLDERS.iter().copied();
        let remedy = match nearest(&name, known()) {
            Some(near) => format!("did you mean `{{{near}}}`?"),
            None => format!("expected one of {}", known().collect::<Vec<_>>().join(", ")),
        };
        format!("unknown placeholder `{{{name}}}`; {remedy}")
    })?;
    Ok(text)
}

/// Reads the name of the transport; the default is the transport called `default`.
fn transport(reader: &mut Reader<'_>, transports: &Names) -> Option<String> {
    let chosen = reader.optional("transport", |name| transports.resolve(name))?;
    if chosen.is_some() {
        return chosen;
    }
    match transports.resolve("default") {
        Ok(name) => Some(name),
        Err(reason) => {
            reader.missing("transport", &reason);
            None
        }
    }
}

/// Parses a duration of at least one minute.
fn at_least_a_minute(text: &str) -> Result<SignedDuration, String> {
    let duration = duration::parse(text)?;
    if duration >= MINUTE {
        Ok(duration)
    } else {
        Err(format!("must be at least 1m (found {text})"))
    }
}

fn mailbox(text: &str) -> Result<String, String> {
    Mailbox::parse(text).map(|mailbox| mailbox.to_string())
}
