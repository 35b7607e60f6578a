//! Actors: who causes a change.

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
    },
    /// API client with a token.
    Token {
        /// Name of the token.
        name: String,
        /// Role of the token.
        role: Role,
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

    /// Returns `true` if the actor has a permission. The command line and Courant itself have all,
    /// a subscriber has none.
    pub fn may(&self, permission: Permission) -> bool {
        match self {
            Self::User { role, .. } | Self::Token { role, .. } => role.grants(permission),
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
        let editor = Actor::User { name: "li".into(), role: Role::Editor };
        assert!(editor.may(Permission::ControlEditions) && !editor.may(Permission::ManageAccess));
        let token = Actor::Token { name: "ci".into(), role: Role::Viewer };
        assert!(token.may(Permission::ReadContent) && !token.may(Permission::SyncSources));
        assert!(Actor::Cli.may(Permission::ManageSettings));
        assert!(Permission::ALL.into_iter().all(|permission| !Actor::Subscriber.may(permission)));
    }

    #[test]
    fn kinds_of_actors_are_parsed_from_their_words() {
        for kind in ActorKind::ALL {
            assert_eq!(ActorKind::parse(kind.as_str()), Some(kind));
        }
        assert_eq!(ActorKind::parse("robot"), None);
    }
}
