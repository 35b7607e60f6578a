//! `/feeds/NAME.rss`, `.atom`, `.json`: a look-up in memory and one write, whatever the database does.

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};

use super::error::{WebError, WebResult};
use super::negotiation::{Coding, coding, http_date, is_unchanged};
use super::readership::Peer;
use super::visitor::Visitor;
use super::{Shared, Web, feed_page};
use crate::config::Feed;
use crate::domain::links::Links;
use crate::domain::time::SECOND;
use crate::feeds::demand::Found;
use crate::feeds::format::Format;
use crate::feeds::made::Made;
use crate::feeds::offer::{Asked, Place};
use crate::feeds::plan;

/// For an answer that is about to change.
const KEEP: &str = "public, max-age=300";
/// Seconds.
const YEAR: i64 = 31_536_000;
/// Seconds after which a feed that is not made yet will be.
pub(super) const NOT_YET: i64 = 5;

/// What an address below `/feeds/` names: a document, or that it did not change; the page for people without a format.
pub(super) async fn show(
    State(web): State<Shared>,
    uri: Uri,
    visitor: Visitor,
    peer: Peer,
    method: Method,
    asked: HeaderMap,
) -> WebResult<Response> {
    let path = uri.path().strip_prefix("/feeds/").unwrap_or_default();
    let wanted = Asked::by_path(path, uri.query()).ok_or_else(WebError::not_found)?;
    let Some(format) = wanted.format else {
        return feed_page::show(&web, &wanted, &visitor, &method).await;
    };
    document(&web, &wanted, format, peer, &asked).await
}

/// `/feeds.rss?section=…`: what is chosen of all articles.
pub(super) async fn choose(State(web): State<Shared>, uri: Uri, peer: Peer, asked: HeaderMap) -> WebResult<Response> {
    let format = uri.path().strip_prefix("/feeds.").and_then(Format::by_extension).ok_or_else(WebError::not_found)?;
    let wanted = Asked::by_query(format, uri.query().unwrap_or_default()).ok_or_else(WebError::not_found)?;
    document(&web, &wanted, format, peer, &asked).await
}

async fn document(web: &Web, wanted: &Asked, format: Format, peer: Peer, asked: &HeaderMap) -> WebResult<Response> {
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
            let response = answer(web, &feed, wanted, &made, asked);
            web.note(&feed.name, asked, peer, response.status());
            Ok(response)
        }
    }
}

fn answer(web: &Web, feed: &Feed, wanted: &Asked, made: &Made, asked: &HeaderMap) -> Response {
    let coding = coding(asked);
    let keep = keep(feed, wanted.place);
    let mut headers = headers_of(made, coding, &keep);
    let address = match wanted.place {
        Place::Page(page) => plan::address(&web.app.config, feed, page),
        Place::Newest | Place::After(_) => Links(&web.app.config.site.base_url).feed_page(&feed.path()),
    };
    let address = format!("{address}.{}", made.format.extension());
    let links = discovery(&web.app.config.hubs_of(feed), &address);
    headers.extend(HeaderValue::try_from(links).map(|links| (header::LINK, links)));
    if feed.private.is_some() {
        headers.insert("x-robots-tag", HeaderValue::from_static("noindex"));
    }
    if is_unchanged(asked, &made.etag, made.modified) {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    let essence = made.media_type();
    // JSON is UTF-8 by definition and knows no such parameter.
    let media_type = if essence.ends_with("+xml") { format!("{essence}; charset=utf-8") } else { essence.to_owned() };
    headers.extend(HeaderValue::try_from(media_type).map(|value| (header::CONTENT_TYPE, value)));
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

/// What caches are told: readers ask every few minutes, a cache may answer while it asks us, and for a day if we don't
/// answer; a page of an archive stays as it is, and a private feed is nobody else's to keep.
fn keep(feed: &Feed, place: Place) -> String {
    let seconds = match place {
        Place::Page(_) => YEAR,
        Place::Newest | Place::After(_) => feed.max_age / SECOND,
    };
    match feed.private {
        Some(_) => format!("private, max-age={seconds}"),
        None => format!("public, max-age={seconds}, stale-while-revalidate=600, stale-if-error=86400"),
    }
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
