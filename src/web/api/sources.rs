//! `/api/v1/sources`: the webhook that triggers a sync of a source.

use axum::Extension;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::problem::Problem;
use crate::domain::actor::Actor;
use crate::sources::trigger::{SyncRequestOutcome, request_sync};
use crate::web::state::SharedState;

/// `POST /api/v1/sources/{name}/sync`: queues an immediate sync run; the body that a webhook sends
/// is ignored.
pub(super) async fn sync(
    State(web): State<SharedState>,
    Extension(actor): Extension<Actor>,
    Path(name): Path<String>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    body.map_err(|rejection| Problem::invalid_body(rejection.status()))?;
    let app = &web.app;
    match request_sync(&app.store, &app.config, &app.triggers, &name, &actor, app.now()).await? {
        SyncRequestOutcome::Queued => {
            let text = json!({"source": name, "state": "queued"}).to_string();
            Ok((StatusCode::ACCEPTED, [(header::CONTENT_TYPE, "application/json")], text)
                .into_response())
        }
        SyncRequestOutcome::Unknown => {
            Err(Problem::not_found(format!("the configuration has no source {name:?}")))
        }
        SyncRequestOutcome::Builtin => Err(Problem::conflict(format!(
            "{name:?} is a built-in source, which has no external database to read"
        ))),
    }
}
