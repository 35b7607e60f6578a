//! Contexts of the pages of segments and suppressions.

use serde::Serialize;

use super::filter_form::FilterForm;
use super::frame::{AdminFrame, TimeText, framed};
use super::list::Pager;
use super::people::FilterField;
use super::person::TextField;
use crate::templates::pages::View;

/// Context of the page `/admin/segments`.
#[derive(Debug, Clone, Default, Serialize)]
pub struct SegmentsPage {
    /// Context common to all pages of the admin area.
    #[serde(flatten)]
    pub frame: AdminFrame,
    /// Segments in the order of the configuration.
    pub segments: Vec<SegmentRow>,
    /// `true` if the user may change segments.
    pub may_change: bool,
}

/// Segment in the list.
#[derive(Debug, Clone, Default, Serialize)]
pub struct SegmentRow {
    /// Name of the segment.
    pub name: String,
    /// Title of the segment.
    pub title: String,
    /// Filter that selects the people.
    pub filter: String,
    /// Number of the people.
    pub count: i64,
    /// Sentence about a filter that is no longer valid.
    pub error: Option<String>,
    /// URL of the list of the people.
    pub people_url: String,
    /// Titles of the digests whose audience names the segment.
    pub used_by: Vec<String>,
}

/// Context of `/admin/segments/new` and `/admin/segments/NAME`. Its forms post to the page itself, or to
/// `save` and `delete` below it.
#[derive(Debug, Clone, Default, Serialize)]
pub struct SegmentPage {
    /// Context common to all pages of the admin area.
    #[serde(flatten)]
    pub frame: AdminFrame,
    /// `true` for a segment that does not exist yet.
    pub is_new: bool,
    /// Name of the segment; empty for a new one.
    pub old_name: String,
    /// Name of a new segment.
    pub name: TextField,
    /// Title of the segment.
    pub title: TextField,
    /// Filter that selects the people.
    pub filter: FilterField,
    /// Form that adds a comparison to the filter.
    pub filter_form: FilterForm,
    /// Sentence about a filter that cannot be stored.
    pub filter_error: Option<String>,
    /// Filter that somebody stored after the form was loaded.
    pub filter_stored: Option<String>,
    /// Number of the people, if there is a valid filter.
    pub count: Option<i64>,
    /// Version that the form shows.
    pub version: String,
    /// `true` if somebody changed the segment after the form was loaded.
    pub is_outdated: bool,
    /// File and line that define the segment, if the config file does.
    pub file_line: Option<String>,
    /// `true` if the user may change the segment.
    pub may_change: bool,
    /// Titles of the digests whose audience names the segment.
    pub used_by: Vec<String>,
}

/// Context of `/admin/suppressions`. Its forms post to `remove` below it.
#[derive(Debug, Clone, Default, Serialize)]
pub struct SuppressionsPage {
    /// Context common to all pages of the admin area.
    #[serde(flatten)]
    pub frame: AdminFrame,
    /// Address that was searched for.
    pub search: String,
    /// URL of the form that suppresses the searched text; `None` if it is neither address nor domain.
    pub offer_url: Option<String>,
    /// `true` if the user may change suppressions.
    pub may_change: bool,
    /// Suppressions of the page, newest first.
    pub suppressions: Vec<SuppressionRow>,
    /// Links to the other pages of the list.
    pub pager: Pager,
}

/// Context of the page `/admin/suppressions/new`, a form.
#[derive(Debug, Clone, Default, Serialize)]
pub struct NewSuppressionPage {
    /// Context common to all pages of the admin area.
    #[serde(flatten)]
    pub frame: AdminFrame,
    /// Address or domain, with its error.
    pub email: TextField,
}

/// Suppression in the list.
#[derive(Debug, Clone, Default, Serialize)]
pub struct SuppressionRow {
    /// Address, if a subscriber has it or the user searched for it.
    pub email: Option<String>,
    /// URL of the person who has the address.
    pub person_url: Option<String>,
    /// Keyed hash of the address.
    pub hash: String,
    /// First characters of the hash.
    pub short_hash: String,
    /// Reason in the language of the user.
    pub reason: String,
    /// Time of the suppression.
    pub since: TimeText,
    /// Reply for which the address was suppressed; may be empty.
    pub answer: String,
}

impl View for SegmentsPage {
    const TEMPLATE: &'static str = "web/admin/segments";

    fn samples() -> Vec<Self> {
        let segment = |error: Option<&str>| SegmentRow {
            name: "partners".into(),
            title: "Partners".into(),
            filter: "tag = \"partner\"".into(),
            count: 1_284,
            error: error.map(Into::into),
            people_url: "/admin/subscribers".into(),
            used_by: vec!["weekly".into()],
        };
        let mut samples = framed(|frame| Self { frame, ..Self::default() });
        samples.extend(framed(|frame| Self {
            frame,
            segments: vec![segment(None), segment(Some("unknown field"))],
            may_change: true,
        }));
        samples
    }
}

impl View for SegmentPage {
    const TEMPLATE: &'static str = "web/admin/segment";

    fn samples() -> Vec<Self> {
        let [valid, invalid] = FilterField::samples();
        let [form, chosen, _] = FilterForm::samples();
        let mut samples = framed(|frame| Self {
            frame,
            is_new: true,
            filter: valid.clone(),
            filter_form: form.clone(),
            count: Some(0),
            may_change: true,
            ..Self::default()
        });
        samples.extend(framed(|frame| Self {
            frame,
            old_name: "partners".into(),
            name: TextField::sample(),
            title: TextField::sample(),
            filter: invalid.clone(),
            filter_form: chosen.clone(),
            filter_error: Some("The filter has too many comparisons.".into()),
            filter_stored: Some("tag = \"x\"".into()),
            version: "7".into(),
            is_outdated: true,
            may_change: true,
            used_by: vec!["weekly".into()],
            ..Self::default()
        }));
        samples.extend(framed(|frame| Self {
            frame,
            old_name: "partners".into(),
            filter: valid.clone(),
            count: Some(1_284),
            file_line: Some("config.toml:12".into()),
            ..Self::default()
        }));
        samples
    }
}

impl View for SuppressionsPage {
    const TEMPLATE: &'static str = "web/admin/suppressions";

    fn samples() -> Vec<Self> {
        let row = |email: Option<&str>| SuppressionRow {
            email: email.map(Into::into),
            person_url: email.map(|_| "/admin/subscribers?q=m".into()),
            hash: "0123456789abcdef".into(),
            short_hash: "01234567".into(),
            reason: "returned mail".into(),
            since: TimeText::sample(),
            answer: "550 5.1.1 unknown user".into(),
        };
        let list = |frame| Self {
            frame,
            search: "m.muster@example.edu".into(),
            offer_url: Some("/admin/suppressions/new?email=m".into()),
            may_change: true,
            ..Self::default()
        };
        let mut samples = framed(|frame| Self { frame, ..Self::default() });
        samples.extend(framed(list));
        samples.extend(framed(|frame| Self {
            suppressions: vec![row(None), row(Some("m.muster@example.edu"))],
            pager: Pager::sample(),
            ..list(frame)
        }));
        samples
    }
}

impl View for NewSuppressionPage {
    const TEMPLATE: &'static str = "web/admin/suppression_new";

    fn samples() -> Vec<Self> {
        framed(|frame| Self { frame, email: TextField::sample() })
    }
}
