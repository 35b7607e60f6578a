//! What somebody who is known here may do.

/// A role; each has what it is made for and no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Everything.
    Admin,
    /// What is published and what goes out.
    Editor,
    /// Subscribers and their lists.
    Lists,
    /// Looking.
    Viewer,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Admin, Self::Editor, Self::Lists, Self::Viewer];

    /// Its name, as people write it and the store keeps it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Editor => "editor",
            Self::Lists => "lists",
            Self::Viewer => "viewer",
        }
    }

    /// The role of this name.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.word() == word)
    }

    /// Whether it may have sources read.
    pub fn may_sync(self) -> bool {
        matches!(self, Self::Admin | Self::Editor)
    }
}
