//! From a plan to documents: the articles that are new are read, written and compressed; the rest is taken over.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use anyhow::Context;
use bytes::Bytes;

use super::feed::{Archive, Item, head, item};
use super::format::Format;
use super::made::{Fingerprint, Made, press};
use super::plan::{self, Plan};
use crate::config::{Config, Feed};
use crate::domain::article::Article;
use crate::domain::time::{Millis, SECOND};
use crate::store::Store;

/// Formats to make, each with the document it had before.
pub type Wanted = Vec<(Format, Option<Arc<Made>>)>;

/// Makes the documents of a plan; an article that can't be written is left out, with an alarm.
pub async fn make(
    store: &Store,
    config: &Config,
    feed: &Feed,
    plan: Plan,
    wanted: Wanted,
    now: Millis,
) -> anyhow::Result<Vec<Made>> {
    let missing = missing(&plan, &wanted);
    let articles = store.articles_in(&missing).await?;
    let articles: HashMap<i64, Article> = articles
        .into_iter()
        .filter(|article| article.removed_at.is_none())
        .map(|article| (article.row, article))
        .collect();
    // A page of the archive is no topic: nothing is ever told of it.
    let hubs = if matches!(plan.archive, Archive::Page { .. }) {
        Vec::new()
    } else {
        config.hubs_of(feed)
    };
    let (site, feed) = (config.site.clone(), feed.clone());
    tokio::task::spawn_blocking(move || {
        // Removed while we looked: the next refresh will tell.
        let known = |planned: &&plan::Planned| {
            !missing.contains(&planned.row) || articles.contains_key(&planned.row)
        };
        let items: Vec<&plan::Planned> = plan.items.iter().filter(known).collect();
        let fingerprints: Vec<Fingerprint> =
            items.iter().map(|planned| planned.fingerprint).collect();
        let head = head(&site, &feed, plan.updated, &plan.archive, &hubs);
        let document = |(format, before): (Format, Option<Arc<Made>>)| {
            let frame = format.frame(&head)?;
            let write = |i: usize| {
                let planned = items[i];
                articles.get(&planned.row).map_or_else(
                    || Err(format.failed(&"its article was not read")),
                    |article| {
                        format.item(&Item {
                            offset: planned.offset,
                            ..item(article, &planned.twins, &site, &feed)
                        })
                    },
                )
            };
            let (mut made, failed) = press(format, &frame, &fingerprints, before.as_deref(), write);
            for (i, why) in failed {
                let guid = articles.get(&items[i].row).map_or("", |article| article.guid.as_str());
                tracing::error!(feed = %feed.name, article = %guid, "is left out: {why}");
            }
            // A second that is not over may bring another change with the same date.
            made.modified = Some(plan.changed.whole_second()).filter(|at| at.plus(SECOND) <= now);
            Ok(made)
        };
        wanted.into_iter().map(document).collect()
    })
    .await
    .context("the renderer ended unexpectedly")?
}

/// The articles that some format does not hold yet.
fn missing(plan: &Plan, wanted: &Wanted) -> Vec<i64> {
    let held: Vec<HashSet<&Fingerprint>> = wanted
        .iter()
        .map(|(_, before)| before.iter().flat_map(|made| made.fingerprints()).collect())
        .collect();
    let is_missing =
        |planned: &&plan::Planned| held.iter().any(|held| !held.contains(&planned.fingerprint));
    plan.items.iter().filter(is_missing).map(|planned| planned.row).collect()
}

/// A declared feed's documents as they would be served: a pure function of its articles (promise 2).
pub async fn documents(
    store: &Store,
    config: &Config,
    feed: &Feed,
    now: Millis,
) -> anyhow::Result<Vec<(Format, Bytes)>> {
    let plan = plan::newest(store, config, feed, now).await?;
    let made =
        make(store, config, feed, plan, Format::ALL.map(|format| (format, None)).into(), now)
            .await?;
    Ok(made.into_iter().map(|made| (made.format, made.identity())).collect())
}
