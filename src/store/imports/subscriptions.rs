//! Subscriptions of the people in one slice of an import.

use std::collections::HashMap;

use serde::Serialize;

use super::conflicts::Conflicts;
use super::plan::{ChunkPlan, PlannedSubscription};
use super::rows::{ImportPerson, to_json};
use crate::domain::fold::fold;
use crate::domain::time::Millis;
use crate::store::db::{Statement, Tx};
use crate::store::subscriptions::requests::{keep_replaced, save_subscriptions, set_sections};
use crate::store::{StoreResult, json_list};

/// Number of subscriptions with equal details from which one statement writes them.
const SUBSCRIPTIONS_IN_COMMON: usize = 20;

/// Begins subscriptions of people who had none.
const ADD_SUBSCRIPTIONS: &str = "
    INSERT INTO subscriptions (
           subscriber_id, digest, status, sections, section_keys, since, requested_at, consent)
    SELECT p.id, $digest, $status, $sections, $section_keys, $now, $now, $consent
      FROM {json_texts $keys} AS r
      JOIN subscribers p ON p.address_key = r.value
     WHERE TRUE
    {on_conflict}";

static ADD_NEW_SUBSCRIPTIONS: Statement =
    Statement::with(ADD_SUBSCRIPTIONS, &[("on_conflict", "")]);

/// People whom another process has just subscribed keep their subscriptions.
static ADD_ABSENT_SUBSCRIPTIONS: Statement = Statement::with(
    ADD_SUBSCRIPTIONS,
    &[("on_conflict", "ON CONFLICT (subscriber_id, digest) DO NOTHING")],
);

/// All statements of this file.
pub(in crate::store) static STATEMENTS: &[&Statement] =
    &[&ADD_NEW_SUBSCRIPTIONS, &ADD_ABSENT_SUBSCRIPTIONS];

/// Row of a subscription, or of its sections.
#[derive(Serialize)]
struct SubscriptionRow<'a> {
    subscriber_id: i64,
    digest: &'a str,
    status: &'a str,
    sections: String,
    section_keys: String,
    consent: &'a str,
}

/// Begins the subscriptions of people who had none, with one statement for all that have the same status,
/// sections and consent. Returns the others.
pub(super) async fn add_subscriptions<'a>(
    tx: &mut Tx,
    plan: &'a ChunkPlan<'_>,
    digest: &str,
    conflicts: Conflicts,
    now: Millis,
) -> StoreResult<Vec<&'a PlannedSubscription<'a>>> {
    let statement = match conflicts {
        Conflicts::Unexpected => &ADD_NEW_SUBSCRIPTIONS,
        Conflicts::Skipped => &ADD_ABSENT_SUBSCRIPTIONS,
    };
    let mut groups: HashMap<(&str, &[String], &str), Vec<&PlannedSubscription<'_>>> =
        HashMap::new();
    let (known, new): (Vec<_>, Vec<_>) =
        plan.subscriptions.iter().partition(|planned| planned.is_known);
    for planned in new {
        let person = planned.person;
        let key = (planned.status.as_str(), planned.sections, person.consent.as_str());
        groups.entry(key).or_default().push(planned);
    }
    let mut rest = known;
    for ((status, sections, consent), group) in groups {
        if group.len() < SUBSCRIPTIONS_IN_COMMON {
            rest.extend(group);
            continue;
        }
        let keys: Vec<&str> =
            group.iter().map(|planned| planned.person.address_key.as_str()).collect();
        let section_keys: Vec<String> = sections.iter().map(|section| fold(section)).collect();
        tx.query(statement)
            .bind("keys", to_json(&keys))
            .bind("digest", digest)
            .bind("status", status)
            .bind("sections", json_list(sections))
            .bind("section_keys", json_list(&section_keys))
            .bind("consent", consent)
            .bind("now", now)
            .execute()
            .await?;
    }
    Ok(rest)
}

/// Stores the subscriptions that [`add_subscriptions`] left, and the changed sections of the others.
pub(super) async fn save_subscriptions_of(
    tx: &mut Tx,
    plan: &ChunkPlan<'_>,
    rest: &[&PlannedSubscription<'_>],
    digest: &str,
    id_of: &impl Fn(&ImportPerson) -> StoreResult<i64>,
    now: Millis,
) -> StoreResult<()> {
    let (mut rows, mut replaces) = (Vec::new(), false);
    for planned in rest {
        let (person, status) = (planned.person, planned.status.as_str());
        rows.push(row(id_of(person)?, digest, status, planned.sections, &person.consent));
        replaces |= planned.is_known;
    }
    let json = to_json(&rows);
    if replaces {
        keep_replaced(tx, &json, true, now).await?;
    }
    if !rows.is_empty() {
        save_subscriptions(tx, &json, true, now).await?;
    }
    let sections: Vec<_> = plan
        .sections
        .iter()
        .map(|(id, person)| row(*id, digest, person.target().as_str(), &person.sections, ""))
        .collect();
    if !sections.is_empty() {
        set_sections(tx, &to_json(&sections)).await?;
    }
    Ok(())
}

fn row<'a>(
    subscriber_id: i64,
    digest: &'a str,
    status: &'a str,
    sections: &[String],
    consent: &'a str,
) -> SubscriptionRow<'a> {
    let keys: Vec<String> = sections.iter().map(|section| fold(section)).collect();
    let (sections, section_keys) = (json_list(sections), json_list(&keys));
    SubscriptionRow { subscriber_id, digest, status, sections, section_keys, consent }
}
