//! The daemon's one heartbeat, and what is done at each beat.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio::sync::watch;
use tokio_cron_scheduler::{Job, JobScheduler};
use tokio_util::sync::CancellationToken;

/// Hears the heartbeat.
pub(super) type Beats = watch::Receiver<u64>;

/// A tick comes at least this often, even if the heartbeat stalls.
const PATIENCE: Duration = Duration::from_secs(3);

/// The clock of the daemon: it nudges, and what is due is found out by whoever is nudged.
pub(super) async fn heartbeat() -> anyhow::Result<(JobScheduler, Beats)> {
    let (beat, beats) = watch::channel(0_u64);
    let beat = Arc::new(beat);
    let heart = JobScheduler::new().await.context("the heartbeat can't be made")?;
    let job = Job::new("*/1 * * * * *", move |_, _| beat.send_modify(|n| *n += 1))
        .context("the heartbeat can't be set")?;
    heart.add(job).await.context("the heartbeat can't be set")?;
    heart.start().await.context("the heartbeat does not start")?;
    Ok((heart, beats))
}

/// Runs a tick at every beat, one at a time; an error is logged once until it passes.
pub(super) async fn every_beat<F>(
    what: &str,
    mut beats: Beats,
    stop: CancellationToken,
    mut tick: impl FnMut() -> F,
) where
    F: Future<Output = anyhow::Result<()>>,
{
    let mut failing: Option<String> = None;
    while !stop.is_cancelled() {
        match tick().await {
            Ok(()) if failing.take().is_some() => tracing::info!("{what}: works again"),
            Ok(()) => {}
            Err(e) => {
                let why = format!("{e:#}");
                if failing.as_ref() != Some(&why) {
                    tracing::error!("{what}: {why}");
                }
                failing = Some(why);
            }
        }
        tokio::select! {
            () = stop.cancelled() => {}
            _ = beats.changed() => {}
            () = tokio::time::sleep(PATIENCE) => {}
        }
    }
}
