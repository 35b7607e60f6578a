//! Pages of lists: `limit` and `cursor` in, `next` and `Link` out. A cursor is authenticated together
//! with the list that it belongs to, so that another list refuses it.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use hmac::{Hmac, KeyInit, Mac};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use utoipa::ToSchema;

use super::caller::SharedApi;
use super::input::{parse_query, query_pairs};
use super::output::{ApiResult, json};
use crate::domain::page::{Cursor, InvalidCursor, MAX_PAGE_SIZE, Page, PageRequest};
use crate::http::Problem;

/// Number of items on a page without `limit`.
const DEFAULT_PAGE_SIZE: usize = 50;

/// Position and size of a page.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct PageParams {
    /// Maximum number of items
    #[param(minimum = 1, maximum = 1000, default = 50)]
    limit: Option<usize>,
    /// `next` of the previous page
    cursor: Option<String>,
}

/// Filter of a list that has none.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NoFilter {}

/// Page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ItemPage<T> {
    /// Items of the page.
    items: Vec<T>,
    /// Cursor of the next page; `null` on the last page.
    #[schema(required)]
    next: Option<String>,
}

/// Request for a page of a list.
#[derive(Debug)]
pub(super) struct ListQuery<F> {
    /// Filter of the list.
    pub(super) filter: F,
    /// Size and position of the page.
    pub(super) page: PageRequest,
    /// Path and filter of the list.
    list: String,
    /// Query of the page without its cursor.
    query: Vec<(String, String)>,
    secret: Vec<u8>,
}

impl<F: DeserializeOwned> FromRequestParts<SharedApi> for ListQuery<F> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &SharedApi) -> Result<Self, Problem> {
        let is_page = |(name, _): &(String, String)| name == "limit" || name == "cursor";
        let (page, mut filters): (Vec<_>, Vec<_>) =
            query_pairs(parts)?.into_iter().partition(is_page);
        let filter = parse_query(&filters)?;
        filters.sort();
        let params: PageParams = parse_query(&page)?;
        let limit = params.limit.unwrap_or(DEFAULT_PAGE_SIZE);
        if !(1..=MAX_PAGE_SIZE).contains(&limit) {
            return Err(Problem::bad_request(format!("`limit` must be from 1 to {MAX_PAGE_SIZE}")));
        }
        let list = format!("{}?{filters:?}", parts.uri.path());
        let secret = api.app.store_identity.secret.clone();
        let after = params.cursor.map(|text| open(&secret, &list, &text)).transpose();
        let after = after.map_err(|reason| Problem::bad_request(reason.to_string()))?;
        let query = filters.into_iter().chain([("limit".to_owned(), limit.to_string())]).collect();
        Ok(Self {
            filter,
            page: PageRequest { limit, after },
            list,
            query,
            secret: secret.to_vec(),
        })
    }
}

impl<F> ListQuery<F> {
    /// Returns a page of documents, and of the next page its cursor and its link (RFC 8288).
    pub(super) fn respond<R, T: Serialize>(
        &self,
        page: Page<R>,
        document: impl Fn(R) -> T,
    ) -> ApiResult {
        let next = page.next.map(|cursor| seal(&self.secret, &self.list, &cursor));
        let items = page.items.into_iter().map(document).collect();
        let mut response = json(StatusCode::OK, &ItemPage { items, next: next.clone() })?;
        if let Some(cursor) = next {
            let mut query = url::form_urlencoded::Serializer::new(String::new());
            query.extend_pairs(&self.query).append_pair("cursor", &cursor);
            if let Ok(link) = HeaderValue::try_from(format!("<?{}>; rel=\"next\"", query.finish()))
            {
                response.headers_mut().insert(header::LINK, link);
            }
        }
        Ok(response)
    }

    /// Returns a page of a list that is in memory, whose position is the number of items before it.
    pub(super) fn respond_from<R, T: Serialize>(
        &self,
        all: impl Iterator<Item = R>,
        document: impl Fn(R) -> T,
    ) -> ApiResult {
        let start = self.page.key_or(0_usize);
        let start = start.map_err(|reason| Problem::bad_request(reason.to_string()))?;
        let rows = all.skip(start).take(self.page.rows_to_read()).collect();
        let end = start + self.page.limit;
        self.respond(Page::from_rows(rows, self.page.limit, |_| end), document)
    }
}

/// Returns the text of a cursor for clients.
fn seal(secret: &[u8], list: &str, cursor: &Cursor) -> String {
    format!("{}.{}", cursor.as_str(), hex::encode(&tag(secret, list, cursor.as_str())[..12]))
}

/// Returns the cursor of a text that a client sent.
fn open(secret: &[u8], list: &str, text: &str) -> Result<Cursor, InvalidCursor> {
    let (cursor, sent) = text.split_once('.').ok_or(InvalidCursor)?;
    let sent = hex::decode(sent).map_err(|_| InvalidCursor)?;
    let expected = tag(secret, list, cursor);
    let is_authentic = subtle::ConstantTimeEq::ct_eq(&expected[..12], sent.as_slice());
    if bool::from(is_authentic) { Ok(Cursor::from_client(cursor)) } else { Err(InvalidCursor) }
}

fn tag(secret: &[u8], list: &str, cursor: &str) -> [u8; 32] {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret) else {
        unreachable!("HMAC accepts keys of any length")
    };
    for part in ["cursor", list, cursor] {
        mac.update(part.as_bytes());
        mac.update(b"\n");
    }
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_valid_only_for_its_own_list() {
        let cursor = Cursor::new(&7);
        let text = seal(b"secret", "/api/v1/editions", &cursor);
        assert_eq!(open(b"secret", "/api/v1/editions", &text), Ok(cursor));
        assert_eq!(open(b"secret", "/api/v1/audit", &text), Err(InvalidCursor));
        assert_eq!(open(b"other", "/api/v1/editions", &text), Err(InvalidCursor));
        for forged in ["", ".", "Nw", "Nw.", "Nw.00", "Ng.000000000000000000000000"] {
            assert_eq!(open(b"secret", "/api/v1/editions", forged), Err(InvalidCursor), "{forged}");
        }
    }
}
