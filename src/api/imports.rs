//! `/api/v1/imports`: imports of subscribers from uploaded files.

use axum::body::Body;
use axum::http::{HeaderMap, StatusCode};
use futures_util::StreamExt as _;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::caller::Caller;
use super::input::{JsonBody, PathParams, QueryParams};
use super::operations::Operations;
use super::output::{ApiResult, created, json, resource};
use super::paging::{ItemPage, ListQuery, NoFilter, PageParams};
use super::subscriptions::{RequestedStatus, find_digests};
use crate::domain::import_changes::ExistingPeople;
use crate::domain::permission::Permission;
use crate::http::Problem;
use crate::store::imports::ImportJob;
use crate::subscribers::import::ImportSettings;
use crate::subscribers::import::jobs;
use crate::subscribers::import::upload::{Upload, UploadError};
use crate::wire::imports::{Import, ImportPreview, RejectedImportLine};

/// Reason for which a token of some digests may not import.
const REASON: &str = "an import also changes people who have subscriptions to other digests";

/// Adds the operations of this file.
pub(super) fn add_operations(operations: Operations) -> Operations {
    operations
        .add(Permission::ReadSubscribers, routes!(list_imports))
        .add(Permission::ReadSubscribers, routes!(show_import))
        .add(Permission::ReadSubscribers, routes!(preview_import))
        .add(Permission::ReadSubscribers, routes!(list_rejected_lines))
        .add(Permission::WriteSubscribers, routes!(upload_import))
        .add(Permission::WriteSubscribers, routes!(start_import))
        .add(Permission::WriteSubscribers, routes!(cancel_import))
}

/// Treatment of people whom the database has.
#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum ExistingValues {
    /// Values of the file replace the stored ones; an empty value replaces nothing.
    #[default]
    Update,
    /// Details and existing subscriptions to the digest stay as they are.
    Keep,
}

impl From<ExistingValues> for ExistingPeople {
    fn from(values: ExistingValues) -> Self {
        match values {
            ExistingValues::Update => Self::Update,
            ExistingValues::Keep => Self::Keep,
        }
    }
}

/// Properties of a file that are not to be recognized from its content.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct FileParams {
    /// Encoding of the file, for example `gb18030`; without it, it is recognized
    encoding: Option<String>,
    /// Character between the fields, or `comma`, `semicolon`, `tab` or `pipe`
    delimiter: Option<String>,
    /// Service that exported the file: `listmonk`, `mailchimp`, `mailpoet`, `ghost`, `substack` or `courant`
    preset: Option<String>,
    /// Columns of the file, for example `email=E-Mail,city=Ort`
    map: Option<String>,
    /// Columns that are not imported, separated by commas
    ignore: Option<String>,
}

/// Settings of an upload.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct UploadParams {
    /// Name of the digest
    digest: String,
    /// Name of the file
    #[serde(default)]
    file_name: String,
    /// `pending` asks the owner of each address; `confirmed` needs `consent`
    #[serde(default)]
    #[param(inline)]
    status: RequestedStatus,
    /// Record of how and when the people consented
    #[serde(default)]
    consent: String,
    /// Encoding of the file, for example `gb18030`; without it, it is recognized
    encoding: Option<String>,
    /// Character between the fields, or `comma`, `semicolon`, `tab` or `pipe`
    delimiter: Option<String>,
    /// Service that exported the file: `listmonk`, `mailchimp`, `mailpoet`, `ghost`, `substack` or `courant`
    preset: Option<String>,
    /// Columns of the file, for example `email=E-Mail,city=Ort`
    map: Option<String>,
    /// Columns that are not imported, separated by commas
    ignore: Option<String>,
    /// `update` replaces values of known people, `keep` leaves these people as they are
    #[serde(default)]
    #[param(inline)]
    existing: ExistingValues,
    /// Language of people who have none, for example `zh-CN`; without it, that of the site
    language: Option<String>,
    /// `true` to count the changes without storing anything
    #[serde(default)]
    dry_run: bool,
    /// `true` to import valid lines even if others are rejected
    #[serde(default)]
    skip_bad: bool,
    /// `false` to wait for `POST /api/v1/imports/{id}/start`
    #[serde(default = "yes")]
    #[param(default = true)]
    start: bool,
}

fn yes() -> bool {
    true
}

/// New settings of an import; absent ones keep their values.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct StartRequest {
    /// Name of the digest.
    digest: Option<String>,
    /// `pending` asks the owner of each address; `confirmed` needs `consent`.
    status: Option<RequestedStatus>,
    /// Record of how and when the people consented.
    consent: Option<String>,
    /// Encoding of the file; an empty text to recognize it.
    encoding: Option<String>,
    /// Character between the fields, or its name; an empty text to recognize it.
    delimiter: Option<String>,
    /// Service that exported the file; an empty text to recognize it.
    preset: Option<String>,
    /// Columns of the file, each as `email=E-Mail`.
    map: Option<Vec<String>>,
    /// Columns that are not imported.
    ignore: Option<Vec<String>>,
    /// `update` replaces values of known people, `keep` leaves these people as they are.
    existing: Option<ExistingValues>,
    /// Language of people who have none; an empty text for that of the site.
    language: Option<String>,
    /// `true` to count the changes without storing anything.
    dry_run: Option<bool>,
    /// `true` to import valid lines even if others are rejected.
    skip_bad: Option<bool>,
}

