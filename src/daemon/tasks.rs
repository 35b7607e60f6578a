//! The background tasks: each computes what is due from the database, at every tick.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use anyhow::Context;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::ticker::{Ticks, run_on_wake};
use crate::app::App;
use crate::config::{DestinationSettings, Source, Transport};
use crate::delivery::{self, Dispatcher};
use crate::domain::time::{HOUR, SignedDuration, as_millis_i64};
use crate::feeds::{cache, content_codings};
use crate::store::Store;
use crate::subscribers::import::jobs;
use crate::websub::WebSub;
use crate::{accounts, digests, sources, subscribers};

/// Minimum time between two wake-ups of a source.
const MIN_WAKE_INTERVAL: Duration = Duration::from_millis(500);

/// The background tasks of one configuration.
pub(super) struct Tasks {
    tasks: JoinSet<anyhow::Result<()>>,
    stop: CancellationToken,
}

impl Tasks {
    /// Starts all tasks; they also end when `shutdown` fires.
    pub(super) fn start(app: &App, ticks: &Ticks, shutdown: &CancellationToken) -> Self {
        let (mut tasks, stop) = (JoinSet::new(), shutdown.child_token());
        for source in app.config.sources.clone() {
            if source.listen_channel.is_some() {
                tasks.spawn(listen_to_source(app.clone(), source.clone(), stop.clone()));
            }
            tasks.spawn(sync_source(app.clone(), source, ticks.clone(), stop.clone()));
        }
        let websub = app.websub();
        tasks.spawn(render_feeds(app.clone(), websub.clone(), ticks.clone(), stop.clone()));
        tasks.spawn(compress_feeds(app.clone(), ticks.clone(), stop.clone()));
        tasks.spawn(push_websub(app.clone(), websub, ticks.clone(), stop.clone()));
        if !app.config.webhooks.is_empty() {
            tasks.spawn(send_to_webhooks(app.clone(), ticks.clone(), stop.clone()));
        }
        for to in app.config.destinations.clone() {
            tasks.spawn(publish(app.clone(), to, ticks.clone(), stop.clone()));
        }
        tasks.spawn(delete_pending(app.clone(), ticks.clone(), stop.clone()));
        tasks.spawn(import_subscribers(app.clone(), ticks.clone(), stop.clone()));
        tasks.spawn(check_database_files(app.clone(), ticks.clone(), stop.clone()));
        tasks.spawn(flush_readership(app.clone(), ticks.clone(), stop.clone()));
        tasks.spawn(run_sending(app.clone(), ticks.clone(), stop.clone()));
        Self { tasks, stop }
    }

    /// Waits until a task ends, which none does before it is told to stop.
    pub(super) async fn next_ended(&mut self) -> anyhow::Result<()> {
        match self.tasks.join_next().await {
            Some(task) => task.context("a background task panicked").flatten(),
            None => Ok(()),
        }
    }

    /// Stops all tasks and waits until they have finished what is in flight; returns the first
    /// error.
    pub(super) async fn stop(mut self) -> anyhow::Result<()> {
        self.stop.cancel();
        let mut outcome = Ok(());
        while let Some(task) = self.tasks.join_next().await {
            outcome = outcome.and(task.context("a background task panicked").flatten());
        }
        outcome
    }
}

/// Syncs a source when a tick finds it due, and at once when its trigger fires.
async fn sync_source(
    app: App,
    source: Source,
    mut ticks: Ticks,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    let interrupted = shutdown.clone();
    let (wake, wakes) = watch::channel(0_u64);
    let (triggers, name) = (app.triggers.clone(), source.name.clone());
    // A trigger during a sync run leads to one more run after it.
    let forwarding = AbortOnDropHandle::new(tokio::spawn(async move {
        while !wake.is_closed() {
            tokio::select! {
                _ = ticks.changed() => {}
                () = triggers.triggered(&name) => {}
            }
            wake.send_modify(|n| *n += 1);
            // A flood of triggers starts one sync run after another at most twice a second.
            tokio::time::sleep(MIN_WAKE_INTERVAL).await;
        }
    }));
    let what = format!("source {}", source.name);
    let syncing = run_on_wake(&what, wakes, shutdown, || async {
        sources::sync_due(&app.store, &app.config, &source, app.now()).await.map(|_| ())
    });
    // A slow source database must not delay the shutdown; the import of a batch is atomic.
    tokio::select! {
        () = syncing => {}
        () = interrupted.cancelled() => {}
    }
    drop(forwarding);
    Ok(())
}

/// Triggers a sync run when the database of the source notifies.
async fn listen_to_source(
    app: App,
    source: Source,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    tokio::select! {
        () = sources::pg_listener::listen(&app.store, &app.config, &source, &app.triggers, app.clock) => shutdown.cancelled().await,
        () = shutdown.cancelled() => {}
    }
    Ok(())
}

