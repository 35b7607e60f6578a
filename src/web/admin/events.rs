//! `GET /admin/events`: tells open pages of what changed.

use axum::http::{HeaderName, header};
use axum::response::{IntoResponse, Response};

use super::visit::Visit;
use crate::http::change_stream;

/// `GET /admin/events`: the kinds of changed objects, without their names, so that a user who is limited
/// to some digests learns nothing of the others.
pub(super) async fn stream(visit: Visit) -> Response {
    let receiver = visit.app().change_feed.subscribe(&visit.app().store);
    let stream = change_stream(receiver, visit.actor, |change| change.kind.to_owned());
    let headers = [
        (header::CACHE_CONTROL, "no-store"),
        // Proxies such as nginx would hold events back.
        (HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    (headers, stream).into_response()
}
