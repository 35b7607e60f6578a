//! Sender of one node: gives new events to the webhooks, and posts those that are due.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use hyper::body::Bytes;
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, StatusCode};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::message::{event_body, event_id, signatures, test_body};
use super::retry::retry_at;
use crate::config::settings::{Config, Webhook};
use crate::domain::actor::Actor;
use crate::domain::backoff::Jitter;
use crate::domain::event::EventKind;
use crate::domain::time::{DAY, HOUR, Millis, SignedDuration};
use crate::net::http_client::{AddressPolicy, Client, HttpError};
use crate::store::webhook_log::{WebhookAttempt, WebhookState};
use crate::store::webhooks::{AttemptResult, WebhookDelivery};
use crate::store::{Store, StoreResult};

/// Time without an accepted event after which a webhook is switched off.
pub const DISABLED_AFTER: SignedDuration = DAY.saturating_mul(5);
/// Time for which events and attempts are kept.
pub const RETENTION: SignedDuration = DAY.saturating_mul(30);
/// Longest time that an attempt may take; shorter than a lease, so that no other node repeats it.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Simultaneous attempts of a node to one webhook, so that a slow one delays no other.
const ATTEMPTS_PER_WEBHOOK: usize = 4;
/// Transactions of events that a tick gives to the webhooks before it sends any.
const DISTRIBUTIONS_PER_TICK: usize = 20;
/// Time that attempts in flight have to complete on shutdown.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(3);

const ID: HeaderName = HeaderName::from_static("webhook-id");
const TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
const SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");

/// Numbers of what a tick began.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WebhookReport {
    /// Events that were given to the webhooks.
    pub events: usize,
    /// Attempts that were started; they complete in the background.
    pub attempts: usize,
}

/// Outcome of a test of a webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestOutcome {
    /// The attempt as it was logged.
    pub attempt: WebhookAttempt,
    /// `true` if the receiver answered with a status of success.
    pub is_accepted: bool,
}

/// Sender of events to the webhooks of a configuration; cheap to clone.
#[derive(Debug, Clone)]
pub struct WebhookSender {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    store: Store,
    config: Arc<Config>,
    node: String,
    clock: fn() -> Millis,
    client: Client,
    /// Number of attempts in flight by webhook.
    in_flight: Mutex<HashMap<String, usize>>,
    tasks: TaskTracker,
    /// Notified when an attempt has ended.
    ended: Notify,
    abort: CancellationToken,
    /// Time of the last deletion of old events.
    deleted_at: Mutex<Option<Millis>>,
}

impl WebhookSender {
    /// Creates the sender of node `node`.
    pub fn new(store: Store, config: Arc<Config>, node: String, clock: fn() -> Millis) -> Self {
        let policy =
            AddressPolicy::Public { allowed_networks: config.server.webhook_networks.clone() };
        let client = Client::new(policy, TIMEOUT, &config.site.base_url);
        let inner = Inner {
            store,
            config,
            node,
            clock,
            client,
            in_flight: Mutex::default(),
            tasks: TaskTracker::new(),
            ended: Notify::new(),
            abort: CancellationToken::new(),
            deleted_at: Mutex::default(),
        };
        Self { inner: Arc::new(inner) }
    }

