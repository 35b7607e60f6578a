//! `/admin/suppressions`: addresses and domains that must not be mailed.

use axum::http::StatusCode;
use axum::response::Response;
use url::form_urlencoded::Serializer;

use super::access::require_all_digests;
use crate::domain::page::Page;
use crate::domain::permission::Permission;
use crate::domain::suppression_target::SuppressionTarget;
use crate::store::suppressions::{SUPPRESSION_REASONS, Suppression, domain_key, suppression_key};
use crate::subscribers;
use crate::templates::pages::{NewSuppressionPage, SuppressionRow, SuppressionsPage, TextField};
use crate::web::admin::nav::Section;
use crate::web::admin::visit::Visit;
use crate::web::error::WebResult;
use crate::web::form::Form;

/// Path of the list.
const PATH: &str = "/admin/suppressions";
/// Path of the form for another suppression.
const NEW: &str = "/admin/suppressions/new";

/// `GET /admin/suppressions`: all suppressions, or those of the address or domain `q`.
pub(super) async fn list(visit: Visit) -> WebResult<Response> {
    require_all_digests(&visit)?;
    let store = &visit.app().store;
    let search = visit.param("q").unwrap_or_default().to_owned();
    let target = SuppressionTarget::parse(&search).ok();
    let page = match (&target, search.is_empty()) {
        (_, true) => store.suppressions().list(&visit.page_request()).await?,
        (Some(target), _) => {
            let key = suppression_key(&visit.app().store_identity.secret, target);
            let keys = [key, domain_key(&target.to_string()).to_owned()];
            Page { items: store.suppressions().with_keys(&keys).await?, next: None }
        }
        (None, false) => Page { items: Vec::new(), next: None },
    };
    let mut frame = visit.frame(Section::Suppressions, vec![visit.crumb(Section::Home)]);
    frame.command = Some("courant suppressions list".to_owned());
    frame.call = Some("GET /api/v1/suppressions".to_owned());
    let pager = visit.pager(&page);
    let rows = page.items.into_iter().map(|one| row(&visit, target.as_ref(), one));
    let view = SuppressionsPage {
        frame,
        offer_url: target.as_ref().map(|target| {
            let query =
                Serializer::new(String::new()).append_pair("email", &target.to_string()).finish();
            visit.url(&format!("{NEW}?{query}"))
        }),
        search,
        may_change: visit.may(Permission::WriteSubscribers),
        suppressions: rows.collect(),
        pager,
    };
    visit.render(&view).await
}

/// Returns the row of a suppression; `searched` is the address if the user knows it.
fn row(visit: &Visit, searched: Option<&SuppressionTarget>, one: Suppression) -> SuppressionRow {
    let is_known = SUPPRESSION_REASONS.contains(&one.reason.as_str());
    let url = |address: &String| {
        let query = Serializer::new(String::new()).append_pair("q", address).finish();
        visit.url(&format!("/admin/subscribers?{query}"))
    };
    SuppressionRow {
        person_url: one.address.as_ref().filter(|_| !one.is_domain()).map(url),
        email: one.address.or_else(|| searched.map(ToString::to_string)),
        reason: match is_known {
            true => visit.text(&format!("people-suppression-{}", one.reason), &[]),
            false => one.reason,
        },
        since: visit.time(one.created_at),
        answer: one.reply.unwrap_or_default(),
        short_hash: one.hash.chars().take(8).collect(),
        hash: one.hash,
    }
}

/// `GET /admin/suppressions/new`: the form, with the address or domain in `email`.
pub(super) async fn new(visit: Visit) -> WebResult<Response> {
    require_all_digests(&visit)?;
    let value = visit.param("email").unwrap_or_default().to_owned();
    render_form(&visit, StatusCode::OK, TextField { value, ..TextField::default() }).await
}

async fn render_form(visit: &Visit, status: StatusCode, email: TextField) -> WebResult<Response> {
    let crumbs = vec![visit.crumb(Section::Home), visit.crumb(Section::Suppressions)];
    let mut frame = visit.frame(Section::Suppressions, crumbs);
    frame.command = Some("courant suppressions add ADDRESS".to_owned());
    frame.call = Some("POST /api/v1/suppressions".to_owned());
    visit.render_as(status, &NewSuppressionPage { frame, email }).await
}

/// `POST /admin/suppressions/new`: suppresses an address or a domain.
pub(super) async fn create(visit: Visit, form: Form) -> WebResult<Response> {
    require_all_digests(&visit)?;
    let value = form.first("email").to_owned();
    let Ok(target) = SuppressionTarget::parse(&value) else {
        let error = Some(visit.text("people-error-suppression", &[]));
        let email = TextField { value, error, stored: None };
        return render_form(&visit, StatusCode::UNPROCESSABLE_ENTITY, email).await;
    };
    let (store, secret) = (&visit.app().store, &visit.app().store_identity.secret);
    match subscribers::suppress(store, secret, &target, &visit.actor, visit.now).await? {
        true => Ok(visit.done(PATH, "suppression-added")),
        false => Ok(visit.refused(PATH, "suppression-known")),
    }
}

/// `POST /admin/suppressions/remove`: removes the suppression with a hash.
pub(super) async fn remove(visit: Visit, form: Form) -> WebResult<Response> {
    require_all_digests(&visit)?;
    let store = &visit.app().store;
    let (hash, actor, now) = (form.first("hash"), &visit.actor, visit.now);
    match subscribers::unsuppress_key(store, hash, actor, now).await? {
        true => Ok(visit.done(PATH, "suppression-removed")),
        false => Ok(visit.refused(PATH, "suppression-gone")),
    }
}
