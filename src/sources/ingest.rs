//! Normalizes and stores articles in small batches; an article that cannot be stored does not
//! affect the others.

use tokio::task::JoinError;

use super::sync_report::{ArticleNote, SyncReport};
use super::{normalize, panics};
use crate::config::{Ids, Site, Source};
use crate::domain::article::{Article, IncomingArticle};
use crate::domain::time::Millis;
use crate::store::articles::{NormalizedArticle, SaveOutcome};
use crate::store::audit_log::ImportRecord;
use crate::store::{Store, StoreError};

/// Number of articles normalized and stored per transaction, which keeps write transactions short.
pub(super) const INGEST_BATCH_ARTICLES: usize = 20;

/// Stores a batch; if an article in it is the cause of a failure, stores the others without it.
/// Takes `pending_audit` once its audit entry is written.
pub(crate) async fn ingest(
    store: &Store,
    batch: Vec<(IncomingArticle, String)>,
    source: &Source,
    site: &Site,
    report: &mut SyncReport,
    pending_audit: &mut Option<ImportRecord>,
    now: Millis,
) -> anyhow::Result<()> {
    if batch.is_empty() {
        return Ok(());
    }
    match ingest_atomically(store, batch.clone(), source, site, report, pending_audit, now).await {
        Err(e) if rejection_reason(&e).is_some() => {}
        whole => return whole,
    }
    for one in batch {
        let id = one.0.source_id.clone();
        if let Err(e) =
            ingest_atomically(store, vec![one], source, site, report, pending_audit, now).await
        {
            let Some(reason) = rejection_reason(&e) else { return Err(e) };
            report.reject(id, reason);
        }
    }
    Ok(())
}

/// Normalizes articles on a blocking thread, and stores all of them in one transaction or none.
async fn ingest_atomically(
    store: &Store,
    batch: Vec<(IncomingArticle, String)>,
    source: &Source,
    site: &Site,
    report: &mut SyncReport,
    pending_audit: &mut Option<ImportRecord>,
    now: Millis,
) -> anyhow::Result<()> {
    let (name, ids, authority, own_prefix) =
        (&source.name, source.ids, site.id_authority.clone(), format!("{}/", source.name));
    let (source, site) = (source.clone(), site.clone());
    let normalized: Vec<NormalizedArticle> = tokio::task::spawn_blocking(move || {
        let convert = |(incoming, hash)| normalize::normalize(incoming, &source, &site, hash);
        batch.into_iter().map(convert).collect()
    })
    .await?;
    let ids_and_dates: Vec<(String, Millis)> =
        normalized.iter().map(|a| (a.article.source_id.clone(), a.article.published_at)).collect();
    let retry = if ids == Ids::SiteFeed { normalized.clone() } else { Vec::new() };
    let mut outcomes = save(store, normalized, pending_audit, now).await?;
    let shares_guid = |outcome: &SaveOutcome| match outcome {
        SaveOutcome::GuidTaken(owner) => owner.starts_with(&own_prefix),
        SaveOutcome::Added | SaveOutcome::Changed => false,
    };
    for (article, outcome) in
        retry.into_iter().zip(&mut outcomes).filter(|(_, outcome)| shares_guid(outcome))
    {
        let Article { source_id, title, guid, .. } = &article.article;
        report.note(ArticleNote::with_title(source_id.clone(), title, shared_guid_note(guid)));
        let guid = normalize::tag_uri(&authority, name, &article.article.source_id);
        let article = NormalizedArticle { article: Article { guid, ..article.article }, ..article };
        if let Some(retried) = save(store, vec![article], pending_audit, now).await?.pop() {
            *outcome = retried;
        }
    }
    for ((id, published), outcome) in ids_and_dates.into_iter().zip(outcomes) {
        match outcome {
            SaveOutcome::Added if published > now => report.scheduled += 1,
            SaveOutcome::Added => report.added += 1,
            SaveOutcome::Changed => report.changed += 1,
            SaveOutcome::GuidTaken(owner) => report.reject(id, taken_guid_reason(&owner)),
        }
    }
    Ok(())
}

/// Stores articles in one transaction, and takes `pending_audit` once the audit entry is
/// written.
async fn save(
    store: &Store,
    articles: Vec<NormalizedArticle>,
    pending_audit: &mut Option<ImportRecord>,
    now: Millis,
) -> anyhow::Result<Vec<SaveOutcome>> {
    let outcomes = store.articles().save(articles, pending_audit.clone(), now).await?;
    if outcomes.iter().any(SaveOutcome::is_stored) {
        *pending_audit = None;
    }
    Ok(outcomes)
}

/// Returns the reason for rejecting an article whose permanent id belongs to the article `owner`.
pub(super) fn taken_guid_reason(owner: &str) -> String {
    format!("its permanent id belongs to {owner}")
}

/// Returns the note on an article whose guid another article of its site has, as copied and
/// imported posts do.
pub(super) fn shared_guid_note(guid: &str) -> String {
    format!("Its guid {guid} also belongs to another post, so it gets a generated one.")
}

/// Returns why an article was rejected; `None` if the error is not caused by the article.
fn rejection_reason(e: &anyhow::Error) -> Option<String> {
    if e.downcast_ref::<JoinError>().is_some_and(JoinError::is_panic) {
        return Some(panics::rejection_reason("normalizing"));
    }
    let reason = e.downcast_ref::<StoreError>()?.rejected_value()?;
    Some(format!("the database cannot store it: {reason}"))
}
