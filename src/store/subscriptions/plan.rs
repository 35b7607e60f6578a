//! Decisions about subscription requests: the rows to write and the confirmations to send.

use std::collections::{HashMap, HashSet};

use serde_json::{Value, json};

use super::{RequestResult, SubscriptionRequest};
use crate::domain::fold::fold;
use crate::domain::subscription::{
    CurrentStatus, RequestDecision, RequestOrigin, SubscriptionStatus, decide,
};
use crate::domain::time::{Millis, SignedDuration};
use crate::store::db::Row;
use crate::store::{StoreResult, json_list};

/// Minimum time between two confirmation messages for the same subscription.
const CONFIRMATION_INTERVAL: SignedDuration = SignedDuration::from_mins(15);

/// Changes to make for a list of requests.
pub(super) struct RequestPlan {
    /// Subscriptions to write, as JSON rows.
    pub(super) subscriptions: Vec<Value>,
    /// Chosen sections of subscriptions that exist already, as JSON rows.
    pub(super) sections: Vec<Value>,
    /// Confirmation messages to queue, as JSON rows.
    pub(super) confirmations: Vec<Value>,
    pub(super) results: Vec<RequestResult>,
}

/// Stored state of the people in the requests.
pub(super) struct CurrentState {
    pub(super) suppressed: HashSet<String>,
    /// Addresses that only their owners may subscribe, for the request of an admin.
    pub(super) opt_in_required: HashSet<String>,
    pub(super) subscribers: HashMap<String, i64>,
    pub(super) subscriptions: HashMap<(i64, String), CurrentSubscription>,
}

impl CurrentState {
    /// Returns the result of a request before its digests are decided: that of an address which may
    /// not be subscribed is final.
    fn initial_result(&self, r: &SubscriptionRequest) -> RequestResult {
        let suppressed = r.is_suppressed || self.suppressed.contains(&r.address_hash);
        let is_refused = !suppressed && self.opt_in_required.contains(&r.address_hash);
        let previously_unsubscribed = if is_refused { r.digests.len() } else { 0 };
        RequestResult { suppressed, previously_unsubscribed, ..RequestResult::default() }
    }
}

/// Status of a stored subscription, with the times of its last change and its last request.
pub(super) struct CurrentSubscription {
    status: SubscriptionStatus,
    removed_by_admin: bool,
    since: Millis,
    requested_at: Millis,
}

impl CurrentSubscription {
    /// Reads a subscription with its key: subscriber and digest.
    pub(super) fn with_key(row: &Row) -> StoreResult<((i64, String), Self)> {
        let subscription = Self {
            status: row.enum_value("subscriptions.status", SubscriptionStatus::parse)?,
            removed_by_admin: row.get::<Option<String>>("removal_reason")?.is_some(),
            since: row.time("since")?,
            requested_at: row.time("requested_at")?,
        };
        Ok(((row.get("subscriber_id")?, row.get("digest")?), subscription))
    }

    fn current_status(&self) -> CurrentStatus {
        CurrentStatus { status: self.status, removed_by_admin: self.removed_by_admin }
    }

    /// Returns `true` if a confirmation message was queued less than [`CONFIRMATION_INTERVAL`] ago
    /// and is still unanswered.
    fn has_recent_confirmation(&self, now: Millis) -> bool {
        let unanswered = match self.status {
            SubscriptionStatus::Pending => true,
            SubscriptionStatus::Unsubscribed => self.requested_at > self.since,
            SubscriptionStatus::Confirmed | SubscriptionStatus::Paused => false,
        };
        unanswered && now.since(self.requested_at) < CONFIRMATION_INTERVAL
    }
}

/// Returns the folded names of the chosen sections as a JSON list.
fn section_keys(r: &SubscriptionRequest) -> String {
    json_list(&r.sections.iter().map(|section| fold(section)).collect::<Vec<_>>())
}

/// Decides every request, without side effects.
pub(super) fn plan(
    requests: &[SubscriptionRequest],
    current: &CurrentState,
    origin: RequestOrigin,
    now: Millis,
) -> RequestPlan {
    let mut plan = RequestPlan {
        subscriptions: Vec::new(),
        sections: Vec::new(),
        confirmations: Vec::new(),
        results: Vec::with_capacity(requests.len()),
    };
    for r in requests {
        let mut result = current.initial_result(r);
        let Some(&subscriber_id) = current.subscribers.get(&r.address_key) else {
            plan.results.push(result);
            continue;
        };
        let mut to_confirm: Vec<&str> = Vec::new();
        for digest in &r.digests {
            let subscription = current.subscriptions.get(&(subscriber_id, digest.clone()));
            let next = match decide(subscription.map(CurrentSubscription::current_status), origin) {
                // Nothing is written, otherwise each request would restart the interval.
                RequestDecision::SendConfirmation
                    if matches!(origin, RequestOrigin::Page | RequestOrigin::AdminReminder)
                        && subscription.is_some_and(|s| s.has_recent_confirmation(now)) =>
                {
                    result.unchanged += 1;
                    continue;
                }
                RequestDecision::SendConfirmation => {
                    result.confirmations_queued += 1;
                    to_confirm.push(digest);
                    SubscriptionStatus::Pending
                }
                RequestDecision::Confirm => {
                    result.confirmed += 1;
                    SubscriptionStatus::Confirmed
                }
                RequestDecision::NoChange => {
                    result.unchanged += 1;
                    let replaces_sections = r.resets_sections || !r.sections.is_empty();
                    if origin != RequestOrigin::Page && replaces_sections {
                        plan.sections.push(json!({"subscriber_id": subscriber_id, "digest": digest, "sections": json_list(&r.sections), "section_keys": section_keys(r)}));
                    }
                    continue;
                }
                RequestDecision::RemainsUnsubscribed => {
                    result.previously_unsubscribed += 1;
                    continue;
                }
            };
            plan.subscriptions.push(json!({"subscriber_id": subscriber_id, "digest": digest, "status": next.as_str(), "sections": json_list(&r.sections), "section_keys": section_keys(r), "consent": r.consent}));
        }
        if r.is_suppressed {
            plan.results.push(RequestResult { suppressed: true, ..RequestResult::default() });
            continue;
        }
        if !to_confirm.is_empty() {
            let payload =
                json!({"digests": to_confirm, "sections": r.sections, "language": r.language})
                    .to_string();
            plan.confirmations.push(json!({"subscriber_id": subscriber_id, "address": r.address, "hash": r.address_hash, "name": r.name, "payload": payload}));
        }
        plan.results.push(result);
    }
    plan
}
