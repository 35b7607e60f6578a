//! `/api/v1/events`: the names of changed objects as server-sent events.

use std::convert::Infallible;
use std::time::Duration;

use axum::response::Sse;
use axum::response::sse::{Event, KeepAlive};
use axum::routing::get;
use futures_util::stream::{Stream, unfold};

use super::caller::Caller;
use super::operations::Operations;
use crate::change_feed::Received;
use crate::domain::permission::Permission;
use crate::http::Problem;

/// Interval of the comments that keep a silent connection open.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Adds the stream, which the OpenAPI document does not describe: a client reads it for hours.
pub(super) fn add_operations(operations: Operations) -> Operations {
    operations.add_stream("/api/v1/events", Permission::ReadContent, get(stream))
}

/// `GET /api/v1/events`: one event `change` per changed object that the token may read, and `reload`
/// if the client missed some. The stream ends at the shutdown.
async fn stream(
    caller: Caller,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    caller.require_all_digests("the stream reports the changes of all digests")?;
    let receiver = caller.app.change_feed.subscribe(&caller.app.store);
    let events = unfold((receiver, caller.actor), |(mut receiver, actor)| async move {
        loop {
            let event = match receiver.next().await? {
                Received::Missed => Event::default().event("reload").data("all"),
                Received::Change(change) if actor.may(change.permission()) => {
                    Event::default().event("change").data(change.to_string())
                }
                Received::Change(_) => continue,
            };
            return Some((Ok(event), (receiver, actor)));
        }
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)))
}
