//! Downloads of CSV files, which are sent while they are read.

use axum::body::Body;
use axum::http::header::{self, HeaderName};
use axum::response::{IntoResponse, Response};
use futures_util::{StreamExt as _, stream};

use crate::fs::CsvExport;

/// Start of a file from which Excel recognizes that it is UTF-8.
pub(crate) const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// Returns the response with the file of an export; `start` precedes its lines.
pub(crate) fn csv_download(
    name: &str,
    start: &'static [u8],
    export: impl CsvExport + 'static,
) -> Response {
    let start = (!start.is_empty()).then(|| Ok(start.to_vec()));
    let pieces = stream::unfold(Some(export), async |state| {
        let mut export = state?;
        match export.next_piece().await {
            Ok(Some(piece)) => Some((Ok(piece), Some(export))),
            Ok(None) => None,
            Err(reason) => {
                // The connection is closed, so that the client notices that the file is incomplete.
                tracing::error!("cannot export a CSV file: {reason:#}");
                Some((Err(std::io::Error::other("the export failed")), None))
            }
        }
    });
    let body = Body::from_stream(stream::iter(start).chain(pieces));
    (csv_headers(name), body).into_response()
}

/// Returns the headers of a CSV file to download.
pub(crate) fn csv_headers(name: &str) -> [(HeaderName, String); 3] {
    [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ]
}
