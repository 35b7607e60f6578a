//! `/api/v1/webhooks`: the webhooks with their states and attempts, and the commands on one.

use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::caller::Caller;
use super::definitions::newest_config;
use super::input::{JsonBody, PathParams};
use super::operations::Operations;
use super::output::{ApiResult, json};
use super::paging::{ItemPage, ListQuery, NoFilter, PageParams};
use crate::app::App;
use crate::clock;
use crate::config::settings;
use crate::domain::permission::Permission;
use crate::http::Problem;
use crate::webhooks::{event_id, parse_event_id, test_event_id};
use crate::wire::webhooks::{ReplayedEvent, TestedWebhook, Webhook, WebhookAttempt};

/// Adds the operations of this file.
pub(super) fn add_operations(operations: Operations) -> Operations {
    operations
        .add(Permission::ManageSettings, routes!(list_webhooks))
        .add(Permission::ManageSettings, routes!(list_webhook_attempts))
        .add(Permission::ManageSettings, routes!(replay_event))
        .add(Permission::ManageSettings, routes!(test_webhook))
        .add(Permission::ManageSettings, routes!(enable_webhook))
}

/// Lists the webhooks with their states and waiting events.
#[utoipa::path(
    get, path = "/api/v1/webhooks", tag = "webhooks", params(PageParams),
    responses((status = 200, description = "Page of the webhooks", body = ItemPage<Webhook>))
)]
async fn list_webhooks(caller: Caller, list: ListQuery<NoFilter>) -> ApiResult {
    let config = newest_config(&caller).await?;
    let documents = documents(&caller, &config.webhooks).await?;
    list.respond_from(documents.into_iter(), |document| document)
}

/// Lists the attempts to deliver events to a webhook, newest first.
#[utoipa::path(
    get, path = "/api/v1/webhooks/{name}/deliveries", tag = "webhooks",
    params(("name" = String, Path, description = "Name of the webhook"), PageParams),
    responses((status = 200, description = "Page of the attempts", body = ItemPage<WebhookAttempt>))
)]
async fn list_webhook_attempts(
    caller: Caller,
    PathParams(name): PathParams<String>,
    list: ListQuery<NoFilter>,
) -> ApiResult {
    let app = app_with(&caller).await?;
    find(&app, &name)?;
    let page = app.store.webhooks().attempts(&name, &list.page).await?;
    list.respond(page, |attempt| WebhookAttempt::from(&attempt))
}

/// Event to deliver again.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ReplayRequest {
    /// Id of the event, as in `webhook-id`: `evt_12`.
    event: String,
}

/// Delivers an event to a webhook again, with all retries; events are kept for 30 days.
#[utoipa::path(
    post, path = "/api/v1/webhooks/{name}/replay", tag = "webhooks", request_body = ReplayRequest,
    params(("name" = String, Path, description = "Name of the webhook")),
    responses(
        (status = 202, description = "The event is queued", body = ReplayedEvent),
        (status = 409, description = "The webhook is switched off."),
    )
)]
async fn replay_event(
    caller: Caller,
    PathParams(name): PathParams<String>,
    JsonBody(new): JsonBody<ReplayRequest>,
) -> ApiResult {
    let app = app_with(&caller).await?;
    let webhook = find(&app, &name)?;
    let id = parse_event_id(&new.event).ok_or_else(|| {
        Problem::invalid_field("/event", "not the id of an event; write for example evt_12")
    })?;
    if document(&caller, webhook).await?.disabled_at.is_some() {
        let reason = "the webhook is switched off; switch it on again, then repeat the event";
        return Err(Problem::conflict(reason));
    }
    if !app.store.webhooks().replay(&name, id, &caller.actor, caller.now).await? {
        let reason = format!("there is no event {}; events are kept for 30 days", event_id(id));
        return Err(Problem::invalid_field("/event", reason));
    }
    json(StatusCode::ACCEPTED, &ReplayedEvent { webhook: name, event: event_id(id) })
}

/// Sends a test event now; a webhook that accepts it is switched on again.
#[utoipa::path(
    post, path = "/api/v1/webhooks/{name}/test", tag = "webhooks",
    params(("name" = String, Path, description = "Name of the webhook")),
    responses(
        (status = 200, description = "The response of the receiver", body = TestedWebhook),
        (status = 409, description = "This database must not send."),
    )
)]
async fn test_webhook(caller: Caller, PathParams(name): PathParams<String>) -> ApiResult {
    let app = app_with(&caller).await?;
    let webhook = find(&app, &name)?;
    if let Some(reason) = app.send_block_reason() {
        return Err(Problem::conflict(reason));
    }
    let (sender, id) = (app.webhook_sender(), test_event_id(clock::random_bytes()));
    let outcome = sender.test(webhook, &id, &caller.actor, caller.now).await?;
    let (status, error) = (outcome.attempt.status, outcome.attempt.error);
    let accepted = outcome.is_accepted;
    json(StatusCode::OK, &TestedWebhook { webhook: name, accepted, status, error })
}

/// Switches a webhook on again; events that happened meanwhile are not sent.
#[utoipa::path(
    post, path = "/api/v1/webhooks/{name}/enable", tag = "webhooks",
    params(("name" = String, Path, description = "Name of the webhook")),
    responses(
        (status = 200, description = "The webhook is switched on", body = Webhook),
        (status = 409, description = "The webhook is not switched off."),
    )
)]
async fn enable_webhook(caller: Caller, PathParams(name): PathParams<String>) -> ApiResult {
    let app = app_with(&caller).await?;
    let webhook = find(&app, &name)?;
    if !app.store.webhooks().enable(&name, &caller.actor, caller.now).await? {
        return Err(Problem::conflict(format!("the webhook {name:?} is not switched off")));
    }
    json(StatusCode::OK, &document(&caller, webhook).await?)
}

/// Returns the parts of Courant with the newest configuration.
async fn app_with(caller: &Caller) -> Result<App, Problem> {
    let mut app = caller.app.clone();
    app.config = newest_config(caller).await?;
    Ok(app)
}

fn find<'a>(app: &'a App, name: &str) -> Result<&'a settings::Webhook, Problem> {
    let found = app.config.webhooks.iter().find(|webhook| webhook.name == name);
    found.ok_or_else(|| Problem::not_found(format!("there is no webhook {name:?}")))
}

async fn document(caller: &Caller, webhook: &settings::Webhook) -> Result<Webhook, Problem> {
    let mut documents = documents(caller, std::slice::from_ref(webhook)).await?;
    documents.pop().ok_or_else(|| Problem::not_found("there is no such webhook"))
}

async fn documents(
    caller: &Caller,
    webhooks: &[settings::Webhook],
) -> Result<Vec<Webhook>, Problem> {
    let store = caller.app.store.webhooks();
    let (states, pending) = (store.states().await?, store.pending().await?);
    let document = |webhook: &settings::Webhook| {
        let state = states.iter().find(|state| state.name == webhook.name);
        let waiting = pending.iter().find(|(name, _)| *name == webhook.name).map_or(0, |(_, n)| *n);
        Webhook::new(webhook, state, waiting)
    };
    Ok(webhooks.iter().map(document).collect())
}
