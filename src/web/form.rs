//! Form data of a request: urlencoded or, as RFC 8058 allows for one-click unsubscription,
//! multipart/form-data.

use axum::body::Bytes;
use axum::extract::{FromRequest, Multipart, Request};
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use url::form_urlencoded;

use super::error::WebError;
use super::state::SharedState;

/// Submitted fields, in order of submission.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Form(Vec<(String, String)>);

impl Form {
    /// Creates a form with these fields, as if they had been submitted.
    pub(super) fn from_pairs(pairs: Vec<(String, String)>) -> Self {
        Self(pairs)
    }

    /// Returns the first value of a field, trimmed; empty if the field is missing.
    pub(super) fn first(&self, name: &str) -> &str {
        self.0.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.trim())
    }

    /// Returns the first value of a field unchanged; `None` if the field is missing.
    pub(super) fn first_verbatim(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Returns the names of the fields, in order of submission.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }

    /// Creates a form with these fields.
    #[cfg(test)]
    pub(super) fn of(pairs: &[(&str, &str)]) -> Self {
        Self(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    /// Returns all non-blank values of a field, trimmed.
    pub(super) fn all(&self, name: &str) -> Vec<String> {
        self.0
            .iter()
            .filter(|(key, value)| key == name && !value.trim().is_empty())
            .map(|(_, value)| value.trim().to_owned())
            .collect()
    }
}

impl FromRequest<SharedState> for Form {
    type Rejection = WebError;

    async fn from_request(request: Request, web: &SharedState) -> Result<Self, WebError> {
        let content_type = request.headers().get(header::CONTENT_TYPE);
        let is_multipart = content_type
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.split(';').next())
            .is_some_and(|kind| kind.trim().eq_ignore_ascii_case("multipart/form-data"));
        if is_multipart {
            let parts = Multipart::from_request(request, web).await;
            return read_parts(parts.map_err(|_| WebError::bad_request())?).await;
        }
        let body = Bytes::from_request(request, web)
            .await
            .map_err(|rejection| body_error(rejection.into_response().status()))?;
        Ok(Self(form_urlencoded::parse(&body).into_owned().collect()))
    }
}

/// Reads the named parts of a multipart body (RFC 7578) as texts.
async fn read_parts(mut parts: Multipart) -> Result<Form, WebError> {
    let mut fields = Vec::new();
    while let Some(part) = parts.next_field().await.map_err(|e| body_error(e.status()))? {
        let Some(name) = part.name().map(str::to_owned) else { continue };
        fields.push((name, part.text().await.map_err(|e| body_error(e.status()))?));
    }
    Ok(Form(fields))
}

fn body_error(status: StatusCode) -> WebError {
    match status {
        StatusCode::PAYLOAD_TOO_LARGE => WebError::too_large(),
        _ => WebError::bad_request(),
    }
}
