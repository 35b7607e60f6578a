//! `/feeds/NAME.rss`, `.atom`, `.json`: a look-up in memory and one write, whatever the database does.

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};

use super::error::{WebError, WebResult};
use super::readership::Peer;
use super::ready::{Begun, Ready};
use super::visitor::Visitor;
use super::{Shared, Web, feed_page};
use crate::feeds::address::Asked;
use crate::feeds::demand::Found;
use crate::feeds::format::Format;
use crate::feeds::shelf::file_name;

/// Seconds for which an answer may be kept that is about to change.
const KEEP: u32 = 300;
/// Seconds for which a reader may remember where a feed really is.
const MOVED: u32 = 86_400;
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
    if let Some(now) = wanted.renamed(&web.app.config) {
        return Ok(moved_to(&now.address(&web.app.config), now.subject.secret.is_some()));
    }
    let Some(format) = wanted.format else {
        return feed_page::show(&web, &wanted, &visitor, &method).await;
    };
    match document(&web, &wanted, format, peer, &method, &asked).await? {
        Some(answer) => Ok(answer),
        None => {
            let named = Asked::by_name(path, uri.query()).ok_or_else(WebError::not_found)?;
            feed_page::show(&web, &named, &visitor, &method).await
        }
    }
}

/// `/feeds.rss?section=…`: what is chosen of all articles.
pub(super) async fn choose(
    State(web): State<Shared>,
    uri: Uri,
    peer: Peer,
    method: Method,
    asked: HeaderMap,
) -> WebResult<Response> {
    let format = uri
        .path()
        .strip_prefix("/feeds.")
        .and_then(Format::by_extension)
        .ok_or_else(WebError::not_found)?;
    let wanted =
        Asked::by_query(format, uri.query().unwrap_or_default()).ok_or_else(WebError::not_found)?;
    document(&web, &wanted, format, peer, &method, &asked).await?.ok_or_else(WebError::not_found)
}

/// A document of a feed; none if there is no such feed.
async fn document(
    web: &Web,
    wanted: &Asked,
    format: Format,
    peer: Peer,
    method: &Method,
    asked: &HeaderMap,
) -> WebResult<Option<Response>> {
    let app = &web.app;
    let found =
        app.demand.find(&app.store, &app.config, &app.shelf, wanted, format, app.now()).await;
    match found? {
        None => Ok(None),
        Some(Found::NotYet) => Err(WebError::soon(NOT_YET)),
        Some(Found::Next(to)) => Ok(Some(next_at(&format!("{to}.{}", format.extension()), wanted))),
        Some(Found::Document(feed, made)) => {
            let ready = Ready::of(&app.config, &feed, wanted.place, &made);
            let answer = match ready
                .begin(&made, &app.shelf, method, asked)
                .ok_or_else(WebError::not_acceptable)?
            {
                Begun::Answer(answer) => answer,
                // Of declared feeds alone, which do not come this way unless the address says more than it must.
                Begun::Brotli => {
                    let found = app.shelf.brotli(&file_name(&feed, format), &made).await;
                    ready
                        .finish(&made, &app.shelf, asked, found)
                        .ok_or_else(WebError::not_acceptable)?
                }
            };
            web.note(&feed.name, asked, peer, answer.status());
            Ok(Some(answer))
        }
    }
}

/// The feed is at another address, for good; that of a private one is nobody's to keep.
pub(super) fn moved_to(address: &str, is_private: bool) -> Response {
    redirect(StatusCode::MOVED_PERMANENTLY, address, MOVED, is_private)
}

/// What follows the page that was asked about is at this address today.
pub(super) fn next_at(address: &str, wanted: &Asked) -> Response {
    redirect(StatusCode::TEMPORARY_REDIRECT, address, KEEP, wanted.subject.secret.is_some())
}

fn redirect(status: StatusCode, address: &str, seconds: u32, is_private: bool) -> Response {
    // The path came in a request, so it can stand in a header.
    let Ok(address) = HeaderValue::try_from(address) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let scope = if is_private { "private" } else { "public" };
    let headers = [
        (header::CACHE_CONTROL, format!("{scope}, max-age={seconds}")),
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*".to_owned()),
    ];
    let mut response = (status, headers, [(header::LOCATION, address)]).into_response();
    if is_private {
        response.headers_mut().insert("x-robots-tag", HeaderValue::from_static("noindex"));
    }
    response
}

/// What a script of any site may ask: everything.
pub(super) async fn preflight() -> Response {
    let headers = [
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, HEAD, OPTIONS"),
        (
            header::ACCESS_CONTROL_ALLOW_HEADERS,
            "If-None-Match, If-Modified-Since, Cache-Control, Accept, Content-Type",
        ),
        (header::ACCESS_CONTROL_MAX_AGE, "86400"),
        (header::ALLOW, "GET, HEAD, OPTIONS"),
    ];
    (StatusCode::NO_CONTENT, headers).into_response()
}
