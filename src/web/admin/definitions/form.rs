//! The form for the settings of a feed or digest, with its errors.

use serde_json::{Map, Value};

use super::super::nav::Section;
use super::super::visit::Visit;
use super::check::schedule_outcome;
use super::choices::{choices, schedules, selection, texts};
use super::fields::{Field, Group, Input, fields, groups, is_required, text_key};
use super::schedule::ScheduleFields;
use super::stored::{Stored, list_path};
use super::values::input_text;
use crate::app::App;
use crate::config::FieldError;
use crate::definitions;
use crate::domain::definition::DefinitionKind;
use crate::domain::digest_scope::DigestScope;
use crate::templates::pages::{Crumb, DefinitionFormPage, FieldErrorLink, FieldGroup, FormField};
use crate::web::error::WebResult;

/// Definition in a form: its kind, name and settings with secrets as `***`.
pub(super) struct Draft<'a> {
    /// Kind of the definition.
    pub(super) kind: DefinitionKind,
    /// Name of the definition; for a new one as it was entered.
    pub(super) name: &'a str,
    /// Version that the change replaces; `None` for a new definition.
    pub(super) version: Option<i64>,
    /// Settings that the form shows.
    pub(super) settings: &'a Map<String, Value>,
    /// Schedule as it was entered, which may state no pattern; `None` to show that of the settings.
    pub(super) entered: Option<&'a ScheduleFields>,
}

impl<'a> Draft<'a> {
    /// Creates a draft of a stored definition with these settings.
    pub(super) fn of_stored(
        kind: DefinitionKind,
        name: &'a str,
        stored: &Stored,
        settings: &'a Map<String, Value>,
    ) -> Self {
        Self { kind, name, version: Some(stored.version), settings, entered: None }
    }
}

/// Returns the section of the navigation that has a kind of definition.
pub(super) fn section(kind: DefinitionKind) -> Section {
    match kind {
        DefinitionKind::Feed => Section::Feeds,
        DefinitionKind::Digest => Section::Digests,
        DefinitionKind::Segment => Section::Segments,
        DefinitionKind::Webhook => Section::Webhooks,
    }
}

/// Returns the links to the list, and to the definition if it exists.
pub(super) fn crumbs(visit: &Visit, kind: DefinitionKind, name: Option<&str>) -> Vec<Crumb> {
    let title = |name: &str| match kind {
        DefinitionKind::Digest => visit.digest_title(name),
        DefinitionKind::Feed => visit.feed_title(name),
        DefinitionKind::Segment | DefinitionKind::Webhook => name.to_owned(),
    };
    let own = name.map(|name| Crumb {
        text: title(name),
        url: visit.url(&format!("{}/{name}", list_path(kind))),
    });
    let above = [visit.crumb(Section::Home), visit.crumb(section(kind))];
    above.into_iter().chain(own).collect()
}

/// Returns the page of a form with its errors by field.
pub(super) async fn page(
    visit: &Visit,
    app: &App,
    draft: &Draft<'_>,
    errors: &[FieldError],
) -> WebResult<DefinitionFormPage> {
    let Draft { kind, name, version, .. } = *draft;
    let is_new = version.is_none();
    let mut frame = visit.frame(section(kind), crumbs(visit, kind, (!is_new).then_some(name)));
    let call = if is_new {
        format!("POST /api/v1/{kind}s")
    } else {
        format!("PUT /api/v1/{kind}s/{name}")
    };
    frame.call = Some(call);
    frame.command = Some("courant config show".to_owned());
    let action = if is_new { "new" } else { "edit" };
    let name_error = errors.iter().find(|error| is_about(error, "name"));
    let has_field = |error: &FieldError| fields(kind).any(|field| is_about(error, field.key));
    let other = errors.iter().filter(|error| !has_field(error) && !is_about(error, "name"));
    let mut page = DefinitionFormPage {
        frame,
        heading: visit.text(&format!("admin-{kind}-{action}"), &[]),
        list_path: list_path(kind),
        name: name.to_owned(),
        is_new,
        // A user of some digests may give a digest no name outside of them.
        may_rename: !is_new && visit.actor.digests() == DigestScope::All,
        version: version.unwrap_or(0),
        name_error: name_error.map(|error| error.message.clone()),
        other_errors: other.map(|error| error.message.clone()).collect(),
        ..DefinitionFormPage::default()
    };
    for group in groups(kind) {
        page.groups.push(field_group(visit, app, draft, group, errors).await?);
    }
    let all = page.groups.iter().flat_map(|group| &group.fields);
    let link = |field: &FormField| {
        field.error.clone().map(|message| FieldErrorLink {
            key: field.key.clone(),
            label: field.label.clone(),
            message,
        })
    };
    page.field_errors = all.filter_map(link).collect();
    Ok(page)
}

