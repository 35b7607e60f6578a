//! Requests of subscriptions, with the confirmation messages in the same transaction.

use std::collections::{BTreeSet, HashSet};

use serde_json::{Value as Json, json};

use super::plan::{CurrentState, CurrentSubscription, RequestPlan, plan};
use super::{RequestResult, SubscriptionRequest, confirmation_limits};
use crate::domain::actor::Actor;
use crate::domain::audit::{AuditAction, AuditObject};
use crate::domain::fold::fold;
use crate::domain::subscription::RequestOrigin;
use crate::domain::time::Millis;
use crate::store::audit_log::{self, NewAuditEntry};
use crate::store::db::{Statement, Tx};
use crate::store::operations::Subscriptions;
use crate::store::suppressions::domain_key;
use crate::store::transactional_messages::cancel_confirmations;
use crate::store::{StoreResult, subscriber_values};

static SUPPRESSED: Statement =
    Statement::new("SELECT hash FROM suppressions WHERE hash IN {json_texts $keys}");

static REQUIRE_OPT_IN: Statement =
    Statement::new("SELECT hash FROM opt_in_required WHERE hash IN {json_texts $hashes}");

/// Stores the people in the requests and returns all of them; `{update}` sets the columns of a
/// known person.
const SAVE_SUBSCRIBERS: &str = "
    INSERT INTO subscribers (
           address, address_key, address_hash, name, name_key, language, timezone, created_at)
    SELECT address, key, hash, name, name_key, language, timezone, $now
      FROM {json_rows $people
            address TEXT, key TEXT, hash TEXT, name TEXT, name_key TEXT, language TEXT,
            timezone TEXT} AS r
     WHERE TRUE
    ON CONFLICT (address_key) DO UPDATE
       SET {update}
    RETURNING id, address_key";

/// Anyone can enter an address on the page, so such a request never changes a known person.
static SAVE_SUBSCRIBERS_OF_PAGE: Statement =
    Statement::with(SAVE_SUBSCRIBERS, &[("update", "address_key = excluded.address_key")]);

static SAVE_SUBSCRIBERS_OF_ADMIN: Statement = Statement::with(
    SAVE_SUBSCRIBERS,
    &[(
        "update",
        "name = COALESCE(excluded.name, subscribers.name),
           name_key = COALESCE(excluded.name_key, subscribers.name_key),
           language = COALESCE(excluded.language, subscribers.language),
           timezone = COALESCE(excluded.timezone, subscribers.timezone)",
    )],
);

static CURRENT_SUBSCRIPTIONS: Statement = Statement::new(
    "
    SELECT subscriber_id, digest, status, removal_reason, since, requested_at
      FROM subscriptions
     WHERE subscriber_id IN {json_ids $subscribers}",
);

/// A subscription that its owner ended stays so until the owner confirms, and a change that the owner
/// has just made is not undone. An admin (`$admin`) may begin again what an admin ended.
static SAVE_SUBSCRIPTIONS: Statement = Statement::with(
    "
    INSERT INTO subscriptions (
           subscriber_id, digest, status, sections, section_keys, since, requested_at, consent)
    SELECT subscriber_id, digest, status, sections, section_keys, $now, $now, consent
      FROM {json_rows $subscriptions
            digest TEXT, status TEXT, sections TEXT, section_keys TEXT, consent TEXT,
            subscriber_id INTEGER} AS r
     WHERE TRUE
    ON CONFLICT (subscriber_id, digest) DO UPDATE
       SET sections = excluded.sections,
           section_keys = excluded.section_keys,
           requested_at = excluded.requested_at,
           consent = excluded.consent,
           status = CASE
             WHEN {stays_unsubscribed} THEN 'unsubscribed'
             ELSE excluded.status
           END,
           since = CASE
             WHEN {stays_unsubscribed} THEN subscriptions.since
             ELSE excluded.since
           END,
           removal_reason = CASE
             WHEN {stays_unsubscribed} THEN subscriptions.removal_reason
           END
     WHERE subscriptions.status IN ('pending', 'unsubscribed')",
    &[("stays_unsubscribed", STAYS_UNSUBSCRIBED)],
);

