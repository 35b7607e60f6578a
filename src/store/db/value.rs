//! Values of the parameters of a query.

use std::borrow::Cow;

use serde_json::Value as Json;

use crate::domain::time::Millis;

/// Value of a parameter; a missing value has a type, too, which PostgreSQL requires.
#[derive(Debug, Clone)]
pub(crate) enum Value<'q> {
    Integer(Option<i64>),
    Boolean(Option<bool>),
    Text(Option<Cow<'q, str>>),
    Bytes(Vec<u8>),
}

impl From<Vec<u8>> for Value<'_> {
    fn from(value: Vec<u8>) -> Self {
        Self::Bytes(value)
    }
}

impl From<i64> for Value<'_> {
    fn from(value: i64) -> Self {
        Self::Integer(Some(value))
    }
}

impl From<Option<i64>> for Value<'_> {
    fn from(value: Option<i64>) -> Self {
        Self::Integer(value)
    }
}

impl From<Millis> for Value<'_> {
    fn from(value: Millis) -> Self {
        Self::Integer(Some(value.0))
    }
}

impl From<Option<Millis>> for Value<'_> {
    fn from(value: Option<Millis>) -> Self {
        Self::Integer(value.map(|time| time.0))
    }
}

/// Limits and counts; a number beyond the range of the database is its largest one.
impl From<usize> for Value<'_> {
    fn from(value: usize) -> Self {
        Self::Integer(Some(i64::try_from(value).unwrap_or(i64::MAX)))
    }
}

impl From<bool> for Value<'_> {
    fn from(value: bool) -> Self {
        Self::Boolean(Some(value))
    }
}

impl<'q> From<&'q str> for Value<'q> {
    fn from(value: &'q str) -> Self {
        Self::Text(Some(Cow::Borrowed(value)))
    }
}

impl<'q> From<&'q String> for Value<'q> {
    fn from(value: &'q String) -> Self {
        Self::Text(Some(Cow::Borrowed(value)))
    }
}

impl From<String> for Value<'_> {
    fn from(value: String) -> Self {
        Self::Text(Some(Cow::Owned(value)))
    }
}

impl<'q> From<Option<&'q str>> for Value<'q> {
    fn from(value: Option<&'q str>) -> Self {
        Self::Text(value.map(Cow::Borrowed))
    }
}

impl<'q> From<&'q Option<String>> for Value<'q> {
    fn from(value: &'q Option<String>) -> Self {
        Self::Text(value.as_deref().map(Cow::Borrowed))
    }
}

impl From<Option<String>> for Value<'_> {
    fn from(value: Option<String>) -> Self {
        Self::Text(value.map(Cow::Owned))
    }
}

/// A list is passed as one JSON array (`{json_texts $names}`).
impl From<&[String]> for Value<'_> {
    fn from(list: &[String]) -> Self {
        Json::from(list).to_string().into()
    }
}

/// A list is passed as one JSON array (`{json_ids $ids}`).
impl From<&[i64]> for Value<'_> {
    fn from(list: &[i64]) -> Self {
        Json::from(list).to_string().into()
    }
}

/// Rows are passed as one JSON array of objects (`{json_rows $rows …}`).
impl From<Json> for Value<'_> {
    fn from(json: Json) -> Self {
        json.to_string().into()
    }
}
