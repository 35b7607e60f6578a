//! One reading of a source: what changed since the last one, or all of it, compared with what we have in flat memory.

use std::collections::BTreeMap;

use anyhow::Context;
use sha2::{Digest as _, Sha256};
use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;

use super::keeping::keep;
use super::seen::Seen;
use super::{BATCH, FEW, LONGEST_TROUBLE, SyncReport, arrival, drupal, ghost, query, wordpress};
use crate::config::{Config, Source, SourceKind};
use crate::domain::article::{Draft, Found};
use crate::domain::time::Millis;
use crate::store::Store;
use crate::store::sources::Progress;

/// Articles that are looked up at a time.
const LOOKED_UP: usize = 100;

/// Why a source is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Occasion {
    /// Its time has come: what changed is enough, unless a comparison is due.
    Poll,
    /// A person wants all of it compared, and says whether so many removals are meant (promise 8).
    ByHand { accept_removals: bool },
}

/// A reading under way.
struct Reading<'r> {
    store: &'r Store,
    config: &'r Config,
    source: &'r Source,
    now: Millis,
    /// What was known of before.
    before: Progress,
    /// The ids that the source told.
    seen: Seen,
    /// The newest change it told.
    mark: Option<Millis>,
    /// Articles that wait to be looked up.
    drafts: Vec<Draft>,
    report: SyncReport,
}

/// Reads a source and keeps what is new.
pub(super) async fn read(
    store: &Store,
    config: &Config,
    source: &Source,
    occasion: Occasion,
    now: Millis,
) -> anyhow::Result<SyncReport> {
    store.ensure_source(&source.name, now).await?;
    let report = SyncReport { source: source.name.clone(), ..SyncReport::default() };
    if source.kind == SourceKind::Builtin {
        return Ok(report);
    }
    let state = store.source_state(&source.name).await?.unwrap_or_default();
    let settings = settings(config, source);
    let is_fresh = |at: Millis| (0..source.compare).contains(&(now.0 - at.0));
    let polls = occasion == Occasion::Poll
        && state.progress.marked_for == settings
        && state.progress.compared_at.is_some_and(is_fresh);
    let since = state.progress.marked_at.filter(|_| polls);
    // What comes in beside us, or by ourselves, has not vanished.
    let newest = store.newest_article().await?;
    let (seen, mark, drafts) = (Seen::default(), None, Vec::new());
    let mut reading =
        Reading { store, config, source, now, before: state.progress, seen, mark, drafts, report };
    let is_whole = reading.receive(since).await?;
    reading.report.compared = is_whole;
    if is_whole {
        let accept = matches!(occasion, Occasion::ByHand { accept_removals: true });
        reading.remove_vanished(newest, accept).await?;
    } else {
        reading.report.held = usize::try_from(state.held_removals).unwrap_or_default();
    }
    // Even if nothing changed: a program that was killed after its last article has not come this far.
    store.regroup(&source.name).await?;
    reading.finish(settings).await
}

/// Tells settings apart by which the same rows become other articles.
fn settings(config: &Config, source: &Source) -> String {
    let site = &config.site;
    // The address is shown without its password.
    let text = format!(
        "{source:?} {} {} {} {}",
        site.language,
        site.base_url,
        arrival::CLEANING,
        env!("CARGO_PKG_VERSION")
    );
    Sha256::digest(text).iter().take(8).map(|b| format!("{b:02x}")).collect()
}

/// Reads a source, or what changed in it since a time, in a task of its own, which ends with whoever dropped it; gives
/// whether it was all there is.
pub(super) fn reader(
    source: &Source,
    site_language: &str,
    since: Option<Millis>,
    tell: mpsc::Sender<Found>,
) -> AbortOnDropHandle<anyhow::Result<bool>> {
    let (source, language) = (source.clone(), site_language.to_owned());
    AbortOnDropHandle::new(tokio::spawn(async move {
        match source.kind {
            SourceKind::WordPress => wordpress::read(&source, &language, since, tell).await,
            SourceKind::Ghost => ghost::read(&source, &language, since, tell).await,
            SourceKind::Drupal => drupal::read(&source, since, tell).await,
            SourceKind::Query => query::read(&source, since, tell).await,
            SourceKind::Builtin => Ok(true),
        }
    }))
}

