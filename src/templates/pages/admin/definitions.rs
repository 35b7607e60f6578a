//! Contexts of the pages that create, change, delete and restore feeds and digests of the database.

use serde::Serialize;

use super::frame::{AdminFrame, TimeText};

/// Context of `/admin/KINDs/new` and `/admin/KINDs/NAME/edit`. The form posts the keys of the settings,
/// with `name` for a new definition, `version`, and `check` to store nothing; a second form posts
/// `new_name` to `rename`.
#[derive(Debug, Clone, Default, Serialize)]
pub struct DefinitionFormPage {
    /// Context common to all pages of the admin area.
    #[serde(flatten)]
    pub frame: AdminFrame,
    /// Heading of the page.
    pub heading: String,
    /// Path of the list of this kind, for example `/admin/digests`.
    pub list_path: String,
    /// Name of the definition; for a new one as it was entered.
    pub name: String,
    /// `true` for a definition that does not exist yet.
    pub is_new: bool,
    /// `true` if the user may give the definition another name.
    pub may_rename: bool,
    /// Version that the change replaces; 0 for a new definition.
    pub version: i64,
    /// Fields of the form in groups.
    pub groups: Vec<FieldGroup>,
    /// Error of the name, as one sentence.
    pub name_error: Option<String>,
    /// Errors of the fields, as links to them.
    pub field_errors: Vec<FieldErrorLink>,
    /// Errors that are about no field.
    pub other_errors: Vec<String>,
    /// Version that another person stored meanwhile.
    pub conflict: Option<VersionRow>,
    /// Meaning of the settings, after a check without errors.
    pub checked: Option<CheckedSettings>,
    /// New name as it was entered.
    pub new_name: String,
    /// Error of the new name, as one sentence.
    pub rename_error: Option<String>,
}

/// Group of fields of a form.
#[derive(Debug, Clone, Default, Serialize)]
pub struct FieldGroup {
    /// Title of the group.
    pub title: String,
    /// `true` if the group can be folded.
    pub can_fold: bool,
    /// `true` if it is not folded.
    pub is_open: bool,
    /// Fields of the group.
    pub fields: Vec<FormField>,
    /// Meaning of a valid schedule, below the fields.
    pub schedule: Option<ScheduleText>,
}

/// Schedule in words, with its next dates.
#[derive(Debug, Clone, Default, Serialize)]
pub struct ScheduleText {
    /// Schedule as a sentence.
    pub sentence: String,
    /// Next dates, earliest first.
    pub dates: Vec<TimeText>,
}

/// Field of a form.
#[derive(Debug, Clone, Default, Serialize)]
pub struct FormField {
    /// Key of the setting, which is the name of the field.
    pub key: String,
    /// Kind of the input: `text`, `number`, `lines`, `area`, `choices`, `select`, `texts` or `schedule`.
    pub input: String,
    /// Label of the field.
    pub label: String,
    /// Explanation of the field; may be empty.
    pub hint: String,
    /// Value as text; a list has one element per line.
    pub value: String,
    /// Choices of a list or of a selection.
    pub options: Vec<FieldOption>,
    /// Texts of the field by language.
    pub texts: Vec<FieldText>,
    /// Proposed values of the field.
    pub proposals: Vec<FieldOption>,
    /// Values of the fields of a schedule, which post `schedule.kind`, `schedule.days`, `schedule.day`
    /// and `schedule.time`; the cron pattern has the key of the setting.
    pub schedule: Option<ScheduleField>,
    /// Error of the field, as one sentence.
    pub error: Option<String>,
    /// `true` if a value is required.
    pub is_required: bool,
    /// `true` if the user may not change the value.
    pub is_read_only: bool,
}

