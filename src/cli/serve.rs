//! `courant serve`: runs all components until a signal.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::security_warnings::security_warnings;
use crate::app::{App, LoadedConfig, check_templates, load_checked_config};
use crate::daemon::{self, ConfigLoader, Server, degraded, max_web_connections};
use crate::domain::actor::Actor;

/// Signal for a write beyond the limit of the size of a file (`RLIMIT_FSIZE`), on Linux.
const SIGXFSZ: i32 = 25;

pub(crate) async fn run(path: &Path) -> anyhow::Result<ExitCode> {
    let LoadedConfig { config, templates } = load_checked_config(path)?;
    let (stop, config_loader) = (stop_on_signals()?, reload_on_hangup(path)?);
    let connect = async || {
        let app = App::connect_with(config.clone(), Arc::clone(&templates)).await?;
        // Digests of the database are known only now.
        check_templates(&app.config, &templates)?;
        app.check_filters().await?;
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
                .map(|(app, server)| (app, Some(server)))
        }
        Some(app) => Some((app?, None)),
    };
    let Some((app, degraded)) = started else { return Ok(ExitCode::SUCCESS) };
    let result = serve(app.clone(), degraded, config_loader, stop).await;
    app.store.close().await;
    result.map(|()| ExitCode::SUCCESS)
}

async fn serve(
    app: App,
    degraded: Option<Server>,
    config_loader: ConfigLoader,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let _lock = app.store.acquire_send_lock()?;
    let (app, server) = match degraded {
        Some(server) => {
            app.apply_renames(&Actor::System).await?;
            server.replace(daemon::site_service(app.clone(), None));
            (app, server)
        }
        None => {
            let listener = degraded::bind(&app.config).await?;
            // Only now is it certain that this process runs.
            app.apply_renames(&Actor::System).await?;
            let app = app.with_disk_cache();
            let service = daemon::site_service(app.clone(), None);
            let maximum = max_web_connections(&app.config);
            (app, Server::start(listener, service, maximum, stop.clone())?)
        }
    };
    let warnings = security_warnings(&app.config).into_iter();
    warnings.chain(app.unconfigured_names().await?).for_each(|it| tracing::warn!("{it}"));
    daemon::run(app, None, server, config_loader, stop).await
}

/// Returns a loader of this file, which reloads it at each SIGHUP.
fn reload_on_hangup(path: &Path) -> anyhow::Result<ConfigLoader> {
    let (mut hangup, path) = (signal(SignalKind::hangup())?, path.to_owned());
    let (sender, signals) = mpsc::channel(1);
    tokio::spawn(async move {
        while hangup.recv().await.is_some() {
            // A full channel means that a reload is about to begin.
            let _ = sender.try_send(());
        }
    });
    Ok(ConfigLoader::new(move || load_checked_config(&path), signals))
}

/// Returns a token that the first SIGTERM or SIGINT cancels. The second signal ends the process.
pub(crate) fn stop_on_signals() -> anyhow::Result<CancellationToken> {
    // At the limit of the size of a file, a write then fails instead of ending the process.
    let _ = signal(SignalKind::from_raw(SIGXFSZ))?;
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
