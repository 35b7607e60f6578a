//! `courant reload`: makes running servers read their configuration again.

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::bail;
use tokio::time::Instant;

use super::output;
use crate::app::{App, load_checked_config};
use crate::clock;
use crate::domain::actor::Actor;
use crate::domain::time::SignedDuration;
use crate::store::reloads::ReloadResult;
use crate::store::renames::Rename;
use crate::store::{Store, StoreError};
use crate::wire::system::NodeReload;

/// Longest wait for the first result: messages in flight are finished before a reload.
const MAX_WAIT: Duration = Duration::from_secs(60);
/// Wait for the results of further nodes after the last one.
const WAIT_FOR_OTHERS: Duration = Duration::from_millis(1500);
/// Interval between polls of the database.
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// Maximum age of the sign of life that a running server records every minute.
const MAX_SILENCE: SignedDuration = SignedDuration::from_mins(3);

/// Checks the configuration, asks every running server to reload, and prints the results. The
/// status is 1 if none answers or one keeps its old configuration.
pub(crate) async fn run(path: &Path, json: bool) -> anyhow::Result<ExitCode> {
    let loaded = load_checked_config(path)?;
    let store = Store::open(&loaded.config.database.url).await?;
    let is_running = has_running_server(&store).await?;
    let results = if is_running {
        let request = store.reloads().request(&Actor::Cli, clock::now()).await?;
        await_results(&store, request).await?
    } else {
        Vec::new()
    };
    store.close().await;
    if json {
        output::json(&results.iter().map(NodeReload::from).collect::<Vec<_>>())?;
    } else {
        for result in &results {
            output::line(&match &result.error {
                None => format!("{}: reloaded", result.node),
                Some(error) => {
                    format!("{}: the old configuration remains in use: {error}", result.node)
                }
            })?;
        }
    }
    if results.is_empty() {
        let problem = if is_running {
            format!("no server answered within {} seconds", MAX_WAIT.as_secs())
        } else {
            "no server is running".to_owned()
        };
        output::error(&format!(
            "{problem}; start one with `courant serve`, which reads the new configuration"
        ));
    }
    let is_done = !results.is_empty() && results.iter().all(|result| result.error.is_none());
    Ok(if is_done { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Applies the renames of the configuration (`was`).
///
/// # Errors
/// If a server runs, which would continue to use the former names; its own reload applies them.
pub(super) async fn apply_renames(app: &App) -> anyhow::Result<()> {
    let pending = app.pending_renames().await?;
    let Some(Rename { kind, old_name, name }) = pending.first() else { return Ok(()) };
    if has_running_server(&app.store).await? {
        let remedy = match app.store.is_sqlite() {
            true => "run `courant reload` first",
            false => {
                "run `courant reload` first, or wait three minutes after the last one has stopped"
            }
        };
        bail!(
            "the {} {old_name:?} is now {name:?} in the configuration, but a running server still uses the former name; {remedy}",
            kind.as_str()
        );
    }
    app.check_filters().await?;
    app.apply_renames(&Actor::Cli).await
}

/// Returns `false` if no server can answer: none has recorded a sign of life for minutes, or none holds
/// the lock of the SQLite database. A server that starts meanwhile reads the new configuration.
async fn has_running_server(store: &Store) -> anyhow::Result<bool> {
    let last_run = store.clock_faults().last_run().await?;
    if last_run.is_none_or(|at| clock::now().since(at) >= MAX_SILENCE) {
        return Ok(false);
    }
    match store.acquire_send_lock() {
        Ok(_) => Ok(!store.is_sqlite()),
        Err(StoreError::Busy(_)) => Ok(true),
        Err(e) => Err(e.into()),
    }
}

/// Returns the results of all nodes.
async fn await_results(store: &Store, request: i64) -> anyhow::Result<Vec<ReloadResult>> {
    let (start, mut last, mut known) = (Instant::now(), Instant::now(), Vec::new());
    loop {
        let results = store.reloads().results(request).await?;
        if results.len() > known.len() {
            (known, last) = (results, Instant::now());
        }
        let is_over = if known.is_empty() {
            start.elapsed() >= MAX_WAIT
        } else {
            last.elapsed() >= WAIT_FOR_OTHERS
        };
        if is_over {
            return Ok(known);
        }
        tokio::time::sleep(POLL_INTERVAL).await;
    }
}
