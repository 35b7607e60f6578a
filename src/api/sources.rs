//! `/api/v1/sources`: the sources with the state of their syncs, and the webhook that triggers one.

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, StatusCode};
use utoipa_axum::routes;

use super::caller::Caller;
use super::input::PathParams;
use super::operations::Operations;
use super::output::{ApiResult, json, resource};
use super::paging::{ItemPage, ListQuery, NoFilter, PageParams};
use crate::domain::permission::Permission;
use crate::http::Problem;
use crate::sources::trigger::{self, SyncRequestOutcome, request_sync};
use crate::store::sources::SourceState;
use crate::wire::sources::{QueuedSync, Source};

/// Adds the operations of this file.
pub(super) fn add_operations(operations: Operations) -> Operations {
    operations
        .add(Permission::ReadContent, routes!(list_sources))
        .add(Permission::ReadContent, routes!(show_source))
        .add(Permission::SyncSources, routes!(sync_source))
        .add(Permission::SyncSources, routes!(accept_removals))
}

/// Lists the sources with the state of their last syncs.
#[utoipa::path(
    get, path = "/api/v1/sources", tag = "sources", params(PageParams),
    responses((status = 200, description = "Page of the sources", body = ItemPage<Source>))
)]
async fn list_sources(caller: Caller, list: ListQuery<NoFilter>) -> ApiResult {
    let states = caller.app.store.sources().states().await?;
    list.respond_from(caller.app.config.sources.iter(), |source| {
        Source::new(source, &state_of(&states, &source.name))
    })
}

/// Shows a source with the state of its last sync.
#[utoipa::path(
    get, path = "/api/v1/sources/{name}", tag = "sources",
    params(("name" = String, Path, description = "Name of the source")),
    responses((status = 200, description = "The source", body = Source))
)]
async fn show_source(
    caller: Caller,
    headers: HeaderMap,
    PathParams(name): PathParams<String>,
) -> ApiResult {
    let source = caller.app.config.sources.iter().find(|source| source.name == name);
    let source = source.ok_or_else(|| unknown_source(&name))?;
    let states = caller.app.store.sources().states().await?;
    resource(&headers, &Source::new(source, &state_of(&states, &name)))
}

/// Queues an immediate sync of a source.
///
/// The body that a webhook sends is ignored.
#[utoipa::path(
    post, path = "/api/v1/sources/{name}/sync", tag = "sources",
    params(("name" = String, Path, description = "Name of the source")),
    responses(
        (status = 202, description = "The sync is queued", body = QueuedSync),
        (status = 409, description = "The source is a built-in one, which has no external database to read."),
        (status = 413, description = "The body is larger than 64 KiB."),
    )
)]
async fn sync_source(
    caller: Caller,
    PathParams(name): PathParams<String>,
    body: Result<Bytes, BytesRejection>,
) -> ApiResult {
    body.map_err(|rejection| Problem::invalid_body(rejection.status()))?;
    let Caller { app, actor, now } = &caller;
    match request_sync(&app.store, &app.config, &app.triggers, &name, actor, *now).await? {
        SyncRequestOutcome::Queued => {
            json(StatusCode::ACCEPTED, &QueuedSync { source: name, state: "queued".to_owned() })
        }
        SyncRequestOutcome::Unknown => Err(unknown_source(&name)),
        SyncRequestOutcome::Builtin => Err(Problem::conflict(format!(
            "{name:?} is a built-in source, which has no external database to read"
        ))),
    }
}

/// Accepts the blocked removals of a source: queues a full sync that removes as many articles at most.
///
/// The source shows when the sync is over.
#[utoipa::path(
    post, path = "/api/v1/sources/{name}/accept-removals", tag = "sources",
    params(("name" = String, Path, description = "Name of the source")),
    responses(
        (status = 202, description = "The sync begins", body = QueuedSync),
        (status = 409, description = "No removals of the source are blocked."),
    )
)]
async fn accept_removals(caller: Caller, PathParams(name): PathParams<String>) -> ApiResult {
    let Caller { app, actor, now } = &caller;
    if !app.config.sources.iter().any(|source| source.name == name) {
        return Err(unknown_source(&name));
    }
    let count = state_of(&app.store.sources().states().await?, &name).blocked_removals;
    let (store, triggers) = (&app.store, &app.triggers);
    if count == 0 || !trigger::accept_removals(store, triggers, &name, count, actor, *now).await? {
        return Err(Problem::conflict(format!("no removals of the source {name:?} are blocked")));
    }
    json(StatusCode::ACCEPTED, &QueuedSync { source: name, state: "queued".to_owned() })
}

fn unknown_source(name: &str) -> Problem {
    Problem::not_found(format!("the configuration has no source {name:?}"))
}

fn state_of(states: &[SourceState], name: &str) -> SourceState {
    states.iter().find(|state| state.name == name).cloned().unwrap_or_default()
}
