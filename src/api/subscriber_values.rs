//! `/api/v1/subscribers/{id}/tags` and `attributes`: one tag or value of a person.

use std::collections::BTreeMap;

use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::caller::Caller;
use super::input::{JsonBody, PathParams, json_pointer};
use super::operations::Operations;
use super::output::{ApiResult, check_if_match, resource};
use super::subscriber_documents::{check_whole_person, document, find};
use crate::domain::attribute::AttributeValue;
use crate::domain::permission::Permission;
use crate::domain::tag;
use crate::http::Problem;
use crate::subscribers::attributes::KnownAttributes;
use crate::subscribers::changes::{self, SubscriberEdit};
use crate::wire::problem::FieldError;
use crate::wire::subscribers::Subscriber;

/// Adds the operations of this file.
pub(super) fn add_operations(operations: Operations) -> Operations {
    operations
        .add(Permission::WriteSubscribers, routes!(add_tag))
        .add(Permission::WriteSubscribers, routes!(remove_tag))
        .add(Permission::WriteSubscribers, routes!(set_attribute))
        .add(Permission::WriteSubscribers, routes!(remove_attribute_value))
}

/// Adds a tag to a subscriber.
#[utoipa::path(
    put, path = "/api/v1/subscribers/{id}/tags/{tag}", tag = "subscribers",
    params(
        ("id" = i64, Path, description = "Id of the subscriber"),
        ("tag" = String, Path, description = "Tag, in any case of letters"),
    ),
    responses(
        (status = 200, description = "The subscriber", body = Subscriber),
        (status = 412, description = "`If-Match` names another version."),
    )
)]
async fn add_tag(
    caller: Caller,
    headers: HeaderMap,
    PathParams((id, tag)): PathParams<(i64, String)>,
) -> ApiResult {
    let tag = tag::normalize(&tag).map_err(Problem::bad_request)?;
    let edit = SubscriberEdit { tags: vec![tag], ..SubscriberEdit::default() };
    change(&caller, &headers, id, &edit).await?;
    resource(&HeaderMap::new(), &document(&caller, &find(&caller, id).await?).await?)
}

/// Removes a tag from a subscriber.
#[utoipa::path(
    delete, path = "/api/v1/subscribers/{id}/tags/{tag}", tag = "subscribers",
    params(
        ("id" = i64, Path, description = "Id of the subscriber"),
        ("tag" = String, Path, description = "Tag, in any case of letters"),
    ),
    responses(
        (status = 204, description = "The subscriber does not have the tag"),
        (status = 412, description = "`If-Match` names another version."),
    )
)]
async fn remove_tag(
    caller: Caller,
    headers: HeaderMap,
    PathParams((id, tag)): PathParams<(i64, String)>,
) -> ApiResult {
    let tag = tag::normalize(&tag).map_err(Problem::bad_request)?;
    let edit = SubscriberEdit { removed_tags: vec![tag], ..SubscriberEdit::default() };
    change(&caller, &headers, id, &edit).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Value of an attribute of a subscriber.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewAttributeValue {
    /// Text, number or boolean; a date is a text such as `2026-11-29`.
    value: Value,
}

/// Sets the value of an attribute of a subscriber.
///
/// An attribute that does not exist is created with the type of the value.
#[utoipa::path(
    put, path = "/api/v1/subscribers/{id}/attributes/{name}", tag = "subscribers",
    request_body = NewAttributeValue,
    params(
        ("id" = i64, Path, description = "Id of the subscriber"),
        ("name" = String, Path, description = "Name of the attribute"),
    ),
    responses(
        (status = 200, description = "The subscriber", body = Subscriber),
        (status = 412, description = "`If-Match` names another version."),
    )
)]
async fn set_attribute(
    caller: Caller,
    headers: HeaderMap,
    PathParams((id, name)): PathParams<(i64, String)>,
    JsonBody(new): JsonBody<NewAttributeValue>,
) -> ApiResult {
    let known = KnownAttributes::read(&caller.app.store).await?;
    let value = known.parse_json(&name, &new.value);
    let value = value.map_err(|reason| Problem::invalid_field("/value", reason))?;
    let edit = SubscriberEdit { attributes: [(name, value)].into(), ..SubscriberEdit::default() };
    change(&caller, &headers, id, &edit).await?;
    resource(&HeaderMap::new(), &document(&caller, &find(&caller, id).await?).await?)
}

