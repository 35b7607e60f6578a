//! Audit entries: what an actor did to which object.

/// Kind of change that is recorded in the audit log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuditAction {
    /// An object was created.
    Create,
    /// An object was changed.
    Change,
    /// An object was deleted.
    Delete,
    /// A subscription was requested.
    Subscribe,
    /// A subscription was confirmed.
    Confirm,
    /// A subscription was ended.
    Unsubscribe,
    /// The personal data of a subscriber was erased.
    Erase,
    /// Subscribers or articles were imported.
    Import,
    /// Personal data was exported.
    Export,
    /// An edition was paused.
    Pause,
    /// An edition was resumed.
    Resume,
    /// An edition was cancelled.
    Cancel,
    /// Failed deliveries of an edition were queued again.
    Retry,
    /// A test message was queued.
    Test,
    /// A sync was requested.
    Sync,
    /// Blocked removals of a source were accepted.
    AcceptRemovals,
    /// A copy of the database was allowed to send.
    Adopt,
    /// The configuration was reloaded.
    Reload,
    /// A user signed in.
    SignIn,
    /// Sign-ins or requests were refused.
    RefuseSignIn,
    /// A user ended one or all of their sessions.
    SignOut,
}

impl AuditAction {
    /// All kinds of changes.
    pub const ALL: [Self; 21] = [
        Self::Create,
        Self::Change,
        Self::Delete,
        Self::Subscribe,
        Self::Confirm,
        Self::Unsubscribe,
        Self::Erase,
        Self::Import,
        Self::Export,
        Self::Pause,
        Self::Resume,
        Self::Cancel,
        Self::Retry,
        Self::Test,
        Self::Sync,
        Self::AcceptRemovals,
        Self::Adopt,
        Self::Reload,
        Self::SignIn,
        Self::RefuseSignIn,
        Self::SignOut,
    ];

    /// Returns the word for the database and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Change => "change",
            Self::Delete => "delete",
            Self::Subscribe => "subscribe",
            Self::Confirm => "confirm",
            Self::Unsubscribe => "unsubscribe",
            Self::Erase => "erase",
            Self::Import => "import",
            Self::Export => "export",
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Cancel => "cancel",
            Self::Retry => "retry",
            Self::Test => "test",
            Self::Sync => "sync",
            Self::AcceptRemovals => "accept_removals",
            Self::Adopt => "adopt",
            Self::Reload => "reload",
            Self::SignIn => "sign_in",
            Self::RefuseSignIn => "refuse_sign_in",
            Self::SignOut => "sign_out",
        }
    }

    /// Parses the word that [`as_str`](Self::as_str) returns.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.as_str() == word)
    }
}

/// Kind of object that an audit entry is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuditObject {
    /// A source, by name.
    Source,
    /// An article, by permanent id, or a file of id mappings.
    Article,
    /// A feed, by name.
    Feed,
    /// A digest, by name.
    Digest,
    /// An edition, by id.
    Edition,
    /// A transactional message, by the id of its delivery.
    Delivery,
    /// A subscriber, by id.
    Subscriber,
    /// An attribute of subscribers, by name.
    Attribute,
    /// A segment, by name.
    Segment,
    /// A bulk operation over subscribers, by id.
    BulkJob,
    /// An import of subscribers, by id.
    Import,
    /// A subscription, by id.
    Subscription,
    /// A suppression, by keyed hash.
    Suppression,
    /// An API token, by name.
    Token,
    /// A user, by name.
    User,
    /// A webhook, by name.
    Webhook,
    /// The database of Courant.
    Database,
    /// The configuration of Courant.
    Config,
}

impl AuditObject {
    /// All kinds of objects.
    pub const ALL: [Self; 18] = [
        Self::Source,
        Self::Article,
        Self::Feed,
        Self::Digest,
        Self::Edition,
        Self::Delivery,
        Self::Subscriber,
        Self::Attribute,
        Self::Segment,
        Self::BulkJob,
        Self::Import,
        Self::Subscription,
        Self::Suppression,
        Self::Token,
        Self::User,
        Self::Webhook,
        Self::Database,
        Self::Config,
    ];

    /// Returns the word for the database and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Article => "article",
            Self::Feed => "feed",
            Self::Digest => "digest",
            Self::Edition => "edition",
            Self::Delivery => "delivery",
            Self::Subscriber => "subscriber",
            Self::Attribute => "attribute",
            Self::Segment => "segment",
            Self::BulkJob => "bulk_job",
            Self::Import => "import",
            Self::Subscription => "subscription",
            Self::Suppression => "suppression",
            Self::Token => "token",
            Self::User => "user",
            Self::Webhook => "webhook",
            Self::Database => "database",
            Self::Config => "config",
        }
    }

    /// Parses the word that [`as_str`](Self::as_str) returns.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|object| object.as_str() == word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_and_objects_are_parsed_from_their_words() {
        for action in AuditAction::ALL {
            assert_eq!(AuditAction::parse(action.as_str()), Some(action));
        }
        for object in AuditObject::ALL {
            assert_eq!(AuditObject::parse(object.as_str()), Some(object));
        }
    }
}
