//! `/api/v1/webhooks`: the webhooks with their states.

use utoipa_axum::routes;

use super::caller::Caller;
use super::definitions::newest_config;
use super::operations::Operations;
use super::output::ApiResult;
use super::paging::{ItemPage, ListQuery, NoFilter, PageParams};
use crate::domain::permission::Permission;
use crate::wire::webhooks::Webhook;

/// Adds the operations of this file.
pub(super) fn add_operations(operations: Operations) -> Operations {
    operations.add(Permission::ManageSettings, routes!(list_webhooks))
}

/// Lists the webhooks with their states and waiting events.
#[utoipa::path(
    get, path = "/api/v1/webhooks", tag = "webhooks", params(PageParams),
    responses((status = 200, description = "Page of the webhooks", body = ItemPage<Webhook>))
)]
async fn list_webhooks(caller: Caller, list: ListQuery<NoFilter>) -> ApiResult {
    let config = newest_config(&caller).await?;
    let store = caller.app.store.webhooks();
    let (states, pending) = (store.states().await?, store.pending().await?);
    list.respond_from(config.webhooks.iter(), |webhook| {
        let state = states.iter().find(|state| state.name == webhook.name);
        let waiting = pending.iter().find(|(name, _)| *name == webhook.name).map_or(0, |(_, n)| *n);
        Webhook::new(webhook, state, waiting)
    })
}
