//! `/api/v1/sources`: a site says that it has news.

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::bearer::Bearer;
use super::problem::Problem;
use crate::sources::bell::{Wish, wish};
use crate::web::Shared;

/// `POST /api/v1/sources/NAME/sync` has a source read at once; whatever a webhook sends along is not looked at.
pub(super) async fn sync(
    State(web): State<Shared>,
    bearer: Bearer,
    Path(name): Path<String>,
    sent: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    if !bearer.role.may_sync() {
        return Err(Problem::forbidden(format!(
            "a token of the role {} may not have sources read: it takes admin or editor",
            bearer.role.word()
        )));
    }
    sent.map_err(|why| Problem::body(why.status()))?;
    let app = &web.app;
    match wish(&app.store, &app.config, &app.bells, &name, app.now()).await? {
        Wish::Queued => {
            let text = json!({"source": name, "state": "queued"}).to_string();
            Ok((StatusCode::ACCEPTED, [(header::CONTENT_TYPE, "application/json")], text)
                .into_response())
        }
        Wish::Unknown => Err(Problem::not_found(format!("the config has no source {name:?}"))),
        Wish::Builtin => Err(Problem::conflict(format!(
            "{name:?} is a builtin source: there is no other database to read"
        ))),
    }
}