/// Values of the fields of a schedule.
#[derive(Debug, Clone, Default, Serialize)]
pub struct ScheduleField {
    /// Kinds of days: `daily`, `weekly`, `monthly` and `cron`.
    pub kinds: Vec<FieldOption>,
    /// Days of the week from Monday.
    pub weekdays: Vec<FieldOption>,
    /// Days of the month that every month has.
    pub month_days: Vec<FieldOption>,
    /// Time of day as it was entered, for example `08:00`.
    pub time: String,
    /// Cron pattern as it was entered, or that of the setting.
    pub cron: String,
    /// Part with an error: `days`, `time` or `cron`; empty without one.
    pub wrong: String,
}

/// Choice of a field.
#[derive(Debug, Clone, Default, Serialize)]
pub struct FieldOption {
    /// Value that the form sends.
    pub value: String,
    /// Text of the choice.
    pub text: String,
    /// `true` if it is chosen.
    pub is_chosen: bool,
}

/// Text of a field in one language.
#[derive(Debug, Clone, Default, Serialize)]
pub struct FieldText {
    /// Tag of the language.
    pub tag: String,
    /// Name of the language.
    pub language_name: String,
    /// Text in this language; may be empty.
    pub value: String,
}

/// Error of a field, as a link to it.
#[derive(Debug, Clone, Default, Serialize)]
pub struct FieldErrorLink {
    /// Key of the setting.
    pub key: String,
    /// Label of the field.
    pub label: String,
    /// Problem and remedy as a sentence.
    pub message: String,
}

/// Meaning of settings without errors.
#[derive(Debug, Clone, Default, Serialize)]
pub struct CheckedSettings {
    /// Sentences about the settings.
    pub sentences: Vec<String>,
    /// Titles of the newest articles that they select.
    pub titles: Vec<String>,
}

/// Context of `/admin/KINDs/NAME/delete`. Its form posts `version` and `confirmed`.
#[derive(Debug, Clone, Default, Serialize)]
pub struct DefinitionDeletePage {
    /// Context common to all pages of the admin area.
    #[serde(flatten)]
    pub frame: AdminFrame,
    /// Heading of the page.
    pub heading: String,
    /// Path of the list of this kind.
    pub list_path: String,
    /// Name of the definition.
    pub name: String,
    /// Version that is deleted.
    pub version: i64,
    /// Sentences about what depends on it.
    pub dependents: Vec<String>,
    /// Reasons why it was not deleted.
    pub errors: Vec<String>,
}

/// Context of `/admin/KINDs/NAME/history`. Its forms post `version` and `newest` to `restore`.
#[derive(Debug, Clone, Default, Serialize)]
pub struct DefinitionHistoryPage {
    /// Context common to all pages of the admin area.
    #[serde(flatten)]
    pub frame: AdminFrame,
    /// Heading of the page.
    pub heading: String,
    /// Path of the list of this kind.
    pub list_path: String,
    /// Name of the definition.
    pub name: String,
    /// Number of the newest version.
    pub newest: i64,
    /// Versions of the definition, newest first.
    pub versions: Vec<VersionRow>,
    /// Reasons why a version was not restored.
    pub errors: Vec<String>,
}

/// Version of a definition with its changes.
#[derive(Debug, Clone, Default, Serialize)]
pub struct VersionRow {
    /// Number of the version.
    pub version: i64,
    /// Time of the change.
    pub time: TimeText,
    /// Person or program that made it.
    pub author: String,
    /// Former name, if the definition had another one.
    pub former_name: Option<String>,
    /// `true` if the version deleted the definition.
    pub is_deleted: bool,
    /// `true` for the version in force.
    pub is_current: bool,
    /// `true` if the user may restore it.
    pub can_restore: bool,
    /// Settings that the version changed.
    pub changes: Vec<ChangeRow>,
}

/// Setting that a version changed.
#[derive(Debug, Clone, Default, Serialize)]
pub struct ChangeRow {
    /// Name of the setting.
    pub label: String,
    /// Former value; `None` if there was none.
    pub before: Option<String>,
    /// New value; `None` if there is none.
    pub after: Option<String>,
}
