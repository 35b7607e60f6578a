//! What a source holds and how it is understood: read as for a sync, and nothing kept.

use std::collections::BTreeMap;

use anyhow::Context;
use jiff::tz::TimeZone;
use tokio::sync::mpsc;

use super::reading::reader;
use super::seen::Seen;
use super::{BATCH, arrival, foreign, wordpress};
use crate::config::{Config, Ids, Members, Source, SourceKind};
use crate::domain::article::{Article, Draft, Found};
use crate::domain::time::Millis;
use crate::store::{Store, StoreResult};

/// Articles shown as they would be.
const SAMPLES: usize = 3;
/// Articles that are looked up at a time.
const LOOKED_UP: usize = 500;

/// How a source was understood.
#[derive(Debug, Clone, Default)]
pub struct Survey {
    /// Where it is, without user and password; none of a builtin one.
    pub place: Option<String>,
    /// What was found out about it, and what it says.
    pub facts: Vec<(&'static str, String)>,
    /// Articles that would be public now.
    pub come: usize,
    /// Articles that would wait for their date.
    pub waiting: usize,
    /// Articles that are here already, of both.
    pub known: usize,
    /// Rows that can't be used: the source's id and why.
    pub refused: Vec<(String, String)>,
    /// What can't be shown of articles: the source's id and what.
    pub notes: Vec<(String, String)>,
    /// What is no public article, and how many there are of each.
    pub left_out: BTreeMap<String, usize>,
    /// Articles by language tag.
    pub languages: BTreeMap<String, usize>,
    /// Articles by section.
    pub sections: BTreeMap<String, usize>,
    /// The newest articles, as readers would see them.
    pub samples: Vec<Article>,
}

/// Facts about a source, and what it holds besides articles.
pub(super) type Facts = (Vec<(&'static str, String)>, BTreeMap<String, usize>);

/// Looks at a source; the error is one sentence without the password.
pub async fn survey(
    store: &Store,
    config: &Config,
    source: &Source,
    now: Millis,
) -> anyhow::Result<Survey> {
    let (facts, left_out) = match source.kind {
        SourceKind::WordPress => wordpress::facts(source).await?,
        _ => (configured(source), BTreeMap::new()),
    };
    let mut survey = Survey {
        place: source.url.as_deref().map(foreign::place),
        facts,
        left_out,
        ..Survey::default()
    };
    if source.kind == SourceKind::Builtin {
        for article in store
            .list_articles(Millis(i64::MAX), None)
            .await?
            .into_iter()
            .filter(|a| a.source == source.name)
        {
            survey.known += 1;
            survey.count(&article, now);
            if survey.samples.len() < SAMPLES && article.published_at <= now {
                survey.samples.extend(store.find_article(&article.guid).await?);
            }
        }
        return Ok(survey);
    }
    let (mut met, mut seen): (Vec<String>, Seen) = Default::default();
    let (tell, mut found) = mpsc::channel(2 * BATCH);
    let reading = reader(source, &config.site.language, None, tell);
    let mut newest: Vec<Draft> = Vec::new();
    while let Some(told) = found.recv().await {
        match told {
            Found::Refused { id, reason } => survey.refused.push((id, reason)),
            Found::Article(mut draft) => {
                if let Err(why) = arrival::admit(&mut draft, source, &config.site, &mut seen) {
                    survey.refused.push((draft.source_id, why));
                    continue;
                }
                let notes = std::mem::take(&mut draft.notes);
                survey.notes.extend(notes.into_iter().map(|note| (draft.source_id.clone(), note)));
                met.push(draft.source_id.clone());
                if met.len() >= LOOKED_UP {
                    survey.known += here(store, source, &mut met).await?;
                }
                survey.count(&named(&draft, config), now);
                if draft.published_at <= now {
                    newest.push(*draft);
                    newest.sort_by(|a, b| {
                        b.published_at
                            .cmp(&a.published_at)
                            .then_with(|| a.source_id.cmp(&b.source_id))
                    });
                    newest.truncate(SAMPLES);
                }
            }
        }
    }
    reading.await.context("the reader ended unexpectedly")??;
    survey.known += here(store, source, &mut met).await?;
    let (source, site) = (source.clone(), config.site.clone());
    let cleaned = move || {
        newest
            .into_iter()
            .map(|draft| arrival::clean(draft, &source, &site, String::new()).article)
            .collect()
    };
    survey.samples = tokio::task::spawn_blocking(cleaned).await?;
    for sample in &mut survey.samples {
        // Who is here already may carry an id of before.
        let here = store.find_article(&format!("{}/{}", sample.source, sample.source_id)).await?;
        if let Some(here) = here
            .filter(|here| (&here.source, &here.source_id) == (&sample.source, &sample.source_id))
        {
            sample.guid = here.guid;
        }
    }
    Ok(survey)
}

/// How many of these a source has here already; the list is empty then.
async fn here(store: &Store, source: &Source, met: &mut Vec<String>) -> StoreResult<usize> {
    let known = store.known_among(&source.name, &std::mem::take(met)).await?;
    Ok(known.values().filter(|known| !known.removed).count())
}

impl Survey {
    fn count(&mut self, article: &Article, now: Millis) {
        let place = if article.published_at > now { &mut self.waiting } else { &mut self.come };
        *place += 1;
        *self.languages.entry(article.language.clone()).or_default() += 1;
        for section in &article.sections {
            *self.sections.entry(section.clone()).or_default() += 1;
        }
    }
}

/// What is counted of an article, as it would be kept.
fn named(draft: &Draft, config: &Config) -> Article {
    Article {
        language: arrival::language(draft.language.as_deref(), &config.site),
        sections: arrival::names(&draft.sections),
        published_at: draft.published_at,
        ..Article::default()
    }
}

/// What the config says of a source and matters for its kind.
fn configured(source: &Source) -> Vec<(&'static str, String)> {
    let mut facts = Vec::new();
    if !source.site_url.is_empty() {
        facts.push(("site", source.site_url.clone()));
    }
    facts.push(("time zone", zone_name(&source.timezone)));
    match source.kind {
        SourceKind::Ghost => {
            facts.push(("permalinks", source.permalinks.clone()));
            let members = match source.members {
                Members::Hidden => "hidden",
                Members::Preview => "previews",
                Members::Full => "in full",
            };
            facts.push(("for members", members.to_owned()));
        }
        SourceKind::Drupal => facts.push(("content types", source.content_types.join(", "))),
        SourceKind::Query | SourceKind::Builtin | SourceKind::WordPress => {}
    }
    facts.extend(source.article_url.clone().map(|pattern| ("permalinks", pattern)));
    facts.push(ids(source));
    facts
}

/// Whose ids articles carry.
pub(super) fn ids(source: &Source) -> (&'static str, String) {
    let whose = match source.ids {
        Ids::Ours => "Courant's own",
        Ids::Source => "those of the site's own feed",
    };
    ("ids", whose.to_owned())
}

/// A zone's name, or its distance from UTC.
pub(super) fn zone_name(zone: &TimeZone) -> String {
    match zone.iana_name() {
        Some(name) => name.to_owned(),
        None => zone
            .to_fixed_offset()
            .map_or_else(|_| "unknown".to_owned(), |offset| format!("UTC{offset}")),
    }
}
