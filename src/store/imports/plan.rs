//! Decisions about the lines of a slice: the rows to write, and the number of each outcome.

use super::current::{CurrentPeople, CurrentPerson};
use super::differences;
use super::rows::{ImportPerson, ImportSlice};
use crate::domain::import_changes::{
    ChangedPerson, ChangedValue, ExistingPeople, MAX_CHANGED_PEOPLE,
};
use crate::domain::subscriber_import::ImportCounts;
use crate::domain::subscription::{RequestDecision, RequestOrigin, SubscriptionStatus, decide};

/// Changes to make for the lines of a slice.
#[derive(Debug, Default)]
pub(super) struct ChunkPlan<'a> {
    /// People whom the slice adds.
    pub(super) new_people: Vec<&'a ImportPerson>,
    /// Known people whose name, language or time zone changes, with the language that they have then.
    pub(super) details: Vec<(i64, &'a ImportPerson, Option<&'a str>)>,
    /// Subscriptions that begin or change.
    pub(super) subscriptions: Vec<PlannedSubscription<'a>>,
    /// Known subscriptions whose chosen sections change.
    pub(super) sections: Vec<(i64, &'a ImportPerson)>,
    /// People whose tags or attributes change.
    pub(super) values: Vec<&'a ImportPerson>,
    /// Hashes and reasons of addresses to suppress.
    pub(super) suppressions: Vec<&'a (String, String)>,
    /// Numbers of lines by outcome.
    pub(super) counts: ImportCounts,
    /// First known people whose stored values change.
    pub(super) changed_people: Vec<ChangedPerson>,
    /// Language of people who have none.
    pub(super) language: Option<&'a str>,
    /// Treatment of known people.
    existing: ExistingPeople,
}

/// Subscription that begins or changes.
#[derive(Debug)]
pub(super) struct PlannedSubscription<'a> {
    pub(super) person: &'a ImportPerson,
    pub(super) status: SubscriptionStatus,
    /// Chosen sections: those of the line, or without any those that a known subscription has.
    pub(super) sections: &'a [String],
    /// Language of the message that asks the owner.
    pub(super) language: Option<&'a str>,
    /// `true` if the subscription exists.
    pub(super) is_known: bool,
    /// `true` if a message asks the owner for the confirmation.
    pub(super) is_asked: bool,
}

/// Decides every line, without side effects.
pub(super) fn plan<'a>(slice: ImportSlice<'a>, current: &'a CurrentPeople) -> ChunkPlan<'a> {
    let mut plan =
        ChunkPlan { existing: slice.existing, language: slice.language, ..ChunkPlan::default() };
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
    /// Returns the subscriptions whose owners are asked for their confirmation.
    pub(super) fn confirmations(&self) -> impl Iterator<Item = &PlannedSubscription<'a>> {
        self.subscriptions.iter().filter(|planned| planned.is_asked)
    }

    fn add(&mut self, person: &'a ImportPerson, is_suppressed: bool, current: &'a CurrentPeople) {
        if current.is_suppressed(person) && !is_suppressed {
            self.counts.suppressed += 1;
            return;
        }
        if current.opt_in_required.contains(&person.address_hash) {
            self.counts.previously_unsubscribed += 1;
            return;
        }
        let known = current.people.get(&person.address_key);
        let decision = self.decide(person, known);
        let mut has_changed = self.change_details(person, known, decision);
        if let RequestDecision::SendConfirmation | RequestDecision::Confirm = decision {
            self.subscribe(person, known, decision, is_suppressed);
            has_changed = true;
        }
        if is_suppressed {
            self.counts.suppressed += 1;
            return;
        }
        self.count(person, decision, known.is_some(), has_changed);
    }

    /// Returns the language of a person after the import.
    fn language_of(
        &self,
        person: &'a ImportPerson,
        known: Option<&'a CurrentPerson>,
    ) -> Option<&'a str> {
        let given = person.language.as_deref();
        let stored = known.and_then(|known| known.language.as_deref());
        let own = match self.existing {
            ExistingPeople::Update => given.or(stored),
            ExistingPeople::Keep => stored.or(given),
        };
        own.or(self.language)
    }

    /// Plans a subscription that begins or changes.
    fn subscribe(
        &mut self,
        person: &'a ImportPerson,
        known: Option<&'a CurrentPerson>,
        decision: RequestDecision,
        is_suppressed: bool,
    ) {
        let status = match decision {
            RequestDecision::SendConfirmation => SubscriptionStatus::Pending,
            _ => person.target(),
        };
        let current = known.and_then(|known| known.subscription.as_ref());
        let sections = match current {
            Some(current) if person.sections.is_empty() => &current.sections,
            _ => &person.sections,
        };
        self.subscriptions.push(PlannedSubscription {
            person,
            status,
            sections,
            language: self.language_of(person, known),
            is_known: current.is_some(),
            is_asked: status == SubscriptionStatus::Pending && !is_suppressed,
        });
    }

    /// Plans the details of a person; returns `true` if they change or the person is new.
    fn change_details(
        &mut self,
        person: &'a ImportPerson,
        known: Option<&'a CurrentPerson>,
        decision: RequestDecision,
    ) -> bool {
        let language = self.language_of(person, known);
        let Some(known) = known else {
            self.new_people.push(person);
            if !person.tags.is_empty() || !person.attributes.is_empty() {
                self.values.push(person);
            }
            return true;
        };
        if self.existing == ExistingPeople::Keep {
            return false;
        }
        let details = differences::of_details(person, known, language);
        if !details.is_empty() {
            self.details.push((known.id, person, language));
        }
        let values = differences::of_values(person, known);
        if !values.is_empty() {
            self.values.push(person);
        }
        let sections = match decision {
            RequestDecision::RemainsUnsubscribed => None,
            _ => differences::of_sections(person, known),
        };
        // A subscription that changes is stored with its sections.
        if sections.is_some() && decision == RequestDecision::NoChange {
            self.sections.push((known.id, person));
        }
        self.show(person, known, details.into_iter().chain(values).chain(sections).collect())
    }

    /// Counts a person whose stored values change, and keeps the first ones; returns `false` without any.
    fn show(
        &mut self,
        person: &ImportPerson,
        known: &CurrentPerson,
        values: Vec<ChangedValue>,
    ) -> bool {
        if values.is_empty() {
            return false;
        }
        self.counts.details_changed += 1;
        if self.changed_people.len() < MAX_CHANGED_PEOPLE {
            self.changed_people.push(ChangedPerson::new(known.id, &person.address, values));
        }
        true
    }

    /// Returns the effect on the subscription: by the same rules as a request of an admin, except that the
    /// end of a subscription elsewhere only counts if there is none here.
    fn decide(&self, person: &ImportPerson, known: Option<&CurrentPerson>) -> RequestDecision {
        let subscription = known.and_then(|known| known.subscription.as_ref());
        let current = subscription.map(|subscription| subscription.status);
        match (person.target(), current) {
            (SubscriptionStatus::Unsubscribed, None) => RequestDecision::Confirm,
            (SubscriptionStatus::Unsubscribed, Some(_)) => RequestDecision::RemainsUnsubscribed,
            (_, Some(current)) if self.existing == ExistingPeople::Keep => match current.status {
                SubscriptionStatus::Unsubscribed => RequestDecision::RemainsUnsubscribed,
                _ => RequestDecision::NoChange,
            },
            (SubscriptionStatus::Pending, _) => decide(current, RequestOrigin::Admin),
            (SubscriptionStatus::Confirmed | SubscriptionStatus::Paused, _) => {
                decide(current, RequestOrigin::AdminWithConsent)
            }
        }
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
