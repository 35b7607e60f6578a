//! `/api/v1/attributes`: the attributes that subscribers can have.

use axum::http::StatusCode;
use axum::response::IntoResponse;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::caller::Caller;
use super::definitions::newest_config;
use super::input::{JsonBody, PathParams};
use super::operations::Operations;
use super::output::{ApiResult, created, json};
use super::paging::{ItemPage, ListQuery, NoFilter, PageParams};
use crate::domain::attribute::{AttributeType, validate_name};
use crate::domain::permission::Permission;
use crate::http::Problem;
use crate::subscribers::attributes;
use crate::wire::attributes::Attribute;

/// Reason for which a token of some digests may neither see nor change attributes.
const REASON: &str = "an attribute concerns the readers of every digest";

/// Adds the operations of this file.
pub(super) fn add_operations(operations: Operations) -> Operations {
    operations
        .add(Permission::ReadSubscribers, routes!(list_attributes))
        .add(Permission::WriteSubscribers, routes!(add_attribute))
        .add(Permission::WriteSubscribers, routes!(remove_attribute))
}

/// Lists the attributes with the numbers of their values, ordered by name.
#[utoipa::path(
    get, path = "/api/v1/attributes", tag = "attributes", params(PageParams),
    responses((status = 200, description = "Page of the attributes", body = ItemPage<Attribute>))
)]
async fn list_attributes(caller: Caller, list: ListQuery<NoFilter>) -> ApiResult {
    caller.require_all_digests(REASON)?;
    let documents = documents(&caller).await?;
    list.respond_from(documents.into_iter(), |document| document)
}

/// Attribute that is created.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewAttribute {
    /// Name of the attribute, as filters and templates use it.
    name: String,
    /// Type of all values: `text`, `number`, `date` or `boolean`.
    #[serde(rename = "type")]
    attribute_type: String,
}

/// Creates an attribute of a type.
#[utoipa::path(
    post, path = "/api/v1/attributes", tag = "attributes", request_body = NewAttribute,
    responses(
        (status = 200, description = "The attribute existed with this type", body = Attribute),
        (status = 201, description = "The attribute", body = Attribute),
        (status = 409, description = "The attribute has another type."),
    )
)]
async fn add_attribute(caller: Caller, JsonBody(new): JsonBody<NewAttribute>) -> ApiResult {
    caller.require_all_digests(REASON)?;
    validate_name(&new.name).map_err(|reason| Problem::invalid_field("/name", reason))?;
    let unknown = || Problem::invalid_field("/type", "use text, number, date or boolean");
    let kind = AttributeType::parse(&new.attribute_type).ok_or_else(unknown)?;
    let Caller { app, actor, now } = &caller;
    let added = attributes::add(&app.store, &new.name, kind, actor, *now).await?;
    let is_new = added.map_err(Problem::conflict)?;
    let all = documents(&caller).await?;
    let document = all.into_iter().find(|one| one.name == new.name);
    let document = document.ok_or_else(|| unknown_attribute(&new.name))?;
    if !is_new {
        return json(StatusCode::OK, &document);
    }
    created(&format!("attributes/{}", new.name), &document)
}

/// Deletes an attribute with all of its values; irrevocable.
#[utoipa::path(
    delete, path = "/api/v1/attributes/{name}", tag = "attributes",
    params(("name" = String, Path, description = "Name of the attribute")),
    responses(
        (status = 204, description = "The attribute is deleted"),
        (status = 409, description = "A segment or an audience uses the attribute."),
    )
)]
async fn remove_attribute(caller: Caller, PathParams(name): PathParams<String>) -> ApiResult {
    caller.require_all_digests(REASON)?;
    let Caller { app, actor, now } = &caller;
    if !app.store.attributes().types().await?.contains_key(&name) {
        return Err(unknown_attribute(&name));
    }
    let config = newest_config(&caller).await?;
    let removed = attributes::remove(&app.store, &config, &name, actor, *now).await?;
    removed.map_err(Problem::conflict)?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

fn unknown_attribute(name: &str) -> Problem {
    Problem::not_found(format!("there is no attribute {name:?}"))
}

async fn documents(caller: &Caller) -> Result<Vec<Attribute>, Problem> {
    let store = caller.app.store.attributes();
    let mut documents = Vec::new();
    for attribute in store.list().await? {
        documents.push(Attribute {
            subscribers: store.count_values(&attribute.name).await?,
            attribute_type: attribute.attribute_type.as_str().to_owned(),
            created_at: attribute.created_at.rfc3339(),
            name: attribute.name,
        });
    }
    Ok(documents)
}
