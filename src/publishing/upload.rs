//! A document as it is uploaded to a destination.

use std::sync::Arc;

use crate::feeds::rendered::RenderedFeed;

/// A document with the headers to upload it with.
#[derive(Debug)]
pub(super) struct Upload {
    pub(super) file: String,
    pub(super) rendered: Arc<RenderedFeed>,
    pub(super) content_type: String,
    pub(super) cache_control: String,
}
