//! The daemon: background tasks, delivery and the web server, all stopped by one token; a reload
//! replaces their configuration.

mod clock_watch;
pub mod degraded;
mod open_files;
mod reload;
mod sending_permission;
mod server;
mod site;
mod tasks;
mod ticker;

use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use self::clock_watch::ClockWatch;
pub use self::open_files::max_web_connections;
pub use self::reload::ConfigLoader;
use self::reload::{ReloadReceiver, ReloadRequest};
pub use self::server::Server;
pub use self::site::{site_router, site_service};
use self::tasks::Tasks;
use self::ticker::{Ticks, start_ticker};
use crate::app::App;
use crate::demo::Demo;

/// Runs all parts of the daemon beside a running server, with the send lock held, until `shutdown`
/// fires; then finishes what is in flight. Reloads the configuration when `loader` or the database
/// asks for it.
pub async fn run(
    app: App,
    demo: Option<Demo>,
    mut server: Server,
    loader: ConfigLoader,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    if app.store.is_sqlite() {
        app.store.leases().expire_all().await?;
        app.store.webhooks().release_all().await?;
    }
    // Before any task computes what is due.
    clock_watch::check(&app, app.now()).await;
    let (mut scheduler, ticks) = start_ticker().await?;
    let (changes, stop) = (app.change_feed.clone(), shutdown.clone());
    let _closing = AbortOnDropHandle::new(tokio::spawn(async move {
        stop.cancelled().await;
        // The server waits for its open responses.
        changes.close();
    }));
    tracing::info!("Courant serves {} on http://{}", app.config.site.title, server.address());
    let reloads = ReloadReceiver::new(loader, &app, server.address()).await?;
    let daemon = Daemon { app, demo, ticks, shutdown: shutdown.clone() };
    let outcome = daemon.run(reloads, &mut server).await;
    shutdown.cancel();
    let served = server.ended().await;
    scheduler.shutdown().await.ok();
    outcome.and(served)
}

/// The running parts of the current configuration.
struct Daemon {
    app: App,
    demo: Option<Demo>,
    ticks: Ticks,
    shutdown: CancellationToken,
}

impl Daemon {
    /// Runs until the shutdown, or until a part ends by itself.
    async fn run(mut self, mut reloads: ReloadReceiver, server: &mut Server) -> anyhow::Result<()> {
        let mut tasks = Tasks::start(&self.app, &self.ticks, &self.shutdown);
        let mut clock = ClockWatch::new(&self.app);
        loop {
            let ended = tokio::select! {
                task = tasks.next_ended() => task,
                served = server.ended() => served,
                request = reloads.next() => {
                    tasks = self.reload(tasks, &mut reloads, request, server).await;
                    continue;
                }
                () = clock.wait_until_set_back(&self.app) => {
                    tasks = self.restart_tasks(tasks, server).await;
                    continue;
                }
            };
            if !self.shutdown.is_cancelled() {
                tracing::error!(
                    "a background task or the web server exited unexpectedly; shutting down"
                );
                self.shutdown.cancel();
            }
            return ended.and(tasks.stop().await);
        }
    }

    /// Starts everything again after the clock has gone back: breakers, caches and limits in memory
    /// hold times in the future.
    async fn restart_tasks(&mut self, tasks: Tasks, server: &Server) -> Tasks {
        tracing::error!("the clock of this machine was set back; restarting all tasks");
        if let Err(e) = tasks.stop().await {
            tracing::warn!("a task did not stop properly: {e:#}");
        }
        clock_watch::check(&self.app, self.app.now()).await;
        match self.app.clone().with_new_caches().await {
            Ok(app) => {
                server.replace(site_service(app.clone(), self.demo.clone()));
                self.app = app;
            }
            Err(e) => tracing::error!("cannot render the feeds again: {e:#}"),
        }
        Tasks::start(&self.app, &self.ticks, &self.shutdown)
    }

    /// Replaces the configuration, unless it has an error; returns the tasks that run afterwards.
    async fn reload(
        &mut self,
        tasks: Tasks,
        reloads: &mut ReloadReceiver,
        request: ReloadRequest,
        server: &Server,
    ) -> Tasks {
        let checking = reloads.check(&self.app);
        let checked = match self.shutdown.run_until_cancelled(checking).await {
            Some(Ok(checked)) => checked,
            Some(Err(error)) => {
                reloads.record_result(&self.app, request, Err(error)).await;
                return tasks;
            }
            None => return tasks,
        };
        // Messages in flight are finished and their leases released, so that the new tasks send
        // nothing twice; meanwhile the server answers with the old configuration. Leases that
        // cannot be released now expire.
        if let Err(e) = tasks.stop().await {
            tracing::warn!("a task did not stop properly: {e:#}");
        }
        let result = match self.app.reloaded(checked).await {
            Ok(app) => {
                server.replace(site_service(app.clone(), self.demo.clone()));
                self.app = app;
                Ok(())
            }
            Err(error) => Err(error),
        };
        reloads.record_result(&self.app, request, result).await;
        Tasks::start(&self.app, &self.ticks, &self.shutdown)
    }
}
