//! The publisher of one destination: compares what is published with the manifest, uploads the
//! difference and deletes what is obsolete.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use anyhow::bail;

use super::destination::Destination;
use super::manifest::DesiredDocument;
use super::report::PublishReport;
use super::state::{Inner, State};
use crate::config::{Config, DestinationSettings};
use crate::domain::time::{Millis, SignedDuration};
use crate::feeds::cache::FeedCache;
use crate::store::publications::Publication;
use crate::store::{Store, StoreResult};

/// Backoff after all uploads to a destination failed.
const FAILURE_BACKOFF: SignedDuration = SignedDuration::from_secs(15);

/// Publishes feeds of one node to one destination; cheap to clone.
#[derive(Debug, Clone)]
pub struct Publisher {
    pub(super) inner: Arc<Inner>,
}

impl Publisher {
    /// Creates a publisher for node `node`, which uploads the documents of its feed cache.
    pub fn new(
        store: Store,
        config: Arc<Config>,
        cache: FeedCache,
        settings: DestinationSettings,
        node: String,
        clock: fn() -> Millis,
    ) -> Self {
        let destination = Destination::new(&settings, &config.site.base_url, &node);
        Self {
            inner: Arc::new(Inner {
                store,
                config,
                cache,
                settings,
                destination,
                node,
                clock,
                state: tokio::sync::Mutex::default(),
            }),
        }
    }

    /// Uploads changed files that are due and deletes files that are no longer published.
    ///
    /// # Errors
    /// If the database does not respond, or as long as the destination rejects a file.
    pub async fn publish_due(&self, now: Millis) -> anyhow::Result<PublishReport> {
        let mut state = self.inner.state.lock().await;
        if state.paused_until.is_some_and(|until| now < until)
            && let Some(reason) = &state.last_error
        {
            bail!("{reason}");
        }
        let report = self.inner.publish(&mut state, now, now).await?;
        state.last_error = match (&report.error, report.pending) {
            (Some(reason), _) => Some(reason.clone()),
            (None, 0) => None,
            // A file that failed earlier still waits for its next attempt.
            (None, _) => state.last_error.take(),
        };
        let has_failed =
            report.error.is_some() && report.uploaded.is_empty() && report.deleted.is_empty();
        state.paused_until = has_failed.then(|| now.plus(FAILURE_BACKOFF));
        match &state.last_error {
            Some(reason) => bail!("{reason}"),
            None => Ok(report),
        }
    }

    /// Publishes like [`Self::publish_due`], but ignores the backoff; with `again`, uploads also
    /// unchanged files.
    ///
    /// # Errors
    /// If the database does not respond. Failures of the destination are in the report.
    pub async fn publish_now(&self, again: bool, now: Millis) -> anyhow::Result<PublishReport> {
        let mut state = self.inner.state.lock().await;
        if again {
            self.inner.store.publications().invalidate(&self.inner.settings.name, None).await?;
        }
        state.up_to_date_version = None;
        self.inner.publish(&mut state, now, Millis(i64::MAX)).await
    }

    /// Releases the leases of this node to the others.
    ///
    /// # Errors
    /// If the database does not respond; the leases then expire.
    pub async fn shutdown(&self) -> StoreResult<()> {
        self.inner.store.http_job_leases().release(&self.inner.node).await
    }
}

