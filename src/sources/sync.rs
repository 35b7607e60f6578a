//! One sync run of a source, incremental or full. Memory use does not grow with the size of an
//! article: only ids are kept for the comparison with the mirror.

use std::collections::HashSet;

use anyhow::Context;
use tokio::sync::mpsc;

use super::fingerprint::configuration_fingerprint;
use super::id_set::IdSet;
use super::ingest::{INGEST_BATCH_ARTICLES, ingest};
use super::misread_text::MisreadTexts;
use super::missing_links::MissingLinks;
use super::normalize;
use super::reader::spawn_reader;
use super::row_receiver::{RowReceiver, SYNC_LIMITS};
use super::scheduled;
use super::sync_report::{ArticleNote, IssueSink, SyncReport, storable};
use crate::config::{Config, Source, SourceKind};
use crate::domain::article::{IncomingArticle, SourceRow};
use crate::domain::time::{Millis, SignedDuration};
use crate::store::Store;
use crate::store::sources::SyncProgress;

/// Removals above this number are blocked until an admin accepts them if they are also more than
/// half of a source's articles.
const MAX_UNACCEPTED_REMOVALS: usize = 10;
/// Number of articles per lookup of stored content hashes.
const LOOKUP_BATCH_ARTICLES: usize = 100;

/// Cause that started a sync run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SyncMode {
    /// The poll interval has passed, or a sync was requested: incremental unless a full sync is
    /// due.
    Poll,
    /// A person accepted up to this number of blocked removals, which a full sync makes (guarantee 8).
    Accepted { removals: usize },
    /// A person started a full sync; `accept_removals` confirms the removal of more than half of
    /// the articles (guarantee 8).
    Manual { accept_removals: bool },
}

/// State of a sync run in progress.
struct SyncRun<'r> {
    store: &'r Store,
    config: &'r Config,
    source: &'r Source,
    now: Millis,
    /// Progress recorded by the previous run.
    previous: SyncProgress,
    /// Ids of the articles and `Rejected` rows that the source returned, whose mirrored articles stay;
    /// not those of scheduled and hidden entries.
    seen_ids: IdSet,
    /// Newest change time that the source returned, at most `now`.
    watermark: Option<Millis>,
    /// Ids of the entries that the CMS does not show to visitors: scheduled, withdrawn, or for members
    /// only.
    hidden_ids: Vec<String>,
    /// Number of removals that an admin accepted for this run.
    accepted_removals: i64,
    /// Time at which the CMS may have published the next scheduled entry.
    next_check: Option<Millis>,
    /// Articles whose stored content hashes have not been looked up yet.
    pending: Vec<IncomingArticle>,
    misread: MisreadTexts,
    links: MissingLinks,
    report: SyncReport,
}

/// Reads a source and stores new and changed articles; a full sync also removes missing ones.
pub(super) async fn run(
    store: &Store,
    config: &Config,
    source: &Source,
    mode: SyncMode,
    sink: IssueSink,
    now: Millis,
) -> anyhow::Result<SyncReport> {
    store.sources().ensure(&source.name, now).await?;
    let report = SyncReport { source: source.name.clone(), sink, ..SyncReport::default() };
    if source.kind == SourceKind::Builtin {
        return Ok(report);
    }
    let state = store.sources().state(&source.name).await?.unwrap_or_default();
    let fingerprint = configuration_fingerprint(&config.site, source, env!("CARGO_PKG_VERSION"));
    let is_fresh = |at: Millis| (SignedDuration::ZERO..source.full_sync).contains(&now.since(at));
    let is_incremental = mode == SyncMode::Poll
        && state.progress.watermark_settings_hash == fingerprint
        && state.progress.full_sync_at.is_some_and(is_fresh);
    let since = state.progress.watermark_at.filter(|_| is_incremental);
    // Articles stored after this point, by this run or another process, do not count as missing.
    let newest = store.articles().newest_id().await?;
    let mut sync_run = SyncRun {
        store,
        config,
        source,
        now,
        previous: state.progress,
        seen_ids: IdSet::default(),
        watermark: None,
        hidden_ids: Vec::new(),
        accepted_removals: match mode {
            SyncMode::Accepted { removals } => i64::try_from(removals)?,
            SyncMode::Manual { .. } | SyncMode::Poll => 0,
        },
        next_check: None,
        pending: Vec::new(),
        misread: MisreadTexts::default(),
        links: MissingLinks::default(),
        report,
    };
    let is_full = sync_run.receive(since).await?;
    sync_run.report.is_full = is_full;
    sync_run.remove_hidden().await?;
    if is_full {
        let accepted = match mode {
            SyncMode::Manual { accept_removals: true } => usize::MAX,
            SyncMode::Accepted { removals } => removals,
            SyncMode::Manual { accept_removals: false } | SyncMode::Poll => 0,
        };
        sync_run.remove_missing(newest, accepted).await?;
    } else {
        sync_run.report.blocked_removals =
            usize::try_from(state.blocked_removals).unwrap_or_default();
    }
    // Needed even if nothing changed: a process killed after its last article has assigned no
    // stories.
    store.stories().assign(&source.name).await?;
    sync_run.finish(fingerprint).await
}

