//! History of a definition: its versions under its present and former names, with their differences.

use crate::config::{KeyChange, compare_definitions, former_names};
use crate::domain::definition::DefinitionKind;
use crate::store::definitions::DefinitionVersion;
use crate::store::{Store, StoreResult};

/// Version of a definition with its changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revision {
    /// Name that the definition had in this version.
    pub name: String,
    /// The version, with its author and time.
    pub version: DefinitionVersion,
    /// Keys in which it differs from the version before.
    pub changes: Vec<KeyChange>,
}

/// Returns the versions of a definition, newest first, with those under its former names; none if
/// there never was such a definition.
///
/// # Errors
/// If the database does not respond.
pub async fn history(
    store: &Store,
    kind: DefinitionKind,
    name: &str,
) -> StoreResult<Vec<Revision>> {
    let own = store.definitions().versions(kind, name).await?;
    let newest = own.iter().find_map(|version| version.body.as_deref());
    let former = newest.map(former_names).unwrap_or_default();
    let named = |name: &str, versions: Vec<DefinitionVersion>| {
        let name = name.to_owned();
        versions.into_iter().map(move |version| (name.clone(), version))
    };
    let mut versions: Vec<(String, DefinitionVersion)> = named(name, own).collect();
    for former in former {
        let of_former = store.definitions().versions(kind, &former).await?;
        // A rename ended the definition under its former name, which is not a deletion.
        versions.extend(named(&former, of_former).filter(|(_, version)| version.body.is_some()));
    }
    versions.sort_by_key(|(_, version)| -version.version);
    let before = versions.iter().skip(1).map(|(_, version)| version.body.as_deref());
    let changes: Vec<Vec<KeyChange>> = versions
        .iter()
        .zip(before.chain([None]))
        .map(|((_, version), before)| compare_definitions(before, version.body.as_deref()))
        .collect();
    let revision = |((name, version), changes)| Revision { name, version, changes };
    Ok(versions.into_iter().zip(changes).map(revision).collect())
}
