//! Downloads of subscribers as CSV, sent while they are read and recorded in the audit log.

use axum::body::Body;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures_util::{StreamExt as _, stream};

use super::access::require_all_digests;
use super::selection::Selection;
use crate::domain::filter::Condition;
use crate::subscribers::export::{Exporter, record_export};
use crate::web::admin::visit::Visit;
use crate::web::error::{WebError, WebResult};

/// Start of a file from which Excel recognizes that it is UTF-8.
pub(super) const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// `GET /admin/subscribers.csv`: the people that the address of the list selects.
pub(super) async fn filtered(visit: Visit) -> WebResult<Response> {
    require_all_digests(&visit)?;
    let condition = Selection::of_address(&visit).whole_condition(&visit).await?;
    export(&visit, &condition.map_err(|_| WebError::bad_request())?).await
}

/// Returns the response with the people who fulfil a condition.
pub(super) async fn export(visit: &Visit, condition: &Condition) -> WebResult<Response> {
    let app = visit.app();
    record_export(&app.store, condition, None, &visit.actor, visit.now).await?;
    let exporter = Exporter::new(&app.store, condition, None).await?;
    let start = stream::iter([Ok(BYTE_ORDER_MARK.to_vec())]);
    let pieces = stream::unfold(Some(exporter), async |state| {
        let mut exporter = state?;
        match exporter.next_piece().await {
            Ok(Some(piece)) => Some((Ok(piece), Some(exporter))),
            Ok(None) => None,
            Err(reason) => {
                // The connection is closed, so that the browser notices that the file is incomplete.
                tracing::error!("cannot export subscribers: {reason:#}");
                Some((Err(std::io::Error::other("the export failed")), None))
            }
        }
    });
    let name = format!("subscribers-{}.csv", visit.zone.to_datetime(visit.now.timestamp()).date());
    Ok((csv_headers(&name), Body::from_stream(start.chain(pieces))).into_response())
}

/// Returns the headers of a CSV file to download.
pub(super) fn csv_headers(name: &str) -> [(header::HeaderName, String); 3] {
    [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ]
}
