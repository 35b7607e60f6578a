//! Documents about segments, the named filters over subscribers.

use serde::Serialize;
use utoipa::ToSchema;

use crate::config;

/// Segment with the number of its subscribers.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Segment {
    /// Name of the segment in the configuration.
    pub name: String,
    /// Title of the segment for people.
    pub title: String,
    /// Filter that selects the subscribers.
    pub filter: String,
    /// Number of subscribers that the filter selects now.
    pub subscribers: i64,
}

impl Segment {
    /// Returns the document of a segment that selects this number of subscribers.
    pub fn new(segment: &config::Segment, subscribers: i64) -> Self {
        Self {
            name: segment.name.clone(),
            title: segment.title.clone(),
            filter: segment.filter.text.clone(),
            subscribers,
        }
    }
}
