//! `/api/v1/subscribers`: the people, found by id, address or text.

use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use serde::{Deserialize, Deserializer};
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::caller::Caller;
use super::input::{JsonBody, PathParams};
use super::operations::Operations;
use super::output::{ApiResult, check_if_match, created, json, require_if_match, resource};
use super::paging::{ItemPage, ListQuery, PageParams};
use super::subscriber_documents::{document, documents, find, find_by_email};
use super::subscriptions::{RequestedStatus, find_digests, request};
use crate::domain::address::EmailAddress;
use crate::domain::filter::{self, Condition, SubscriptionTest, TextField, TextTest};
use crate::domain::fold::fold;
use crate::domain::page::Page;
use crate::domain::permission::Permission;
use crate::http::Problem;
use crate::store::subscriber_lists::SubscriberQuery;
use crate::subscribers::NewSubscriber;
use crate::subscribers::changes::{self, SubscriberEdit};
use crate::subscribers::fields::invalid_fields;
use crate::wire::problem::FieldError;
use crate::wire::subscribers::Subscriber;

/// Adds the operations of this file.
pub(super) fn add_operations(operations: Operations) -> Operations {
    operations
        .add(Permission::ReadSubscribers, routes!(list_subscribers))
        .add(Permission::ReadSubscribers, routes!(show_subscriber))
        .add(Permission::WriteSubscribers, routes!(add_subscriber))
        .add(Permission::WriteSubscribers, routes!(change_subscriber))
        .add(Permission::WriteSubscribers, routes!(erase_subscriber))
}

/// Filter of the subscribers.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListFilter {
    /// List only the subscriber with this address
    email: Option<String>,
    /// List only subscribers that this filter selects (docs/subscribers.md)
    #[serde(rename = "where")]
    #[param(rename = "where")]
    filter: Option<String>,
    /// List only subscribers whose address or name contains this text
    search: Option<String>,
    /// List only subscribers with a subscription to this digest, of any status
    digest: Option<String>,
}

/// Lists subscribers, newest first.
#[utoipa::path(
    get, path = "/api/v1/subscribers", tag = "subscribers", params(PageParams, ListFilter),
    responses((status = 200, description = "Page of the subscribers", body = ItemPage<Subscriber>))
)]
async fn list_subscribers(caller: Caller, list: ListQuery<ListFilter>) -> ApiResult {
    let query = query(&caller, &list.filter).await?;
    let page = caller.app.store.subscribers().list_matching(&query, &list.page).await?;
    let mut all = documents(&caller, &page.items).await?.into_iter();
    let rows = page.items.into_iter().filter_map(|_| all.next()).collect();
    list.respond(Page { items: rows, next: page.next }, |document| document)
}

/// Returns the query of all parameters together, limited to the digests of the actor.
async fn query(caller: &Caller, filter: &ListFilter) -> Result<SubscriberQuery, Problem> {
    let mut conditions = Vec::new();
    if let Some(text) = &filter.filter {
        // A filter could tell subscriptions to other digests.
        caller.require_all_digests("a filter may concern other digests")?;
        let types = caller.app.store.attributes().types().await?;
        let names = caller.app.config.filter_names(Some(types));
        let compiled = filter::compile(text, &names);
        let invalid = |reason: filter::FilterError| format!("`where`: {reason}");
        conditions.push(compiled.map_err(|reason| Problem::bad_request(invalid(reason)))?);
    }
    if let Some(email) = &filter.email {
        let address = EmailAddress::parse(email).map_err(Problem::bad_request)?;
        let is_address = TextTest::Among(vec![fold(&address.key())]);
        conditions.push(Condition::Text(TextField::Address, is_address));
    }
    let of_digests = |names| Condition::Subscription(SubscriptionTest::Digest(names));
    let scope = caller.actor.digests();
    conditions.extend(filter.digest.iter().map(|name| match scope.contains(name) {
        true => of_digests(vec![name.clone()]),
        // Whether a person also reads a digest of others is not for this actor to know.
        false => Condition::Any(Vec::new()),
    }));
    conditions.extend(scope.names().map(of_digests));
    let search = filter.search.clone().unwrap_or_default();
    Ok(SubscriberQuery { search, ..SubscriberQuery::of(Condition::All(conditions)) })
}

/// Shows a subscriber with the subscriptions.
#[utoipa::path(
    get, path = "/api/v1/subscribers/{id}", tag = "subscribers",
    params(("id" = i64, Path, description = "Id of the subscriber")),
    responses((status = 200, description = "The subscriber", body = Subscriber))
)]
async fn show_subscriber(
    caller: Caller,
    headers: HeaderMap,
    PathParams(id): PathParams<i64>,
) -> ApiResult {
    resource(&headers, &document(&caller, &find(&caller, id).await?).await?)
}

/// Person to subscribe to digests.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SubscriberRequest {
    /// E-mail address of the person.
    email: String,
    /// Name of the person.
    name: Option<String>,
    /// Language tag (RFC 5646).
    language: Option<String>,
    /// IANA name of the time zone.
    timezone: Option<String>,
    /// Names of the digests to subscribe to.
    digests: Vec<String>,
    /// Chosen sections; empty for all.
    #[serde(default)]
    sections: Vec<String>,
    /// `pending` asks the owner of the address; `confirmed` needs `consent`.
    #[serde(default)]
    status: RequestedStatus,
    /// Record of how and when the person consented.
    consent: Option<String>,
}

