//! Changes of many people at once: a page that names the change and the number of people, then the start
//! of the bulk job.

use axum::http::StatusCode;
use axum::response::Response;

use super::access::require_all_digests;
use super::download;
use super::person::fields_of;
use super::requests::{self, FieldError, RequestForm};
use super::selection::Selection;
use crate::domain::bulk::BulkAction;
use crate::domain::filter::{Condition, TextField as ConditionField, TextTest, quoted};
use crate::domain::fold::fold;
use crate::domain::tag;
use crate::store::subscriber_lists::SubscriberQuery;
use crate::subscribers::bulk::{self, BulkContext};
use crate::templates::pages::{BulkPage, TextField};
use crate::web::admin::nav::Section;
use crate::web::admin::visit::Visit;
use crate::web::error::{WebError, WebResult};
use crate::web::form::Form;

/// Words for the changes, in forms and catalog keys.
const ACTIONS: [&str; 5] = ["tag", "untag", "subscribe", "unsubscribe", "erase"];
/// Largest number of people that one form may choose.
const MAX_CHOSEN: usize = 1_000;
/// Number of people above which the user types it.
const TYPED_ABOVE: i64 = 1_000;
/// Number of addresses that the page shows.
const SHOWN_ADDRESSES: usize = 8;

/// People whom a form chose: by their boxes, or all of the list.
struct Target {
    chosen: Vec<String>,
    is_all: bool,
    selection: Selection,
    condition: Condition,
    /// Filter that selects them, for the command line.
    filter: String,
    /// Number of the people now.
    count: i64,
}

impl Target {
    async fn read(visit: &Visit, form: &Form) -> WebResult<Self> {
        let selection = Selection {
            search: form.first("q").to_owned(),
            filter: form.first("where").to_owned(),
        };
        let is_all = !form.first("all").is_empty();
        let chosen = if is_all { Vec::new() } else { form.all("chosen") };
        if chosen.len() > MAX_CHOSEN {
            return Err(WebError::bad_request());
        }
        let (condition, filter) = match is_all {
            true => {
                let condition = selection.whole_condition(visit).await?;
                (condition.map_err(|_| WebError::bad_request())?, selection.as_filter())
            }
            false => chosen_people(visit, &chosen).await?,
        };
        let query = SubscriberQuery::of(condition.clone());
        let count = visit.app().store.subscribers().count_matching(&query).await?;
        Ok(Self { chosen, is_all, selection, condition, filter, count })
    }
}

/// Returns the condition and the filter that select people by their ids.
async fn chosen_people(visit: &Visit, ids: &[String]) -> WebResult<(Condition, String)> {
    let mut addresses = Vec::new();
    for id in ids {
        let id: i64 = id.parse().map_err(|_| WebError::bad_request())?;
        if let Some(person) = visit.app().store.subscribers().find(id).await? {
            addresses.push(person.address.to_ascii_lowercase());
        }
    }
    let texts: Vec<String> = addresses.iter().map(|address| quoted(address)).collect();
    let among = TextTest::Among(addresses.iter().map(|address| fold(address)).collect());
    let condition = Condition::Text(ConditionField::Address, among);
    Ok((condition, format!("address in ({})", texts.join(", "))))
}

/// `POST /admin/subscribers/bulk`: the page that asks for what the change needs; it changes nothing.
pub(super) async fn prepare(visit: Visit, form: Form) -> WebResult<Response> {
    require_all_digests(&visit)?;
    let action = form.first("action");
    let target = Target::read(&visit, &form).await?;
    if target.count == 0 {
        let query = visit.list_query(&target.selection);
        return Ok(visit.refused(&format!("/admin/subscribers{query}"), "bulk-nobody"));
    }
    if action == "export" {
        return download::export(&visit, &target.condition).await;
    }
    let wanted = BulkForm { action: known(action)?, ..BulkForm::default() };
    render(&visit, StatusCode::OK, &target, wanted, None).await
}

fn known(action: &str) -> WebResult<&'static str> {
    let found = ACTIONS.iter().find(|known| **known == action).copied();
    found.ok_or_else(WebError::bad_request)
}

/// Change as the form describes it.
#[derive(Debug, Clone, Default)]
struct BulkForm {
    action: &'static str,
    tag: String,
    reason: String,
    typed: String,
    request: RequestForm,
}

impl BulkForm {
    /// Returns the change, or the field that is not valid.
    fn action(&self, visit: &Visit) -> WebResult<Result<BulkAction, FieldError>> {
        let error = |field, key: &str| Ok(Err((field, visit.text(key, &[]))));
        let digest = self.request.digests.first().cloned();
        Ok(Ok(match (self.action, digest) {
            ("tag" | "untag", _) => match tag::normalize(&self.tag) {
                Ok(tag) if self.action == "tag" => BulkAction::Tag(tag),
                Ok(tag) => BulkAction::Untag(tag),
                Err(_) => return error("tag", "people-error-tag"),
            },
            ("erase", _) => BulkAction::Erase,
            (_, None) => return error("digest", "people-error-digest"),
            ("subscribe", Some(digest)) => {
                requests::find_digests(visit, std::slice::from_ref(&digest))?;
                let consent = self.request.consent.clone();
                if consent.is_empty() {
                    return error("consent", "people-error-consent");
                }
                BulkAction::Subscribe { digest, consent }
            }
            (_, Some(digest)) => {
                requests::find_digests(visit, std::slice::from_ref(&digest))?;
                let reason = match self.reason.as_str() {
                    "" => "no reason given".to_owned(),
                    reason => reason.to_owned(),
                };
                BulkAction::Unsubscribe { digest, reason }
            }
        }))
    }
}

