//! The daemon: ticks that compute what is due from the database, delivery, the web server; one way to stop.

mod heart;
pub mod start;

use anyhow::Context;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use self::heart::{Beats, every_beat, heartbeat};
use crate::app::App;
use crate::config::{Publish, Source, Transport};
use crate::delivery::{self, Engine};
use crate::feeds::push::Pusher;
use crate::feeds::{codings, shelf};
use crate::store::Store;
use crate::web::{self, Demo};
use crate::{digests, sources};

/// Runs everything on a listener, with the lock taken, until `stop` fires; then finishes what is in flight.
pub async fn run_on(
    app: App,
    demo: Option<Demo>,
    listener: TcpListener,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    if app.store.is_sqlite() {
        app.store.take_all_leases_back().await?;
    }
    let (mut heart, beats) = heartbeat().await?;
    tracing::info!("Courant serves {} on http://{}", app.config.site.title, listener.local_addr()?);
    let mut tasks: JoinSet<anyhow::Result<()>> = JoinSet::new();
    tasks.spawn(web::serve(app.clone(), listener, demo, stop.clone()));
    for source in app.config.sources.clone() {
        if source.listen.is_some() {
            tasks.spawn(listen_to(app.clone(), source.clone(), stop.clone()));
        }
        tasks.spawn(read_source(app.clone(), source, beats.clone(), stop.clone()));
    }
    let pusher = app.pusher();
    tasks.spawn(make_feeds(app.clone(), pusher.clone(), beats.clone(), stop.clone()));
    tasks.spawn(compress(app.clone(), beats.clone(), stop.clone()));
    tasks.spawn(push(app.clone(), pusher, beats.clone(), stop.clone()));
    for to in app.config.publish.clone() {
        tasks.spawn(publish(app.clone(), to, beats.clone(), stop.clone()));
    }
    tasks.spawn(count_readers(app.clone(), beats.clone(), stop.clone()));
    tasks.spawn(send(app, beats, stop.clone()));
    // Each runs until the signal; one that ends before, or breaks, takes the others down in good order.
    let mut ended = Ok(());
    while let Some(task) = tasks.join_next().await {
        let result = task.context("a part of the daemon broke").flatten();
        if !stop.is_cancelled() {
            tracing::error!("a part of the daemon ended before its time; stopping");
            stop.cancel();
        }
        ended = ended.and(result);
    }
    heart.shutdown().await.ok();
    ended
}

/// Reads a source when it is due, which a beat finds out, and at once when its bell is rung.
async fn read_source(
    app: App,
    source: Source,
    mut beats: Beats,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let ended = stop.clone();
    let (nudge, nudges) = watch::channel(0_u64);
    let (bells, name) = (app.bells.clone(), source.name.clone());
    // What is rung for during a reading is one more reading after it.
    let ringing = AbortOnDropHandle::new(tokio::spawn(async move {
        while !nudge.is_closed() {
            tokio::select! {
                _ = beats.changed() => {}
                () = bells.rung(&name) => {}
            }
            nudge.send_modify(|n| *n += 1);
        }
    }));
    let what = format!("source {}", source.name);
    let reading = every_beat(&what, nudges, stop, || async {
        sources::sync_due(&app.store, &app.config, &source, app.now()).await.map(|_| ())
    });
    // A foreign database that keeps us waiting does not keep us from stopping; what is being kept is kept whole.
    tokio::select! {
        () = reading => {}
        () = ended.cancelled() => {}
    }
    drop(ringing);
    Ok(())
}

/// Rings for a source when its own database notifies.
async fn listen_to(app: App, source: Source, stop: CancellationToken) -> anyhow::Result<()> {
    tokio::select! {
        () = sources::listening::listen(&app.store, &app.config, &source, &app.bells, app.clock) => stop.cancelled().await,
        () = stop.cancelled() => {}
    }
    Ok(())
}

/// Makes feeds anew at each beat, and as soon as an article changed here or elsewhere.
async fn make_feeds(
    app: App,
    pusher: Pusher,
    beats: Beats,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let (nudge, nudges) = watch::channel(0_u64);
    let watching =
        AbortOnDropHandle::new(tokio::spawn(watch_articles(app.store.clone(), beats, nudge)));
    every_beat("feeds", nudges, stop, || async {
        let report = shelf::refresh_due(&app.store, &app.config, &app.shelf, app.now()).await?;
        if report.changed > 0 {
            pusher.nudge();
        }
        Ok(())
    })
    .await;
    drop(watching);
    Ok(())
}

/// Makes the smallest form of feeds that have not changed for a while.
async fn compress(app: App, beats: Beats, stop: CancellationToken) -> anyhow::Result<()> {
    let halt = stop.clone();
    every_beat("Brotli", beats, stop, || async {
        codings::compress_due(&app.shelf, app.now(), &halt).await.map(|_| ())
    })
    .await;
    Ok(())
}

/// Keeps how many read the feeds, and what was counted last at the end.
async fn count_readers(app: App, beats: Beats, stop: CancellationToken) -> anyhow::Result<()> {
    every_beat("readership", beats, stop, || async {
        Ok(app.readership.keep_due(&app.store, app.now()).await?)
    })
    .await;
    if let Err(why) = app.readership.finish(&app.store, app.now()).await {
        tracing::warn!("the last minute's readers are not counted: {why}");
    }
    Ok(())
}

