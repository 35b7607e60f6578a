//! `/feeds/NAME.rss`, `.atom`, `.json`: a look-up in memory and one write, whatever the database does; and `/feeds/NAME`,
//! the same for people.

use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};

use super::error::{WebError, WebResult};
use super::index::row;
use super::ready::{Begun, Ready};
use super::visitor::Visitor;
use super::{Shared, Web};
use crate::config::Feed;
use crate::domain::links::Links;
use crate::feeds::demand::Found;
use crate::feeds::format::Format;
use crate::feeds::offer::{self, Asked};
use crate::feeds::plan;
use crate::feeds::shelf::file_name;
use crate::templates::pages::{FeedPage, FeedRow};

/// A feed for people: what is in it, and the addresses to copy.
fn page(web: &Web, feed: &Feed, visitor: &Visitor, method: &Method) -> WebResult<Response> {
    let beginning = web.front.of(&web.app.shelf, feed).ok_or_else(|| WebError::soon(NOT_YET))?;
    let articles = beginning.newest.iter().map(|teaser| row(web, visitor, teaser.clone())).collect();
    let row = FeedRow { name: feed.path(), title: feed.title.clone(), count: beginning.count };
    let mut page = web.show(&FeedPage { page: web.page(visitor, method), feed: row, articles })?;
    if feed.private.is_some() {
        // The address is the key: it is told to no search engine, and to no site that is linked to.
        let secret = [(header::REFERRER_POLICY, "no-referrer"), (HeaderName::from_static("x-robots-tag"), "noindex")];
        page.headers_mut().extend(secret.map(|(name, text)| (name, HeaderValue::from_static(text))));
    }
    Ok(page)
}

/// For an answer that is about to change.
const KEEP: &str = "public, max-age=300";
/// Seconds after which a feed that is not made yet will be.
const NOT_YET: i64 = 5;

/// What an address below `/feeds/` names: a document, or that it did not change; the page for people without a format.
pub(super) async fn show(State(web): State<Shared>, uri: Uri, visitor: Visitor, method: Method, asked: HeaderMap) -> WebResult<Response> {
    let path = uri.path().strip_prefix("/feeds/").unwrap_or_default();
    let wanted = Asked::by_path(path, uri.query()).ok_or_else(WebError::not_found)?;
    let Some(format) = wanted.format else {
        let feed = offer::feed(&web.app.store, &web.app.config, &wanted.subject, web.app.now()).await?;
        return page(&web, &feed.ok_or_else(WebError::not_found)?, &visitor, &method);
    };
    document(&web, &wanted, format, &method, &asked).await
}

/// `/feeds.rss?section=…`: what is chosen of all articles.
pub(super) async fn choose(State(web): State<Shared>, uri: Uri, method: Method, asked: HeaderMap) -> WebResult<Response> {
    let format = uri.path().strip_prefix("/feeds.").and_then(Format::by_extension).ok_or_else(WebError::not_found)?;
    let wanted = Asked::by_query(format, uri.query().unwrap_or_default()).ok_or_else(WebError::not_found)?;
    document(&web, &wanted, format, &method, &asked).await
}

async fn document(web: &Web, wanted: &Asked, format: Format, method: &Method, asked: &HeaderMap) -> WebResult<Response> {
    let app = &web.app;
    let found = app.demand.find(&app.store, &app.config, &app.shelf, wanted, format, app.now()).await;
    match found? {
        None => Err(WebError::not_found()),
        Some(Found::NotYet) => Err(WebError::soon(NOT_YET)),
        Some(Found::Next(feed, page)) => {
            let to = match page {
                Some(page) => plan::address(&app.config, &feed, page),
                None => Links(&app.config.site.base_url).feed_page(&feed.path()),
            };
            let headers = [(header::LOCATION, format!("{to}.{}", format.extension())), (header::CACHE_CONTROL, KEEP.to_owned())];
            Ok((StatusCode::TEMPORARY_REDIRECT, headers).into_response())
        }
        Some(Found::Document(feed, made)) => {
            let ready = Ready::of(&app.config, &feed, wanted.place, &made);
            match ready.begin(&made, &app.shelf, method, asked).ok_or_else(WebError::not_acceptable)? {
                Begun::Answer(answer) => Ok(answer),
                // Of declared feeds alone, which do not come this way unless the address says more than it must.
                Begun::Brotli => {
                    let found = app.shelf.brotli(&file_name(&feed, format), &made).await;
                    ready.finish(&made, &app.shelf, asked, found).ok_or_else(WebError::not_acceptable)
                }
            }
        }
    }
}

/// What a script of any site may ask: everything.
pub(super) async fn preflight() -> Response {
    let headers = [
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, HEAD, OPTIONS"),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, "If-None-Match, If-Modified-Since, Cache-Control, Accept, Content-Type"),
        (header::ACCESS_CONTROL_MAX_AGE, "86400"),
        (header::ALLOW, "GET, HEAD, OPTIONS"),
    ];
    (StatusCode::NO_CONTENT, headers).into_response()
}
