//! `/feeds/NAME.rss`, `.atom`, `.json`: a look-up in memory and one write, whatever the database does.

use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};

use super::error::{WebError, WebResult};
use super::readership::Peer;
use super::ready::{Begun, Ready};
use super::visitor::Visitor;
use super::{Shared, Web, feed_page};
use crate::feeds::demand::Found;
use crate::feeds::format::Format;
use crate::feeds::offer::Asked;
use crate::feeds::shelf::file_name;

/// For an answer that is about to change.
const KEEP: &str = "public, max-age=300";
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
    document(&web, &wanted, format, peer, &method, &asked).await
}

/// `/feeds.rss?section=…`: what is chosen of all articles.
pub(super) async fn choose(State(web): State<Shared>, uri: Uri, peer: Peer, method: Method, asked: HeaderMap) -> WebResult<Response> {
    let format = uri.path().strip_prefix("/feeds.").and_then(Format::by_extension).ok_or_else(WebError::not_found)?;
    let wanted = Asked::by_query(format, uri.query().unwrap_or_default()).ok_or_else(WebError::not_found)?;
    document(&web, &wanted, format, peer, &method, &asked).await
}

async fn document(web: &Web, wanted: &Asked, format: Format, peer: Peer, method: &Method, asked: &HeaderMap) -> WebResult<Response> {
    let app = &web.app;
    let found = app.demand.find(&app.store, &app.config, &app.shelf, wanted, format, app.now()).await;
    match found? {
        None => Err(WebError::not_found()),
        Some(Found::NotYet) => Err(WebError::soon(NOT_YET)),
        Some(Found::Next(to)) => {
            let headers = [(header::LOCATION, format!("{to}.{}", format.extension())), (header::CACHE_CONTROL, KEEP.to_owned())];
            Ok((StatusCode::TEMPORARY_REDIRECT, headers).into_response())
        }
        Some(Found::Document(feed, made)) => {
            let ready = Ready::of(&app.config, &feed, wanted.place, &made);
            let answer = match ready.begin(&made, &app.shelf, method, asked).ok_or_else(WebError::not_acceptable)? {
                Begun::Answer(answer) => answer,
                // Of declared feeds alone, which do not come this way unless the address says more than it must.
                Begun::Brotli => {
                    let found = app.shelf.brotli(&file_name(&feed, format), &made).await;
                    ready.finish(&made, &app.shelf, asked, found).ok_or_else(WebError::not_acceptable)?
                }
            };
            web.note(&feed.name, asked, peer, answer.status());
            Ok(answer)
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
