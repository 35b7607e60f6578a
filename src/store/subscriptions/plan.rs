//! What requests come to: whom to ask, what to write.

use std::collections::{HashMap, HashSet};

use serde_json::{Value, json};

use super::{Request, Requested};
use crate::domain::subscription::{Asker, Change, Status, requested};
use crate::domain::time::{MINUTE, Millis};
use crate::store::{StoreError, StoreResult, json_list};

/// Who asks for the same digest again within this time gets no second confirmation mail about it.
const ASKED_LATELY: i64 = 15 * MINUTE;

/// What requests come to.
pub(super) struct Plan {
    /// Subscriptions to write, as JSON rows.
    pub(super) links: Vec<Value>,
    /// Confirmation mails to queue, as JSON rows.
    pub(super) asks: Vec<Value>,
    pub(super) results: Vec<Requested>,
}

/// What the store knows of the people that requests are about.
pub(super) struct Known {
    pub(super) suppressed: HashSet<String>,
    pub(super) people: HashMap<String, i64>,
    pub(super) standings: HashMap<(i64, String), Standing>,
}

/// Where a subscription stands, since when, and when it was last asked for.
pub(super) struct Standing {
    status: Status,
    since: i64,
    requested_at: i64,
}

impl Standing {
    /// Whether a confirmation mail about it went out a moment ago and still waits for its answer.
    fn is_asked_lately(&self, now: Millis) -> bool {
        let unanswered = match self.status {
            Status::Pending => true,
            Status::Left => self.requested_at > self.since,
            Status::Confirmed | Status::Paused => false,
        };
        unanswered && self.requested_at > now.0 - ASKED_LATELY
    }
}

/// Decides about every request; pure.
pub(super) fn plan(requests: &[Request], known: &Known, asker: Asker, now: Millis) -> Plan {
    let mut plan =
        Plan { links: Vec::new(), asks: Vec::new(), results: Vec::with_capacity(requests.len()) };
    for r in requests {
        let mut result = Requested {
            suppressed: known.suppressed.contains(&r.address_hash),
            ..Requested::default()
        };
        let Some(&person) = known.people.get(&r.address_key).filter(|_| !result.suppressed) else {
            plan.results.push(result);
            continue;
        };
        let mut asked: Vec<&str> = Vec::new();
        for digest in &r.digests {
            let standing = known.standings.get(&(person, digest.clone()));
            let next = match requested(standing.map(|s| s.status), asker) {
                // Nothing is written either, or the quarter of an hour would begin anew with each request.
                Change::Ask
                    if asker == Asker::Page && standing.is_some_and(|s| s.is_asked_lately(now)) =>
                {
                    result.kept += 1;
                    continue;
                }
                Change::Ask => {
                    result.asked += 1;
                    asked.push(digest);
                    Status::Pending
                }
                Change::Confirm => {
                    result.confirmed += 1;
                    Status::Confirmed
                }
                Change::Keep => {
                    result.kept += 1;
                    continue;
                }
                Change::StaysLeft => {
                    result.left += 1;
                    continue;
                }
            };
            plan.links.push(json!({"person": person, "digest": digest, "status": next.word(), "sections": json_list(&r.sections), "consent": r.consent}));
        }
        if !asked.is_empty() {
            let letter = json!({"digests": asked, "language": r.language}).to_string();
            plan.asks.push(json!({"person": person, "address": r.address, "hash": r.address_hash, "name": r.name, "letter": letter}));
        }
        plan.results.push(result);
    }
    plan
}

/// Subscriber, digest, status, since and requested_at.
pub(super) type LinkRow = (i64, String, String, i64, i64);

pub(super) fn standings(links: Vec<LinkRow>) -> StoreResult<HashMap<(i64, String), Standing>> {
    links
        .into_iter()
        .map(|(person, digest, word, since, requested_at)| {
            let status = Status::of(&word)
                .ok_or(StoreError::Inconsistent { what: word, place: "subscriptions.status" })?;
            Ok(((person, digest), Standing { status, since, requested_at }))
        })
        .collect()
}
