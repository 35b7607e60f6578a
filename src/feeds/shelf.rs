//! The feeds in memory: the declared ones always, those on demand while somebody asks; a change makes anew what it touches.

use std::collections::{HashMap, VecDeque};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use arc_swap::ArcSwap;
use sha2::{Digest as _, Sha256};
use tokio::sync::watch;

use super::codings::Codings;
use super::format::Format;
use super::kept::{Folder, Mark};
use super::made::Made;
use super::{making, plan};
use crate::config::{Config, Feed};
use crate::domain::selection::Selection;
use crate::domain::time::Millis;
use crate::store::changes::Touched;
use crate::store::feeds::Version;
use crate::store::{Store, StoreResult};

/// Feeds made before readers see them: at a start with many, the first do not wait for the last.
const TOGETHER: usize = 16;
/// Changes that feeds on demand are compared with; one that is older is made anew.
const REMEMBERED: usize = 256;

/// What making feeds came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Report {
    /// Documents whose bytes changed.
    pub changed: usize,
    /// Documents that were looked at and stayed as they were.
    pub unchanged: usize,
}

/// All feeds in memory; cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Shelf {
    inside: Arc<Inside>,
}

#[derive(Debug)]
struct Inside {
    made: ArcSwap<HashMap<String, Arc<Made>>>,
    state: tokio::sync::Mutex<State>,
    folder: OnceLock<Folder>,
    recent: Mutex<Recent>,
    generation: AtomicU64,
    changed: watch::Sender<u64>,
    codings: Codings,
}

impl Default for Inside {
    fn default() -> Self {
        Self {
            made: ArcSwap::default(),
            state: tokio::sync::Mutex::default(),
            folder: OnceLock::new(),
            recent: Mutex::default(),
            generation: AtomicU64::new(0),
            changed: watch::channel(0).0,
            codings: Codings::default(),
        }
    }
}

/// What the shelf was made from.
#[derive(Debug, Default)]
struct State {
    seen: Option<Seen>,
    /// What was found on disk, until it was compared with the store.
    found: Option<Found>,
}

#[derive(Debug, Clone, Default)]
struct Seen {
    version: i64,
    at: Millis,
    /// The feeds that could not be made from it, and why: tried again at every tick, told once.
    failed: HashMap<String, String>,
}

#[derive(Debug)]
struct Found {
    mark: Option<Mark>,
    /// For each document the settings it was made under.
    settings: HashMap<String, String>,
}

/// What the last refreshes touched, the newest last.
#[derive(Debug, Default)]
struct Recent(VecDeque<(u64, Touched)>);

impl Shelf {
    /// A shelf that keeps what it makes in a folder, with what is there already.
    pub fn kept_in(folder: &Path, config: &Config) -> Self {
        let shelf = Self::default();
        let folder = shelf.inside.folder.get_or_init(|| Folder::open(folder));
        let (kept, mark) = folder.load();
        let declared: Vec<String> = config.feeds.iter().flat_map(files).collect();
        let kept: HashMap<_, _> = kept.into_iter().filter(|(file, _)| declared.contains(file)).collect();
        for (file, kept) in &kept {
            if let Some(body) = folder.brotli(file, &kept.made.etag) {
                kept.made.tried(Some(body.len()));
            }
        }
        let settings = kept.iter().map(|(file, kept)| (file.clone(), kept.settings.clone())).collect();
        shelf.inside.made.store(Arc::new(kept.into_iter().map(|(file, kept)| (file, kept.made)).collect()));
        if let Ok(mut state) = shelf.inside.state.try_lock() {
            state.found = Some(Found { mark, settings });
        }
        shelf
    }

    /// The document of a declared feed at `NAME.EXTENSION`.
    pub fn get(&self, file: &str) -> Option<Arc<Made>> {
        self.inside.made.load().get(file).cloned()
    }

    /// All documents by their names.
    pub(super) fn all(&self) -> Arc<HashMap<String, Arc<Made>>> {
        self.inside.made.load_full()
    }

