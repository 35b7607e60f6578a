//! `courant serve`: runs all components until a signal.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::security_warnings::security_warnings;
use crate::app::{App, LoadedConfig, check_templates, load_checked_config};
use crate::daemon::{self, ConfigLoader, Server, degraded, max_web_connections};
use crate::domain::actor::Actor;
use crate::store::SendLock;

/// Signal for a write beyond the limit of the size of a file (`RLIMIT_FSIZE`), on Linux.
const SIGXFSZ: i32 = 25;

/// Listener or server at the address of a process that has reached its database.
enum Bound {
    /// A listener that serves nothing yet, with the right to send.
    Listener(TcpListener, SendLock),
    /// A server in degraded mode.
    DegradedServer(Server),
}

pub(crate) async fn run(path: &Path) -> anyhow::Result<ExitCode> {
    let config = load_checked_config(path)?;
    let (stop, config_loader) = (stop_on_signals()?, reload_on_hangup(path)?);
    let Some((app, bound)) = start(&config, &stop).await? else {
        return Ok(ExitCode::SUCCESS);
    };
    let result = serve(app.clone(), bound, config_loader, stop).await;
    app.store.close().await;
    result.map(|()| ExitCode::SUCCESS)
}

/// Connects to the database and applies the renames, in degraded mode until both succeed; returns `None`
/// if `stop` fired before.
async fn start(
    LoadedConfig { config, templates }: &LoadedConfig,
    stop: &CancellationToken,
) -> anyhow::Result<Option<(App, Bound)>> {
    let connect = async || {
        let app = App::connect_with(config.clone(), Arc::clone(templates)).await?;
        // Digests of the database are known only now.
        check_templates(&app.config, templates)?;
        app.check_filters().await?;
        Ok(app)
    };
    let Some(connected) = stop.run_until_cancelled(connect()).await else { return Ok(None) };
    let (listener, reason) = match connected {
        Ok(app) => {
            let lock = app.store.acquire_send_lock()?;
            let listener = degraded::bind(config).await?;
            // Only now is it certain that this process runs.
            match app.apply_renames(&Actor::System).await {
                Ok(()) => return Ok(Some((app, Bound::Listener(listener, lock)))),
                Err(reason) => (listener, reason),
            }
        }
        Err(reason) if degraded::is_database_unavailable(&reason) => {
            (degraded::bind(config).await?, reason)
        }
        Err(reason) => return Err(reason),
    };
    if !degraded::is_database_unavailable(&reason) {
        return Err(reason);
    }
    let address = listener.local_addr()?;
    tracing::error!(
        "{reason:#}; until the database is available, cached feeds are served on http://{address}"
    );
    let app = App::degraded(config.clone(), Arc::clone(templates)).await?;
    let connect_and_rename = async || {
        let app = connect().await?;
        let _lock = app.store.acquire_send_lock()?;
        app.apply_renames(&Actor::System).await?;
        Ok(app)
    };
    let started = degraded::serve_degraded(app, listener, connect_and_rename, stop).await?;
    Ok(started.map(|(app, server)| (app, Bound::DegradedServer(server))))
}

async fn serve(
    app: App,
    bound: Bound,
    config_loader: ConfigLoader,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let (app, server, _lock) = match bound {
        Bound::DegradedServer(server) => {
            let lock = app.store.acquire_send_lock()?;
            server.replace(daemon::site_service(app.clone(), None));
            (app, server, lock)
        }
        Bound::Listener(listener, lock) => {
            let app = app.with_disk_cache();
            let service = daemon::site_service(app.clone(), None);
            let maximum = max_web_connections(&app.config);
            (app, Server::start(listener, service, maximum, stop.clone())?, lock)
        }
    };
    security_warnings(&app.config).into_iter().for_each(|warning| tracing::warn!("{warning}"));
    match app.unconfigured_names().await {
        Ok(warnings) => warnings.into_iter().for_each(|warning| tracing::warn!("{warning}")),
        Err(e) => tracing::warn!("cannot look for names that the configuration lacks: {e:#}"),
    }
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