fn is_about(error: &FieldError, key: &str) -> bool {
    error.path.first().is_some_and(|first| first == key)
}

async fn field_group(
    visit: &Visit,
    app: &App,
    draft: &Draft<'_>,
    group: &Group,
    errors: &[FieldError],
) -> WebResult<FieldGroup> {
    let mut shown = Vec::new();
    for field in group.fields {
        shown.push(form_field(visit, app, draft, field, errors).await?);
    }
    Ok(FieldGroup {
        title: visit.text(&format!("admin-fields-{}", group.name), &[]),
        can_fold: group.can_fold,
        is_open: shown.iter().any(|field| field.error.is_some()),
        schedule: if shown.iter().any(|field| field.schedule.is_some()) {
            schedule_outcome(visit, app, draft.settings)
        } else {
            None
        },
        fields: shown,
    })
}

async fn form_field(
    visit: &Visit,
    app: &App,
    draft: &Draft<'_>,
    field: &Field,
    errors: &[FieldError],
) -> WebResult<FormField> {
    let Draft { kind, name, settings, .. } = *draft;
    let text_key = text_key(kind, field.key);
    let value = settings.get(field.key);
    let error = errors.iter().find(|error| is_about(error, field.key));
    let mut shown = FormField {
        key: field.key.to_owned(),
        input: input_word(field.input).to_owned(),
        label: visit.text(&format!("admin-field-{text_key}"), &[]),
        hint: visit.text(&format!("admin-field-{text_key}-hint"), &[]),
        value: input_text(field.input, value),
        // The place of the message says what it is about.
        error: error.map(|error| {
            let location = format!("[[{kind}s]] {name}: ");
            error.message.strip_prefix(&location).unwrap_or(&error.message).to_owned()
        }),
        is_required: is_required(kind, field.key),
        is_read_only: visit.actor.digests() != DigestScope::All
            && definitions::KEYS_BEYOND_DIGEST.contains(&field.key),
        ..FormField::default()
    };
    if shown.is_read_only {
        shown.hint = visit.text("admin-field-read-only", &[]);
    }
    match field.input {
        Input::Choices(names) => shown.options = choices(visit, app, names, value).await?,
        Input::Select(values) => shown.options = selection(visit, app, values, &shown.value),
        Input::Texts => shown.texts = texts(app, value),
        Input::Schedule => add_schedule(visit, draft.entered, &mut shown),
        _ => {}
    }
    Ok(shown)
}

/// Adds the fields of a schedule, with an error of their own if they are incomplete.
fn add_schedule(visit: &Visit, entered: Option<&ScheduleFields>, shown: &mut FormField) {
    let stored = ScheduleFields::of_pattern(&shown.value);
    let fields = entered.unwrap_or(&stored);
    // The validation only finds that there is no pattern, if it comes that far.
    if let Some(problem) = entered.and_then(ScheduleFields::problem) {
        shown.error = Some(visit.text(problem.text_key(), &[]));
    }
    shown.schedule = Some(fields.view(visit, shown.error.is_some()));
    shown.proposals = schedules(visit);
}

fn input_word(input: Input) -> &'static str {
    match input {
        Input::Text | Input::Words => "text",
        Input::Number => "number",
        Input::Lines => "lines",
        Input::Area => "area",
        Input::Choices(_) => "choices",
        Input::Select(_) => "select",
        Input::Texts => "texts",
        Input::Schedule => "schedule",
    }
}