impl Reading<'_> {
    /// Takes in all that the source tells; gives whether that was all there is.
    async fn receive(&mut self, since: Option<Millis>) -> anyhow::Result<bool> {
        let (tell, mut found) = mpsc::channel(2 * BATCH);
        let reader = reader(self.source, &self.config.site.language, since, tell);
        while let Some(told) = found.recv().await {
            match told {
                Found::Refused { id, reason } => {
                    let id = arrival::without_nul(&id);
                    self.seen.add(&id);
                    self.report.refused.push((id, reason));
                }
                Found::Article(draft) => self.take(*draft),
            }
            if self.drafts.len() >= LOOKED_UP {
                self.keep_changed().await?;
            }
        }
        let is_whole = reader.await.context("the reader ended unexpectedly")??;
        self.keep_changed().await?;
        Ok(is_whole)
    }

    fn take(&mut self, mut draft: Draft) {
        // A time that has not come is no sign that everything before it was read.
        self.mark = self.mark.max(draft.updated_at.map(|at| at.min(self.now)));
        if let Err(why) = arrival::admit(&mut draft, self.source, &self.config.site, &mut self.seen)
        {
            self.report.refused.push((draft.source_id, why));
            return;
        }
        let notes = std::mem::take(&mut draft.notes);
        self.report.notes.extend(notes.into_iter().map(|n| (draft.source_id.clone(), n)));
        self.drafts.push(draft);
    }

    /// Keeps those of the waiting articles that are not as we have them.
    async fn keep_changed(&mut self) -> anyhow::Result<()> {
        let drafts = std::mem::take(&mut self.drafts);
        let ids: Vec<String> = drafts.iter().map(|draft| draft.source_id.clone()).collect();
        let known = self.store.known_among(&self.source.name, &ids).await?;
        let site = &self.config.site;
        let hashed = drafts
            .into_iter()
            .map(|draft| (arrival::hash(&draft, site), draft))
            .map(|(hash, draft)| (draft, hash));
        let changed: Vec<(Draft, String)> = hashed
            .filter(|(draft, hash)| {
                known.get(&draft.source_id).is_none_or(|k| k.removed || k.hash != *hash)
            })
            .collect();
        for batch in changed.chunks(BATCH) {
            keep(self.store, batch.to_vec(), self.source, site, &mut self.report, self.now).await?;
        }
        Ok(())
    }

    /// Removes what a source was not seen to hold, unless that is so much that an admin must say so (promise 8).
    async fn remove_vanished(&mut self, newest: i64, accept_removals: bool) -> anyhow::Result<()> {
        let (mut live, mut vanished, mut after) = (0, 0, String::new());
        while let Some(ids) = self.next_ids(&mut after, newest).await? {
            live += ids.len();
            vanished += ids.iter().filter(|id| !self.seen.holds(id)).count();
        }
        let name = &self.source.name;
        if vanished > FEW && vanished * 2 > live && !accept_removals {
            self.report.held = vanished;
            tracing::warn!(source = %name, held = vanished, "more than half of the articles vanished: held until `courant sources sync {name} --accept-removals`");
            return Ok(());
        }
        self.report.removed = vanished;
        let mut after = String::new();
        // Counted first, removed after: what is held must be held whole, and a list of all that vanished could be long.
        while vanished > 0
            && let Some(mut ids) = self.next_ids(&mut after, newest).await?
        {
            ids.retain(|id| !self.seen.holds(id));
            for chunk in ids.chunks(100) {
                self.store.remove_articles(name, chunk, self.now).await?;
            }
        }
        Ok(())
    }

    async fn next_ids(
        &self,
        after: &mut String,
        newest: i64,
    ) -> anyhow::Result<Option<Vec<String>>> {
        let ids = self.store.live_ids(&self.source.name, after, newest).await?;
        let Some(last) = ids.last() else { return Ok(None) };
        after.clone_from(last);
        Ok(Some(ids))
    }

    /// Notes the reading's end, how far it came, and which refusals are new. The mark moves last: what it stands for is kept.
    async fn finish(self, settings: String) -> anyhow::Result<SyncReport> {
        let Self { store, source, now, before, seen, mark, mut report, .. } = self;
        let short = |text: &str| {
            arrival::without_nul(text).chars().take(LONGEST_TROUBLE).collect::<String>()
        };
        let troubles: BTreeMap<String, String> = report
            .notes
            .iter()
            .chain(&report.refused)
            .map(|(id, what)| (short(id), short(what)))
            .collect();
        let was_read = |id: &str| report.compared || seen.holds(id);
        report.news = store
            .note_refusals(&source.name, troubles.into_iter().collect(), was_read, now)
            .await?;
        let progress = if report.compared {
            Progress { compared_at: Some(now), marked_at: mark, marked_for: settings }
        } else {
            Progress {
                compared_at: before.compared_at,
                marked_at: before.marked_at.max(mark),
                marked_for: settings,
            }
        };
        if store.source_succeeded(&source.name, i64::try_from(report.held)?, progress, now).await? {
            tracing::info!(source = %source.name, "can be read again");
        }
        Ok(report)
    }
}
