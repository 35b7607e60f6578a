//! Tasks of sending: editions, deliveries and webhooks.

use anyhow::Context;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::config::Transport;
use crate::daemon::sending_permission::wait_until_sending_allowed;
use crate::daemon::ticker::{Ticks, run_on_wake};
use crate::delivery::{self, Dispatcher};
use crate::digests;
use crate::domain::time::SignedDuration;

/// Prepares and sends editions, as soon as this store may send (guarantee 10).
pub(super) async fn run_sending(
    app: App,
    ticks: Ticks,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
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

/// Sends events to the webhooks at each tick, and as soon as one can receive more; a copy of the store
/// does not (guarantee 10).
pub(super) async fn send_to_webhooks(
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
