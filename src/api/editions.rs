//! `/api/v1/editions`: editions with their articles, deliveries and those left out, and the commands on one.

use axum::http::{HeaderMap, StatusCode};
use serde::Deserialize;
use utoipa_axum::routes;

use super::caller::Caller;
use super::input::{PathParams, QueryParams};
use super::operations::Operations;
use super::output::{ApiResult, check_if_match, json, resource};
use super::paging::{ItemPage, ListQuery, NoFilter, PageParams};
use crate::delivery;
use crate::digests;
use crate::domain::address::EmailAddress;
use crate::domain::delivery::DeliveryState;
use crate::domain::edition::EditionCommand;
use crate::domain::permission::Permission;
use crate::http::Problem;
use crate::store::editions;
use crate::wire::articles::ArticleTitle;
use crate::wire::editions::{
    Edition, EditionArticles, EditionDelivery, EditionReception, NotAddressedSubscribers,
};

/// Adds the operations of this file.
pub(super) fn add_operations(operations: Operations) -> Operations {
    operations
        .add(Permission::ReadContent, routes!(list_editions))
        .add(Permission::ReadContent, routes!(show_edition))
        .add(Permission::ReadSubscribers, routes!(list_deliveries))
        .add(Permission::ReadSubscribers, routes!(show_reception))
        .add(Permission::ControlEditions, routes!(pause_edition))
        .add(Permission::ControlEditions, routes!(resume_edition))
        .add(Permission::ControlEditions, routes!(cancel_edition))
        .add(Permission::ControlEditions, routes!(retry_edition))
}

/// Lists editions, newest first.
#[utoipa::path(
    get, path = "/api/v1/editions", tag = "editions", params(PageParams),
    responses((status = 200, description = "Page of the editions", body = ItemPage<Edition>))
)]
async fn list_editions(caller: Caller, list: ListQuery<NoFilter>) -> ApiResult {
    let store = &caller.app.store;
    let digests = caller.actor.digests().names();
    let page = store.editions().list_of(digests.as_deref(), &list.page).await?;
    let ids: Vec<i64> = page.items.iter().map(|edition| edition.id).collect();
    let counts = store.editions().counts_of_all(&ids).await?;
    list.respond(page, |edition| {
        Edition::new(&edition, counts.get(&edition.id).copied().unwrap_or_default())
    })
}

/// Shows an edition with its articles and the numbers of subscribers whom it does not address.
#[utoipa::path(
    get, path = "/api/v1/editions/{id}", tag = "editions",
    params(("id" = i64, Path, description = "Id of the edition")),
    responses((status = 200, description = "The edition", body = EditionArticles))
)]
async fn show_edition(
    caller: Caller,
    headers: HeaderMap,
    PathParams(id): PathParams<i64>,
) -> ApiResult {
    let edition = find(&caller, id).await?;
    resource(&headers, &contents(&caller, &edition).await?)
}

/// Parameters of the question about one address.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ReceptionQuery {
    /// E-mail address of the person
    email: String,
}

/// Shows why an address got an edition or did not.
#[utoipa::path(
    get, path = "/api/v1/editions/{id}/reception", tag = "editions",
    params(("id" = i64, Path, description = "Id of the edition"), ReceptionQuery),
    responses((status = 200, description = "The delivery, or the reason why there is none", body = EditionReception))
)]
async fn show_reception(
    caller: Caller,
    PathParams(id): PathParams<i64>,
    QueryParams(query): QueryParams<ReceptionQuery>,
) -> ApiResult {
    let edition = find(&caller, id).await?;
    let address = EmailAddress::parse(&query.email).map_err(Problem::bad_request)?;
    let store = &caller.app.store;
    let person = store.subscribers().find_by_address(&address.key()).await?;
    let reception = digests::reception(store, &edition, person.as_ref()).await?;
    json(StatusCode::OK, &EditionReception::new(id, &query.email, &reception))
}

/// Filter of the deliveries of an edition.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct DeliveryFilter {
    /// List only deliveries in this state, for example `failed`
    state: Option<String>,
}

/// Lists the deliveries of an edition with their recipients, oldest first.
#[utoipa::path(
    get, path = "/api/v1/editions/{id}/deliveries", tag = "editions",
    params(("id" = i64, Path, description = "Id of the edition"), PageParams, DeliveryFilter),
    responses((status = 200, description = "Page of the deliveries", body = ItemPage<EditionDelivery>))
)]
async fn list_deliveries(
    caller: Caller,
    PathParams(id): PathParams<i64>,
    list: ListQuery<DeliveryFilter>,
) -> ApiResult {
    find(&caller, id).await?;
    let state = list.filter.state.as_deref().map(str::parse::<DeliveryState>).transpose();
    let state = state.map_err(|_| Problem::bad_request("`state` is not a state of deliveries"))?;
    let editions = caller.app.store.editions();
    let page = match state {
        None => editions.deliveries(id, true, &list.page).await?,
        Some(state) => editions.deliveries_in(id, state, &list.page).await?,
    };
    list.respond(page, |delivery| EditionDelivery::from(&delivery))
}

