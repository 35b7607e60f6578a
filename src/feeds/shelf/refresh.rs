//! What changed is found out, and the feeds that it touches are made anew.

use std::collections::HashMap;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use super::{Seen, Shelf, State, file_name, files, settings_of, touches};
use crate::config::{Config, Feed};
use crate::domain::time::Millis;
use crate::feeds::format::Format;
use crate::feeds::kept::Mark;
use crate::feeds::made::Made;
use crate::feeds::{making, plan};
use crate::store::changes::Touched;
use crate::store::feeds::Version;
use crate::store::{Store, StoreResult};

/// Feeds made before readers see them: at a start with many, the first do not wait for the last.
const TOGETHER: usize = 16;

/// What making feeds came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Report {
    /// Documents whose bytes changed.
    pub changed: usize,
    /// Documents that were looked at and stayed as they were.
    pub unchanged: usize,
}

/// Makes anew the declared feeds that changed articles, or articles whose time came, touch; a feed that can't be made keeps
/// its last bytes.
pub async fn refresh_due(
    store: &Store,
    config: &Config,
    shelf: &Shelf,
    now: Millis,
) -> anyhow::Result<Report> {
    let mut state = shelf.inside.state.lock().await;
    let version = store.articles_version().await?;
    if shelf.folder().is_some() && state.identity.is_none() {
        state.identity = Some(identity(store).await?);
    }
    let due = due(store, config, shelf, &state, version, now).await?;
    let mut next = Seen { version, at: now, failed: HashMap::new() };
    let told = state.seen.as_ref().map(|seen| seen.failed.clone()).unwrap_or_default();
    let mut report = Report::default();
    for feeds in due.chunks(TOGETHER) {
        let made = refresh(store, config, shelf, feeds, now, (&told, &mut next.failed)).await?;
        report.changed += made.changed.len();
        report.unchanged += made.unchanged.len();
        if !made.changed.is_empty() {
            shelf.inside.changed.send_modify(|times| *times += 1);
        }
        // The bytes on disk are these, but to be made anew at each start until it knows that other settings led to them, too.
        let known = state.found.as_ref().map(|found| &found.settings);
        let is_foreign = |(file, (_, settings)): &(String, Kept)| {
            known.is_some_and(|known| known.get(file) != Some(settings))
        };
        let foreign: Vec<_> = made.unchanged.into_iter().filter(is_foreign).collect();
        // Noted before anything else can fail: what is in memory is not made again.
        state.unkept.extend(made.changed.into_iter().chain(foreign));
    }
    let has_news = state.seen.as_ref().is_none_or(|seen| seen.version != version);
    // The mark says that all before it is on disk.
    let is_whole = next.failed.is_empty();
    state.seen = Some(next);
    state.found = None;
    if shelf.folder().is_some() && (has_news || !state.unkept.is_empty()) {
        let mark = is_whole.then(|| Mark {
            store: state.identity.clone().unwrap_or_default(),
            version,
            at: now.0,
        });
        keep(shelf, &mut state, mark).await?;
    }
    Ok(report)
}

/// Keeps on disk what it does not have; within the lock, so that a later state is not overwritten by an earlier one.
async fn keep(shelf: &Shelf, state: &mut State, mark: Option<Mark>) -> anyhow::Result<()> {
    let (shelf, unkept, gone) = (shelf.clone(), state.unkept.clone(), state.gone.clone());
    let kept = tokio::task::spawn_blocking(move || {
        shelf.folder().map_or(Ok(()), |folder| folder.keep(&unkept, &gone, mark.as_ref()))
    });
    match kept.await? {
        Ok(()) => {
            state.unkept.clear();
            state.gone.clear();
            state.trouble = None;
        }
        Err(e) => {
            let why = Some(format!(
                "made feeds could not be kept on disk, so a restart makes them anew: {e}; see [server] made_feeds"
            ));
            if state.trouble != why {
                tracing::warn!("{}", why.as_deref().unwrap_or_default());
            }
            state.trouble = why;
        }
    }
    Ok(())
}

/// Tells one store from another without telling its secret.
async fn identity(store: &Store) -> StoreResult<String> {
    let secret = store.instance().await?.secret;
    Ok(Sha256::digest([b"made feeds of ".as_slice(), &secret].concat())
        .iter()
        .take(16)
        .map(|b| format!("{b:02x}"))
        .collect())
}