    /// Gives the events that are due to the webhooks, and starts the attempts that are due, without
    /// waiting for them.
    ///
    /// # Errors
    /// If the database does not respond.
    pub async fn send_due(&self, now: Millis) -> StoreResult<WebhookReport> {
        let (inner, mut report) = (&self.inner, WebhookReport::default());
        if inner.config.webhooks.is_empty() {
            return Ok(report);
        }
        let webhooks = inner.store.webhooks();
        let states = webhooks.states().await?;
        let is_on = |webhook: &&Webhook| {
            state_of(&states, webhook).is_none_or(|state| state.disabled_at.is_none())
        };
        let active: Vec<&Webhook> = inner.config.webhooks.iter().filter(is_on).collect();
        let receivers: Vec<(String, Vec<EventKind>)> =
            active.iter().map(|webhook| (webhook.name.clone(), webhook.events.clone())).collect();
        for _ in 0..DISTRIBUTIONS_PER_TICK {
            let events = webhooks.distribute(&receivers, now).await?;
            report.events += events;
            if events == 0 {
                break;
            }
        }
        let capacities: Vec<(String, usize)> = active
            .iter()
            .map(|webhook| (webhook.name.clone(), inner.capacity(&webhook.name)))
            .filter(|(_, capacity)| *capacity > 0)
            .collect();
        for delivery in webhooks.lease(&inner.node, &capacities, now).await? {
            let Some(webhook) = active.iter().find(|w| w.name == delivery.webhook) else {
                continue;
            };
            let failing_since = state_of(&states, webhook).and_then(|state| state.failing_since);
            self.start((*webhook).clone(), delivery, failing_since);
            report.attempts += 1;
        }
        inner.delete_old(now).await?;
        Ok(report)
    }

    fn start(&self, webhook: Webhook, delivery: WebhookDelivery, failing_since: Option<Millis>) {
        let inner = Arc::clone(&self.inner);
        *inner.in_flight().entry(webhook.name.clone()).or_default() += 1;
        let guard = InFlight { inner: Arc::clone(&inner), webhook: webhook.name.clone() };
        self.inner.tasks.spawn(async move {
            let _guard = guard;
            tokio::select! {
                () = inner.abort.cancelled() => {}
                () = inner.attempt(&webhook, &delivery, failing_since) => {}
            }
        });
    }

    /// Posts a test to a webhook and logs the attempt; a webhook that accepts it is switched on again.
    ///
    /// # Errors
    /// If the database does not respond.
    pub async fn test(
        &self,
        webhook: &Webhook,
        id: &str,
        actor: &Actor,
        now: Millis,
    ) -> StoreResult<TestOutcome> {
        let (result, attempt) = self.inner.post(webhook, (0, id), test_body(now), now).await;
        let is_accepted = result.is_ok_and(|status| status.is_success());
        let webhooks = self.inner.store.webhooks();
        webhooks.record_test(&webhook.name, &attempt, is_accepted, actor).await?;
        Ok(TestOutcome { attempt, is_accepted })
    }

    /// Waits until an attempt has ended, so that the next can start before the next tick.
    pub async fn attempt_ended(&self) {
        self.inner.ended.notified().await;
    }

    /// Waits until no attempt is in flight.
    pub async fn wait_idle(&self) {
        self.inner.tasks.close();
        self.inner.tasks.wait().await;
        self.inner.tasks.reopen();
    }

    /// Waits for the attempts in flight for a few seconds, and releases all leases to the other nodes.
    ///
    /// # Errors
    /// If the database does not respond; the leases then expire.
    pub async fn shutdown(&self) -> StoreResult<()> {
        if tokio::time::timeout(SHUTDOWN_GRACE, self.wait_idle()).await.is_err() {
            self.inner.abort.cancel();
            self.wait_idle().await;
        }
        self.inner.store.webhooks().release(&self.inner.node).await
    }
}

/// Returns the state of a webhook; that of another URL does not apply.
fn state_of<'a>(states: &'a [WebhookState], webhook: &Webhook) -> Option<&'a WebhookState> {
    states.iter().find(|state| state.name == webhook.name && state.url == webhook.url.as_str())
}

impl Inner {
    fn in_flight(&self) -> MutexGuard<'_, HashMap<String, usize>> {
        self.in_flight.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn capacity(&self, webhook: &str) -> usize {
        ATTEMPTS_PER_WEBHOOK.saturating_sub(self.in_flight().get(webhook).copied().unwrap_or(0))
    }

