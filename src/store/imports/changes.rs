//! Changes of the people in one slice of an import, in the transaction that saves its progress.

use std::collections::{HashMap, HashSet};

use serde::Serialize;
use serde_json::{Value as Json, json};

use super::conflicts::Conflicts;
use super::current;
use super::plan::{ChunkPlan, PlannedSubscription, plan};
use super::rows::{ImportPerson, ImportSlice, to_json};
use super::subscriptions::{add_subscriptions, save_subscriptions_of};
use crate::domain::actor::Actor;
use crate::domain::fold::fold;
use crate::domain::import_changes::ChangedPerson;
use crate::domain::subscriber_import::ImportCounts;
use crate::domain::subscription::SubscriptionStatus;
use crate::domain::time::Millis;
use crate::store::db::{Statement, Tx};
use crate::store::subscriber_values::{self, ValueChanges};
use crate::store::subscriptions::requests::queue_confirmations;
use crate::store::transactional_messages::{cancel_confirmations, cancel_to_addresses};
use crate::store::{StoreError, StoreResult};

/// Settings of the transaction of a chunk.
pub(super) static SETTINGS: Statement = Statement::new("SELECT {bulk_settings}, {lookup_settings}");

static SUPPRESS: Statement = Statement::new(
    "
    INSERT INTO suppressions (hash, reason, created_at)
    SELECT hash, reason, $now
      FROM {json_rows $rows hash TEXT, reason TEXT} AS r
     WHERE TRUE
    ON CONFLICT (hash) DO NOTHING",
);

/// Adds people who are new.
const ADD_PEOPLE: &str = "
    INSERT INTO subscribers (
           address, address_key, address_hash, name, name_key, language, timezone, created_at)
    SELECT address, key, hash, name, name_key, language, timezone, $now
      FROM {json_rows $people
            address TEXT, key TEXT, hash TEXT, name TEXT, name_key TEXT, language TEXT,
            timezone TEXT} AS r
     WHERE TRUE
    {on_conflict}";

static ADD_NEW_PEOPLE: Statement = Statement::with(ADD_PEOPLE, &[("on_conflict", "")]);

/// People whom another process has just added stay as they are.
static ADD_ABSENT_PEOPLE: Statement =
    Statement::with(ADD_PEOPLE, &[("on_conflict", "ON CONFLICT (address_key) DO NOTHING")]);

static IDS: Statement = Statement::new(
    "
    SELECT id, address_key
      FROM subscribers
     WHERE address_key IN {json_texts $keys}",
);

static CHANGE_PEOPLE: Statement = Statement::new(
    "
    UPDATE subscribers
       SET name = COALESCE(r.name, subscribers.name),
           name_key = COALESCE(r.name_key, subscribers.name_key),
           language = COALESCE(r.language, subscribers.language),
           timezone = COALESCE(r.timezone, subscribers.timezone)
      FROM {json_rows $people
            id INTEGER, name TEXT, name_key TEXT, language TEXT, timezone TEXT} AS r
     WHERE subscribers.id = r.id",
);

/// All statements of this file.
pub(in crate::store) static STATEMENTS: &[&Statement] =
    &[&SETTINGS, &SUPPRESS, &ADD_NEW_PEOPLE, &ADD_ABSENT_PEOPLE, &IDS, &CHANGE_PEOPLE];

/// Row of `ADD_PEOPLE` and [`CHANGE_PEOPLE`].
#[derive(Serialize)]
struct PersonRow<'a> {
    id: Option<i64>,
    address: &'a str,
    key: &'a str,
    hash: &'a str,
    name: Option<&'a str>,
    name_key: Option<String>,
    language: Option<&'a str>,
    timezone: Option<&'a str>,
}

/// Stores the lines of a slice. Returns their numbers by outcome, and the first known people whose stored
/// values changed.
pub(super) async fn apply(
    tx: &mut Tx,
    slice: ImportSlice<'_>,
    conflicts: Conflicts,
    actor: &Actor,
    now: Millis,
) -> StoreResult<(ImportCounts, Vec<ChangedPerson>)> {
    let current = current::read(tx, slice).await?;
    let plan = plan(slice, &current);
    suppress(tx, &plan, now).await?;
    add_people(tx, &plan, conflicts, now).await?;
    change_people(tx, &plan).await?;
    let rest = add_subscriptions(tx, &plan, slice.digest, conflicts, now).await?;
    let mut ids: HashMap<&str, i64> =
        current.people.iter().map(|(key, person)| (key.as_str(), person.id)).collect();
    let added = ids_of(tx, &plan, &rest, &ids).await?;
    ids.extend(added.iter().map(|(key, id)| (key.as_str(), *id)));
    let id_of = |person: &ImportPerson| {
        let id = ids.get(person.address_key.as_str()).copied();
        id.ok_or(StoreError::Sql(sqlx::Error::RowNotFound))
    };
    save_subscriptions_of(tx, &plan, &rest, slice.digest, &id_of, now).await?;
    confirm(tx, &plan, slice, &id_of, now).await?;
    save_values(tx, &plan, &id_of, actor, now).await?;
    Ok((plan.counts, plan.changed_people))
}

