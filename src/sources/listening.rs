//! A PostgreSQL that tells by NOTIFY that it has news: one connection that listens, and writes nothing there.

use std::io;
use std::time::Duration;

use sqlx::Executor;
use sqlx::postgres::{PgListener, PgPoolOptions};

use super::bell::{Bells, wish};
use super::foreign::{PATIENCE, explain, heard, place, postgres_options};
use crate::config::{Config, Source};
use crate::domain::time::Millis;
use crate::store::Store;

/// A connection that told nothing for so long is asked whether it is still there.
const SILENCE: Duration = Duration::from_secs(60);
/// The first wait before a lost connection is tried again, and the longest; polling stands behind it.
const SHORTEST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(60);

/// Rings for a source whenever its database notifies, until dropped. A lost connection comes back by itself, and what was
/// missed meanwhile is read then.
pub async fn listen(
    store: &Store,
    config: &Config,
    source: &Source,
    bells: &Bells,
    clock: fn() -> Millis,
) {
    let mut ear = Ear { store, config, source, bells, clock, heard: false };
    let mut wait = SHORTEST;
    let mut told: Option<String> = None;
    while let Err(why) = ear.listen().await {
        if std::mem::take(&mut ear.heard) {
            wait = SHORTEST;
            told = None;
        }
        let why = format!("{why:#}");
        if told.as_ref() != Some(&why) {
            tracing::warn!(source = %source.name, "is only polled until it can be listened to again: {why}");
        }
        told = Some(why);
        tokio::time::sleep(wait).await;
        wait = (wait * 2).min(LONGEST);
    }
}

/// Who listens, and for whom.
struct Ear<'e> {
    store: &'e Store,
    config: &'e Config,
    source: &'e Source,
    bells: &'e Bells,
    clock: fn() -> Millis,
    /// Whether it listened since the last failure.
    heard: bool,
}

impl Ear<'_> {
    /// Listens until the connection fails; where there is nothing to listen to it ends well.
    async fn listen(&mut self) -> anyhow::Result<()> {
        let (Some(channel), Some(url)) = (&self.source.listen, &self.source.url) else {
            return Ok(());
        };
        let failed = |e: sqlx::Error| explain(&self.source.name, &place(url), "listening", &e);
        let options = postgres_options(&self.source.name, url)?;
        let only = PgPoolOptions::new()
            .max_connections(1)
            .acquire_timeout(PATIENCE)
            .idle_timeout(None)
            .max_lifetime(None);
        let mut listener =
            heard(PATIENCE, PgListener::connect_with(&only.connect_lazy_with(options)))
                .await
                .map_err(failed)?;
        // A connection of its own accord would hide that something was missed.
        listener.eager_reconnect(false);
        heard(PATIENCE, listener.listen(channel)).await.map_err(failed)?;
        tracing::info!(source = %self.source.name, "is listened to on {channel}");
        self.heard = true;
        // What happened before it listened is news, too.
        self.ring().await;
        loop {
            match tokio::time::timeout(SILENCE, listener.try_recv()).await {
                Ok(Ok(Some(_))) => {
                    // A burst is one reading.
                    while listener.next_buffered().is_some() {}
                    self.ring().await;
                }
                Ok(Ok(None)) => {
                    return Err(failed(
                        io::Error::new(io::ErrorKind::UnexpectedEof, "it closed the connection")
                            .into(),
                    ));
                }
                Ok(Err(e)) => return Err(failed(e)),
                Err(_) => {
                    heard(PATIENCE, listener.execute("SELECT 1")).await.map_err(failed)?;
                }
            }
        }
    }

    async fn ring(&self) {
        if let Err(e) =
            wish(self.store, self.config, self.bells, &self.source.name, (self.clock)()).await
        {
            tracing::debug!(source = %self.source.name, "a notification could not be noted: {e}");
        }
    }
}
