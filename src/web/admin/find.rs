//! `GET /admin/find`: finds pages, people, editions, digests and feeds by a part of their names.

use axum::response::Response;

use super::nav::{Section, groups};
use super::visit::Visit;
use crate::domain::filter::{Condition, SubscriptionTest};
use crate::domain::page::PageRequest;
use crate::domain::permission::Permission;
use crate::store::subscriber_lists::SubscriberQuery;
use crate::templates::pages::{FindPage, FoundGroup, FoundItem};
use crate::web::error::WebResult;

/// Maximum number of results of one kind.
const MAX_RESULTS: usize = 6;
/// Number of the newest editions among which is searched.
const SEARCHED_EDITIONS: usize = 200;

/// `GET /admin/find`: the results for `q`; all pages without it.
pub(super) async fn show(visit: Visit) -> WebResult<Response> {
    let query = visit.param("q").unwrap_or_default().to_owned();
    let wanted = query.to_lowercase();
    let mut found = vec![pages(&visit, &wanted)];
    if !wanted.is_empty() {
        found.push(digests_and_feeds(&visit, &wanted));
        found.push(editions(&visit, &wanted).await?);
        found.push(subscribers(&visit, &query).await?);
    }
    found.retain(|group| !group.items.is_empty());
    let frame = visit.frame(Section::Home, vec![visit.crumb(Section::Home)]);
    visit.render(&FindPage { frame, query, found }).await
}

fn pages(visit: &Visit, wanted: &str) -> FoundGroup {
    let items = groups(Section::Home, &visit.actor).into_iter().flat_map(|group| group.items);
    // Pages are also found by words for what people do there.
    let fits = |text: &str| text.to_lowercase().contains(wanted);
    let items = items.filter(|item| {
        let words = visit.text(&format!("{}-words", item.text_key), &[]);
        fits(&visit.text(&item.text_key, &[])) || fits(&words)
    });
    let items = items.map(|item| FoundItem {
        text: visit.text(&item.text_key, &[]),
        detail: String::new(),
        url: visit.url(&item.path),
    });
    FoundGroup { title_key: "admin-found-pages".into(), items: items.collect() }
}

fn digests_and_feeds(visit: &Visit, wanted: &str) -> FoundGroup {
    let (config, scope) = (&visit.app().config, visit.actor.digests());
    let language = &visit.client.language;
    let matches =
        |name: &str, title: &str| name.contains(wanted) || title.to_lowercase().contains(wanted);
    let digests = config.digests.iter().filter(|digest| scope.contains(&digest.name));
    let digests =
        digests.filter(|digest| matches(&digest.name, digest.title_in(language))).map(|digest| {
            FoundItem {
                text: visit.digest_title(&digest.name),
                detail: visit.text("admin-digest", &[]),
                url: visit.url(&format!("/admin/digests/{}", digest.name)),
            }
        });
    let feeds = config.feeds.iter().filter(|feed| matches(&feed.name, feed.title_in(language)));
    let feeds = feeds.map(|feed| FoundItem {
        text: visit.feed_title(&feed.name),
        detail: visit.text("admin-feed", &[]),
        url: visit.url(&format!("/admin/feeds/{}", feed.name)),
    });
    let items = digests.chain(feeds).take(MAX_RESULTS).collect();
    FoundGroup { title_key: "admin-found-digests".into(), items }
}

async fn editions(visit: &Visit, wanted: &str) -> WebResult<FoundGroup> {
    let digests = visit.actor.digests().names();
    let editions = visit.app().store.editions();
    let newest = PageRequest::first(SEARCHED_EDITIONS);
    let page = editions.list_of(digests.as_deref(), &newest).await?;
    let items = page
        .items
        .into_iter()
        .map(|edition| (visit.edition_title(&edition.digest, &edition.title), edition));
    let items = items.filter(|(title, edition)| {
        let texts = [title, &edition.title].map(|text| text.to_lowercase());
        edition.id.to_string() == wanted || texts.iter().any(|text| text.contains(wanted))
    });
    let items = items.take(MAX_RESULTS).map(|(title, edition)| FoundItem {
        detail: visit.time(edition.scheduled_for).text,
        url: visit.url(&format!("/admin/editions/{}", edition.id)),
        text: title,
    });
    Ok(FoundGroup { title_key: "admin-found-editions".into(), items: items.collect() })
}

async fn subscribers(visit: &Visit, wanted: &str) -> WebResult<FoundGroup> {
    let title_key = "admin-found-people".to_owned();
    if !visit.may(Permission::ReadSubscribers) {
        return Ok(FoundGroup { title_key, items: Vec::new() });
    }
    let of_digests = |names| Condition::Subscription(SubscriptionTest::Digest(names));
    let scope = visit.actor.digests().names().map(of_digests);
    let condition = Condition::All(scope.into_iter().collect());
    let query = SubscriberQuery { search: wanted.to_owned(), ..SubscriberQuery::of(condition) };
    let store = &visit.app().store;
    let page = store.subscribers().list_matching(&query, &PageRequest::first(MAX_RESULTS)).await?;
    let items = page.items.into_iter().map(|person| FoundItem {
        text: person.address,
        detail: person.name.unwrap_or_default(),
        url: visit.url(&format!("/admin/subscribers/{}", person.id)),
    });
    Ok(FoundGroup { title_key, items: items.collect() })
}
