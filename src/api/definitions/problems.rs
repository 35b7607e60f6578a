//! Errors of changes of definitions as problems that name each field.

use crate::api::caller::Caller;
use crate::api::input::json_pointer;
use crate::config;
use crate::definitions::{self, DefinitionError};
use crate::domain::definition::DefinitionKind;
use crate::http::Problem;
use crate::wire::problem::FieldError;

/// Returns the problem of a change that does not send settings.
pub(super) fn to_problem(
    error: DefinitionError,
    caller: &Caller,
    kind: DefinitionKind,
    name: &str,
) -> Problem {
    match error {
        DefinitionError::Invalid(reasons) => Problem::conflict(reasons.to_string()),
        DefinitionError::UnknownTemplate { .. } | DefinitionError::Conflict => {
            Problem::conflict(error.to_string())
        }
        DefinitionError::InFile { .. } => defined_in_file(caller, kind, name),
        DefinitionError::NotFound { .. } => Problem::not_found(error.to_string()),
        DefinitionError::Store(cause) => cause.into(),
    }
}

/// Returns the problem of a change whose settings are in the body.
pub(super) fn to_field_problem(
    error: DefinitionError,
    caller: &Caller,
    kind: DefinitionKind,
    name: &str,
) -> Problem {
    match definitions::errors_by_field(error, kind, name) {
        Ok(errors) => invalid_settings(errors),
        Err(other) => to_problem(other, caller, kind, name),
    }
}

/// Returns the problem of settings with errors.
pub(super) fn invalid_settings(errors: Vec<config::FieldError>) -> Problem {
    let errors = errors.into_iter().map(|error| FieldError {
        pointer: format!("/settings{}", json_pointer(&error.path)),
        detail: error.message,
    });
    Problem::invalid_fields(errors.collect())
}

/// Returns the problem of a table that only the config file can change.
pub(super) fn defined_in_file(caller: &Caller, kind: DefinitionKind, name: &str) -> Problem {
    let file = caller.app.config.path.display();
    let line = caller.app.config.line_in_file(kind, name).unwrap_or(1);
    Problem::conflict(format!("{file}:{line} defines the {kind} {name:?}; change it there"))
}
