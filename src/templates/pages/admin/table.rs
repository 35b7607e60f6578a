//! Tables of the admin area: columns, rows of cells, filters and links to the other pages.

use serde::Serialize;

use super::frame::TimeText;
use super::list::{Chip, Pager};

/// Table with its filters.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Table {
    /// Filters of the list as links.
    pub chips: Vec<Chip>,
    /// Columns from the first to the last.
    pub columns: Vec<Column>,
    /// Rows, each with a cell for every column.
    pub rows: Vec<Vec<Cell>>,
    /// Sentence in place of an empty table, with the next step.
    pub empty: String,
    /// Links to the other pages of the list.
    pub pager: Pager,
}

/// Column of a table.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Column {
    /// Title of the column.
    pub title: String,
    /// `true` for a column of numbers, which are aligned at their end.
    pub is_number: bool,
}

/// Cell of a table, or value of a fact.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Cell {
    /// Text of the cell; empty if another field has the content.
    pub text: String,
    /// URL to which the text links.
    pub url: Option<String>,
    /// Less important text after it.
    pub detail: String,
    /// Level of a state that the text names: `good`, `active`, `warn`, `bad` or `off`.
    pub level: Option<String>,
    /// Number that is shown in place of the text.
    pub number: Option<i64>,
    /// Time that is shown in place of the text.
    pub time: Option<TimeText>,
    /// `true` for the words of a program, such as replies, settings and ids.
    pub is_code: bool,
    /// Form of one button after the text.
    pub action: Option<Action>,
}

/// Button that posts, or link that looks like one.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Action {
    /// Text of the button.
    pub text: String,
    /// URL to which the form posts, or to which the link leads.
    pub url: String,
    /// `true` for a form, `false` for a link.
    pub posts: bool,
    /// `true` for the main action of the page.
    pub is_main: bool,
    /// Question that must be answered before the form posts, with the number of people it concerns.
    pub confirm: Option<String>,
}

impl Cell {
    /// Creates a cell with a text.
    pub fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    /// Creates a cell with a link.
    pub fn link(text: impl Into<String>, url: impl Into<String>) -> Self {
        Self { text: text.into(), url: Some(url.into()), ..Self::default() }
    }

    /// Creates a cell with a number.
    pub fn number(number: i64) -> Self {
        Self { number: Some(number), ..Self::default() }
    }

    /// Creates a cell with a time; empty without one.
    pub fn time(time: Option<TimeText>) -> Self {
        Self { time, ..Self::default() }
    }

    /// Creates a cell with the words of a program.
    pub fn code(text: impl Into<String>) -> Self {
        Self { text: text.into(), is_code: true, ..Self::default() }
    }

    /// Creates a cell with a state of a level.
    pub fn state(text: impl Into<String>, level: &str) -> Self {
        Self { text: text.into(), level: Some(level.to_owned()), ..Self::default() }
    }

    /// Returns `true` if nothing is shown.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty() && self.number.is_none() && self.time.is_none()
    }

    /// Adds a less important text.
    #[must_use]
    pub fn with_detail(self, detail: impl Into<String>) -> Self {
        Self { detail: detail.into(), ..self }
    }

    /// Adds a form of one button.
    #[must_use]
    pub fn with_action(self, action: Option<Action>) -> Self {
        Self { action, ..self }
    }
}

impl Action {
    /// Creates a button that posts.
    pub fn post(text: String, url: String) -> Self {
        Self { text, url, posts: true, is_main: false, confirm: None }
    }

    /// Creates a link that looks like a button.
    pub fn link(text: String, url: String) -> Self {
        Self { text, url, ..Self::default() }
    }

    /// Makes it the main action of the page.
    #[must_use]
    pub fn main(self) -> Self {
        Self { is_main: true, ..self }
    }

    /// Asks a question before the form posts.
    #[must_use]
    pub fn after_question(self, question: String) -> Self {
        Self { confirm: Some(question), ..self }
    }
}

impl Table {
    /// Returns a sample with cells of every kind.
    pub(super) fn sample() -> Self {
        let column = |title: &str, is_number| Column { title: title.into(), is_number };
        let action = Action::post("Revoke".into(), "/admin/tokens/site/revoke".into());
        let cells = vec![
            Cell::link("college", "/admin/sources/college").with_detail("wordpress"),
            Cell::state("Failing", "bad"),
            Cell::number(12_345),
            Cell::time(Some(TimeText::sample())),
            Cell::code("550 5.1.1").with_action(Some(action.after_question("Sure?".into()))),
        ];
        let columns = ["Name", "State", "Articles", "Time", "Reply"];
        Self {
            chips: Chip::samples(),
            columns: columns.map(|title| column(title, title == "Articles")).into(),
            rows: vec![cells.clone(), cells],
            empty: "There are none yet.".into(),
            pager: Pager::sample(),
        }
    }
}
