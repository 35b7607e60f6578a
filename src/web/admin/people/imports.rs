//! `/admin/subscribers/import`: imports of files, from the upload to the report.

use axum::body::Body;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::access::require_all_digests;
use super::import_columns;
use super::import_page::{self, SettingsForm};
use super::requests::{FieldError, find_digests};
use super::uploads::IMPORTS;
use crate::domain::import_changes::ExistingPeople;
use crate::domain::page::{MAX_PAGE_SIZE, PageRequest};
use crate::fs::escape_formula;
use crate::http::{BYTE_ORDER_MARK, csv_headers};
use crate::store::imports::ImportJob;
use crate::subscribers::import::ImportSettings;
use crate::subscribers::import::jobs;
use crate::templates::pages::ImportsPage;
use crate::web::admin::nav::Section;
use crate::web::admin::redirect::see_other;
use crate::web::admin::visit::Visit;
use crate::web::error::{WebError, WebResult};
use crate::web::form::Form;

/// `GET /admin/subscribers/import`: the form for a file, and the imports up to now.
pub(super) async fn list(visit: Visit) -> WebResult<Response> {
    require_all_digests(&visit)?;
    let jobs = visit.app().store.imports().list(&visit.page_request()).await?;
    let mut frame = visit.frame(Section::Imports, vec![visit.crumb(Section::Home)]);
    frame.command = Some("courant subscribers import FILE --digest NAME --dry-run".to_owned());
    frame.call = Some("POST /api/v1/imports".to_owned());
    let pager = visit.pager(&jobs);
    let digests = super::person::fields_of(&visit, None).digests;
    let imports = jobs.items.iter().map(|job| import_page::row(&visit, job)).collect();
    visit.render(&ImportsPage { frame, digests, imports, pager }).await
}

/// `GET /admin/subscribers/import/ID`: the import as it is; `encoding` and `delimiter` show how the file
/// would be read with them.
pub(super) async fn show(visit: Visit, Path(id): Path<i64>) -> WebResult<Response> {
    let job = find(&visit, id).await?;
    let mut settings = jobs::settings(&job);
    read_form(&mut settings, |name| visit.client.query_param(name).map(str::to_owned));
    let shown = SettingsForm { settings, digest: job.digest.clone(), error: None };
    import_page::render(&visit, StatusCode::OK, &job, shown).await
}

/// Takes encoding and delimiter from a form or an address; a blank one means the recognized one.
fn read_form(settings: &mut ImportSettings, value: impl Fn(&str) -> Option<String>) {
    let chosen = |new: Option<String>, old: Option<String>| match new {
        Some(new) => Some(new).filter(|text| !text.is_empty()),
        None => old,
    };
    settings.encoding = chosen(value("encoding"), settings.encoding.take());
    settings.delimiter = chosen(value("delimiter"), settings.delimiter.take());
}

/// `POST /admin/subscribers/import/ID/start`: checks the file, or imports it, with the settings of the form.
pub(super) async fn start(visit: Visit, Path(id): Path<i64>, form: Form) -> WebResult<Response> {
    let job = find(&visit, id).await?;
    let path = format!("{IMPORTS}/{id}");
    if !job.state.can_start() {
        return Ok(visit.refused(&path, "import-state"));
    }
    let digest = form.first("digest").to_owned();
    find_digests(&visit, std::slice::from_ref(&digest))?;
    let mut settings = jobs::settings(&job);
    read_form(&mut settings, |name| form.first_verbatim(name).map(str::to_owned));
    settings.confirmed = form.first("status") == "confirmed";
    form.first("consent").clone_into(&mut settings.consent);
    settings.language = Some(form.first("language").to_owned()).filter(|tag| !tag.is_empty());
    settings.existing = ExistingPeople::parse(form.first("existing")).unwrap_or_default();
    settings.skip_bad = !form.first("skip_bad").is_empty();
    settings.dry_run = form.first("action") != "import";
    if let Err(error) = checked(&visit, &job, &mut settings, &form).await {
        let shown = SettingsForm { settings, digest, error: Some(error) };
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        return import_page::render(&visit, status, &job, shown).await;
    }
    let stored = serde_json::to_value(&settings).map_err(anyhow::Error::from)?;
    let (imports, actor, now) = (visit.app().store.imports(), &visit.actor, visit.now);
    match imports.start(id, &digest, &stored, actor, now).await? {
        // The page itself shows the state, which a message about the start would soon contradict.
        Some(_) => Ok(see_other(&visit.web, &visit.client, &path, None)),
        None => Ok(visit.refused(&path, "import-state")),
    }
}

/// Applies the meanings of the columns, and checks all settings together with the file.
async fn checked(
    visit: &Visit,
    job: &ImportJob,
    settings: &mut ImportSettings,
    form: &Form,
) -> Result<(), FieldError> {
    let store = &visit.app().store;
    let unreadable =
        |reason: anyhow::Error| ("columns", import_columns::file_reason(visit, &reason));
    let preview = jobs::preview(store, job, settings.clone()).await.map_err(unreadable)?;
    import_columns::apply(settings, &preview, form)?;
    settings.check().map_err(|(name, reason)| match name {
        "consent" => ("consent", visit.text("people-error-consent", &[])),
        _ => ("columns", reason),
    })?;
    let preview = jobs::preview(store, job, settings.clone()).await.map_err(unreadable)?;
    match import_columns::problem(visit, &preview) {
        Some(problem) => Err(("columns", problem)),
        None => Ok(()),
    }
}

/// `POST /admin/subscribers/import/ID/cancel`: cancels the import and deletes its file.
pub(super) async fn cancel(visit: Visit, Path(id): Path<i64>) -> WebResult<Response> {
    find(&visit, id).await?;
    let path = format!("{IMPORTS}/{id}");
    let imports = visit.app().store.imports();
    match imports.cancel(id, &visit.actor, visit.now).await? {
        Some(_) => Ok(visit.done(&path, "import-cancelled")),
        None => Ok(visit.refused(&path, "import-state")),
    }
}

/// `GET /admin/subscribers/import/ID/rejected.csv`: the rejected lines with the reasons.
pub(super) async fn rejected(visit: Visit, Path(id): Path<i64>) -> WebResult<Response> {
    find(&visit, id).await?;
    let mut csv = csv::Writer::from_writer(BYTE_ORDER_MARK.to_vec());
    csv.write_record(["line", "reason"]).map_err(anyhow::Error::from)?;
    let mut request = PageRequest::first(MAX_PAGE_SIZE);
    loop {
        let page = visit.app().store.imports().rejections(id, &request).await?;
        for rejection in page.items {
            let reason = visit.stored_reason(&rejection.detail, &rejection.reason);
            let cells = [rejection.line.to_string(), escape_formula(&reason)];
            csv.write_record(cells).map_err(anyhow::Error::from)?;
        }
        request.after = page.next;
        if request.after.is_none() {
            break;
        }
    }
    let text = csv.into_inner().map_err(|e| anyhow::anyhow!("cannot write CSV: {}", e.error()))?;
    Ok((csv_headers(&format!("rejected-{id}.csv")), Body::from(text)).into_response())
}

async fn find(visit: &Visit, id: i64) -> WebResult<ImportJob> {
    require_all_digests(visit)?;
    visit.app().store.imports().find(id).await?.ok_or_else(WebError::not_found)
}
