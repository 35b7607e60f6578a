//! Digests become editions: what is due, what is in it, for whom; each story once and none missed (promise 3).

use std::collections::BTreeMap;

use anyhow::anyhow;

use crate::config::{Config, Digest, Missed};
use crate::domain::article::Article;
use crate::domain::edition::EditionState;
use crate::domain::schedule::{Due, due};
use crate::domain::selection::any_of;
use crate::domain::time::Millis;
use crate::store::Store;
use crate::store::audience::Choice;
use crate::store::editions::NewEdition;
use crate::store::instance::Instance;
use crate::templates::Templates;

mod compose;
mod preview;
mod variants;

pub use preview::{Preview, Shown, preview, test};

use compose::{Story, stories};

/// What preparing a digest came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Prepared {
    /// An edition was made and its audience is frozen.
    Made {
        /// The edition's number.
        edition: i64,
        /// Its deliveries.
        deliveries: i64,
    },
    /// Fewer stories than `min_articles`: they wait.
    TooFew {
        /// Stories there are.
        stories: usize,
    },
    /// Another node made it, or told one of its stories, at this moment.
    Raced,
}

/// Everything that preparing needs.
#[derive(Debug, Clone, Copy)]
pub struct Desk<'a> {
    /// Where articles and subscribers are.
    pub store: &'a Store,
    /// Digests and site.
    pub config: &'a Config,
    /// How a mail looks.
    pub templates: &'a Templates,
    /// Whose slots.
    pub instance: &'a Instance,
}

/// Makes the editions that are due and completes those that a crash left unfinished; one digest's trouble stops no other.
pub async fn prepare_due(desk: Desk<'_>, now: Millis) -> anyhow::Result<Vec<(String, Prepared)>> {
    let (mut prepared, mut troubles) = (Vec::new(), Vec::new());
    for digest in &desk.config.digests {
        match prepare(desk, digest, now).await {
            Ok(Some(outcome)) => prepared.push((digest.name.clone(), outcome)),
            Ok(None) => {}
            Err(e) => troubles.push(format!("digest {}: {e:#}", digest.name)),
        }
    }
    // After all are made: freezing takes time, and no date may be late for it.
    let frozen = resume(desk.store, now).await?;
    for (name, outcome) in &mut prepared {
        if let Prepared::Made { edition, deliveries } = outcome {
            *deliveries = frozen.get(edition).copied().unwrap_or(0);
            tracing::info!(digest = %name, edition = *edition, deliveries = *deliveries, "edition made");
        }
    }
    if troubles.is_empty() { Ok(prepared) } else { Err(anyhow!(troubles.join("; "))) }
}

/// Decides about one digest; what is made is not frozen yet.
async fn prepare(desk: Desk<'_>, digest: &Digest, now: Millis) -> anyhow::Result<Option<Prepared>> {
    let state = desk.store.ensure_digest(&digest.name, now).await?;
    let once = digest.missed == Missed::Once;
    match due(
        &digest.schedule,
        &digest.timezone,
        &digest.pause,
        once,
        digest.missed_within,
        state.handled_until,
        now,
    ) {
        Due::Not => Ok(None),
        Due::Skipped { slot, why } => {
            if desk.store.pass_over(&digest.name, slot).await? {
                tracing::info!(digest = %digest.name, date = %slot.in_zone(&digest.timezone), "no edition: {why}");
            }
            Ok(None)
        }
        Due::Run { slot } => make(desk, digest, Some(slot), slot, now).await.map(Some),
    }
}

/// Makes an edition now, whatever the schedule says; `at` is its date and the time by which articles must be public.
pub async fn run(
    desk: Desk<'_>,
    digest: &Digest,
    at: Millis,
    now: Millis,
) -> anyhow::Result<Prepared> {
    desk.store.ensure_digest(&digest.name, now).await?;
    match make(desk, digest, None, at, now).await? {
        Prepared::Made { edition, .. } => {
            Ok(Prepared::Made { edition, deliveries: freeze(desk.store, edition, now).await? })
        }
        other => Ok(other),
    }
}

