//! WebSub publisher and hub of one node: starts the requests that are due.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::limiter::ConcurrencyLimiter;
use super::ping::ping_due;
use super::push::push_due;
use super::state::{Inner, ServedDocument};
use super::verify::{deny_subscriptions_to_removed_feeds, verify_due};
use crate::config::{Config, Feed};
use crate::domain::time::{MINUTE, Millis, SignedDuration};
use crate::feeds::cache::{FeedCache, document_key};
use crate::feeds::format::Format;
use crate::net::http_client::{AddressPolicy, Client};
use crate::store::hub_pushes::ServedVersion;
use crate::store::{Store, StoreResult};

/// Interval at which expired subscriptions are deleted.
const EXPIRY_INTERVAL: SignedDuration = MINUTE;
/// Interval at which leases are renewed.
const LEASE_RENEWAL_INTERVAL: SignedDuration = SignedDuration::from_secs(3);
/// Time that requests in flight have to complete on shutdown.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(3);

/// Numbers of the requests that a tick started; they complete in the background.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WebSubReport {
    /// Pings to external hubs.
    pub pings: usize,
    /// Verification requests to callbacks.
    pub verifications: usize,
    /// Pushes to subscribers of the built-in hub.
    pub pushes: usize,
    /// Denials sent to subscribers of removed feeds.
    pub denials: usize,
}

/// WebSub publisher and hub of one node; cheap to clone.
#[derive(Debug, Clone)]
pub struct WebSub {
    inner: Arc<Inner>,
}

impl WebSub {
    /// Creates the service for node `node`, which pushes the documents of its feed cache.
    pub fn new(
        store: Store,
        config: Arc<Config>,
        cache: FeedCache,
        node: String,
        clock: fn() -> Millis,
    ) -> Self {
        let timeout = Duration::try_from(config.websub.timeout).unwrap_or_default();
        let site = &config.site.base_url;
        let callbacks = Client::new(
            AddressPolicy::Public { allowed_networks: config.websub.allowed_networks.clone() },
            timeout,
            site,
        );
        let hubs = Client::new(AddressPolicy::Any, timeout, site);
        let limiter = Arc::new(ConcurrencyLimiter::new(config.websub.connections));
        let (tick, housekeeping) = (tokio::sync::Mutex::new(()), Mutex::default());
        Self {
            inner: Arc::new(Inner {
                store,
                config,
                cache,
                node,
                clock,
                callback_client: callbacks,
                hub_client: hubs,
                limiter,
                tick,
                housekeeping,
            }),
        }
    }

    /// Starts all requests that are due and for which there is capacity, without waiting for them.
    /// Called at every tick and after each notification.
    ///
    /// # Errors
    /// If the database does not respond.
    pub async fn send_due(&self, now: Millis) -> StoreResult<WebSubReport> {
        let inner = &self.inner;
        let _tick = inner.tick.lock().await;
        self.renew_leases(now).await?;
        let served = self.served_documents();
        let mut report =
            WebSubReport { pings: ping_due(inner, &served, now).await?, ..WebSubReport::default() };
        if inner.config.websub.hub {
            report.verifications = verify_due(inner, now).await?;
            report.pushes = push_due(inner, &served, now).await?;
            if take_due(&mut inner.housekeeping().expired_deleted_at, now, EXPIRY_INTERVAL) {
                inner.store.hub().delete_expired_subscriptions(now).await?;
                report.denials = deny_subscriptions_to_removed_feeds(inner).await?;
            }
        }
        Ok(report)
    }

    /// Notifies the push loop that the feed cache changed.
    pub fn notify(&self) {
        self.inner.limiter.notify();
    }

    /// Waits for a notification, so that changes are pushed before the next tick.
    pub async fn notified(&self) {
        self.inner.limiter.notified().await;
    }

    /// Waits until no request is in flight.
    pub async fn wait_idle(&self) {
        self.inner.limiter.wait_idle().await;
    }

    /// Shuts down gracefully: requests in flight have `SHUTDOWN_GRACE` to complete, and all
    /// leases are released to the other nodes.
    ///
    /// # Errors
    /// If the database does not respond; the leases then expire.
    pub async fn shutdown(&self) -> StoreResult<()> {
        self.inner.limiter.shutdown(SHUTDOWN_GRACE).await;
        self.inner.store.http_job_leases().release(&self.inner.node).await
    }

    async fn renew_leases(&self, now: Millis) -> StoreResult<()> {
        let leased_rows = self.inner.limiter.leased_rows();
        if leased_rows.iter().any(|(_, ids)| !ids.is_empty())
            && take_due(
                &mut self.inner.housekeeping().lease_renewed_at,
                now,
                LEASE_RENEWAL_INTERVAL,
            )
        {
            self.inner.store.http_job_leases().renew(&self.inner.node, &leased_rows).await?;
        }
        Ok(())
    }

    /// Returns the newest version of every public feed document in the cache.
    fn served_documents(&self) -> Vec<ServedDocument> {
        let served_document = |(feed, format): (&Feed, Format)| {
            let made = self.inner.cache.get(&document_key(feed, format))?;
            let version = ServedVersion {
                feed: feed.name.clone(),
                format: format.extension().to_owned(),
                etag: made.etag.clone(),
            };
            Some(ServedDocument { version, rendered: made })
        };
        let public = self.inner.config.feeds.iter().filter(|feed| feed.secret.is_none());
        public
            .flat_map(|feed| Format::ALL.map(|format| (feed, format)))
            .filter_map(served_document)
            .collect()
    }
}

/// Returns `true` if a periodic task is due, and then marks it as done at `now`.
fn take_due(last: &mut Option<Millis>, now: Millis, interval: SignedDuration) -> bool {
    let is_due = last.is_none_or(|last| now.since(last) >= interval);
    if is_due {
        *last = Some(now);
    }
    is_due
}
