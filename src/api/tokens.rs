//! `/api/v1/tokens`: the tokens of API clients.

use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::caller::Caller;
use super::idempotency::AnswerWithSecret;
use super::input::{JsonBody, PathParams};
use super::operations::Operations;
use super::output::{ApiResult, check_if_match, created, resource};
use super::paging::{ItemPage, ListQuery, NoFilter, PageParams};
use crate::api_tokens::{self, TokenError};
use crate::clock;
use crate::domain::digest_scope::DigestScope;
use crate::domain::duration;
use crate::domain::permission::Permission;
use crate::domain::role::Role;
use crate::http::Problem;
use crate::subscribers;
use crate::wire::tokens::{NewToken, Token};

/// Adds the operations of this file.
pub(super) fn add_operations(operations: Operations) -> Operations {
    operations
        .add(Permission::ManageAccess, routes!(list_tokens))
        .add(Permission::ManageAccess, routes!(show_token))
        .add(Permission::ManageAccess, routes!(create_token))
        .add(Permission::ManageAccess, routes!(revoke_token))
}

/// Lists the tokens without their secrets, newest first.
#[utoipa::path(
    get, path = "/api/v1/tokens", tag = "tokens", params(PageParams),
    responses((status = 200, description = "Page of the tokens", body = ItemPage<Token>))
)]
async fn list_tokens(caller: Caller, list: ListQuery<NoFilter>) -> ApiResult {
    let page = caller.app.store.api_tokens().list(&list.page).await?;
    list.respond(page, |token| Token::from(&token))
}

/// Shows a token without its secret.
#[utoipa::path(
    get, path = "/api/v1/tokens/{name}", tag = "tokens",
    params(("name" = String, Path, description = "Name of the token")),
    responses((status = 200, description = "The token", body = Token))
)]
async fn show_token(
    caller: Caller,
    headers: HeaderMap,
    PathParams(name): PathParams<String>,
) -> ApiResult {
    resource(&headers, &find(&caller, &name).await?)
}

/// Token to create for a client.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TokenRequest {
    /// Unique name: lower-case letters, digits and hyphens.
    name: String,
    /// Role: `admin`, `editor`, `lists` or `viewer`.
    role: String,
    /// Time until it expires, for example `90d`; `null` for never.
    expires: Option<String>,
    /// Digests that an editor or list manager may see and change; `null` for all.
    digests: Option<Vec<String>>,
}

/// Creates a token and returns its secret, which cannot be shown again.
#[utoipa::path(
    post, path = "/api/v1/tokens", tag = "tokens", request_body = TokenRequest,
    responses(
        (status = 201, description = "The token with its secret", body = NewToken),
        (status = 409, description = "Another token has the name."),
    )
)]
async fn create_token(caller: Caller, JsonBody(new): JsonBody<TokenRequest>) -> ApiResult {
    let Caller { app, actor, now } = &caller;
    let unknown_role = || Problem::invalid_field("/role", "use admin, editor, lists or viewer");
    let role = Role::parse(&new.role).ok_or_else(unknown_role)?;
    let invalid_time = |reason| Problem::invalid_field("/expires", reason);
    let lifetime = new.expires.as_deref().map(duration::parse).transpose().map_err(invalid_time)?;
    let digests = new.digests.as_deref().unwrap_or_default();
    subscribers::find_digests(&app.config, digests)
        .map_err(|reason| Problem::invalid_field("/digests", reason))?;
    let new = api_tokens::NewToken {
        name: new.name,
        role,
        digests: DigestScope::new(new.digests),
        expires_at: lifetime.map(|lifetime| now.plus(lifetime)),
    };
    let (secret, random) = (&app.store_identity.secret, clock::random_bytes());
    let token = api_tokens::create_token(&app.store, secret, new.clone(), random, actor, *now);
    let document = NewToken {
        name: new.name.clone(),
        role: role.as_str().to_owned(),
        digests: new.digests.names(),
        expires_at: new.expires_at.map(|t| t.rfc3339()),
        token: token.await.map_err(to_problem)?,
    };
    let mut response = created(&format!("tokens/{}", new.name), &document)?;
    response.extensions_mut().insert(AnswerWithSecret);
    Ok(response)
}

/// Revokes a token from the next request on.
#[utoipa::path(
    delete, path = "/api/v1/tokens/{name}", tag = "tokens",
    params(("name" = String, Path, description = "Name of the token")),
    responses(
        (status = 204, description = "The token is revoked"),
        (status = 412, description = "`If-Match` names another version."),
    )
)]
async fn revoke_token(
    caller: Caller,
    headers: HeaderMap,
    PathParams(name): PathParams<String>,
) -> ApiResult {
    check_if_match(&headers, &find(&caller, &name).await?)?;
    let Caller { app, actor, now } = &caller;
    if !api_tokens::revoke_token(&app.store, &name, actor, *now).await? {
        return Err(unknown_token(&name));
    }
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn find(caller: &Caller, name: &str) -> Result<Token, Problem> {
    let found = caller.app.store.api_tokens().find(name).await?;
    found.as_ref().map(Token::from).ok_or_else(|| unknown_token(name))
}

fn unknown_token(name: &str) -> Problem {
    Problem::not_found(format!("there is no token {name:?}"))
}

fn to_problem(error: TokenError) -> Problem {
    let reason = error.to_string();
    match error {
        TokenError::InvalidName(_) => Problem::invalid_field("/name", reason),
        TokenError::NameTaken(_) => Problem::conflict(reason),
        TokenError::NotLimitable(_) | TokenError::NoDigest => {
            Problem::invalid_field("/digests", reason)
        }
        TokenError::Expired => Problem::invalid_field("/expires", reason),
        TokenError::Store(cause) => cause.into(),
    }
}
