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

/// A process that has reached its database and may send.
struct Started {
    app: App,
    bound: Bound,
    lock: SendLock,
}

/// Listener or server at the address of a process.
enum Bound {
    /// A listener that serves nothing yet.
    Listener(TcpListener),
    /// A server in degraded mode.
    DegradedServer(Server),
}

pub(crate) async fn run(path: &Path) -> anyhow::Result<ExitCode> {
    let config = load_checked_config(path)?;
    let (stop, config_loader) = (stop_on_signals()?, reload_on_hangup(path)?);
    let Some(started) = start(&config, &stop).await? else {
        return Ok(ExitCode::SUCCESS);
    };
    let store = started.app.store.clone();
    let result = serve(started, config_loader, stop).await;
    store.close().await;
    result.map(|()| ExitCode::SUCCESS)
}

/// Connects to the database and applies the renames, in degraded mode until both succeed; returns `None`
/// if `stop` fired before.
async fn start(
    LoadedConfig { config, templates }: &LoadedConfig,
    stop: &CancellationToken,
) -> anyhow::Result<Option<Started>> {
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
            let claimed = claim(&app).await;
            let Ok((lock, listener)) = claimed else {
                app.store.close().await;
                return claimed.map(|_| None);
            };
            // Only now is it certain that this process runs.
            match stop.run_until_cancelled(app.apply_renames(&Actor::System)).await {
                Some(Ok(())) => {
                    return Ok(Some(Started { app, bound: Bound::Listener(listener), lock }));
                }
                other => {
                    app.store.close().await;
                    let Some(Err(reason)) = other else { return Ok(None) };
                    (listener, reason)
                }
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
        app.apply_renames(&Actor::System).await?;
        Ok(app)
    };
    let started = degraded::serve_degraded(app, listener, connect_and_rename, stop).await?;
    let Some((app, server)) = started else { return Ok(None) };
    // Only PostgreSQL can be unavailable, where all nodes may send.
    let lock = app.store.acquire_send_lock()?;
    Ok(Some(Started { app, bound: Bound::DegradedServer(server), lock }))
}

/// Acquires what only one process of a machine can have: the right to send from a SQLite file, and the
/// address to listen on.
async fn claim(app: &App) -> anyhow::Result<(SendLock, TcpListener)> {
    Ok((app.store.acquire_send_lock()?, degraded::bind(&app.config).await?))
}

async fn serve(
    started: Started,
    config_loader: ConfigLoader,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let Started { app, bound, lock: _lock } = started;
    let (app, server) = match bound {
        Bound::DegradedServer(server) => {
            server.replace(daemon::site_service(app.clone(), None));
            (app, server)
        }
        Bound::Listener(listener) => {
            let app = app.with_disk_cache();
            let service = daemon::site_service(app.clone(), None);
            let maximum = max_web_connections(&app.config);
            (app, Server::start(listener, service, maximum, stop.clone())?)
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
