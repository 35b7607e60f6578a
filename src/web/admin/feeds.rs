//! `/admin/feeds`: the declared feeds with their readers, and the page of one.

use std::collections::BTreeMap;

use axum::extract::Path;
use axum::response::Response;
use percent_encoding::utf8_percent_encode;

use super::chart;
use super::digests::dependent_texts;
use super::nav::Section;
use super::origin::Origins;
use super::visit::Visit;
use crate::app::App;
use crate::config::Feed;
use crate::definitions;
use crate::domain::article::Article;
use crate::domain::definition::DefinitionKind;
use crate::domain::digest_scope::DigestScope;
use crate::domain::percent::SEGMENT;
use crate::domain::permission::Permission;
use crate::domain::readership::{Day, aggregate_by_day};
use crate::domain::selection::{Selection, TermKind};
use crate::domain::site_urls::SiteUrls;
use crate::feeds::cache::document_key;
use crate::feeds::format::Format;
use crate::templates::pages::{AdminFeedPage, AdminFeedsPage, EditionArticle, FeedSummaryRow};
use crate::web::error::{WebError, WebResult};
use crate::web::feed_page::snippet;

/// Days of the readers, including today.
const DAYS: i64 = 30;
/// Number of articles that are listed.
const MAX_ARTICLES: usize = 10;
/// Width of the small line of a row.
const TREND_WIDTH: i64 = 90;
/// Height of the small line of a row.
const TREND_HEIGHT: i64 = 20;

/// Readers of each feed by day.
type Readers = BTreeMap<String, BTreeMap<Day, i64>>;

/// `GET /admin/feeds`: the declared feeds.
pub(super) async fn list(visit: Visit) -> WebResult<Response> {
    let app = visit.newest_app().await?;
    let origins = Origins::read(&app, DefinitionKind::Feed).await?;
    let readers = readers(&visit, &app).await?;
    let row = |feed: &Feed| row(&visit, &app, feed, &origins, &readers);
    let feeds = app.config.feeds.iter().map(row).collect();
    let mut frame = visit.frame(Section::Feeds, vec![visit.crumb(Section::Home)]);
    frame.command = Some("courant feeds list".to_owned());
    frame.call = Some("GET /api/v1/feeds".to_owned());
    visit.render(&AdminFeedsPage { frame, feeds, may_create: may_change(&visit) }).await
}

/// `GET /admin/feeds/NAME`: addresses, readers and selection of a feed.
pub(super) async fn show(visit: Visit, Path(name): Path<String>) -> WebResult<Response> {
    let app = visit.newest_app().await?;
    let found = app.config.feeds.iter().find(|feed| feed.name == name);
    let feed = found.ok_or_else(WebError::not_found)?;
    let origins = Origins::read(&app, DefinitionKind::Feed).await?;
    let readers = readers(&visit, &app).await?;
    let row = row(&visit, &app, feed, &origins, &readers);
    let crumbs = vec![visit.crumb(Section::Home), visit.crumb(Section::Feeds)];
    let mut frame = visit.frame(Section::Feeds, crumbs);
    frame.command = Some(format!("courant feeds readers {name}"));
    frame.call = Some(format!("GET /api/v1/feeds/{name}"));
    let addresses = visit.web.alternates_of(&feed.path(), &row.title);
    let newest = app.store.feed_items().newest_articles(&feed.selection, visit.now, MAX_ARTICLES);
    let article = |article: Article| EditionArticle {
        path: utf8_percent_encode(&article.guid, SEGMENT).to_string(),
        title: article.title,
    };
    let (kind, now) = (DefinitionKind::Feed, visit.now);
    let dependents = definitions::dependents(&app.store, &app.config, kind, &name, now).await?;
    let page = AdminFeedPage {
        frame,
        may_edit: may_change(&visit) && row.origin.in_database,
        page_url: SiteUrls(&app.config.site.base_url).feed_page(&feed.path()),
        snippet: snippet(&addresses),
        addresses,
        readers: chart::bars(
            visit.text("admin-home-readers", &[]),
            &by_day(&visit, &readers, &name),
        ),
        conditions: conditions(&visit, &feed.selection),
        selected: app.store.articles().count_selected(&feed.selection, visit.now).await?,
        limit: feed.items,
        articles: newest.await?.into_iter().map(article).collect(),
        aliases: feed.aliases.clone(),
        dependents: dependent_texts(&visit, &dependents),
        feed: row,
    };
    visit.render(&page).await
}

