//! `/api/v1/digests`: the digests with their next dates.

use axum::http::StatusCode;
use utoipa_axum::routes;

use super::caller::Caller;
use super::definitions::newest_config;
use super::input::PathParams;
use super::operations::Operations;
use super::output::{ApiResult, json};
use super::paging::{ItemPage, ListQuery, NoFilter, PageParams};
use crate::config;
use crate::digests;
use crate::domain::page::Page;
use crate::domain::permission::Permission;
use crate::domain::schedule::next_date;
use crate::http::Problem;
use crate::wire::digests::{Digest, UpcomingEditions};

/// Adds the operations of this file.
pub(super) fn add_operations(operations: Operations) -> Operations {
    operations
        .add(Permission::ReadContent, routes!(list_digests))
        .add(Permission::ReadContent, routes!(show_upcoming_editions))
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

/// Shows the next dates of a digest, and what its next edition would contain.
#[utoipa::path(
    get, path = "/api/v1/digests/{name}/next", tag = "digests",
    params(("name" = String, Path, description = "Name of the digest")),
    responses(
        (status = 200, description = "The next dates and the next edition", body = UpcomingEditions),
        (status = 409, description = "The template fails."),
    )
)]
async fn show_upcoming_editions(caller: Caller, PathParams(name): PathParams<String>) -> ApiResult {
    let mut app = caller.app.clone();
    app.config = newest_config(&caller).await?;
    let visible =
        |digest: &&config::Digest| digest.name == name && caller.actor.digests().contains(&name);
    let digest = app.config.digests.iter().find(visible).ok_or_else(|| unknown_digest(&name))?;
    let upcoming = digests::upcoming(app.digest_context(), digest, caller.now).await?;
    json(StatusCode::OK, &UpcomingEditions::new(digest, &upcoming))
}

/// Returns the problem of a digest that does not exist, or that the actor may not see.
pub(super) fn unknown_digest(name: &str) -> Problem {
    Problem::not_found(format!("there is no digest {name:?}"))
}
