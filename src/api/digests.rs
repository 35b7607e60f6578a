//! `/api/v1/digests`: the digests, and the definitions of those in the database.

use axum::http::HeaderMap;
use utoipa_axum::routes;

use super::caller::Caller;
use super::definitions::{
    self, Change, DefinitionSettings, NewDefinition, check_version, newest_config,
};
use super::input::{JsonBody, PathParams};
use super::operations::Operations;
use super::output::{ApiResult, created, resource};
use super::paging::{ItemPage, ListQuery, NoFilter, PageParams};
use crate::domain::definition::DefinitionKind;
use crate::domain::page::Page;
use crate::domain::permission::Permission;
use crate::domain::schedule::next_date;
use crate::http::Problem;
use crate::wire::digests::{Digest, DigestDetails};

/// Kind of the definitions of this file.
const KIND: DefinitionKind = DefinitionKind::Digest;

/// Adds the operations of this file.
pub(super) fn add_operations(operations: Operations) -> Operations {
    operations
        .add(Permission::ReadContent, routes!(list_digests))
        .add(Permission::ReadContent, routes!(show_digest))
        .add(Permission::WriteContent, routes!(create_digest))
        .add(Permission::WriteContent, routes!(replace_digest))
        .add(Permission::WriteContent, routes!(delete_digest))
}

/// Lists the digests with their next dates and numbers of subscriptions.
#[utoipa::path(
    get, path = "/api/v1/digests", tag = "digests", params(PageParams),
    responses((status = 200, description = "Page of the digests", body = ItemPage<Digest>))
)]
async fn list_digests(caller: Caller, list: ListQuery<NoFilter>) -> ApiResult {
    let config = newest_config(&caller).await?;
    let start: usize =
        list.page.key_or(0).map_err(|reason| Problem::bad_request(reason.to_string()))?;
    let scope = caller.actor.digests();
    let visible = config.digests.iter().filter(|digest| scope.contains(&digest.name));
    let mut documents = Vec::new();
    for digest in visible.skip(start).take(list.page.rows_to_read()) {
        let counts = caller.app.store.subscriptions().counts(&digest.name).await?;
        let next = next_date(&digest.schedule, &digest.timezone, &digest.pause, caller.now);
        documents.push(Digest::new(digest, next, counts.into_iter().collect()));
    }
    let end = start + list.page.limit;
    list.respond(Page::from_rows(documents, list.page.limit, |_| end), |document| document)
}

/// Shows a digest with its settings.
#[utoipa::path(
    get, path = "/api/v1/digests/{name}", tag = "digests",
    params(("name" = String, Path, description = "Name of the digest")),
    responses((status = 200, description = "The digest", body = DigestDetails))
)]
async fn show_digest(
    caller: Caller,
    headers: HeaderMap,
    PathParams(name): PathParams<String>,
) -> ApiResult {
    resource(&headers, &find(&caller, &name).await?)
}

/// Defines a digest; every node loads it within about a second.
#[utoipa::path(
    post, path = "/api/v1/digests", tag = "digests", request_body = NewDefinition,
    responses(
        (status = 201, description = "The digest", body = DigestDetails),
        (status = 409, description = "The digest exists, perhaps in the config file."),
    )
)]
async fn create_digest(caller: Caller, JsonBody(new): JsonBody<NewDefinition>) -> ApiResult {
    caller.require_digest(&new.name)?;
    definitions::save(&caller, KIND, &new.name, &new.settings, Change::Create).await?;
    created(&format!("digests/{}", new.name), &find(&caller, &new.name).await?)
}

/// Replaces the settings of a digest that the database defines.
#[utoipa::path(
    put, path = "/api/v1/digests/{name}", tag = "digests", request_body = DefinitionSettings,
    params(
        ("name" = String, Path, description = "Name of the digest"),
        ("If-Match" = String, Header, description = "ETag of the version that the change replaces"),
    ),
    responses(
        (status = 200, description = "The changed digest", body = DigestDetails),
        (status = 409, description = "The config file defines the digest, or another definition was changed meanwhile."),
        (status = 412, description = "`If-Match` names another version."),
        (status = 428, description = "`If-Match` is missing."),
    )
)]
async fn replace_digest(
    caller: Caller,
    headers: HeaderMap,
    PathParams(name): PathParams<String>,
    JsonBody(new): JsonBody<DefinitionSettings>,
) -> ApiResult {
    check_version(&caller, &headers, KIND, &name, &find(&caller, &name).await?)?;
    definitions::save(&caller, KIND, &name, &new.settings, Change::Replace).await?;
    resource(&HeaderMap::new(), &find(&caller, &name).await?)
}

/// Deletes a digest that the database defines.
#[utoipa::path(
    delete, path = "/api/v1/digests/{name}", tag = "digests",
    params(
        ("name" = String, Path, description = "Name of the digest"),
        ("If-Match" = String, Header, description = "ETag of the version that is deleted"),
    ),
    responses(
        (status = 204, description = "The digest is deleted"),
        (status = 409, description = "The config file defines the digest, or something refers to it."),
        (status = 412, description = "`If-Match` names another version."),
        (status = 428, description = "`If-Match` is missing."),
    )
)]
async fn delete_digest(
    caller: Caller,
    headers: HeaderMap,
    PathParams(name): PathParams<String>,
) -> ApiResult {
    check_version(&caller, &headers, KIND, &name, &find(&caller, &name).await?)?;
    definitions::delete(&caller, KIND, &name).await?;
    Ok(definitions::deleted())
}

/// Returns a digest that the actor may see.
async fn find(caller: &Caller, name: &str) -> Result<DigestDetails, Problem> {
    let config = newest_config(caller).await?;
    let visible = |digest: &&crate::config::Digest| {
        digest.name == name && caller.actor.digests().contains(name)
    };
    let digest = config.digests.iter().find(visible).ok_or_else(|| unknown_digest(name))?;
    let settings = definitions::settings(caller, KIND, name).await?;
    Ok(DigestDetails::new(digest, settings))
}

/// Returns the problem of a digest that does not exist, or that the actor may not see.
pub(super) fn unknown_digest(name: &str) -> Problem {
    Problem::not_found(format!("there is no digest {name:?}"))
}