/// `POST /admin/subscribers/bulk/start`: starts the bulk job.
pub(super) async fn start(visit: Visit, form: Form) -> WebResult<Response> {
    require_all_digests(&visit)?;
    let target = Target::read(&visit, &form).await?;
    let field = |name: &str| form.first(name).to_owned();
    let wanted = BulkForm {
        action: known(form.first("action"))?,
        tag: field("tag"),
        reason: field("reason"),
        typed: field("typed"),
        request: RequestForm::read(&form),
    };
    let action = match wanted.action(&visit)? {
        Ok(action) => action,
        Err(error) => {
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            return render(&visit, status, &target, wanted, Some(error)).await;
        }
    };
    if let Some(error) = unconfirmed(&visit, &form, &target, &wanted) {
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        return render(&visit, status, &target, wanted, Some(error)).await;
    }
    let (app, actor) = (visit.app(), &visit.actor);
    let secret = &app.store_identity.secret;
    let context = BulkContext { store: &app.store, config: &app.config, secret, actor };
    let job = bulk::start(context, &action, &target.condition, visit.now).await?;
    visit.app().perform_bulk_operation(visit.actor.clone(), job.id);
    Ok(visit.done(&format!("/admin/subscribers/jobs/{}", job.id), "bulk-started"))
}

/// Returns the error if the number of people is not the one that the user saw, or is not confirmed.
fn unconfirmed(
    visit: &Visit,
    form: &Form,
    target: &Target,
    wanted: &BulkForm,
) -> Option<FieldError> {
    let error =
        |field, key: &str| Some((field, visit.text(key, &[("count", target.count.into())])));
    if form.first("count") != target.count.to_string() {
        return error("count", "people-error-count");
    }
    let typed: String = wanted.typed.chars().filter(char::is_ascii_digit).collect();
    if target.count > TYPED_ABOVE && typed != target.count.to_string() {
        return error("typed", "people-error-typed");
    }
    if wanted.action == "erase" && form.first("sure").is_empty() {
        return error("sure", "people-error-sure");
    }
    None
}

async fn render(
    visit: &Visit,
    status: StatusCode,
    target: &Target,
    wanted: BulkForm,
    error: Option<FieldError>,
) -> WebResult<Response> {
    let crumbs = vec![visit.crumb(Section::Home), visit.crumb(Section::Subscribers)];
    let mut frame = visit.frame(Section::Subscribers, crumbs);
    let action = wanted.action;
    let filter = target.filter.replace('\'', "'\\''");
    frame.command = Some(format!("courant subscribers bulk {action} --where '{filter}'"));
    frame.call = Some("POST /api/v1/bulk-operations".to_owned());
    let query = SubscriberQuery::of(target.condition.clone());
    let page = crate::domain::page::PageRequest::first(SHOWN_ADDRESSES);
    let shown = visit.app().store.subscribers().list_matching(&query, &page).await?;
    let error_of = |name: &str| {
        error.as_ref().filter(|(field, _)| *field == name).map(|(_, text)| text.clone())
    };
    let field = |name: &str, value: &str| TextField {
        value: value.to_owned(),
        error: error_of(name),
        stored: None,
    };
    let request = {
        let (name, text) = error.clone().unwrap_or_default();
        let mut fields = fields_of(visit, Some((wanted.request.clone(), name, text)));
        fields.error = None;
        fields
    };
    let text = |key: &str| {
        visit.text(&format!("people-bulk-{key}-{action}"), &[("count", target.count.into())])
    };
    let page = BulkPage {
        frame,
        action: action.to_owned(),
        title: text("title"),
        button: text("button"),
        hint: visit.text(&format!("people-bulk-hint-{action}"), &[]),
        count: target.count,
        more: target.count - i64::try_from(shown.items.len()).unwrap_or(target.count),
        addresses: shown.items.into_iter().map(|person| person.address).collect(),
        chosen: target.chosen.clone(),
        is_all: target.is_all,
        search: target.selection.search.clone(),
        filter: target.selection.filter.clone(),
        tag: field("tag", &wanted.tag),
        reason: field("reason", &wanted.reason),
        request,
        is_typed: target.count > TYPED_ABOVE,
        typed: field("typed", &wanted.typed),
        sure_error: error_of("sure"),
        count_error: error_of("count"),
        back_url: visit.url(&format!("/admin/subscribers{}", visit.list_query(&target.selection))),
    };
    visit.render_as(status, &page).await
}
