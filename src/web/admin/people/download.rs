//! Downloads of subscribers and suppressions as CSV, sent while they are read and recorded in the audit log.

use axum::response::Response;

use super::access::require_all_digests;
use super::selection::Selection;
use crate::domain::filter::Condition;
use crate::http::{BYTE_ORDER_MARK, csv_download};
use crate::subscribers::export::SubscriberExport;
use crate::subscribers::suppression_export::SuppressionExport;
use crate::web::admin::visit::Visit;
use crate::web::error::{WebError, WebResult};

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

/// `GET /admin/suppressions.csv`: all suppressions, newest first.
pub(super) async fn suppressions(visit: Visit) -> WebResult<Response> {
    require_all_digests(&visit)?;
    let (store, actor, now) = (&visit.app().store, &visit.actor, visit.now);
    let export = SuppressionExport::begin(store, actor, now).await?;
    Ok(csv_download("suppressions.csv", BYTE_ORDER_MARK, export))
}