/// Keeps the states that a request replaces: of subscriptions that it confirms or begins again, and of
/// ended ones whose record of consent it replaces for the first time.
static KEEP_REPLACED: Statement = Statement::new(
    "
    INSERT INTO subscription_history (
           subscription_id, status, since, until, consent, removal_reason)
    SELECT s.id, s.status, s.since, $now, s.consent, s.removal_reason
      FROM {json_rows $subscriptions digest TEXT, status TEXT, subscriber_id INTEGER} AS r
      JOIN subscriptions s ON s.subscriber_id = r.subscriber_id AND s.digest = r.digest
     WHERE (s.status = 'pending' AND r.status IN ('confirmed', 'paused'))
        OR (s.status = 'unsubscribed'
            AND (s.requested_at <= s.since OR ($admin AND s.removal_reason IS NOT NULL)))",
);

const STAYS_UNSUBSCRIBED: &str = "subscriptions.status = 'unsubscribed'
              AND NOT ($admin AND subscriptions.removal_reason IS NOT NULL)";

static SET_SECTIONS: Statement = Statement::new(
    "
    UPDATE subscriptions
       SET sections = r.sections,
           section_keys = r.section_keys
      FROM {json_rows $sections
            digest TEXT, sections TEXT, section_keys TEXT, subscriber_id INTEGER} AS r
     WHERE subscriptions.subscriber_id = r.subscriber_id
       AND subscriptions.digest = r.digest",
);

static ADD_CONFIRMATIONS: Statement = Statement::new(
    "
    INSERT INTO deliveries (
           kind, subscriber_id, address, address_hash, name, state, payload, created_at)
    SELECT 'confirmation', subscriber_id, address, hash, name, 'queued', payload, $now
      FROM {json_rows $confirmations
            address TEXT, hash TEXT, name TEXT, payload TEXT, subscriber_id INTEGER} AS r
     WHERE TRUE
    RETURNING id",
);

static ENQUEUE: Statement = Statement::new(
    "
    INSERT INTO delivery_queue (delivery_id, transport, priority, due_at)
    SELECT d.id, $transport, 0, $now
      FROM deliveries d
     WHERE d.id IN {json_ids $deliveries}",
);

/// All statements of this file.
pub(in crate::store) static STATEMENTS: &[&Statement] = &[
    &SUPPRESSED,
    &REQUIRE_OPT_IN,
    &SAVE_SUBSCRIBERS_OF_PAGE,
    &SAVE_SUBSCRIBERS_OF_ADMIN,
    &CURRENT_SUBSCRIPTIONS,
    &KEEP_REPLACED,
    &SAVE_SUBSCRIPTIONS,
    &SET_SECTIONS,
    &ADD_CONFIRMATIONS,
    &ENQUEUE,
];

impl Subscriptions<'_> {
    /// Applies requests in one transaction, which also queues the confirmation messages. An address
    /// may occur only once per call. A visitor's request changes nothing once the inbox received
    /// its number of confirmation messages of the day.
    pub async fn request(
        self,
        requests: Vec<SubscriptionRequest>,
        origin: RequestOrigin,
        transport: &str,
        actor: &Actor,
        now: Millis,
    ) -> StoreResult<Vec<RequestResult>> {
        let mut tx = self.store.begin().await?;
        let inbox = match (origin, requests.as_slice()) {
            (RequestOrigin::Page, [request]) => Some(request.inbox_hash.clone()),
            _ => None,
        };
        if let Some(inbox) = &inbox
            && !confirmation_limits::may_send_confirmation(&mut tx, inbox, now).await?
        {
            let unchanged = requests.iter().map(|request| request.digests.len()).sum();
            return Ok(vec![RequestResult { unchanged, ..RequestResult::default() }]);
        }
        let (current, results) = apply(&mut tx, &requests, origin, transport, actor, now).await?;
        let are_queued = results.iter().any(|result| result.confirmations_queued > 0);
        if let Some(inbox) = inbox.filter(|_| are_queued) {
            confirmation_limits::record_confirmation(&mut tx, &inbox, now).await?;
        }
        record(&mut tx, &requests, &current, actor, now).await?;
        tx.commit().await?;
        Ok(results)
    }
}

