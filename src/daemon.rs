//! The daemon: one heartbeat, ticks that compute what is due from the database, delivery, the web server; one way to stop.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_cron_scheduler::{Job, JobScheduler};
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::delivery::{self, Engine};
use crate::feeds::shelf;
use crate::web::{self, Demo};
use crate::{digests, sources};

/// A tick comes at least this often, even if the heartbeat stalls.
const PATIENCE: Duration = Duration::from_secs(3);

/// Runs everything until `stop` fires, then finishes what is in flight.
pub async fn run(app: App, demo: Option<Demo>, stop: CancellationToken) -> anyhow::Result<()> {
    let _lock = app.store.lock()?;
    let address = app.config.server.listen;
    let listener = TcpListener::bind(address)
        .await
        .with_context(|| format!("cannot listen on {address}: change [server] listen, or stop what uses it"))?;
    run_on(app, demo, listener, stop).await
}

/// As [`run`], on a listener that is already there and with the lock taken.
pub async fn run_on(app: App, demo: Option<Demo>, listener: TcpListener, stop: CancellationToken) -> anyhow::Result<()> {
    if app.store.is_sqlite() {
        app.store.take_all_leases_back().await?;
    }
    let (mut heart, beats) = heartbeat().await?;
    let mut ticks = JoinSet::new();
    let engine = match app.refusal() {
        Some(why) => {
            tracing::error!("{why}");
            None
        }
        None => Some(app.engine()),
    };
    let leases = CancellationToken::new();
    if let Some(engine) = &engine {
        spawn_sending(&mut ticks, &app, engine, &beats, &stop);
        let (engine, leases) = (engine.clone(), leases.clone());
        tokio::spawn(async move { engine.keep_leases(&leases).await });
    }
    ticks.spawn(every_beat("sources", beats.clone(), stop.clone(), {
        let app = app.clone();
        move || {
            let app = app.clone();
            async move { sources::sync_due(&app.store, &app.config, app.now()).await.map(|_| ()) }
        }
    }));
    ticks.spawn(every_beat("feeds", beats.clone(), stop.clone(), {
        let app = app.clone();
        move || {
            let app = app.clone();
            async move { shelf::refresh_due(&app.store, &app.config, &app.shelf, app.now()).await.map(|_| ()) }
        }
    }));
    tracing::info!("Courant serves {} on http://{}", app.config.site.title, listener.local_addr()?);
    let served = web::serve(app.clone(), listener, demo, stop.clone()).await;
    // The web server ends at the signal, or because it can't go on; either way the rest ends too.
    stop.cancel();
    while let Some(tick) = ticks.join_next().await {
        tick?;
    }
    leases.cancel();
    if let Some(engine) = engine {
        engine.finish().await?;
    }
    heart.shutdown().await.ok();
    served
}

/// The clock of the daemon: it nudges, and what is due is found out by whoever is nudged.
async fn heartbeat() -> anyhow::Result<(JobScheduler, watch::Receiver<u64>)> {
    let (beat, beats) = watch::channel(0_u64);
    let beat = Arc::new(beat);
    let heart = JobScheduler::new().await.context("the heartbeat can't be made")?;
    let job = Job::new("*/1 * * * * *", move |_, _| beat.send_modify(|n| *n += 1)).context("the heartbeat can't be set")?;
    heart.add(job).await.context("the heartbeat can't be set")?;
    heart.start().await.context("the heartbeat does not start")?;
    Ok((heart, beats))
}

fn spawn_sending(ticks: &mut JoinSet<()>, app: &App, engine: &Engine, beats: &watch::Receiver<u64>, stop: &CancellationToken) {
    ticks.spawn(every_beat("digests", beats.clone(), stop.clone(), {
        let app = app.clone();
        move || {
            let app = app.clone();
            async move {
                digests::prepare_due(app.desk(), app.now()).await?;
                delivery::close_editions(&app.store, app.now()).await.map(|_| ())
            }
        }
    }));
    for transport in app.config.transports.clone() {
        let (engine, stopping) = (engine.clone(), stop.clone());
        ticks.spawn(every_beat("delivery", beats.clone(), stop.clone(), move || {
            let (engine, transport, stop) = (engine.clone(), transport.clone(), stopping.clone());
            async move { engine.deliver_due(&transport, 0, &stop).await.map(|_| ()) }
        }));
    }
}

/// Runs a tick at every beat, one at a time; an error is logged once until it passes.
async fn every_beat<F>(what: &'static str, mut beats: watch::Receiver<u64>, stop: CancellationToken, mut tick: impl FnMut() -> F)
where
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
