//! Forms on the page of a person: details, address, subscriptions, suppression and erasure.

use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::access::{self, VisibleSubscriber, require_all_digests};
use super::details::{Details, Errors, version_of};
use super::person::{Submitted, render};
use super::requests::{self, RequestForm};
use crate::domain::address::EmailAddress;
use crate::domain::audit::AuditObject;
use crate::domain::subscription::{RequestOrigin, SubscriptionStatus};
use crate::domain::suppression_target::SuppressionTarget;
use crate::store::subscribers::Subscription;
use crate::store::suppressions::address_hash;
use crate::subscribers::changes::{self, SubscriberEdit};
use crate::subscribers::{self, NewSubscriber};
use crate::web::admin::visit::Visit;
use crate::web::error::{WebError, WebResult};
use crate::web::form::Form;
use crate::wire::deliveries::DeliverySummary;
use crate::wire::subscribers::{EarlierState, Subscriber, SubscriberHistory};

/// Largest number of deliveries that the download of a person's data contains.
const ALL_DELIVERIES: i64 = 100_000;

/// Status of a page with a form that is not valid.
const REJECTED: StatusCode = StatusCode::UNPROCESSABLE_ENTITY;

fn path_of(person: &VisibleSubscriber) -> String {
    format!("/admin/subscribers/{}", person.subscriber.id)
}

/// `POST /admin/subscribers/ID/details`: stores the details.
pub(super) async fn save(visit: Visit, Path(id): Path<i64>, form: Form) -> WebResult<Response> {
    let person = access::find_whole(&visit, id).await?;
    let known = visit.app().store.attributes().list().await?;
    let details = Details::read(&form, &known);
    let is_outdated = form.first("version") != version_of(&person.subscriber);
    let edit = details.edit(&visit, &person.subscriber, &known);
    let reason = match edit {
        Ok(edit) if !is_outdated => match change(&visit, &person, &edit).await? {
            Ok(()) => return Ok(visit.done(&path_of(&person), "person-saved")),
            Err(reason) => [("name".to_owned(), reason)].into(),
        },
        Ok(_) => Errors::new(),
        Err(errors) => errors,
    };
    let status = if is_outdated { StatusCode::CONFLICT } else { REJECTED };
    let details = Some((details, reason));
    render(&visit, status, &person, Submitted { details, is_outdated, ..Submitted::default() })
        .await
}

/// Stores a change; the inner error is a sentence about why it cannot be.
async fn change(
    visit: &Visit,
    person: &VisibleSubscriber,
    edit: &SubscriberEdit,
) -> WebResult<Result<(), String>> {
    let (app, actor) = (visit.app(), &visit.actor);
    let (secret, digests) = (&app.store_identity.secret, &app.config.digests);
    let subscriber = &person.subscriber;
    let changed =
        changes::edit(&app.store, secret, subscriber, edit, digests, actor, visit.now).await?;
    Ok(changed.map(drop))
}

/// `POST /admin/subscribers/ID/address`: changes the address, which must belong to the same person.
pub(super) async fn set_address(
    visit: Visit,
    Path(id): Path<i64>,
    form: Form,
) -> WebResult<Response> {
    let person = access::find_whole(&visit, id).await?;
    let email = form.first("email").to_owned();
    let error = match address_error(&visit, &person, &email, &form).await? {
        Some(key) => visit.text(key, &[]),
        None => {
            let edit = SubscriberEdit { email: Some(email.clone()), ..SubscriberEdit::default() };
            match change(&visit, &person, &edit).await? {
                Ok(()) => return Ok(visit.done(&path_of(&person), "person-address")),
                Err(reason) => reason,
            }
        }
    };
    let submitted = Submitted { address: Some((email, error)), ..Submitted::default() };
    render(&visit, REJECTED, &person, submitted).await
}

