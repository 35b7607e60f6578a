//! Permission to send: a copy of a store must not (guarantee 10).

use tokio_util::sync::CancellationToken;

use super::ticker::Ticks;
use crate::app::App;

/// Waits until this store may send; logs once what prevents it unless `is_logged`, since `courant
/// adopt` may be run meanwhile.
pub(super) async fn wait_until_sending_allowed(
    app: &App,
    mut ticks: Ticks,
    shutdown: &CancellationToken,
    mut is_logged: bool,
) -> anyhow::Result<()> {
    while !shutdown.is_cancelled() {
        match app.store.identity().await.map(|i| i.send_block_reason(&app.config.site.base_url)) {
            Ok(None) => return Ok(()),
            Ok(Some(reason)) if !is_logged => {
                is_logged = true;
                tracing::error!("{reason}");
            }
            Ok(Some(_)) => {}
            Err(e) => tracing::debug!("cannot read the identity of the database: {e}"),
        }
        tokio::select! {
            () = shutdown.cancelled() => {}
            _ = ticks.changed() => {}
        }
    }
    Ok(())
}
