//! Test harness: an installation with its database (SQLite or a private PostgreSQL) and relay, and
//! the compiled program.

#![expect(clippy::unwrap_used, reason = "a test that cannot continue should panic on the spot")]

mod cut_connection;
mod postgres;
mod settings;
mod shell;
mod stalled_db;
mod terminal;
mod time;
mod waiting;
mod world;
mod world_actions;

pub(crate) use cut_connection::{CuttingProxy, LostReply};
pub(crate) use postgres::{fresh_database, return_database};
pub(crate) use settings::Settings;
pub(crate) use shell::Shell;
pub(crate) use terminal::Terminal;
pub(crate) use time::{START_TIME, TestClock};
pub(crate) use waiting::{LONGEST_WAIT, wait_until, wait_until_async};
pub(crate) use world::{Database, World, article};

/// Reports that a test is skipped on this machine; panics if `COURANT_TEST_REQUIRE` is `all`.
pub(crate) fn skipped(reason: &str) {
    assert!(
        std::env::var("COURANT_TEST_REQUIRE").as_deref() != Ok("all"),
        "skipped, but COURANT_TEST_REQUIRE=all: {reason}"
    );
    eprintln!("skipped: {reason}");
}

/// Runs each test on both databases, as `sqlite::name` and `postgres::name`. A test fails if any
/// delivery is still in the state `sending` at its end.
macro_rules! database_tests {
    ($($(#[$note:meta])* async fn $name:ident($world:ident) $body:block)+) => {
        mod bodies {
            use super::*;
            $($(#[$note])* pub(super) async fn $name($world: &mut $crate::support::World) $body)+
        }
        $crate::support::database_tests!(@on sqlite Sqlite $($name)+);
        $crate::support::database_tests!(@on postgres Postgres $($name)+);
    };
    (@on $module:ident $database:ident $($name:ident)+) => {
        mod $module {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                static TIME: $crate::support::TestClock = $crate::support::TestClock::new();
                let started = $crate::support::World::begin($crate::support::Database::$database, &TIME, || TIME.now()).await;
                let Some(mut world) = started else { return };
                super::bodies::$name(&mut world).await;
                world.end().await;
            })+
        }
    };
}
pub(crate) use database_tests;
