//! `/feeds/NAME.rss`, `.atom`, `.json`: a look-up in memory and one write, whatever the database does; and `/feeds/NAME`,
//! the same for people.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::error::{WebError, WebResult};
use super::index::row;
use super::negotiation::{Coding, coding, http_date, is_unchanged};
use super::visitor::Visitor;
use super::{Shared, Web};
use crate::config::Feed;
use crate::domain::links::Links;
use crate::feeds::format::Format;
use crate::feeds::shelf::{Made, file_name};
use crate::templates::pages::{FeedPage, FeedRow};

/// A feed for people: what is in it, and the addresses to copy.
fn page(web: &Web, feed: &Feed, visitor: &Visitor, method: &Method) -> WebResult<Response> {
    let beginning = web.front.of(&web.app.shelf, feed).ok_or_else(|| WebError::soon(NOT_YET))?;
    let articles = beginning.newest.iter().map(|teaser| row(web, visitor, teaser.clone())).collect();
    let feed = FeedRow { name: feed.name.clone(), title: feed.title.clone(), count: beginning.count };
    web.show(&FeedPage { page: web.page(visitor, method), feed, articles })
}

/// Readers ask every five minutes; a cache may answer while it asks us, and for a day if we don't answer.
const KEEP: &str = "public, max-age=300, stale-while-revalidate=600, stale-if-error=86400";
/// Seconds after which a feed that is not made yet will be.
const NOT_YET: i64 = 5;

/// The document, or that it did not change; the page for people where the name is a feed's own.
pub(super) async fn show(
    State(web): State<Shared>,
    Path(file): Path<String>,
    visitor: Visitor,
    method: Method,
    asked: HeaderMap,
) -> WebResult<Response> {
    if let Some(feed) = web.app.config.feeds.iter().find(|feed| feed.name == file) {
        return page(&web, feed, &visitor, &method);
    }
    let Some(made) = web.app.shelf.get(&file) else {
        let declared = web.app.config.feeds.iter().any(|feed| Format::ALL.iter().any(|format| file_name(feed, *format) == file));
        return Err(if declared { WebError::soon(NOT_YET) } else { WebError::not_found() });
    };
    let coding = coding(&asked);
    let mut headers = headers_of(&made, coding);
    let (name, format) = file.rsplit_once('.').unwrap_or_default();
    let address = Links(&web.app.config.site.base_url).feed(name, format);
    headers.extend(HeaderValue::try_from(discovery(&web.app.config.hubs(), &address)).map(|link| (header::LINK, link)));
    if is_unchanged(&asked, &made.etag, made.modified) {
        return Ok((StatusCode::NOT_MODIFIED, headers).into_response());
    }
    let essence = made.media_type;
    // JSON is UTF-8 by definition and knows no such parameter.
    let media_type = if essence.ends_with("+xml") { format!("{essence}; charset=utf-8") } else { essence.to_owned() };
    headers.extend(HeaderValue::try_from(media_type).map(|value| (header::CONTENT_TYPE, value)));
    headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static("inline"));
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("none"));
    if coding == Coding::Gzip {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    let body = Bytes::from_owner(Coded { made, coding });
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
    Ok((headers, Body::from(body)).into_response())
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
fn headers_of(made: &Made, coding: Coding) -> HeaderMap {
    let mut headers = HeaderMap::new();
    // A strong tag names bytes, so each coding has its own (RFC 9110 section 8.8.3.3).
    let suffix = if coding == Coding::Gzip { "-gz" } else { "" };
    let made_here = [(header::ETAG, format!("\"{}{suffix}\"", made.etag)), (header::LAST_MODIFIED, http_date(made.modified))];
    headers.extend(made_here.into_iter().filter_map(|(name, text)| Some((name, HeaderValue::try_from(text).ok()?))));
    let fixed = [
        (header::CACHE_CONTROL, KEEP),
        (header::VARY, "Accept-Encoding"),
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (header::ACCESS_CONTROL_EXPOSE_HEADERS, "ETag, Last-Modified, Link"),
    ];
    headers.extend(fixed.map(|(name, text)| (name, HeaderValue::from_static(text))));
    headers
}

/// The bytes as they are held, so that no request copies them.
struct Coded {
    made: Arc<Made>,
    coding: Coding,
}

impl AsRef<[u8]> for Coded {
    fn as_ref(&self) -> &[u8] {
        match self.coding {
            Coding::Identity => &self.made.body,
            Coding::Gzip => &self.made.gzip,
        }
    }
}
