//! The page of an import: settings with the first lines, progress, numbers and rejected lines.

use axum::http::StatusCode;
use axum::response::Response;

use super::import_columns::{columns, file_reason, meaning_text, problem};
use super::person::fields_of;
use super::requests::{FieldError, RequestForm};
use crate::domain::import_changes::{ChangedPerson, ChangedValue, ExistingPeople};
use crate::domain::page::PageRequest;
use crate::domain::permission::Permission;
use crate::domain::subscriber_import::{ImportCounts, ImportState};
use crate::store::imports::ImportJob;
use crate::subscribers::import::jobs;
use crate::subscribers::import::{FilePreview, ImportSettings, delimiter_word};
use crate::templates::pages::{
    ChangedPersonRow, ChangedValueRow, ImportPage, ImportRow, OutcomeRow, RejectedRow,
    SelectOption, StateText,
};
use crate::web::admin::nav::Section;
use crate::web::admin::visit::Visit;
use crate::web::error::WebResult;

/// Encodings that the form offers, by their names.
const ENCODINGS: [&str; 8] =
    ["UTF-8", "GB18030", "Big5", "UTF-16LE", "UTF-16BE", "windows-1252", "Shift_JIS", "EUC-KR"];
/// Delimiters that the form offers.
const DELIMITERS: [&str; 4] = ["comma", "semicolon", "tab", "pipe"];
/// Number of rejected lines that the page shows.
const SHOWN_REJECTIONS: usize = 20;

/// Settings that the form shows, with an error.
pub(super) struct SettingsForm {
    /// Settings of the form.
    pub(super) settings: ImportSettings,
    /// Name of the digest.
    pub(super) digest: String,
    /// Name of a field with its error.
    pub(super) error: Option<FieldError>,
}

/// Returns the row of an import in the list.
pub(super) fn row(visit: &Visit, job: &ImportJob) -> ImportRow {
    let tone = match job.state {
        ImportState::Finished => "good",
        ImportState::Queued
        | ImportState::Checking
        | ImportState::Storing
        | ImportState::Uploading => "active",
        ImportState::Ready | ImportState::Checked | ImportState::Rejected => "warn",
        ImportState::Failed => "bad",
        ImportState::Cancelled => "off",
    };
    let text = visit.text(&format!("people-import-state-{}", job.state.as_str()), &[]);
    ImportRow {
        id: job.id,
        file_name: match job.file_name.as_str() {
            "" => visit.text("people-import-unnamed", &[]),
            name => name.to_owned(),
        },
        digest: visit.digest_title(&job.digest),
        state: StateText { tone: tone.to_owned(), text },
        valid: job.valid,
        rejected: job.rejected,
        created: visit.time(job.created_at),
        finished: job.finished_at.map(|at| visit.time(at)),
    }
}

/// Renders the page of an import.
pub(super) async fn render(
    visit: &Visit,
    status: StatusCode,
    job: &ImportJob,
    shown: SettingsForm,
) -> WebResult<Response> {
    let crumbs = vec![visit.crumb(Section::Home), visit.crumb(Section::Imports)];
    let mut frame = visit.frame(Section::Imports, crumbs);
    frame.command = Some(format!("courant subscribers import FILE --digest {}", job.digest));
    frame.call = Some(format!("GET /api/v1/imports/{}", job.id));
    let may_change = visit.may(Permission::WriteSubscribers);
    let done = stored_lines(&job.counts);
    let mut page = ImportPage {
        frame,
        row: row(visit, job),
        is_running: matches!(
            job.state,
            ImportState::Queued | ImportState::Checking | ImportState::Storing
        ),
        is_stored: matches!(job.state, ImportState::Storing | ImportState::Finished),
        can_start: may_change && job.state.can_start(),
        can_cancel: may_change && !job.state.is_final(),
        processed: done,
        width: if job.valid > 0 { (done * 100 / job.valid).min(100) } else { 0 },
        outcome: outcome(visit, job),
        failure: failure(visit, job),
        counts: counts(visit, &job.counts, job.state),
        importable: job.counts.new + job.counts.changed > 0 && job.state == ImportState::Checked,
        changed_total: i64::try_from(job.counts.details_changed).unwrap_or(i64::MAX),
        changed_shown: job.changed_people.len(),
        has_more_changed: job.counts.details_changed > job.changed_people.len() as u64,
        changed: job.changed_people.iter().map(|person| changed(visit, person)).collect(),
        ..ImportPage::default()
    };
    let first = PageRequest::first(SHOWN_REJECTIONS);
    let rejections = visit.app().store.imports().rejections(job.id, &first).await?;
    page.has_more_rejected = rejections.next.is_some();
    let rejected = |one: crate::store::imports::ImportRejection| RejectedRow {
        line: one.line,
        reason: visit.stored_reason(&one.detail, &one.reason),
    };
    page.rejected = rejections.items.into_iter().map(rejected).collect();
    if page.can_start {
        add_settings(visit, job, shown, &mut page).await?;
    }
    visit.render_as(status, &page).await
}