/// Returns the key of the text about why a person cannot have an address.
async fn address_error(
    visit: &Visit,
    person: &VisibleSubscriber,
    email: &str,
    form: &Form,
) -> WebResult<Option<&'static str>> {
    let Ok(address) = EmailAddress::parse(email) else { return Ok(Some("people-error-email")) };
    let (store, secret) = (&visit.app().store, &visit.app().store_identity.secret);
    let known = store.subscribers().find_by_address(&address.key()).await?;
    if known.is_some_and(|known| known.id != person.subscriber.id) {
        return Ok(Some("people-error-address-in-use"));
    }
    let hash = address_hash(secret, &address.key());
    if store.suppressions().covering(&hash, &address.key()).await?.is_some() {
        return Ok(Some("people-error-suppressed"));
    }
    Ok(form.first("same_person").is_empty().then_some("people-error-same-person"))
}

/// `POST /admin/subscribers/ID/subscribe`: begins a subscription.
pub(super) async fn subscribe(
    visit: Visit,
    Path(id): Path<i64>,
    form: Form,
) -> WebResult<Response> {
    let person = access::find(&visit, id).await?;
    let wanted = RequestForm::read(&form);
    match requests::request(&visit, &owner(&person), &wanted).await? {
        Ok(result) if result.confirmations_queued > 0 => {
            Ok(visit.done(&path_of(&person), "person-asked"))
        }
        Ok(_) => Ok(visit.done(&path_of(&person), "person-subscribed")),
        Err((field, error)) => {
            let request = Some((wanted, field, error));
            render(&visit, REJECTED, &person, Submitted { request, ..Submitted::default() }).await
        }
    }
}

/// Returns the request data of a person, whose details stay as they are.
fn owner(person: &VisibleSubscriber) -> NewSubscriber {
    NewSubscriber { email: person.subscriber.address.clone(), ..NewSubscriber::default() }
}

/// `POST /admin/subscribers/ID/subscriptions/DIGEST/COMMAND`: asks the owner again, changes the sections,
/// or ends the subscription.
pub(super) async fn change_subscription(
    visit: Visit,
    Path((id, digest, command)): Path<(i64, String, String)>,
    form: Form,
) -> WebResult<Response> {
    let person = access::find(&visit, id).await?;
    let found = person.subscriptions.iter().find(|one| one.digest == digest);
    let subscription = found.ok_or_else(WebError::not_found)?;
    match command.as_str() {
        "remind" => remind(&visit, &person, subscription).await,
        "sections" => set_sections(&visit, &person, subscription, &form).await,
        "end" => end(&visit, &person, subscription, &form).await,
        _ => Err(WebError::not_found()),
    }
}

async fn remind(
    visit: &Visit,
    person: &VisibleSubscriber,
    subscription: &Subscription,
) -> WebResult<Response> {
    let digests = requests::find_digests(visit, std::slice::from_ref(&subscription.digest))?;
    let digest = digests.first().copied().ok_or_else(WebError::not_found)?;
    let (app, path) = (visit.app(), path_of(person));
    if subscription.status != SubscriptionStatus::Pending {
        return Ok(visit.refused(&path, "person-not-pending"));
    }
    let secret = &app.store_identity.secret;
    if app.store.suppressions().of_person(&person.subscriber).await?.is_some() {
        return Ok(visit.refused(&path, "person-suppressed"));
    }
    let target = (&person.subscriber, subscription);
    let (actor, now) = (&visit.actor, visit.now);
    match subscribers::remind(&app.store, secret, target, digest, actor, now).await? {
        true => Ok(visit.done(&path, "person-asked")),
        false => Ok(visit.refused(&path, "person-asked-before")),
    }
}

/// Changes the sections of a confirmed subscription, whose record of consent stays as it is.
async fn set_sections(
    visit: &Visit,
    person: &VisibleSubscriber,
    subscription: &Subscription,
    form: &Form,
) -> WebResult<Response> {
    let path = path_of(person);
    if !matches!(subscription.status, SubscriptionStatus::Confirmed | SubscriptionStatus::Paused) {
        return Ok(visit.refused(&path, "person-not-confirmed"));
    }
    let digests = requests::find_digests(visit, std::slice::from_ref(&subscription.digest))?;
    let wanted =
        NewSubscriber { sections: form.all("section"), resets_sections: true, ..owner(person) };
    let (consent, origin) = (&subscription.consent, RequestOrigin::Admin);
    match requests::apply(visit, &wanted, &digests, consent, origin).await? {
        Ok(_) => Ok(visit.done(&path, "person-sections")),
        Err((_, error)) => {
            let chosen = form.all("section");
            let sections = Some((subscription.digest.clone(), chosen, error));
            render(visit, REJECTED, person, Submitted { sections, ..Submitted::default() }).await
        }
    }
}

