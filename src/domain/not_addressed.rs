//! Reasons why subscribers of a digest did not get one of its editions, with their numbers.

use super::reason_counts::ReasonCounts;
use super::subscription::SubscriptionStatus;
use super::time::Millis;

/// Rule that kept a subscriber of a digest out of the audience of an edition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum NotAddressedReason {
    /// The subscription was not confirmed.
    Pending,
    /// The subscription was paused.
    Paused,
    /// The subscription had ended.
    Unsubscribed,
    /// No article of the edition was in the sections that the subscriber chose.
    NoStory,
    /// The address, or its domain, was suppressed.
    Suppressed,
    /// The subscriber did not fulfil the filter of the digest.
    Audience,
}

impl NotAddressedReason {
    /// All reasons in the order in which they are tested; a subscriber counts under the first.
    pub const ALL: [Self; 6] = [
        Self::Pending,
        Self::Paused,
        Self::Unsubscribed,
        Self::NoStory,
        Self::Suppressed,
        Self::Audience,
    ];

    /// Returns the word for documents and the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Paused => "paused",
            Self::Unsubscribed => "unsubscribed",
            Self::NoStory => "no_story",
            Self::Suppressed => "suppressed",
            Self::Audience => "audience",
        }
    }

    /// Returns the reason that lies in the status of a subscription; `None` if it is confirmed.
    pub fn of_status(status: SubscriptionStatus) -> Option<Self> {
        match status {
            SubscriptionStatus::Pending => Some(Self::Pending),
            SubscriptionStatus::Confirmed => None,
            SubscriptionStatus::Paused => Some(Self::Paused),
            SubscriptionStatus::Unsubscribed => Some(Self::Unsubscribed),
        }
    }
}

/// Numbers of subscribers whom an edition does not address, by reason.
pub type NotAddressed = ReasonCounts<NotAddressedReason, i64>;

/// Reason why an edition has no message to an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Absence {
    /// The audience of the edition is not complete yet.
    Preparing,
    /// The edition was cancelled before its audience was complete.
    CancelledEarly,
    /// The address has no subscription to the digest.
    NotSubscribed,
    /// The subscription began after the edition.
    SubscribedLater {
        /// Time at which it began.
        since: Millis,
    },
    /// A rule left the subscriber out.
    LeftOut {
        /// The first rule that applies.
        reason: NotAddressedReason,
        /// Time since which it applied, if that is known.
        since: Option<Millis>,
    },
    /// No rule applies any more: what left the subscriber out has changed.
    Unknown,
}

impl Absence {
    /// Returns the word for documents.
    pub fn code(self) -> &'static str {
        match self {
            Self::Preparing => "preparing",
            Self::CancelledEarly => "cancelled_early",
            Self::NotSubscribed => "not_subscribed",
            Self::SubscribedLater { .. } => "subscribed_later",
            Self::LeftOut { reason, .. } => reason.as_str(),
            Self::Unknown => "unknown",
        }
    }

    /// Returns the time since which the reason applied, or at which the subscription began.
    pub fn since(self) -> Option<Millis> {
        match self {
            Self::SubscribedLater { since } => Some(since),
            Self::LeftOut { since, .. } => since,
            _ => None,
        }
    }

    /// Returns the reason as a sentence.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Preparing => "the audience of the edition is not complete yet",
            Self::CancelledEarly => "the edition was cancelled before its audience was complete",
            Self::NotSubscribed => {
                "the address has no subscription to the digest; requests that nobody confirms are deleted after some time"
            }
            Self::SubscribedLater { .. } => "the subscription began after the edition was created",
            Self::LeftOut { reason, .. } => match reason {
                NotAddressedReason::Pending => {
                    "the subscription was not confirmed when the edition was created"
                }
                NotAddressedReason::Paused => {
                    "the subscription was paused when the edition was created"
                }
                NotAddressedReason::Unsubscribed => {
                    "the subscription had ended when the edition was created"
                }
                NotAddressedReason::NoStory => {
                    "no article of the edition is in the sections that the subscriber has chosen"
                }
                NotAddressedReason::Suppressed => {
                    "the address or its domain was suppressed when the edition was created"
                }
                NotAddressedReason::Audience => {
                    "the subscriber does not fulfil the filter of the digest that the edition was created with"
                }
            },
            Self::Unknown => {
                "nothing that is stored today explains it: details, choice of sections or a suppression have changed since"
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_listed_by_number_and_none_without_subscribers() {
        let mut counts = NotAddressed::default();
        counts.add(NotAddressedReason::Paused, 2);
        counts.add(NotAddressedReason::Pending, -1);
        counts.add(NotAddressedReason::Audience, 7);
        counts.add(NotAddressedReason::Unsubscribed, 2);
        let listed: Vec<_> = counts.iter().map(|(reason, n)| (reason.as_str(), n)).collect();
        assert_eq!(listed, [("audience", 7), ("paused", 2), ("unsubscribed", 2)]);
    }

    #[test]
    fn only_a_confirmed_subscription_gives_no_reason() {
        for status in SubscriptionStatus::ALL {
            let reason = NotAddressedReason::of_status(status).map(NotAddressedReason::as_str);
            let expected = (status != SubscriptionStatus::Confirmed).then(|| status.as_str());
            assert_eq!(reason, expected);
        }
    }
}
