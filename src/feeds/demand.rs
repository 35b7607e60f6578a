//! Feeds on demand and pages of archives: made at the first request, once, kept while there is room, and made anew when
//! something touches them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use quick_cache::Weighter;
use quick_cache::sync::Cache;
use tokio::sync::Semaphore;

use super::address::{Asked, Place};
use super::archive;
use super::codings::room;
use super::format::Format;
use super::made::Made;
use super::offer;
use super::shelf::{Shelf, file_name};
use super::{making, plan};
use crate::config::{Config, Feed};
use crate::domain::links::Links;
use crate::domain::selection::Selection;
use crate::domain::time::Millis;
use crate::store::Store;

/// Documents and bytes that are kept.
const MOST: usize = 4_096;
const ROOM: u64 = 24 * 1024 * 1024;
/// Made at a time: whoever asks for many feeds waits, and nobody else does.
const AT_ONCE: usize = 2;

/// What an address leads to.
#[derive(Debug, Clone)]
pub enum Found {
    /// A document of a feed.
    Document(Arc<Feed>, Arc<Made>),
    /// What follows the page that was asked about is at this address, without the format: another page, or the feed itself.
    Next(String),
    /// A declared feed that is not made yet.
    NotYet,
}

/// A document that was made for somebody.
#[derive(Debug, Clone)]
struct Entry {
    feed: Arc<Feed>,
    made: Arc<Made>,
    generation: Arc<AtomicU64>,
}

#[derive(Debug, Clone)]
struct Weight;

impl Weighter<String, Entry> for Weight {
    fn weight(&self, file: &String, entry: &Entry) -> u64 {
        // The list of pieces weighs about this much for each of fifty items.
        (file.len() + entry.made.gzip().len() + 4_096) as u64
    }
}

/// The documents made on demand; cheap to clone.
#[derive(Debug, Clone)]
pub struct Demand {
    cache: Arc<Cache<String, Entry, Weight>>,
    makers: Arc<Semaphore>,
}

impl Default for Demand {
    fn default() -> Self {
        Self {
            cache: Arc::new(room(MOST, ROOM, Weight)),
            makers: Arc::new(Semaphore::new(AT_ONCE)),
        }
    }
}

/// Why there is no document.
enum Missing {
    Nothing,
    Failed(anyhow::Error),
}

impl Demand {
    /// What is asked for in a format; `None` if there is no such feed or page.
    ///
    /// # Errors
    /// When the database fails and nothing that was made before can be given.
    pub async fn find(
        &self,
        store: &Store,
        config: &Config,
        shelf: &Shelf,
        asked: &Asked,
        format: Format,
        now: Millis,
    ) -> anyhow::Result<Option<Found>> {
        let plain = |feed: &&Feed| {
            Some(&feed.name) == asked.subject.declared.as_ref()
                && feed.private == asked.subject.secret
        };
        let is_chosen = asked.subject.chosen != Selection::default();
        let declared = config.feeds.iter().find(plain).filter(|_| !is_chosen);
        match (asked.place, declared) {
            (Place::Newest, Some(feed)) => {
                let made = shelf.get(&file_name(feed, format));
                return Ok(Some(
                    made.map_or(Found::NotYet, |made| {
                        Found::Document(Arc::new(feed.clone()), made)
                    }),
                ));
            }
            (Place::After(page), _) => {
                let Some(feed) = offer::feed(store, config, &asked.subject, now).await? else {
                    return Ok(None);
                };
                let next = archive::page_after(store, &feed, page, now).await?;
                let itself = || Links(&config.site.base_url).feed_page(&feed.path());
                return Ok(Some(Found::Next(
                    next.map_or_else(itself, |page| plan::address(config, &feed, page)),
                )));
            }
            _ => {}
        }
        let key = key(asked, format);
        let before = self.cache.get(&key);
        if let Some(entry) = &before {
            let until = shelf.generation();
            if !shelf.was_touched(&entry.feed.selection, entry.generation.load(Ordering::Acquire)) {
                // What was touched is remembered for a while only: this one is up to here.
                entry.generation.fetch_max(until, Ordering::AcqRel);
                return Ok(Some(Found::Document(Arc::clone(&entry.feed), Arc::clone(&entry.made))));
            }
            self.cache.remove_if(&key, |kept| Arc::ptr_eq(&kept.made, &entry.made));
        }
        let making = self.make(store, config, shelf, asked, format, before.as_ref(), now);
        match self.cache.get_or_insert_async(&key, making).await {
            Ok(entry) => Ok(Some(Found::Document(entry.feed, entry.made))),
            Err(Missing::Nothing) => Ok(None),
            Err(Missing::Failed(why)) => match before {
                // The last good bytes, and the next request tries again.
                Some(entry) => {
                    tracing::error!(feed = %entry.feed.name, "cannot be made anew, its last bytes are served: {why:#}");
                    self.cache.insert(key, entry.clone());
                    Ok(Some(Found::Document(entry.feed, entry.made)))
                }
                None => Err(why),
            },
        }
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "the parts of the program that making a document needs"
    )]
    async fn make(
        &self,
        store: &Store,
        config: &Config,
        shelf: &Shelf,
        asked: &Asked,
        format: Format,
        before: Option<&Entry>,
        now: Millis,
    ) -> Result<Entry, Missing> {
        let _maker = self.makers.acquire().await.map_err(|e| Missing::Failed(e.into()))?;
        // Read before the articles are, so that a change in between is not missed.
        let generation = shelf.generation();
        let failed = |e: crate::store::StoreError| Missing::Failed(e.into());
        let feed = offer::feed(store, config, &asked.subject, now)
            .await
            .map_err(failed)?
            .ok_or(Missing::Nothing)?;
        let plan = match asked.place {
            Place::Page(page) => plan::page(store, config, &feed, page, now)
                .await
                .map_err(failed)?
                .ok_or(Missing::Nothing)?,
            Place::Newest | Place::After(_) => {
                plan::newest(store, config, &feed, now).await.map_err(failed)?
            }
        };
        let own = before.map(|entry| Arc::clone(&entry.made));
        let made = making::make(store, config, &feed, plan, vec![(format, own)], now)
            .await
            .map_err(Missing::Failed)?;
        let made = made.into_iter().next().ok_or(Missing::Nothing)?;
        Ok(Entry {
            feed: Arc::new(feed),
            made: Arc::new(made),
            generation: Arc::new(AtomicU64::new(generation)),
        })
    }
}

/// One key for all spellings of an address.
fn key(asked: &Asked, format: Format) -> String {
    let name = asked.subject.path();
    match asked.place {
        Place::Page(page) | Place::After(page) => {
            format!("{name}/archive/{page}.{}", format.extension())
        }
        Place::Newest => format!("{name}.{}", format.extension()),
    }
}