async fn end(
    visit: &Visit,
    person: &VisibleSubscriber,
    subscription: &Subscription,
    form: &Form,
) -> WebResult<Response> {
    let reason = match form.first("reason") {
        "" => "no reason given",
        reason => reason,
    };
    let address = EmailAddress::parse(&person.subscriber.address).map_err(anyhow::Error::msg)?;
    let (store, digest) = (&visit.app().store, Some(subscription.digest.as_str()));
    let (actor, now) = (&visit.actor, visit.now);
    subscribers::unsubscribe_by_admin(store, &address, digest, reason, actor, now).await?;
    Ok(visit.done(&path_of(person), "person-ended"))
}

/// `POST /admin/subscribers/ID/suppression`: suppresses the address, or allows mail again.
pub(super) async fn suppress(visit: Visit, Path(id): Path<i64>, form: Form) -> WebResult<Response> {
    require_all_digests(&visit)?;
    let person = access::find(&visit, id).await?;
    let address = EmailAddress::parse(&person.subscriber.address).map_err(anyhow::Error::msg)?;
    let (store, secret) = (&visit.app().store, &visit.app().store_identity.secret);
    let (actor, now, path, target) =
        (&visit.actor, visit.now, path_of(&person), SuppressionTarget::from(address));
    match form.first("action") {
        "suppress" => {
            subscribers::suppress(store, secret, &target, actor, now).await?;
            Ok(visit.done(&path, "person-suppressed"))
        }
        "allow" => {
            subscribers::unsuppress(store, secret, &target, actor, now).await?;
            // The suppression of the whole domain is not removed for one person.
            match store.suppressions().of_person(&person.subscriber).await? {
                Some(_) => Ok(visit.refused(&path, "person-domain-suppressed")),
                None => Ok(visit.done(&path, "person-allowed")),
            }
        }
        _ => Err(WebError::bad_request()),
    }
}

/// `POST /admin/subscribers/ID/erase`: erases the personal data, if the box is checked.
pub(super) async fn erase(visit: Visit, Path(id): Path<i64>, form: Form) -> WebResult<Response> {
    let person = access::find_whole(&visit, id).await?;
    if form.first("sure").is_empty() {
        return Ok(visit.refused(&path_of(&person), "person-erase"));
    }
    let store = &visit.app().store;
    match changes::erase(store, &person.subscriber, &visit.actor, visit.now).await? {
        Ok(_) => Ok(visit.done("/admin/subscribers", "person-erased")),
        Err(_) => Ok(visit.refused(&path_of(&person), "person-being-sent")),
    }
}

/// `GET /admin/subscribers/ID/data.json`: everything that is stored about a person.
pub(super) async fn data(visit: Visit, Path(id): Path<i64>) -> WebResult<Response> {
    let VisibleSubscriber { subscriber, subscriptions, .. } =
        access::find_whole(&visit, id).await?;
    let store = &visit.app().store;
    let detail = json!({"subscriber": id});
    let object = (AuditObject::Subscriber, "");
    store.audit_log().record_export(object, detail, &visit.actor, visit.now).await?;
    let suppression = store.suppressions().of_person(&subscriber).await?;
    let history = store.subscriptions().history_of(id).await?;
    let deliveries = store.deliveries().to_subscriber(id, ALL_DELIVERIES).await?;
    let document = SubscriberHistory {
        listed: Subscriber::new(&subscriber, &subscriptions, suppression.as_ref()),
        history: history.iter().map(EarlierState::from).collect(),
        deliveries: deliveries.iter().map(DeliverySummary::from).collect(),
    };
    let body = serde_json::to_string_pretty(&document).map_err(anyhow::Error::from)?;
    let name = format!("attachment; filename=\"subscriber-{id}.json\"");
    let headers = [
        (header::CONTENT_TYPE, "application/json".to_owned()),
        (header::CONTENT_DISPOSITION, name),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    Ok((headers, body).into_response())
}
