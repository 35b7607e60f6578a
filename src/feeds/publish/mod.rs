//! Feeds in places elsewhere: a folder, a bucket; only what changed, so that a CDN can carry any number of readers.
//!
//! Nothing is queued per change. What each place has is kept, what it should have is known, and what differs is put there; so
//! a crash loses nothing, a place that was away gets what is new now, and nodes share the work by leasing files.

mod bucket;
mod folder;
mod pages;
mod place;
mod signing;
mod surplus;
mod trial;
mod wanted;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use anyhow::bail;
use futures_util::future::join_all;
use sha2::{Digest as _, Sha256};

use super::made::Made;
use super::push::retry::{chance, next_publication};
use super::shelf::Shelf;
use crate::config::{Config, Publish};
use crate::domain::time::{Millis, SECOND};
use crate::store::published::Published;
use crate::store::pushes::Errand;
use crate::store::{Store, StoreResult};
use pages::Pages;
use place::Place;
use wanted::Document;

/// Documents on their way to one place at once.
const TOGETHER: usize = 8;
/// After a failure of all of them the place is left alone for so long.
const REST: i64 = 15 * SECOND;

/// What publishing came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Files that were put there.
    pub put: Vec<String>,
    /// Files that were taken away.
    pub removed: Vec<String>,
    /// Files that are there as they should be, those just put included.
    pub there: usize,
    /// Files that are not: refused, waiting, or in another node's hands.
    pub left: usize,
    /// Why something failed, in a sentence.
    pub trouble: Option<String>,
}

/// Publishes to one place for one node; cheap to clone.
#[derive(Debug, Clone)]
pub struct Publisher {
    own: Arc<Own>,
}

#[derive(Debug)]
struct Own {
    store: Store,
    config: Arc<Config>,
    shelf: Shelf,
    to: Publish,
    place: Place,
    node: String,
    clock: fn() -> Millis,
    /// One tick at a time.
    state: tokio::sync::Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The pages of each feed that has some.
    pages: HashMap<String, Pages>,
    /// In this state of the shelf all was there.
    settled: Option<(u64, u64)>,
    /// Until when the place is left alone.
    rest: Option<Millis>,
    /// What is told until it passes.
    trouble: Option<String>,
}

/// A document on its way.
#[derive(Debug)]
struct Parcel {
    file: String,
    made: Arc<Made>,
    content_type: String,
    cache_control: String,
}

impl Publisher {
    /// One for a node of this name, which puts into a place what is on the node's shelf.
    pub fn new(
        store: Store,
        config: Arc<Config>,
        shelf: Shelf,
        to: Publish,
        node: String,
        clock: fn() -> Millis,
    ) -> Self {
        let place = Place::of(&to, &config.site.base_url, &node);
        Self {
            own: Arc::new(Own {
                store,
                config,
                shelf,
                to,
                place,
                node,
                clock,
                state: tokio::sync::Mutex::default(),
            }),
        }
    }

    /// Puts there what is not there yet and due, and takes away what is no longer wanted.
    ///
    /// # Errors
    /// When the store does not answer, or as long as the place refuses something: a sentence that says why.
    pub async fn publish_due(&self, now: Millis) -> anyhow::Result<Report> {
        let mut state = self.own.state.lock().await;
        if state.rest.is_some_and(|until| now < until)
            && let Some(why) = &state.trouble
        {
            bail!("{why}");
        }
        let report = self.own.publish(&mut state, now, now).await?;
        state.trouble = match (&report.trouble, report.left) {
            (Some(why), _) => Some(why.clone()),
            (None, 0) => None,
            // What failed before still waits for its next attempt.
            (None, _) => state.trouble.take(),
        };
        let has_failed =
            report.trouble.is_some() && report.put.is_empty() && report.removed.is_empty();
        state.rest = has_failed.then(|| now.plus(REST));
        match &state.trouble {
            Some(why) => bail!("{why}"),
            None => Ok(report),
        }
    }

    /// The same now, whatever was to wait after a failure; `again`: also what is there already.
    ///
    /// # Errors
    /// When the store does not answer; what the place refuses is in the report.
    pub async fn publish_now(&self, again: bool, now: Millis) -> anyhow::Result<Report> {
        let mut state = self.own.state.lock().await;
        if again {
            self.own.store.doubt_publications(&self.own.to.name, None).await?;
        }
        state.settled = None;
        self.own.publish(&mut state, now, Millis(i64::MAX)).await
    }

    /// Ends in good order: what was in hand is left to others.
    ///
    /// # Errors
    /// When the store does not answer; then the leases run out by themselves.
    pub async fn finish(&self) -> StoreResult<()> {
        self.own.store.give_errands_back(&self.own.node).await
    }
}

