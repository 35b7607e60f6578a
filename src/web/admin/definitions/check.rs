//! Meaning of settings: the articles that they select, and the next dates of a digest.

use jiff::tz::TimeZone;
use serde_json::{Map, Value};

use super::super::digests::{schedule_text, schedule_words};
use super::super::visit::Visit;
use super::values::elements;
use crate::app::App;
use crate::config::Config;
use crate::domain::definition::DefinitionKind;
use crate::domain::schedule::{PauseRange, Schedule, next_date};
use crate::domain::time::Millis;
use crate::templates::pages::{CheckedSettings, ScheduleText};
use crate::web::error::WebResult;

/// Number of dates and of titles that are named.
const NAMED: usize = 3;
/// Number of dates that are listed below a schedule.
const LISTED_DATES: usize = 5;

/// Returns sentences about a feed or digest of a configuration that is not in force.
pub(super) async fn checked(
    visit: &Visit,
    app: &App,
    config: &Config,
    kind: DefinitionKind,
    name: &str,
) -> WebResult<CheckedSettings> {
    let mut sentences = Vec::new();
    let digest = config.digests.iter().find(|one| one.name == name);
    let digest = digest.filter(|_| kind == DefinitionKind::Digest);
    let feed = config.feeds.iter().find(|one| one.name == name);
    let feed = feed.filter(|_| kind == DefinitionKind::Feed);
    if let Some(digest) = digest {
        let next = |at: Millis| next_date(&digest.schedule, &digest.timezone, &digest.pause, at);
        let dates: Vec<String> = std::iter::successors(next(visit.now), |at| next(*at))
            .take(NAMED)
            .map(|at| visit.time(at).text)
            .collect();
        let words = schedule_words(visit, digest);
        let dates = app.templates.join(&visit.client.language, &dates);
        let values = [("schedule", words.as_str().into()), ("dates", dates.as_str().into())];
        sentences.push(visit.text("admin-checked-dates", &values));
    }
    let selection = digest.map(|one| &one.selection).or(feed.map(|one| &one.selection));
    let Some(selection) = selection else { return Ok(CheckedSettings::default()) };
    let count = app.store.articles().count_selected(selection, visit.now).await?;
    sentences.push(visit.text("admin-checked-articles", &[("count", count.into())]));
    let newest = app.store.feed_items().newest_articles(selection, visit.now, NAMED).await?;
    let titles = newest.into_iter().map(|article| article.title).collect();
    Ok(CheckedSettings { sentences, titles })
}

/// Returns the schedule of settings in words with its next dates; `None` if they are not valid.
pub(super) fn schedule_outcome(
    visit: &Visit,
    app: &App,
    settings: &Map<String, Value>,
) -> Option<ScheduleText> {
    let schedule = Schedule::parse(settings.get("schedule")?.as_str()?).ok()?;
    let zone = match settings.get("timezone") {
        Some(name) => TimeZone::get(name.as_str()?).ok()?,
        None => app.config.site.timezone.clone(),
    };
    let pauses = elements(settings.get("pause"));
    let pauses: Vec<PauseRange> =
        pauses.iter().map(|text| PauseRange::parse(text).ok()).collect::<Option<_>>()?;
    let next = |at: Millis| next_date(&schedule, &zone, &pauses, at);
    let dates = std::iter::successors(next(visit.now), |at| next(*at)).take(LISTED_DATES);
    let words = schedule_text(visit, &schedule, &zone);
    Some(ScheduleText {
        sentence: visit.text("admin-schedule-words", &[("schedule", words.as_str().into())]),
        dates: dates.map(|at| visit.time(at)).collect(),
    })
}
