//! Queries: a statement with the values of its parameters, run on a pool or a connection.

use std::sync::Arc;

use serde::Serialize;
use sqlx::postgres::{PgConnection, PgPool, Postgres};
use sqlx::sqlite::{Sqlite, SqliteConnection, SqlitePool};
use sqlx::{AssertSqlSafe, Database, Encode, IntoArguments, Type};

use super::row::ColumnValue;
use super::statistics::{RecordedIn, measure};
use super::write_state::WriteState;
use super::{AssembledStatement, FromRow, Row, Value};
use crate::domain::page::{Page, PageRequest};
use crate::store::{StoreError, StoreResult};

/// Pool or connection on which a query runs.
#[derive(Debug)]
pub(super) enum Target<'c> {
    SqlitePool(&'c SqlitePool),
    Sqlite(&'c mut SqliteConnection),
    PostgresPool(&'c PgPool),
    Postgres(&'c mut PgConnection),
}

/// A statement, the values of its parameters, and the database that it runs on.
#[derive(Debug)]
#[must_use = "a query does nothing until it is executed"]
pub(crate) struct Query<'q> {
    target: Target<'q>,
    statement: Arc<AssembledStatement>,
    values: Vec<Option<Value<'q>>>,
    /// First parameter that the statement does not have.
    unknown: Option<String>,
    /// Remembers the result of a write.
    write_state: Option<RecordedIn<'q>>,
}

impl<'q> Query<'q> {
    pub(super) fn new(target: Target<'q>, statement: Arc<AssembledStatement>) -> Self {
        let values = statement.parameters.iter().map(|_| None).collect();
        Self { target, statement, values, unknown: None, write_state: None }
    }

    /// Remembers in `write_state` whether the write, which is a transaction of its own, succeeded.
    pub(super) fn recorded_in(self, write_state: &'q WriteState) -> Self {
        Self { write_state: Some(RecordedIn { write_state, is_committed: true }), ..self }
    }

    /// Remembers in `write_state` if the write, which is part of a transaction, failed.
    pub(super) fn failure_recorded_in(self, write_state: &'q WriteState) -> Self {
        Self { write_state: Some(RecordedIn { write_state, is_committed: false }), ..self }
    }

    /// Sets the value of the parameter `$name`.
    pub(crate) fn bind(mut self, name: &str, value: impl Into<Value<'q>>) -> Self {
        match self.statement.parameters.iter().position(|parameter| parameter == name) {
            Some(index) => self.values[index] = Some(value.into()),
            None => self.unknown = self.unknown.or_else(|| Some(name.to_owned())),
        }
        self
    }

    /// Runs the statement; returns the number of rows that it changed.
    pub(crate) async fn execute(self) -> StoreResult<u64> {
        measure(self.write_state, self.run_execute()).await
    }

    async fn run_execute(self) -> StoreResult<u64> {
        let is_prepared = !self.statement.is_planned_for_values;
        let (target, sql, values) = self.into_parts()?;
        Ok(match target {
            Target::SqlitePool(pool) => {
                bound::<Sqlite>(sql, values).execute(pool).await?.rows_affected()
            }
            Target::Sqlite(db) => bound::<Sqlite>(sql, values).execute(db).await?.rows_affected(),
            Target::PostgresPool(pool) => bound::<Postgres>(sql, values)
                .persistent(is_prepared)
                .execute(pool)
                .await?
                .rows_affected(),
            Target::Postgres(db) => bound::<Postgres>(sql, values)
                .persistent(is_prepared)
                .execute(db)
                .await?
                .rows_affected(),
        })
    }

    /// Runs the statement and converts each row of its result.
    pub(crate) async fn fetch_with<T>(
        self,
        convert: impl Fn(&Row) -> StoreResult<T>,
    ) -> StoreResult<Vec<T>> {
        measure(self.write_state, self.run_fetch(convert)).await
    }

    async fn run_fetch<T>(self, convert: impl Fn(&Row) -> StoreResult<T>) -> StoreResult<Vec<T>> {
        let is_prepared = !self.statement.is_planned_for_values;
        let (target, sql, values) = self.into_parts()?;
        match target {
            Target::SqlitePool(pool) => {
                let rows = bound::<Sqlite>(sql, values).fetch_all(pool).await?;
                rows.into_iter().map(|row| convert(&Row::Sqlite(row))).collect()
            }
            Target::Sqlite(db) => {
                let rows = bound::<Sqlite>(sql, values).fetch_all(db).await?;
                rows.into_iter().map(|row| convert(&Row::Sqlite(row))).collect()
            }
            Target::PostgresPool(pool) => {
                let rows =
                    bound::<Postgres>(sql, values).persistent(is_prepared).fetch_all(pool).await?;
                rows.into_iter().map(|row| convert(&Row::Postgres(row))).collect()
            }
            Target::Postgres(db) => {
                let rows =
                    bound::<Postgres>(sql, values).persistent(is_prepared).fetch_all(db).await?;
                rows.into_iter().map(|row| convert(&Row::Postgres(row))).collect()
            }
        }
    }

    /// Runs the statement and returns all rows of its result.
    pub(crate) async fn fetch_all<T: FromRow>(self) -> StoreResult<Vec<T>> {
        self.fetch_with(T::from_row).await
    }

    /// Runs the statement with the `$limit` of a page; returns its rows and the cursor after them.
    pub(crate) async fn fetch_page<T: FromRow, K: Serialize>(
        self,
        page: &PageRequest,
        key: impl Fn(&T) -> K,
    ) -> StoreResult<Page<T>> {
        let rows = self.bind("limit", page.rows_to_read()).fetch_all().await?;
        Ok(Page::from_rows(rows, page.limit, key))
    }

    /// Runs the statement and returns the first column of all rows.
    pub(crate) async fn fetch_scalars<T: ColumnValue>(self) -> StoreResult<Vec<T>> {
        self.fetch_with(Row::first).await
    }

    /// Runs the statement and returns the first row of its result.
    pub(crate) async fn fetch_optional<T: FromRow>(self) -> StoreResult<Option<T>> {
        self.fetch_first().await?.map(|row| T::from_row(&row)).transpose()
    }

    /// Runs the statement and returns the first column of the first row.
    pub(crate) async fn fetch_optional_scalar<T: ColumnValue>(self) -> StoreResult<Option<T>> {
        self.fetch_first().await?.map(|row| row.first()).transpose()
    }

    /// Runs the statement and returns the first column of its only row, such as a count.
    pub(crate) async fn fetch_scalar<T: ColumnValue>(self) -> StoreResult<T> {
        let value = self.fetch_optional_scalar().await?;
        value.ok_or(StoreError::Sql(sqlx::Error::RowNotFound))
    }

    /// Runs the statement; returns `true` if its result has a row.
    pub(crate) async fn exists(self) -> StoreResult<bool> {
        Ok(self.fetch_first().await?.is_some())
    }

    /// Runs the statement and returns the first row of its result.
    pub(crate) async fn fetch_first(self) -> StoreResult<Option<Row>> {
        measure(self.write_state, self.run_fetch_first()).await
    }

    async fn run_fetch_first(self) -> StoreResult<Option<Row>> {
        let is_prepared = !self.statement.is_planned_for_values;
        let (target, sql, values) = self.into_parts()?;
        Ok(match target {
            Target::SqlitePool(pool) => {
                bound::<Sqlite>(sql, values).fetch_optional(pool).await?.map(Row::Sqlite)
            }
            Target::Sqlite(db) => {
                bound::<Sqlite>(sql, values).fetch_optional(db).await?.map(Row::Sqlite)
            }
            Target::PostgresPool(pool) => bound::<Postgres>(sql, values)
                .persistent(is_prepared)
                .fetch_optional(pool)
                .await?
                .map(Row::Postgres),
            Target::Postgres(db) => bound::<Postgres>(sql, values)
                .persistent(is_prepared)
                .fetch_optional(db)
                .await?
                .map(Row::Postgres),
        })
    }

    fn into_parts(self) -> StoreResult<(Target<'q>, AssertSqlSafe<Arc<str>>, Vec<Value<'q>>)> {
        let missing = self.values.iter().position(Option::is_none);
        if let Some(name) =
            self.unknown.or(missing.map(|index| self.statement.parameters[index].clone()))
        {
            return Err(StoreError::Parameter { name, statement: Arc::clone(&self.statement.sql) });
        }
        // The text is assembled from constants of the program only; all values are bound.
        let sql = AssertSqlSafe(Arc::clone(&self.statement.sql));
        Ok((self.target, sql, self.values.into_iter().flatten().collect()))
    }
}

fn bound<'q, DB: Database>(
    sql: AssertSqlSafe<Arc<str>>,
    values: Vec<Value<'q>>,
) -> sqlx::query::Query<'static, DB, DB::Arguments>
where
    DB::Arguments: IntoArguments<DB>,
    for<'t> Option<i64>: Encode<'t, DB> + Type<DB>,
    for<'t> Option<bool>: Encode<'t, DB> + Type<DB>,
    Option<String>: Encode<'q, DB> + Type<DB>,
    Option<&'q str>: Encode<'q, DB> + Type<DB>,
    Vec<u8>: Encode<'q, DB> + Type<DB>,
{
    use std::borrow::Cow;
    values.into_iter().fold(sqlx::query(sql), |query, value| match value {
        Value::Integer(value) => query.bind(value),
        Value::Boolean(value) => query.bind(value),
        Value::Text(Some(Cow::Borrowed(text))) => query.bind(Some(text)),
        Value::Text(Some(Cow::Owned(text))) => query.bind(Some(text)),
        Value::Text(None) => query.bind(None::<String>),
        Value::Bytes(bytes) => query.bind(bytes),
    })
}
