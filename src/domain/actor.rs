//! Actors: who causes a change.

use super::digest_scope::DigestScope;
use super::permission::Permission;
use super::role::Role;

/// Person or program that causes a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// Person with an account.
    User {
        /// Name of the account.
        name: String,
        /// Role of the account.
        role: Role,
        /// Digests that the account may see and change.
        digests: DigestScope,
    },
    /// API client with a token.
    Token {
        /// Name of the token.
        name: String,
        /// Role of the token.
        role: Role,
        /// Digests that the token may see and change.
        digests: DigestScope,
    },
    /// Visitor of a public page, or subscriber who acts on their own subscriptions with a link.
    Subscriber,
    /// Person who runs a command on the server.
    Cli,
    /// Courant itself, such as a scheduled tick.
    System,
}

/// Kind of an [`Actor`], as stored in the audit log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActorKind {
    /// Person with an account.
    User,
    /// API client with a token.
    Token,
    /// Visitor of a public page or subscriber.
    Subscriber,
    /// Person who runs a command on the server.
    Cli,
    /// Courant itself, such as a tick.
    System,
}

impl ActorKind {
    /// All kinds of actors.
    pub const ALL: [Self; 5] = [Self::User, Self::Token, Self::Subscriber, Self::Cli, Self::System];

    /// Returns the word for the database and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Token => "token",
            Self::Subscriber => "subscriber",
            Self::Cli => "cli",
            Self::System => "system",
        }
    }

    /// Parses the word that [`as_str`](Self::as_str) returns.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

impl Actor {
    /// Returns the actor that a job was stored with, for the audit entries of its further steps; it has no
    /// rights to change anything else.
    pub fn recorded(kind: ActorKind, name: Option<String>) -> Self {
        let (name, role, digests) = (name.unwrap_or_default(), Role::Viewer, DigestScope::All);
        match kind {
            ActorKind::User => Self::User { name, role, digests },
            ActorKind::Token => Self::Token { name, role, digests },
            ActorKind::Subscriber => Self::Subscriber,
            ActorKind::Cli => Self::Cli,
            ActorKind::System => Self::System,
        }
    }

    /// Returns the kind of the actor.
    pub fn kind(&self) -> ActorKind {
        match self {
            Self::User { .. } => ActorKind::User,
            Self::Token { .. } => ActorKind::Token,
            Self::Subscriber => ActorKind::Subscriber,
            Self::Cli => ActorKind::Cli,
            Self::System => ActorKind::System,
        }
    }

    /// Returns the name of the account or token; `None` for the other kinds.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::User { name, .. } | Self::Token { name, .. } => Some(name),
            Self::Subscriber | Self::Cli | Self::System => None,
        }
    }

    /// Returns the digests that the actor may see and change; a subscriber none.
    pub fn digests(&self) -> DigestScope {
        match self {
            Self::User { digests, .. } | Self::Token { digests, .. } => digests.clone(),
            Self::Subscriber => DigestScope::new(Some(Vec::new())),
            Self::Cli | Self::System => DigestScope::All,
        }
    }

    /// Returns `true` if the actor has a permission. The command line and Courant itself have all,
    /// a subscriber has none. An actor that is limited to some digests has those that can be limited.
    pub fn may(&self, permission: Permission) -> bool {
        match self {
            Self::User { role, digests, .. } | Self::Token { role, digests, .. } => {
                role.grants(permission)
                    && (*digests == DigestScope::All || !permission.concerns_all_digests())
            }
            Self::Subscriber => false,
            Self::Cli | Self::System => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actors_have_the_permissions_of_their_role() {
        let digests = DigestScope::All;
        let editor = Actor::User { name: "li".into(), role: Role::Editor, digests };
        assert!(editor.may(Permission::ControlEditions) && !editor.may(Permission::ManageAccess));
        let digests = DigestScope::All;
        let token = Actor::Token { name: "ci".into(), role: Role::Viewer, digests };
        assert!(token.may(Permission::ReadContent) && !token.may(Permission::SyncSources));
        assert!(Actor::Cli.may(Permission::ManageSettings));
        assert!(Permission::ALL.into_iter().all(|permission| !Actor::Subscriber.may(permission)));
    }

    #[test]
    fn an_actor_of_one_digest_has_no_permission_over_all() {
        let digests = DigestScope::new(Some(vec!["weekly".into()]));
        let editor = Actor::User { name: "li".into(), role: Role::Editor, digests };
        assert!(editor.may(Permission::ControlEditions) && editor.may(Permission::ReadContent));
        assert!(!editor.may(Permission::SyncSources));
        assert!(editor.digests().contains("weekly") && !editor.digests().contains("daily"));
        assert!(!Actor::Subscriber.digests().contains("weekly"));
    }

    #[test]
    fn kinds_of_actors_are_parsed_from_their_words() {
        for kind in ActorKind::ALL {
            assert_eq!(ActorKind::parse(kind.as_str()), Some(kind));
        }
        assert_eq!(ActorKind::parse("robot"), None);
    }
}
