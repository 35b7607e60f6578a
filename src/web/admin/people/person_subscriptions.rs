//! Subscriptions on the page of a person, with their earlier states and the last edition of each digest.

use super::access::VisibleSubscriber;
use super::{choices, states};
use crate::config::Digest;
use crate::domain::embedded_times::with_local_times;
use crate::domain::subscription::SubscriptionStatus;
use crate::store::subscribers::Subscription;
use crate::store::subscription_history::EarlierState;
use crate::templates::pages::{LastEdition, PersonSubscription, StateRow};
use crate::web::admin::receptions;
use crate::web::admin::visit::Visit;
use crate::web::error::WebResult;

/// Returns the subscriptions with their earlier states.
pub(super) async fn subscriptions(
    visit: &Visit,
    person: &VisibleSubscriber,
    submitted: Option<(String, Vec<String>, String)>,
) -> WebResult<Vec<PersonSubscription>> {
    let history = visit.app().store.subscriptions().history_of(person.subscriber.id).await?;
    let config = &visit.app().config;
    let row = |one: &Subscription| {
        let digest = config.digests.iter().find(|digest| digest.name == one.digest);
        let earlier = history.iter().filter(|state| state.digest == one.digest);
        let is_active = one.status != SubscriptionStatus::Unsubscribed;
        PersonSubscription {
            digest: one.digest.clone(),
            title: visit.digest_title(&one.digest),
            state: states::of_status(visit, one.status),
            since: visit.time(one.status_changed_at),
            sections: titles_of(visit, &one.sections),
            section_choices: Vec::new(),
            sections_error: None,
            evidence: with_local_times(&one.consent, &visit.zone),
            reason: one.removal_reason.clone(),
            is_pending: one.status == SubscriptionStatus::Pending && digest.is_some(),
            is_confirmed: is_active && one.status != SubscriptionStatus::Pending,
            is_active,
            earlier: earlier.map(|state| state_row(visit, state)).collect(),
            last_edition: None,
        }
    };
    let mut rows: Vec<PersonSubscription> = person.subscriptions.iter().map(row).collect();
    add_section_choices(visit, person, submitted, &mut rows).await?;
    add_last_editions(visit, person, &mut rows).await?;
    Ok(rows)
}

fn titles_of(visit: &Visit, sections: &[String]) -> String {
    let titles: Vec<String> = sections.iter().map(|name| visit.section_title(name)).collect();
    visit.app().templates.join(&visit.client.language, &titles)
}

/// Adds the sections that each subscription can choose; `submitted` has those of a rejected form.
async fn add_section_choices(
    visit: &Visit,
    person: &VisibleSubscriber,
    mut submitted: Option<(String, Vec<String>, String)>,
    rows: &mut [PersonSubscription],
) -> WebResult<()> {
    for (row, subscription) in rows.iter_mut().zip(&person.subscriptions) {
        let digests = visit.app().config.digests.iter();
        let digest: Vec<&Digest> = digests.filter(|one| one.name == row.digest).collect();
        let mut chosen = subscription.sections.clone();
        if let Some((_, entered, error)) = submitted.take_if(|(name, ..)| *name == row.digest) {
            (chosen, row.sections_error) = (entered, Some(error));
        }
        row.section_choices = choices::sections(visit, &digest, &chosen).await?;
    }
    Ok(())
}

/// Adds why the person got the last edition of each digest, or did not.
async fn add_last_editions(
    visit: &Visit,
    person: &VisibleSubscriber,
    rows: &mut [PersonSubscription],
) -> WebResult<()> {
    let editions = visit.app().store.editions();
    for row in rows {
        let Some(id) = editions.last_of(&row.digest).await? else { continue };
        let edition = editions.get(id).await?;
        let answer = receptions::of_person(visit, &edition, Some(&person.subscriber)).await?;
        row.last_edition = Some(LastEdition { id, answer });
    }
    Ok(())
}

fn state_row(visit: &Visit, state: &EarlierState) -> StateRow {
    StateRow {
        state: states::of_status(visit, state.status),
        since: visit.time(state.since),
        until: visit.time(state.until),
        evidence: with_local_times(&state.consent, &visit.zone),
        reason: state.removal_reason.clone(),
    }
}
