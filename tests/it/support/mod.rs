//! The stories' harness: a world with verbs, on SQLite and on a PostgreSQL of its own, and the program itself.

#![expect(clippy::unwrap_used, reason = "a test that can't go on should stop where it can't")]

mod cut_connection;
mod postgres;
mod settings;
mod shell;
mod stalled_db;
mod time;
mod world;

pub(crate) use cut_connection::{BrokenLine, Loss};
pub(crate) use postgres::{fresh_database, give_back};
pub(crate) use settings::Settings;
pub(crate) use shell::Shell;
pub(crate) use time::{BEGINNING, Time};
pub(crate) use world::{Engine, World, article};

/// Says that a test could not be held here; where everything is required that is a failure.
pub(crate) fn skipped(why: &str) {
    assert!(
        std::env::var("COURANT_TEST_REQUIRE").as_deref() != Ok("all"),
        "skipped, but COURANT_TEST_REQUIRE=all: {why}"
    );
    eprintln!("skipped: {why}");
}

/// Tells each story twice, as `sqlite::name` and `postgres::name`; at its end nothing may be left on its way.
macro_rules! stories {
    ($($(#[$note:meta])* async fn $name:ident($world:ident) $body:block)+) => {
        mod told {
            use super::*;
            $($(#[$note])* pub(super) async fn $name($world: &mut $crate::support::World) $body)+
        }
        $crate::support::stories!(@on sqlite Sqlite $($name)+);
        $crate::support::stories!(@on postgres Postgres $($name)+);
    };
    (@on $module:ident $engine:ident $($name:ident)+) => {
        mod $module {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                static TIME: $crate::support::Time = $crate::support::Time::new();
                let begun = $crate::support::World::begin($crate::support::Engine::$engine, &TIME, || TIME.now()).await;
                let Some(mut world) = begun else { return };
                super::told::$name(&mut world).await;
                world.end().await;
            })+
        }
    };
}
pub(crate) use stories;
