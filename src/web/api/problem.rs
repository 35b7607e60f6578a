//! What the API says when it does not do what it was asked: problem details as JSON (RFC 9457).

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::store::StoreError;

/// Why a program does not get what it asked for.
#[derive(Debug)]
pub(super) struct Problem {
    status: StatusCode,
    /// One sentence for whoever reads the program's log.
    detail: String,
    /// Seconds after which it is worth trying again.
    retry_after: Option<i64>,
    /// How to show who one is (RFC 6750).
    challenge: Option<&'static str>,
}

impl Problem {
    fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self { status, detail: detail.into(), retry_after: None, challenge: None }
    }

    /// There is no such thing.
    pub(super) fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, detail)
    }

    /// The address does not know the method.
    pub(super) fn method() -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "this address does not know that method")
    }

    /// It can't be done to this thing.
    pub(super) fn conflict(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, detail)
    }

    /// The body is longer than anything we take, or it broke off.
    pub(super) fn body(status: StatusCode) -> Self {
        Self::new(status, "the body is longer than 64 kB, or it broke off")
    }

    /// No token was shown.
    pub(super) fn nobody() -> Self {
        let detail =
            "show a token, as `Authorization: Bearer TOKEN`; `courant tokens create` makes one";
        Self {
            challenge: Some("Bearer realm=\"courant\""),
            ..Self::new(StatusCode::UNAUTHORIZED, detail)
        }
    }

    /// A token that is none of ours, or was revoked.
    pub(super) fn stranger() -> Self {
        let challenge = Some("Bearer realm=\"courant\", error=\"invalid_token\"");
        Self {
            challenge,
            ..Self::new(StatusCode::UNAUTHORIZED, "this token is unknown here, or it was revoked")
        }
    }

    /// A token whose role may not do this.
    pub(super) fn forbidden(detail: impl Into<String>) -> Self {
        let challenge = Some("Bearer realm=\"courant\", error=\"insufficient_scope\"");
        Self { challenge, ..Self::new(StatusCode::FORBIDDEN, detail) }
    }

    /// Too many requests from one network.
    pub(super) fn too_many(retry_after: i64) -> Self {
        Self {
            retry_after: Some(retry_after),
            ..Self::new(StatusCode::TOO_MANY_REQUESTS, "too many requests from your network")
        }
    }
}

impl From<StoreError> for Problem {
    fn from(cause: StoreError) -> Self {
        tracing::error!("/api: {cause}");
        let passes = cause.may_pass();
        if passes {
            Self {
                retry_after: Some(30),
                ..Self::new(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "the database does not answer; try again soon",
                )
            }
        } else {
            Self::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "something is wrong here; the log of the server tells what",
            )
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let title = self.status.canonical_reason().unwrap_or_default();
        let text = json!({"type": "about:blank", "title": title, "status": self.status.as_u16(), "detail": self.detail}).to_string();
        let mut response = (self.status, Body::from(text)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(challenge) = self.challenge {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
