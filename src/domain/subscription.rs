//! Subscriptions: the link between a subscriber and a digest, and the rules for changing it
//! (guarantee 7).

use serde::{Deserialize, Serialize};

/// Status of a subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SubscriptionStatus {
    /// Requested, but not confirmed by its owner.
    Pending,
    /// Confirmed by its owner: the digest is sent.
    Confirmed,
    /// Paused by its owner for a while.
    Paused,
    /// Ended by its owner, so that only a new double opt-in by the owner restores it, or by an admin.
    Unsubscribed,
}

impl SubscriptionStatus {
    /// All statuses of a subscription.
    pub const ALL: [Self; 4] = [Self::Pending, Self::Confirmed, Self::Paused, Self::Unsubscribed];

    /// Returns the word for the database, commands and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Confirmed => "confirmed",
            Self::Paused => "paused",
            Self::Unsubscribed => "unsubscribed",
        }
    }

    /// Parses the word that [`as_str`](Self::as_str) returns.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.as_str() == word)
    }
}

/// Origin of a subscription request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestOrigin {
    /// The public subscription page; the requester may not own the address.
    Page,
    /// An administrator who states that the owner consented.
    AdminWithConsent,
    /// An administrator without recorded consent; the owner is asked.
    Admin,
    /// An administrator who asks the owner of a pending subscription again.
    AdminReminder,
}

/// Effect of a subscription request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestDecision {
    /// A confirmation e-mail is sent; the subscription stays pending or unsubscribed until it is
    /// confirmed.
    SendConfirmation,
    /// The subscription becomes confirmed immediately.
    Confirm,
    /// The subscription keeps its status.
    NoChange,
    /// The subscription stays unsubscribed: only its owner can subscribe again, on the page.
    RemainsUnsubscribed,
}

/// Status of an existing subscription, and who ended it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CurrentStatus {
    /// Status of the subscription.
    pub status: SubscriptionStatus,
    /// `true` if an admin ended the subscription, not its owner.
    pub removed_by_admin: bool,
}

/// Returns the effect of a request on an existing subscription, or on a new one (`None`). What an
/// admin ended, an admin may begin again; what its owner ended, only the owner.
pub fn decide(current: Option<CurrentStatus>, origin: RequestOrigin) -> RequestDecision {
    let current =
        current.filter(|c| origin == RequestOrigin::Page || !c.removed_by_admin).map(|c| c.status);
    match (current, origin) {
        (Some(SubscriptionStatus::Confirmed | SubscriptionStatus::Paused), _) => {
            RequestDecision::NoChange
        }
        (Some(SubscriptionStatus::Unsubscribed), RequestOrigin::Page)
        | (None | Some(SubscriptionStatus::Pending), RequestOrigin::Page) => {
            RequestDecision::SendConfirmation
        }
        (
            Some(SubscriptionStatus::Unsubscribed),
            RequestOrigin::Admin | RequestOrigin::AdminWithConsent | RequestOrigin::AdminReminder,
        ) => RequestDecision::RemainsUnsubscribed,
        (None | Some(SubscriptionStatus::Pending), RequestOrigin::AdminWithConsent) => {
            RequestDecision::Confirm
        }
        (None, RequestOrigin::Admin)
        | (Some(SubscriptionStatus::Pending), RequestOrigin::AdminReminder) => {
            RequestDecision::SendConfirmation
        }
        (Some(SubscriptionStatus::Pending), RequestOrigin::Admin)
        | (None, RequestOrigin::AdminReminder) => RequestDecision::NoChange,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn current(status: SubscriptionStatus, removed_by_admin: bool) -> Option<CurrentStatus> {
        Some(CurrentStatus { status, removed_by_admin })
    }

    #[test]
    fn only_the_page_can_restore_an_unsubscribed_reader() {
        let left = current(SubscriptionStatus::Unsubscribed, false);
        for origin in [RequestOrigin::AdminWithConsent, RequestOrigin::Admin] {
            assert_eq!(decide(left, origin), RequestDecision::RemainsUnsubscribed);
        }
        assert_eq!(decide(left, RequestOrigin::Page), RequestDecision::SendConfirmation);
    }

    #[test]
    fn an_admin_can_undo_the_removal_by_an_admin_and_the_page_still_asks_the_owner() {
        let removed = current(SubscriptionStatus::Unsubscribed, true);
        assert_eq!(decide(removed, RequestOrigin::AdminWithConsent), RequestDecision::Confirm);
        assert_eq!(decide(removed, RequestOrigin::Admin), RequestDecision::SendConfirmation);
        assert_eq!(decide(removed, RequestOrigin::Page), RequestDecision::SendConfirmation);
    }

    #[test]
    fn a_reminder_asks_the_owner_of_a_pending_subscription_only() {
        let reminder = RequestOrigin::AdminReminder;
        let pending = current(SubscriptionStatus::Pending, false);
        assert_eq!(decide(pending, reminder), RequestDecision::SendConfirmation);
        for (status, removed) in [
            (SubscriptionStatus::Confirmed, false),
            (SubscriptionStatus::Paused, false),
            (SubscriptionStatus::Unsubscribed, true),
        ] {
            assert_eq!(decide(current(status, removed), reminder), RequestDecision::NoChange);
        }
        let left = current(SubscriptionStatus::Unsubscribed, false);
        assert_eq!(decide(left, reminder), RequestDecision::RemainsUnsubscribed);
        assert_eq!(decide(None, reminder), RequestDecision::NoChange);
    }

    #[test]
    fn a_page_request_only_sends_a_confirmation() {
        assert_eq!(decide(None, RequestOrigin::Page), RequestDecision::SendConfirmation);
        let confirmed = current(SubscriptionStatus::Confirmed, false);
        assert_eq!(decide(confirmed, RequestOrigin::Page), RequestDecision::NoChange);
    }
}
