//! `/api/v1/digests`: the digests with their next dates.

use utoipa_axum::routes;

use super::caller::Caller;
use super::definitions::newest_config;
use super::operations::Operations;
use super::output::ApiResult;
use super::paging::{ItemPage, ListQuery, NoFilter, PageParams};
use crate::domain::page::Page;
use crate::domain::permission::Permission;
use crate::domain::schedule::next_date;
use crate::http::Problem;
use crate::wire::digests::Digest;

/// Adds the operations of this file.
pub(super) fn add_operations(operations: Operations) -> Operations {
    operations.add(Permission::ReadContent, routes!(list_digests))
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

/// Returns the problem of a digest that does not exist, or that the actor may not see.
pub(super) fn unknown_digest(name: &str) -> Problem {
    Problem::not_found(format!("there is no digest {name:?}"))
}
