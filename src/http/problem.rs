//! API errors as problem details in JSON (RFC 9457).

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::domain::actor::Actor;
use crate::domain::permission::Permission;
use crate::domain::role::Role;
use crate::http::RateLimitExceeded;
use crate::store::StoreError;
use crate::wire::problem::{FieldError, ProblemDetails};

/// Explanation of an error whose cause is only logged.
const INTERNAL_ERROR: &str = "internal server error; see the server log";

/// An API error response.
#[derive(Debug)]
pub(crate) struct Problem {
    status: StatusCode,
    /// Explanation of this occurrence, as one sentence.
    detail: String,
    /// Problems of single fields.
    errors: Vec<FieldError>,
    /// Value of `Retry-After`, in seconds.
    retry_after: Option<i64>,
    /// Value of `WWW-Authenticate` (RFC 6750).
    challenge: Option<&'static str>,
}

impl Problem {
    fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        Self { status, detail, errors: Vec::new(), retry_after: None, challenge: None }
    }

    /// 404: the resource does not exist.
    pub(crate) fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, detail)
    }

    /// 405: the endpoint does not support the request's method.
    pub(crate) fn method_not_allowed() -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method not allowed")
    }

    /// 400: the request is malformed.
    pub(crate) fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }

    /// 403: the actor has the permission, but not for this object.
    pub(crate) fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, detail)
    }

    /// 409: the operation is not possible for this resource.
    pub(crate) fn conflict(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, detail)
    }

    /// 412: the resource is no longer as the client knows it.
    pub(crate) fn precondition_failed() -> Self {
        Self::new(
            StatusCode::PRECONDITION_FAILED,
            "the resource has changed since; read it again and repeat the change with its new ETag",
        )
    }

    /// 415: the body is not JSON.
    pub(crate) fn unsupported_media_type() -> Self {
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "the body must be JSON: send `Content-Type: application/json`",
        )
    }

    /// 422: fields of the body are not valid.
    pub(crate) fn invalid_fields(errors: Vec<FieldError>) -> Self {
        let fields = if errors.len() == 1 { "field" } else { "fields" };
        let detail = format!("the request has {} invalid {fields}", errors.len());
        Self { errors, ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, detail) }
    }

    /// 422: one field of the body is not valid.
    pub(crate) fn invalid_field(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::invalid_fields(vec![FieldError { pointer: pointer.into(), detail: detail.into() }])
    }

    /// 428: the change must name the version that it is based on.
    pub(crate) fn precondition_required() -> Self {
        Self::new(
            StatusCode::PRECONDITION_REQUIRED,
            "the change must name the version that it replaces: send the ETag as `If-Match`",
        )
    }

    /// 422: the request is not possible as a whole.
    pub(crate) fn unprocessable(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, detail)
    }

    /// Adds what is not valid, each as an error of its own.
    pub(crate) fn with_errors(self, errors: Vec<FieldError>) -> Self {
        Self { errors, ..self }
    }

    /// An error that the layers around all routes report by its status alone.
    pub(crate) fn from_status(status: StatusCode) -> Self {
        match status {
            StatusCode::INTERNAL_SERVER_ERROR => Self::new(status, INTERNAL_ERROR),
            StatusCode::SERVICE_UNAVAILABLE => Self::new(status, "unavailable; try again soon"),
            _ => Self::new(status, status.canonical_reason().unwrap_or_default().to_lowercase()),
        }
    }

    /// 413: the uploaded file is too large.
    pub(crate) fn too_large(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, detail)
    }

    /// The request body is too large or incomplete.
    pub(crate) fn invalid_body(status: StatusCode) -> Self {
        Self::new(status, "the request body is larger than 64 KiB or incomplete")
    }

    /// 401: the request has no token.
    pub(crate) fn unauthenticated() -> Self {
        let detail = "missing bearer token: send `Authorization: Bearer TOKEN` (create one with `courant tokens create`)";
        Self {
            challenge: Some("Bearer realm=\"courant\""),
            ..Self::new(StatusCode::UNAUTHORIZED, detail)
        }
    }

    /// 401: the token is unknown, expired or revoked.
    pub(crate) fn invalid_token() -> Self {
        let challenge = Some("Bearer realm=\"courant\", error=\"invalid_token\"");
        Self {
            challenge,
            ..Self::new(StatusCode::UNAUTHORIZED, "this token is unknown, expired or revoked")
        }
    }

    /// 403: the role of the token does not include a permission.
    pub(crate) fn missing_permission(actor: &Actor, permission: Permission) -> Self {
        let roles: Vec<&str> = Role::ALL
            .into_iter()
            .filter(|role| role.grants(permission))
            .map(Role::as_str)
            .collect();
        let detail = format!(
            "the token {} does not have the permission to {}; use a token with the role {}",
            actor.name().unwrap_or_default(),
            permission.describe(),
            roles.join(" or ")
        );
        let challenge = Some("Bearer realm=\"courant\", error=\"insufficient_scope\"");
        Self { challenge, ..Self::new(StatusCode::FORBIDDEN, detail) }
    }

    /// 429: the client's network exceeded its rate limit.
    pub(crate) fn too_many_requests(exceeded: RateLimitExceeded) -> Self {
        Self {
            retry_after: Some(exceeded.retry_after_secs),
            ..Self::new(StatusCode::TOO_MANY_REQUESTS, "too many requests from your network")
        }
    }
}

impl From<anyhow::Error> for Problem {
    /// Errors of flows are one sentence for a person; errors of the database behind them are not.
    fn from(error: anyhow::Error) -> Self {
        match error.chain().find_map(|cause| cause.downcast_ref::<StoreError>()) {
            Some(cause) => Self::from_store(cause),
            None => Self::conflict(format!("{error:#}")),
        }
    }
}

impl From<StoreError> for Problem {
    fn from(cause: StoreError) -> Self {
        Self::from_store(&cause)
    }
}

impl Problem {
    fn from_store(cause: &StoreError) -> Self {
        if let StoreError::Rejected(reason) = cause {
            return Self::conflict(reason.clone());
        }
        tracing::error!("/api: {cause}");
        let has_database_failed = cause.is_database_failure();
        if has_database_failed {
            Self {
                retry_after: Some(30),
                ..Self::new(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "the database is unavailable; try again soon",
                )
            }
        } else {
            Self::new(StatusCode::INTERNAL_SERVER_ERROR, INTERNAL_ERROR)
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let title = self.status.canonical_reason().unwrap_or_default();
        let document = ProblemDetails {
            kind: "about:blank".to_owned(),
            title: title.to_owned(),
            status: self.status.as_u16(),
            detail: self.detail,
            errors: self.errors,
        };
        // Texts and numbers always serialize.
        let text = serde_json::to_string(&document).unwrap_or_default();
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
