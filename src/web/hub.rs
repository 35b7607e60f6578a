//! `/hub`: requests of WebSub subscribers (WebSub section 5). Anyone may send one, because the hub
//! verifies each with its callback.

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::client::ClientInfo;
use super::error::WebResult;
use super::form::Form;
use super::state::SharedState;
use crate::domain::time::{HOUR, MINUTE};
use crate::websub::hub::{HubForm, HubResponse, handle};

/// `POST /hub`: accepts or rejects a request; responses are plain text for programs.
pub(super) async fn submit(
    State(web): State<SharedState>,
    client: ClientInfo,
    form: Form,
) -> WebResult<Response> {
    let now = web.app.now();
    if let Err(exceeded) = web.hub_limiter.check(client.network, now) {
        return Ok(retry_later(
            StatusCode::TOO_MANY_REQUESTS,
            exceeded.retry_after_secs,
            "too many requests from your network",
        ));
    }
    let hub_form = HubForm {
        mode: form.first("hub.mode"),
        callback: form.first("hub.callback"),
        topic: form.first("hub.topic"),
        lease_seconds: form.first_verbatim("hub.lease_seconds"),
        secret: form.first_verbatim("hub.secret"),
    };
    Ok(match handle(&web.app.store, &web.app.config, hub_form, client.network, now).await? {
        Ok(HubResponse::Accepted) => StatusCode::ACCEPTED.into_response(),
        Ok(HubResponse::PublishIgnored) => StatusCode::NO_CONTENT.into_response(),
        Ok(HubResponse::Full) => retry_later(
            StatusCode::SERVICE_UNAVAILABLE,
            HOUR.as_secs(),
            "this hub accepts no more subscriptions",
        ),
        Ok(HubResponse::TooManyUnverified) => retry_later(
            StatusCode::TOO_MANY_REQUESTS,
            MINUTE.as_secs(),
            "too many unverified requests from your network",
        ),
        Err(reason) => (StatusCode::BAD_REQUEST, format!("{reason}\n")).into_response(),
    })
}

fn retry_later(status: StatusCode, seconds: i64, reason: &str) -> Response {
    (status, [(header::RETRY_AFTER, seconds.to_string())], format!("{reason}\n")).into_response()
}
