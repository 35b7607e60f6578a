//! Articles are cleaned and kept a few at a time; one that can't be kept takes no other with it.

use tokio::task::JoinError;

use super::{SyncReport, arrival};
use crate::config::{Ids, Site, Source};
use crate::domain::article::{Article, Draft};
use crate::domain::time::Millis;
use crate::store::articles::{Arrival, Kept};
use crate::store::{Store, StoreError};

/// Keeps a batch; where that fails because of an article in it, the others are kept without that one.
pub(crate) async fn keep(
    store: &Store,
    batch: Vec<(Draft, String)>,
    source: &Source,
    site: &Site,
    report: &mut SyncReport,
    now: Millis,
) -> anyhow::Result<()> {
    if batch.is_empty() {
        return Ok(());
    }
    match keep_together(store, batch.clone(), source, site, report, now).await {
        Err(e) if blame(&e).is_some() => {}
        whole => return whole,
    }
    for one in batch {
        let id = one.0.source_id.clone();
        if let Err(e) = keep_together(store, vec![one], source, site, report, now).await {
            let Some(why) = blame(&e) else { return Err(e) };
            report.refused.push((id, why));
        }
    }
    Ok(())
}

/// Cleans articles off the runtime's threads and keeps all of them or none.
async fn keep_together(
    store: &Store,
    batch: Vec<(Draft, String)>,
    source: &Source,
    site: &Site,
    report: &mut SyncReport,
    now: Millis,
) -> anyhow::Result<()> {
    let (name, ids, authority, own) =
        (&source.name, source.ids, site.id_authority.clone(), format!("{}/", source.name));
    let (source, site) = (source.clone(), site.clone());
    let arrivals: Vec<Arrival> = tokio::task::spawn_blocking(move || {
        batch.into_iter().map(|(draft, hash)| arrival::clean(draft, &source, &site, hash)).collect()
    })
    .await?;
    let told: Vec<(String, Millis)> =
        arrivals.iter().map(|a| (a.article.source_id.clone(), a.article.published_at)).collect();
    let again = if ids == Ids::Source { arrivals.clone() } else { Vec::new() };
    let mut kept = store.keep_articles(arrivals, now).await?;
    for (arrival, kept) in again
        .into_iter()
        .zip(&mut kept)
        .filter(|(_, kept)| matches!(kept, Kept::Taken(owner) if owner.starts_with(&own)))
    {
        let guid = &arrival.article.guid;
        report.notes.push((arrival.article.source_id.clone(), shared_guid(guid)));
        let guid = arrival::tag_uri(&authority, name, &arrival.article.source_id);
        let arrival = Arrival { article: Article { guid, ..arrival.article }, ..arrival };
        if let Some(now_kept) = store.keep_articles(vec![arrival], now).await?.pop() {
            *kept = now_kept;
        }
    }
    for ((id, published), kept) in told.into_iter().zip(kept) {
        match kept {
            Kept::Added if published > now => report.waiting += 1,
            Kept::Added => report.added += 1,
            Kept::Changed => report.changed += 1,
            Kept::Taken(owner) => report.refused.push((id, taken_by(&owner))),
        }
    }
    Ok(())
}

/// What is said of an article that can't be kept because its id is another's.
pub(super) fn taken_by(owner: &str) -> String {
    format!("its permanent id belongs to {owner}")
}

/// What is said of an article whose guid another one of its site has: copied and imported posts share guids.
pub(super) fn shared_guid(guid: &str) -> String {
    format!("Its guid {guid} is another post's as well, so it has one of ours.")
}

/// Why an article is to blame for a failure; none if the database or the program is.
fn blame(e: &anyhow::Error) -> Option<String> {
    if e.downcast_ref::<JoinError>().is_some_and(JoinError::is_panic) {
        return Some("cleaning it failed, which is a fault of Courant: please report it with the article's HTML".into());
    }
    let why = e.downcast_ref::<StoreError>()?.refused_value()?;
    Some(format!("the database can't keep it: {why}"))
}
