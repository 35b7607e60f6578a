//! Receptions of editions: the message of an edition to a person, or the reason why there is none.

use crate::domain::delivery::DeliveryState;
use crate::domain::edition::EditionState;
use crate::domain::not_addressed::{Absence, NotAddressedReason};
use crate::domain::subscription::SubscriptionStatus;
use crate::domain::time::Millis;
use crate::store::audience::FrozenAudience;
use crate::store::edition_deliveries::EditionDelivery;
use crate::store::editions::Edition;
use crate::store::subscribers::{Subscriber, Subscription};
use crate::store::subscription_history::EarlierState;
use crate::store::{Store, StoreResult};

/// Answer to the question whether a person got an edition.
#[derive(Debug, Clone)]
pub enum Reception {
    /// The edition has a message to the person.
    Addressed(EditionDelivery),
    /// The edition has no message to the person.
    Absent(Absence),
}

impl Reception {
    /// Returns the answer as a sentence.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Absent(absence) => absence.as_str(),
            Self::Addressed(delivery) => match delivery.state {
                DeliveryState::Queued => "the message waits to be sent",
                DeliveryState::Sending => "the message is being sent",
                DeliveryState::Sent => "the relay accepted the message",
                DeliveryState::Failed => "the message could not be delivered",
                DeliveryState::Held => {
                    "it is not known whether the message was sent, so it is held for an admin"
                }
                DeliveryState::Cancelled => "the message was cancelled before it was sent",
                DeliveryState::Bounced => "the message was accepted and returned as undeliverable",
            },
        }
    }
}

/// Returns whether an edition has a message to a person, or why not. `person` is `None` for an address that
/// nobody has. Status and suppression are those at the time of the edition; sections and details are
/// those of today, because earlier ones are not stored.
pub async fn reception(
    store: &Store,
    edition: &Edition,
    person: Option<&Subscriber>,
) -> StoreResult<Reception> {
    let editions = store.editions();
    if let Some(person) = person
        && let Some(delivery) = editions.delivery_to(edition.id, person.id).await?
    {
        return Ok(Reception::Addressed(delivery));
    }
    let Some(audience) = editions.frozen_audience(edition.id).await? else {
        let is_preparing = edition.state == EditionState::Preparing;
        let absence = if is_preparing { Absence::Preparing } else { Absence::CancelledEarly };
        return Ok(Reception::Absent(absence));
    };
    let absence = match person {
        Some(person) => absence(store, edition, &audience, person).await?,
        None => Absence::NotSubscribed,
    };
    Ok(Reception::Absent(absence))
}

/// Returns the first reason for which the audience of an edition does not contain a person.
async fn absence(
    store: &Store,
    edition: &Edition,
    audience: &FrozenAudience,
    person: &Subscriber,
) -> StoreResult<Absence> {
    let subscriptions = store.subscriptions().list_of(&[person.id]).await?;
    let Some(own) = subscriptions.iter().find(|one| one.digest == edition.digest) else {
        return Ok(Absence::NotSubscribed);
    };
    let mut history = store.subscriptions().history_of(person.id).await?;
    history.retain(|state| state.digest == edition.digest);
    if let Some(absence) =
        absence_by_status(own, &history, [edition.created_at, audience.frozen_at])
    {
        return Ok(absence);
    }
    let left_out = |reason, since| Ok(Absence::LeftOut { reason, since });
    if store.editions().lacks_story(edition.id, own.id).await? {
        return left_out(NotAddressedReason::NoStory, None);
    }
    let suppression = store.suppressions().of_person(person).await?;
    if let Some(one) = &suppression
        && one.created_at <= audience.frozen_at
    {
        return left_out(NotAddressedReason::Suppressed, Some(one.created_at));
    }
    let values = person.person(&subscriptions, suppression.is_some());
    match &audience.condition {
        Some(condition) if !condition.holds_for(&values) => {
            left_out(NotAddressedReason::Audience, None)
        }
        _ => Ok(Absence::Unknown),
    }
}

/// Returns the reason that lies in the status of a subscription at the first or the second time.
fn absence_by_status(
    own: &Subscription,
    history: &[EarlierState],
    [created_at, frozen_at]: [Millis; 2],
) -> Option<Absence> {
    let left_out = |(status, since): (SubscriptionStatus, Millis)| {
        let reason = NotAddressedReason::of_status(status)?;
        Some(Absence::LeftOut { reason, since: Some(since) })
    };
    let Some(first) = status_at(own, history, created_at) else {
        let began = history.last().map_or(own.status_changed_at, |oldest| oldest.since);
        return Some(Absence::SubscribedLater { since: began });
    };
    left_out(first).or_else(|| status_at(own, history, frozen_at).and_then(left_out))
}

/// Returns the status that a subscription had at a time, and since when; `None` before it began.
/// `history` is sorted newest first.
fn status_at(
    own: &Subscription,
    history: &[EarlierState],
    at: Millis,
) -> Option<(SubscriptionStatus, Millis)> {
    if own.status_changed_at <= at {
        return Some((own.status, own.status_changed_at));
    }
    let mut next = own.status;
    for state in history {
        // The beginning of an unsubscribed state is moved when an admin ends the subscription again.
        if state.until <= at {
            return Some((next, state.until));
        }
        if state.since <= at {
            return Some((state.status, state.since));
        }
        next = state.status;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own(status: SubscriptionStatus, since: i64) -> Subscription {
        Subscription {
            id: 1,
            subscriber_id: 1,
            digest: "weekly".into(),
            status,
            sections: Vec::new(),
            status_changed_at: Millis(since),
            requested_at: Millis(0),
            consent: String::new(),
            removal_reason: None,
        }
    }

    fn earlier(status: SubscriptionStatus, since: i64, until: i64) -> EarlierState {
        EarlierState {
            digest: "weekly".into(),
            status,
            since: Millis(since),
            until: Millis(until),
            consent: String::new(),
            removal_reason: None,
        }
    }

    #[test]
    fn the_status_of_a_time_is_read_from_the_history() {
        use SubscriptionStatus::{Confirmed, Pending, Unsubscribed};
        let own = own(Unsubscribed, 90);
        let history = [earlier(Confirmed, 30, 70), earlier(Pending, 10, 30)];
        for (at, expected) in [
            (5, None),
            (10, Some((Pending, 10))),
            (29, Some((Pending, 10))),
            (30, Some((Confirmed, 30))),
            (69, Some((Confirmed, 30))),
            (80, Some((Unsubscribed, 70))),
            (95, Some((Unsubscribed, 90))),
        ] {
            let found = status_at(&own, &history, Millis(at));
            assert_eq!(found.map(|(status, since)| (status, since.0)), expected, "at {at}");
        }
    }

    #[test]
    fn a_status_that_changed_during_the_freezing_is_a_reason() {
        let own = own(SubscriptionStatus::Paused, 50);
        let history = [earlier(SubscriptionStatus::Confirmed, 10, 50)];
        let at = |created, frozen| {
            let times = [Millis(created), Millis(frozen)];
            absence_by_status(&own, &history, times).map(Absence::code)
        };
        assert_eq!(at(40, 60), Some("paused"));
        assert_eq!(at(20, 40), None);
        assert_eq!(at(5, 6), Some("subscribed_later"));
    }
}
