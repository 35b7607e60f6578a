//! The trait of the contexts of pages.

use serde::Serialize;

/// Context of a page, with the name of its template and samples for checking it.
pub trait View: Serialize + Sized {
    /// Name of the template, for example `web/index`.
    const TEMPLATE: &'static str;

    /// Returns sample contexts for every state of the page.
    fn samples() -> Vec<Self>;
}
