//! The background tasks: each computes what is due from the database, at every tick.

mod content;
mod sending;
mod upkeep;

use anyhow::Context;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::ticker::Ticks;
use crate::app::App;

/// The background tasks of one configuration.
pub(super) struct Tasks {
    tasks: JoinSet<anyhow::Result<()>>,
    stop: CancellationToken,
}

impl Tasks {
    /// Starts all tasks; they also end when `shutdown` fires.
    pub(super) fn start(app: &App, ticks: &Ticks, shutdown: &CancellationToken) -> Self {
        let (mut tasks, stop) = (JoinSet::new(), shutdown.child_token());
        for source in app.config.sources.clone() {
            if source.listen_channel.is_some() {
                tasks.spawn(content::listen_to_source(app.clone(), source.clone(), stop.clone()));
            }
            tasks.spawn(content::sync_source(app.clone(), source, ticks.clone(), stop.clone()));
        }
        let websub = app.websub();
        tasks.spawn(content::render_feeds(
            app.clone(),
            websub.clone(),
            ticks.clone(),
            stop.clone(),
        ));
        tasks.spawn(content::compress_feeds(app.clone(), ticks.clone(), stop.clone()));
        tasks.spawn(content::push_websub(app.clone(), websub, ticks.clone(), stop.clone()));
        if !app.config.webhooks.is_empty() {
            tasks.spawn(sending::send_to_webhooks(app.clone(), ticks.clone(), stop.clone()));
        }
        for to in app.config.destinations.clone() {
            tasks.spawn(content::publish(app.clone(), to, ticks.clone(), stop.clone()));
        }
        tasks.spawn(upkeep::delete_pending(app.clone(), ticks.clone(), stop.clone()));
        tasks.spawn(upkeep::import_subscribers(app.clone(), ticks.clone(), stop.clone()));
        tasks.spawn(upkeep::continue_bulk_operations(app.clone(), ticks.clone(), stop.clone()));
        tasks.spawn(upkeep::check_database_files(app.clone(), ticks.clone(), stop.clone()));
        tasks.spawn(upkeep::flush_readership(app.clone(), ticks.clone(), stop.clone()));
        tasks.spawn(sending::run_sending(app.clone(), ticks.clone(), stop.clone()));
        Self { tasks, stop }
    }

    /// Waits until a task ends, which none does before it is told to stop.
    pub(super) async fn next_ended(&mut self) -> anyhow::Result<()> {
        match self.tasks.join_next().await {
            Some(task) => task.context("a background task panicked").flatten(),
            None => Ok(()),
        }
    }

    /// Stops all tasks and waits until they have finished what is in flight; returns the first
    /// error.
    pub(super) async fn stop(mut self) -> anyhow::Result<()> {
        self.stop.cancel();
        let mut outcome = Ok(());
        while let Some(task) = self.tasks.join_next().await {
            outcome = outcome.and(task.context("a background task panicked").flatten());
        }
        outcome
    }
}
