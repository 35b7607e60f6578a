//! `/api/v1/segments`: the named filters over subscribers.

use utoipa_axum::routes;

use super::caller::Caller;
use super::definitions::newest_config;
use super::operations::Operations;
use super::output::ApiResult;
use super::paging::{ItemPage, ListQuery, NoFilter, PageParams};
use crate::domain::page::Page;
use crate::domain::permission::Permission;
use crate::http::Problem;
use crate::subscribers::segments::count_subscribers;
use crate::wire::segments::Segment;

/// Adds the operations of this file.
pub(super) fn add_operations(operations: Operations) -> Operations {
    operations.add(Permission::ReadSubscribers, routes!(list_segments))
}

/// Lists the segments with the numbers of their subscribers.
#[utoipa::path(
    get, path = "/api/v1/segments", tag = "segments", params(PageParams),
    responses(
        (status = 200, description = "Page of the segments", body = ItemPage<Segment>),
        (status = 409, description = "The filter of a segment is no longer valid."),
    )
)]
async fn list_segments(caller: Caller, list: ListQuery<NoFilter>) -> ApiResult {
    caller.require_all_digests("a segment can concern other digests")?;
    let config = newest_config(&caller).await?;
    let start: usize =
        list.page.key_or(0).map_err(|reason| Problem::bad_request(reason.to_string()))?;
    let mut documents = Vec::new();
    for segment in config.segments.iter().skip(start).take(list.page.rows_to_read()) {
        let subscribers = count_subscribers(&caller.app.store, &config, segment).await?;
        documents.push(Segment::new(segment, subscribers));
    }
    let end = start + list.page.limit;
    list.respond(Page::from_rows(documents, list.page.limit, |_| end), |document| document)
}
