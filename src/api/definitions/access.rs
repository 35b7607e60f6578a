//! Access of actors that are limited to some digests: the definitions that they may see and change.

use serde_json::{Map, Value};

use crate::api::caller::Caller;
use crate::definitions::{self, ChangeRefusal};
use crate::domain::definition::DefinitionKind;
use crate::http::Problem;

/// Rejects an actor that may not see a definition.
pub(super) fn check_visible(
    caller: &Caller,
    kind: DefinitionKind,
    name: &str,
) -> Result<(), Problem> {
    match kind {
        DefinitionKind::Feed => Ok(()),
        DefinitionKind::Digest if caller.actor.digests().contains(name) => Ok(()),
        DefinitionKind::Digest => Err(unknown(kind, name)),
        DefinitionKind::Segment | DefinitionKind::Webhook => check_all_digests(caller, kind),
    }
}

/// Rejects an actor that may not change a definition, or not to these settings; `present` are those that
/// they replace.
pub(super) fn check_changeable(
    caller: &Caller,
    kind: DefinitionKind,
    name: &str,
    present: &Map<String, Value>,
    new: &Map<String, Value>,
) -> Result<(), Problem> {
    match definitions::refuse_change(&caller.actor, kind, name, present, new) {
        None => Ok(()),
        Some(ChangeRefusal::OtherDigest) => caller.require_digest(name),
        Some(ChangeRefusal::NoDigest) => check_all_digests(caller, kind),
        Some(ChangeRefusal::Key(key)) => {
            caller.require_all_digests(&format!("`{key}` can concern others"))
        }
    }
}

fn check_all_digests(caller: &Caller, kind: DefinitionKind) -> Result<(), Problem> {
    caller.require_all_digests(&format!("{kind}s belong to no digest"))
}

/// Returns the problem of a definition that does not exist, or that the actor may not see.
pub(super) fn unknown(kind: DefinitionKind, name: &str) -> Problem {
    Problem::not_found(format!("there is no {kind} {name:?}"))
}
