//! `courant serve`: runs all components until a signal.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::bail;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::check::template_errors;
use crate::app::{App, load_config, load_templates};
use crate::daemon::{self, degraded};
use crate::delivery;

pub(crate) async fn run(path: &Path) -> anyhow::Result<ExitCode> {
    let config = load_config(path)?;
    delivery::check_dkim_keys(&config.transports)?;
    let templates = Arc::new(load_templates(&config)?);
    if let [reason, ..] = template_errors(&config, &templates).as_slice() {
        bail!("{reason}; fix it and run `courant check`, which checks all templates");
    }
    let stop = stop_on_signals()?;
    let connect = async || {
        let app = App::connect_with(config.clone(), Arc::clone(&templates)).await?;
        app.unconfigured_names().await?.iter().for_each(|reason| tracing::warn!("{reason}"));
        Ok(app)
    };
    let started = match stop.run_until_cancelled(connect()).await {
        None => None,
        Some(Err(reason)) if degraded::is_database_unavailable(&reason) => {
            let degraded_app = App::degraded(config.clone(), Arc::clone(&templates)).await?;
            let listener = degraded::bind(&config).await?;
            let address = listener.local_addr()?;
            tracing::error!(
                "{reason:#}; until the database is available, cached feeds are served on http://{address}"
            );
            degraded::serve_degraded(degraded_app, listener, connect, &stop)
                .await?
                .map(|(app, listener)| (app, Some(listener)))
        }
        Some(app) => Some((app?, None)),
    };
    let Some((app, listener)) = started else { return Ok(ExitCode::SUCCESS) };
    let result = serve(app.clone(), listener, stop).await;
    app.store.close().await;
    result.map(|()| ExitCode::SUCCESS)
}

async fn serve(
    app: App,
    listener: Option<TcpListener>,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let _lock = app.store.acquire_send_lock()?;
    let (app, listener) = match listener {
        Some(listener) => (app, listener),
        None => {
            let listener = degraded::bind(&app.config).await?;
            (app.with_disk_cache(), listener)
        }
    };
    daemon::run(app, None, listener, stop).await
}

/// Returns a token that the first SIGTERM or SIGINT cancels. The second signal ends the process.
pub(crate) fn stop_on_signals() -> anyhow::Result<CancellationToken> {
    let stop = CancellationToken::new();
    let (mut term, mut int) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let token = stop.clone();
    tokio::spawn(async move {
        for first in [true, false] {
            tokio::select! {
                _ = term.recv() => {}
                _ = int.recv() => {}
            }
            if first {
                tracing::info!(
                    "shutting down gracefully; send the signal again to exit immediately"
                );
                token.cancel();
            } else {
                std::process::exit(130);
            }
        }
    });
    Ok(stop)
}