/// The feeds that have to be looked at.
async fn due<'c>(
    store: &Store,
    config: &'c Config,
    shelf: &Shelf,
    state: &State,
    version: i64,
    now: Millis,
) -> StoreResult<Vec<&'c Feed>> {
    let (since, settings) = match (&state.seen, &state.found) {
        (Some(seen), _) => (Some((seen.version, seen.at)), None),
        (None, Some(found)) => {
            let mark =
                found.mark.as_ref().filter(|mark| Some(&mark.store) == state.identity.as_ref());
            (mark.map(|mark| (mark.version, Millis(mark.at))), Some(&found.settings))
        }
        (None, None) => (None, None),
    };
    let Some((before, at)) = since else {
        shelf.remember(Touched::Everything);
        return Ok(config.feeds.iter().collect());
    };
    let mut touched = Vec::new();
    if version != before {
        touched.push(store.changes_between(before, version).await?);
    }
    let arrived = store.published_between(at, now).await?;
    if arrived != Touched::Articles(Vec::new()) {
        touched.push(arrived);
    }
    let failed = state.seen.as_ref().map(|seen| &seen.failed);
    let is_due = |feed: &&Feed| {
        let is_touched = touched.iter().any(|touched| touches(touched, &feed.selection));
        let is_foreign = settings.is_some_and(|settings| {
            let own = settings_of(config, feed);
            files(feed).any(|file| settings.get(&file) != Some(&own))
        });
        is_touched || is_foreign || failed.is_some_and(|failed| failed.contains_key(&feed.name))
    };
    let due = config.feeds.iter().filter(is_due).collect();
    for touched in touched {
        shelf.remember(touched);
    }
    Ok(due)
}

/// A document and the settings it was made under.
type Kept = (Arc<Made>, String);

/// Documents that were made, by their names.
#[derive(Debug, Default)]
struct Fresh {
    changed: Vec<(String, Kept)>,
    /// As they were before, in memory.
    unchanged: Vec<(String, Kept)>,
}

/// Makes some feeds anew and puts them where readers see them.
async fn refresh(
    store: &Store,
    config: &Config,
    shelf: &Shelf,
    feeds: &[&Feed],
    now: Millis,
    (told, failed): (&HashMap<String, String>, &mut HashMap<String, String>),
) -> anyhow::Result<Fresh> {
    let mut changed: Vec<(&Feed, Made)> = Vec::new();
    let mut fresh = Fresh::default();
    for &feed in feeds {
        let wanted = Format::ALL.map(|format| (format, shelf.get(&file_name(feed, format)))).into();
        let made = match plan::newest(store, config, feed, now).await {
            Ok(plan) => making::make(store, config, feed, plan, wanted, now).await,
            Err(e) => Err(e.into()),
        };
        let made = made.unwrap_or_else(|e| {
            let why = format!("{e:#}");
            if told.get(&feed.name) != Some(&why) {
                tracing::error!(feed = %feed.name, "cannot be made, its last bytes stay: {why}");
            }
            failed.insert(feed.name.clone(), why);
            Vec::new()
        });
        for made in made {
            let file = file_name(feed, made.format);
            match shelf.get(&file).filter(|before| before.etag == made.etag) {
                Some(before) => fresh.unchanged.push((file, (before, settings_of(config, feed)))),
                None => changed.push((feed, made)),
            }
        }
    }
    let versions: Vec<Version> = changed
        .iter()
        .map(|(feed, made)| Version {
            feed: feed.name.clone(),
            format: made.format.extension(),
            etag: made.etag.clone(),
        })
        .collect();
    let modified = store.note_feed_versions(&versions, now).await?;
    fresh.changed = changed
        .into_iter()
        .zip(modified)
        .map(|((feed, mut made), at)| {
            made.modified = Some(at);
            (file_name(feed, made.format), (Arc::new(made), settings_of(config, feed)))
        })
        .collect();
    let mut made = HashMap::clone(&shelf.inside.made.load());
    made.extend(fresh.changed.iter().map(|(file, (made, _))| (file.clone(), Arc::clone(made))));
    shelf.inside.made.store(Arc::new(made));
    Ok(fresh)
}
