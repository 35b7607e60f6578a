//! `/api/v1/exports`: subscribers, suppressions and the deliveries of an edition as CSV, sent while they are
//! read.

use serde::Deserialize;
use utoipa_axum::routes;

use super::caller::Caller;
use super::editions::find_visible;
use super::input::QueryParams;
use super::operations::Operations;
use super::output::ApiResult;
use super::subscriptions::find_digests;
use super::suppressions;
use crate::delivery::{DeliveryExport, DeliverySelection};
use crate::domain::delivery::DeliveryState;
use crate::domain::filter::{self, Condition};
use crate::domain::permission::Permission;
use crate::http::{Problem, csv_download};
use crate::subscribers::export::SubscriberExport;
use crate::subscribers::suppression_export::SuppressionExport;

/// Adds the operations of this file.
pub(super) fn add_operations(operations: Operations) -> Operations {
    operations
        .add(Permission::WriteSubscribers, routes!(export_subscribers))
        .add(Permission::WriteSubscribers, routes!(export_suppressions))
        .add(Permission::WriteSubscribers, routes!(export_deliveries))
}

/// Choice of the subscribers to export.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct SubscriberChoice {
    /// Export only subscribers that this filter selects (docs/subscribers.md)
    #[serde(rename = "where")]
    #[param(rename = "where")]
    filter: Option<String>,
    /// Export only subscriptions to this digest
    digest: Option<String>,
}

/// Exports subscribers as CSV, which an import reads back.
#[utoipa::path(
    get, path = "/api/v1/exports/subscribers", tag = "exports", params(SubscriberChoice),
    responses(
        (status = 200, description = "One line per subscription", content_type = "text/csv", body = String),
        (status = 422, description = "The digest does not exist."),
    )
)]
async fn export_subscribers(
    caller: Caller,
    QueryParams(query): QueryParams<SubscriberChoice>,
) -> ApiResult {
    caller.require_all_digests("an export contains the subscriptions to all digests")?;
    if let Some(digest) = &query.digest {
        find_digests(&caller, std::slice::from_ref(digest), "/digest")?;
    }
    let Caller { app, actor, now } = caller;
    let condition = match &query.filter {
        None => Condition::All(Vec::new()),
        Some(text) => {
            let types = app.store.attributes().types().await?;
            let compiled = filter::compile(text, &app.config.filter_names(Some(types)));
            compiled.map_err(|reason| Problem::bad_request(format!("`where`: {reason}")))?
        }
    };
    let digest = query.digest.as_deref();
    let export = SubscriberExport::begin(&app.store, &condition, digest, &actor, now).await?;
    Ok(csv_download("subscribers.csv", b"", export))
}

/// Parameters of an export that has none.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NoChoice {}

/// Exports all suppressions as CSV, newest first.
///
/// An address is known only while a subscriber has it; otherwise its keyed hash identifies it.
#[utoipa::path(
    get, path = "/api/v1/exports/suppressions", tag = "exports",
    responses((status = 200, description = "One line per suppression", content_type = "text/csv", body = String))
)]
async fn export_suppressions(caller: Caller, _: QueryParams<NoChoice>) -> ApiResult {
    caller.require_all_digests(suppressions::REASON)?;
    let Caller { app, actor, now } = caller;
    let export = SuppressionExport::begin(&app.store, &actor, now).await?;
    Ok(csv_download("suppressions.csv", b"", export))
}

/// Choice of the deliveries to export.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct DeliveryChoice {
    /// Id of the edition
    edition: i64,
    /// Export only deliveries in this state, for example `failed`; `not_sent` means all that ended otherwise than
    /// sent, or wait after an attempt
    state: Option<String>,
}

/// Exports the deliveries of an edition as CSV with their recipients, oldest first.
#[utoipa::path(
    get, path = "/api/v1/exports/deliveries", tag = "exports", params(DeliveryChoice),
    responses(
        (status = 200, description = "One line per delivery", content_type = "text/csv", body = String),
        (status = 422, description = "The edition or the state does not exist."),
    )
)]
async fn export_deliveries(
    caller: Caller,
    QueryParams(query): QueryParams<DeliveryChoice>,
) -> ApiResult {
    let id = query.edition;
    let unknown = || Problem::invalid_field("/edition", format!("there is no edition {id}"));
    find_visible(&caller, id).await?.ok_or_else(unknown)?;
    let selection = match &query.state {
        None => DeliverySelection::All,
        Some(word) => word.parse().map_err(|_| unknown_state())?,
    };
    let Caller { app, actor, now } = caller;
    let export = DeliveryExport::begin(&app.store, id, selection, &actor, now).await?;
    Ok(csv_download(&format!("edition-{id}.csv"), b"", export))
}

fn unknown_state() -> Problem {
    let known = DeliveryState::ALL.map(DeliveryState::as_str).join(", ");
    Problem::invalid_field("/state", format!("use one of: {known}, not_sent"))
}