fn split(list: Option<&String>) -> Vec<String> {
    let parts = list.map(|text| text.split(',')).into_iter().flatten();
    parts.map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect()
}

/// Lists imports, newest first.
#[utoipa::path(
    get, path = "/api/v1/imports", tag = "imports", params(PageParams),
    responses((status = 200, description = "Page of the imports", body = ItemPage<Import>))
)]
async fn list_imports(caller: Caller, list: ListQuery<NoFilter>) -> ApiResult {
    caller.require_all_digests(REASON)?;
    let page = caller.app.store.imports().list(&list.page).await?;
    list.respond(page, |job| Import::from(&job))
}

/// Shows an import with its progress.
#[utoipa::path(
    get, path = "/api/v1/imports/{id}", tag = "imports",
    params(("id" = i64, Path, description = "Id of the import")),
    responses((status = 200, description = "The import", body = Import))
)]
async fn show_import(
    caller: Caller,
    headers: HeaderMap,
    PathParams(id): PathParams<i64>,
) -> ApiResult {
    resource(&headers, &Import::from(&find(&caller, id).await?))
}

/// Shows the recognized properties and the first lines of an uploaded file.
///
/// The parameters show how other settings would read the file.
#[utoipa::path(
    get, path = "/api/v1/imports/{id}/preview", tag = "imports",
    params(("id" = i64, Path, description = "Id of the import"), FileParams),
    responses(
        (status = 200, description = "Beginning of the file", body = ImportPreview),
        (status = 409, description = "The file cannot be read with these settings, or was deleted."),
    )
)]
async fn preview_import(
    caller: Caller,
    PathParams(id): PathParams<i64>,
    QueryParams(file): QueryParams<FileParams>,
) -> ApiResult {
    let job = find(&caller, id).await?;
    let mut settings = jobs::settings(&job);
    let chosen = |new: Option<String>, old: Option<String>| new.or(old).filter(|t| !t.is_empty());
    settings.encoding = chosen(file.encoding, settings.encoding);
    settings.delimiter = chosen(file.delimiter, settings.delimiter);
    settings.preset = chosen(file.preset, settings.preset);
    if file.map.is_some() {
        let pairs = split(file.map.as_ref());
        settings.columns = jobs::parse_columns(&pairs)
            .map_err(|reason| Problem::bad_request(format!("`map`: {reason}")))?;
    }
    if file.ignore.is_some() {
        settings.ignored = split(file.ignore.as_ref());
    }
    let preview = jobs::preview(&caller.app.store, &job, settings).await;
    let preview = preview.map_err(|reason| Problem::conflict(format!("{reason:#}")))?;
    if let Some(problem) = preview.problem {
        return Err(Problem::conflict(problem.to_string()));
    }
    json(StatusCode::OK, &ImportPreview::from(preview))
}

/// Lists the rejected lines of an import with the reasons, the first 10,000 at most.
#[utoipa::path(
    get, path = "/api/v1/imports/{id}/rejected", tag = "imports",
    params(("id" = i64, Path, description = "Id of the import"), PageParams),
    responses((status = 200, description = "Page of the lines", body = ItemPage<RejectedImportLine>))
)]
async fn list_rejected_lines(
    caller: Caller,
    PathParams(id): PathParams<i64>,
    list: ListQuery<NoFilter>,
) -> ApiResult {
    find(&caller, id).await?;
    let page = caller.app.store.imports().rejections(id, &list.page).await?;
    list.respond(page, RejectedImportLine::from)
}

/// Uploads a file of subscribers, and imports it.
///
/// The body is the file: CSV or JSON lines, at most 2 GiB. With an `Idempotency-Key`, it may have 64 KiB.
/// The import waits for a person if `start` is `false`.
#[utoipa::path(
    post, path = "/api/v1/imports", tag = "imports", params(UploadParams),
    request_body(content = Vec<u8>, content_type = "application/octet-stream", description = "The file"),
    responses(
        (status = 201, description = "The import was created", body = Import),
        (status = 413, description = "The file is larger than 2 GiB."),
        (status = 422, description = "Settings are not valid, or the `Idempotency-Key` belongs to another request."),
    )
)]
async fn upload_import(
    caller: Caller,
    QueryParams(upload): QueryParams<UploadParams>,
    body: Body,
) -> ApiResult {
    caller.require_all_digests(REASON)?;
    find_digests(&caller, std::slice::from_ref(&upload.digest), "/digest")?;
    let pairs = split(upload.map.as_ref());
    let columns =
        jobs::parse_columns(&pairs).map_err(|reason| Problem::invalid_field("/map", reason))?;
    let settings = ImportSettings {
        confirmed: upload.status == RequestedStatus::Confirmed,
        consent: upload.consent,
        encoding: upload.encoding,
        delimiter: upload.delimiter,
        preset: upload.preset,
        columns,
        ignored: split(upload.ignore.as_ref()),
        existing: upload.existing.into(),
        language: upload.language,
        dry_run: upload.dry_run,
        skip_bad: upload.skip_bad,
    };
    check_settings(&settings)?;
    let Caller { app, actor, now } = &caller;
    let (digest, name) = (&upload.digest, &upload.file_name);
    let mut file = Upload::begin(&app.store, digest, name, &settings, actor, *now).await?;
    let id = file.id();
    if let Err(problem) = receive(&mut file, body).await {
        file.cancel(actor, *now).await?;
        return Err(problem);
    }
    if !file.complete(upload.start, actor, *now).await? {
        return Err(Problem::bad_request("the body is empty; send the file as the body"));
    }
    created(&format!("imports/{id}"), &Import::from(&find(&caller, id).await?))
}

