//! Quotas of rate limits: taken for start requests, refunded for messages that did not start.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};

use super::retry::retry_until_ok;
use super::start::{DecidedRequest, PendingRequest, StartDecision, StartRequest};
use crate::config::Transport;
use crate::delivery::domain_slots::SharedDomainLimit;
use crate::domain::time::Millis;
use crate::store::Store;
use crate::store::rate_limits::{LimitKey, RateLimitRequest, Refund, TakenQuota, UpdateId};

/// Returns the stored rate limits that a message takes from.
pub(super) fn limit_keys(
    transport: &Transport,
    limit: Option<&SharedDomainLimit>,
) -> Vec<LimitKey> {
    let own = (!transport.rate.is_empty() || transport.warm_up.is_some())
        .then(|| LimitKey::for_transport(&transport.name));
    let for_domain = limit
        .filter(|l| !l.rates.is_empty())
        .map(|l| LimitKey::for_domain(&transport.name, &l.key));
    own.into_iter().chain(for_domain).collect()
}

impl StartRequest {
    /// Returns a request for quota of one rate limit that counts no message yet.
    fn to_request(&self, key: &LimitKey) -> RateLimitRequest {
        let of_domain = self.domain_limit.as_ref().filter(|_| !key.domain_key.is_empty());
        let limits =
            of_domain.map_or_else(|| self.transport.rate.clone(), |limit| limit.rates.clone());
        RateLimitRequest {
            key: key.clone(),
            limits,
            warmup: self.transport.warm_up.filter(|_| of_domain.is_none()),
            count: 0,
        }
    }
}

/// Takes and refunds the quotas of this node's messages.
pub(super) struct Quotas {
    store: Store,
    node: String,
    clock: fn() -> Millis,
    /// Number of updates so far.
    updates: AtomicI64,
}

impl Quotas {
    /// Returns the quotas of a node that took nothing yet.
    pub(super) fn new(store: Store, node: String, clock: fn() -> Millis) -> Self {
        Self { store, node, clock, updates: AtomicI64::new(0) }
    }

    /// Returns the id of the next update of rate limits, which the database applies once, however
    /// often it is requested.
    fn next_update_id(&self) -> UpdateId {
        UpdateId { node: self.node.clone(), sequence: self.updates.fetch_add(1, Ordering::Relaxed) }
    }

    /// Refunds quota that was not used.
    pub(super) async fn refund(&self, unused: &[Refund]) {
        if !unused.is_empty() {
            let update = self.next_update_id();
            retry_until_ok(&self.store, "rate-limit refunds", || {
                self.store.rate_limits().refund_quota(&update, unused, (self.clock)())
            })
            .await;
        }
    }

    /// Divides requests into those that all rate limits permit now and those that must wait; also
    /// returns when the quota was taken, and adds what it took in excess to `refunds`.
    pub(super) async fn take(
        &self,
        requests: Vec<PendingRequest>,
        refunds: &mut Vec<Refund>,
    ) -> (Vec<PendingRequest>, Vec<DecidedRequest>, Millis) {
        let mut rate_requests: BTreeMap<LimitKey, RateLimitRequest> = BTreeMap::new();
        for (request, _) in requests.iter().filter(|(request, _)| !request.is_renewal) {
            for key in limit_keys(&request.transport, request.domain_limit.as_deref()) {
                let request_for_key =
                    rate_requests.entry(key).or_insert_with_key(|key| request.to_request(key));
                request_for_key.count += 1;
            }
        }
        if rate_requests.is_empty() {
            return (requests, Vec::new(), (self.clock)());
        }
        let (update, rate_requests): (_, Vec<RateLimitRequest>) =
            (self.next_update_id(), rate_requests.into_values().collect());
        let taken = retry_until_ok(&self.store, "rate limits", || {
            self.store.rate_limits().take_quota(&update, &rate_requests, (self.clock)())
        })
        .await;
        let taken_at = taken.iter().map(|g| g.at).max().unwrap_or_else(self.clock);
        let mut available: BTreeMap<LimitKey, TakenQuota> =
            rate_requests.into_iter().map(|request| request.key).zip(taken).collect();
        let (mut start, mut limited) = (Vec::new(), Vec::new());
        for (request, reply) in requests {
            let spent = if request.is_renewal {
                Vec::new()
            } else {
                limit_keys(&request.transport, request.domain_limit.as_deref())
            };
            match spent.iter().find_map(|key| {
                available
                    .get(key)
                    .filter(|g| g.count == 0)
                    .map(|g| (key.domain_key.is_empty(), g.next_at))
            }) {
                Some((true, until)) => {
                    limited.push((reply, StartDecision::TransportRateLimited { until }))
                }
                Some((false, until)) => {
                    limited.push((reply, StartDecision::DomainRateLimited { until }))
                }
                None => {
                    for key in &spent {
                        if let Some(quota) = available.get_mut(key) {
                            quota.count -= 1;
                        }
                    }
                    start.push((request, reply));
                }
            }
        }
        // One limit permitted more than another, so the difference is refunded.
        refunds.extend(available.into_iter().filter(|(_, g)| g.count > 0).map(|(key, g)| Refund {
            key,
            count: g.count,
            quota_taken_at: taken_at,
        }));
        (start, limited, taken_at)
    }
}
