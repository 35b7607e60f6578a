//! `courant reload`: makes running servers read their configuration again.

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use tokio::time::Instant;

use super::output;
use super::serve::load;
use crate::clock;
use crate::domain::actor::Actor;
use crate::store::Store;
use crate::store::reloads::ReloadResult;
use crate::wire::system::NodeReload;

/// Longest wait for the first answer: messages in flight are finished before a reload.
const MAX_WAIT: Duration = Duration::from_secs(60);
/// Wait for answers of further nodes after the last one.
const WAIT_FOR_OTHERS: Duration = Duration::from_millis(1500);
/// Interval between queries for answers.
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// Checks the configuration, asks every running server to reload, and prints their answers. The
/// status is 1 if none answers or one keeps its old configuration.
pub(crate) async fn run(path: &Path, json: bool) -> anyhow::Result<ExitCode> {
    let loaded = load(path)?;
    let store = Store::open(&loaded.config.database.url).await?;
    let request = store.reloads().request(&Actor::Cli, clock::now()).await?;
    let answers = answers(&store, request).await?;
    store.close().await;
    if json {
        output::json(&answers.iter().map(NodeReload::from).collect::<Vec<_>>())?;
    } else {
        for answer in &answers {
            output::line(&match &answer.error {
                None => format!("{}: reloaded", answer.node),
                Some(error) => {
                    format!("{}: the old configuration remains in use: {error}", answer.node)
                }
            })?;
        }
    }
    if answers.is_empty() {
        output::error(&format!(
            "no server answered within {} seconds: start one with `courant serve`, which reads the new configuration",
            MAX_WAIT.as_secs()
        ));
    }
    let is_done = !answers.is_empty() && answers.iter().all(|answer| answer.error.is_none());
    Ok(if is_done { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Waits for the answers of all nodes.
async fn answers(store: &Store, request: i64) -> anyhow::Result<Vec<ReloadResult>> {
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