/// Applies the requests of an admin in a transaction, whose audit entry the caller records.
pub(in crate::store) async fn request_in(
    tx: &mut Tx,
    requests: &[SubscriptionRequest],
    origin: RequestOrigin,
    transport: &str,
    actor: &Actor,
    now: Millis,
) -> StoreResult<Vec<RequestResult>> {
    Ok(apply(tx, requests, origin, transport, actor, now).await?.1)
}

async fn apply(
    tx: &mut Tx,
    requests: &[SubscriptionRequest],
    origin: RequestOrigin,
    transport: &str,
    actor: &Actor,
    now: Millis,
) -> StoreResult<(CurrentState, Vec<RequestResult>)> {
    let current = save_subscribers(tx, requests, origin, now).await?;
    let plan = plan(requests, &current, origin, now);
    if !current.subscriptions.is_empty() {
        let subscriptions = Json::from(plan.subscriptions.clone()).to_string();
        keep_replaced(tx, &subscriptions, origin != RequestOrigin::Page, now).await?;
    }
    let results = save_plan(tx, plan, origin, transport, now).await?;
    if results.iter().any(|result| result.confirmed > 0) {
        let subscribers: Vec<i64> = current.subscribers.values().copied().collect();
        cancel_confirmations(tx, &subscribers, now).await?;
    }
    if origin != RequestOrigin::Page {
        save_values(tx, requests, &current, actor, now).await?;
    }
    Ok((current, results))
}

/// Records one request with its subscriber, and several, which come from a file, by their number.
async fn record(
    tx: &mut Tx,
    requests: &[SubscriptionRequest],
    current: &CurrentState,
    actor: &Actor,
    now: Millis,
) -> StoreResult<()> {
    let ids: Vec<String> = current.subscribers.values().map(ToString::to_string).collect();
    let entry = match (requests, ids.as_slice()) {
        // No address may be subscribed, so nothing was changed.
        (_, []) => return Ok(()),
        ([request], [id]) => {
            NewAuditEntry::new(actor, AuditAction::Subscribe, AuditObject::Subscriber, id)
                .with(json!({"digests": request.digests}))
        }
        _ => NewAuditEntry::new(actor, AuditAction::Import, AuditObject::Subscriber, "")
            .with(json!({"requests": requests.len()})),
    };
    audit_log::record(tx, entry, now).await
}

/// Stores the people whose addresses may be subscribed and returns their subscriptions.
async fn save_subscribers(
    tx: &mut Tx,
    requests: &[SubscriptionRequest],
    origin: RequestOrigin,
    now: Millis,
) -> StoreResult<CurrentState> {
    let hashes: Vec<String> = requests.iter().map(|r| r.address_hash.clone()).collect();
    let domains: BTreeSet<&str> = requests.iter().map(|r| domain_key(&r.address_key)).collect();
    let keys: Vec<String> =
        hashes.iter().cloned().chain(domains.into_iter().map(Into::into)).collect();
    let suppressed: Vec<String> =
        tx.query(&SUPPRESSED).bind("keys", keys.as_slice()).fetch_scalars().await?;
    let found: HashSet<String> = suppressed.into_iter().collect();
    let suppressed: HashSet<String> = requests
        .iter()
        .filter(|r| found.contains(&r.address_hash) || found.contains(domain_key(&r.address_key)))
        .map(|r| r.address_hash.clone())
        .collect();
    let mut opt_in_required: HashSet<String> = HashSet::new();
    let save = if origin == RequestOrigin::Page {
        &SAVE_SUBSCRIBERS_OF_PAGE
    } else {
        let found = tx.query(&REQUIRE_OPT_IN).bind("hashes", hashes.as_slice());
        opt_in_required.extend(found.fetch_scalars::<String>().await?);
        &SAVE_SUBSCRIBERS_OF_ADMIN
    };
    let is_excluded = |r: &&SubscriptionRequest| {
        (suppressed.contains(&r.address_hash) && !r.is_suppressed)
            || opt_in_required.contains(&r.address_hash)
    };
    let people = requests.iter().filter(|r| !is_excluded(r)).map(person);
    let stored: Vec<(String, i64)> = tx
        .query(save)
        .bind("people", people.collect::<Json>())
        .bind("now", now)
        .fetch_with(|row| Ok((row.get("address_key")?, row.get("id")?)))
        .await?;
    let ids: Vec<i64> = stored.iter().map(|(_, id)| *id).collect();
    let subscriptions = tx
        .query(&CURRENT_SUBSCRIPTIONS)
        .bind("subscribers", ids.as_slice())
        .fetch_with(CurrentSubscription::with_key)
        .await?;
    Ok(CurrentState {
        suppressed,
        opt_in_required,
        subscribers: stored.into_iter().collect(),
        subscriptions: subscriptions.into_iter().collect(),
    })
}

