//! `courant serve`: everything, until a signal.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::bail;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::check::template_faults;
use crate::app::{App, config_of, templates_of};
use crate::daemon::{self, start};
use crate::delivery;

pub(crate) async fn run(path: &Path) -> anyhow::Result<ExitCode> {
    let config = config_of(path)?;
    delivery::check_keys(&config.transports)?;
    let templates = Arc::new(templates_of(&config)?);
    if let [why, ..] = template_faults(&config, &templates).as_slice() {
        bail!("{why}: mend it, `courant check` looks at all templates");
    }
    let stop = stopped_by_signals()?;
    let connect = async || {
        let app = App::connect_with(config.clone(), Arc::clone(&templates)).await?;
        app.stranded().await?.iter().for_each(|why| tracing::warn!("{why}"));
        Ok(app)
    };
    let begun = match stop.run_until_cancelled(connect()).await {
        None => None,
        Some(Err(why)) if start::is_away(&why) => {
            let waiting = App::awaiting(config.clone(), Arc::clone(&templates)).await?;
            let listener = start::listen(&config).await?;
            let address = listener.local_addr()?;
            tracing::error!(
                "{why:#}. Until it is back, the feeds that were made before are served on http://{address}"
            );
            start::stand_by(waiting, listener, connect, &stop)
                .await?
                .map(|(app, listener)| (app, Some(listener)))
        }
        Some(app) => Some((app?, None)),
    };
    let Some((app, listener)) = begun else { return Ok(ExitCode::SUCCESS) };
    let ended = serve(app.clone(), listener, stop).await;
    app.store.close().await;
    ended.map(|()| ExitCode::SUCCESS)
}

async fn serve(
    app: App,
    listener: Option<TcpListener>,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let _lock = app.store.lock()?;
    let (app, listener) = match listener {
        Some(listener) => (app, listener),
        None => {
            let listener = start::listen(&app.config).await?;
            (app.serving(), listener)
        }
    };
    daemon::run_on(app, None, listener, stop).await
}

/// A token that the first SIGTERM or SIGINT fires; the second ends the process at once.
pub(crate) fn stopped_by_signals() -> anyhow::Result<CancellationToken> {
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
                    "stopping: what is in flight is finished; a second signal ends at once"
                );
                token.cancel();
            } else {
                std::process::exit(130);
            }
        }
    });
    Ok(stop)
}
