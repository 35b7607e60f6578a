//! Tasks of content: sync runs, feeds, and what publishes them.

use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use crate::app::App;
use crate::config::{DestinationSettings, Source};
use crate::daemon::sending_permission::wait_until_sending_allowed;
use crate::daemon::ticker::{Ticks, run_on_wake};
use crate::feeds::{cache, content_codings};
use crate::sources;
use crate::store::Store;
use crate::websub::WebSub;

/// Minimum time between two wake-ups of a source.
const MIN_WAKE_INTERVAL: Duration = Duration::from_millis(500);

/// Syncs a source when a tick finds it due, and at once when its trigger fires.
pub(super) async fn sync_source(
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
pub(super) async fn listen_to_source(
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
pub(super) async fn render_feeds(
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

/// Compresses with Brotli the feeds that have not changed for a while.
pub(super) async fn compress_feeds(
    app: App,
    ticks: Ticks,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    let interrupt = shutdown.clone();
    run_on_wake("Brotli", ticks, shutdown, || async {
        content_codings::compress_due(&app.feed_cache, app.now(), &interrupt).await.map(|_| ())
    })
    .await;
    Ok(())
}

/// Pushes changed feeds to hubs and subscribers, at each tick and as soon as a feed changes; a copy
/// of the store does not (guarantee 10).
pub(super) async fn push_websub(
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

/// Publishes feeds to a destination as soon as one changes, and retries failed uploads when they
/// are due; a copy of the store does not (guarantee 10).
pub(super) async fn publish(
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
