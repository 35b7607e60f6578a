//! Parts of a response: JSON documents, and entity tags of single resources.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::http::Problem;

/// Result of a handler.
pub(super) type ApiResult = Result<Response, Problem>;

/// Returns a document with a status.
pub(super) fn json<T: Serialize>(status: StatusCode, document: &T) -> ApiResult {
    Ok(json_text(status, to_text(document)?))
}

/// Returns a document that was created, with the path of its resource.
pub(super) fn created<T: Serialize>(location: &str, document: &T) -> ApiResult {
    json_at(StatusCode::CREATED, location, document)
}

/// Returns a document with a status and the path of its resource.
pub(super) fn json_at<T: Serialize>(status: StatusCode, location: &str, document: &T) -> ApiResult {
    let mut response = json(status, document)?;
    if let Ok(location) = HeaderValue::try_from(location) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}

/// Returns a single resource with its entity tag; 304 if the client has it.
pub(super) fn resource<T: Serialize>(headers: &HeaderMap, document: &T) -> ApiResult {
    let text = to_text(document)?;
    let etag = entity_tag(&text);
    let is_known = header_texts(headers, header::IF_NONE_MATCH)
        .flat_map(|list| list.split(','))
        .map(|tag| tag.trim().trim_start_matches("W/"))
        .any(|tag| tag == etag || tag == "*");
    let mut response = match is_known {
        true => StatusCode::NOT_MODIFIED.into_response(),
        false => json_text(StatusCode::OK, text),
    };
    if let Ok(etag) = HeaderValue::try_from(etag) {
        response.headers_mut().insert(header::ETAG, etag);
    }
    Ok(response)
}

/// Checks `If-Match` against the present document of a resource (RFC 9110, section 13.1.1).
pub(super) fn check_if_match<T: Serialize>(
    headers: &HeaderMap,
    document: &T,
) -> Result<(), Problem> {
    if !headers.contains_key(header::IF_MATCH) {
        return Ok(());
    }
    let etag = entity_tag(&to_text(document)?);
    // A weak tag never matches, since the comparison is strong.
    let matches = header_texts(headers, header::IF_MATCH)
        .flat_map(|list| list.split(','))
        .any(|tag| matches!(tag.trim(), tag if tag == etag || tag == "*"));
    if matches { Ok(()) } else { Err(Problem::precondition_failed()) }
}

/// Like [`check_if_match`], for changes that must name the version they replace.
pub(super) fn require_if_match<T: Serialize>(
    headers: &HeaderMap,
    document: &T,
) -> Result<(), Problem> {
    if !headers.contains_key(header::IF_MATCH) {
        return Err(Problem::precondition_required());
    }
    check_if_match(headers, document)
}

fn header_texts(headers: &HeaderMap, name: header::HeaderName) -> impl Iterator<Item = &str> {
    headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok())
}

fn to_text<T: Serialize>(document: &T) -> Result<String, Problem> {
    serde_json::to_string(document).map_err(|reason| {
        tracing::error!("cannot write a document of the API: {reason}");
        Problem::from_status(StatusCode::INTERNAL_SERVER_ERROR)
    })
}

fn json_text(status: StatusCode, text: String) -> Response {
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
    (status, headers, Body::from(text)).into_response()
}

/// Returns the entity tag of a document: a hash of its bytes.
fn entity_tag(text: &str) -> String {
    let hash = Sha256::digest(text.as_bytes());
    format!("\"{}\"", URL_SAFE_NO_PAD.encode(&hash[..15]))
}
