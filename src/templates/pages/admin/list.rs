//! Parts of lists: filters as links, and links to the other pages.

use serde::Serialize;

/// Filter of a list, shown as a link with the number of rows that it selects.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Chip {
    /// Text of the link.
    pub text: String,
    /// Number of rows, if it is known.
    pub count: Option<i64>,
    /// URL of the list with this filter.
    pub url: String,
    /// `true` for the filter in force.
    pub is_current: bool,
}

/// Links from a page of a list to the others.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Pager {
    /// URL of the first page; `None` on it.
    pub first: Option<String>,
    /// URL of the next page; `None` on the last one.
    pub next: Option<String>,
}

impl Chip {
    /// Returns samples of both kinds.
    pub(super) fn samples() -> Vec<Self> {
        let chip = |text: &str, count, is_current| Self {
            text: text.into(),
            count,
            url: "?state=failed".into(),
            is_current,
        };
        vec![chip("All", Some(1_284), true), chip("Failed", None, false)]
    }
}

impl Pager {
    /// Returns a sample with all links.
    pub(super) fn sample() -> Self {
        Self { first: Some("?".into()), next: Some("?after=WzFd".into()) }
    }
}
