//! Parts of lists: the page that the address names, and the links to the other pages and filters.

use url::form_urlencoded::Serializer;

use super::visit::Visit;
use crate::domain::page::{Cursor, Page, PageRequest};
use crate::templates::pages::{Chip, Pager};

/// Number of rows on a page.
pub(super) const PAGE_SIZE: usize = 50;
/// Query parameter with the position after which a page begins.
const AFTER: &str = "after";

impl Visit {
    /// Returns the page of a list that the address names.
    pub(super) fn page_request(&self) -> PageRequest {
        PageRequest { limit: PAGE_SIZE, after: self.param(AFTER).map(Cursor::from_client) }
    }

    /// Returns the query of the address with other values of some parameters, without position, messages and
    /// a comparison that is being added to a filter.
    pub(super) fn query_with(&self, changes: &[(&str, Option<&str>)]) -> String {
        let is_kept = |name: &str| {
            ![AFTER, "done", "refused", "add"].contains(&name)
                && !name.starts_with("add_")
                && !changes.iter().any(|(changed, _)| *changed == name)
        };
        let kept =
            self.client.query.iter().filter(|(name, value)| is_kept(name) && !value.is_empty());
        let kept = kept.map(|(name, value)| (name.as_str(), value.as_str()));
        let changed = changes.iter().filter_map(|(name, value)| Some((*name, (*value)?)));
        let mut query = Serializer::new(String::new());
        query.extend_pairs(kept.chain(changed));
        format!("?{}", query.finish())
    }

    /// Returns the links to the other pages of a list.
    pub(super) fn pager<T>(&self, page: &Page<T>) -> Pager {
        let next = page.next.as_ref();
        Pager {
            first: self.param(AFTER).map(|_| self.query_with(&[])),
            next: next.map(|cursor| self.query_with(&[(AFTER, Some(cursor.as_str()))])),
        }
    }

    /// Returns a filter of a list: the value of a query parameter, `None` for all.
    pub(super) fn chip(
        &self,
        parameter: &str,
        value: Option<&str>,
        text: String,
        count: Option<i64>,
    ) -> Chip {
        Chip {
            text,
            count,
            url: self.query_with(&[(parameter, value)]),
            is_current: self.param(parameter) == value,
        }
    }
}
