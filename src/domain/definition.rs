//! Definitions: feeds, digests, segments and webhooks that are stored in the database instead of the config file.

use std::fmt;
use std::str::FromStr;

use super::permission::Permission;

/// Kind of a definition; each is a list section of the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DefinitionKind {
    /// A feed, as in `[[feeds]]`.
    Feed,
    /// A digest, as in `[[digests]]`.
    Digest,
    /// A segment, as in `[[segments]]`.
    Segment,
    /// A webhook, as in `[[webhooks]]`.
    Webhook,
}

impl DefinitionKind {
    /// All kinds of definitions.
    pub const ALL: [Self; 4] = [Self::Feed, Self::Digest, Self::Segment, Self::Webhook];

    /// Returns the word for the database and for messages.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Feed => "feed",
            Self::Digest => "digest",
            Self::Segment => "segment",
            Self::Webhook => "webhook",
        }
    }

    /// Returns the permission to read the definitions of this kind. The URL of a webhook may itself be a
    /// secret.
    pub fn read_permission(self) -> Permission {
        match self {
            Self::Feed | Self::Digest => Permission::ReadContent,
            Self::Segment => Permission::ReadSubscribers,
            Self::Webhook => Permission::ManageSettings,
        }
    }

    /// Returns the permission to change the definitions of this kind.
    pub fn write_permission(self) -> Permission {
        match self {
            Self::Feed | Self::Digest => Permission::WriteContent,
            Self::Segment => Permission::WriteSubscribers,
            Self::Webhook => Permission::ManageSettings,
        }
    }
}

/// Error for a word that names no kind of definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("unknown kind of definition")]
pub struct UnknownDefinitionKind;

impl FromStr for DefinitionKind {
    type Err = UnknownDefinitionKind;

    fn from_str(word: &str) -> Result<Self, UnknownDefinitionKind> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word).ok_or(UnknownDefinitionKind)
    }
}

impl fmt::Display for DefinitionKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A feed, digest, segment or webhook as stored: its name, and its other keys as TOML.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Definition {
    /// Kind of the definition.
    pub kind: DefinitionKind,
    /// Value of the key `name`, which no other definition or table of that kind has.
    pub name: String,
    /// The other keys with their values, in the syntax of the config file.
    pub body: String,
}
