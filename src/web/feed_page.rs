//! `/feeds/NAME`: what a feed holds, how to subscribe to it and how to tell a site's visitors of it, for people.

use axum::http::{HeaderName, HeaderValue, Method, header};
use axum::response::Response;

use super::Web;
use super::error::{WebError, WebResult};
use super::feeds::{self, NOT_YET};
use super::front::{Beginning, NEWEST};
use super::index::row;
use super::page::{COPY_SCRIPT, COPYING_POLICY};
use super::visitor::Visitor;
use crate::config::Feed;
use crate::domain::language;
use crate::domain::selection::Selection;
use crate::feeds::address::{Asked, Place};
use crate::feeds::archive::Page;
use crate::feeds::demand::Found;
use crate::feeds::format::Format;
use crate::feeds::made::Made;
use crate::store::terms::Term;
use crate::templates::month_text;
use crate::templates::pages::{Alternate, FeedGroup, FeedPage, FeedRow};

/// The page of any feed that there is, declared or on demand, and of its archive.
pub(super) async fn show(
    web: &Web,
    wanted: &Asked,
    visitor: &Visitor,
    method: &Method,
) -> WebResult<Response> {
    let app = &web.app;
    let found = app
        .demand
        .find(&app.store, &app.config, &app.shelf, wanted, Format::Json, app.now())
        .await?;
    match found {
        None => Err(WebError::not_found()),
        Some(Found::NotYet) => Err(WebError::soon(NOT_YET)),
        Some(Found::Next(to)) => Ok(feeds::next_at(&to, wanted)),
        Some(Found::Document(feed, made)) => page(web, wanted, &feed, &made, visitor, method).await,
    }
}

async fn page(
    web: &Web,
    wanted: &Asked,
    feed: &Feed,
    made: &Made,
    visitor: &Visitor,
    method: &Method,
) -> WebResult<Response> {
    let (most, archive) = match wanted.place {
        Place::Page(page) => (usize::MAX, Some(named(page, &visitor.language))),
        Place::Newest | Place::After(_) => (NEWEST, None),
    };
    let beginning =
        Beginning::read(made, &feed.name, most).ok_or_else(|| WebError::soon(NOT_YET))?;
    let path = feed.path();
    let alternates = web.alternates_of(&path, &feed.title);
    let mut view = FeedPage {
        page: web.page(visitor, method),
        feed: FeedRow {
            path,
            title: feed.title.clone(),
            description: beginning.description.clone(),
            count: beginning.count,
        },
        articles: beginning.newest.iter().map(|teaser| row(web, visitor, teaser.clone())).collect(),
        languages_named: beginning.languages.iter().map(|tag| language::autonym(tag)).collect(),
        has_push: !web.app.config.hubs_of(feed).is_empty(),
        older: beginning.older.as_deref().and_then(|address| web.below(address)),
        snippet: snippet(&alternates),
        groups: related(web, wanted, feed, &beginning).await,
        is_private: feed.private.is_some(),
        archive,
        script: COPY_SCRIPT.to_owned(),
        addresses: alternates.clone(),
    };
    view.page.alternates = alternates;
    let mut response = web.show(&view)?;
    let headers = response.headers_mut();
    headers.extend(
        HeaderValue::try_from(COPYING_POLICY.as_str())
            .map(|policy| (header::CONTENT_SECURITY_POLICY, policy)),
    );
    if view.is_private {
        // Its address is its key.
        let secretive = [
            (HeaderName::from_static("x-robots-tag"), "noindex"),
            (header::REFERRER_POLICY, "no-referrer"),
            (header::CACHE_CONTROL, "no-store"),
        ];
        headers.extend(secretive.map(|(name, text)| (name, HeaderValue::from_static(text))));
    }
    Ok(response)
}

/// The feeds that hold a part of this one.
async fn related(web: &Web, wanted: &Asked, feed: &Feed, beginning: &Beginning) -> Vec<FeedGroup> {
    if wanted.place != Place::Newest {
        return Vec::new();
    }
    let narrows = |list: &[String], term: &Term| {
        list.is_empty() || list.iter().any(|name| name.to_lowercase() == term.term)
    };
    let is_declared = wanted.subject.chosen == Selection::default();
    let known = web.choices().await;
    let mut groups = known.narrowing(&wanted.subject, |kind, term| {
        beginning.terms.contains(&term.term)
            && (!is_declared || narrows(feed.selection.list(kind), term))
    });
    // How many articles a part has is known of the whole site alone.
    groups.iter_mut().flat_map(|group| &mut group.feeds).for_each(|feed| feed.count = 0);
    groups
}

/// A page of an archive as people say it: `August 2026`, and `August 2026 · 2`.
fn named(page: Page, language: &str) -> String {
    let part = if page.part() > 1 { format!(" · {}", page.part()) } else { String::new() };
    month_text(page.month(), language) + &part
}

/// What goes into the head of a site's pages, so that readers find the feed there.
fn snippet(alternates: &[Alternate]) -> String {
    let attribute = |text: &str| html_escape::encode_double_quoted_attribute(text).into_owned();
    let line = |a: &Alternate| {
        let (kind, title, href) =
            (attribute(&a.media_type), attribute(&a.title), attribute(&a.href));
        format!("<link rel=\"alternate\" type=\"{kind}\" title=\"{title}\" href=\"{href}\">")
    };
    alternates.iter().map(line).collect::<Vec<_>>().join("\n")
}

impl Web {
    /// The page of a JSON document's address: a path of ours.
    fn below(&self, address: &str) -> Option<String> {
        let path =
            address.strip_prefix(self.app.config.site.base_url.as_str())?.strip_suffix(".json")?;
        Some(format!("{}{path}", self.base))
    }
}
