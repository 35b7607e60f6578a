//! Rows of results, read by the names of their columns.

use sqlx::postgres::{PgRow, Postgres};
use sqlx::sqlite::{Sqlite, SqliteRow};
use sqlx::{Decode, Row as _, Type};

use crate::domain::time::Millis;
use crate::store::{StoreError, StoreResult};

/// Row of a result.
#[derive(Debug)]
pub(crate) enum Row {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

/// Value that is built from a row, by the names of its columns.
pub(crate) trait FromRow: Sized {
    /// Reads the value.
    ///
    /// # Errors
    /// A column is missing, has another type, or contains a word that this version does not know.
    fn from_row(row: &Row) -> StoreResult<Self>;
}

/// Type that both engines can read from a column.
pub(crate) trait ColumnValue:
    for<'r> Decode<'r, Sqlite> + Type<Sqlite> + for<'r> Decode<'r, Postgres> + Type<Postgres>
{
}

impl<T> ColumnValue for T where
    T: for<'r> Decode<'r, Sqlite> + Type<Sqlite> + for<'r> Decode<'r, Postgres> + Type<Postgres>
{
}

impl Row {
    /// Returns the value of a column.
    pub(crate) fn get<T: ColumnValue>(&self, column: &str) -> StoreResult<T> {
        Ok(match self {
            Self::Sqlite(row) => row.try_get(column)?,
            Self::Postgres(row) => row.try_get(column)?,
        })
    }

    /// Returns the value of the first column, for results that have only one.
    pub(super) fn first<T: ColumnValue>(&self) -> StoreResult<T> {
        Ok(match self {
            Self::Sqlite(row) => row.try_get(0)?,
            Self::Postgres(row) => row.try_get(0)?,
        })
    }

    /// Returns the time in a column of milliseconds.
    pub(crate) fn time(&self, column: &str) -> StoreResult<Millis> {
        self.get(column).map(Millis)
    }

    /// Returns the time in a nullable column of milliseconds.
    pub(crate) fn optional_time(&self, column: &str) -> StoreResult<Option<Millis>> {
        Ok(self.get::<Option<i64>>(column)?.map(Millis))
    }

    /// Returns the enum that a column stores as a word; `column` is `table.column`, for the error.
    pub(crate) fn enum_value<T>(
        &self,
        column: &'static str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> StoreResult<T> {
        let word: String = self.get(unqualified(column))?;
        parse(&word).ok_or_else(|| StoreError::InvalidValue { value: format!("{word:?}"), column })
    }

    /// Returns the JSON list of texts in a column; `column` is `table.column`, for the error.
    pub(crate) fn text_list(&self, column: &'static str) -> StoreResult<Vec<String>> {
        let json: String = self.get(unqualified(column))?;
        serde_json::from_str(&json).map_err(|_| StoreError::InvalidValue {
            value: json.chars().take(80).collect(),
            column,
        })
    }
}

fn unqualified(column: &str) -> &str {
    column.rsplit_once('.').map_or(column, |(_, name)| name)
}
