//! Access to the database: statements with named parameters, rows read by column name, and
//! transactions, each on SQLite or PostgreSQL.

mod commit_mark;
mod connection;
mod pools;
mod query;
mod recorded_events;
mod row;
mod statement;
mod statistics;
mod transaction;
mod value;
mod write_state;

pub(crate) use commit_mark::CommitMark;
pub(super) use connection::Connection;
pub(crate) use pools::{Db, Engine};
pub(super) use query::Query;
pub(super) use recorded_events::RecordedEvents;
pub(super) use row::{FromRow, Row};
pub(super) use statement::{AssembledStatement, Statement};
pub use statistics::StatementTotals;
pub(super) use statistics::totals;
pub(super) use transaction::Tx;
pub(crate) use transaction::spawn_uncancellable;
pub(super) use value::Value;
pub(crate) use write_state::RepeatedWrite;
pub(super) use write_state::WriteState;