/// Returns the ids of new people that the remaining statements need, by their addresses. Most need none,
/// because a row of a result costs more than a row of an insertion.
async fn ids_of(
    tx: &mut Tx,
    plan: &ChunkPlan<'_>,
    rest: &[&PlannedSubscription<'_>],
    known: &HashMap<&str, i64>,
) -> StoreResult<Vec<(String, i64)>> {
    let people = rest.iter().map(|planned| planned.person).chain(plan.values.iter().copied());
    let people = people.chain(plan.confirmations().map(|planned| planned.person));
    let keys: HashSet<&str> = people
        .map(|person| person.address_key.as_str())
        .filter(|key| !known.contains_key(key))
        .collect();
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let keys: Vec<&str> = keys.into_iter().collect();
    tx.query(&IDS)
        .bind("keys", to_json(&keys))
        .fetch_with(|row| Ok((row.get("address_key")?, row.get("id")?)))
        .await
}

async fn suppress(tx: &mut Tx, plan: &ChunkPlan<'_>, now: Millis) -> StoreResult<()> {
    if plan.suppressions.is_empty() {
        return Ok(());
    }
    let rows =
        plan.suppressions.iter().map(|(hash, reason)| json!({"hash": hash, "reason": reason}));
    let query = tx.query(&SUPPRESS).bind("rows", rows.collect::<Json>());
    query.bind("now", now).execute().await?;
    let hashes: Vec<String> = plan.suppressions.iter().map(|(hash, _)| hash.clone()).collect();
    cancel_to_addresses(tx, &hashes, now).await
}

fn person_row<'a>(
    id: Option<i64>,
    person: &'a ImportPerson,
    language: Option<&'a str>,
) -> PersonRow<'a> {
    PersonRow {
        id,
        address: &person.address,
        key: &person.address_key,
        hash: &person.address_hash,
        name: person.name.as_deref(),
        name_key: person.name.as_deref().map(fold),
        language,
        timezone: person.timezone.as_deref(),
    }
}

async fn add_people(
    tx: &mut Tx,
    plan: &ChunkPlan<'_>,
    conflicts: Conflicts,
    now: Millis,
) -> StoreResult<()> {
    if plan.new_people.is_empty() {
        return Ok(());
    }
    let people = plan.new_people.iter();
    let rows: Vec<_> = people
        .map(|person| person_row(None, person, person.language.as_deref().or(plan.language)))
        .collect();
    let statement = match conflicts {
        Conflicts::Unexpected => &ADD_NEW_PEOPLE,
        Conflicts::Skipped => &ADD_ABSENT_PEOPLE,
    };
    tx.query(statement).bind("people", to_json(&rows)).bind("now", now).execute().await?;
    Ok(())
}

async fn change_people(tx: &mut Tx, plan: &ChunkPlan<'_>) -> StoreResult<()> {
    if plan.details.is_empty() {
        return Ok(());
    }
    let details = plan.details.iter();
    let rows: Vec<_> =
        details.map(|(id, person, language)| person_row(Some(*id), person, *language)).collect();
    tx.query(&CHANGE_PEOPLE).bind("people", to_json(&rows)).execute().await?;
    Ok(())
}

/// Queues the confirmation messages, and cancels those that earlier requests have queued for subscriptions
/// that are confirmed now.
async fn confirm(
    tx: &mut Tx,
    plan: &ChunkPlan<'_>,
    slice: ImportSlice<'_>,
    id_of: &impl Fn(&ImportPerson) -> StoreResult<i64>,
    now: Millis,
) -> StoreResult<()> {
    let mut messages = Vec::new();
    for planned in plan.confirmations() {
        let person = planned.person;
        let payload = json!({
            "digests": [slice.digest],
            "sections": planned.sections,
            "language": planned.language,
        });
        messages.push(json!({
            "subscriber_id": id_of(person)?,
            "address": person.address,
            "hash": person.address_hash,
            "name": person.name,
            "payload": payload.to_string(),
        }));
    }
    if !messages.is_empty() {
        queue_confirmations(tx, messages, slice.transport, now).await?;
    }
    let confirmed = plan.subscriptions.iter().filter(|subscription| {
        subscription.is_known && subscription.status != SubscriptionStatus::Pending
    });
    let confirmed: Vec<i64> =
        confirmed.map(|subscription| id_of(subscription.person)).collect::<StoreResult<_>>()?;
    if !confirmed.is_empty() {
        cancel_confirmations(tx, &confirmed, now).await?;
    }
    Ok(())
}

async fn save_values(
    tx: &mut Tx,
    plan: &ChunkPlan<'_>,
    id_of: &impl Fn(&ImportPerson) -> StoreResult<i64>,
    actor: &Actor,
    now: Millis,
) -> StoreResult<()> {
    let mut changes = Vec::new();
    for person in &plan.values {
        let values = ValueChanges {
            tags: person.tags.clone(),
            attributes: person.attributes.clone(),
            ..ValueChanges::default()
        };
        changes.push((id_of(person)?, values));
    }
    if !changes.is_empty() {
        let changes: Vec<_> = changes.iter().map(|(id, values)| (*id, values)).collect();
        subscriber_values::save(tx, &changes, actor, now).await?;
    }
    Ok(())
}
