//! Documents about segments, the named filters over subscribers.

use serde::Serialize;
use serde_json::Value;
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

/// Segment with its settings, without the number that changes by itself.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SegmentDetails {
    /// Name of the segment in the configuration.
    pub name: String,
    /// Title of the segment for people.
    pub title: String,
    /// Filter that selects the subscribers.
    pub filter: String,
    /// Number of its newest version; `null` if the config file defines the segment.
    #[schema(required)]
    pub version: Option<i64>,
    /// Keys and values as in `[[segments]]`; `null` if the config file defines the segment.
    #[schema(required, value_type = Option<Object>)]
    pub settings: Option<Value>,
}

impl SegmentDetails {
    /// Returns the document of a segment; `version` and `settings` are those of its definition in the
    /// database.
    pub fn new(segment: &config::Segment, version: Option<i64>, settings: Option<Value>) -> Self {
        Self {
            name: segment.name.clone(),
            title: segment.title.clone(),
            filter: segment.filter.text.clone(),
            version,
            settings,
        }
    }
}
