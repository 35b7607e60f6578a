//! `/api/v1/bulk-operations`: changes of all subscribers that a filter selects.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::caller::{Caller, SharedApi};
use super::input::{JsonBody, PathParams};
use super::operations::Operations;
use super::output::{ApiResult, json, resource};
use super::paging::{ItemPage, ListQuery, NoFilter, PageParams};
use crate::app::App;
use crate::domain::actor::Actor;
use crate::domain::bulk::BulkAction;
use crate::domain::filter::{self, Condition};
use crate::domain::permission::Permission;
use crate::domain::tag;
use crate::http::Problem;
use crate::store::bulk_jobs::BulkJob;
use crate::store::subscriber_lists::SubscriberQuery;
use crate::subscribers::bulk::{self, BulkContext};
use crate::subscribers::find_digests;
use crate::wire::bulk::BulkOperation;
use crate::wire::subscribers::SubscriberCount;

/// Reason for which a token of some digests may neither see nor start bulk operations.
const REASON: &str = "a filter may concern other digests";

/// Adds the operations of this file.
pub(super) fn add_operations(operations: Operations) -> Operations {
    operations
        .add(Permission::ReadSubscribers, routes!(list_bulk_operations))
        .add(Permission::ReadSubscribers, routes!(show_bulk_operation))
        .add(Permission::WriteSubscribers, routes!(start_bulk_operation))
        .add(Permission::WriteSubscribers, routes!(resume_bulk_operation))
}

/// Lists the bulk operations with their progress, newest first.
#[utoipa::path(
    get, path = "/api/v1/bulk-operations", tag = "subscribers", params(PageParams),
    responses((status = 200, description = "Page of the operations", body = ItemPage<BulkOperation>))
)]
async fn list_bulk_operations(caller: Caller, list: ListQuery<NoFilter>) -> ApiResult {
    caller.require_all_digests(REASON)?;
    let page = caller.app.store.bulk_jobs().list(&list.page).await?;
    list.respond(page, |job| BulkOperation::from(&job))
}

/// Shows a bulk operation with its progress.
#[utoipa::path(
    get, path = "/api/v1/bulk-operations/{id}", tag = "subscribers",
    params(("id" = i64, Path, description = "Number of the operation")),
    responses((status = 200, description = "The operation", body = BulkOperation))
)]
async fn show_bulk_operation(
    caller: Caller,
    headers: HeaderMap,
    PathParams(id): PathParams<i64>,
) -> ApiResult {
    caller.require_all_digests(REASON)?;
    resource(&headers, &BulkOperation::from(&find(&caller, id).await?))
}

/// Kind of a change of each selected subscriber.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum BulkActionName {
    /// Adds `tag` to the subscribers.
    Tag,
    /// Removes `tag` from the subscribers.
    Untag,
    /// Begins confirmed subscriptions to `digest`; needs `consent`.
    Subscribe,
    /// Ends the subscriptions to `digest`.
    Unsubscribe,
    /// Erases the personal data; irrevocable.
    Erase,
}

/// Change of all subscribers that a filter selects.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct BulkRequest {
    /// Filter that selects the subscribers (docs/subscribers.md).
    #[serde(rename = "where")]
    filter: String,
    /// Change of each subscriber.
    action: BulkActionName,
    /// Tag to add or remove.
    tag: Option<String>,
    /// Name of the digest.
    digest: Option<String>,
    /// Evidence of the owners' consent.
    consent: Option<String>,
    /// Reason, which is stored with the ended subscriptions.
    reason: Option<String>,
    /// `true` counts the subscribers without changing them.
    #[serde(default)]
    dry_run: bool,
}

