//! States of people, subscriptions and imports as words with a tone.

use crate::domain::subscription::SubscriptionStatus;
use crate::store::subscribers::Subscription;
use crate::templates::pages::StateText;
use crate::web::admin::visit::Visit;

/// Returns the status of a subscription as a word.
pub(super) fn of_status(visit: &Visit, status: SubscriptionStatus) -> StateText {
    let tone = match status {
        SubscriptionStatus::Confirmed => "good",
        SubscriptionStatus::Pending | SubscriptionStatus::Paused => "warn",
        SubscriptionStatus::Unsubscribed => "off",
    };
    StateText {
        tone: tone.to_owned(),
        text: visit.text(&format!("state-{}", status.as_str()), &[]),
    }
}

/// Returns the word for a suppressed address.
pub(super) fn suppressed(visit: &Visit) -> StateText {
    StateText { tone: "bad".to_owned(), text: visit.text("state-suppressed", &[]) }
}

/// Returns the status of the subscription that counts most for a person.
pub(super) fn summary(subscriptions: &[&Subscription]) -> Option<SubscriptionStatus> {
    use SubscriptionStatus as S;
    let has = |status: &S| subscriptions.iter().any(|one| one.status == *status);
    [S::Confirmed, S::Paused, S::Pending, S::Unsubscribed].into_iter().find(has)
}
