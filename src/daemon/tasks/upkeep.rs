//! Tasks of upkeep: imports of subscribers, expired rows, database files, readership.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::daemon::ticker::{Ticks, run_on_wake};
use crate::domain::time::{HOUR, as_millis_i64};
use crate::subscribers::bulk;
use crate::subscribers::import::jobs;
use crate::{accounts, subscribers};

/// Deletes sign-ups that nobody confirmed, once an hour.
pub(super) async fn delete_pending(
    app: App,
    ticks: Ticks,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    let last_hour = AtomicI64::new(i64::MIN);
    run_on_wake("unconfirmed sign-ups", ticks, shutdown, || async {
        let (now, hour) = (app.now(), app.now().0 / as_millis_i64(HOUR));
        if last_hour.load(Ordering::Relaxed) != hour {
            subscribers::delete_pending(&app.store, now).await?;
            jobs::clean_up(&app.store, now).await?;
            accounts::delete_expired_sessions(app.account_context(), now).await?;
            last_hour.store(hour, Ordering::Relaxed);
        }
        Ok(())
    })
    .await;
    Ok(())
}

/// Imports the files of subscribers that were uploaded.
pub(super) async fn import_subscribers(
    app: App,
    ticks: Ticks,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    let node = app.import_node();
    // On SQLite no other process works on them.
    let has_stale_leases = AtomicBool::new(app.store.is_sqlite());
    let importing = run_on_wake("imports", ticks, shutdown.clone(), || async {
        if has_stale_leases.load(Ordering::Relaxed) {
            app.store.imports().release_all().await?;
            has_stale_leases.store(false, Ordering::Relaxed);
        }
        jobs::run_due(app.import_context(), &node, || app.now()).await.map(drop)
    });
    // A long import must not delay the shutdown; it continues after the last chunk that was stored.
    tokio::select! {
        () = importing => {}
        () = shutdown.cancelled() => {}
    }
    app.store.imports().release_leases(&node).await?;
    Ok(())
}

/// Continues bulk operations that an end of their process interrupted.
pub(super) async fn continue_bulk_operations(
    app: App,
    ticks: Ticks,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    let continuing = run_on_wake("bulk operations", ticks, shutdown.clone(), || async {
        let secret = &app.store_identity.secret;
        bulk::continue_interrupted(&app.store, &app.config, secret, || app.now()).await.map(drop)
    });
    // A long operation must not delay the shutdown; it continues after the last chunk.
    tokio::select! {
        () = continuing => {}
        () = shutdown.cancelled() => {}
    }
    Ok(())
}

/// Logs when a file of the database is deleted, moved or replaced.
pub(super) async fn check_database_files(
    app: App,
    ticks: Ticks,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    run_on_wake("database", ticks, shutdown, || async { Ok(app.store.check_files().await?) }).await;
    Ok(())
}

/// Stores the readership counts periodically, and the last counts at the shutdown.
pub(super) async fn flush_readership(
    app: App,
    ticks: Ticks,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    run_on_wake("readership", ticks, shutdown, || async {
        Ok(app.readership.flush_due(&app.store, app.now()).await?)
    })
    .await;
    if let Err(reason) = app.readership.shutdown(&app.store, app.now()).await {
        tracing::warn!("the readership counts since the last successful write are lost: {reason}");
    }
    Ok(())
}
