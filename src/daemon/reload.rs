//! Requests to reload the configuration: by a signal, or by `courant reload` through the database,
//! which every node reads.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use tokio::sync::mpsc;

use super::degraded::is_database_unavailable;
use crate::app::{App, CheckedConfig, LoadedConfig};
use crate::config::Config;
use crate::store::{Store, StoreResult};
use crate::templates::Templates;

/// Interval between polls of the database for requests and changed definitions.
const POLL_INTERVAL: Duration = Duration::from_millis(300);

/// Interval between attempts to reload after a failure; each attempt may interrupt the tasks.
const RETRY_INTERVAL: Duration = Duration::from_secs(60);

/// Maximum number of attempts to read the definitions of a reload.
const MAX_ATTEMPTS: u32 = 3;

/// Reads and validates the configuration again; the error lists every problem.
type LoadConfig = dyn Fn() -> anyhow::Result<LoadedConfig> + Send + Sync;

/// Loader of a daemon's configuration, and the signals that ask for a reload.
pub struct ConfigLoader {
    load: Arc<LoadConfig>,
    signals: mpsc::Receiver<()>,
}

impl fmt::Debug for ConfigLoader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConfigLoader").finish_non_exhaustive()
    }
}

impl ConfigLoader {
    /// Creates a loader from a function; each message of `signals` asks for a reload.
    pub fn new(
        load: impl Fn() -> anyhow::Result<LoadedConfig> + Send + Sync + 'static,
        signals: mpsc::Receiver<()>,
    ) -> Self {
        Self { load: Arc::new(load), signals }
    }

    /// Creates the loader of a daemon of whose configuration only the definitions of the database change.
    pub fn fixed(config: Config, templates: Arc<Templates>) -> Self {
        let load =
            move || Ok(LoadedConfig { config: config.clone(), templates: Arc::clone(&templates) });
        Self::new(load, mpsc::channel(1).1)
    }
}

/// A request to reload the configuration.
#[derive(Debug)]
pub(super) enum ReloadRequest {
    /// By a signal to this process.
    Signal,
    /// By rows of the database: the ids after `after`, up to `newest`.
    Database {
        /// Newest request that was handled before.
        after: i64,
        /// Newest request that this reload handles.
        newest: i64,
    },
    /// By a change of a definition in the database, or again after a failure of the database.
    Definitions,
}

/// A reload that failed.
struct FailedReload {
    /// Version of the definitions that it would have brought into force.
    definitions: i64,
    /// Time of the next attempt with them.
    retry_at: Instant,
    /// `true` if the database was unavailable; the reload is then repeated even if no definition has changed.
    is_temporary: bool,
}

/// Receives the requests of one daemon.
pub(super) struct ReloadReceiver {
    loader: ConfigLoader,
    store: Store,
    /// Newest request of the database that was handled.
    handled: i64,
    /// Version of the definitions that is in force.
    definitions: i64,
    /// Newest version of the definitions that was seen.
    newest_definitions: i64,
    /// Last reload, if it failed.
    failure: Option<FailedReload>,
    /// Name of this process in the results.
    node: String,
}

impl ReloadReceiver {
    /// Starts receiving; requests already in the database are ignored.
    pub(super) async fn new(
        loader: ConfigLoader,
        app: &App,
        address: SocketAddr,
    ) -> StoreResult<Self> {
        let store = &app.store;
        let handled = store.reloads().newest_request().await?;
        let definitions = app.definitions_version;
        let node = format!("process {} on {address}", std::process::id());
        Ok(Self {
            loader,
            store: store.clone(),
            handled,
            definitions,
            newest_definitions: definitions,
            failure: None,
            node,
        })
    }

    /// Waits for the next request.
    pub(super) async fn next(&mut self) -> ReloadRequest {
        let mut has_signals = true;
        loop {
            tokio::select! {
                signal = self.loader.signals.recv(), if has_signals => match signal {
                    Some(()) => return ReloadRequest::Signal,
                    None => has_signals = false,
                },
                () = tokio::time::sleep(POLL_INTERVAL) => {
                    // A failure of the database is reported by the tasks.
                    if let Ok(Some(request)) = self.poll().await {
                        return request;
                    }
                }
            }
        }
    }

    /// Returns the request received since the last poll, if any.
    async fn poll(&mut self) -> StoreResult<Option<ReloadRequest>> {
        let newest = self.store.reloads().newest_request().await?;
        self.newest_definitions = self.store.definitions().version().await?;
        let are_changed = self.newest_definitions != self.definitions;
        let is_wanted = match &self.failure {
            None => are_changed,
            Some(failure) if failure.definitions != self.newest_definitions => are_changed,
            Some(failure) => {
                (are_changed || failure.is_temporary) && Instant::now() >= failure.retry_at
            }
        };
        let after = std::mem::replace(&mut self.handled, newest);
        if after != newest {
            return Ok(Some(ReloadRequest::Database { after, newest }));
        }
        Ok(is_wanted.then_some(ReloadRequest::Definitions))
    }

    /// Reads and validates the configuration with the definitions of the database; the present one stays
    /// in use.
    ///
    /// # Errors
    /// If it is invalid, or changes a setting that needs a restart, or the database fails three times.
    pub(super) async fn check(&self, app: &App) -> anyhow::Result<CheckedConfig> {
        let mut attempts = 1;
        loop {
            match app.check_reload(self.load().await?).await {
                // Right after a failure of the database, connections may be found broken.
                Err(e) if is_database_unavailable(&e) && attempts < MAX_ATTEMPTS => attempts += 1,
                result => return result,
            }
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    }

    async fn load(&self) -> anyhow::Result<LoadedConfig> {
        let load = Arc::clone(&self.loader.load);
        tokio::task::spawn_blocking(move || load())
            .await
            .context("reading the configuration panicked")?
    }

    /// Logs the result, and records it for every command that asked. Definitions that could not be loaded
    /// are tried again later, and so is a reload that failed because of the database.
    pub(super) async fn record_result(
        &mut self,
        app: &App,
        request: ReloadRequest,
        result: anyhow::Result<()>,
    ) {
        match &result {
            Ok(()) => (self.definitions, self.failure) = (self.newest_definitions, None),
            Err(e) => {
                self.failure = Some(FailedReload {
                    definitions: self.newest_definitions,
                    retry_at: Instant::now() + RETRY_INTERVAL,
                    is_temporary: is_database_unavailable(e),
                });
            }
        }
        let error = result.err().map(|e| format!("{e:#}"));
        match &error {
            None => tracing::info!("configuration reloaded"),
            Some(error) => {
                tracing::error!(
                    "cannot reload the configuration; the old one remains in use: {error}"
                );
            }
        }
        if let ReloadRequest::Database { after, newest } = request {
            let results = self.store.reloads();
            let recorded = results.record_results(after, newest, &self.node, error, app.now());
            if let Err(e) = recorded.await {
                tracing::warn!("cannot record the result of the reload: {e}");
            }
        }
    }
}
