//! Adds the operations on definitions once for each kind, under the path and with the permissions of the
//! kind.

use axum::Extension;
use utoipa::openapi::path::Paths;
use utoipa_axum::router::UtoipaMethodRouter;
use utoipa_axum::routes;

use super::documents::schemas;
use super::{changes, versions};
use crate::api::caller::SharedApi;
use crate::api::operations::Operations;
use crate::domain::definition::DefinitionKind;

/// Name of the schema that the operations of this module name for the document of any kind.
const ANY_DOCUMENT: &str = "FeedDetails";

/// Adds the operations of all kinds.
pub(in crate::api) fn add_operations(operations: Operations) -> Operations {
    DefinitionKind::ALL.into_iter().fold(operations, add_kind)
}

fn add_kind(operations: Operations, kind: DefinitionKind) -> Operations {
    let reads = [
        routes!(changes::show_definition),
        routes!(versions::show_definition_dependents),
        routes!(versions::list_definition_versions),
        routes!(versions::show_definition_version),
    ];
    let writes = [
        routes!(changes::create_definition),
        routes!(changes::replace_definition),
        routes!(changes::delete_definition),
        routes!(changes::rename_definition),
        routes!(versions::restore_definition),
    ];
    let (read, write) = (kind.read_permission(), kind.write_permission());
    let operations =
        reads.into_iter().fold(operations, |all, one| all.add(read, of_kind(kind, one)));
    writes.into_iter().fold(operations, |all, one| all.add(write, of_kind(kind, one)))
}

/// Returns operations on definitions as operations on definitions of one kind.
fn of_kind(
    kind: DefinitionKind,
    (mut all_schemas, paths, methods): UtoipaMethodRouter<SharedApi>,
) -> UtoipaMethodRouter<SharedApi> {
    let (document, own_schemas) = schemas(kind);
    all_schemas.retain(|(name, _)| name != ANY_DOCUMENT);
    all_schemas.extend(own_schemas);
    let renamed = named(&paths, kind, &document);
    (all_schemas, renamed, methods.layer(Extension(kind)))
}

/// Returns paths in whose texts the word for definitions is replaced by that for the kind.
fn named(paths: &Paths, kind: DefinitionKind, document: &str) -> Paths {
    // Paths are written and read by the same library.
    let text = serde_json::to_string(paths).unwrap_or_default();
    let text = text.replace("definition", kind.as_str()).replace(ANY_DOCUMENT, document);
    serde_json::from_str(&text).unwrap_or_default()
}
