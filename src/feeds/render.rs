//! Renders the documents of a plan: reads, writes and compresses new articles, and takes the others
//! from the previous document.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use anyhow::Context;
use bytes::Bytes;

use super::format::Format;
use super::metadata::{ArchiveRole, Item, feed_metadata, item};
use super::plan::{self, DocumentPlan};
use super::rendered::{ItemHash, RenderedFeed, assemble};
use crate::config::{Config, Feed};
use crate::domain::article::Article;
use crate::domain::time::{Millis, SECOND};
use crate::store::Store;

/// Formats to render, each with its previous document.
pub type FormatsToRender = Vec<(Format, Option<Arc<RenderedFeed>>)>;

/// Renders the documents of a plan. An article that cannot be rendered is logged as an error and
/// left out.
pub async fn render(
    store: &Store,
    config: &Config,
    feed: &Feed,
    plan: DocumentPlan,
    formats: FormatsToRender,
    now: Millis,
) -> anyhow::Result<Vec<RenderedFeed>> {
    let to_load = articles_to_load(&plan, &formats);
    let articles = store.feed_items().articles_in(&to_load).await?;
    let articles: HashMap<i64, Article> = articles
        .into_iter()
        .filter(|article| article.removed_at.is_none())
        .map(|article| (article.row_id, article))
        .collect();
    // An archive page is not a WebSub topic: hubs are never pinged for it.
    let hubs = if matches!(plan.archive, ArchiveRole::Page { .. }) {
        Vec::new()
    } else {
        config.hubs_of(feed)
    };
    let (site, feed) = (config.site.clone(), feed.clone());
    tokio::task::spawn_blocking(move || {
        // An article that was removed in the meantime is left out; the next refresh updates the
        // feed.
        let is_available = |planned: &&plan::PlannedItem| {
            !to_load.contains(&planned.row_id) || articles.contains_key(&planned.row_id)
        };
        let items: Vec<&plan::PlannedItem> = plan.items.iter().filter(is_available).collect();
        let item_hashes: Vec<ItemHash> =
            items.iter().map(|planned| planned.item_hash).collect();
        let head = feed_metadata(&site, &feed, plan.updated, &plan.archive, &hubs);
        let render_format = |(format, previous): (Format, Option<Arc<RenderedFeed>>)| {
            let frame = format.frame(&head)?;
            let render_item = |i: usize| {
                let planned = items[i];
                articles.get(&planned.row_id).map_or_else(
                    || Err(format.write_error(&"its article was not loaded")),
                    |article| {
                        format.item(&Item {
                            utc_offset_minutes: planned.utc_offset_minutes,
                            ..item(article, &planned.translations, &site, &feed)
                        })
                    },
                )
            };
            let (mut document, failed) = assemble(format, &frame, &item_hashes, previous.as_deref(), render_item);
            for (i, reason) in failed {
                let guid = articles.get(&items[i].row_id).map_or("", |article| article.guid.as_str());
                tracing::error!(feed = %feed.name, article = %guid, "article left out of the feed: {reason}");
            }
            // Last-Modified has a resolution of one second: until that second has passed, another
            // change could have the same date.
            document.modified = Some(plan.changed.whole_second()).filter(|at| at.plus(SECOND) <= now);
            Ok(document)
        };
        formats.into_iter().map(render_format).collect()
    })
    .await
    .context("the renderer panicked")?
}

/// Returns the rows of the articles that the previous document of at least one format lacks.
fn articles_to_load(plan: &DocumentPlan, formats: &FormatsToRender) -> Vec<i64> {
    let available: Vec<HashSet<&ItemHash>> = formats
        .iter()
        .map(|(_, previous)| previous.iter().flat_map(|document| document.item_hashes()).collect())
        .collect();
    let is_missing = |planned: &&plan::PlannedItem| {
        available.iter().any(|item_hashes| !item_hashes.contains(&planned.item_hash))
    };
    plan.items.iter().filter(is_missing).map(|planned| planned.row_id).collect()
}

/// Renders a declared feed in every format from the store alone, as it would be served (guarantee
/// 2).
pub async fn render_all_formats(
    store: &Store,
    config: &Config,
    feed: &Feed,
    now: Millis,
) -> anyhow::Result<Vec<(Format, Bytes)>> {
    let plan = plan::newest(store, config, feed, now).await?;
    let documents =
        render(store, config, feed, plan, Format::ALL.map(|format| (format, None)).into(), now)
            .await?;
    Ok(documents.into_iter().map(|document| (document.format, document.identity())).collect())
}
