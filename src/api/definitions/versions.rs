//! Operations on the versions of a definition, and on what depends on it.

use axum::Extension;
use axum::http::{HeaderMap, StatusCode};

use super::access::{check_changeable, check_visible, unknown};
use super::documents::{find, newest_config};
use super::problems::to_problem;
use super::save::reader;
use crate::api::caller::Caller;
use crate::api::input::PathParams;
use crate::api::output::{ApiResult, check_if_match, json, resource};
use crate::api::paging::{ItemPage, ListQuery, NoFilter, PageParams};
use crate::config::definition_settings;
use crate::definitions::{self, Revision};
use crate::domain::definition::DefinitionKind;
use crate::http::Problem;
use crate::wire::definitions::{DefinitionVersion, DefinitionVersionDetails, Dependents};
use crate::wire::feeds::FeedDetails;

/// Lists the versions of a definition with their authors and changes, newest first.
///
/// Versions under former names and those of a deleted definition are included.
#[utoipa::path(
    get, path = "/api/v1/definitions/{name}/versions", tag = "definitions",
    params(("name" = String, Path, description = "Name of the definition"), PageParams),
    responses((status = 200, description = "Page of the versions", body = ItemPage<DefinitionVersion>))
)]
pub(super) async fn list_definition_versions(
    caller: Caller,
    Extension(kind): Extension<DefinitionKind>,
    PathParams(name): PathParams<String>,
    list: ListQuery<NoFilter>,
) -> ApiResult {
    let revisions = history(&caller, kind, &name).await?;
    list.respond_from(revisions.iter(), DefinitionVersion::from)
}

/// Shows a version of a definition with its settings.
#[utoipa::path(
    get, path = "/api/v1/definitions/{name}/versions/{version}", tag = "definitions",
    params(
        ("name" = String, Path, description = "Name of the definition"),
        ("version" = i64, Path, description = "Number of the version"),
    ),
    responses((status = 200, description = "The version", body = DefinitionVersionDetails))
)]
pub(super) async fn show_definition_version(
    caller: Caller,
    Extension(kind): Extension<DefinitionKind>,
    headers: HeaderMap,
    PathParams((name, version)): PathParams<(String, i64)>,
) -> ApiResult {
    let revision = find_revision(&caller, kind, &name, version).await?;
    resource(&headers, &DefinitionVersionDetails::from(&revision))
}

/// Restores a version of a definition, also of a deleted one.
#[utoipa::path(
    post, path = "/api/v1/definitions/{name}/versions/{version}/restore", tag = "definitions",
    params(
        ("name" = String, Path, description = "Name of the definition"),
        ("version" = i64, Path, description = "Number of the version"),
    ),
    responses(
        (status = 200, description = "The restored definition", body = FeedDetails),
        (status = 409, description = "The version deleted the definition, or is no longer valid."),
        (status = 412, description = "`If-Match` names another version."),
    )
)]
pub(super) async fn restore_definition(
    caller: Caller,
    Extension(kind): Extension<DefinitionKind>,
    headers: HeaderMap,
    PathParams((name, version)): PathParams<(String, i64)>,
) -> ApiResult {
    let revisions = history(&caller, kind, &name).await?;
    let newest = revisions.first().and_then(|revision| revision.version.body.clone());
    let revision = revisions.into_iter().find(|revision| revision.version.version == version);
    let body = revision.ok_or_else(|| unknown_version(kind, &name, version))?.version.body;
    let Some(body) = body else {
        return Err(Problem::conflict(format!("version {version} deleted the {kind} {name:?}")));
    };
    let (present, mut restored) =
        (definition_settings(&newest.clone().unwrap_or_default()), definition_settings(&body));
    // The former names stay as they are.
    restored.remove("was");
    restored.extend(present.get("was").map(|names| ("was".to_owned(), names.clone())));
    check_changeable(&caller, kind, &name, &present, &restored)?;
    if newest.is_some() {
        check_if_match(&headers, &find(&caller, kind, &name).await?.document)?;
    }
    let (read, Caller { app, actor, now }) = (reader(&caller), &caller);
    let wanted = (kind, name.as_str(), version);
    let done = definitions::restore(&app.store, &read, &app.templates, wanted, actor, *now).await;
    done.map_err(|error| to_problem(error, &caller, kind, &name))?;
    resource(&HeaderMap::new(), &find(&caller, kind, &name).await?.document)
}

/// Shows what depends on a definition.
#[utoipa::path(
    get, path = "/api/v1/definitions/{name}/dependents", tag = "definitions",
    params(("name" = String, Path, description = "Name of the definition")),
    responses((status = 200, description = "What its deletion would concern", body = Dependents))
)]
pub(super) async fn show_definition_dependents(
    caller: Caller,
    Extension(kind): Extension<DefinitionKind>,
    PathParams(name): PathParams<String>,
) -> ApiResult {
    find(&caller, kind, &name).await?;
    let config = newest_config(&caller).await?;
    let (store, now) = (&caller.app.store, caller.now);
    let dependents = definitions::dependents(store, &config, kind, &name, now).await?;
    json(StatusCode::OK, &Dependents::from(dependents))
}

/// Returns the versions of a definition that the actor may see.
async fn history(
    caller: &Caller,
    kind: DefinitionKind,
    name: &str,
) -> Result<Vec<Revision>, Problem> {
    check_visible(caller, kind, name)?;
    let revisions = definitions::history(&caller.app.store, kind, name).await?;
    let is_in_file = caller.app.config.line_in_file(kind, name).is_some();
    if revisions.is_empty() && !is_in_file { Err(unknown(kind, name)) } else { Ok(revisions) }
}

async fn find_revision(
    caller: &Caller,
    kind: DefinitionKind,
    name: &str,
    version: i64,
) -> Result<Revision, Problem> {
    let revisions = history(caller, kind, name).await?;
    let found = revisions.into_iter().find(|revision| revision.version.version == version);
    found.ok_or_else(|| unknown_version(kind, name, version))
}

fn unknown_version(kind: DefinitionKind, name: &str, version: i64) -> Problem {
    Problem::not_found(format!("the {kind} {name:?} has no version {version}"))
}
