//! `/api/v1/transports`: the ways to send, with what waits for them.

use axum::http::HeaderMap;
use utoipa_axum::routes;

use super::caller::Caller;
use super::input::PathParams;
use super::operations::Operations;
use super::output::{ApiResult, resource};
use super::paging::{ItemPage, ListQuery, NoFilter, PageParams};
use crate::domain::permission::Permission;
use crate::http::Problem;
use crate::wire::transports::Transport;

/// Adds the operations of this file.
pub(super) fn add_operations(operations: Operations) -> Operations {
    operations
        .add(Permission::ReadContent, routes!(list_transports))
        .add(Permission::ReadContent, routes!(show_transport))
}

/// Lists the transports with their waiting messages.
#[utoipa::path(
    get, path = "/api/v1/transports", tag = "transports", params(PageParams),
    responses((status = 200, description = "Page of the transports", body = ItemPage<Transport>))
)]
async fn list_transports(caller: Caller, list: ListQuery<NoFilter>) -> ApiResult {
    list.respond_from(read(&caller).await?.into_iter(), |transport| transport)
}

/// Shows a transport with its waiting messages.
#[utoipa::path(
    get, path = "/api/v1/transports/{name}", tag = "transports",
    params(("name" = String, Path, description = "Name of the transport")),
    responses((status = 200, description = "The transport", body = Transport))
)]
async fn show_transport(
    caller: Caller,
    headers: HeaderMap,
    PathParams(name): PathParams<String>,
) -> ApiResult {
    let found = read(&caller).await?.into_iter().find(|transport| transport.name == name);
    let missing = || Problem::not_found(format!("the configuration has no transport {name:?}"));
    resource(&headers, &found.ok_or_else(missing)?)
}

async fn read(caller: &Caller) -> Result<Vec<Transport>, Problem> {
    let waiting = caller.app.store.deliveries().waiting_by_transport().await?;
    let running = caller.app.running_dispatcher();
    let snapshots = running.map(|dispatcher| dispatcher.snapshot()).unwrap_or_default();
    let of = |name: &str| waiting.iter().find(|(other, _)| other == name).map_or(0, |(_, n)| *n);
    let transports = caller.app.config.transports.iter().map(|transport| {
        let snapshot = snapshots.iter().find(|snapshot| snapshot.name == transport.name);
        Transport::new(&transport.name, of(&transport.name), snapshot)
    });
    Ok(transports.collect())
}
