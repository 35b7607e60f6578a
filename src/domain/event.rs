//! Events: what webhooks report about articles, editions, deliveries and subscribers.

use std::fmt;
use std::str::FromStr;

/// Kind of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EventKind {
    /// An article became visible.
    ArticlePublished,
    /// A visible article was changed.
    ArticleChanged,
    /// An edition was created.
    EditionCreated,
    /// Sending of an edition began.
    EditionStarted,
    /// All deliveries of an edition ended, or it was cancelled.
    EditionFinished,
    /// A delivery failed for good.
    DeliveryFailed,
    /// A subscriber confirmed subscriptions.
    SubscriberConfirmed,
    /// A subscription was ended by its subscriber or an admin.
    SubscriberUnsubscribed,
    /// The details of a subscriber were changed.
    SubscriberChanged,
}

impl EventKind {
    /// All kinds of events.
    pub const ALL: [Self; 9] = [
        Self::ArticlePublished,
        Self::ArticleChanged,
        Self::EditionCreated,
        Self::EditionStarted,
        Self::EditionFinished,
        Self::DeliveryFailed,
        Self::SubscriberConfirmed,
        Self::SubscriberUnsubscribed,
        Self::SubscriberChanged,
    ];

    /// Returns the name in the configuration, the database and the body of a webhook.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ArticlePublished => "article.published",
            Self::ArticleChanged => "article.changed",
            Self::EditionCreated => "edition.created",
            Self::EditionStarted => "edition.started",
            Self::EditionFinished => "edition.finished",
            Self::DeliveryFailed => "delivery.failed",
            Self::SubscriberConfirmed => "subscriber.confirmed",
            Self::SubscriberUnsubscribed => "subscriber.unsubscribed",
            Self::SubscriberChanged => "subscriber.changed",
        }
    }

    fn bit(self) -> u32 {
        1 << (self as u32)
    }
}

/// Error for a text that names no kind of event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("unknown kind of event")]
pub struct UnknownEventKind;

impl FromStr for EventKind {
    type Err = UnknownEventKind;

    fn from_str(name: &str) -> Result<Self, UnknownEventKind> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name).ok_or(UnknownEventKind)
    }
}

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Set of kinds of events, as a number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct EventKinds(pub u32);

impl EventKinds {
    /// Returns `true` if the set contains a kind.
    pub fn contains(self, kind: EventKind) -> bool {
        self.0 & kind.bit() != 0
    }
}

impl FromIterator<EventKind> for EventKinds {
    fn from_iter<T: IntoIterator<Item = EventKind>>(kinds: T) -> Self {
        Self(kinds.into_iter().fold(0, |set, kind| set | kind.bit()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_parsed_from_their_names() {
        for kind in EventKind::ALL {
            assert_eq!(kind.as_str().parse(), Ok(kind));
        }
        assert_eq!("article".parse::<EventKind>(), Err(UnknownEventKind));
    }

    #[test]
    fn a_set_contains_its_kinds_only() {
        let set: EventKinds =
            [EventKind::ArticlePublished, EventKind::SubscriberChanged].into_iter().collect();
        let contained: Vec<EventKind> =
            EventKind::ALL.into_iter().filter(|kind| set.contains(*kind)).collect();
        assert_eq!(contained, [EventKind::ArticlePublished, EventKind::SubscriberChanged]);
        assert!(!EventKinds::default().contains(EventKind::EditionCreated));
    }
}
