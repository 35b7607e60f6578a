//! `/api/v1/suppressions`: addresses and domains that must never be mailed.

use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::caller::Caller;
use super::input::{JsonBody, PathParams};
use super::operations::Operations;
use super::output::{ApiResult, check_if_match, created, json, resource};
use super::paging::{ItemPage, ListQuery, PageParams};
use crate::domain::page::Page;
use crate::domain::permission::Permission;
use crate::domain::suppression_target::SuppressionTarget;
use crate::http::Problem;
use crate::store::suppressions::{domain_key, suppression_key};
use crate::subscribers;
use crate::wire::suppressions::Suppression;

/// Reason for which a token of some digests may neither see nor change suppressions.
pub(super) const REASON: &str = "a suppression concerns every digest";

/// Adds the operations of this file.
pub(super) fn add_operations(operations: Operations) -> Operations {
    operations
        .add(Permission::ReadSubscribers, routes!(list_suppressions))
        .add(Permission::ReadSubscribers, routes!(show_suppression))
        .add(Permission::WriteSubscribers, routes!(add_suppression))
        .add(Permission::WriteSubscribers, routes!(remove_suppression))
}

/// Filter of the suppressions.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct SuppressionFilter {
    /// List only the suppressions that cover this address, or that of a domain such as `@example.com`
    email: Option<String>,
}

/// Lists suppressions, newest first.
#[utoipa::path(
    get, path = "/api/v1/suppressions", tag = "suppressions", params(PageParams, SuppressionFilter),
    responses((status = 200, description = "Page of the suppressions", body = ItemPage<Suppression>))
)]
async fn list_suppressions(caller: Caller, list: ListQuery<SuppressionFilter>) -> ApiResult {
    caller.require_all_digests(REASON)?;
    let store = &caller.app.store;
    let page = match &list.filter.email {
        None => store.suppressions().list(&list.page).await?,
        Some(email) => {
            let target = SuppressionTarget::parse(email).map_err(Problem::bad_request)?;
            let key = suppression_key(&caller.app.store_identity.secret, &target);
            let keys = [key, domain_key(&target.to_string()).to_owned()];
            Page { items: store.suppressions().with_keys(&keys).await?, next: None }
        }
    };
    list.respond(page, |suppression| Suppression::from(&suppression))
}

/// Shows the suppression of an address.
#[utoipa::path(
    get, path = "/api/v1/suppressions/{hash}", tag = "suppressions",
    params(("hash" = String, Path, description = "Keyed hash of the address, or the domain as `@example.com`")),
    responses((status = 200, description = "The suppression", body = Suppression))
)]
async fn show_suppression(
    caller: Caller,
    headers: HeaderMap,
    PathParams(hash): PathParams<String>,
) -> ApiResult {
    caller.require_all_digests(REASON)?;
    resource(&headers, &find(&caller, hash).await?)
}

/// Address or domain that must not be mailed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewSuppression {
    /// E-mail address to suppress, or a domain such as `@example.com`.
    email: String,
}

/// Suppresses an address or all addresses of a domain, so that they are never mailed.
#[utoipa::path(
    post, path = "/api/v1/suppressions", tag = "suppressions", request_body = NewSuppression,
    responses(
        (status = 200, description = "The address was suppressed before", body = Suppression),
        (status = 201, description = "The address is suppressed", body = Suppression),
    )
)]
async fn add_suppression(caller: Caller, JsonBody(new): JsonBody<NewSuppression>) -> ApiResult {
    caller.require_all_digests(REASON)?;
    let Caller { app, actor, now } = &caller;
    let target = SuppressionTarget::parse(&new.email)
        .map_err(|reason| Problem::invalid_field("/email", reason))?;
    let secret = &app.store_identity.secret;
    let is_new = subscribers::suppress(&app.store, secret, &target, actor, *now).await?;
    let document = find(&caller, suppression_key(secret, &target)).await?;
    if !is_new {
        return json(StatusCode::OK, &document);
    }
    created(&format!("suppressions/{}", document.hash), &document)
}

/// Removes an address from the suppression list.
#[utoipa::path(
    delete, path = "/api/v1/suppressions/{hash}", tag = "suppressions",
    params(("hash" = String, Path, description = "Keyed hash of the address, or the domain as `@example.com`")),
    responses(
        (status = 204, description = "The address is no longer suppressed"),
        (status = 412, description = "`If-Match` names another version."),
    )
)]
async fn remove_suppression(
    caller: Caller,
    headers: HeaderMap,
    PathParams(hash): PathParams<String>,
) -> ApiResult {
    caller.require_all_digests(REASON)?;
    check_if_match(&headers, &find(&caller, hash.clone()).await?)?;
    let Caller { app, actor, now } = &caller;
    if !subscribers::unsuppress_key(&app.store, &hash, actor, *now).await? {
        return Err(unknown_suppression());
    }
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn find(caller: &Caller, hash: String) -> Result<Suppression, Problem> {
    let found = caller.app.store.suppressions().with_keys(&[hash]).await?;
    found.first().map(Suppression::from).ok_or_else(unknown_suppression)
}

fn unknown_suppression() -> Problem {
    Problem::not_found("no suppression has this hash")
}
