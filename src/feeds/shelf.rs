//! The feeds in memory: the declared ones always, those on demand while somebody asks; a change makes anew what it touches.

mod refresh;

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
use super::plan;
use crate::config::{Config, Feed};
use crate::domain::selection::Selection;
use crate::domain::time::Millis;
use crate::store::changes::Touched;
pub use refresh::{Report, refresh_due};

/// Changes that feeds on demand are compared with; one that is older is made anew.
const REMEMBERED: usize = 256;

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
    /// Documents that the disk does not have as they are, each with the settings it was made under.
    unkept: HashMap<String, (Arc<Made>, String)>,
    /// Documents of feeds that the config no longer has.
    gone: Vec<String>,
    /// Which store it is, once that was asked.
    identity: Option<String>,
    /// Why the disk did not take them last time.
    trouble: Option<String>,
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
        let declared: HashMap<String, String> = config
            .feeds
            .iter()
            .flat_map(|feed| files(feed).map(|file| (file, shown_of(feed))))
            .collect();
        let (kept, gone): (HashMap<_, _>, HashMap<_, _>) =
            kept.into_iter().partition(|(file, _)| declared.contains_key(file));
        // What a feed may no longer show is not served until it was made anew, however long that takes.
        let kept: HashMap<_, _> = kept
            .into_iter()
            .filter(|(file, kept)| kept.settings.starts_with(&declared[file]))
            .collect();
        for (file, kept) in &kept {
            if let Some(body) = folder.brotli(file, &kept.made.etag) {
                kept.made.tried(Some(body.len()));
            }
        }
        let settings =
            kept.iter().map(|(file, kept)| (file.clone(), kept.settings.clone())).collect();
        shelf
            .inside
            .made
            .store(Arc::new(kept.into_iter().map(|(file, kept)| (file, kept.made)).collect()));
        if let Ok(mut state) = shelf.inside.state.try_lock() {
            state.found = Some(Found { mark, settings });
            state.gone = gone.into_keys().collect();
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
        self.generation() > since
            && (!reaches_back || newer().any(|(_, touched)| touches(touched, selection)))
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

/// A hash of what a feed's documents depend on besides its articles; it begins with [`shown_of`].
pub(super) fn settings_of(config: &Config, feed: &Feed) -> String {
    let all =
        format!("{} {} {:?} {:?}", plan::WRITING, env!("CARGO_PKG_VERSION"), config.site, feed);
    shown_of(feed) + &hash(&all)
}

/// A hash of what decides who may see what of a feed.
fn shown_of(feed: &Feed) -> String {
    hash(&format!("{:?} {:?} {:?}", feed.selection, feed.content, feed.private))
}

fn hash(text: &str) -> String {
    Sha256::digest(text).iter().take(16).map(|b| format!("{b:02x}")).collect()
}
