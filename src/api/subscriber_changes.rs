//! `/api/v1/subscribers/{id}`: changes of one person, and the erasure.

use std::collections::BTreeMap;

use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::caller::Caller;
use super::input::{JsonBody, PathParams};
use super::operations::Operations;
use super::output::{ApiResult, check_if_match, require_if_match, resource};
use super::subscriber_documents::{check_whole_person, document, find};
use super::subscriber_values::{check_tags, parse_changes};
use super::subscribers::check_fields;
use crate::domain::permission::Permission;
use crate::domain::tag;
use crate::http::Problem;
use crate::subscribers::NewSubscriber;
use crate::subscribers::changes::{self, SubscriberEdit};
use crate::wire::subscribers::Subscriber;

/// Adds the operations of this file.
pub(super) fn add_operations(operations: Operations) -> Operations {
    operations
        .add(Permission::WriteSubscribers, routes!(change_subscriber))
        .add(Permission::WriteSubscribers, routes!(erase_subscriber))
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
    /// All tags that the person then has.
    tags: Option<Vec<String>>,
    /// Attribute values to set, by name: texts, numbers and booleans; a date is a text, and `null` removes
    /// the value. Other attributes keep their values.
    #[schema(value_type = Object)]
    attributes: BTreeMap<String, Value>,
}

/// Reads a value that is present but may be `null`.
fn present<'de, D: Deserializer<'de>>(value: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(value).map(Some)
}

/// Changes the address, other details, tags or attributes of a subscriber.
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
    let (attributes, removed_attributes) = parse_changes(&caller, &patch.attributes).await?;
    check_tags(patch.tags.as_deref().unwrap_or_default())?;
    let removed_tags = patch.tags.as_ref().map(|tags| other_tags(&subscriber.tags, tags));
    let edit = SubscriberEdit {
        email: patch.email,
        name: text(patch.name),
        language: text(patch.language),
        timezone: text(patch.timezone),
        tags: patch.tags.unwrap_or_default(),
        removed_tags: removed_tags.unwrap_or_default(),
        attributes,
        removed_attributes,
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

/// Returns the tags that are not among others.
fn other_tags(tags: &[String], others: &[String]) -> Vec<String> {
    let others = tag::normalize_all(others).unwrap_or_default();
    tags.iter().filter(|tag| !others.contains(tag)).cloned().collect()
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
