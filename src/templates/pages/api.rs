//! Context of the reference page of the API.

use serde::Serialize;

use super::context::PageContext;

/// Context of `/api/`, the reference of the API.
#[derive(Debug, Clone, Default, Serialize)]
pub struct ApiPage {
    /// Context common to all pages.
    #[serde(flatten)]
    pub page: PageContext,
    /// Command line of curl that reads a list.
    pub example: String,
    /// Operations, grouped by subject.
    pub groups: Vec<ApiGroup>,
}

/// Operations of the API about one subject.
#[derive(Debug, Clone, Default, Serialize)]
pub struct ApiGroup {
    /// Name of the subject, for example `editions`.
    pub name: String,
    /// Operations in the order of their paths.
    pub operations: Vec<ApiOperation>,
}

/// Operation of the API.
#[derive(Debug, Clone, Default, Serialize)]
pub struct ApiOperation {
    /// Unique name, which is the anchor of the operation.
    pub id: String,
    /// HTTP method in capital letters.
    pub method: String,
    /// Path with placeholders in braces.
    pub path: String,
    /// Effect of the operation as one sentence.
    pub summary: String,
    /// Further explanation, if there is one.
    pub description: Option<String>,
    /// Roles that may call the operation.
    pub roles: Vec<String>,
    /// Parameters and fields of the JSON body.
    pub fields: Vec<ApiField>,
    /// Responses, ordered by status.
    pub responses: Vec<ApiResponse>,
    /// Command line of curl for an operation with a body or a version.
    pub example: Option<String>,
}

/// Parameter or field of a request.
#[derive(Debug, Clone, Default, Serialize)]
pub struct ApiField {
    /// Name of the parameter or field.
    pub name: String,
    /// Part of the request: `path`, `query`, `header` or `body`.
    pub place: String,
    /// Type of the value, for example `string`.
    pub kind: String,
    /// `true` if the request must have it.
    pub required: bool,
    /// Meaning of the value; may be empty.
    pub description: String,
}

/// Response of an operation.
#[derive(Debug, Clone, Default, Serialize)]
pub struct ApiResponse {
    /// HTTP status code of the response.
    pub status: String,
    /// Reason for the response.
    pub description: String,
}
