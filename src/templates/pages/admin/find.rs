//! Context of the search over the admin area.

use serde::Serialize;

use super::frame::{AdminFrame, framed};
use crate::templates::pages::view::View;

/// Context of the page `/admin/find`.
#[derive(Debug, Clone, Default, Serialize)]
pub struct FindPage {
    /// Context common to all pages of the admin area.
    #[serde(flatten)]
    pub frame: AdminFrame,
    /// Text that was searched for.
    pub query: String,
    /// Results of the search by kind.
    pub found: Vec<FoundGroup>,
}

/// Results of one kind.
#[derive(Debug, Clone, Default, Serialize)]
pub struct FoundGroup {
    /// Catalog key of the kind.
    pub title_key: String,
    /// Results of this kind, best first.
    pub items: Vec<FoundItem>,
}

/// Result of a search.
#[derive(Debug, Clone, Default, Serialize)]
pub struct FoundItem {
    /// Name of the object.
    pub text: String,
    /// Text that distinguishes it from others; may be empty.
    pub detail: String,
    /// URL of its page.
    pub url: String,
}

impl View for FindPage {
    const TEMPLATE: &'static str = "web/admin/find";

    fn samples() -> Vec<Self> {
        let item = FoundItem {
            text: "m.muster@example.edu".into(),
            detail: "M. Muster".into(),
            url: "/admin/subscribers/7".into(),
        };
        let group = FoundGroup { title_key: "admin-found-people".into(), items: vec![item] };
        let mut samples =
            framed(|frame| Self { frame, query: "muster".into(), found: vec![group.clone()] });
        samples.extend(framed(|frame| Self { frame, query: "xyz".into(), found: Vec::new() }));
        samples
    }
}