/// Freezes what is not frozen yet of every edition, also of one whose making was cut short; gives the deliveries of each.
pub async fn resume(store: &Store, now: Millis) -> anyhow::Result<BTreeMap<i64, i64>> {
    let mut frozen = BTreeMap::new();
    for edition in store.editions_in(EditionState::Preparing).await? {
        frozen.insert(edition.id, freeze(store, edition.id, now).await?);
    }
    Ok(frozen)
}

async fn freeze(store: &Store, edition: i64, now: Millis) -> anyhow::Result<i64> {
    let mut frozen = 0;
    loop {
        match store.freeze_blocks(edition, now).await? {
            0 => break,
            n => frozen += n,
        }
    }
    store.release_edition(edition).await?;
    Ok(frozen)
}

/// The stories that would be in an edition of a digest at a time, the newest first.
pub async fn upcoming(
    desk: Desk<'_>,
    digest: &Digest,
    at: Millis,
    now: Millis,
) -> anyhow::Result<Vec<Article>> {
    let language =
        digest.languages.first().cloned().unwrap_or_else(|| desk.config.site.language.clone());
    Ok(news(desk, digest, at, now).await?.iter().map(|s| s.told_in(&language).clone()).collect())
}

async fn news(
    desk: Desk<'_>,
    digest: &Digest,
    at: Millis,
    now: Millis,
) -> anyhow::Result<Vec<Story>> {
    let state = desk.store.ensure_digest(&digest.name, now).await?;
    let candidates = desk
        .store
        .news_for(&digest.name, &digest.selection, digest.max_age, state.configured_at, at)
        .await?;
    let mut groups: Vec<i64> = candidates.iter().map(|a| a.group).collect();
    groups.sort_unstable();
    groups.dedup();
    let members = desk.store.members_of(&groups, at).await?;
    Ok(stories(candidates, members))
}

/// Makes an edition and leaves its audience to be frozen.
async fn make(
    desk: Desk<'_>,
    digest: &Digest,
    slot: Option<Millis>,
    at: Millis,
    now: Millis,
) -> anyhow::Result<Prepared> {
    // What is public now is news, also when the date it answers passed while nothing ran.
    let stories = news(desk, digest, if slot.is_some() { now } else { at }, now).await?;
    if stories.len() < digest.min_articles {
        if let Some(slot) = slot
            && desk.store.pass_over(&digest.name, slot).await?
        {
            let date = slot.in_zone(&digest.timezone);
            tracing::info!(digest = %digest.name, %date, stories = stories.len(), "no edition: too few stories, they wait");
        }
        return Ok(Prepared::TooFew { stories: stories.len() });
    }
    let choices = desk.store.choices(&digest.name).await?;
    let (variants, assigned) = variants::render(desk, digest, &stories, &choices, at)?;
    let new = NewEdition {
        digest: digest.name.clone(),
        slot,
        scheduled_for: at,
        transport: digest.transport.clone(),
        title: digest.title.clone(),
        sender: digest.from.clone(),
        reply_to: digest.reply_to.clone(),
        articles: stories.iter().map(|s| s.told_in(&desk.config.site.language).row).collect(),
        variants,
        assigned,
    };
    let Some(edition) = desk.store.make_edition(new, now).await? else {
        return Ok(Prepared::Raced);
    };
    Ok(Prepared::Made { edition, deliveries: 0 })
}

/// Which variant a kind of reader gets: their language where the digest has it, their sections.
fn variant_of(digest: &Digest, choice: &Choice) -> anyhow::Result<(String, Vec<String>)> {
    let sections: Vec<String> = serde_json::from_str(&choice.sections)
        .map_err(|_| anyhow!("the sections {} can't be read", choice.sections))?;
    Ok((compose::language_for(&digest.languages, &choice.language), sections))
}

/// Whether a story belongs to one of the chosen sections, in any of its languages.
fn in_sections(story: &Story, sections: &[String]) -> bool {
    story.members().iter().any(|a| any_of(sections, &a.sections))
}

/// The configured digest of this name; the error lists those there are.
pub fn named<'a>(config: &'a Config, name: &str) -> anyhow::Result<&'a Digest> {
    config.digests.iter().find(|d| d.name == name).ok_or_else(|| {
        let names: Vec<&str> = config.digests.iter().map(|d| d.name.as_str()).collect();
        anyhow!(
            "there is no digest {name:?} in the config; there are: {}",
            if names.is_empty() { "none".into() } else { names.join(", ") }
        )
    })
}
