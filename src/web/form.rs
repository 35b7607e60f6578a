//! Form data of a request: urlencoded or, as RFC 8058 allows for one-click unsubscription,
//! multipart/form-data.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use url::form_urlencoded;

use super::error::WebError;
use super::state::SharedState;

/// Submitted fields, in order of submission.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Form(Vec<(String, String)>);

impl Form {
    /// Returns the first value of a field, trimmed; empty if the field is missing.
    pub(super) fn first(&self, name: &str) -> &str {
        self.0.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.trim())
    }

    /// Returns the first value of a field unchanged; `None` if the field is missing.
    pub(super) fn first_verbatim(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Returns all non-blank values of a field, trimmed.
    pub(super) fn all(&self, name: &str) -> Vec<String> {
        self.0
            .iter()
            .filter(|(key, value)| key == name && !value.trim().is_empty())
            .map(|(_, value)| value.trim().to_owned())
            .collect()
    }

    fn parse(content_type: &str, body: &[u8]) -> Self {
        match boundary(content_type) {
            Some(boundary) => Self(multipart(&String::from_utf8_lossy(body), &boundary)),
            None => Self(form_urlencoded::parse(body).into_owned().collect()),
        }
    }
}

impl FromRequest<SharedState> for Form {
    type Rejection = WebError;

    async fn from_request(request: Request, web: &SharedState) -> Result<Self, WebError> {
        let content_type = request
            .headers()
            .get(header::CONTENT_TYPE)
            .and_then(|v| v.to_str().ok())
            .unwrap_or_default()
            .to_owned();
        let body = Bytes::from_request(request, web).await.map_err(|rejection| match rejection
            .into_response()
            .status()
        {
            StatusCode::PAYLOAD_TOO_LARGE => WebError::too_large(),
            _ => WebError::bad_request(),
        })?;
        Ok(Self::parse(&content_type, &body))
    }
}

/// Returns the boundary of a multipart/form-data type; `None` for other types.
fn boundary(content_type: &str) -> Option<String> {
    let mut parts = content_type.split(';').map(str::trim);
    if !parts.next()?.eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    parts.find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        let value = value.trim().trim_matches('"');
        (name.trim().eq_ignore_ascii_case("boundary") && !value.is_empty())
            .then(|| value.to_owned())
    })
}

/// Returns the named parts of a multipart body (RFC 7578); malformed parts are skipped.
fn multipart(body: &str, boundary: &str) -> Vec<(String, String)> {
    let line_end = |text: &str| {
        text.strip_prefix("\r\n").map_or_else(|| text.strip_prefix('\n').is_some(), |_| true)
    };
    let part = |part: &str| {
        // The last delimiter is followed by `--` instead of a line end.
        if !line_end(part) {
            return None;
        }
        let (head, value) = part.split_once("\r\n\r\n").or_else(|| part.split_once("\n\n"))?;
        let disposition = head
            .lines()
            .find(|line| line.to_ascii_lowercase().starts_with("content-disposition:"))?;
        let name = disposition
            .split(';')
            .map(str::trim)
            .find_map(|p| p.strip_prefix("name="))?
            .trim_matches('"');
        let value = value.strip_suffix('\n').unwrap_or(value);
        Some((name.to_owned(), value.strip_suffix('\r').unwrap_or(value).to_owned()))
    };
    body.split(&format!("--{boundary}")).skip(1).filter_map(part).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_encodings_parse_to_the_same_fields() {
        let plain = Form::parse(
            "application/x-www-form-urlencoded",
            b"List-Unsubscribe=One-Click&name=A+%26+B",
        );
        let body = "--x-1\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--x-1\r\n\
                    content-disposition: form-data; name=\"name\"\r\nContent-Type: text/plain\r\n\r\nA & B\r\n--x-1--\r\n";
        assert_eq!(Form::parse("Multipart/Form-Data; boundary=\"x-1\"", body.as_bytes()), plain);
        assert_eq!(
            (plain.first("List-Unsubscribe"), plain.first("name"), plain.first("none")),
            ("One-Click", "A & B", "")
        );
    }

    proptest::proptest! {
        #[test]
        fn arbitrary_bodies_never_panic(body in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200), kind in "(multipart/form-data; ?)?(boundary=)?[-ab\"]{0,4}") {
            Form::parse(&kind, &body);
        }

        #[test]
        fn multipart_values_are_unchanged(value in "[^\r\n\u{fffd}-]{0,40}") {
            let body = format!("--b\r\nContent-Disposition: form-data; name=\"v\"\r\n\r\n{value}\r\n--b--");
            proptest::prop_assert_eq!(Form::parse("multipart/form-data; boundary=b", body.as_bytes()), Form(vec![("v".into(), value)]));
        }
    }
}
