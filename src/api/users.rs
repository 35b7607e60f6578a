//! `/api/v1/users`: the people who sign in to the admin area, and their sessions.

use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::caller::Caller;
use super::idempotency::AnswerWithSecret;
use super::input::{JsonBody, PathParams};
use super::operations::Operations;
use super::output::{ApiResult, check_if_match, created, require_if_match, resource};
use super::paging::{ItemPage, ListQuery, NoFilter, PageParams};
use crate::accounts::{self, AccountError, NewUser, PASSWORD_LINK_LIFETIME, SALT_BYTES};
use crate::clock;
use crate::domain::digest_scope::DigestScope;
use crate::domain::permission::Permission;
use crate::domain::role::Role;
use crate::domain::site_urls::SiteUrls;
use crate::http::Problem;
use crate::store::users;
use crate::subscribers;
use crate::wire::users::{PasswordLink, User};

/// Adds the operations of this file.
pub(super) fn add_operations(operations: Operations) -> Operations {
    operations
        .add(Permission::ManageAccess, routes!(list_users))
        .add(Permission::ManageAccess, routes!(show_user))
        .add(Permission::ManageAccess, routes!(add_user))
        .add(Permission::ManageAccess, routes!(change_user))
        .add(Permission::ManageAccess, routes!(reset_password))
        .add(Permission::ManageAccess, routes!(remove_user))
}

/// Lists the users without their secrets, newest first.
#[utoipa::path(
    get, path = "/api/v1/users", tag = "users", params(PageParams),
    responses((status = 200, description = "Page of the users", body = ItemPage<User>))
)]
async fn list_users(caller: Caller, list: ListQuery<NoFilter>) -> ApiResult {
    let page = caller.app.store.users().list(&list.page).await?;
    list.respond(page, |user| User::from(&user))
}

/// Shows a user without their secrets.
#[utoipa::path(
    get, path = "/api/v1/users/{name}", tag = "users",
    params(("name" = String, Path, description = "Name of the user")),
    responses((status = 200, description = "The user", body = User))
)]
async fn show_user(
    caller: Caller,
    headers: HeaderMap,
    PathParams(name): PathParams<String>,
) -> ApiResult {
    resource(&headers, &User::from(&find(&caller, &name).await?))
}

/// User who is added.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct UserRequest {
    /// Unique name: lower-case letters, digits and hyphens.
    name: String,
    /// Role: `admin`, `editor`, `lists` or `viewer`.
    role: String,
    /// Digests that an editor or list manager may see and change; `null` for all.
    digests: Option<Vec<String>>,
}

/// Adds a user and returns a link with which they set a password.
///
/// The link works once, for one day, and cannot be shown again.
#[utoipa::path(
    post, path = "/api/v1/users", tag = "users", request_body = UserRequest,
    responses(
        (status = 201, description = "The link of the new user", body = PasswordLink),
        (status = 409, description = "Another user has the name."),
    )
)]
async fn add_user(caller: Caller, JsonBody(new): JsonBody<UserRequest>) -> ApiResult {
    let (role, digests) = access(&caller, &new.role, new.digests)?;
    let user = NewUser { name: new.name.clone(), role, digests, oidc: None };
    let Caller { app, actor, now } = &caller;
    let added =
        accounts::add_user(app.account_context(), user, None, [0; SALT_BYTES], actor, *now).await;
    added.map_err(to_problem)?;
    password_link(&caller, &new.name, &format!("users/{}", new.name)).await
}

/// New role of a user.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct UserAccess {
    /// Role: `admin`, `editor`, `lists` or `viewer`.
    role: String,
    /// Digests that an editor or list manager may see and change; `null` for all.
    digests: Option<Vec<String>>,
}