/// Renders due feeds at each tick, and as soon as an article changes in this process or another
/// one.
async fn render_feeds(
    app: App,
    websub: WebSub,
    ticks: Ticks,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    let (wake, wakes) = watch::channel(0_u64);
    let watching =
        AbortOnDropHandle::new(tokio::spawn(watch_articles(app.store.clone(), ticks, wake)));
    run_on_wake("feeds", wakes, shutdown, || async {
        let report =
            cache::refresh_due(&app.store, &app.config, &app.feed_cache, app.now()).await?;
        if report.changed > 0 {
            websub.notify();
        }
        Ok(())
    })
    .await;
    drop(watching);
    Ok(())
}

/// Deletes sign-ups that nobody confirmed, once an hour.
async fn delete_pending(app: App, ticks: Ticks, shutdown: CancellationToken) -> anyhow::Result<()> {
    let last_hour = AtomicI64::new(i64::MIN);
    run_on_wake("unconfirmed sign-ups", ticks, shutdown, || async {
        let (now, hour) = (app.now(), app.now().0 / as_millis_i64(HOUR));
        if last_hour.load(Ordering::Relaxed) != hour {
            subscribers::delete_pending(&app.store, now).await?;
            jobs::clean_up(&app.store, now).await?;
            accounts::delete_expired_sessions(app.account_context(), now).await?;
            last_hour.store(hour, Ordering::Relaxed);
        }
        Ok(())
    })
    .await;
    Ok(())
}

/// Imports the files of subscribers that were uploaded.
async fn import_subscribers(
    app: App,
    ticks: Ticks,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    let node = app.import_node();
    if app.store.is_sqlite() {
        // No other process works on them.
        app.store.imports().release_all().await?;
    }
    let importing = run_on_wake("imports", ticks, shutdown.clone(), || async {
        jobs::run_due(app.import_context(), &node, || app.now()).await.map(drop)
    });
    // A long import must not delay the shutdown; it continues after the last chunk that was stored.
    tokio::select! {
        () = importing => {}
        () = shutdown.cancelled() => {}
    }
    app.store.imports().release_leases(&node).await?;
    Ok(())
}

/// Logs when a file of the database is deleted, moved or replaced.
async fn check_database_files(
    app: App,
    ticks: Ticks,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    run_on_wake("database", ticks, shutdown, || async { Ok(app.store.check_files().await?) }).await;
    Ok(())
}

/// Compresses with Brotli the feeds that have not changed for a while.
async fn compress_feeds(app: App, ticks: Ticks, shutdown: CancellationToken) -> anyhow::Result<()> {
    let interrupt = shutdown.clone();
    run_on_wake("Brotli", ticks, shutdown, || async {
        content_codings::compress_due(&app.feed_cache, app.now(), &interrupt).await.map(|_| ())
    })
    .await;
    Ok(())
}

/// Stores the readership counts periodically, and the last counts at the shutdown.
async fn flush_readership(
    app: App,
    ticks: Ticks,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    run_on_wake("readership", ticks, shutdown, || async {
        Ok(app.readership.flush_due(&app.store, app.now()).await?)
    })
    .await;
    if let Err(reason) = app.readership.shutdown(&app.store, app.now()).await {
        tracing::warn!("the readership counts since the last successful write are lost: {reason}");
    }
    Ok(())
}

/// Wakes the receiver at every tick and at every change of an article, by this process or another
/// one.
async fn watch_articles(store: Store, mut ticks: Ticks, wake: watch::Sender<u64>) {
    let (mut local_changes, mut remote_changes) =
        (store.article_changes().subscribe(), store.article_changes().listen());
    while !wake.is_closed() {
        tokio::select! {
            _ = ticks.changed() => {}
            _ = local_changes.changed() => {}
            () = remote_changes.changed() => {}
        }
        wake.send_modify(|n| *n += 1);
    }
}

/// Pushes changed feeds to hubs and subscribers, at each tick and as soon as a feed changes; a copy
/// of the store does not (guarantee 10).
async fn push_websub(
    app: App,
    websub: WebSub,
    ticks: Ticks,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    if app.config.hubs().is_empty() {
        shutdown.cancelled().await;
        return Ok(());
    }
    // The sending task logs the reason for both.
    wait_until_sending_allowed(&app, ticks.clone(), &shutdown, true).await?;
    let on_ticks = run_on_wake("push", ticks, shutdown, || async {
        Ok(websub.send_due(app.now()).await.map(|_| ())?)
    });
    let on_changes = async {
        loop {
            websub.notified().await;
            // A failure repeats at the next tick and is logged there.
            websub.send_due(app.now()).await.ok();
        }
    };
    tokio::select! {
        () = on_ticks => {}
        () = on_changes => {}
    }
    Ok(websub.shutdown().await?)
}

/// Sends events to the webhooks at each tick, and as soon as one can receive more; a copy of the store
/// does not (guarantee 10).
async fn send_to_webhooks(
    app: App,
    ticks: Ticks,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    wait_until_sending_allowed(&app, ticks.clone(), &shutdown, true).await?;
    let sender = app.webhook_sender();
    let on_ticks = run_on_wake("webhooks", ticks, shutdown, || async {
        Ok(sender.send_due(app.now()).await.map(drop)?)
    });
    let on_ends = async {
        loop {
            sender.attempt_ended().await;
            // A failure repeats at the next tick and is logged there.
            sender.send_due(app.now()).await.ok();
        }
    };
    tokio::select! {
        () = on_ticks => {}
        () = on_ends => {}
    }
    Ok(sender.shutdown().await?)
}

