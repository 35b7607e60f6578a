//! Contexts of the pages of bulk operations.

use serde::Serialize;

use super::frame::{AdminFrame, TimeText, framed};
use super::list::Pager;
use super::person::{RequestFields, TextField};
use crate::templates::pages::View;

/// Context of `/admin/subscribers/bulk`, which names a change and the number of people. Its form posts to
/// `/admin/subscribers/bulk/start`.
#[derive(Debug, Clone, Default, Serialize)]
pub struct BulkPage {
    /// Context common to all pages of the admin area.
    #[serde(flatten)]
    pub frame: AdminFrame,
    /// Change: `tag`, `untag`, `subscribe`, `unsubscribe` or `erase`.
    pub action: String,
    /// Title with the number of people.
    pub title: String,
    /// Text of the button.
    pub button: String,
    /// Sentence about what the change does and leaves out.
    pub hint: String,
    /// Number of the people.
    pub count: i64,
    /// Number of people whose addresses are not shown.
    pub more: i64,
    /// Addresses of the first people.
    pub addresses: Vec<String>,
    /// Ids of the people, if they were chosen one by one.
    pub chosen: Vec<String>,
    /// `true` if all people of the list were chosen.
    pub is_all: bool,
    /// Text that the list was searched for.
    pub search: String,
    /// Filter of the list.
    pub filter: String,
    /// Tag to add or remove.
    pub tag: TextField,
    /// Reason for the end of subscriptions.
    pub reason: TextField,
    /// Digests and the record of the consent.
    pub request: RequestFields,
    /// `true` if the user types the number of people.
    pub is_typed: bool,
    /// Number that the user typed.
    pub typed: TextField,
    /// Sentence about the box that was not checked.
    pub sure_error: Option<String>,
    /// Sentence about a number that changed meanwhile.
    pub count_error: Option<String>,
    /// URL of the list.
    pub back_url: String,
}

/// Context of the page `/admin/subscribers/jobs`.
#[derive(Debug, Clone, Default, Serialize)]
pub struct BulkJobsPage {
    /// Context common to all pages of the admin area.
    #[serde(flatten)]
    pub frame: AdminFrame,
    /// Bulk operations, newest first.
    pub jobs: Vec<BulkJobRow>,
    /// Links to the other pages of the list.
    pub pager: Pager,
}

/// Context of the page `/admin/subscribers/jobs/ID`.
#[derive(Debug, Clone, Default, Serialize)]
pub struct BulkJobPage {
    /// Context common to all pages of the admin area.
    #[serde(flatten)]
    pub frame: AdminFrame,
    /// The operation with its progress.
    #[serde(flatten)]
    pub row: BulkJobRow,
    /// Numbers of people by outcome.
    pub outcomes: Vec<OutcomeRow>,
    /// `true` if the user may continue an interrupted operation.
    pub may_resume: bool,
}

/// Bulk operation with its progress.
#[derive(Debug, Clone, Default, Serialize)]
pub struct BulkJobRow {
    /// Number of the operation.
    pub id: i64,
    /// Sentence about the change.
    pub title: String,
    /// Record of the consent, or the reason; may be empty.
    pub note: String,
    /// Number of people at the start.
    pub total: i64,
    /// Number of people who are done.
    pub processed: i64,
    /// Width of the done part of the bar, of 100.
    pub width: i64,
    /// Time of the start.
    pub started: TimeText,
    /// Time of the end; `None` while it runs.
    pub finished: Option<TimeText>,
}

/// Number of people with an outcome.
#[derive(Debug, Clone, Default, Serialize)]
pub struct OutcomeRow {
    /// Outcome as a clause.
    pub text: String,
    /// `true` if these people were changed.
    pub is_done: bool,
    /// Number of the people.
    pub count: i64,
}

impl BulkJobRow {
    fn sample(finished: Option<TimeText>) -> Self {
        Self {
            id: 3,
            title: "Subscribe to weekly".into(),
            note: "paper form".into(),
            total: 1_284,
            processed: 500,
            width: 38,
            started: TimeText::sample(),
            finished,
        }
    }
}

impl View for BulkPage {
    const TEMPLATE: &'static str = "web/admin/bulk";

    fn samples() -> Vec<Self> {
        let page = |frame, action: &str, is_rejected: bool| Self {
            frame,
            action: action.into(),
            title: "Tag 1,284 people".into(),
            button: "Tag 1,284 people".into(),
            hint: "Nothing else changes.".into(),
            count: 1_284,
            more: 1_283,
            addresses: vec!["m.muster@example.edu".into()],
            chosen: vec!["7".into()],
            is_all: is_rejected,
            search: "muster".into(),
            filter: "tag = \"partner\"".into(),
            is_typed: is_rejected,
            sure_error: is_rejected.then(|| "Check the box.".into()),
            count_error: is_rejected.then(|| "The number changed.".into()),
            tag: if is_rejected { TextField::sample() } else { TextField::default() },
            typed: if is_rejected { TextField::sample() } else { TextField::default() },
            back_url: "/admin/subscribers".into(),
            ..Self::default()
        };
        let actions = ["tag", "untag", "subscribe", "unsubscribe", "erase"];
        let of =
            |action| framed(move |frame| page(frame, action, action == "erase" || action == "tag"));
        actions.into_iter().flat_map(of).collect()
    }
}

impl View for BulkJobsPage {
    const TEMPLATE: &'static str = "web/admin/bulk_jobs";

    fn samples() -> Vec<Self> {
        let mut samples = framed(|frame| Self { frame, ..Self::default() });
        samples.extend(framed(|frame| Self {
            frame,
            jobs: vec![BulkJobRow::sample(None), BulkJobRow::sample(Some(TimeText::sample()))],
            pager: Pager::sample(),
        }));
        samples
    }
}

impl View for BulkJobPage {
    const TEMPLATE: &'static str = "web/admin/bulk_job";

    fn samples() -> Vec<Self> {
        let outcome = |is_done| OutcomeRow { text: "subscribed".into(), is_done, count: 490 };
        let mut samples = framed(|frame| Self {
            frame,
            row: BulkJobRow::sample(None),
            outcomes: Vec::new(),
            may_resume: true,
        });
        samples.extend(framed(|frame| Self {
            frame,
            row: BulkJobRow::sample(Some(TimeText::sample())),
            outcomes: vec![outcome(true), outcome(false)],
            may_resume: false,
        }));
        samples
    }
}
