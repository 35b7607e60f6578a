//! Context of the list of subscribers.

use serde::Serialize;

use super::filter_form::FilterForm;
use super::frame::{AdminFrame, TimeText, framed};
use super::list::{Chip, Pager};
use crate::templates::pages::View;

/// State as a word with a tone, which selects its colour.
#[derive(Debug, Clone, Default, Serialize)]
pub struct StateText {
    /// Tone of the word: `good`, `warn`, `bad`, `active` or `off`.
    pub tone: String,
    /// Word for the state.
    pub text: String,
}

/// Filter as a person entered it, with its error.
#[derive(Debug, Clone, Default, Serialize)]
pub struct FilterField {
    /// Text of the filter.
    pub text: String,
    /// Sentence about the error, if there is one.
    pub error: Option<String>,
    /// Characters before the error.
    pub before: String,
    /// Character at which the error begins.
    pub at: String,
    /// Characters after the error.
    pub after: String,
}

/// Context of the page `/admin/subscribers`. Its form posts `chosen` or `all`, `q`, `where` and `action` to
/// `/admin/subscribers/bulk`.
#[derive(Debug, Clone, Default, Serialize)]
pub struct SubscribersPage {
    /// Context common to all pages of the admin area.
    #[serde(flatten)]
    pub frame: AdminFrame,
    /// Text that was searched for.
    pub search: String,
    /// Filter of the list.
    pub filter: FilterField,
    /// Form that adds a comparison to the filter.
    pub filter_form: FilterForm,
    /// `true` if the user may enter filters.
    pub has_filter: bool,
    /// `true` if the user may change people.
    pub may_change: bool,
    /// `true` if the user may change and export many people at once.
    pub may_bulk: bool,
    /// `true` if a text or a filter is in force.
    pub is_filtered: bool,
    /// Filters of the list by status.
    pub chips: Vec<Chip>,
    /// Filters of the list by digest.
    pub digest_chips: Vec<Chip>,
    /// Columns that can be shown.
    pub columns: Vec<ColumnChoice>,
    /// Order of the list: `newest`, `oldest` or `address`.
    pub order: String,
    /// URL of the list in the order of the addresses.
    pub address_url: String,
    /// URL of the list in the other order of time.
    pub since_url: String,
    /// URL of the export of the list.
    pub export_url: String,
    /// Number of people that the list has on all pages.
    pub total: i64,
    /// `true` if it may have more, which are not counted.
    pub has_more: bool,
    /// People of the page.
    pub people: Vec<PersonRow>,
    /// Links to the other pages of the list.
    pub pager: Pager,
}

/// Column of the list of subscribers.
#[derive(Debug, Clone, Default, Serialize)]
pub struct ColumnChoice {
    /// Name of the column in the address.
    pub name: String,
    /// Heading of the column.
    pub text: String,
    /// `true` if the column is shown.
    pub is_shown: bool,
}

/// Person in the list of subscribers.
#[derive(Debug, Clone, Default, Serialize)]
pub struct PersonRow {
    /// Id of the person.
    pub id: i64,
    /// E-mail address of the person.
    pub email: String,
    /// Cells of the shown columns, in their order.
    pub cells: Vec<PersonCell>,
}

/// Cell of the list of subscribers; one of its fields has the content.
#[derive(Debug, Clone, Default, Serialize)]
pub struct PersonCell {
    /// Text of the cell.
    pub text: String,
    /// State of the person.
    pub state: Option<StateText>,
    /// Digests of the person.
    pub digests: Vec<CellDigest>,
    /// Tags of the person.
    pub tags: Vec<String>,
    /// Time of the creation.
    pub time: Option<TimeText>,
}

/// Digest in a cell.
#[derive(Debug, Clone, Default, Serialize)]
pub struct CellDigest {
    /// Title of the digest.
    pub title: String,
    /// Status of the subscription if it is not that of the person; else empty.
    pub note: String,
}

impl StateText {
    /// Returns a sample state.
    pub(super) fn sample() -> Self {
        Self { tone: "good".into(), text: "Confirmed".into() }
    }
}

impl FilterField {
    /// Returns samples without and with an error.
    pub(super) fn samples() -> [Self; 2] {
        let text = "tag = \"partner\"".to_owned();
        let valid = Self { text: text.clone(), ..Self::default() };
        let invalid = Self {
            error: Some("unknown field `tg`; did you mean `tag`?".into()),
            before: String::new(),
            at: "t".into(),
            after: "g = \"partner\"".into(),
            text,
        };
        [valid, invalid]
    }
}

impl View for SubscribersPage {
    const TEMPLATE: &'static str = "web/admin/subscribers";

    fn samples() -> Vec<Self> {
        let cell = |text: &str| PersonCell { text: text.into(), ..PersonCell::default() };
        let cells = vec![
            cell("M. Muster"),
            PersonCell { state: Some(StateText::sample()), ..PersonCell::default() },
            PersonCell {
                digests: vec![CellDigest { title: "The week".into(), note: "Pending".into() }],
                ..PersonCell::default()
            },
            PersonCell { tags: vec!["partner".into()], ..PersonCell::default() },
            PersonCell { time: Some(TimeText::sample()), ..PersonCell::default() },
        ];
        let column = |name: &str| ColumnChoice {
            name: name.into(),
            text: name.into(),
            is_shown: name != "timezone",
        };
        let people =
            vec![PersonRow { id: 7, email: "m.muster@example.edu".into(), cells: cells.clone() }];
        let [valid, invalid] = FilterField::samples();
        let [form, chosen, listed] = FilterForm::samples();
        let list = |frame| Self {
            frame,
            search: "muster".into(),
            filter: valid.clone(),
            filter_form: form.clone(),
            has_filter: true,
            may_change: true,
            may_bulk: true,
            is_filtered: true,
            chips: Chip::samples(),
            digest_chips: Chip::samples(),
            columns: ["name", "state", "digests", "tags", "since", "timezone"].map(column).into(),
            order: "newest".into(),
            total: 1_284,
            people: people.clone(),
            pager: Pager::sample(),
            ..Self::default()
        };
        let mut samples = framed(list);
        samples.extend(framed(|frame| Self { frame, ..Self::default() }));
        samples.extend(framed(|frame| Self {
            filter: invalid.clone(),
            filter_form: chosen.clone(),
            people: Vec::new(),
            ..list(frame)
        }));
        samples.extend(framed(|frame| Self {
            has_more: true,
            filter_form: listed.clone(),
            ..list(frame)
        }));
        samples
    }
}
