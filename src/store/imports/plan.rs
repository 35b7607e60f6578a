//! Decisions about the lines of a slice: the rows to write, and the number of each outcome.

use super::current::{CurrentPeople, CurrentPerson};
use super::rows::{ImportPerson, ImportSlice};
use crate::domain::subscriber_import::ImportCounts;
use crate::domain::subscription::{RequestDecision, RequestOrigin, SubscriptionStatus, decide};

/// Changes to make for the lines of a slice.
#[derive(Debug, Default)]
pub(super) struct ChunkPlan<'a> {
    /// People whom the slice adds.
    pub(super) new_people: Vec<&'a ImportPerson>,
    /// Known people whose name, language or time zone changes.
    pub(super) changed_people: Vec<(i64, &'a ImportPerson)>,
    /// Subscriptions that begin or change.
    pub(super) subscriptions: Vec<PlannedSubscription<'a>>,
    /// Known subscriptions whose chosen sections change.
    pub(super) sections: Vec<(i64, &'a ImportPerson)>,
    /// People whose tags or attributes change.
    pub(super) values: Vec<&'a ImportPerson>,
    /// People who are asked for their confirmation.
    pub(super) confirmations: Vec<&'a ImportPerson>,
    /// Hashes and reasons of addresses to suppress.
    pub(super) suppressions: Vec<&'a (String, String)>,
    /// Numbers of lines by outcome.
    pub(super) counts: ImportCounts,
}

/// Subscription that begins or changes.
#[derive(Debug)]
pub(super) struct PlannedSubscription<'a> {
    pub(super) person: &'a ImportPerson,
    pub(super) status: SubscriptionStatus,
    /// `true` if the subscription exists.
    pub(super) is_known: bool,
}

/// Decides every line, without side effects.
pub(super) fn plan<'a>(slice: ImportSlice<'a>, current: &CurrentPeople) -> ChunkPlan<'a> {
    let mut plan = ChunkPlan::default();
    for row in slice.rows {
        let states_suppression = row.suppression.is_some();
        if let Some(suppression) = &row.suppression
            && !current.suppressed.contains(&suppression.0)
        {
            plan.suppressions.push(suppression);
            plan.counts.suppressions_added += 1;
        }
        match &row.person {
            None if row.is_other_digest => plan.counts.other_digests += 1,
            None if states_suppression => plan.counts.suppressed += 1,
            None => plan.counts.previously_unsubscribed += 1,
            Some(person) => plan.add(person, states_suppression, current),
        }
    }
    plan
}

impl<'a> ChunkPlan<'a> {
    fn add(&mut self, person: &'a ImportPerson, is_suppressed: bool, current: &CurrentPeople) {
        if current.is_suppressed(person) && !is_suppressed {
            self.counts.suppressed += 1;
            return;
        }
        if current.opt_in_required.contains(&person.address_hash) {
            self.counts.previously_unsubscribed += 1;
            return;
        }
        let known = current.people.get(&person.address_key);
        let mut has_changed = self.change_details(person, known);
        let decision = self.decide(person, known);
        match decision {
            RequestDecision::SendConfirmation | RequestDecision::Confirm => {
                let status = match decision {
                    RequestDecision::SendConfirmation => SubscriptionStatus::Pending,
                    _ => person.target(),
                };
                let is_known = known.is_some_and(|known| known.subscription.is_some());
                self.subscriptions.push(PlannedSubscription { person, status, is_known });
                has_changed = true;
                if status == SubscriptionStatus::Pending && !is_suppressed {
                    self.confirmations.push(person);
                }
            }
            RequestDecision::NoChange => has_changed |= self.change_sections(person, known),
            RequestDecision::RemainsUnsubscribed => {}
        }
        if is_suppressed {
            self.counts.suppressed += 1;
            return;
        }
        self.count(person, decision, known.is_some(), has_changed);
    }

    /// Plans the details of a person; returns `true` if they change or the person is new.
    fn change_details(&mut self, person: &'a ImportPerson, known: Option<&CurrentPerson>) -> bool {
        let Some(known) = known else {
            self.new_people.push(person);
            if !person.tags.is_empty() || !person.attributes.is_empty() {
                self.values.push(person);
            }
            return true;
        };
        let differs = |new: &Option<String>, old: &Option<String>| new.is_some() && new != old;
        let has_details = differs(&person.name, &known.name)
            || differs(&person.language, &known.language)
            || differs(&person.timezone, &known.timezone);
        if has_details {
            self.changed_people.push((known.id, person));
        }
        let has_values = person.tags.iter().any(|tag| !known.tags.contains(tag))
            || person
                .attributes
                .iter()
                .any(|(name, value)| known.attributes.get(name) != Some(value));
        if has_values {
            self.values.push(person);
        }
        has_details || has_values
    }

    /// Returns the effect on the subscription: by the same rules as a request of an admin, except that the
    /// end of a subscription elsewhere only counts if there is none here.
    fn decide(&self, person: &ImportPerson, known: Option<&CurrentPerson>) -> RequestDecision {
        let subscription = known.and_then(|known| known.subscription.as_ref());
        let current = subscription.map(|subscription| subscription.status);
        match person.target() {
            SubscriptionStatus::Unsubscribed if current.is_none() => RequestDecision::Confirm,
            SubscriptionStatus::Unsubscribed => RequestDecision::RemainsUnsubscribed,
            SubscriptionStatus::Pending => decide(current, RequestOrigin::Admin),
            SubscriptionStatus::Confirmed | SubscriptionStatus::Paused => {
                decide(current, RequestOrigin::AdminWithConsent)
            }
        }
    }

    fn change_sections(&mut self, person: &'a ImportPerson, known: Option<&CurrentPerson>) -> bool {
        let Some(known) = known else { return false };
        let current = known.subscription.as_ref().map(|subscription| &subscription.sections);
        let differs = !person.sections.is_empty() && current != Some(&person.sections);
        if differs {
            self.sections.push((known.id, person));
        }
        differs
    }

    fn count(
        &mut self,
        person: &ImportPerson,
        decision: RequestDecision,
        is_known: bool,
        has_changed: bool,
    ) {
        let counts = &mut self.counts;
        let is_ended = person.target() == SubscriptionStatus::Unsubscribed;
        if is_ended || decision == RequestDecision::RemainsUnsubscribed {
            counts.previously_unsubscribed += 1;
            return;
        }
        match decision {
            RequestDecision::SendConfirmation => counts.pending += 1,
            RequestDecision::Confirm => counts.confirmed += 1,
            RequestDecision::NoChange => counts.already_subscribed += 1,
            RequestDecision::RemainsUnsubscribed => {}
        }
        match (is_known, has_changed) {
            (false, _) => counts.new += 1,
            (true, true) => counts.changed += 1,
            (true, false) => counts.unchanged += 1,
        }
    }
}