/// Removes the value of an attribute from a subscriber.
#[utoipa::path(
    delete, path = "/api/v1/subscribers/{id}/attributes/{name}", tag = "subscribers",
    params(
        ("id" = i64, Path, description = "Id of the subscriber"),
        ("name" = String, Path, description = "Name of the attribute"),
    ),
    responses(
        (status = 204, description = "The subscriber has no value"),
        (status = 412, description = "`If-Match` names another version."),
    )
)]
async fn remove_attribute_value(
    caller: Caller,
    headers: HeaderMap,
    PathParams((id, name)): PathParams<(i64, String)>,
) -> ApiResult {
    let names = vec![name];
    let known = KnownAttributes::read(&caller.app.store).await?;
    known.check_names(&names).map_err(Problem::not_found)?;
    let edit = SubscriberEdit { removed_attributes: names, ..SubscriberEdit::default() };
    change(&caller, &headers, id, &edit).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Changes a subscriber all of whose subscriptions the actor may change.
async fn change(
    caller: &Caller,
    headers: &HeaderMap,
    id: i64,
    edit: &SubscriberEdit,
) -> Result<(), Problem> {
    let subscriber = find(caller, id).await?;
    check_whole_person(caller, id).await?;
    check_if_match(headers, &document(caller, &subscriber).await?)?;
    let Caller { app, actor, now } = caller;
    let (secret, digests) = (&app.store_identity.secret, &app.config.digests);
    let changed = changes::edit(&app.store, secret, &subscriber, edit, digests, actor, *now);
    changed.await?.map(drop).map_err(Problem::conflict)
}

/// Rejects tags that are not valid, each by its position.
pub(super) fn check_tags(tags: &[String]) -> Result<(), Problem> {
    let error = |(at, text): (usize, &String)| {
        let detail = tag::normalize(text).err()?.to_string();
        Some(FieldError { pointer: format!("/tags/{at}"), detail })
    };
    let errors: Vec<FieldError> = tags.iter().enumerate().filter_map(error).collect();
    if errors.is_empty() { Ok(()) } else { Err(Problem::invalid_fields(errors)) }
}

/// Returns attribute values by name.
pub(super) async fn parse_attributes(
    caller: &Caller,
    values: &BTreeMap<String, Value>,
) -> Result<BTreeMap<String, AttributeValue>, Problem> {
    let known = KnownAttributes::read(&caller.app.store).await?;
    let (mut parsed, mut errors) = (BTreeMap::new(), Vec::new());
    for (name, value) in values {
        match known.parse_json(name, value) {
            Ok(value) => drop(parsed.insert(name.clone(), value)),
            Err(detail) => errors.push(FieldError { pointer: attribute_pointer(name), detail }),
        }
    }
    if errors.is_empty() { Ok(parsed) } else { Err(Problem::invalid_fields(errors)) }
}

/// Returns the attribute values to set, and the names of those to remove, whose value is `null`.
pub(super) async fn parse_changes(
    caller: &Caller,
    values: &BTreeMap<String, Value>,
) -> Result<(BTreeMap<String, AttributeValue>, Vec<String>), Problem> {
    let (removed, set): (BTreeMap<_, _>, BTreeMap<_, _>) =
        values.clone().into_iter().partition(|(_, value)| value.is_null());
    let removed: Vec<String> = removed.into_keys().collect();
    let known = KnownAttributes::read(&caller.app.store).await?;
    let error = |name: &String| {
        let detail = known.check_names(std::slice::from_ref(name)).err()?;
        Some(FieldError { pointer: attribute_pointer(name), detail })
    };
    let errors: Vec<FieldError> = removed.iter().filter_map(error).collect();
    if !errors.is_empty() {
        return Err(Problem::invalid_fields(errors));
    }
    Ok((parse_attributes(caller, &set).await?, removed))
}

fn attribute_pointer(name: &str) -> String {
    format!("/attributes{}", json_pointer(&[name.to_owned()]))
}
