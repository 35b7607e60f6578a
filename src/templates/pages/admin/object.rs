//! Contexts of the pages that consist of tables, facts and forms: lists, and objects of operation.

use serde::Serialize;

use super::form::FormView;
use super::frame::{AdminFrame, framed};
use super::table::{Action, Cell, Table};
use crate::templates::pages::view::View;

/// Page of a list, or of one object with facts, tables and forms.
#[derive(Debug, Clone, Default, Serialize)]
pub struct ObjectPage {
    /// Context common to all pages of the admin area.
    #[serde(flatten)]
    pub frame: AdminFrame,
    /// Title of the page.
    pub title: String,
    /// State of the object beside its title.
    pub state: Option<Cell>,
    /// Kinds of objects whose changes load the page again.
    pub live: String,
    /// Buttons beside the title.
    pub actions: Vec<Action>,
    /// Sentence about what the page is for, or what is wrong.
    pub lede: String,
    /// `true` if the sentence reports a failure.
    pub is_failure: bool,
    /// Secret that is shown once.
    pub secret: Option<String>,
    /// Search field of a list, with the text that was searched for.
    pub search: Option<String>,
    /// Facts about the object.
    pub facts: Vec<Fact>,
    /// Table of a list, or tables of an object under titles.
    pub blocks: Vec<Block>,
    /// HTML of an article, which is already sanitized, for a frame of its own.
    pub content_url: Option<String>,
    /// Height of the frame in pixels; `None` for the largest.
    pub content_height: Option<usize>,
    /// Form of the page.
    pub form: Option<FormView>,
}

/// Fact about an object.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Fact {
    /// Name of the fact.
    pub label: String,
    /// Values of the fact.
    pub values: Vec<Cell>,
}

/// Table under a title.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Block {
    /// Title above the table; empty for the only table of a list.
    pub title: String,
    /// Table with its rows.
    pub table: Table,
    /// Further rows, which are folded.
    pub folded: Option<FoldedTable>,
}

/// Table below a line that unfolds it.
#[derive(Debug, Clone, Default, Serialize)]
pub struct FoldedTable {
    /// Text of the line.
    pub text: String,
    /// Table with its rows.
    pub table: Table,
}

impl Block {
    /// Creates a block without folded rows.
    pub fn new(title: String, table: Table) -> Self {
        Self { title, table, folded: None }
    }
}

impl Fact {
    /// Creates a fact with one value.
    pub fn new(label: String, value: Cell) -> Self {
        Self { label, values: vec![value] }
    }
}

impl View for ObjectPage {
    const TEMPLATE: &'static str = "web/admin/object";

    fn samples() -> Vec<Self> {
        let block = |title: &str, table| Block::new(title.into(), table);
        let folded = FoldedTable { text: "9 defaults".into(), table: Table::sample() };
        let folded = Block { folded: Some(folded), ..block("[site]", Table::default()) };
        let empty = Table { empty: "There are none yet.".into(), ..Table::default() };
        let mut samples = framed(|frame| Self {
            frame,
            title: "Sources".into(),
            search: Some("open day".into()),
            blocks: vec![block("", empty.clone())],
            ..Self::default()
        });
        let facts = vec![
            Fact::new("Kind".into(), Cell::text("wordpress")),
            Fact { label: "Feeds".into(), values: vec![Cell::link("news", "/"), Cell::text("x")] },
        ];
        samples.extend(framed(|frame| Self {
            frame,
            title: "college".into(),
            state: Some(Cell::state("Failing", "bad")),
            live: "source".into(),
            actions: vec![
                Action::post("Sync now".into(), "/admin/sources/college/sync".into()).main(),
                Action::link("Edit".into(), "/admin/sources/college".into()),
            ],
            lede: "The database cannot be reached.".into(),
            is_failure: true,
            secret: Some("courant_abc".into()),
            search: None,
            facts: facts.clone(),
            blocks: vec![
                block("Rejected rows", Table::sample()),
                block("Notes", empty.clone()),
                folded.clone(),
            ],
            content_url: Some("/admin/articles/x/content".into()),
            content_height: Some(120),
            form: Some(FormView::sample()),
        }));
        samples
    }
}