async fn receive(file: &mut Upload<'_>, body: Body) -> Result<(), Problem> {
    let mut chunks = body.into_data_stream();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| Problem::bad_request("the body is incomplete"))?;
        file.add(&chunk).await.map_err(|reason| match reason {
            UploadError::TooLarge => Problem::too_large(reason.to_string()),
            UploadError::Store(reason) => reason.into(),
        })?;
    }
    Ok(())
}

fn check_settings(settings: &ImportSettings) -> Result<(), Problem> {
    settings.check().map_err(|(name, reason)| Problem::invalid_field(format!("/{name}"), reason))
}

/// Starts an import that waits, was only checked, had rejected lines, or failed.
#[utoipa::path(
    post, path = "/api/v1/imports/{id}/start", tag = "imports", request_body = StartRequest,
    params(("id" = i64, Path, description = "Id of the import")),
    responses(
        (status = 200, description = "The import waits for a node", body = Import),
        (status = 409, description = "The import is running, or has ended."),
    )
)]
async fn start_import(
    caller: Caller,
    PathParams(id): PathParams<i64>,
    JsonBody(request): JsonBody<StartRequest>,
) -> ApiResult {
    let job = find(&caller, id).await?;
    let digest = request.digest.clone().unwrap_or_else(|| job.digest.clone());
    find_digests(&caller, std::slice::from_ref(&digest), "/digest")?;
    let settings = changed_settings(jobs::settings(&job), request)?;
    check_settings(&settings)?;
    let settings = serde_json::to_value(&settings).unwrap_or_default();
    let Caller { app, actor, now } = &caller;
    match app.store.imports().start(id, &digest, &settings, actor, *now).await? {
        Some(job) => json(StatusCode::OK, &Import::from(&job)),
        None => Err(Problem::conflict(format!(
            "the import has the state {}; only one with the state ready, checked, rejected or failed can be started",
            job.state.as_str()
        ))),
    }
}

fn changed_settings(
    mut settings: ImportSettings,
    request: StartRequest,
) -> Result<ImportSettings, Problem> {
    let chosen = |new: Option<String>, old: Option<String>| new.or(old).filter(|t| !t.is_empty());
    settings.encoding = chosen(request.encoding, settings.encoding);
    settings.delimiter = chosen(request.delimiter, settings.delimiter);
    settings.preset = chosen(request.preset, settings.preset);
    settings.language = chosen(request.language, settings.language);
    if let Some(status) = request.status {
        settings.confirmed = status == RequestedStatus::Confirmed;
    }
    if let Some(pairs) = request.map {
        settings.columns =
            jobs::parse_columns(&pairs).map_err(|reason| Problem::invalid_field("/map", reason))?;
    }
    settings.consent = request.consent.unwrap_or(settings.consent);
    settings.ignored = request.ignore.unwrap_or(settings.ignored);
    settings.existing = request.existing.map_or(settings.existing, ExistingPeople::from);
    settings.dry_run = request.dry_run.unwrap_or(settings.dry_run);
    settings.skip_bad = request.skip_bad.unwrap_or(settings.skip_bad);
    Ok(settings)
}

/// Cancels an import and deletes its file; what was stored before stays.
#[utoipa::path(
    post, path = "/api/v1/imports/{id}/cancel", tag = "imports",
    params(("id" = i64, Path, description = "Id of the import")),
    responses(
        (status = 200, description = "The import is cancelled", body = Import),
        (status = 409, description = "The import has ended."),
    )
)]
async fn cancel_import(caller: Caller, PathParams(id): PathParams<i64>) -> ApiResult {
    find(&caller, id).await?;
    let Caller { app, actor, now } = &caller;
    match app.store.imports().cancel(id, actor, *now).await? {
        Some(job) => json(StatusCode::OK, &Import::from(&job)),
        None => Err(Problem::conflict("the import has ended")),
    }
}

async fn find(caller: &Caller, id: i64) -> Result<ImportJob, Problem> {
    caller.require_all_digests(REASON)?;
    let found = caller.app.store.imports().find(id).await?;
    found.ok_or_else(|| Problem::not_found(format!("there is no import {id}")))
}
