//! `/api/v1/subscribers`: the people, found by id, address or text.

use std::collections::BTreeMap;

use axum::http::{HeaderMap, StatusCode};
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::caller::Caller;
use super::input::{JsonBody, PathParams};
use super::operations::Operations;
use super::output::{ApiResult, created, json, resource};
use super::paging::{ItemPage, ListQuery, PageParams};
use super::subscriber_documents::{check_whole_person, document, documents, find, find_by_email};
use super::subscriber_values::{check_tags, parse_attributes};
use super::subscriptions::{RequestedStatus, find_digests, request};
use crate::domain::address::EmailAddress;
use crate::domain::filter::{self, Condition, SubscriptionTest, TextField, TextTest};
use crate::domain::fold::fold;
use crate::domain::page::Page;
use crate::domain::permission::Permission;
use crate::http::Problem;
use crate::store::subscriber_lists::SubscriberQuery;
use crate::subscribers::NewSubscriber;
use crate::subscribers::fields::invalid_fields;
use crate::wire::deliveries::DeliverySummary;
use crate::wire::problem::FieldError;
use crate::wire::subscribers::{EarlierState, Subscriber, SubscriberHistory};

/// Number of deliveries that the history of a subscriber contains.
const SHOWN_DELIVERIES: i64 = 20;

/// Adds the operations of this file.
pub(super) fn add_operations(operations: Operations) -> Operations {
    operations
        .add(Permission::ReadSubscribers, routes!(list_subscribers))
        .add(Permission::ReadSubscribers, routes!(show_subscriber))
        .add(Permission::ReadSubscribers, routes!(show_subscriber_history))
        .add(Permission::WriteSubscribers, routes!(add_subscriber))
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

/// Shows a subscriber with the history of the subscriptions and the last 20 deliveries.
#[utoipa::path(
    get, path = "/api/v1/subscribers/{id}/history", tag = "subscribers",
    params(("id" = i64, Path, description = "Id of the subscriber")),
    responses((status = 200, description = "The subscriber", body = SubscriberHistory))
)]
async fn show_subscriber_history(caller: Caller, PathParams(id): PathParams<i64>) -> ApiResult {
    let subscriber = find(&caller, id).await?;
    // Deliveries of other digests would show that the person reads them.
    check_whole_person(&caller, id).await?;
    let store = &caller.app.store;
    let history = store.subscriptions().history_of(id).await?;
    let deliveries = store.deliveries().to_subscriber(id, SHOWN_DELIVERIES).await?;
    let document = SubscriberHistory {
        listed: document(&caller, &subscriber).await?,
        history: history.iter().map(EarlierState::from).collect(),
        deliveries: deliveries.iter().map(DeliverySummary::from).collect(),
    };
    json(StatusCode::OK, &document)
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
    /// Tags that are added.
    #[serde(default)]
    tags: Vec<String>,
    /// Attribute values to set, by name: texts, numbers and booleans; a date is a text.
    #[serde(default)]
    #[schema(value_type = Object)]
    attributes: BTreeMap<String, Value>,
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
    check_tags(&new.tags)?;
    let mut person = NewSubscriber {
        email: new.email,
        name: new.name,
        language: new.language,
        timezone: new.timezone,
        sections: new.sections,
        resets_sections: false,
        tags: new.tags,
        attributes: parse_attributes(&caller, &new.attributes).await?,
    };
    check_fields(&person)?;
    let known = find_by_email(&caller, &person.email).await?;
    if let Some(known) = &known {
        let all = caller.app.store.subscriptions().list_of(&[known.id]).await?;
        if !caller.actor.digests().contains_all(all.iter().map(|s| s.digest.as_str())) {
            // The details of this person also concern other digests.
            let email = std::mem::take(&mut person.email);
            let sections = std::mem::take(&mut person.sections);
            person = NewSubscriber { email, sections, ..NewSubscriber::default() };
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

/// Rejects the fields of a person that are not valid.
pub(super) fn check_fields(person: &NewSubscriber) -> Result<(), Problem> {
    let invalid = invalid_fields(person);
    if invalid.is_empty() {
        return Ok(());
    }
    let error = |(field, detail)| FieldError { pointer: format!("/{field}"), detail };
    Err(Problem::invalid_fields(invalid.into_iter().map(error).collect()))
}