/// Subscribes a person to digests.
///
/// With the status `pending`, a confirmation e-mail is queued. A known person keeps other
/// subscriptions.
#[utoipa::path(
    post, path = "/api/v1/subscribers", tag = "subscribers", request_body = SubscriberRequest,
    responses(
        (status = 200, description = "The person was known", body = Subscriber),
        (status = 201, description = "The person is new", body = Subscriber),
        (status = 409, description = "The address is suppressed, or only its owner can subscribe it again."),
    )
)]
async fn add_subscriber(caller: Caller, JsonBody(new): JsonBody<SubscriberRequest>) -> ApiResult {
    let digests = find_digests(&caller, &new.digests, "/digests")?;
    let mut person = NewSubscriber {
        email: new.email,
        name: new.name,
        language: new.language,
        timezone: new.timezone,
        sections: new.sections,
        ..NewSubscriber::default()
    };
    check_fields(&person)?;
    let known = find_by_email(&caller, &person.email).await?;
    if let Some(known) = &known {
        let all = caller.app.store.subscriptions().list_of(&[known.id]).await?;
        if !caller.actor.digests().contains_all(all.iter().map(|s| s.digest.as_str())) {
            // The details of this person also concern other digests.
            (person.name, person.language, person.timezone) = (None, None, None);
        }
    }
    request(&caller, &person, &digests, new.status, new.consent).await?;
    let Some(subscriber) = find_by_email(&caller, &person.email).await? else {
        return Err(Problem::conflict(format!(
            "{} was a subscriber before; only its owner can subscribe it again, on the subscription page",
            person.email
        )));
    };
    let document = document(&caller, &subscriber).await?;
    match known {
        Some(_) => json(StatusCode::OK, &document),
        None => created(&format!("subscribers/{}", subscriber.id), &document),
    }
}

/// New details of a person; absent fields keep their values.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
struct SubscriberPatch {
    /// New e-mail address; all subscriptions are kept.
    email: Option<String>,
    /// New name; `null` removes it.
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    name: Option<Option<String>>,
    /// New language tag (RFC 5646); `null` for that of the site.
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    language: Option<Option<String>>,
    /// New IANA name of the time zone; `null` for that of the site.
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    timezone: Option<Option<String>>,
}

/// Reads a value that is present but may be `null`.
fn present<'de, D: Deserializer<'de>>(value: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(value).map(Some)
}

/// Changes the address or other details of a subscriber.
#[utoipa::path(
    patch, path = "/api/v1/subscribers/{id}", tag = "subscribers", request_body = SubscriberPatch,
    params(
        ("id" = i64, Path, description = "Id of the subscriber"),
        ("If-Match" = String, Header, description = "ETag of the version that the change replaces"),
    ),
    responses(
        (status = 200, description = "The changed subscriber", body = Subscriber),
        (status = 409, description = "The subscriber cannot have the new address."),
        (status = 412, description = "`If-Match` names another version."),
        (status = 428, description = "`If-Match` is missing."),
    )
)]
async fn change_subscriber(
    caller: Caller,
    headers: HeaderMap,
    PathParams(id): PathParams<i64>,
    JsonBody(patch): JsonBody<SubscriberPatch>,
) -> ApiResult {
    let subscriber = find(&caller, id).await?;
    check_whole_person(&caller, id).await?;
    require_if_match(&headers, &document(&caller, &subscriber).await?)?;
    let text = |value: Option<Option<String>>| value.map(Option::unwrap_or_default);
    let edit = SubscriberEdit {
        email: patch.email,
        name: text(patch.name),
        language: text(patch.language),
        timezone: text(patch.timezone),
        ..SubscriberEdit::default()
    };
    check_fields(&NewSubscriber {
        email: edit.email.clone().unwrap_or_else(|| subscriber.address.clone()),
        language: edit.language.clone(),
        timezone: edit.timezone.clone(),
        ..NewSubscriber::default()
    })?;
    let Caller { app, actor, now } = &caller;
    let secret = &app.store_identity.secret;
    let digests = &app.config.digests;
    changes::edit(&app.store, secret, &subscriber, &edit, digests, actor, *now)
        .await?
        .map_err(Problem::conflict)?;
    resource(&HeaderMap::new(), &document(&caller, &find(&caller, id).await?).await?)
}

/// Erases the personal data of a subscriber; irrevocable.
#[utoipa::path(
    delete, path = "/api/v1/subscribers/{id}", tag = "subscribers",
    params(("id" = i64, Path, description = "Id of the subscriber")),
    responses(
        (status = 204, description = "The data is erased"),
        (status = 409, description = "A message to the subscriber is being sent."),
        (status = 412, description = "`If-Match` names another version."),
    )
)]
async fn erase_subscriber(
    caller: Caller,
    headers: HeaderMap,
    PathParams(id): PathParams<i64>,
) -> ApiResult {
    let subscriber = find(&caller, id).await?;
    check_whole_person(&caller, id).await?;
    check_if_match(&headers, &document(&caller, &subscriber).await?)?;
    let Caller { app, actor, now } = &caller;
    changes::erase(&app.store, &subscriber, actor, *now).await?.map_err(Problem::conflict)?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Rejects a change of a person who has subscriptions to digests that the actor may not change.
async fn check_whole_person(caller: &Caller, id: i64) -> Result<(), Problem> {
    let subscriptions = caller.app.store.subscriptions().list_of(&[id]).await?;
    let digests = subscriptions.iter().map(|subscription| subscription.digest.as_str());
    if caller.actor.digests().contains_all(digests) {
        return Ok(());
    }
    Err(Problem::forbidden(
        "the subscriber has subscriptions to digests that this token may not change; change the subscription instead",
    ))
}

fn check_fields(person: &NewSubscriber) -> Result<(), Problem> {
    let invalid = invalid_fields(person);
    if invalid.is_empty() {
        return Ok(());
    }
    let error = |(field, detail)| FieldError { pointer: format!("/{field}"), detail };
    Err(Problem::invalid_fields(invalid.into_iter().map(error).collect()))
}
