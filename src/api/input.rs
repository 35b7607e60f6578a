//! Parts of a request: parameters of the path and the query, and the JSON body. An invalid part
//! becomes a problem.

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::http::Problem;

/// Parameters of the path.
#[derive(Debug)]
pub(super) struct PathParams<T>(pub(super) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for PathParams<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        if parts.uri.path().contains("%00") {
            return Err(Problem::bad_request("the path contains a NUL character"));
        }
        match Path::<T>::from_request_parts(parts, state).await {
            Ok(Path(values)) => Ok(Self(values)),
            Err(rejection) => Err(Problem::bad_request(format!(
                "the path is not valid: {}",
                rejection.body_text()
            ))),
        }
    }
}

/// Parameters of the query; unknown ones are refused, because a misspelt filter would select
/// everything.
#[derive(Debug)]
pub(super) struct QueryParams<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for QueryParams<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parse_query(&query_pairs(parts)?).map(Self)
    }
}

/// Returns the names and values in a query.
pub(super) fn query_pairs(parts: &Parts) -> Result<Vec<(String, String)>, Problem> {
    let query = parts.uri.query().unwrap_or_default();
    let pairs: Vec<(String, String)> =
        url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    if pairs.iter().any(|(name, value)| name.contains('\0') || value.contains('\0')) {
        return Err(Problem::bad_request("the query contains a NUL character"));
    }
    Ok(pairs)
}

/// Reads names and values into a struct that denies unknown fields.
pub(super) fn parse_query<T: DeserializeOwned>(pairs: &[(String, String)]) -> Result<T, Problem> {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(pairs);
    let uri = axum::http::Uri::try_from(format!("/?{}", query.finish()))
        .map_err(|_| Problem::bad_request("the query is not valid"))?;
    axum::extract::Query::<T>::try_from_uri(&uri)
        .map(|values| values.0)
        .map_err(|rejection| Problem::bad_request(format!("the query is not valid: {rejection}")))
}

/// A JSON body, parsed into `T`.
#[derive(Debug)]
pub(super) struct JsonBody<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for JsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        if !is_json(request.headers()) {
            return Err(Problem::unsupported_media_type());
        }
        let body = Bytes::from_request(request, state)
            .await
            .map_err(|rejection| Problem::invalid_body(rejection.status()))?;
        parse_body(&body).map(Self)
    }
}

/// Parses a body; a value of the wrong type is a problem of its field.
fn parse_body<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    let value: Value = serde_json::from_slice(body)
        .map_err(|reason| Problem::bad_request(format!("the body is not valid JSON: {reason}")))?;
    // A derived struct can also be read from an array.
    if !value.is_object() {
        return Err(Problem::invalid_field("", "the body must be a JSON object"));
    }
    if let Some(pointer) = find_nul(&value, String::new()) {
        return Err(Problem::invalid_field(pointer, "the text contains a NUL character"));
    }
    serde_path_to_error::deserialize(value).map_err(|error| {
        let pointer = error.path().iter().map(pointer_segment).collect::<String>();
        Problem::invalid_field(pointer, error.into_inner().to_string())
    })
}

fn pointer_segment(segment: &serde_path_to_error::Segment) -> String {
    use serde_path_to_error::Segment;
    match segment {
        Segment::Seq { index } => format!("/{index}"),
        Segment::Map { key } => format!("/{}", escape(key)),
        Segment::Enum { variant } => format!("/{}", escape(variant)),
        Segment::Unknown => String::new(),
    }
}

/// Returns the JSON pointer to a value: the keys and positions that lead to it.
pub(super) fn json_pointer(path: &[String]) -> String {
    path.iter().map(|key| format!("/{}", escape(key))).collect()
}

/// Escapes a key for a JSON pointer (RFC 6901, section 3).
fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// Returns the pointer to a text or key with NUL, which PostgreSQL cannot store.
fn find_nul(value: &Value, pointer: String) -> Option<String> {
    match value {
        Value::String(text) => text.contains('\0').then_some(pointer),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .find_map(|(index, item)| find_nul(item, format!("{pointer}/{index}"))),
        Value::Object(fields) => fields.iter().find_map(|(key, field)| {
            if key.contains('\0') {
                return Some(pointer.clone());
            }
            find_nul(field, format!("{pointer}/{}", escape(key)))
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let media_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = media_type.and_then(|value| value.split(';').next()).unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/json")
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Sample {
        #[expect(dead_code, reason = "only its type matters")]
        names: Vec<String>,
    }

    fn problem_of(body: &str) -> String {
        format!("{:?}", parse_body::<Sample>(body.as_bytes()).unwrap_err())
    }

    #[test]
    fn an_invalid_field_is_named_by_its_pointer() {
        assert!(problem_of(r#"{"names":["a",5]}"#).contains("\"/names/1\""));
        assert!(problem_of(r#"{"names":["a","b\u0000"]}"#).contains("\"/names/1\""));
        assert!(problem_of(r#"{"names":[],"a~/b":1}"#).contains("unknown field"));
        assert!(problem_of(r#"{}"#).contains("missing field `names`"));
        assert!(problem_of(r#"[["a"]]"#).contains("must be a JSON object"));
        assert!(problem_of("{").contains("not valid JSON"));
    }

    #[test]
    fn keys_of_pointers_are_escaped() {
        assert_eq!(escape("a~/b"), "a~0~1b");
        assert_eq!(json_pointer(&["titles".to_owned(), "zh/cn".to_owned()]), "/titles/zh~1cn");
    }
}
