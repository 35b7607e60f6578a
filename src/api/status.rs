//! `/api/v1/status`: what needs attention, and the state of sources, digests, editions and transports.

use axum::http::HeaderMap;
use utoipa_axum::routes;

use super::attention;
use super::caller::Caller;
use super::definitions::newest_config;
use super::operations::Operations;
use super::output::{ApiResult, resource};
use crate::app::App;
use crate::domain::actor::Actor;
use crate::domain::permission::Permission;
use crate::wire::digests::Digest;
use crate::wire::editions::Edition;
use crate::wire::sources::Source;
use crate::wire::status::{RelayFailure, Status, TransportQueue};

/// Adds the operation of this file.
pub(super) fn add_operations(operations: Operations) -> Operations {
    operations.add(Permission::ReadContent, routes!(show_status))
}

/// Shows what needs attention, and the state of sources, digests, editions and transports.
///
/// The status has only digests that the token may see, and only admins see what concerns tokens and webhooks.
#[utoipa::path(
    get, path = "/api/v1/status", tag = "status",
    responses((status = 200, description = "The state of the installation", body = Status))
)]
async fn show_status(caller: Caller, headers: HeaderMap) -> ApiResult {
    let mut app = caller.app.clone();
    app.config = newest_config(&caller).await?;
    resource(&headers, &read_status(&app, &caller.actor).await?)
}

/// Returns the state of an installation as far as an actor may see it.
pub async fn read_status(app: &App, actor: &Actor) -> anyhow::Result<Status> {
    let (mut observed, scope) = (app.observe().await?, actor.digests());
    let attention = app.attention(&observed).await?.into_iter();
    let attention = attention.filter(|one| one.is_visible_to(actor));
    let sources = app.config.sources.iter().map(|source| {
        let state = observed.sources.iter().find(|s| s.name == source.name);
        Source::new(source, &state.cloned().unwrap_or_default())
    });
    let sources = sources.collect();
    let (mut digests, paused) = (Vec::new(), app.store.digests().paused().await?);
    for d in app.config.digests.iter().filter(|digest| scope.contains(&digest.name)) {
        let counts = app.store.subscriptions().counts(&d.name).await?.into_iter().collect();
        let paused_since = paused.get(&d.name).copied();
        digests.push(Digest::new(d, paused_since, counts, app.now()));
    }
    observed.open_editions.retain(|edition| scope.contains(&edition.digest));
    let ids: Vec<i64> = observed.open_editions.iter().map(|edition| edition.id).collect();
    let counts = app.store.editions().counts_of_all(&ids).await?;
    let editions = observed.open_editions.iter().map(|edition| {
        let counts = counts.get(&edition.id).copied().unwrap_or_default();
        Edition::new(edition, counts)
    });
    let transports = app.config.transports.iter().map(|transport| {
        let waiting = observed.waiting.iter().find(|(name, _)| *name == transport.name);
        let failure = observed.failures.iter().find(|f| f.transport == transport.name);
        TransportQueue {
            name: transport.name.clone(),
            waiting: waiting.map_or(0, |(_, count)| *count),
            failure: failure.map(RelayFailure::from),
        }
    });
    Ok(Status {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        attention: attention.map(|one| attention::document(app, one)).collect(),
        sources,
        feeds: app.config.feeds.len(),
        digests,
        open_editions: editions.collect(),
        transports: transports.collect(),
        waiting: observed.total_waiting(),
    })
}
