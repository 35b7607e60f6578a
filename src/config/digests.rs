//! `[[digests]]`: the newsletters, their dates and their senders.

use jiff::tz::TimeZone;

use super::feeds::selection;
use super::names::{Names, own_name, read_slug};
use super::reader::{Reader, one_line, one_of};
use super::settings::{Digest, Missed};
use super::site::time_zone;
use crate::domain::address::Mailbox;
use crate::domain::schedule::{PauseRange, Schedule};
use crate::domain::time::{DAY, MINUTE};
use crate::domain::{duration, language};

/// What a digest takes from its surroundings.
pub(super) struct Surroundings<'a> {
    /// The site's title, for a digest without its own.
    pub title: &'a str,
    /// The site's language, for a digest without its own.
    pub language: &'a str,
    /// The site's zone, for a digest without its own.
    pub timezone: &'a TimeZone,
    /// The sources there are.
    pub sources: &'a Names,
    /// The transports there are.
    pub transports: &'a Names,
}

/// Reads one `[[digests]]`.
pub(super) fn read(mut reader: Reader<'_>, around: &Surroundings<'_>) -> Option<Digest> {
    let title = reader.or("title", around.title.to_owned(), one_line);
    let schedule = reader.required(
        "schedule",
        "write when it goes out, as \"0 8 * * MON\" for Mondays at eight",
        Schedule::parse,
    );
    let timezone = reader.or("timezone", around.timezone.clone(), time_zone);
    let selection = selection(&mut reader, around.sources);
    let languages = reader.list("languages", language::canonical);
    let min_articles = reader.count("min_articles", 1, 1..=1_000);
    let max_articles = reader.count("max_articles", 20, 1..=1_000);
    let max_age = reader.or("max_age", 30 * DAY, lasting);
    let missed = reader.or(
        "missed",
        Missed::Once,
        one_of(&[("once", Missed::Once), ("skip", Missed::Skip)]),
    );
    let missed_within = reader.or("missed_within", DAY, lasting);
    let pause = reader.list("pause", PauseRange::parse);
    let template = reader.or("template", "digest".to_owned(), read_slug);
    let from = reader.required(
        "from",
        "write the sender, as \"College News <news@example.edu>\"",
        mailbox,
    );
    let reply_to = reader.optional("reply_to", mailbox);
    let transport = transport(&mut reader, around.transports);
    Some(Digest {
        name: own_name(&mut reader)?,
        was: reader.list("was", read_slug)?,
        title: title?,
        schedule: schedule?,
        timezone: timezone?,
        selection: selection?,
        languages: Some(languages?)
            .filter(|l| !l.is_empty())
            .unwrap_or_else(|| vec![around.language.to_owned()]),
        min_articles: min_articles?,
        max_articles: max_articles?,
        max_age: max_age?,
        missed: missed?,
        missed_within: missed_within?,
        pause: pause?,
        template: template?,
        from: from?,
        reply_to: reply_to?,
        transport: transport?,
    })
}

/// Its transport: the one called `default` unless it names another.
fn transport(reader: &mut Reader<'_>, transports: &Names) -> Option<String> {
    let named = reader.optional("transport", |name| transports.refer(name))?;
    if named.is_some() {
        return named;
    }
    match transports.refer("default") {
        Ok(name) => Some(name),
        Err(why) => {
            reader.missing("transport", &why);
            None
        }
    }
}

/// A duration of a minute at least.
fn lasting(text: &str) -> Result<i64, String> {
    let ms = duration::parse(text)?;
    if ms >= MINUTE { Ok(ms) } else { Err(format!("`{text}` is shorter than a minute")) }
}

fn mailbox(text: &str) -> Result<String, String> {
    Mailbox::parse(text).map(|mailbox| mailbox.to_string())
}