    /// Posts an event and records what follows from the response.
    async fn attempt(
        &self,
        webhook: &Webhook,
        delivery: &WebhookDelivery,
        failing_since: Option<Millis>,
    ) {
        let (event, id) = (&delivery.event, event_id(delivery.event.id));
        let now = (self.clock)();
        let (response, attempt) = self.post(webhook, (event.id, &id), event_body(event), now).await;
        let failures = delivery.attempts + 1;
        let result = match response {
            Ok(status) if status.is_success() => AttemptResult::Accepted,
            Ok(StatusCode::GONE) => {
                AttemptResult::Disabled("the receiver answered 410 Gone".to_owned())
            }
            _ if failing_since.is_some_and(|since| now.since(since) >= DISABLED_AFTER) => {
                AttemptResult::Disabled("it accepted nothing for five days".to_owned())
            }
            _ => {
                AttemptResult::RetryAt(retry_at(failures, now, Jitter::new(delivery.id, failures)))
            }
        };
        match &result {
            AttemptResult::Accepted => {}
            AttemptResult::RetryAt(_) => {
                tracing::debug!(webhook = %webhook.name, event = %id, failures, "webhook attempt failed");
            }
            AttemptResult::Disabled(reason) => {
                tracing::error!(webhook = %webhook.name, "webhook switched off: {reason}");
            }
        }
        let logged = (webhook.url.as_str(), &attempt);
        let recorded = self.store.webhooks().record_attempt(&self.node, delivery, logged, &result);
        if let Err(e) = recorded.await {
            tracing::warn!("cannot record an attempt of a webhook; it will be repeated: {e}");
        }
    }

    /// Posts a signed message; redirects are not followed, and the body of the response is not read.
    async fn post(
        &self,
        webhook: &Webhook,
        (event, id): (i64, &str),
        body: String,
        now: Millis,
    ) -> (Result<StatusCode, String>, WebhookAttempt) {
        let started = Instant::now();
        let response = self.request(webhook, id, body, now).await;
        let attempt = WebhookAttempt {
            id: 0,
            event,
            kind: None,
            at: now,
            duration_ms: i64::try_from(started.elapsed().as_millis()).unwrap_or(i64::MAX),
            status: response.as_ref().ok().map(|status| i64::from(status.as_u16())),
            error: response.as_ref().err().cloned(),
        };
        (response, attempt)
    }

    async fn request(
        &self,
        webhook: &Webhook,
        id: &str,
        body: String,
        now: Millis,
    ) -> Result<StatusCode, String> {
        let timestamp = now.0.div_euclid(1000);
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        for (name, value) in [
            (ID, id.to_owned()),
            (TIMESTAMP, timestamp.to_string()),
            (SIGNATURE, signatures(webhook, id, timestamp, body.as_bytes())),
        ] {
            headers.insert(name, HeaderValue::try_from(value).map_err(|e| e.to_string())?);
        }
        let sent =
            self.client.send(Method::POST, &webhook.url, headers, Bytes::from(body), 0).await;
        match sent {
            Ok(response) => Ok(response.status),
            Err(HttpError::Forbidden(host)) => Err(format!(
                "{host} has no allowed address: it is private or uses a forbidden port; add its network to `webhook_networks` in [server] if it is yours"
            )),
            Err(e) => Err(e.to_string()),
        }
    }

    /// Deletes old events once an hour.
    async fn delete_old(&self, now: Millis) -> StoreResult<()> {
        let is_due = {
            let mut last = self.deleted_at.lock().unwrap_or_else(PoisonError::into_inner);
            let is_due = last.is_none_or(|at| now.since(at) >= HOUR);
            if is_due {
                *last = Some(now);
            }
            is_due
        };
        if is_due {
            self.store.webhooks().delete_before(now.plus(-RETENTION)).await
        } else {
            Ok(())
        }
    }
}

/// An attempt in flight; it ends when this is dropped.
struct InFlight {
    inner: Arc<Inner>,
    webhook: String,
}

impl Drop for InFlight {
    fn drop(&mut self) {
        if let Some(n) = self.inner.in_flight().get_mut(&self.webhook) {
            *n = n.saturating_sub(1);
        }
        self.inner.ended.notify_one();
    }
}