/// Publishes feeds to a destination as soon as one changes, and retries failed uploads when they
/// are due; a copy of the store does not (guarantee 10).
async fn publish(
    app: App,
    to: DestinationSettings,
    ticks: Ticks,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    wait_until_sending_allowed(&app, ticks, &shutdown, true).await?;
    let publisher = app.publisher(&to);
    let what = format!("publish {}", to.name);
    let publishing =
        run_on_wake(&what, app.feed_cache.document_changes(), shutdown.clone(), || async {
            publisher.publish_due(app.now()).await.map(|_| ())
        });
    // A slow destination must not delay the shutdown; an interrupted upload is repeated by the next
    // run.
    tokio::select! {
        () = publishing => {}
        () = shutdown.cancelled() => {}
    }
    Ok(publisher.shutdown().await?)
}

/// Prepares and sends editions, as soon as this store may send (guarantee 10).
async fn run_sending(app: App, ticks: Ticks, shutdown: CancellationToken) -> anyhow::Result<()> {
    wait_until_sending_allowed(&app, ticks.clone(), &shutdown, false).await?;
    let mut parts: JoinSet<anyhow::Result<()>> = JoinSet::new();
    let (delivery_app, delivery_stop, delivery_ticks) =
        (app.clone(), shutdown.clone(), ticks.clone());
    parts.spawn(async move {
        delivery::thread::on_dedicated_thread(move || {
            deliver(delivery_app.for_runtime(), delivery_ticks, delivery_stop)
        })
        .await
        .flatten()
    });
    parts.spawn(run_editions(app, ticks, shutdown.clone()));
    let mut outcome = Ok(());
    while let Some(part) = parts.join_next().await {
        shutdown.cancel();
        outcome = outcome.and(part.context("a sending task panicked").flatten());
    }
    outcome
}

/// Sends over all transports until `shutdown` fires.
async fn deliver(app: App, ticks: Ticks, shutdown: CancellationToken) -> anyhow::Result<()> {
    if app.config.transports.is_empty() {
        // Feeds are served without any transport, too.
        shutdown.cancelled().await;
        return Ok(());
    }
    let dispatcher = app.dispatcher();
    app.set_running_dispatcher(Some(dispatcher.clone()));
    let (stop_renewal, mut runs) = (CancellationToken::new(), JoinSet::new());
    let renewal = tokio::spawn({
        let (dispatcher, stop_renewal) = (dispatcher.clone(), stop_renewal.clone());
        async move { dispatcher.renew_leases_until(&stop_renewal).await }
    });
    for transport in app.config.transports.clone() {
        runs.spawn(run_delivery(dispatcher.clone(), transport, ticks.clone(), shutdown.clone()));
    }
    let mut panicked = Ok(());
    while let Some(run) = runs.join_next().await {
        if let Err(e) = run {
            shutdown.cancel();
            panicked = Err(e.into());
        }
    }
    if panicked.is_ok() {
        // All transports have ended without a panic; this task ends with the shutdown.
        shutdown.cancelled().await;
    }
    app.set_running_dispatcher(None);
    stop_renewal.cancel();
    renewal.await.ok();
    dispatcher.shutdown().await?;
    panicked
}

/// Waits until this store may send; logs once what prevents it unless `is_logged`, since `courant
/// adopt` may be run meanwhile.
async fn wait_until_sending_allowed(
    app: &App,
    mut ticks: Ticks,
    shutdown: &CancellationToken,
    mut is_logged: bool,
) -> anyhow::Result<()> {
    while !shutdown.is_cancelled() {
        match app.store.identity().await.map(|i| i.send_block_reason(&app.config.site.base_url)) {
            Ok(None) => return Ok(()),
            Ok(Some(reason)) if !is_logged => {
                is_logged = true;
                tracing::error!("{reason}");
            }
            Ok(Some(_)) => {}
            Err(e) => tracing::debug!("cannot read the identity of the database: {e}"),
        }
        tokio::select! {
            () = shutdown.cancelled() => {}
            _ = ticks.changed() => {}
        }
    }
    Ok(())
}

async fn run_editions(app: App, ticks: Ticks, shutdown: CancellationToken) -> anyhow::Result<()> {
    run_on_wake("digests", ticks, shutdown, || async {
        let prepared = digests::prepare_due(app.digest_context(), app.now()).await;
        delivery::settle_editions(&app.store, app.now()).await?;
        prepared.map(|_| ())
    })
    .await;
    Ok(())
}

async fn run_delivery(
    dispatcher: Dispatcher,
    transport: Transport,
    ticks: Ticks,
    shutdown: CancellationToken,
) {
    let (what, interrupt) = (format!("transport {}", transport.name), shutdown.clone());
    run_on_wake(&what, ticks, shutdown, || async {
        dispatcher.deliver_due(&transport, SignedDuration::ZERO, &interrupt).await.map(|_| ())
    })
    .await;
}