/// Returns the reason for which an import failed.
fn failure(visit: &Visit, job: &ImportJob) -> Option<String> {
    let sentence = job.error.as_ref()?;
    let detail = job.error_detail.as_ref();
    Some(detail.map_or_else(|| sentence.clone(), |detail| visit.stored_reason(detail, sentence)))
}

/// Returns what an import has done when its check or the import itself has ended.
fn outcome(visit: &Visit, job: &ImportJob) -> Option<String> {
    let key = match job.state {
        ImportState::Checked => "people-import-outcome-checked",
        ImportState::Finished => "people-import-outcome-finished",
        _ => return None,
    };
    Some(visit.text(key, &[("count", job.valid.into())]))
}

/// Returns a known person whose stored values change.
fn changed(visit: &Visit, person: &ChangedPerson) -> ChangedPersonRow {
    let value = |value: &ChangedValue| ChangedValueRow {
        label: meaning_text(visit, &value.field),
        old: value.old.clone().unwrap_or_default(),
        new: value.new.clone(),
    };
    ChangedPersonRow {
        id: person.id,
        email: person.address.clone(),
        values: person.values.iter().map(value).collect(),
        more: person.more,
    }
}

/// Adds the form with the settings and the first lines of the file.
async fn add_settings(
    visit: &Visit,
    job: &ImportJob,
    shown: SettingsForm,
    page: &mut ImportPage,
) -> WebResult<()> {
    let SettingsForm { settings, digest, error } = shown;
    let store = &visit.app().store;
    let preview = jobs::preview(store, job, settings.clone()).await;
    let attributes = store.attributes().list().await?.into_iter().map(|one| one.name);
    match &preview {
        Ok(preview) => {
            let attributes: Vec<String> = attributes.collect();
            page.columns = columns(visit, preview, &attributes);
            page.columns_error = problem(visit, preview);
            page.format = format_text(visit, preview);
            page.is_csv = preview.form.format == "csv";
        }
        Err(reason) => {
            page.columns_error = Some(file_reason(visit, reason));
            page.is_csv = true;
        }
    }
    if let Some((_, reason)) = error.as_ref().filter(|(field, _)| *field == "columns") {
        page.columns_error = Some(reason.clone());
    }
    page.encodings =
        options(visit, &ENCODINGS, settings.encoding.as_deref(), |name| name.to_owned());
    page.delimiters = options(visit, &DELIMITERS, settings.delimiter.as_deref(), |name| {
        visit.text(&format!("people-delimiter-{name}"), &[])
    });
    page.people_languages = languages(visit, settings.language.as_deref());
    page.keeps_existing = settings.existing == ExistingPeople::Keep;
    page.skip_bad = settings.skip_bad;
    let form = RequestForm {
        digests: vec![digest],
        is_confirmed: settings.confirmed,
        consent: settings.consent.clone(),
        sections: Vec::new(),
    };
    let (field, text) = error.unwrap_or_default();
    page.request = fields_of(visit, Some((form, field, text)));
    page.encoding = settings.encoding.unwrap_or_default();
    page.delimiter = settings.delimiter.unwrap_or_default();
    Ok(())
}