impl Inner {
    /// Runs once; files whose retry is scheduled after `due_until` are skipped.
    async fn publish(
        &self,
        state: &mut State,
        now: Millis,
        due_until: Millis,
    ) -> anyhow::Result<PublishReport> {
        // Read before the documents, so that a change in between is not missed.
        let cache_version =
            (*self.cache.document_changes().borrow(), self.cache.article_change_count());
        let changed = self.refresh_archives(state, now).await?;
        if state.up_to_date_version == Some(cache_version) && !changed {
            return Ok(PublishReport::default());
        }
        let documents = self.documents(state);
        let publications = self.verified_publications().await?;
        let mut report = PublishReport::default();
        let is_due = |document: &&DesiredDocument<'_>| {
            publications
                .get(&document.desired.file)
                .is_none_or(|publication| publication.is_due(&document.desired.version, due_until))
        };
        let (pages, current): (Vec<&DesiredDocument<'_>>, Vec<&DesiredDocument<'_>>) =
            documents.iter().partition(|document| document.page.is_some());
        let pages: Vec<&DesiredDocument<'_>> = pages.into_iter().filter(is_due).collect();
        self.upload_all(&pages, due_until, &mut report).await?;
        if !has_only_failures(&report) {
            // Archive pages precede the feeds that link to them, also if another node uploads the
            // page. A page whose upload failed delays nothing.
            let publications =
                if pages.is_empty() { publications.clone() } else { self.publications().await? };
            let is_missing = |d: &DesiredDocument<'_>| {
                publications.get(&d.desired.file).is_none_or(|publication| {
                    publication.version != d.desired.version && publication.attempts == 0
                })
            };
            let waiting: HashSet<(&str, &str)> = documents
                .iter()
                .filter(|d| d.page.is_some() && is_missing(d))
                .map(DesiredDocument::key)
                .collect();
            let current: Vec<&DesiredDocument<'_>> =
                current.into_iter().filter(|d| is_due(d) && !waiting.contains(&d.key())).collect();
            self.upload_all(&current, due_until, &mut report).await?;
        }
        if !has_only_failures(&report) {
            self.delete_obsolete_files(&documents, publications.values(), due_until, &mut report)
                .await?;
        }
        let publications = self.publications().await?;
        let is_current = |document: &&DesiredDocument<'_>| {
            publications
                .get(&document.desired.file)
                .is_some_and(|publication| publication.version == document.desired.version)
        };
        report.up_to_date = documents.iter().filter(is_current).count();
        let obsolete_count = self.obsolete_files(&documents, publications.values()).count();
        report.pending = documents.len() - report.up_to_date + obsolete_count;
        state.up_to_date_version = (report.pending == 0).then_some(cache_version);
        Ok(report)
    }

    /// Refreshes the archive pages. Returns `true` if any page changed.
    async fn refresh_archives(&self, state: &mut State, now: Millis) -> StoreResult<bool> {
        let mut is_changed = false;
        for feed in self
            .config
            .feeds_published_to(&self.settings)
            .into_iter()
            .filter(|_| self.settings.archive)
        {
            let archive = state.archives.entry(feed.name.clone()).or_default();
            let before = archive.pages.clone();
            archive.refresh(&self.store, &self.config, &self.cache, feed, now).await?;
            is_changed |= before != archive.pages;
        }
        Ok(is_changed)
    }

    async fn publications(&self) -> StoreResult<HashMap<String, Publication>> {
        Ok(self
            .store
            .publications()
            .list(&self.settings.name)
            .await?
            .into_iter()
            .map(|publication| (publication.file.clone(), publication))
            .collect())
    }

    /// Returns the publications, after marking files that are missing at the destination for
    /// upload.
    async fn verified_publications(&self) -> StoreResult<HashMap<String, Publication>> {
        let (publications, fingerprint) =
            (self.publications().await?, self.destination.fingerprint());
        let is_uploaded = |publication: &&Publication| {
            publication.version.starts_with(&fingerprint)
                && !publication.is_invalidated()
                && !publication.is_leased
        };
        let uploaded =
            publications.values().filter(is_uploaded).map(|publication| publication.file.clone());
        let missing = self.destination.missing(uploaded.collect()).await;
        if missing.is_empty() {
            return Ok(publications);
        }
        tracing::warn!(to = %self.settings.name, files = missing.len(), "published files are missing at {}; re-uploading", self.destination);
        self.store.publications().invalidate(&self.settings.name, Some(&missing)).await?;
        self.publications().await
    }
}

impl Publication {
    fn is_due(&self, desired_version: &str, due_until: Millis) -> bool {
        self.version != desired_version && self.due_at <= due_until && !self.is_leased
    }
}

/// Returns `true` if an upload failed and none succeeded.
fn has_only_failures(report: &PublishReport) -> bool {
    report.error.is_some() && report.uploaded.is_empty()
}