/// Pauses the delivery of an edition.
#[utoipa::path(
    post, path = "/api/v1/editions/{id}/pause", tag = "editions",
    params(("id" = i64, Path, description = "Id of the edition")),
    responses(
        (status = 200, description = "The edition is paused", body = Edition),
        (status = 409, description = "The state of the edition does not allow it."),
        (status = 412, description = "`If-Match` names another version."),
    )
)]
async fn pause_edition(caller: Caller, headers: HeaderMap, id: PathParams<i64>) -> ApiResult {
    apply(&caller, &headers, id.0, EditionCommand::Pause).await
}

/// Resumes the delivery of a paused edition.
#[utoipa::path(
    post, path = "/api/v1/editions/{id}/resume", tag = "editions",
    params(("id" = i64, Path, description = "Id of the edition")),
    responses(
        (status = 200, description = "The edition is being sent", body = Edition),
        (status = 409, description = "The state of the edition does not allow it."),
        (status = 412, description = "`If-Match` names another version."),
    )
)]
async fn resume_edition(caller: Caller, headers: HeaderMap, id: PathParams<i64>) -> ApiResult {
    apply(&caller, &headers, id.0, EditionCommand::Resume).await
}

/// Cancels an edition; messages already sent stay sent.
#[utoipa::path(
    post, path = "/api/v1/editions/{id}/cancel", tag = "editions",
    params(("id" = i64, Path, description = "Id of the edition")),
    responses(
        (status = 200, description = "The edition is cancelled", body = Edition),
        (status = 409, description = "The state of the edition does not allow it."),
        (status = 412, description = "`If-Match` names another version."),
    )
)]
async fn cancel_edition(caller: Caller, headers: HeaderMap, id: PathParams<i64>) -> ApiResult {
    apply(&caller, &headers, id.0, EditionCommand::Cancel).await
}

/// Queues the failed and held deliveries of an edition again.
#[utoipa::path(
    post, path = "/api/v1/editions/{id}/retry", tag = "editions",
    params(("id" = i64, Path, description = "Id of the edition")),
    responses(
        (status = 200, description = "The deliveries are queued", body = Edition),
        (status = 409, description = "The state of the edition does not allow it, or nothing is to be retried."),
        (status = 412, description = "`If-Match` names another version."),
    )
)]
async fn retry_edition(caller: Caller, headers: HeaderMap, id: PathParams<i64>) -> ApiResult {
    apply(&caller, &headers, id.0, EditionCommand::Retry).await
}

async fn apply(
    caller: &Caller,
    headers: &HeaderMap,
    id: i64,
    command: EditionCommand,
) -> ApiResult {
    let edition = find(caller, id).await?;
    if headers.contains_key(axum::http::header::IF_MATCH) {
        check_if_match(headers, &contents(caller, &edition).await?)?;
    }
    let Caller { app, actor, now } = caller;
    delivery::run_edition_command(&app.store, id, command, actor, *now).await?;
    json(StatusCode::OK, &document(caller, &find(caller, id).await?).await?)
}

/// Returns an edition of a digest that the actor may see; 404 without one.
async fn find(caller: &Caller, id: i64) -> Result<editions::Edition, Problem> {
    let found = find_visible(caller, id).await?;
    found.ok_or_else(|| Problem::not_found(format!("there is no edition {id}")))
}

/// Returns an edition of a digest that the actor may see, if there is one.
pub(super) async fn find_visible(
    caller: &Caller,
    id: i64,
) -> Result<Option<editions::Edition>, Problem> {
    let found = caller.app.store.editions().find(id).await?;
    Ok(found.filter(|edition| caller.actor.digests().contains(&edition.digest)))
}

async fn contents(
    caller: &Caller,
    edition: &editions::Edition,
) -> Result<EditionArticles, Problem> {
    let listed = document(caller, edition).await?;
    let store = &caller.app.store;
    let articles = store.editions().articles(edition.id).await?;
    let audience = store.editions().frozen_audience(edition.id).await?;
    let not_addressed = audience.map(|audience| audience.not_addressed).unwrap_or_default();
    Ok(EditionArticles {
        listed,
        articles: articles.into_iter().map(|(id, title)| ArticleTitle { id, title }).collect(),
        not_addressed: NotAddressedSubscribers::list(&not_addressed),
    })
}

async fn document(caller: &Caller, edition: &editions::Edition) -> Result<Edition, Problem> {
    let counts = caller.app.store.editions().counts(edition.id).await?;
    Ok(Edition::new(edition, counts))
}
