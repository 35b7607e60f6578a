//! Context of the audit log, and of the details of a change.

use serde::Serialize;

use super::frame::{AdminFrame, TimeText, framed};
use super::list::{Chip, Pager};
use crate::templates::pages::view::View;

/// Context of the page `/admin/audit`.
#[derive(Debug, Clone, Default, Serialize)]
pub struct AuditPage {
    /// Context common to all pages of the admin area.
    #[serde(flatten)]
    pub frame: AdminFrame,
    /// Name of an actor that was searched for; may be empty.
    pub search: String,
    /// Last day of the entries as `YYYY-MM-DD`; may be empty.
    pub until: String,
    /// Kind of the objects; empty for all.
    pub object: String,
    /// Filters by the kind of actor.
    pub actor_chips: Vec<Chip>,
    /// Filters by the kind of object.
    pub chips: Vec<Chip>,
    /// Entries of the page, newest first.
    pub entries: Vec<AuditRow>,
    /// Links to the other pages of the list.
    pub pager: Pager,
}

/// Entry of the audit log.
#[derive(Debug, Clone, Default, Serialize)]
pub struct AuditRow {
    /// Time of the change.
    pub time: TimeText,
    /// Actor that made the change.
    pub actor: AuditName,
    /// Word for the change.
    pub action: String,
    /// Object that was changed.
    pub object: AuditName,
    /// Fields of the change with their values.
    pub details: Option<Details>,
}

/// Actor or object of an entry.
#[derive(Debug, Clone, Default, Serialize)]
pub struct AuditName {
    /// Word for its kind.
    pub kind: String,
    /// Name for a person; empty if there is none.
    pub name: String,
    /// URL of its page, if there is one.
    pub url: Option<String>,
}

/// Fields with their values.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Details {
    /// Fields that are always shown.
    pub shown: Vec<DetailField>,
    /// Other fields, which are shown on demand.
    pub more: Vec<DetailField>,
    /// Text that names the number of the other fields.
    pub more_text: String,
}

/// Field with its value.
#[derive(Debug, Clone, Default, Serialize)]
pub struct DetailField {
    /// Name of the field.
    pub label: String,
    /// Value, or the former and the new value; long ones are shortened.
    pub text: String,
    /// The same in full, if something is shortened.
    pub whole: Option<String>,
}

impl Details {
    /// Returns a sample with fields of every kind.
    pub(super) fn sample() -> Self {
        let field = |whole: Option<&str>| DetailField {
            label: "Schedule".into(),
            text: "0 8 * * MON → 0 9 * * MON".into(),
            whole: whole.map(Into::into),
        };
        Self {
            shown: vec![field(None), field(Some("0 8 * * MON → 0 9 * * MON,TUE"))],
            more: vec![field(None)],
            more_text: "one more field".into(),
        }
    }
}

impl View for AuditPage {
    const TEMPLATE: &'static str = "web/admin/audit";

    fn samples() -> Vec<Self> {
        let name = |name: &str, url: Option<&str>| AuditName {
            kind: "User".into(),
            name: name.into(),
            url: url.map(Into::into),
        };
        let row = |actor, object, details| AuditRow {
            time: TimeText::sample(),
            actor,
            action: "Changed".into(),
            object,
            details,
        };
        let mut samples = framed(|frame| Self { frame, ..Self::default() });
        samples.extend(framed(|frame| Self {
            frame,
            search: "lin".into(),
            until: "2026-11-22".into(),
            object: "digest".into(),
            actor_chips: Chip::samples(),
            chips: Chip::samples(),
            entries: vec![
                row(name("lin", Some("/admin/users/lin")), name("wu", None), None),
                row(name("", None), name("", Some("/admin/settings")), Some(Details::sample())),
            ],
            pager: Pager::sample(),
        }));
        samples
    }
}