impl Own {
    /// One round; what is to wait until after `due` is left alone.
    async fn publish(&self, state: &mut State, now: Millis, due: Millis) -> anyhow::Result<Report> {
        // Read before the shelf is, so that a change in between is not missed.
        let key = (*self.shelf.changes().borrow(), self.shelf.generation());
        let moved = self.refresh_pages(state, now).await?;
        if state.settled == Some(key) && !moved {
            return Ok(Report::default());
        }
        let documents = self.documents(state);
        let known = self.still_there().await?;
        let mut report = Report::default();
        let is_due = |document: &&Document<'_>| {
            known.get(&document.wanted.file).is_none_or(|k| k.is_due(&document.wanted.etag, due))
        };
        let (pages, newest): (Vec<&Document<'_>>, Vec<&Document<'_>>) =
            documents.iter().partition(|document| document.page.is_some());
        let pages: Vec<&Document<'_>> = pages.into_iter().filter(is_due).collect();
        self.put_all(&pages, due, &mut report).await?;
        if !is_stuck(&report) {
            // A page that is in another node's hands comes first; one that fails holds nothing up.
            let known = if pages.is_empty() { known.clone() } else { self.known().await? };
            let misses = |d: &Document<'_>| {
                known.get(&d.wanted.file).is_none_or(|k| k.etag != d.wanted.etag && k.attempts == 0)
            };
            let waiting: HashSet<(&str, &str)> = documents
                .iter()
                .filter(|d| d.page.is_some() && misses(d))
                .map(Document::of)
                .collect();
            let newest: Vec<&Document<'_>> =
                newest.into_iter().filter(|d| is_due(d) && !waiting.contains(&d.of())).collect();
            self.put_all(&newest, due, &mut report).await?;
        }
        if !is_stuck(&report) {
            self.remove_all(&documents, known.values(), due, &mut report).await?;
        }
        let known = self.known().await?;
        let is_there = |document: &&Document<'_>| {
            known.get(&document.wanted.file).is_some_and(|k| k.etag == document.wanted.etag)
        };
        report.there = documents.iter().filter(is_there).count();
        let surplus = self.surplus(&documents, known.values()).count();
        report.left = documents.len() - report.there + surplus;
        state.settled = (report.left == 0).then_some(key);
        Ok(report)
    }

    /// Looks at the archives; gives whether a page is another than before.
    async fn refresh_pages(&self, state: &mut State, now: Millis) -> StoreResult<bool> {
        let mut moved = false;
        for feed in self.config.published(&self.to).into_iter().filter(|_| self.to.archive) {
            let pages = state.pages.entry(feed.name.clone()).or_default();
            let before = pages.all.clone();
            pages.refresh(&self.store, &self.config, &self.shelf, feed, now).await?;
            moved |= before != pages.all;
        }
        Ok(moved)
    }

    async fn known(&self) -> StoreResult<HashMap<String, Published>> {
        Ok(self
            .store
            .published(&self.to.name)
            .await?
            .into_iter()
            .map(|known| (known.file.clone(), known))
            .collect())
    }

    /// What is known to be there, without what somebody took away.
    async fn still_there(&self) -> StoreResult<HashMap<String, Published>> {
        let (known, own) = (self.known().await?, self.place.mark());
        let is_there = |known: &&Published| {
            known.etag.starts_with(&own) && !known.etag.ends_with('?') && !known.is_leased
        };
        let put = known.values().filter(is_there).map(|known| known.file.clone());
        let gone = self.place.missing(put.collect()).await;
        if gone.is_empty() {
            return Ok(known);
        }
        tracing::warn!(to = %self.to.name, files = gone.len(), "files that were put into {} are gone: they are put there again", self.place);
        self.store.doubt_publications(&self.to.name, Some(&gone)).await?;
        self.known().await
    }

    /// Puts documents there in their order, as far as nobody else does.
    async fn put_all(
        &self,
        documents: &[&Document<'_>],
        due: Millis,
        report: &mut Report,
    ) -> anyhow::Result<()> {
        for some in documents.chunks(TOGETHER) {
            let wanted: Vec<_> = some.iter().map(|document| document.wanted.clone()).collect();
            let claimed =
                self.store.claim_publications(&self.node, &self.to.name, &wanted, due).await?;
            let mut on_their_way = Vec::new();
            for claim in &claimed {
                let Some(document) =
                    some.iter().find(|document| document.wanted.file == claim.file)
                else {
                    continue;
                };
                on_their_way.push(self.put(document, claim));
            }
            let before = report.put.len();
            for (file, outcome) in join_all(on_their_way).await {
                match outcome? {
                    Ok(()) => report.put.push(file),
                    Err(why) => report.trouble = Some(why),
                }
            }
            if report.put.len() == before && report.trouble.is_some() {
                return Ok(());
            }
        }
        Ok(())
    }

    async fn put(
        &self,
        document: &Document<'_>,
        claim: &Published,
    ) -> (String, StoreResult<Result<(), String>>) {
        let put = match self.parcel(document).await {
            Ok(parcel) => self.place.put(parcel, (self.clock)()).await,
            Err(why) => Err(format!("{} can't be made: {why:#}", document.wanted.file)),
        };
        let noted = match put {
            Ok(()) => self
                .store
                .close_publication(&self.node, claim.id, &document.wanted.etag)
                .await
                .map(|()| Ok(())),
            Err(why) => self.delay(claim, &why).await.map(Err),
        };
        (claim.file.clone(), noted)
    }

    /// Puts a file off after a failure; gives the sentence to tell.
    async fn delay(&self, file: &Published, why: &str) -> StoreResult<String> {
        let attempts = file.attempts + 1;
        let until = next_publication(attempts, (self.clock)(), chance(file.id, attempts));
        tracing::debug!(to = %self.to.name, file = %file.file, attempts, "was not published: {why}");
        self.store.delay_errand(&self.node, Errand::Publish, file.id, until).await?;
        Ok(self.complaint(why))
    }

    /// Which place takes nothing, and why.
    fn complaint(&self, why: &str) -> String {
        format!("{}: nothing can be published to {}: {why}", self.to.name, self.place)
    }
}

impl Published {
    fn is_due(&self, etag: &str, due: Millis) -> bool {
        self.etag != etag && self.due_at <= due && !self.is_leased
    }
}

/// Whether nothing gets through at all.
fn is_stuck(report: &Report) -> bool {
    report.trouble.is_some() && report.put.is_empty()
}

/// A short hash.
fn hash8(text: &str) -> String {
    Sha256::digest(text).iter().take(4).map(|b| format!("{b:02x}")).collect()
}
