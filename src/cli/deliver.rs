//! `courant deliver`: sends all due messages, waits until nothing is in flight and prints a report.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::bail;
use indicatif::{ProgressBar, ProgressStyle};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::{output, serve};
use crate::app::App;
use crate::delivery::{self, Dispatcher, Report};
use crate::digests;
use crate::domain::time::MINUTE;
use crate::wire::deliveries::DeliveryReport;

pub(crate) async fn run(app: &App, json: bool) -> anyhow::Result<ExitCode> {
    delivery::check_dkim_keys(&app.config.transports)?;
    let _lock = app.store.acquire_send_lock()?;
    if let Some(reason) = app.send_block_reason() {
        bail!("{reason}");
    }
    if app.store.is_sqlite() {
        app.store.leases().expire_all().await?;
    }
    output::clock_faults(app).await?;
    app.store.clock_faults().record_last_run(app.now()).await?;
    digests::freeze_preparing(&app.store, app.now()).await?;
    delivery::settle_editions(&app.store, app.now()).await?;
    for reason in app.unconfigured_names().await? {
        output::note(&reason);
    }
    let stop = serve::stop_on_signals()?;
    let worker_app = app.clone();
    let outcome =
        delivery::thread::on_dedicated_thread(move || send(worker_app.for_runtime(), stop)).await?;
    delivery::settle_editions(&app.store, app.now()).await?;
    let (report, has_failed) = outcome?;
    let waiting = app.store.deliveries().waiting_count().await?;
    if let Some(error) = &report.error {
        output::note(error);
    }
    let text = format!(
        "sent {}, failed {}, waiting {waiting}, held {}",
        report.sent, report.failed, report.held
    );
    output::result(json, &DeliveryReport::new(&report, waiting), &text)?;
    let has_failed = has_failed || (report.sent == 0 && report.failed + report.held > 0);
    Ok(if has_failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Sends all due messages while renewing leases and showing progress.
async fn send(app: App, stop: CancellationToken) -> anyhow::Result<(Report, bool)> {
    let dispatcher = app.dispatcher();
    let done = CancellationToken::new();
    let lease_task = tokio::spawn({
        let (dispatcher, done) = (dispatcher.clone(), done.clone());
        async move { dispatcher.renew_leases_until(&done).await }
    });
    let progress_task = tokio::spawn(show_progress(
        dispatcher.clone(),
        app.store.deliveries().waiting_count().await?,
        done.clone(),
    ));
    let outcome = deliver_all(&app, &dispatcher, &stop).await;
    done.cancel();
    lease_task.await?;
    progress_task.await?;
    dispatcher.shutdown().await?;
    outcome
}

/// Sends over all transports concurrently and waits for messages that become due within a minute.
/// Also returns `true` if a transport could not send at all.
async fn deliver_all(
    app: &App,
    dispatcher: &Dispatcher,
    stop: &CancellationToken,
) -> anyhow::Result<(Report, bool)> {
    let (mut report, mut has_failed) = (Report::default(), false);
    let uses_pools = app.config.transports.iter().any(|t| t.pool.is_some());
    loop {
        let mut runs = JoinSet::new();
        for transport in app.config.transports.clone() {
            let (dispatcher, stop) = (dispatcher.clone(), stop.clone());
            runs.spawn(async move {
                (
                    dispatcher.deliver_due(&transport, MINUTE, &stop).await,
                    dispatcher.has_fallback(&transport),
                )
            });
        }
        let mut round = Report::default();
        while let Some(run) = runs.join_next().await {
            let (run, has_fallback) = run?;
            let run = run?;
            has_failed |= run.error.is_some() && run.handled() == 0 && !has_fallback;
            round.add(run);
        }
        // A message that one transport could not send may now be due on another of its pool.
        let again = round.handled() > 0 || (round.error.is_some() && report.error.is_none());
        report.add(round);
        if !uses_pools || !again || stop.is_cancelled() {
            return Ok((report, has_failed));
        }
    }
}

/// Shows progress on standard error: a bar on a terminal, otherwise a line every ten seconds.
async fn show_progress(dispatcher: Dispatcher, total: i64, done: CancellationToken) {
    let is_terminal = std::io::IsTerminal::is_terminal(&std::io::stderr());
    let bar = if is_terminal {
        ProgressBar::new(u64::try_from(total).unwrap_or(0))
    } else {
        ProgressBar::hidden()
    };
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos}/{len} messages, {eta} left") {
        bar.set_style(style);
    }
    let interval = Duration::from_millis(if is_terminal { 200 } else { 10_000 });
    loop {
        tokio::select! {
            () = done.cancelled() => break,
            () = tokio::time::sleep(interval) => {}
        }
        bar.set_position(dispatcher.content_attempts());
        if !is_terminal {
            output::note(&format!(
                "{} of {total} messages attempted",
                dispatcher.content_attempts()
            ));
        }
    }
    bar.finish_and_clear();
}
