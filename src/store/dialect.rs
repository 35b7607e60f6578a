//! The only file that knows how the two databases differ in what they can say.

use sqlx::AssertSqlSafe;

use super::{Db, Store};

/// A column of rows handed over as one JSON parameter.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Column {
    Int(&'static str),
    Text(&'static str),
}

/// SQL put together from fixed texts of this program; values are always bound.
pub(crate) fn sql(text: String) -> AssertSqlSafe<String> {
    AssertSqlSafe(text)
}

impl Store {
    /// A subquery that turns the JSON array of objects bound as `parameter` into rows.
    pub(crate) fn rows(&self, parameter: &str, columns: &[Column]) -> String {
        match &*self.db {
            Db::Sqlite { .. } => {
                let picked: Vec<String> = columns
                    .iter()
                    .map(|c| match c {
                        Column::Int(n) | Column::Text(n) => {
                            format!("json_extract(value, '$.{n}') AS {n}")
                        }
                    })
                    .collect();
                format!("(SELECT {} FROM json_each({parameter}))", picked.join(", "))
            }
            Db::Postgres(_) => {
                let typed: Vec<String> = columns
                    .iter()
                    .map(|c| match c {
                        Column::Int(n) => format!("{n} bigint"),
                        Column::Text(n) => format!("{n} text"),
                    })
                    .collect();
                format!(
                    "(SELECT * FROM jsonb_to_recordset(CAST({parameter} AS jsonb)) AS r({}))",
                    typed.join(", ")
                )
            }
        }
    }

    /// A subquery of the numbers in the JSON array bound as `parameter`.
    pub(crate) fn numbers(&self, parameter: &str) -> String {
        match &*self.db {
            Db::Sqlite { .. } => format!("(SELECT value FROM json_each({parameter}))"),
            Db::Postgres(_) => format!(
                "(SELECT CAST(value AS bigint) FROM jsonb_array_elements_text(CAST({parameter} AS jsonb)))"
            ),
        }
    }

    /// Says that a column is one of the `id`s in the JSON array of objects bound as `parameter`, where the planner would not
    /// think of looking rows up one by one when they are few.
    pub(crate) fn few(&self, column: &str, parameter: &str) -> String {
        match &*self.db {
            Db::Sqlite { .. } => "TRUE".to_owned(),
            Db::Postgres(_) => format!(
                "{column} = ANY (ARRAY(SELECT CAST(e ->> 'id' AS bigint) FROM jsonb_array_elements(CAST({parameter} AS jsonb)) AS e))"
            ),
        }
    }

    /// A subquery of the texts in the JSON array bound as `parameter`.
    pub(crate) fn texts(&self, parameter: &str) -> String {
        match &*self.db {
            Db::Sqlite { .. } => format!("(SELECT value FROM json_each({parameter}))"),
            Db::Postgres(_) => {
                format!("(SELECT value FROM jsonb_array_elements_text(CAST({parameter} AS jsonb)))")
            }
        }
    }

    /// The database's own clock in milliseconds: leases are compared by it, since nodes' clocks differ.
    pub(crate) fn database_now(&self) -> &'static str {
        match &*self.db {
            Db::Sqlite { .. } => "CAST(unixepoch('subsec') * 1000 AS INTEGER)",
            Db::Postgres(_) => "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)",
        }
    }

    /// What lets a transaction out of many alike ones not wait for the disk, for which a later one that does waits too, nor plan
    /// each statement anew. SQLite has no such ways.
    pub(crate) fn in_bulk(&self) -> Option<&'static str> {
        match &*self.db {
            Db::Sqlite { .. } => None,
            Db::Postgres(_) => Some(
                "SELECT set_config('synchronous_commit', 'off', TRUE), set_config('plan_cache_mode', 'force_generic_plan', TRUE)",
            ),
        }
    }

    /// What lets several nodes claim different rows at once; SQLite has one writer anyway.
    pub(crate) fn skip_locked(&self) -> &'static str {
        match &*self.db {
            Db::Sqlite { .. } => "",
            Db::Postgres(_) => "FOR UPDATE SKIP LOCKED",
        }
    }
}
