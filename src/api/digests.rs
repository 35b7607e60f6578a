//! `/api/v1/digests`: the digests with their next dates.

use axum::http::StatusCode;
use utoipa_axum::routes;

use super::caller::Caller;
use super::definitions::newest_config;
use super::input::PathParams;
use super::operations::Operations;
use super::output::{ApiResult, json};
use super::paging::{ItemPage, ListQuery, NoFilter, PageParams};
use crate::config::{self, Config};
use crate::digests;
use crate::domain::page::Page;
use crate::domain::permission::Permission;
use crate::domain::time::Millis;
use crate::http::Problem;
use crate::wire::digests::{Digest, DigestPause, UpcomingEditions};

/// Adds the operations of this file.
pub(super) fn add_operations(operations: Operations) -> Operations {
    operations
        .add(Permission::ReadContent, routes!(list_digests))
        .add(Permission::ReadContent, routes!(show_upcoming_editions))
        .add(Permission::ControlEditions, routes!(pause_digest))
        .add(Permission::ControlEditions, routes!(resume_digest))
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
    let paused = caller.app.store.digests().paused().await?;
    for digest in visible.skip(start).take(list.page.rows_to_read()) {
        let counts = caller.app.store.subscriptions().counts(&digest.name).await?;
        let (counts, paused_since) = (counts.into_iter().collect(), paused.get(&digest.name));
        documents.push(Digest::new(digest, paused_since.copied(), counts, caller.now));
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
    let digest = find(&caller, &app.config, &name)?;
    let upcoming = digests::upcoming(app.digest_context(), digest, caller.now).await?;
    json(StatusCode::OK, &UpcomingEditions::new(digest, &upcoming))
}

/// Pauses a digest: it creates no editions, and those being sent are paused with it.
#[utoipa::path(
    post, path = "/api/v1/digests/{name}/pause", tag = "digests",
    params(("name" = String, Path, description = "Name of the digest")),
    responses(
        (status = 200, description = "The pause, with the editions paused", body = DigestPause),
        (status = 409, description = "The digest is paused already."),
    )
)]
async fn pause_digest(caller: Caller, PathParams(name): PathParams<String>) -> ApiResult {
    let config = newest_config(&caller).await?;
    find(&caller, &config, &name)?;
    let (store, actor, now) = (&caller.app.store, &caller.actor, caller.now);
    let editions = digests::pause_digest(store, &name, actor, now).await?;
    let editions = editions.ok_or_else(|| Problem::conflict("the digest is paused already"))?;
    pause_document(name, Some(now), editions)
}

/// Resumes a paused digest with the editions that were paused with it.
#[utoipa::path(
    post, path = "/api/v1/digests/{name}/resume", tag = "digests",
    params(("name" = String, Path, description = "Name of the digest")),
    responses(
        (status = 200, description = "The end of the pause, with the editions resumed", body = DigestPause),
        (status = 409, description = "The digest is not paused."),
    )
)]
async fn resume_digest(caller: Caller, PathParams(name): PathParams<String>) -> ApiResult {
    let config = newest_config(&caller).await?;
    find(&caller, &config, &name)?;
    let (store, actor, now) = (&caller.app.store, &caller.actor, caller.now);
    let editions = digests::resume_digest(store, &name, actor, now).await?;
    let editions = editions.ok_or_else(|| Problem::conflict("the digest is not paused"))?;
    pause_document(name, None, editions)
}

fn pause_document(digest: String, paused_since: Option<Millis>, editions: Vec<i64>) -> ApiResult {
    let paused_since = paused_since.map(|at| at.rfc3339());
    json(StatusCode::OK, &DigestPause { digest, paused_since, editions })
}

/// Returns a digest that the caller may see.
pub(super) fn find<'a>(
    caller: &Caller,
    config: &'a Config,
    name: &str,
) -> Result<&'a config::Digest, Problem> {
    let found = config.digests.iter().find(|digest| digest.name == name);
    found.filter(|_| caller.actor.digests().contains(name)).ok_or_else(|| unknown_digest(name))
}

/// Returns the problem of a digest that does not exist, or that the actor may not see.
pub(super) fn unknown_digest(name: &str) -> Problem {
    Problem::not_found(format!("there is no digest {name:?}"))
}
