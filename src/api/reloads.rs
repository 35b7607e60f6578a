//! `/api/v1/config/reload` and `/api/v1/config/reloads`: reloads of the configuration, and their result at each
//! server.

use anyhow::Context;
use axum::http::StatusCode;
use tokio::task::JoinError;
use utoipa_axum::routes;

use super::caller::Caller;
use super::input::PathParams;
use super::operations::Operations;
use super::output::{ApiResult, json, json_at};
use crate::app::load_checked_config;
use crate::config::ConfigError;
use crate::domain::permission::Permission;
use crate::http::Problem;
use crate::store::StoreError;
use crate::wire::problem::FieldError;
use crate::wire::system::{ConfigReload, NodeReload};

/// Adds the operations of this file.
pub(super) fn add_operations(operations: Operations) -> Operations {
    operations
        .add(Permission::ManageSettings, routes!(reload_config))
        .add(Permission::ManageSettings, routes!(show_reload))
}

/// Asks every running server to read its configuration again.
///
/// The server that answers checks its own file and templates first. Each server finishes the messages in flight
/// before it uses the new configuration; `GET /api/v1/config/reloads/{id}` shows the results.
#[utoipa::path(
    post, path = "/api/v1/config/reload", tag = "config",
    responses(
        (status = 202, description = "The servers are asked; `Location` names the results", body = ConfigReload),
        (status = 422, description = "The configuration is not valid; `errors` lists the errors with file and line. Or the `Idempotency-Key` belongs to another request."),
    )
)]
async fn reload_config(caller: Caller) -> ApiResult {
    check(&caller).await.map_err(refusal)?;
    let Caller { app, actor, now } = &caller;
    let id = app.store.reloads().request(actor, *now).await?;
    let document = find(&caller, id).await?;
    json_at(StatusCode::ACCEPTED, &format!("reloads/{id}"), &document)
}

/// Shows the results of a reload so far, one for each server that has answered.
///
/// A server that keeps its old configuration states the reason in `error`.
#[utoipa::path(
    get, path = "/api/v1/config/reloads/{id}", tag = "config",
    params(("id" = i64, Path, description = "Id of the reload")),
    responses((status = 200, description = "The reload with its results", body = ConfigReload))
)]
async fn show_reload(caller: Caller, PathParams(id): PathParams<i64>) -> ApiResult {
    json(StatusCode::OK, &find(&caller, id).await?)
}

/// Checks that this server could use the configuration as it is now.
async fn check(caller: &Caller) -> anyhow::Result<()> {
    let path = caller.app.config.path.clone();
    let loaded = tokio::task::spawn_blocking(move || load_checked_config(&path))
        .await
        .context("reading the configuration panicked")??;
    caller.app.check_reload(loaded).await.map(drop)
}

/// Returns the problem of a configuration that the servers would refuse, or of a check that failed.
fn refusal(reason: anyhow::Error) -> Problem {
    if reason.chain().any(|cause| cause.is::<StoreError>() || cause.is::<JoinError>()) {
        return reason.into();
    }
    let messages = match reason.downcast_ref::<ConfigError>() {
        Some(errors) => errors.messages().collect(),
        None => vec![format!("{reason:#}")],
    };
    let error = |detail| FieldError { pointer: String::new(), detail };
    Problem::unprocessable("the configuration is not valid; the old one remains in use")
        .with_errors(messages.into_iter().map(error).collect())
}

async fn find(caller: &Caller, id: i64) -> Result<ConfigReload, Problem> {
    let reloads = caller.app.store.reloads();
    let requested_at = reloads.requested_at(id).await?;
    let unknown = || Problem::not_found(format!("there is no reload {id}"));
    Ok(ConfigReload {
        id,
        requested_at: requested_at.ok_or_else(unknown)?.rfc3339(),
        nodes: reloads.results(id).await?.iter().map(NodeReload::from).collect(),
    })
}