/// Returns `true` if the user may change feeds, which belong to no digest.
fn may_change(visit: &Visit) -> bool {
    visit.may(Permission::WriteContent) && visit.actor.digests() == DigestScope::All
}

async fn readers(visit: &Visit, app: &App) -> WebResult<Readers> {
    let since = Day::containing(visit.now).before(DAYS - 1);
    let counts = aggregate_by_day(app.store.readership().since(since).await?);
    let of_day = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    let feeds = counts.into_iter().map(|(feed, days)| {
        let days = days.into_iter().map(|(day, counts)| (day, of_day(counts.readers())));
        (feed, days.collect())
    });
    Ok(feeds.collect())
}

/// Returns the readers of a feed on each day, oldest first.
fn by_day(visit: &Visit, readers: &Readers, feed: &str) -> Vec<(Day, i64)> {
    let today = Day::containing(visit.now);
    let of = |day: Day| readers.get(feed).and_then(|days| days.get(&day)).copied().unwrap_or(0);
    (0..DAYS).rev().map(|back| today.before(back)).map(|day| (day, of(day))).collect()
}

fn row(
    visit: &Visit,
    app: &App,
    feed: &Feed,
    origins: &Origins,
    readers: &Readers,
) -> FeedSummaryRow {
    let days = by_day(visit, readers, &feed.name);
    let yesterday = Day::containing(visit.now).before(1);
    let document = app.feed_cache.get(&document_key(feed, Format::Rss));
    let changed = document.as_ref().and_then(|document| document.modified);
    FeedSummaryRow {
        name: feed.name.clone(),
        title: feed.title_in(&visit.client.language).to_owned(),
        is_private: feed.secret.is_some(),
        readers: days.iter().find(|(day, _)| *day == yesterday).map_or(0, |(_, count)| *count),
        trend: trend(&days),
        items: app.feed_cache.summary(feed).map(|summary| summary.count),
        kilobytes: document.map(|document| document.length.div_ceil(1_000)),
        changed: changed.map(|at| visit.time(at)),
        origin: origins.of(&feed.name),
    }
}

/// Returns the path of a small line through the readers of the days; `None` if there were none.
fn trend(days: &[(Day, i64)]) -> Option<String> {
    let highest = days.iter().map(|(_, count)| *count).max().filter(|count| *count > 0)?;
    let last = i64::try_from(days.len()).unwrap_or(1).max(2) - 1;
    let point = |(index, (_, count)): (i64, &(Day, i64))| {
        let x = index * TREND_WIDTH / last;
        let y = TREND_HEIGHT - 1 - count * (TREND_HEIGHT - 3) / highest;
        format!("{x} {y}")
    };
    let points: Vec<String> = (0..).zip(days).map(point).collect();
    Some(format!("M{}", points.join("L")))
}

/// Returns the conditions of a selection as sentences.
fn conditions(visit: &Visit, selection: &Selection) -> Vec<String> {
    let condition = |kind: TermKind| {
        let names: Vec<String> = match kind {
            TermKind::Language => {
                let tags = selection.list(kind).iter();
                tags.map(|tag| visit.app().templates.language_name(tag)).collect()
            }
            TermKind::Section => {
                selection.list(kind).iter().map(|name| visit.section_title(name)).collect()
            }
            _ => selection.list(kind).to_vec(),
        };
        let joined = visit.app().templates.join(&visit.client.language, &names);
        let key = format!("admin-feed-{}", kind.as_str());
        (!names.is_empty()).then(|| visit.text(&key, &[("names", joined.as_str().into())]))
    };
    TermKind::ALL.into_iter().filter_map(condition).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_small_line_reaches_from_edge_to_edge_and_is_missing_without_readers() {
        let days = |counts: &[i64]| -> Vec<(Day, i64)> {
            (20_000..).map(Day).zip(counts.iter().copied()).collect()
        };
        assert_eq!(trend(&days(&[0, 5, 10])).as_deref(), Some("M0 19L45 11L90 2"));
        assert_eq!(trend(&days(&[0, 0])), None);
    }
}