impl SyncRun<'_> {
    /// Stores all that the reader sends; returns `true` if it read every article of the source.
    async fn receive(&mut self, since: Option<Millis>) -> anyhow::Result<bool> {
        let (sender, items) = mpsc::channel(2 * INGEST_BATCH_ARTICLES);
        let reader = spawn_reader(self.source, &self.config.site.language, since, sender);
        let mut items = RowReceiver::new(&self.source.name, items, SYNC_LIMITS);
        while let Some(item) = items.next().await? {
            match item {
                SourceRow::Rejected { id, reason } => {
                    let id = normalize::without_nul(&id);
                    self.seen_ids.insert(&id);
                    self.report.reject(id, reason);
                }
                SourceRow::Article(article) => self.accept(*article),
                SourceRow::Scheduled { ids, date } => {
                    self.hidden_ids.extend(ids.iter().map(|id| normalize::without_nul(id)));
                    let check = date.map(|date| scheduled::next_check(date, self.now));
                    self.next_check = self.next_check.into_iter().chain(check).min();
                }
                SourceRow::NotPublic { ids, reason } => {
                    let ids = ids.iter().map(|id| normalize::without_nul(id));
                    if let Some(reason) = reason {
                        ids.clone().for_each(|id| self.report.reject(id, reason.clone()));
                    }
                    self.hidden_ids.extend(ids);
                }
            }
            if self.pending.len() >= LOOKUP_BATCH_ARTICLES {
                self.ingest_changed().await?;
            }
        }
        let is_full = reader.await.context("the reader task ended unexpectedly")??;
        self.ingest_changed().await?;
        Ok(is_full)
    }

    fn accept(&mut self, mut article: IncomingArticle) {
        // A change time in the future does not prove that everything before it was read.
        self.watermark = self.watermark.max(article.updated_at.map(|at| at.min(self.now)));
        let (source, site) = (self.source, &self.config.site);
        if let Err(reason) =
            normalize::validate_unique(&mut article, source, site, &mut self.seen_ids)
        {
            self.report.reject(article.source_id, reason);
            return;
        }
        self.misread.add(&article);
        self.links.add(&article);
        let notes = std::mem::take(&mut article.notes);
        for note in notes {
            self.report.note(ArticleNote::on(&article, note));
        }
        self.pending.push(article);
    }

    /// Stores the pending articles whose content hash differs from the mirrored one.
    async fn ingest_changed(&mut self) -> anyhow::Result<()> {
        let articles = std::mem::take(&mut self.pending);
        let ids: Vec<String> = articles.iter().map(|article| article.source_id.clone()).collect();
        let known = self.store.articles().known_among(&self.source.name, &ids).await?;
        let site = &self.config.site;
        let changed: Vec<(IncomingArticle, String)> = articles
            .into_iter()
            .map(|article| {
                let hash = normalize::content_hash(&article, site);
                (article, hash)
            })
            .filter(|(article, hash)| {
                known
                    .get(&article.source_id)
                    .is_none_or(|k| k.is_removed || k.content_hash != *hash)
            })
            .collect();
        for batch in changed.chunks(INGEST_BATCH_ARTICLES) {
            let batch = batch.to_vec();
            ingest(self.store, batch, self.source, site, &mut self.report, &mut None, self.now)
                .await?;
        }
        Ok(())
    }

    /// Removes mirrored articles that the CMS shows to visitors no more, or has scheduled again. More
    /// than [`MAX_UNACCEPTED_REMOVALS`] are left to [`SyncRun::remove_missing`], which may block them.
    async fn remove_hidden(&mut self) -> anyhow::Result<()> {
        let name = &self.source.name;
        let mut hidden: Vec<String> = Vec::new();
        for ids in self.hidden_ids.chunks(LOOKUP_BATCH_ARTICLES) {
            let known = self.store.articles().known_among(name, ids).await?;
            let live = known.into_iter().filter(|(_, known)| !known.is_removed);
            hidden.extend(live.map(|(id, _)| id).filter(|id| !self.seen_ids.contains(id)));
        }
        if (1..=MAX_UNACCEPTED_REMOVALS).contains(&hidden.len()) {
            self.store.articles().remove(name, &hidden, self.now).await?;
            self.report.removed = hidden.len();
        }
        Ok(())
    }

    /// Removes the mirrored articles that the source did not return. More than half of them, and
    /// more than [`MAX_UNACCEPTED_REMOVALS`], are removed only up to the number of `accepted`
    /// removals (guarantee 8).
    async fn remove_missing(&mut self, newest: i64, accepted: usize) -> anyhow::Result<()> {
        let (mut live, mut missing, mut after) = (0, 0, String::new());
        while let Some(ids) = self.next_id_page(&mut after, newest).await? {
            live += ids.len();
            missing += ids.iter().filter(|id| !self.seen_ids.contains(id)).count();
        }
        let name = &self.source.name;
        if missing > MAX_UNACCEPTED_REMOVALS && missing * 2 > live && missing > accepted {
            self.report.blocked_removals = missing;
            tracing::warn!(
                source = %name,
                blocked = missing,
                "removals blocked because more than half of the articles are missing; \
                 to accept them, run `courant sources sync {name} --accept-removals`"
            );
            return Ok(());
        }
        self.report.removed += missing;
        let mut after = String::new();
        // The ids are counted first and removed in a second pass: removals are blocked all
        // together, and a list of all missing ids could be long.
        while missing > 0
            && let Some(mut ids) = self.next_id_page(&mut after, newest).await?
        {
            ids.retain(|id| !self.seen_ids.contains(id));
            for chunk in ids.chunks(100) {
                self.store.articles().remove(name, chunk, self.now).await?;
            }
        }
        Ok(())
    }

    /// Returns the next page of live ids after `after`, and advances it; `None` after the last
    /// page.
    async fn next_id_page(
        &self,
        after: &mut String,
        newest: i64,
    ) -> anyhow::Result<Option<Vec<String>>> {
        let ids = self.store.articles().live_ids(&self.source.name, after, newest).await?;
        let Some(last) = ids.last() else { return Ok(None) };
        after.clone_from(last);
        Ok(Some(ids))
    }

    /// Records the end of the run, its progress and its new issues. The watermark advances last,
    /// after everything before it is stored.
    async fn finish(self, fingerprint: String) -> anyhow::Result<SyncReport> {
        let Self { store, source, now, previous, seen_ids, watermark, misread, links, .. } = self;
        let (mut report, due_by, accepted) = (self.report, self.next_check, self.accepted_removals);
        if let Some(advice) = misread.advice(source) {
            report.note(ArticleNote::on_several(advice));
        }
        // Changes alone do not show what the other articles have.
        if let Some(advice) = links.advice(source).filter(|_| report.is_full) {
            report.note(ArticleNote::on_several(advice));
        }
        let issues = report.storable_issues();
        let was_read = |id: &str| report.is_full || seen_ids.contains(id);
        report.new_issues =
            store.sources().record_issues(&source.name, issues, was_read, now).await?;
        let new_ids: HashSet<String> = report.new_issues.iter().map(|(id, _)| id.clone()).collect();
        report.separate_new_notes(|note| new_ids.contains(&storable(&note.id)));
        let rejected: HashSet<String> =
            report.rejected.iter().map(|(id, _)| storable(id)).collect();
        let (rejected, notes): (Vec<String>, Vec<String>) =
            new_ids.into_iter().partition(|id| rejected.contains(id));
        for (ids, is_note) in [(&rejected, false), (&notes, true)] {
            store.sources().set_note_flags(&source.name, ids, is_note).await?;
        }
        let progress = if report.is_full {
            SyncProgress {
                full_sync_at: Some(now),
                watermark_at: watermark,
                watermark_settings_hash: fingerprint,
            }
        } else {
            SyncProgress {
                full_sync_at: previous.full_sync_at,
                watermark_at: previous.watermark_at.max(watermark),
                watermark_settings_hash: fingerprint,
            }
        };
        let blocked = i64::try_from(report.blocked_removals)?;
        let recovered = store
            .sources()
            .record_sync_success(&source.name, blocked, accepted, progress, due_by, now)
            .await?;
        if recovered {
            tracing::info!(source = %source.name, "source sync recovered");
        }
        Ok(report)
    }
}
