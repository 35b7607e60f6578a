//! `/api/v1/users/{name}/sessions`: the browsers in which a user is signed in.

use axum::http::StatusCode;
use axum::response::IntoResponse;
use utoipa_axum::routes;

use super::caller::Caller;
use super::input::PathParams;
use super::operations::Operations;
use super::output::ApiResult;
use super::paging::{ItemPage, ListQuery, NoFilter, PageParams};
use super::users::find;
use crate::accounts;
use crate::domain::permission::Permission;
use crate::http::Problem;
use crate::wire::users::UserSession;

/// Adds the operations of this file.
pub(super) fn add_operations(operations: Operations) -> Operations {
    operations
        .add(Permission::ManageAccess, routes!(list_sessions))
        .add(Permission::ManageAccess, routes!(end_sessions))
        .add(Permission::ManageAccess, routes!(end_session))
}

/// Lists the sessions of a user, the last used one first.
#[utoipa::path(
    get, path = "/api/v1/users/{name}/sessions", tag = "users",
    params(("name" = String, Path, description = "Name of the user"), PageParams),
    responses((status = 200, description = "Page of the sessions", body = ItemPage<UserSession>))
)]
async fn list_sessions(
    caller: Caller,
    PathParams(name): PathParams<String>,
    list: ListQuery<NoFilter>,
) -> ApiResult {
    let user = find(&caller, &name).await?;
    let sessions = accounts::list_sessions(caller.app.account_context(), &user, caller.now).await?;
    list.respond_from(sessions.iter(), UserSession::from)
}

/// Ends all sessions of a user.
#[utoipa::path(
    delete, path = "/api/v1/users/{name}/sessions", tag = "users",
    params(("name" = String, Path, description = "Name of the user")),
    responses((status = 204, description = "The user is signed in nowhere"))
)]
async fn end_sessions(caller: Caller, PathParams(name): PathParams<String>) -> ApiResult {
    let user = find(&caller, &name).await?;
    let Caller { app, actor, now } = &caller;
    accounts::end_all_sessions(app.account_context(), &user.name, actor, *now).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Ends a session of a user.
#[utoipa::path(
    delete, path = "/api/v1/users/{name}/sessions/{id}", tag = "users",
    params(
        ("name" = String, Path, description = "Name of the user"),
        ("id" = String, Path, description = "Id of the session"),
    ),
    responses((status = 204, description = "The session has ended"))
)]
async fn end_session(
    caller: Caller,
    PathParams((name, id)): PathParams<(String, String)>,
) -> ApiResult {
    let user = find(&caller, &name).await?;
    let Caller { app, actor, now } = &caller;
    if !accounts::end_session_of(app.account_context(), &user.name, &id, actor, *now).await? {
        return Err(Problem::not_found(format!("{name} has no session {id:?}")));
    }
    Ok(StatusCode::NO_CONTENT.into_response())
}
