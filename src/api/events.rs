//! `/api/v1/events`: the names of changed objects as server-sent events.

use axum::response::{IntoResponse, Response};
use axum::routing::get;

use super::caller::Caller;
use super::operations::Operations;
use crate::domain::permission::Permission;
use crate::http::{Problem, change_stream};

/// Adds the stream, which the OpenAPI document does not describe: a client reads it for hours.
pub(super) fn add_operations(operations: Operations) -> Operations {
    operations.add_stream("/api/v1/events", Permission::ReadContent, get(stream))
}

/// `GET /api/v1/events`: the changes that the token may read.
async fn stream(caller: Caller) -> Result<Response, Problem> {
    caller.require_all_digests("the stream reports the changes of all digests")?;
    let receiver = caller.app.change_feed.subscribe(&caller.app.store);
    Ok(change_stream(receiver, caller.actor, ToString::to_string).into_response())
}
