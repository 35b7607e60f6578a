//! Pages that exist only in the demo: the mailbox, the publishing form and the sample college's
//! articles.

pub(super) mod article;
pub(super) mod mailbox;
pub(super) mod publish;

use super::error::{WebError, WebResult};
use crate::web::state::{Demo, WebState};

/// Returns the demo's settings, or "not found" outside the demo.
fn require_demo(web: &WebState) -> WebResult<&Demo> {
    web.demo.as_ref().ok_or_else(WebError::not_found)
}
