//! Serving on a listener until shutdown.

use std::time::Duration;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::idle_timeout::IdleTimeoutListener;
use super::live_service::LiveService;

/// Time that requests in progress have to finish when the server shuts down.
const SHUTDOWN_GRACE_PERIOD: Duration = Duration::from_secs(5);

/// Serves at most `max_connections` at a time until `stop`; requests in progress then have five
/// seconds to finish.
///
/// # Errors
/// Fails if the listener fails permanently.
pub async fn serve(
    service: LiveService,
    listener: TcpListener,
    max_connections: usize,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let server = axum::serve(IdleTimeoutListener::new(listener, max_connections), service)
        .with_graceful_shutdown(stop.clone().cancelled_owned());
    let grace_period_over = async {
        stop.cancelled().await;
        tokio::time::sleep(SHUTDOWN_GRACE_PERIOD).await;
    };
    tokio::select! {
        result = server => Ok(result?),
        () = grace_period_over => Ok(()),
    }
}
