//! `/api/v1/feeds`: the declared feeds, and the definitions of those in the database.

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
use crate::domain::permission::Permission;
use crate::domain::site_urls::SiteUrls;
use crate::http::Problem;
use crate::wire::feeds::{Feed, FeedDetails};

/// Kind of the definitions of this file.
const KIND: DefinitionKind = DefinitionKind::Feed;

/// Adds the operations of this file.
pub(super) fn add_operations(operations: Operations) -> Operations {
    operations
        .add(Permission::ReadContent, routes!(list_feeds))
        .add(Permission::ReadContent, routes!(show_feed))
        .add(Permission::WriteContent, routes!(create_feed))
        .add(Permission::WriteContent, routes!(replace_feed))
        .add(Permission::WriteContent, routes!(delete_feed))
}

/// Lists the declared feeds with their URLs.
#[utoipa::path(
    get, path = "/api/v1/feeds", tag = "feeds", params(PageParams),
    responses((status = 200, description = "Page of the feeds", body = ItemPage<Feed>))
)]
async fn list_feeds(caller: Caller, list: ListQuery<NoFilter>) -> ApiResult {
    let config = newest_config(&caller).await?;
    let site = SiteUrls(&config.site.base_url);
    list.respond_from(config.feeds.iter(), |feed| Feed::new(site, feed))
}

/// Shows a declared feed with its settings.
#[utoipa::path(
    get, path = "/api/v1/feeds/{name}", tag = "feeds",
    params(("name" = String, Path, description = "Name of the feed")),
    responses((status = 200, description = "The feed", body = FeedDetails))
)]
async fn show_feed(
    caller: Caller,
    headers: HeaderMap,
    PathParams(name): PathParams<String>,
) -> ApiResult {
    resource(&headers, &find(&caller, &name).await?)
}

/// Defines a feed; every node serves it within about a second.
#[utoipa::path(
    post, path = "/api/v1/feeds", tag = "feeds", request_body = NewDefinition,
    responses(
        (status = 201, description = "The feed", body = FeedDetails),
        (status = 409, description = "The feed exists, perhaps in the config file."),
    )
)]
async fn create_feed(caller: Caller, JsonBody(new): JsonBody<NewDefinition>) -> ApiResult {
    check_all_digests(&caller)?;
    definitions::save(&caller, KIND, &new.name, &new.settings, Change::Create).await?;
    created(&format!("feeds/{}", new.name), &find(&caller, &new.name).await?)
}

/// Replaces the settings of a feed that the database defines.
#[utoipa::path(
    put, path = "/api/v1/feeds/{name}", tag = "feeds", request_body = DefinitionSettings,
    params(
        ("name" = String, Path, description = "Name of the feed"),
        ("If-Match" = String, Header, description = "ETag of the version that the change replaces"),
    ),
    responses(
        (status = 200, description = "The changed feed", body = FeedDetails),
        (status = 409, description = "The config file defines the feed, or another definition was changed meanwhile."),
        (status = 412, description = "`If-Match` names another version."),
        (status = 428, description = "`If-Match` is missing."),
    )
)]
async fn replace_feed(
    caller: Caller,
    headers: HeaderMap,
    PathParams(name): PathParams<String>,
    JsonBody(new): JsonBody<DefinitionSettings>,
) -> ApiResult {
    check_all_digests(&caller)?;
    check_version(&caller, &headers, KIND, &name, &find(&caller, &name).await?)?;
    definitions::save(&caller, KIND, &name, &new.settings, Change::Replace).await?;
    resource(&HeaderMap::new(), &find(&caller, &name).await?)
}

/// Deletes a feed that the database defines.
#[utoipa::path(
    delete, path = "/api/v1/feeds/{name}", tag = "feeds",
    params(
        ("name" = String, Path, description = "Name of the feed"),
        ("If-Match" = String, Header, description = "ETag of the version that is deleted"),
    ),
    responses(
        (status = 204, description = "The feed is deleted"),
        (status = 409, description = "The config file defines the feed, or something refers to it."),
        (status = 412, description = "`If-Match` names another version."),
        (status = 428, description = "`If-Match` is missing."),
    )
)]
async fn delete_feed(
    caller: Caller,
    headers: HeaderMap,
    PathParams(name): PathParams<String>,
) -> ApiResult {
    check_all_digests(&caller)?;
    check_version(&caller, &headers, KIND, &name, &find(&caller, &name).await?)?;
    definitions::delete(&caller, KIND, &name).await?;
    Ok(definitions::deleted())
}

/// A feed belongs to no digest, so only an actor without a limit may change it.
fn check_all_digests(caller: &Caller) -> Result<(), Problem> {
    caller.require_all_digests("feeds belong to no digest")
}

async fn find(caller: &Caller, name: &str) -> Result<FeedDetails, Problem> {
    let config = newest_config(caller).await?;
    let feed = config.feeds.iter().find(|feed| feed.name == name);
    let feed = feed.ok_or_else(|| Problem::not_found(format!("there is no feed {name:?}")))?;
    let listed = Feed::new(SiteUrls(&config.site.base_url), feed);
    Ok(FeedDetails { listed, settings: definitions::settings(caller, KIND, name).await? })
}
