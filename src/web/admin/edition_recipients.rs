//! Recipients of an edition: the list on its page, and their download.

use axum::extract::Path;
use axum::response::Response;

use super::visit::Visit;
use crate::delivery::{DeliveryExport, DeliverySelection};
use crate::domain::delivery::DeliveryState;
use crate::domain::edition::DeliveryCounts;
use crate::domain::page::Page;
use crate::domain::permission::Permission;
use crate::http::{BYTE_ORDER_MARK, csv_download};
use crate::store::edition_deliveries::EditionDelivery;
use crate::templates::pages::{EditionPage, RecipientRow};
use crate::web::error::{WebError, WebResult};

/// Adds the recipients in the state that the address names, and the filters by state.
pub(super) async fn add(
    visit: &Visit,
    counts: DeliveryCounts,
    page: &mut EditionPage,
) -> WebResult<()> {
    let state = chosen_state(visit);
    let (editions, request) = (visit.app().store.editions(), visit.page_request());
    let rows: Page<EditionDelivery> = match state {
        Some(state) => editions.deliveries_in(page.id, state, &request).await?,
        None => editions.deliveries(page.id, true, &request).await?,
    };
    let of_state = [
        ("sent", counts.sent),
        ("failed", counts.failed),
        ("bounced", counts.bounced),
        ("held", counts.held),
        ("sending", counts.sending),
        ("queued", counts.queued),
        ("cancelled", counts.cancelled),
    ];
    let all = visit.chip("state", None, visit.text("admin-all", &[]), Some(page.outcome.total));
    page.chips.push(all);
    for (word, count) in of_state.into_iter().filter(|(_, count)| *count > 0) {
        let text = visit.text(&format!("state-{word}"), &[]);
        page.chips.push(visit.chip("state", Some(word), text, Some(count)));
    }
    if visit.may(Permission::WriteSubscribers) {
        let path = format!("/admin/editions/{}/recipients.csv{}", page.id, state_query(state));
        page.export_url = Some(visit.url(&path));
    }
    page.pager = visit.pager(&rows);
    page.recipients = rows.items.into_iter().map(|row| recipient(visit, row)).collect();
    Ok(())
}

fn recipient(visit: &Visit, delivery: EditionDelivery) -> RecipientRow {
    RecipientRow {
        email: delivery.address,
        name: delivery.name.unwrap_or_default(),
        state: delivery.state.as_str().to_owned(),
        attempts: delivery.attempts,
        answer: visit.answer(delivery.last_reply),
        ended: delivery.ended_at.map(|at| visit.time(at)),
    }
}

/// Returns the state by which the address filters the recipients.
fn chosen_state(visit: &Visit) -> Option<DeliveryState> {
    visit.param("state").and_then(|word| word.parse().ok())
}

fn state_query(state: Option<DeliveryState>) -> String {
    state.map(|state| format!("?state={}", state.as_str())).unwrap_or_default()
}

/// `GET /admin/editions/ID/recipients.csv`: the recipients that the page lists, or with
/// `state=not_sent` those to whom it was not sent, with the replies.
pub(super) async fn download(visit: Visit, Path(id): Path<i64>) -> WebResult<Response> {
    let edition = visit.find_edition(id).await?;
    let (selection, name) = match visit.param("state") {
        None => (DeliverySelection::All, format!("edition-{id}.csv")),
        // An unknown word must not export everybody.
        Some(word) => {
            let selection = word.parse().map_err(|_| WebError::not_found())?;
            (selection, format!("edition-{id}-{word}.csv"))
        }
    };
    let (store, actor, now) = (&visit.app().store, &visit.actor, visit.now);
    let export = DeliveryExport::begin(store, edition.id, selection, actor, now).await?;
    Ok(csv_download(&name, BYTE_ORDER_MARK, export))
}
