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
pub async fn refresh_due(store: &Store, config: &Config, shelf: &Shelf, now: Millis) -> anyhow::Result<Report> {
    let mut state = shelf.inside.state.lock().await;
    let version = store.articles_version().await?;
    let identity = if shelf.folder().is_some() { identity(store).await? } else { String::new() };
    let due = due(store, config, shelf, &state, &identity, version, now).await?;
    let mut next = Seen { version, at: now, failed: HashMap::new() };
    let told = state.seen.as_ref().map(|seen| seen.failed.clone()).unwrap_or_default();
    let mut report = Report::default();
    let mut changed = Vec::new();
    for feeds in due.chunks(TOGETHER) {
        let mut some = refresh(store, config, shelf, feeds, now, &mut report, (&told, &mut next.failed)).await?;
        changed.append(&mut some);
    }
    if !changed.is_empty() {
        shelf.inside.changed.send_modify(|times| *times += 1);
    }
    let has_news = state.seen.as_ref().is_none_or(|seen| seen.version != version) || !changed.is_empty();
    state.seen = Some(next);
    let gone = state.found.take().map(|found| found.gone).unwrap_or_default();
    if has_news && shelf.folder().is_some() {
        let (shelf, mark) = (shelf.clone(), Mark { store: identity, version, at: now.0 });
        // Within the lock, so that a later state is not overwritten by an earlier one.
        tokio::task::spawn_blocking(move || shelf.folder().map(|folder| folder.keep(&changed, &gone, &mark))).await?;
    }
    Ok(report)
}

/// Tells one store from another without telling its secret.
async fn identity(store: &Store) -> StoreResult<String> {
    let secret = store.instance().await?.secret;
    Ok(Sha256::digest([b"made feeds of ".as_slice(), &secret].concat()).iter().take(16).map(|b| format!("{b:02x}")).collect())
}

/// The feeds that have to be looked at.
async fn due<'c>(
    store: &Store,
    config: &'c Config,
    shelf: &Shelf,
    state: &State,
    identity: &str,
    version: i64,
    now: Millis,
) -> StoreResult<Vec<&'c Feed>> {
    let (since, settings) = match (&state.seen, &state.found) {
        (Some(seen), _) => (Some((seen.version, seen.at)), None),
        (None, Some(found)) => {
            let mark = found.mark.as_ref().filter(|mark| mark.store == identity);
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

/// Makes some feeds anew and puts them where readers see them; gives the documents whose bytes changed.
async fn refresh(
    store: &Store,
    config: &Config,
    shelf: &Shelf,
    feeds: &[&Feed],
    now: Millis,
    report: &mut Report,
    (told, failed): (&HashMap<String, String>, &mut HashMap<String, String>),
) -> anyhow::Result<Vec<(String, Arc<Made>, String)>> {
    let mut fresh: Vec<(&Feed, Made)> = Vec::new();
    for &feed in feeds {
        let wanted = Format::ALL.map(|format| (format, shelf.get(&file_name(feed, format)))).into();
        let made = match plan::newest(store, config, feed, now).await {
            Ok(plan) => making::make(store, config, feed, plan, wanted, now).await,
            Err(e) => Err(e.into()),
        };
        match made {
            Ok(made) => fresh.extend(made.into_iter().map(|made| (feed, made))),
            Err(e) => {
                let why = format!("{e:#}");
                if told.get(&feed.name) != Some(&why) {
                    tracing::error!(feed = %feed.name, "cannot be made, its last bytes stay: {why}");
                }
                failed.insert(feed.name.clone(), why);
            }
        }
    }
    let is_changed = |feed: &Feed, made: &Made| shelf.get(&file_name(feed, made.format)).is_none_or(|before| before.etag != made.etag);
    let all = fresh.len();
    fresh.retain(|(feed, made)| is_changed(feed, made));
    report.changed += fresh.len();
    report.unchanged += all - fresh.len();
    let versions: Vec<Version> = fresh
        .iter()
        .map(|(feed, made)| Version { feed: feed.name.clone(), format: made.format.extension(), etag: made.etag.clone() })
        .collect();
    let modified = store.note_feed_versions(&versions, now).await?;
    let fresh: Vec<(String, Arc<Made>, String)> = fresh
        .into_iter()
        .zip(modified)
        .map(|((feed, mut made), at)| {
            made.modified = Some(at);
            (file_name(feed, made.format), Arc::new(made), settings_of(config, feed))
        })
        .collect();
    let mut made = HashMap::clone(&shelf.inside.made.load());
    made.extend(fresh.iter().map(|(file, made, _)| (file.clone(), Arc::clone(made))));
    shelf.inside.made.store(Arc::new(made));
    Ok(fresh)
}
