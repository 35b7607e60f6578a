//! Meaning of checked settings: the articles that they select, and the next dates of a digest.

use super::super::digests::schedule_words;
use super::super::visit::Visit;
use crate::app::App;
use crate::config::Config;
use crate::domain::definition::DefinitionKind;
use crate::domain::schedule::next_date;
use crate::domain::time::Millis;
use crate::templates::pages::CheckedSettings;
use crate::web::error::WebResult;

/// Number of dates and of titles that are named.
const NAMED: usize = 3;

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
