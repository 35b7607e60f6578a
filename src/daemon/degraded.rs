//! Start of the daemon: its listener, and degraded mode while the database is unreachable.

use std::time::Duration;

use anyhow::Context;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::Server;
use super::open_files::max_web_connections;
use crate::app::App;
use crate::config::Config;
use crate::store::StoreError;
use crate::web;

/// Interval between connection attempts while the database is unreachable.
const RECONNECT_INTERVAL: Duration = Duration::from_secs(1);

/// Binds the listener at the configured address.
pub async fn bind(config: &Config) -> anyhow::Result<TcpListener> {
    let address = config.server.listen;
    TcpListener::bind(address).await.with_context(|| {
        format!("cannot listen on {address}: change `listen` in [server], or stop the program that uses it")
    })
}

/// Serves the feeds in the disk cache until `connect` reaches the database; returns the connected
/// app and the server, still in degraded mode, or `None` if `shutdown` fired before.
///
/// # Errors
/// If `connect` fails for a reason that is not temporary, or the listener fails.
pub async fn serve_degraded(
    degraded: App,
    listener: TcpListener,
    connect: impl AsyncFn() -> anyhow::Result<App>,
    shutdown: &CancellationToken,
) -> anyhow::Result<Option<(App, Server)>> {
    let (service, maximum) =
        (web::degraded_service(degraded.clone()), max_web_connections(&degraded.config));
    let mut server = Server::start(listener, service, maximum, shutdown.clone())?;
    let connected = shutdown.run_until_cancelled(async {
        loop {
            match connect().await {
                Err(e) if is_database_unavailable(&e) => {
                    tracing::debug!("the database is still unreachable: {e:#}")
                }
                other => return other,
            }
            tokio::time::sleep(RECONNECT_INTERVAL).await;
        }
    });
    let Some(connected) = connected.await.transpose()? else {
        server.ended().await?;
        return Ok(None);
    };
    tracing::info!("database connection established");
    Ok(Some((degraded.into_connected(connected), server)))
}

/// Returns `true` if the cause of an error is that the database server is unreachable, which may be temporary.
pub fn is_database_unavailable(error: &anyhow::Error) -> bool {
    error.chain().any(|e| e.downcast_ref().is_some_and(StoreError::is_unavailable))
}
