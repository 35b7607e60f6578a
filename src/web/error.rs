//! Error type of all page handlers: a safe text for the client, and the chain of causes for the
//! log.
//!
//! Handlers return a [`WebError`]; internal errors convert into one with `?`. The middleware
//! [`super::page::error_pages`] renders the page in the client's language and logs the cause once.

use std::sync::Arc;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use crate::accounts::AccountError;
use crate::http::RateLimitExceeded;
use crate::store::StoreError;

/// `Retry-After` while the database is unavailable, in seconds.
pub(super) const DATABASE_RETRY_AFTER_SECS: i64 = 30;
/// `Retry-After` for a feed that is not rendered yet, in seconds.
const NOT_RENDERED_RETRY_AFTER_SECS: i64 = 5;
/// `Retry-After` while the limit of confirmation e-mails is reached, in seconds.
const CONFIRMATIONS_RETRY_AFTER_SECS: i64 = 600;
/// Catalog key of the "too many requests" page; the text takes the number of `minutes` to wait.
pub(super) const TOO_MANY_REQUESTS: &str = "error-too-many-requests";

/// Result type of page handlers.
pub(super) type WebResult<T> = Result<T, WebError>;

/// An HTTP error that is rendered as a page.
#[derive(Debug)]
pub(super) struct WebError {
    /// HTTP status of the response.
    pub(super) status: StatusCode,
    /// Catalog key of the text; the title's key is the same with `-title` appended.
    pub(super) text_key: &'static str,
    /// Value of `Retry-After`, in seconds.
    pub(super) retry_after: Option<i64>,
    /// Internal error to log; never shown to the client.
    pub(super) cause: Option<anyhow::Error>,
}

impl WebError {
    fn new(status: StatusCode, text_key: &'static str) -> Self {
        Self { status, text_key, retry_after: None, cause: None }
    }

    /// Returns the reason phrase of the status in lower case, for programs.
    pub(super) fn summary(&self) -> String {
        self.status.canonical_reason().unwrap_or_default().to_lowercase()
    }

    /// 404: no page has this URL.
    pub(super) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "error-not-found")
    }

    /// 404: the link's token is forged, expired or already used.
    pub(super) fn invalid_token() -> Self {
        Self::new(StatusCode::NOT_FOUND, "error-invalid-token")
    }

    /// 404: the link to set a password is forged, expired or already used.
    pub(super) fn invalid_password_link() -> Self {
        Self::new(StatusCode::NOT_FOUND, "error-password-link")
    }

    /// 403: the answer of the OpenID provider is not accepted.
    pub(super) fn oidc_refused() -> Self {
        Self::new(StatusCode::FORBIDDEN, "error-openid")
    }

    /// 503: the OpenID provider fails.
    pub(super) fn oidc_unavailable() -> Self {
        Self {
            retry_after: Some(DATABASE_RETRY_AFTER_SECS),
            ..Self::new(StatusCode::SERVICE_UNAVAILABLE, "error-openid-unavailable")
        }
    }

    /// 400: the form is malformed or holds values that no page of this site offers.
    pub(super) fn bad_request() -> Self {
        Self::new(StatusCode::BAD_REQUEST, "error-bad-request")
    }

    /// 403: another site submitted the form.
    pub(super) fn cross_origin() -> Self {
        Self::new(StatusCode::FORBIDDEN, "error-forbidden")
    }

    /// 403: the signed-in user lacks the permission.
    pub(super) fn missing_permission() -> Self {
        Self::new(StatusCode::FORBIDDEN, "error-permission")
    }

    /// 413: the body exceeds [`super::state::MAX_BODY_BYTES`].
    pub(super) fn too_large() -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "error-too-large")
    }

    /// 405: the URL does not support the request's method.
    pub(super) fn method_not_allowed() -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "error-method-not-allowed")
    }

    /// 406: the client accepts none of the available content codings.
    pub(super) fn not_acceptable() -> Self {
        Self::new(StatusCode::NOT_ACCEPTABLE, "error-not-acceptable")
    }

    /// 429: the client's network exceeded its rate limit. The page names the same wait as
    /// `Retry-After`, in minutes.
    pub(super) fn too_many_requests(exceeded: RateLimitExceeded) -> Self {
        Self {
            retry_after: Some(exceeded.retry_after_secs),
            ..Self::new(StatusCode::TOO_MANY_REQUESTS, TOO_MANY_REQUESTS)
        }
    }

    /// 503: the hourly limit of confirmation e-mails is reached.
    pub(super) fn too_many_confirmations() -> Self {
        Self {
            retry_after: Some(CONFIRMATIONS_RETRY_AFTER_SECS),
            ..Self::new(StatusCode::SERVICE_UNAVAILABLE, "error-too-many-confirmations")
        }
    }

    /// 500: the program has a bug.
    pub(super) fn internal() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "error-failed")
    }

    /// 503: the feed is not rendered yet.
    pub(super) fn not_rendered() -> Self {
        Self::unavailable(NOT_RENDERED_RETRY_AFTER_SECS)
    }

    /// 503: the page will be available after `retry_after` seconds.
    pub(super) fn unavailable(retry_after: i64) -> Self {
        Self {
            retry_after: Some(retry_after),
            ..Self::new(StatusCode::SERVICE_UNAVAILABLE, "error-failed")
        }
    }
}

impl From<anyhow::Error> for WebError {
    fn from(cause: anyhow::Error) -> Self {
        let store = cause.chain().find_map(|e| e.downcast_ref::<StoreError>());
        // Any other error is a bug or a configuration error, which a retry does not fix.
        let error = if store.is_some_and(StoreError::is_database_failure) {
            Self::unavailable(DATABASE_RETRY_AFTER_SECS)
        } else {
            Self::internal()
        };
        Self { cause: Some(cause), ..error }
    }
}

impl From<AccountError> for WebError {
    fn from(cause: AccountError) -> Self {
        Self::from(anyhow::Error::from(cause))
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
