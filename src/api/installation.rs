//! `/api/v1/config` and `/api/v1/hub-subscriptions`: the values in force, and the subscribers of the hub.

use serde::Deserialize;
use utoipa_axum::routes;

use super::caller::Caller;
use super::operations::Operations;
use super::output::ApiResult;
use super::paging::{ItemPage, ListQuery, NoFilter, PageParams};
use crate::config::explain;
use crate::domain::permission::Permission;
use crate::http::Problem;
use crate::wire::definitions::ConfigSetting;
use crate::wire::websub::HubSubscription;

/// Adds the operations of this file.
pub(super) fn add_operations(operations: Operations) -> Operations {
    operations
        .add(Permission::ManageSettings, routes!(list_settings))
        .add(Permission::ReadContent, routes!(list_hub_subscriptions))
}

/// Filter of the values of the configuration.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct SettingFilter {
    /// `true` also lists the defaults of keys that are not set
    #[serde(default)]
    effective: bool,
}

/// Lists the values of the configuration with their origins; secrets are hidden.
#[utoipa::path(
    get, path = "/api/v1/config", tag = "config", params(PageParams, SettingFilter),
    responses(
        (status = 200, description = "Page of the values", body = ItemPage<ConfigSetting>),
        (status = 409, description = "The config file is not valid at present."),
    )
)]
async fn list_settings(caller: Caller, list: ListQuery<SettingFilter>) -> ApiResult {
    let path = &caller.app.config.path;
    let text = tokio::fs::read_to_string(path)
        .await
        .map_err(|reason| Problem::conflict(format!("cannot read {}: {reason}", path.display())))?;
    let definitions = caller.app.store.definitions().current().await?;
    let env = std::env::vars_os()
        .filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?)));
    let settings = explain(path, &text, env, &definitions, list.filter.effective)
        .map_err(|reasons| Problem::conflict(reasons.to_string()))?;
    list.respond_from(settings.iter(), ConfigSetting::from)
}

/// Lists the subscriptions of the WebSub hub, newest first.
#[utoipa::path(
    get, path = "/api/v1/hub-subscriptions", tag = "feeds", params(PageParams),
    responses((status = 200, description = "Page of the subscriptions", body = ItemPage<HubSubscription>))
)]
async fn list_hub_subscriptions(caller: Caller, list: ListQuery<NoFilter>) -> ApiResult {
    let page = caller.app.store.hub().subscriptions(&list.page, caller.now).await?;
    list.respond(page, |subscription| HubSubscription::from(&subscription))
}
