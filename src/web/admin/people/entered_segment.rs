//! Values that a person entered in the form of a segment.

use super::requests::FieldError;
use crate::web::form::Form;

/// Values of the form of a segment.
#[derive(Debug, Clone, Default)]
pub(super) struct EnteredSegment {
    pub(super) name: String,
    pub(super) title: String,
    pub(super) filter: String,
    /// Version that the form shows; empty for a new segment.
    pub(super) version: String,
    /// `true` if somebody changed the segment after the form was loaded.
    pub(super) is_outdated: bool,
    /// Field that is not valid.
    pub(super) error: Option<FieldError>,
}

impl EnteredSegment {
    /// Reads the fields of a submitted form.
    pub(super) fn read(form: &Form) -> Self {
        let field = |name: &str| form.first(name).to_owned();
        Self {
            name: field("name"),
            title: field("title"),
            filter: field("filter"),
            version: field("version"),
            ..Self::default()
        }
    }

    /// Returns the sentence about a field that is not valid.
    pub(super) fn error_of(&self, name: &str) -> Option<String> {
        self.error.as_ref().filter(|(field, _)| *field == name).map(|(_, text)| text.clone())
    }
}
