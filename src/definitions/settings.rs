//! Settings of a definition as the API and the admin area send them, with errors by field.

use serde_json::{Map, Value};

use super::DefinitionError;
use crate::config::{FieldError, definition_body, restore_secrets};
use crate::domain::definition::{Definition, DefinitionKind};
use crate::domain::slug;

/// Returns the definition with these settings. A secret that is `***` is kept from `replaced`, the text
/// that the settings replace.
///
/// # Errors
/// The fields whose values no configuration can have.
pub fn definition_from_settings(
    kind: DefinitionKind,
    name: &str,
    settings: Map<String, Value>,
    replaced: &str,
) -> Result<Definition, Vec<FieldError>> {
    let error = |key: String, message: String| FieldError { path: vec![key], message };
    slug::validate(name).map_err(|reason| vec![error("name".to_owned(), reason)])?;
    let settings = restore_secrets(settings, replaced).map_err(|keys| {
        let reason = "`***` stands for a secret, but none is stored; send the secret";
        keys.into_iter().map(|key| error(key, reason.to_owned())).collect::<Vec<_>>()
    })?;
    let body = definition_body(&settings).map_err(|errors| {
        errors.into_iter().map(|(key, reason)| error(key, reason)).collect::<Vec<_>>()
    })?;
    Ok(Definition { kind, name: name.to_owned(), body })
}

/// Returns the errors of a change by field.
///
/// # Errors
/// The error itself if it is about no field.
pub fn errors_by_field(
    error: DefinitionError,
    kind: DefinitionKind,
    name: &str,
) -> Result<Vec<FieldError>, DefinitionError> {
    match error {
        DefinitionError::Invalid(reasons) => Ok(reasons.field_errors(kind, name)),
        DefinitionError::UnknownTemplate { .. } => {
            Ok(vec![FieldError { path: vec!["template".to_owned()], message: error.to_string() }])
        }
        other => Err(other),
    }
}