/// Starts a change of all subscribers that a filter selects now.
///
/// It is performed in the background; the operation shows its progress.
#[utoipa::path(
    post, path = "/api/v1/bulk-operations", tag = "subscribers", request_body = BulkRequest,
    responses(
        (status = 200, description = "The number of subscribers, with `dry_run`", body = SubscriberCount),
        (status = 202, description = "The operation", body = BulkOperation),
    )
)]
async fn start_bulk_operation(
    caller: Caller,
    State(api): State<SharedApi>,
    JsonBody(new): JsonBody<BulkRequest>,
) -> ApiResult {
    caller.require_all_digests(REASON)?;
    let action = action(&caller, &new)?;
    let condition = condition(&caller, &new.filter).await?;
    let Caller { app, actor, now } = &caller;
    if new.dry_run {
        let query = SubscriberQuery::of(condition);
        let subscribers = app.store.subscribers().count_matching(&query).await?;
        return json(StatusCode::OK, &SubscriberCount { subscribers });
    }
    let job = bulk::start(context(app, actor), &action, &condition, *now).await?;
    api.app.perform_bulk_operation(actor.clone(), job.id);
    json(StatusCode::ACCEPTED, &BulkOperation::from(&job))
}

/// Continues a bulk operation that was interrupted, in the background.
#[utoipa::path(
    post, path = "/api/v1/bulk-operations/{id}/resume", tag = "subscribers",
    params(("id" = i64, Path, description = "Number of the operation")),
    responses(
        (status = 202, description = "The operation", body = BulkOperation),
        (status = 409, description = "The operation is complete."),
    )
)]
async fn resume_bulk_operation(
    caller: Caller,
    State(api): State<SharedApi>,
    PathParams(id): PathParams<i64>,
) -> ApiResult {
    caller.require_all_digests(REASON)?;
    let job = find(&caller, id).await?;
    if job.finished_at.is_some() {
        return Err(Problem::conflict(format!("the bulk operation {id} is complete")));
    }
    api.app.perform_bulk_operation(caller.actor.clone(), id);
    json(StatusCode::ACCEPTED, &BulkOperation::from(&job))
}

async fn find(caller: &Caller, id: i64) -> Result<BulkJob, Problem> {
    let missing = || Problem::not_found(format!("there is no bulk operation {id}"));
    caller.app.store.bulk_jobs().find(id).await?.ok_or_else(missing)
}

/// Returns the action of a request; each kind needs its own fields.
fn action(caller: &Caller, new: &BulkRequest) -> Result<BulkAction, Problem> {
    let tag = || {
        let text = new.tag.as_deref().unwrap_or_default();
        tag::normalize(text).map_err(|reason| Problem::invalid_field("/tag", reason))
    };
    let digest = || {
        let name = new.digest.clone().unwrap_or_default();
        find_digests(&caller.app.config, std::slice::from_ref(&name))
            .map_err(|reason| Problem::invalid_field("/digest", reason))?;
        Ok::<String, Problem>(name)
    };
    let given = |text: &Option<String>| text.clone().filter(|text| !text.trim().is_empty());
    Ok(match new.action {
        BulkActionName::Tag => BulkAction::Tag(tag()?),
        BulkActionName::Untag => BulkAction::Untag(tag()?),
        BulkActionName::Subscribe => {
            let missing = || Problem::invalid_field("/consent", "state the evidence of consent");
            let consent = given(&new.consent).ok_or_else(missing)?;
            BulkAction::Subscribe { digest: digest()?, consent }
        }
        BulkActionName::Unsubscribe => {
            let reason = given(&new.reason).unwrap_or_else(|| "no reason given".to_owned());
            BulkAction::Unsubscribe { digest: digest()?, reason }
        }
        BulkActionName::Erase => BulkAction::Erase,
    })
}

async fn condition(caller: &Caller, text: &str) -> Result<Condition, Problem> {
    if text.trim().is_empty() {
        let reason = "the filter is empty; to select all subscribers, write 'address ~ \"@\"'";
        return Err(Problem::invalid_field("/where", reason));
    }
    let types = caller.app.store.attributes().types().await?;
    let names = caller.app.config.filter_names(Some(types));
    filter::compile(text, &names)
        .map_err(|reason| Problem::invalid_field("/where", reason.to_string()))
}

fn context<'a>(app: &'a App, actor: &'a Actor) -> BulkContext<'a> {
    let secret = &app.store_identity.secret;
    BulkContext { store: &app.store, config: &app.config, secret, actor }
}
