//! Errors of the names that users enter for new objects.

use super::visit::Visit;
use crate::domain::slug;

impl Visit {
    /// Returns the error of a name that is missing or not a slug; `None` if it is valid.
    pub(super) fn name_error(&self, name: &str) -> Option<String> {
        if name.is_empty() {
            return Some(self.text("admin-error-name-empty", &[]));
        }
        slug::validate(name).err()
    }
}
