//! The ticker of the daemon, and tasks that run at each tick.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio::sync::watch;
use tokio_cron_scheduler::{Job, JobScheduler};
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

/// Receiver of the ticks.
pub(super) type Ticks = watch::Receiver<u64>;

/// Longest time between two runs, even if the ticker stalls.
const MAX_TICK_INTERVAL: Duration = Duration::from_secs(3);

/// Starts the ticker, which sends one tick per second; each task computes what is due.
pub(super) async fn start_ticker() -> anyhow::Result<(JobScheduler, Ticks)> {
    let (sender, ticks) = watch::channel(0_u64);
    let sender = Arc::new(sender);
    let scheduler = JobScheduler::new().await.context("cannot create the ticker")?;
    let job = Job::new("*/1 * * * * *", move |_, _| sender.send_modify(|n| *n += 1))
        .context("cannot schedule the ticker")?;
    scheduler.add(job).await.context("cannot schedule the ticker")?;
    scheduler.start().await.context("cannot start the ticker")?;
    Ok((scheduler, ticks))
}

/// Runs `tick` at every wake-up, and at the latest three seconds after the previous run, one run at a
/// time. A repeated error is logged once until it changes or passes.
pub(super) async fn run_on_wake<F>(
    task_name: &str,
    mut wakes: watch::Receiver<u64>,
    shutdown: CancellationToken,
    mut tick: impl FnMut() -> F,
) where
    F: Future<Output = anyhow::Result<()>>,
{
    let mut last_error: Option<String> = None;
    while !shutdown.is_cancelled() {
        let span = tracing::debug_span!("tick", task = task_name);
        match tick().instrument(span).await {
            Ok(()) if last_error.take().is_some() => tracing::info!("{task_name}: recovered"),
            Ok(()) => {}
            Err(e) => {
                let error = format!("{e:#}");
                if last_error.as_ref() != Some(&error) {
                    tracing::error!("{task_name}: {error}");
                }
                last_error = Some(error);
            }
        }
        tokio::select! {
            () = shutdown.cancelled() => {}
            _ = wakes.changed() => {}
            () = tokio::time::sleep(MAX_TICK_INTERVAL) => {}
        }
    }
}
