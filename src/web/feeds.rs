//! `/feeds/NAME.rss`, `.atom`, `.json`: a look-up in memory and one write, whatever the database does; and `/feeds/NAME`,
//! the same for people.

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};

use super::error::{WebError, WebResult};
use super::index::row;
use super::negotiation::{Coding, coding, http_date, is_unchanged};
use super::visitor::Visitor;
use super::{Shared, Web};
use crate::config::Feed;
use crate::domain::links::Links;
use crate::feeds::demand::Found;
use crate::feeds::format::Format;
use crate::feeds::headers::{cache_control, content_type};
use crate::feeds::made::Made;
use crate::feeds::offer::{self, Asked, Place};
use crate::feeds::plan;
use crate::templates::pages::{FeedPage, FeedRow};

/// A feed for people: what is in it, and the addresses to copy.
fn page(web: &Web, feed: &Feed, visitor: &Visitor, method: &Method) -> WebResult<Response> {
    let beginning = web.front.of(&web.app.shelf, feed).ok_or_else(|| WebError::soon(NOT_YET))?;
    let articles = beginning.newest.iter().map(|teaser| row(web, visitor, teaser.clone())).collect();
    let feed = FeedRow { name: feed.name.clone(), title: feed.title.clone(), count: beginning.count };
    web.show(&FeedPage { page: web.page(visitor, method), feed, articles })
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
    document(&web, &wanted, format, &asked).await
}

/// `/feeds.rss?section=…`: what is chosen of all articles.
pub(super) async fn choose(State(web): State<Shared>, uri: Uri, asked: HeaderMap) -> WebResult<Response> {
    let format = uri.path().strip_prefix("/feeds.").and_then(Format::by_extension).ok_or_else(WebError::not_found)?;
    let wanted = Asked::by_query(format, uri.query().unwrap_or_default()).ok_or_else(WebError::not_found)?;
    document(&web, &wanted, format, &asked).await
}

async fn document(web: &Web, wanted: &Asked, format: Format, asked: &HeaderMap) -> WebResult<Response> {
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
        Some(Found::Document(feed, made)) => Ok(answer(web, &feed, wanted, &made, asked)),
    }
}

fn answer(web: &Web, feed: &Feed, wanted: &Asked, made: &Made, asked: &HeaderMap) -> Response {
    let coding = coding(asked);
    let keep = cache_control(feed, wanted.place);
    let mut headers = headers_of(made, coding, &keep);
    let address = match wanted.place {
        Place::Page(page) => plan::address(&web.app.config, feed, page),
        Place::Newest | Place::After(_) => Links(&web.app.config.site.base_url).feed_page(&feed.path()),
    };
    let address = format!("{address}.{}", made.format.extension());
    let links = discovery(&web.app.config.hubs_of(feed), &address);
    headers.extend(HeaderValue::try_from(links).map(|links| (header::LINK, links)));
    if is_unchanged(asked, &made.etag, made.modified) {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    headers.extend(HeaderValue::try_from(content_type(made.format)).map(|value| (header::CONTENT_TYPE, value)));
    headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static("inline"));
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("none"));
    let body = match coding {
        Coding::Gzip => {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            made.gzip()
        }
        Coding::Identity => made.identity(),
    };
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
    (headers, Body::from(body)).into_response()
}

/// Where else a reader may learn of this feed's news, and its own address (WebSub section 4).
fn discovery(hubs: &[String], address: &str) -> String {
    let hubs: String = hubs.iter().map(|hub| format!("<{hub}>; rel=\"hub\", ")).collect();
    format!("{hubs}<{address}>; rel=\"self\"")
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

/// What a 200 and a 304 have in common.
fn headers_of(made: &Made, coding: Coding, keep: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    // A strong tag names bytes, so each coding has its own (RFC 9110 section 8.8.3.3).
    let suffix = if coding == Coding::Gzip { "-gz" } else { "" };
    let tag = (header::ETAG, format!("\"{}{suffix}\"", made.etag));
    let made_here = [tag, (header::CACHE_CONTROL, keep.to_owned())].into_iter();
    let made_here = made_here.chain(made.modified.map(|at| (header::LAST_MODIFIED, http_date(at))));
    headers.extend(made_here.filter_map(|(name, text)| Some((name, HeaderValue::try_from(text).ok()?))));
    let fixed = [
        (header::VARY, "Accept-Encoding"),
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (header::ACCESS_CONTROL_EXPOSE_HEADERS, "ETag, Last-Modified, Link"),
    ];
    headers.extend(fixed.map(|(name, text)| (name, HeaderValue::from_static(text))));
    headers
}
