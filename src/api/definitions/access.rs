//! Access of actors that are limited to some digests: the definitions that they may see and change.

use serde_json::{Map, Value};

use crate::api::caller::Caller;
use crate::domain::definition::DefinitionKind;
use crate::domain::digest_scope::DigestScope;
use crate::http::Problem;

/// Keys of a digest whose values can concern other digests: a filter over subscribers, and names whose
/// subscriptions the digest takes over.
const KEYS_BEYOND_DIGEST: [&str; 2] = ["audience", "was"];

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
    if kind != DefinitionKind::Digest {
        return check_all_digests(caller, kind);
    }
    caller.require_digest(name)?;
    if caller.actor.digests() == DigestScope::All {
        return Ok(());
    }
    match KEYS_BEYOND_DIGEST.into_iter().find(|&key| present.get(key) != new.get(key)) {
        Some(key) => caller.require_all_digests(&format!("`{key}` can concern others")),
        None => Ok(()),
    }
}

fn check_all_digests(caller: &Caller, kind: DefinitionKind) -> Result<(), Problem> {
    caller.require_all_digests(&format!("{kind}s belong to no digest"))
}

/// Returns the problem of a definition that does not exist, or that the actor may not see.
pub(super) fn unknown(kind: DefinitionKind, name: &str) -> Problem {
    Problem::not_found(format!("there is no {kind} {name:?}"))
}
