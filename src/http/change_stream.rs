//! Changes as server-sent events (HTML Standard, section 9.2).

use std::convert::Infallible;
use std::time::Duration;

use axum::response::Sse;
use axum::response::sse::{Event, KeepAlive};
use futures_util::stream::{Stream, unfold};

use crate::change_feed::{ChangeReceiver, Received};
use crate::domain::actor::Actor;
use crate::domain::change::Change;

/// Interval of the comments that keep a silent connection open.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Returns a stream with one event `change` per changed object that the actor may read, described by
/// `describe`, and `reload` if the client missed some. It ends at the shutdown.
pub(crate) fn change_stream(
    receiver: ChangeReceiver,
    actor: Actor,
    describe: fn(&Change) -> String,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let events = unfold((receiver, actor), move |(mut receiver, actor)| async move {
        loop {
            let event = match receiver.next().await? {
                Received::Missed => Event::default().event("reload").data("all"),
                Received::Change(change) if actor.may(change.permission()) => {
                    Event::default().event("change").data(describe(&change))
                }
                Received::Change(_) => continue,
            };
            return Some((Ok(event), (receiver, actor)));
        }
    });
    Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE))
}
