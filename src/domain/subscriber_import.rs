//! Imports of subscribers: their states, and the numbers of people and subscriptions by outcome.

use serde::{Deserialize, Serialize};

/// State of an import.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImportState {
    /// The file is being uploaded.
    Uploading,
    /// The file is complete; the import waits for a person to start it.
    Ready,
    /// The import waits for a node.
    Queued,
    /// A node checks all lines of the file.
    Checking,
    /// A dry run has counted the changes.
    Checked,
    /// Lines were rejected, so that nothing was imported.
    Rejected,
    /// A node stores the valid lines.
    Storing,
    /// All valid lines are stored.
    Finished,
    /// The file cannot be read.
    Failed,
    /// A person has cancelled the import; what was stored before stays.
    Cancelled,
}

impl ImportState {
    /// All states of an import.
    pub const ALL: [Self; 10] = [
        Self::Uploading,
        Self::Ready,
        Self::Queued,
        Self::Checking,
        Self::Checked,
        Self::Rejected,
        Self::Storing,
        Self::Finished,
        Self::Failed,
        Self::Cancelled,
    ];

    /// Returns the word for the database and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Uploading => "uploading",
            Self::Ready => "ready",
            Self::Queued => "queued",
            Self::Checking => "checking",
            Self::Checked => "checked",
            Self::Rejected => "rejected",
            Self::Storing => "storing",
            Self::Finished => "finished",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// Parses the word that [`as_str`](Self::as_str) returns.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }

    /// Returns `true` if a person may start the import, with other settings if necessary.
    pub fn can_start(self) -> bool {
        matches!(self, Self::Ready | Self::Checked | Self::Rejected | Self::Failed)
    }

    /// Returns `true` if nothing changes the import any more.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Finished | Self::Cancelled)
    }
}

/// Numbers of the valid lines of an import by outcome. `new`, `changed`, `unchanged`,
/// `previously_unsubscribed`, `suppressed` and `other_digests` are all of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ImportCounts {
    /// People who are added.
    pub new: u64,
    /// Known people whose details or subscription change.
    pub changed: u64,
    /// Known people for whom nothing changes.
    pub unchanged: u64,
    /// Known people whose details, tags, attributes or sections the file changes.
    pub details_changed: u64,
    /// Subscriptions that begin, or are confirmed, without a message to their owners.
    pub confirmed: u64,
    /// Subscriptions for which a confirmation message is queued.
    pub pending: u64,
    /// Subscriptions that existed before.
    pub already_subscribed: u64,
    /// Addresses that stay unsubscribed, here or because the file says so.
    pub previously_unsubscribed: u64,
    /// Addresses that are suppressed, here or because the file says so.
    pub suppressed: u64,
    /// Addresses that the file suppresses and that were not suppressed before.
    pub suppressions_added: u64,
    /// Lines of an export that belong to another digest, or to none.
    pub other_digests: u64,
}

impl ImportCounts {
    /// Adds all numbers of other counts.
    pub fn add_all(&mut self, others: &Self) {
        for (sum, number) in [
            (&mut self.new, others.new),
            (&mut self.changed, others.changed),
            (&mut self.unchanged, others.unchanged),
            (&mut self.details_changed, others.details_changed),
            (&mut self.confirmed, others.confirmed),
            (&mut self.pending, others.pending),
            (&mut self.already_subscribed, others.already_subscribed),
            (&mut self.previously_unsubscribed, others.previously_unsubscribed),
            (&mut self.suppressed, others.suppressed),
            (&mut self.suppressions_added, others.suppressions_added),
            (&mut self.other_digests, others.other_digests),
        ] {
            *sum += number;
        }
    }
}
