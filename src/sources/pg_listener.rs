//! PostgreSQL `LISTEN`: one read-only connection per source that triggers a sync on each
//! notification.

use std::io;
use std::time::Duration;

use sqlx::Executor;
use sqlx::postgres::{PgListener, PgPoolOptions};

use super::connection::{
    CONNECT_TIMEOUT, explain, postgres_options, with_timeout, without_credentials,
};
use super::trigger::{SyncTriggers, request_sync};
use crate::config::{Config, Source};
use crate::domain::actor::Actor;
use crate::domain::time::Millis;
use crate::store::Store;

/// Idle time after which the connection is checked with a query.
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(60);
/// Delay before the first reconnection attempt; the source is also polled meanwhile.
const MIN_RECONNECT_DELAY: Duration = Duration::from_secs(1);
/// Maximum delay between reconnection attempts.
const MAX_RECONNECT_DELAY: Duration = Duration::from_secs(60);

/// Triggers a sync of a source on each notification of its database, until dropped.
///
/// Reconnects when the connection is lost, and then triggers a sync for the notifications it
/// missed. Returns if the source has no channel to listen on.
pub async fn listen(
    store: &Store,
    config: &Config,
    source: &Source,
    triggers: &SyncTriggers,
    clock: fn() -> Millis,
) {
    let mut listener =
        SourceListener { store, config, source, triggers, clock, has_listened: false };
    let mut delay = MIN_RECONNECT_DELAY;
    let mut last_error: Option<String> = None;
    while let Err(error) = listener.listen().await {
        if std::mem::take(&mut listener.has_listened) {
            delay = MIN_RECONNECT_DELAY;
            last_error = None;
        }
        let error = format!("{error:#}");
        if last_error.as_ref() != Some(&error) {
            tracing::warn!(
                source = %source.name,
                "LISTEN connection failed; falling back to polling: {error}"
            );
        }
        last_error = Some(error);
        tokio::time::sleep(delay).await;
        delay = (delay * 2).min(MAX_RECONNECT_DELAY);
    }
}

/// Listener for one source, with what it needs to trigger a sync.
struct SourceListener<'e> {
    store: &'e Store,
    config: &'e Config,
    source: &'e Source,
    triggers: &'e SyncTriggers,
    clock: fn() -> Millis,
    /// `true` if it has listened successfully since the last failure.
    has_listened: bool,
}

impl SourceListener<'_> {
    /// Listens until the connection fails; returns `Ok` if the source has no channel.
    async fn listen(&mut self) -> anyhow::Result<()> {
        let (Some(channel), Some(url)) = (&self.source.listen_channel, &self.source.url) else {
            return Ok(());
        };
        let failed =
            |e: sqlx::Error| explain(&self.source.name, &without_credentials(url), "listening", &e);
        let options = postgres_options(&self.source.name, url)?;
        let pool_options = PgPoolOptions::new()
            .max_connections(1)
            .acquire_timeout(CONNECT_TIMEOUT)
            .idle_timeout(None)
            .max_lifetime(None);
        let pool = pool_options.connect_lazy_with(options);
        let mut listener =
            with_timeout(CONNECT_TIMEOUT, PgListener::connect_with(&pool)).await.map_err(failed)?;
        // An automatic reconnection would hide that notifications may have been missed.
        listener.eager_reconnect(false);
        with_timeout(CONNECT_TIMEOUT, listener.listen(channel)).await.map_err(failed)?;
        tracing::info!(source = %self.source.name, "listening for notifications on {channel}");
        self.has_listened = true;
        // Changes from before the LISTEN are synced as well.
        self.trigger().await;
        loop {
            match tokio::time::timeout(KEEPALIVE_INTERVAL, listener.try_recv()).await {
                Ok(Ok(Some(_))) => {
                    // A burst of notifications triggers one sync.
                    while listener.next_buffered().is_some() {}
                    self.trigger().await;
                }
                Ok(Ok(None)) => {
                    return Err(failed(
                        io::Error::new(
                            io::ErrorKind::UnexpectedEof,
                            "the server closed the connection",
                        )
                        .into(),
                    ));
                }
                Ok(Err(e)) => return Err(failed(e)),
                Err(_) => {
                    with_timeout(CONNECT_TIMEOUT, listener.execute("SELECT 1"))
                        .await
                        .map_err(failed)?;
                }
            }
        }
    }

    /// Requests a sync of the source; a failure is logged, and the next poll makes up for it.
    async fn trigger(&self) {
        let (name, now) = (&self.source.name, (self.clock)());
        if let Err(e) =
            request_sync(self.store, self.config, self.triggers, name, &Actor::System, now).await
        {
            tracing::debug!(source = %name, "cannot record the sync request of a notification: {e}");
        }
    }
}