/// Changes the role and the digests of a user, whose sessions end.
#[utoipa::path(
    put, path = "/api/v1/users/{name}", tag = "users", request_body = UserAccess,
    params(
        ("name" = String, Path, description = "Name of the user"),
        ("If-Match" = String, Header, description = "ETag of the version that the change replaces"),
    ),
    responses(
        (status = 200, description = "The changed user", body = User),
        (status = 409, description = "The user is the last admin."),
        (status = 412, description = "`If-Match` names another version."),
        (status = 428, description = "`If-Match` is missing."),
    )
)]
async fn change_user(
    caller: Caller,
    headers: HeaderMap,
    PathParams(name): PathParams<String>,
    JsonBody(new): JsonBody<UserAccess>,
) -> ApiResult {
    require_if_match(&headers, &User::from(&find(&caller, &name).await?))?;
    let (role, digests) = access(&caller, &new.role, new.digests)?;
    let Caller { app, actor, now } = &caller;
    let done = accounts::set_role(app.account_context(), &name, role, &digests, actor, *now).await;
    done.map_err(to_problem)?;
    resource(&HeaderMap::new(), &User::from(&find(&caller, &name).await?))
}

/// Returns a link with which a user sets a new password; the present one is valid until then.
///
/// The link works once, for one day, in place of earlier ones, and cannot be shown again.
#[utoipa::path(
    post, path = "/api/v1/users/{name}/reset", tag = "users",
    params(("name" = String, Path, description = "Name of the user")),
    responses((status = 201, description = "The link", body = PasswordLink))
)]
async fn reset_password(caller: Caller, PathParams(name): PathParams<String>) -> ApiResult {
    password_link(&caller, &name, &format!("../{name}")).await
}

/// Removes a user, whose sessions end.
#[utoipa::path(
    delete, path = "/api/v1/users/{name}", tag = "users",
    params(("name" = String, Path, description = "Name of the user")),
    responses(
        (status = 204, description = "The user is removed"),
        (status = 409, description = "The user is the last admin."),
        (status = 412, description = "`If-Match` names another version."),
    )
)]
async fn remove_user(
    caller: Caller,
    headers: HeaderMap,
    PathParams(name): PathParams<String>,
) -> ApiResult {
    check_if_match(&headers, &User::from(&find(&caller, &name).await?))?;
    let Caller { app, actor, now } = &caller;
    let removed = accounts::remove_user(app.account_context(), &name, actor, *now).await;
    removed.map_err(to_problem)?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Returns a role and its digests, which must exist.
fn access(
    caller: &Caller,
    role: &str,
    digests: Option<Vec<String>>,
) -> Result<(Role, DigestScope), Problem> {
    let unknown_role = || Problem::invalid_field("/role", "use admin, editor, lists or viewer");
    let role = Role::parse(role).ok_or_else(unknown_role)?;
    subscribers::find_digests(&caller.app.config, digests.as_deref().unwrap_or_default())
        .map_err(|reason| Problem::invalid_field("/digests", reason))?;
    Ok((role, DigestScope::new(digests)))
}

/// Creates a link to set a password and returns it as the answer.
async fn password_link(caller: &Caller, name: &str, location: &str) -> ApiResult {
    let Caller { app, actor, now } = caller;
    let (context, entropy) = (app.account_context(), clock::random_bytes());
    let token = accounts::create_password_link(context, name, entropy, actor, *now).await;
    let document = PasswordLink {
        name: name.to_owned(),
        url: SiteUrls(&app.config.site.base_url).set_password(&token.map_err(to_problem)?),
        expires_at: now.plus(PASSWORD_LINK_LIFETIME).rfc3339(),
    };
    let mut response = created(location, &document)?;
    response.extensions_mut().insert(AnswerWithSecret);
    Ok(response)
}

/// Returns the user with this name.
pub(super) async fn find(caller: &Caller, name: &str) -> Result<users::User, Problem> {
    let missing = || Problem::not_found(format!("there is no user {name:?}"));
    caller.app.store.users().find(name).await?.ok_or_else(missing)
}

fn to_problem(error: AccountError) -> Problem {
    let reason = error.to_string();
    match error {
        AccountError::InvalidName(_) => Problem::invalid_field("/name", reason),
        AccountError::NameTaken(_) | AccountError::LastAdmin(_) => Problem::conflict(reason),
        AccountError::NotFound(_) => Problem::not_found(reason),
        AccountError::NotLimitable(_) | AccountError::NoDigest => {
            Problem::invalid_field("/digests", reason)
        }
        AccountError::Store(cause) => cause.into(),
        AccountError::Password(_) => Problem::unprocessable(reason),
        AccountError::Crypto(_) => {
            tracing::error!("/api: {reason}");
            Problem::from_status(StatusCode::INTERNAL_SERVER_ERROR)
        }
    }
}
