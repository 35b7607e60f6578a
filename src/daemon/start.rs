//! How the daemon begins: where it listens, and what it serves while its database is away.

use std::time::Duration;

use anyhow::Context;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::config::Config;
use crate::store::StoreError;
use crate::web;

/// How often a database that is away is asked whether it is back.
const AGAIN: Duration = Duration::from_secs(1);

/// Listens where the config says.
pub async fn listen(config: &Config) -> anyhow::Result<TcpListener> {
    let address = config.server.listen;
    TcpListener::bind(address).await.with_context(|| {
        format!("cannot listen on {address}: change [server] listen, or stop what uses it")
    })
}

/// Serves what is on disk while the database is away, which `connect` finds out; gives what it connected to and the listener, or
/// nothing if `stop` fired before.
///
/// # Errors
/// When `connect` fails for a reason that does not pass, or the listener does.
pub async fn stand_by(
    waiting: App,
    listener: TcpListener,
    connect: impl AsyncFn() -> anyhow::Result<App>,
    stop: &CancellationToken,
) -> anyhow::Result<Option<(App, TcpListener)>> {
    let listener = listener.into_std()?;
    let relieved = stop.child_token();
    // The socket is one and the same: who comes while one hands over to the other waits in its queue.
    let own = TcpListener::from_std(listener.try_clone()?)?;
    let serving = tokio::spawn(web::stand_by(waiting.clone(), own, relieved.clone()));
    let _relieving = relieved.drop_guard();
    let connected = stop.run_until_cancelled(async {
        loop {
            match connect().await {
                Err(e) if is_away(&e) => tracing::debug!("still away: {e:#}"),
                other => return other,
            }
            tokio::time::sleep(AGAIN).await;
        }
    });
    let Some(connected) = connected.await.transpose()? else {
        serving.await.context("the web server broke").flatten()?;
        return Ok(None);
    };
    tracing::info!("the database is back");
    Ok(Some((waiting.connected_as(connected), TcpListener::from_std(listener)?)))
}

/// Whether a start failed because the database's server is away, which may pass.
pub fn is_away(error: &anyhow::Error) -> bool {
    error.chain().any(|e| e.downcast_ref().is_some_and(StoreError::is_away))
}
