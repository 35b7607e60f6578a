//! `courant serve`: everything, until a signal.

use std::process::ExitCode;

use anyhow::bail;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::check::template_faults;
use crate::app::App;
use crate::daemon;

pub(crate) async fn run(app: &App) -> anyhow::Result<ExitCode> {
    if let [why, ..] = template_faults(app).as_slice() {
        bail!("{why}: mend it, `courant check` looks at all templates");
    }
    for why in app.stranded().await? {
        tracing::warn!("{why}");
    }
    let stop = stopped_by_signals()?;
    daemon::run(app.clone(), None, stop).await?;
    Ok(ExitCode::SUCCESS)
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
                tracing::info!("stopping: what is in flight is finished; a second signal ends at once");
                token.cancel();
            } else {
                std::process::exit(130);
            }
        }
    });
    Ok(stop)
}
