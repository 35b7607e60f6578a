//! Articles come in: read from where they are, cleaned once, mirrored; never written back (promise 8).

use std::collections::{BTreeMap, HashMap, HashSet};

use anyhow::Context;
use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;

use self::keeping::keep;
use crate::config::{Config, Source, SourceKind};
use crate::domain::article::{Draft, Found};
use crate::domain::time::{MINUTE, Millis};
use crate::store::Store;
use crate::store::articles::Known;

pub mod adopt;
mod arrival;
mod cells;
mod drupal;
mod exports;
mod foreign;
mod ghost;
mod html;
pub mod import;
mod keeping;
mod lines;
mod media;
mod php;
mod query;
mod row;
mod session;
pub mod survey;
mod wordpress;

/// Articles cleaned and kept at a time: a write transaction stays short.
const BATCH: usize = 20;
/// A sync that would remove more than half of a source's articles, and more than this many, is held.
const FEW: usize = 10;
/// Characters of an id, and of what is the matter with it, that are kept.
const LONGEST_TROUBLE: usize = 500;
/// The longest wait before a source that can't be read is tried again.
const LONGEST_WAIT: i64 = 30 * MINUTE;

/// What reading a source brought.
#[derive(Debug, Clone, Default)]
pub struct SyncReport {
    /// The source's name.
    pub source: String,
    /// Articles that are new here and public.
    pub added: usize,
    /// Articles that are new here and wait for their date.
    pub waiting: usize,
    /// Articles that changed.
    pub changed: usize,
    /// Articles that vanished.
    pub removed: usize,
    /// Removals that wait for an admin (promise 8).
    pub held: usize,
    /// Rows that can't be used: the source's id and why.
    pub refused: Vec<(String, String)>,
    /// What could not be shown of an article that was used.
    pub notes: Vec<(String, String)>,
    /// Those of both that were not known before.
    pub news: Vec<(String, String)>,
}

/// Reads one source if it is due, so that a slow one holds up nothing but itself; may be dropped at any time: what is
/// kept by then stays, and the rest is read again.
pub async fn sync_due(store: &Store, config: &Config, source: &Source, now: Millis) -> anyhow::Result<Option<SyncReport>> {
    if store.has_ungrouped(&source.name).await? {
        store.regroup(&source.name).await?;
    }
    if source.kind == SourceKind::Builtin {
        return Ok(None);
    }
    store.ensure_source(&source.name, now).await?;
    if !store.claim_source(&source.name, now, now.plus(source.poll)).await? {
        return Ok(None);
    }
    match sync_now(store, config, source, false, now).await {
        Ok(report) => {
            // Each is told once, however often the source is read.
            for (id, what) in &report.news {
                tracing::warn!(source = %source.name, article = %id, "{what}");
            }
            Ok(Some(report))
        }
        Err((e, failures)) => {
            let wait = source.poll.saturating_mul(1 << failures.clamp(0, 12)).min(LONGEST_WAIT.max(source.poll));
            store.delay_source(&source.name, now.plus(wait)).await?;
            if failures == 1 {
                tracing::error!(source = %source.name, "cannot be read, the last articles stay: {e:#}");
            }
            Ok(None)
        }
    }
}

/// Reads a source now, whether it is due or not; an error comes with how often in a row it failed, and is kept.
pub async fn sync_now(
    store: &Store,
    config: &Config,
    source: &Source,
    accept_removals: bool,
    now: Millis,
) -> Result<SyncReport, (anyhow::Error, i64)> {
    match sync(store, config, source, accept_removals, now).await {
        Ok(report) => Ok(report),
        Err(e) => {
            let failures = store.source_failed(&source.name, &format!("{e:#}")).await.unwrap_or(1);
            Err((e, failures))
        }
    }
}

