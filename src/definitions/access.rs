//! Access of actors that are limited to some digests: the definitions that they may change.

use serde_json::{Map, Value};

use crate::domain::actor::Actor;
use crate::domain::definition::DefinitionKind;
use crate::domain::digest_scope::DigestScope;

/// Keys of a digest whose values can concern other digests: a filter over subscribers, and names whose
/// subscriptions the digest takes over.
pub const KEYS_BEYOND_DIGEST: [&str; 2] = ["audience", "was"];

/// Reason why an actor that is limited to some digests may not make a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeRefusal {
    /// The digest is not one of those of the actor.
    OtherDigest,
    /// Definitions of this kind belong to no digest.
    NoDigest,
    /// The value of this key can concern other digests.
    Key(&'static str),
}

/// Returns why an actor may not change a definition from the settings `present` to `new`; `None` if it
/// may.
pub fn refuse_change(
    actor: &Actor,
    kind: DefinitionKind,
    name: &str,
    present: &Map<String, Value>,
    new: &Map<String, Value>,
) -> Option<ChangeRefusal> {
    let scope = actor.digests();
    match kind {
        _ if scope == DigestScope::All => None,
        DefinitionKind::Digest if !scope.contains(name) => Some(ChangeRefusal::OtherDigest),
        DefinitionKind::Digest => {
            let mut keys = KEYS_BEYOND_DIGEST.into_iter();
            keys.find(|&key| present.get(key) != new.get(key)).map(ChangeRefusal::Key)
        }
        DefinitionKind::Feed | DefinitionKind::Segment | DefinitionKind::Webhook => {
            Some(ChangeRefusal::NoDigest)
        }
    }
}
