//! `/api/v1/subscribers.csv`: the export of subscribers, sent while it is read.

use axum::body::Body;
use axum::http::header;
use axum::response::IntoResponse;
use futures_util::stream;
use serde::Deserialize;
use utoipa_axum::routes;

use super::caller::Caller;
use super::input::QueryParams;
use super::operations::Operations;
use super::output::ApiResult;
use super::subscriptions::find_digests;
use crate::domain::filter::{self, Condition};
use crate::domain::permission::Permission;
use crate::http::Problem;
use crate::subscribers::export::{Exporter, record_export};

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
    record_export(&app.store, &condition, digest, &actor, now).await?;
    let exporter = Exporter::new(&app.store, &condition, digest).await?;
    let pieces = stream::unfold(Some(exporter), async |state| {
        let mut exporter = state?;
        match exporter.next_piece().await {
            Ok(Some(piece)) => Some((Ok(piece), Some(exporter))),
            Ok(None) => None,
            Err(reason) => {
                // The connection is closed, so that the client notices that the file is incomplete.
                tracing::error!("cannot export subscribers: {reason:#}");
                Some((Err(std::io::Error::other("the export failed")), None))
            }
        }
    });
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"subscribers.csv\""),
        (header::CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, Body::from_stream(pieces)).into_response())
}