async fn sync(store: &Store, config: &Config, source: &Source, accept_removals: bool, now: Millis) -> anyhow::Result<SyncReport> {
    store.ensure_source(&source.name, now).await?;
    let mut report = SyncReport { source: source.name.clone(), ..SyncReport::default() };
    if source.kind == SourceKind::Builtin {
        return Ok(report);
    }
    let known = store.known_articles(&source.name).await?;
    let (tell, mut found) = mpsc::channel(2 * BATCH);
    // Whoever drops this sync drops its reader too.
    let reader = reader(source, &config.site.language, tell);
    let mut seen: HashSet<String> = HashSet::new();
    let mut batch: Vec<(Draft, String)> = Vec::new();
    while let Some(told) = found.recv().await {
        match told {
            Found::Refused { id, reason } => {
                let id = arrival::without_nul(&id);
                seen.insert(id.clone());
                report.refused.push((id, reason));
            }
            Found::Article(mut draft) => {
                let sound = arrival::fit(&mut draft, source, &config.site);
                let is_first = seen.insert(draft.source_id.clone());
                if let Err(why) = sound.and_then(|()| is_first.then_some(()).ok_or_else(|| "another row has the same id".into())) {
                    report.refused.push((draft.source_id, why));
                    continue;
                }
                let notes = std::mem::take(&mut draft.notes);
                report.notes.extend(notes.into_iter().map(|n| (draft.source_id.clone(), n)));
                let hash = arrival::hash(&draft, &config.site);
                if known.get(&draft.source_id).is_none_or(|k| k.removed || k.hash != hash) {
                    batch.push((*draft, hash));
                }
                if batch.len() >= BATCH {
                    keep(store, std::mem::take(&mut batch), source, &config.site, &mut report, now).await?;
                }
            }
        }
    }
    reader.await.context("the reader ended unexpectedly")??;
    keep(store, batch, source, &config.site, &mut report, now).await?;
    remove_vanished(store, source, known, &seen, accept_removals, &mut report, now).await?;
    // Even if nothing changed: a program that was killed after its last article has not come this far.
    store.regroup(&source.name).await?;
    finish(store, source, &mut report, now).await?;
    Ok(report)
}

/// Reads a source in a task of its own, which ends with whoever dropped it.
fn reader(source: &Source, site_language: &str, tell: mpsc::Sender<Found>) -> AbortOnDropHandle<anyhow::Result<()>> {
    let (source, language) = (source.clone(), site_language.to_owned());
    AbortOnDropHandle::new(tokio::spawn(async move {
        match source.kind {
            SourceKind::WordPress => wordpress::read(&source, &language, tell).await,
            SourceKind::Ghost => ghost::read(&source, &language, tell).await,
            SourceKind::Drupal => drupal::read(&source, tell).await,
            SourceKind::Query => query::read(&source, tell).await,
            SourceKind::Builtin => Ok(()),
        }
    }))
}

/// Removes what a source was not seen to hold, unless that is so much that an admin must say so (promise 8).
async fn remove_vanished(
    store: &Store,
    source: &Source,
    known: HashMap<String, Known>,
    seen: &HashSet<String>,
    accept_removals: bool,
    report: &mut SyncReport,
    now: Millis,
) -> anyhow::Result<()> {
    let live = known.iter().filter(|(_, k)| !k.removed).count();
    let mut vanished: Vec<String> = known.into_iter().filter(|(id, k)| !k.removed && !seen.contains(id)).map(|(id, _)| id).collect();
    vanished.sort();
    if vanished.len() > FEW && vanished.len() * 2 > live && !accept_removals {
        report.held = vanished.len();
        tracing::warn!(source = %source.name, held = report.held, "more than half of the articles vanished: held until `courant sources sync {} --accept-removals`", source.name);
        return Ok(());
    }
    report.removed = vanished.len();
    for chunk in vanished.chunks(100) {
        store.remove_articles(&source.name, chunk, now).await?;
    }
    Ok(())
}

/// Notes the reading's end, and which refusals are new.
async fn finish(store: &Store, source: &Source, report: &mut SyncReport, now: Millis) -> anyhow::Result<()> {
    let short = |text: &str| arrival::without_nul(text).chars().take(LONGEST_TROUBLE).collect::<String>();
    let troubles: BTreeMap<String, String> =
        report.notes.iter().chain(&report.refused).map(|(id, what)| (short(id), short(what))).collect();
    report.news = store.note_refusals(&source.name, troubles.into_iter().collect(), now).await?;
    if store.source_succeeded(&source.name, i64::try_from(report.held)?, now).await? {
        tracing::info!(source = %source.name, "can be read again");
    }
    Ok(())
}

/// Whether a source could be read as it is configured: connection, query, columns.
pub async fn check(source: &Source) -> anyhow::Result<()> {
    match source.kind {
        SourceKind::Builtin => Ok(()),
        SourceKind::Query => query::check(source).await,
        SourceKind::WordPress => wordpress::check(source).await,
        SourceKind::Ghost => ghost::check(source).await,
        SourceKind::Drupal => drupal::check(source).await,
    }
}
