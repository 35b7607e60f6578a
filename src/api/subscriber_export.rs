//! `/api/v1/subscribers.csv`: the export of subscribers, sent while it is read.

use serde::Deserialize;
use utoipa_axum::routes;

use super::caller::Caller;
use super::input::QueryParams;
use super::operations::Operations;
use super::output::ApiResult;
use super::subscriptions::find_digests;
use crate::domain::filter::{self, Condition};
use crate::domain::permission::Permission;
use crate::http::{Problem, csv_download};
use crate::subscribers::export::SubscriberExport;

/// Adds the operation of this file.
pub(super) fn add_operations(operations: Operations) -> Operations {
    operations.add(Permission::WriteSubscribers, routes!(export_subscribers))
}

/// Choice of the subscribers to export.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ExportFilter {
    /// Export only subscribers that this filter selects (docs/subscribers.md)
    #[serde(rename = "where")]
    #[param(rename = "where")]
    filter: Option<String>,
    /// Export only subscriptions to this digest
    digest: Option<String>,
}

/// Exports subscribers as CSV, which an import reads back.
#[utoipa::path(
    get, path = "/api/v1/subscribers.csv", tag = "subscribers", params(ExportFilter),
    responses(
        (status = 200, description = "One line per subscription", content_type = "text/csv", body = String),
        (status = 422, description = "The digest does not exist."),
    )
)]
async fn export_subscribers(
    caller: Caller,
    QueryParams(query): QueryParams<ExportFilter>,
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