/// Returns the languages that people without one can get: the site's first, then those of the digests and
/// of the pages.
fn languages(visit: &Visit, chosen: Option<&str>) -> Vec<SelectOption> {
    let (config, templates) = (&visit.app().config, &visit.app().templates);
    let site = templates.language_name(&config.site.language);
    let mut tags: Vec<String> = chosen.map(str::to_owned).into_iter().collect();
    tags.extend(config.digests.iter().flat_map(|digest| digest.languages.iter().cloned()));
    tags.extend(templates.languages().into_iter().map(|(code, _)| code));
    tags.sort_unstable();
    tags.dedup();
    let text = |tag: &str| match templates.language_name(tag) {
        name if name.contains(tag) => name,
        name => format!("{name} ({tag})"),
    };
    let option = |value: String| SelectOption {
        text: text(&value),
        is_chosen: chosen == Some(&value),
        value,
    };
    let of_site = SelectOption {
        value: String::new(),
        text: visit.text("people-import-language-site", &[("language", site.as_str().into())]),
        is_chosen: chosen.is_none(),
    };
    std::iter::once(of_site).chain(tags.into_iter().map(option)).collect()
}

/// Returns the choices of a property, the recognition first.
fn options(
    visit: &Visit,
    names: &[&str],
    chosen: Option<&str>,
    text: impl Fn(&str) -> String,
) -> Vec<SelectOption> {
    let recognized = SelectOption {
        value: String::new(),
        text: visit.text("people-import-recognize", &[]),
        is_chosen: chosen.is_none(),
    };
    let option = |name: &&str| SelectOption {
        value: (*name).to_owned(),
        text: text(name),
        is_chosen: chosen.is_some_and(|chosen| chosen.eq_ignore_ascii_case(name)),
    };
    std::iter::once(recognized).chain(names.iter().map(option)).collect()
}

/// Returns the recognized properties of a file as words.
fn format_text(visit: &Visit, preview: &FilePreview) -> String {
    let form = &preview.form;
    // The form offers GB18030, which includes all of GBK.
    let encoding = if form.encoding == "GBK" { "GB18030" } else { form.encoding };
    let mut words = vec![form.format.to_uppercase(), encoding.to_owned()];
    if let Some(separator) = form.separator {
        let word = delimiter_word(separator);
        let key = format!("people-delimiter-{word}");
        let text = visit.text(&key, &[]);
        words.push(if text == key { word } else { text });
    }
    if let Some(preset) = form.preset {
        words.push(preset.as_str().to_owned());
    }
    words.join(" · ")
}

/// Returns the numbers of lines by outcome that are not 0.
fn counts(visit: &Visit, counts: &ImportCounts, state: ImportState) -> Vec<OutcomeRow> {
    let all = [
        ("new", counts.new, true),
        ("changed", counts.changed, true),
        ("confirmed", counts.confirmed, true),
        ("pending", counts.pending, true),
        ("unchanged", counts.unchanged, false),
        ("already-subscribed", counts.already_subscribed, false),
        ("previously-unsubscribed", counts.previously_unsubscribed, false),
        ("suppressed", counts.suppressed, false),
        ("suppressions-added", counts.suppressions_added, true),
        ("other-digests", counts.other_digests, false),
    ];
    let future = matches!(state, ImportState::Checked | ImportState::Rejected);
    let row = |(name, count, is_done): (&str, u64, bool)| OutcomeRow {
        text: visit.text(&format!("people-import-count-{name}"), &[]),
        is_done: is_done || future,
        count: i64::try_from(count).unwrap_or(i64::MAX),
    };
    all.into_iter().filter(|(_, count, _)| *count > 0).map(row).collect()
}

/// Returns the number of lines with a person that these counts contain.
fn stored_lines(counts: &ImportCounts) -> i64 {
    let lines = counts.new
        + counts.changed
        + counts.unchanged
        + counts.previously_unsubscribed
        + counts.suppressed;
    i64::try_from(lines).unwrap_or(i64::MAX)
}