/// Stores the tags and attribute values of the people whose addresses may be subscribed.
async fn save_values(
    tx: &mut Tx,
    requests: &[SubscriptionRequest],
    current: &CurrentState,
    actor: &Actor,
    now: Millis,
) -> StoreResult<()> {
    let changes: Vec<_> = requests
        .iter()
        .filter(|request| !request.values.is_empty())
        .filter_map(|request| {
            Some((*current.subscribers.get(&request.address_key)?, &request.values))
        })
        .collect();
    subscriber_values::save(tx, &changes, actor, now).await?;
    Ok(())
}

async fn save_plan(
    tx: &mut Tx,
    plan: RequestPlan,
    origin: RequestOrigin,
    transport: &str,
    now: Millis,
) -> StoreResult<Vec<RequestResult>> {
    let subscriptions = Json::from(plan.subscriptions).to_string();
    save_subscriptions(tx, &subscriptions, origin != RequestOrigin::Page, now).await?;
    if !plan.sections.is_empty() {
        set_sections(tx, &Json::from(plan.sections).to_string()).await?;
    }
    queue_confirmations(tx, plan.confirmations, transport, now).await?;
    Ok(plan.results)
}

/// Keeps the states that the subscriptions, given as JSON rows, are about to replace.
pub(in crate::store) async fn keep_replaced(
    tx: &mut Tx,
    subscriptions: &str,
    is_admin: bool,
    now: Millis,
) -> StoreResult<()> {
    let query = tx.query(&KEEP_REPLACED).bind("subscriptions", subscriptions);
    query.bind("admin", is_admin).bind("now", now).execute().await?;
    Ok(())
}

/// Stores subscriptions, given as JSON rows with `subscriber_id`, `digest`, `status`, `sections`,
/// `section_keys` and `consent`.
pub(in crate::store) async fn save_subscriptions(
    tx: &mut Tx,
    subscriptions: &str,
    is_admin: bool,
    now: Millis,
) -> StoreResult<()> {
    let query = tx.query(&SAVE_SUBSCRIPTIONS).bind("subscriptions", subscriptions);
    query.bind("admin", is_admin).bind("now", now).execute().await?;
    Ok(())
}

/// Replaces the chosen sections of existing subscriptions, given as JSON rows.
pub(in crate::store) async fn set_sections(tx: &mut Tx, sections: &str) -> StoreResult<()> {
    tx.query(&SET_SECTIONS).bind("sections", sections).execute().await?;
    Ok(())
}

/// Queues confirmation messages, given as JSON rows, for a transport.
pub(in crate::store) async fn queue_confirmations(
    tx: &mut Tx,
    confirmations: Vec<Json>,
    transport: &str,
    now: Millis,
) -> StoreResult<()> {
    let deliveries: Vec<i64> = tx
        .query(&ADD_CONFIRMATIONS)
        .bind("confirmations", Json::from(confirmations))
        .bind("now", now)
        .fetch_scalars()
        .await?;
    tx.query(&ENQUEUE)
        .bind("deliveries", deliveries.as_slice())
        .bind("transport", transport)
        .bind("now", now)
        .execute()
        .await?;
    Ok(())
}

fn person(r: &SubscriptionRequest) -> Json {
    json!({
        "address": r.address,
        "key": r.address_key,
        "hash": r.address_hash,
        "name": r.name,
        "name_key": r.name.as_deref().map(fold),
        "language": r.language,
        "timezone": r.timezone,
    })
}