/// Passes on every beat, every change that this process makes, and every change that another one tells of.
async fn watch_articles(store: Store, mut beats: Beats, nudge: watch::Sender<u64>) {
    let (mut here, mut elsewhere) = (store.news(), store.watch_articles());
    while !nudge.is_closed() {
        tokio::select! {
            _ = beats.changed() => {}
            _ = here.changed() => {}
            () = elsewhere.changed() => {}
        }
        nudge.send_modify(|n| *n += 1);
    }
}

/// Tells hubs and subscribers of news, at each beat and as soon as a feed changed; a copy of the store does not (promise 10).
async fn push(
    app: App,
    pusher: Pusher,
    beats: Beats,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    if app.config.hubs().is_empty() {
        stop.cancelled().await;
        return Ok(());
    }
    // Sending tells why not, for both.
    allowed(&app, beats.clone(), &stop, true).await?;
    let at_beats = every_beat("push", beats, stop, || async {
        Ok(pusher.push_due(app.now()).await.map(|_| ())?)
    });
    let between = async {
        loop {
            pusher.nudged().await;
            // What fails is told at the next beat, which fails too.
            pusher.push_due(app.now()).await.ok();
        }
    };
    tokio::select! {
        () = at_beats => {}
        () = between => {}
    }
    Ok(pusher.finish().await?)
}

/// Puts feeds into a place elsewhere as soon as one changed, and what failed when it is due; a copy of the store does not
/// (promise 10).
async fn publish(
    app: App,
    to: Publish,
    beats: Beats,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    allowed(&app, beats, &stop, true).await?;
    let publisher = app.publisher(&to);
    let what = format!("publish {}", to.name);
    let publishing = every_beat(&what, app.shelf.changes(), stop.clone(), || async {
        publisher.publish_due(app.now()).await.map(|_| ())
    });
    // A place that keeps us waiting does not keep us from stopping: what is under way is put there once more by whoever is next.
    tokio::select! {
        () = publishing => {}
        () = stop.cancelled() => {}
    }
    Ok(publisher.finish().await?)
}

/// Prepares and sends, as soon as this store may send (promise 10).
async fn send(app: App, beats: Beats, stop: CancellationToken) -> anyhow::Result<()> {
    allowed(&app, beats.clone(), &stop, false).await?;
    let mut parts: JoinSet<anyhow::Result<()>> = JoinSet::new();
    let (own, halt, nudges) = (app.clone(), stop.clone(), beats.clone());
    parts.spawn(async move {
        delivery::thread::apart(move || deliver(own.apart(), nudges, halt)).await.flatten()
    });
    parts.spawn(tick_editions(app, beats, stop.clone()));
    let mut ended = Ok(());
    while let Some(part) = parts.join_next().await {
        stop.cancel();
        ended = ended.and(part.context("sending broke").flatten());
    }
    ended
}

/// Sends over all transports until `stop` fires.
async fn deliver(app: App, beats: Beats, stop: CancellationToken) -> anyhow::Result<()> {
    if app.config.transports.is_empty() {
        // Feeds alone are a service, too.
        stop.cancelled().await;
        return Ok(());
    }
    let engine = app.engine();
    let (leases, mut ticks) = (CancellationToken::new(), JoinSet::new());
    let keeper = tokio::spawn({
        let (engine, leases) = (engine.clone(), leases.clone());
        async move { engine.keep_leases(&leases).await }
    });
    for transport in app.config.transports.clone() {
        ticks.spawn(tick_delivery(engine.clone(), transport, beats.clone(), stop.clone()));
    }
    let mut broken = Ok(());
    while let Some(tick) = ticks.join_next().await {
        if let Err(e) = tick {
            stop.cancel();
            broken = Err(e.into());
        }
    }
    if broken.is_ok() {
        // Without a transport there is nothing to send by, which is no reason to end.
        stop.cancelled().await;
    }
    leases.cancel();
    keeper.await.ok();
    engine.finish().await?;
    broken
}

/// Waits until nothing forbids this store to send, and says once what does unless it was `told`; `courant adopt` may come
/// while we run.
async fn allowed(
    app: &App,
    mut beats: Beats,
    stop: &CancellationToken,
    mut told: bool,
) -> anyhow::Result<()> {
    while !stop.is_cancelled() {
        match app.store.instance().await.map(|i| i.refusal(&app.config.site.base_url)) {
            Ok(None) => return Ok(()),
            Ok(Some(why)) if !told => {
                told = true;
                tracing::error!("{why}");
            }
            Ok(Some(_)) => {}
            Err(e) => tracing::debug!("the store's identity could not be read: {e}"),
        }
        tokio::select! {
            () = stop.cancelled() => {}
            _ = beats.changed() => {}
        }
    }
    Ok(())
}

async fn tick_editions(app: App, beats: Beats, stop: CancellationToken) -> anyhow::Result<()> {
    every_beat("digests", beats, stop, || async {
        let prepared = digests::prepare_due(app.desk(), app.now()).await;
        delivery::close_editions(&app.store, app.now()).await?;
        prepared.map(|_| ())
    })
    .await;
    Ok(())
}

async fn tick_delivery(
    engine: Engine,
    transport: Transport,
    beats: Beats,
    stop: CancellationToken,
) {
    let (what, stopping) = (format!("transport {}", transport.name), stop.clone());
    every_beat(&what, beats, stop, || async {
        engine.deliver_due(&transport, 0, &stopping).await.map(|_| ())
    })
    .await;
}
