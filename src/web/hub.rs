//! `/hub`: what subscribers ask our hub for (WebSub section 5); the callback has the last word, so anybody may ask.

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::Shared;
use super::error::WebResult;
use super::form::Form;
use super::visitor::Visitor;
use crate::domain::time::{HOUR, SECOND};
use crate::feeds::push::hub::{Asked, Said, ask};

/// Takes a request down; the answers are for programs, a sentence in plain text.
pub(super) async fn submit(
    State(web): State<Shared>,
    visitor: Visitor,
    sent: Form,
) -> WebResult<Response> {
    let now = web.app.now();
    if let Some(network) = visitor.network
        && let Err(seconds) = web.hub_limit.admit(network, now)
    {
        return Ok(later(
            StatusCode::TOO_MANY_REQUESTS,
            seconds,
            "too many requests from your network",
        ));
    }
    let asked = Asked {
        mode: sent.one("hub.mode"),
        callback: sent.one("hub.callback"),
        topic: sent.one("hub.topic"),
        lease_seconds: sent.exact("hub.lease_seconds"),
        secret: sent.exact("hub.secret"),
    };
    Ok(match ask(&web.app.store, &web.app.config, asked, now).await? {
        Ok(Said::Accepted) => StatusCode::ACCEPTED.into_response(),
        Ok(Said::Known) => StatusCode::NO_CONTENT.into_response(),
        Ok(Said::Full) => later(
            StatusCode::SERVICE_UNAVAILABLE,
            HOUR / SECOND,
            "this hub takes no more subscriptions",
        ),
        Err(why) => (StatusCode::BAD_REQUEST, format!("{why}\n")).into_response(),
    })
}

fn later(status: StatusCode, seconds: i64, why: &str) -> Response {
    (status, [(header::RETRY_AFTER, seconds.to_string())], format!("{why}\n")).into_response()
}
