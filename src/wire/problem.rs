//! Documents about errors of the API: problem details (RFC 9457).

use serde::Serialize;
use utoipa::ToSchema;

/// Error of a request as problem details (RFC 9457).
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ProblemDetails {
    /// URI of the kind of problem; `about:blank` if the status says it all.
    #[serde(rename = "type")]
    pub kind: String,
    /// Reason phrase of the status, for example `Not Found`.
    pub title: String,
    /// HTTP status code of the response.
    pub status: u16,
    /// Explanation of this occurrence as a sentence.
    pub detail: String,
    /// Each invalid field; empty if the problem concerns the whole request.
    pub errors: Vec<FieldError>,
}

/// Problem of one field of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldError {
    /// JSON pointer (RFC 6901) to the field; empty for the whole document.
    pub pointer: String,
    /// Problem and remedy as a sentence.
    pub detail: String,
}
