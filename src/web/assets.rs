//! `GET /assets/NAME`: the files that pages load.

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::client::ClientInfo;
use super::error::{WebError, WebResult};
use super::negotiation::{ContentCoding, negotiate_coding};
use super::state::SharedState;
use crate::domain::time::DAY;

/// `GET /assets/NAME`: pages link to the style sheet, the script and the icons with their hash in the
/// query, so that they can be cached forever.
pub(super) async fn show(
    State(web): State<SharedState>,
    client: ClientInfo,
    Path(name): Path<String>,
    request_headers: HeaderMap,
) -> WebResult<Response> {
    let asset = web.app.templates.asset(&name).ok_or_else(WebError::not_found)?;
    let coding = negotiate_coding(&request_headers, false).ok_or_else(WebError::not_acceptable)?;
    let has_hash = client.query_param("v") == Some(asset.hash.as_str());
    let cache_control = if has_hash {
        format!("public, max-age={}, immutable", (365 * DAY).as_secs())
    } else {
        "public, max-age=300".to_owned()
    };
    let headers = [
        (header::CONTENT_TYPE, asset.media_type.to_owned()),
        (header::CACHE_CONTROL, cache_control),
        (header::VARY, "Accept-Encoding".to_owned()),
    ];
    Ok(match web.assets.gzip(asset.name).filter(|_| coding == ContentCoding::Gzip) {
        Some(body) => {
            let encoding = [(header::CONTENT_ENCODING, "gzip")];
            (StatusCode::OK, headers, encoding, Body::from(body.clone())).into_response()
        }
        None => (StatusCode::OK, headers, Body::from(asset.text.clone())).into_response(),
    })
}
