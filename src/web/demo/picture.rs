//! `/demo/pictures/NAME`: the pictures of the fictional college's articles.

use axum::body::Body;
use axum::extract::Path;
use axum::http::header;
use axum::response::{IntoResponse, Response};

use crate::templates::demo_picture;
use crate::web::error::{WebError, WebResult};

/// `GET /demo/pictures/{name}`: a PNG file.
pub(in crate::web) async fn show(Path(name): Path<String>) -> WebResult<Response> {
    let is_name = |stem: &str| !stem.is_empty() && stem.bytes().all(|b| b.is_ascii_lowercase());
    let file = name.strip_suffix(".png").filter(|stem| is_name(stem));
    let file = file.and_then(|_| demo_picture(&name)).ok_or_else(WebError::not_found)?;
    let headers =
        [(header::CONTENT_TYPE, "image/png"), (header::CACHE_CONTROL, "public, max-age=86400")];
    Ok((headers, Body::from(file.into_owned())).into_response())
}
