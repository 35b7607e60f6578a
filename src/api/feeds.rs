//! `/api/v1/feeds`: the declared feeds.

use utoipa_axum::routes;

use super::caller::Caller;
use super::definitions::newest_config;
use super::operations::Operations;
use super::output::ApiResult;
use super::paging::{ItemPage, ListQuery, NoFilter, PageParams};
use crate::domain::permission::Permission;
use crate::domain::site_urls::SiteUrls;
use crate::wire::feeds::Feed;

/// Adds the operations of this file.
pub(super) fn add_operations(operations: Operations) -> Operations {
    operations.add(Permission::ReadContent, routes!(list_feeds))
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
