//! `courant deliver`: sends all that is due, waits until nothing is in flight, and says what became of it.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::bail;
use indicatif::{ProgressBar, ProgressStyle};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::{output, serve};
use crate::app::App;
use crate::delivery::{self, Engine, Report};
use crate::digests;
use crate::domain::time::MINUTE;

pub(crate) async fn run(app: &App) -> anyhow::Result<ExitCode> {
    delivery::check_keys(&app.config.transports)?;
    let _lock = app.store.lock()?;
    if let Some(why) = app.refusal() {
        bail!("{why}");
    }
    if app.store.is_sqlite() {
        app.store.take_all_leases_back().await?;
    }
    digests::resume(&app.store, app.now()).await?;
    delivery::close_editions(&app.store, app.now()).await?;
    for why in app.stranded().await? {
        output::remark(&why);
    }
    let stop = serve::stopped_by_signals()?;
    let own = app.clone();
    let outcome = delivery::thread::apart(move || send(own.apart(), stop)).await?;
    delivery::close_editions(&app.store, app.now()).await?;
    let (report, stuck) = outcome?;
    let waiting = app.store.waiting_count().await?;
    if let Some(trouble) = &report.trouble {
        output::remark(trouble);
    }
    output::line(&format!(
        "sent {}, failed {}, waiting {waiting}, held {}",
        report.sent, report.failed, report.held
    ))?;
    Ok(if stuck { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Sends all that is due, with leases kept and progress shown meanwhile.
async fn send(app: App, stop: CancellationToken) -> anyhow::Result<(Report, bool)> {
    let engine = app.engine();
    let done = CancellationToken::new();
    let keeper = tokio::spawn({
        let (engine, done) = (engine.clone(), done.clone());
        async move { engine.keep_leases(&done).await }
    });
    let shown =
        tokio::spawn(show_progress(engine.clone(), app.store.waiting_count().await?, done.clone()));
    let outcome = all(&app, &engine, &stop).await;
    done.cancel();
    keeper.await?;
    shown.await?;
    engine.finish().await?;
    outcome
}

/// All transports at once; what becomes due within a minute is waited for. Gives too whether one could not work at all.
async fn all(
    app: &App,
    engine: &Engine,
    stop: &CancellationToken,
) -> anyhow::Result<(Report, bool)> {
    let (mut report, mut stuck) = (Report::default(), false);
    let share = app.config.transports.iter().any(|t| t.shares.is_some());
    loop {
        let mut runs = JoinSet::new();
        for transport in app.config.transports.clone() {
            let (engine, stop) = (engine.clone(), stop.clone());
            runs.spawn(async move {
                (
                    engine.deliver_due(&transport, MINUTE, &stop).await,
                    engine.has_stand_in(&transport),
                )
            });
        }
        let mut round = Report::default();
        while let Some(run) = runs.join_next().await {
            let (run, stood_in) = run?;
            let run = run?;
            stuck |= run.trouble.is_some() && run.attempts() == 0 && !stood_in;
            round.add(run);
        }
        // What one could not send, another may have been too early for.
        let again = round.attempts() > 0 || (round.trouble.is_some() && report.trouble.is_none());
        report.add(round);
        if !share || !again || stop.is_cancelled() {
            return Ok((report, stuck));
        }
    }
}

/// A bar on a terminal, a line every ten seconds elsewhere; both on standard error.
async fn show_progress(engine: Engine, total: i64, done: CancellationToken) {
    let terminal = std::io::IsTerminal::is_terminal(&std::io::stderr());
    let bar = if terminal {
        ProgressBar::new(u64::try_from(total).unwrap_or(0))
    } else {
        ProgressBar::hidden()
    };
    if let Ok(style) =
        ProgressStyle::with_template("{bar:40} {pos}/{len} mails, {per_sec}, {eta} left")
    {
        bar.set_style(style);
    }
    let every = Duration::from_millis(if terminal { 200 } else { 10_000 });
    loop {
        tokio::select! {
            () = done.cancelled() => break,
            () = tokio::time::sleep(every) => {}
        }
        bar.set_position(engine.attempted());
        if !terminal {
            output::remark(&format!("{} of {total} mails attempted", engine.attempted()));
        }
    }
    bar.finish_and_clear();
}