    pub(super) fn folder(&self) -> Option<&Folder> {
        self.inside.folder.get()
    }

    pub(super) fn codings(&self) -> &Codings {
        &self.inside.codings
    }

    /// Whether every declared feed is there.
    pub fn is_complete(&self, config: &Config) -> bool {
        let made = self.inside.made.load();
        config.feeds.iter().flat_map(files).all(|file| made.contains_key(&file))
    }

    /// Tells when documents of declared feeds have changed.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.inside.changed.subscribe()
    }

    /// How many refreshes there were that found something to do.
    pub(super) fn generation(&self) -> u64 {
        self.inside.generation.load(Ordering::Acquire)
    }

    /// Whether something that this selection may hold was touched after that generation.
    pub(super) fn was_touched(&self, selection: &Selection, since: u64) -> bool {
        let recent = self.inside.recent.lock().unwrap_or_else(PoisonError::into_inner);
        let reaches_back = recent.0.front().is_none_or(|(first, _)| *first <= since + 1);
        let newer = || recent.0.iter().filter(|(generation, _)| *generation > since);
        self.generation() > since && (!reaches_back || newer().any(|(_, touched)| touches(touched, selection)))
    }

    fn remember(&self, touched: Touched) {
        let mut recent = self.inside.recent.lock().unwrap_or_else(PoisonError::into_inner);
        // Under the lock, so that who sees the number finds what it stands for.
        let generation = self.inside.generation.fetch_add(1, Ordering::AcqRel) + 1;
        recent.0.push_back((generation, touched));
        if recent.0.len() > REMEMBERED {
            recent.0.pop_front();
        }
    }
}

/// `NAME.EXTENSION`.
pub fn file_name(feed: &Feed, format: Format) -> String {
    format!("{}.{}", feed.name, format.extension())
}

fn files(feed: &Feed) -> impl Iterator<Item = String> {
    Format::ALL.map(|format| file_name(feed, format)).into_iter()
}

fn touches(touched: &Touched, selection: &Selection) -> bool {
    match touched {
        Touched::Everything => true,
        Touched::Articles(all) => all.iter().any(|terms| selection.touches(terms)),
    }
}

/// A hash of what a feed's documents depend on besides its articles.
pub(super) fn settings_of(config: &Config, feed: &Feed) -> String {
    let all = format!("{} {} {:?} {:?}", plan::WRITING, env!("CARGO_PKG_VERSION"), config.site, feed);
    Sha256::digest(all).iter().take(16).map(|b| format!("{b:02x}")).collect()
}

/// Makes anew the declared feeds that changed articles, or articles whose time came, touch; a feed that can't be made keeps
/// its last bytes.
pub async fn refresh_due(store: &Store, config: &Config, shelf: &Shelf, now: Millis) -> anyhow::Result<Report> {
    let mut state = shelf.inside.state.lock().await;
    let version = store.articles_version().await?;
    let identity = match (&state.found, shelf.inside.folder.get()) {
        (_, Some(_)) => identity(store).await?,
        _ => String::new(),
    };
    let due = due(store, config, shelf, &mut state, &identity, version, now).await?;
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
    if has_news && shelf.inside.folder.get().is_some() {
        let (shelf, mark) = (shelf.clone(), Mark { store: identity, version, at: now.0 });
        // Within the lock, so that a later state is not overwritten by an earlier one.
        tokio::task::spawn_blocking(move || shelf.inside.folder.get().map(|folder| folder.keep(&changed, &[], &mark))).await?;
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
    state: &mut State,
    identity: &str,
    version: i64,
    now: Millis,
) -> StoreResult<Vec<&'c Feed>> {
    let found = state.found.take();
    let (since, settings) = match (&state.seen, found) {
        (Some(seen), _) => (Some((seen.version, seen.at)), None),
        (None, Some(found)) => {
            let mark = found.mark.filter(|mark| mark.store == identity);
            (mark.map(|mark| (mark.version, Millis(mark.at))), Some(found.settings))
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
        let is_foreign = settings.as_ref().is_some_and(|settings| {
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
