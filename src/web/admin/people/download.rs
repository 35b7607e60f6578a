//! Downloads of subscribers as CSV, sent while they are read and recorded in the audit log.

use axum::response::Response;

use super::access::require_all_digests;
use super::selection::Selection;
use crate::domain::filter::Condition;
use crate::http::csv_download;
use crate::subscribers::export::SubscriberExport;
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
    let (store, actor, now) = (&visit.app().store, &visit.actor, visit.now);
    let export = SubscriberExport::begin(store, condition, None, actor, now).await?;
    let name = format!("subscribers-{}.csv", visit.zone.to_datetime(now.timestamp()).date());
    Ok(csv_download(&name, BYTE_ORDER_MARK, export))
}
