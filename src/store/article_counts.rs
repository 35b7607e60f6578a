//! Counts of the visible articles that a selection contains.

use super::StoreResult;
use super::db::Statement;
use super::operations::Articles;
use super::selection_sql::{SELECTION_CONDITIONS, bind_selection};
use crate::domain::selection::Selection;
use crate::domain::time::Millis;

static COUNT_SELECTED: Statement = Statement::with(
    "
    SELECT COUNT(*)
      FROM articles a
     WHERE a.removed_at IS NULL
       AND a.published_at <= $now
           {selected}",
    &[("selected", SELECTION_CONDITIONS)],
);

/// All statements of this file.
pub(super) static STATEMENTS: &[&Statement] = &[&COUNT_SELECTED];

impl Articles<'_> {
    /// Returns the number of articles in a selection that are published until `now`.
    pub async fn count_selected(self, selection: &Selection, now: Millis) -> StoreResult<i64> {
        let query = self.store.read(&COUNT_SELECTED).bind("now", now);
        bind_selection(query, selection).fetch_scalar().await
    }
}
