//! `GET /admin/subscribers`: the list of people, searched and filtered by its address.

use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::access::{self, sees_all_digests};
use super::columns;
use super::filter_form::{Builder, FilterUse};
use super::selection::{Selection, filter_field};
use crate::domain::address::EmailAddress;
use crate::domain::permission::Permission;
use crate::store::subscriber_lists::SubscriberOrder;
use crate::templates::pages::SubscribersPage;
use crate::web::admin::nav::Section;
use crate::web::admin::visit::Visit;
use crate::web::error::WebResult;

/// Number of people from which a large list says only that it has at least as many.
const MAX_COUNT: i64 = 5_000;

/// Orders of the list by their words in addresses.
const ORDERS: [(&str, SubscriberOrder); 3] = [
    ("newest", SubscriberOrder::Newest),
    ("oldest", SubscriberOrder::Oldest),
    ("address", SubscriberOrder::Address),
];

/// `GET /admin/subscribers`: the list; a search for the address of a person leads to the person.
pub(super) async fn show(visit: Visit, headers: HeaderMap) -> WebResult<Response> {
    let selection = Selection::of_address(&visit);
    // The script searches while a person types, and stays on the list.
    let is_of_script =
        headers.get("sec-fetch-dest").is_some_and(|destination| destination == "empty");
    if !is_of_script && let Some(id) = exact_match(&visit, &selection).await? {
        let location = visit.url(&format!("/admin/subscribers/{id}"));
        return Ok((StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response());
    }
    let mut builder = Builder::of_address(&visit, FilterUse::List).await?;
    if sees_all_digests(&visit)
        && !is_of_script
        && let Some(filter) = builder.filter_with_test(&selection.filter)
    {
        return Ok(redirect(&visit, &filter));
    }
    let query = selection.query(&visit).await?;
    let choices = columns::choices(&visit).await?;
    let order = visit.param("sort").unwrap_or("newest").to_owned();
    let mut page = SubscribersPage {
        frame: visit.frame(Section::Subscribers, vec![visit.crumb(Section::Home)]),
        search: selection.search.clone(),
        filter: filter_field(&visit, &selection.filter, query.as_ref().err()),
        filter_form: builder.form(&visit, &visit.app().config).await?,
        has_filter: sees_all_digests(&visit),
        may_change: visit.may(Permission::WriteSubscribers),
        may_bulk: visit.may(Permission::WriteSubscribers) && sees_all_digests(&visit),
        export_url: visit.url(&format!("/admin/subscribers.csv{}", visit.query_with(&[]))),
        order: order.clone(),
        address_url: visit.query_with(&[("sort", Some("address"))]),
        since_url: visit
            .query_with(&[("sort", Some(if order == "newest" { "oldest" } else { "newest" }))]),
        ..SubscribersPage::default()
    };
    page.frame.command = Some(command(&selection));
    page.frame.call = Some("GET /api/v1/subscribers".to_owned());
    let subscribers = visit.app().store.subscribers();
    let is_large = subscribers.is_large_list().await?;
    page.chips = selection.status_chips(&visit, !is_large).await?;
    page.digest_chips = selection.digest_chips(&visit);
    let status = match query {
        Ok(mut query) => {
            let known = ORDERS.iter().find(|(word, _)| *word == order);
            query.order = known.map_or(SubscriberOrder::Newest, |(_, order)| *order);
            let store = &visit.app().store;
            page.total = match is_large {
                true => store.subscribers().count_up_to(&query, MAX_COUNT).await?,
                false => store.subscribers().count_matching(&query).await?,
            };
            page.has_more = is_large && page.total == MAX_COUNT;
            let people = store.subscribers().list_matching(&query, &visit.page_request()).await?;
            page.pager = visit.pager(&people);
            page.people = columns::rows(&visit, &people.items, &choices).await?;
            StatusCode::OK
        }
        Err(_) => StatusCode::UNPROCESSABLE_ENTITY,
    };
    page.is_filtered = !selection.search.is_empty() || !selection.filter.is_empty();
    page.columns = choices;
    visit.render_as(status, &page).await
}

/// Returns a redirect to the list with another filter.
fn redirect(visit: &Visit, filter: &str) -> Response {
    let query = visit.query_with(&[("where", Some(filter))]);
    let location = visit.url(&format!("/admin/subscribers{query}"));
    (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response()
}

/// Returns the person whose address is searched for, if the user may see them.
async fn exact_match(visit: &Visit, selection: &Selection) -> WebResult<Option<i64>> {
    let Ok(address) = EmailAddress::parse(&selection.search) else { return Ok(None) };
    let found = visit.app().store.subscribers().find_by_address(&address.key()).await?;
    let Some(found) = found else { return Ok(None) };
    Ok(access::find(visit, found.id).await.ok().map(|person| person.subscriber.id))
}

/// Returns the command that lists the same people.
fn command(selection: &Selection) -> String {
    let quoted = |text: &str| format!("'{}'", text.replace('\'', "'\\''"));
    let mut command = "courant subscribers list".to_owned();
    if !selection.filter.is_empty() {
        command += &format!(" --where {}", quoted(&selection.filter));
    }
    if !selection.search.is_empty() {
        command += &format!(" --search {}", quoted(&selection.search));
    }
    command
}
