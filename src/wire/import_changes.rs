//! Documents about the stored values that an import changes.

use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::import_changes;

/// Known person whose stored values an import changes.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ChangedPerson {
    /// Id of the subscriber.
    pub id: i64,
    /// E-mail address of the person.
    pub email: String,
    /// The first 20 changed values.
    pub values: Vec<ChangedValue>,
    /// Number of further values that change.
    pub more_values: usize,
}

/// Stored value that an import changes.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ChangedValue {
    /// `name`, `language`, `timezone`, `sections`, `tags` or `attribute NAME`.
    pub field: String,
    /// Stored value, shortened to 200 characters; `null` if there was none.
    #[schema(required)]
    pub old: Option<String>,
    /// Value of the file, shortened to 200 characters.
    pub new: String,
}

impl From<&import_changes::ChangedPerson> for ChangedPerson {
    fn from(person: &import_changes::ChangedPerson) -> Self {
        let value = |value: &import_changes::ChangedValue| ChangedValue {
            field: value.field.clone(),
            old: value.old.clone(),
            new: value.new.clone(),
        };
        Self {
            id: person.id,
            email: person.address.clone(),
            values: person.values.iter().map(value).collect(),
            more_values: person.more,
        }
    }
}
