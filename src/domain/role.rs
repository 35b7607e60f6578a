//! Roles of users and API tokens.

/// Role of a user or token, with the permissions for one kind of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// All permissions, including user management.
    Admin,
    /// Permission to manage feeds, digests and editions.
    Editor,
    /// Permission to manage subscribers and their lists.
    ListManager,
    /// Permission to read, but not to change anything.
    Viewer,
}

impl Role {
    /// All roles, most powerful first.
    pub const ALL: [Self; 4] = [Self::Admin, Self::Editor, Self::ListManager, Self::Viewer];

    /// Returns `true` if a user or token with this role can be limited to some digests.
    pub fn can_be_limited(self) -> bool {
        matches!(self, Self::Editor | Self::ListManager)
    }

    /// Returns the word for the database, commands and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Editor => "editor",
            Self::ListManager => "lists",
            Self::Viewer => "viewer",
        }
    }

    /// Parses the word that [`as_str`](Self::as_str) returns.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == word)
    }
}
