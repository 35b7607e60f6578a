//! The one error of the web: a safe sentence for the visitor, the chain of causes in the log, once.
//!
//! Handlers give a [`WebError`]; what went wrong inside becomes one by `?`. The page is made by [`super::page::dress`], which
//! knows the visitor's language.

use std::sync::Arc;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use crate::store::StoreError;

/// What a handler gives.
pub(super) type WebResult<T> = Result<T, WebError>;

/// Why there is no other answer.
#[derive(Debug)]
pub(super) struct WebError {
    pub(super) status: StatusCode,
    /// The name of its text; the title's has `-title` behind it.
    pub(super) text: &'static str,
    /// Seconds after which it is worth trying again.
    pub(super) retry_after: Option<i64>,
    pub(super) cause: Option<anyhow::Error>,
}

impl WebError {
    fn new(status: StatusCode, text: &'static str) -> Self {
        Self { status, text, retry_after: None, cause: None }
    }

    /// No page has this address.
    pub(super) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "error-not-found")
    }

    /// A token that we did not sign, or that does nothing any more.
    pub(super) fn dead_link() -> Self {
        Self::new(StatusCode::NOT_FOUND, "error-token")
    }

    /// A form that no page of ours sends.
    pub(super) fn unreadable() -> Self {
        Self::new(StatusCode::BAD_REQUEST, "error-request")
    }

    /// A form that another site sent.
    pub(super) fn foreign() -> Self {
        Self::new(StatusCode::FORBIDDEN, "error-request")
    }

    /// A form beyond the limit.
    pub(super) fn too_large() -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "error-request")
    }

    /// A method that the address does not know.
    pub(super) fn method() -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "error-request")
    }

    /// In no coding that the client takes.
    pub(super) fn not_acceptable() -> Self {
        Self::new(StatusCode::NOT_ACCEPTABLE, "error-request")
    }

    /// Too many requests from one network.
    pub(super) fn too_many(retry_after: i64) -> Self {
        Self {
            retry_after: Some(retry_after),
            ..Self::new(StatusCode::TOO_MANY_REQUESTS, "subscribe-error-busy")
        }
    }

    /// Something that will be there soon.
    pub(super) fn soon(retry_after: i64) -> Self {
        Self {
            retry_after: Some(retry_after),
            ..Self::new(StatusCode::SERVICE_UNAVAILABLE, "error-failed")
        }
    }
}

impl From<anyhow::Error> for WebError {
    fn from(cause: anyhow::Error) -> Self {
        let store = cause.chain().find_map(|e| e.downcast_ref::<StoreError>());
        // All else is a mistake of ours, or of the operator's.
        let error = if store.is_some_and(StoreError::may_pass) {
            Self::soon(super::RETRY)
        } else {
            Self::new(StatusCode::INTERNAL_SERVER_ERROR, "error-failed")
        };
        Self { cause: Some(cause), ..error }
    }
}

impl From<StoreError> for WebError {
    fn from(cause: StoreError) -> Self {
        Self::from(anyhow::Error::from(cause))
    }
}

impl IntoResponse for WebError {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(Arc::new(self));
        response
    }
}
