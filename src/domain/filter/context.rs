//! Names that a filter may use.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;

use crate::domain::attribute::AttributeType;

/// Names that filters may use, and the time zone of their days.
#[derive(Debug, Clone, Copy)]
pub struct FilterContext<'a> {
    /// Known attributes with their types; `None` accepts any, to check a filter without the database.
    pub attributes: Option<&'a BTreeMap<String, AttributeType>>,
    /// Names of the configured digests.
    pub digests: &'a [String],
    /// Filters of the segments by name; `None` inside the filter of a segment.
    pub segments: Option<&'a BTreeMap<String, String>>,
    /// Time zone in which days begin.
    pub timezone: &'a TimeZone,
}

/// The names of an installation, with which its filters are checked.
#[derive(Debug, Clone)]
pub struct FilterNames {
    /// Known attributes with their types; `None` accepts any, to check a filter without the database.
    pub attributes: Option<BTreeMap<String, AttributeType>>,
    /// Names of the configured digests.
    pub digests: Vec<String>,
    /// Filters of the segments by name.
    pub segments: BTreeMap<String, String>,
    /// Time zone in which days begin.
    pub timezone: TimeZone,
}

impl FilterNames {
    /// Returns the context in which filters are checked.
    pub fn context(&self) -> FilterContext<'_> {
        FilterContext {
            attributes: self.attributes.as_ref(),
            digests: &self.digests,
            segments: Some(&self.segments),
            timezone: &self.timezone,
        }
    }
}
