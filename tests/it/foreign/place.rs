//! Databases of other people: where they are, how they are filled, and a Courant that reads one of them.

use std::sync::atomic::{AtomicUsize, Ordering};

use courant::app::App;
use courant::domain::time::Millis;
use courant::sources::{self, SyncReport};
use serde_json::Value;
use sqlx::{AssertSqlSafe, Connection, Executor, MySqlConnection, PgConnection, SqliteConnection};

use super::mariadb;
use crate::support::{Database, Shell, TestClock, World, skipped};

/// Whose database it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Sqlite,
    Postgres,
    Mariadb,
}

pub(super) const KINDS: [Kind; 3] = [Kind::Sqlite, Kind::Postgres, Kind::Mariadb];

/// Somebody's database, and a Courant beside it.
pub(super) struct Place {
    pub(super) kind: Kind,
    pub(super) url: String,
    pub(super) shell: Shell,
    /// The PostgreSQL server is the harness's own.
    _world: Option<World>,
}

static TIME: TestClock = TestClock::new();
static DATABASES: AtomicUsize = AtomicUsize::new(0);

impl Place {
    /// A fresh, empty one, or nothing where its server is missing.
    pub(super) async fn begin(kind: Kind) -> Option<Self> {
        let shell = Shell::new();
        let (url, world) = match kind {
            Kind::Sqlite => {
                let file = shell.write("cms.db", "");
                (format!("sqlite://{}", file.display()), None)
            }
            Kind::Postgres => {
                let world = World::begin(Database::Postgres, &TIME, || TIME.now()).await?;
                (beside(&world).await, Some(world))
            }
            Kind::Mariadb => match mariadb::fresh_database().await {
                Ok(url) => (url, None),
                Err(why) => {
                    skipped(&why);
                    return None;
                }
            },
        };
        Some(Self { kind, url, shell, _world: world })
    }

    /// Runs statements in the foreign database, as its owner.
    pub(super) async fn run(&self, statements: &str) {
        let text = AssertSqlSafe(statements.to_owned());
        let done = match self.kind {
            Kind::Sqlite => {
                let mut db = SqliteConnection::connect(&self.url).await.unwrap();
                db.execute(sqlx::raw_sql(text)).await.map(|_| ())
            }
            Kind::Postgres => {
                let mut db = PgConnection::connect(&self.url).await.unwrap();
                db.execute(sqlx::raw_sql(text)).await.map(|_| ())
            }
            Kind::Mariadb => {
                let mut db = MySqlConnection::connect(&self.url).await.unwrap();
                db.execute(sqlx::raw_sql(text)).await.map(|_| ())
            }
        };
        done.unwrap_or_else(|e| panic!("{e}\n{statements}"));
    }

    /// A text as this database writes it.
    pub(super) fn text(&self, value: &str) -> String {
        let value = value.replace('\'', "''");
        match self.kind {
            Kind::Mariadb => format!("'{}'", value.replace('\\', "\\\\")),
            _ => format!("'{value}'"),
        }
    }

    /// Courant reads this query from here on; `more` are further keys of the source.
    pub(super) fn read(&self, query: &str, more: &str) {
        self.source(
            &self.url,
            &format!(
                "kind = \"query\"\ntimezone = \"Asia/Shanghai\"\nquery = '''{query}'''\n{more}"
            ),
        );
    }

    /// Courant reads this address with these keys from here on.
    pub(super) fn source(&self, url: &str, keys: &str) {
        let config = format!(
            r#"[site]
title = "College News"
base_url = "https://news.example.edu"
id_authority = "news.example.edu,2026"
[database]
url = "sqlite://courant.db"
[[sources]]
name = "cms"
url = "{url}"
{keys}
[[feeds]]
name = "all"
[[feeds]]
name = "campus"
sections = ["Campus life"]
"#
        );
        self.shell.write("config.toml", config);
    }

    /// Reads the source now.
    pub(super) fn sync(&self) -> Sync {
        Sync(self.shell.courant(&["sources", "sync", "--json"]).json()[0].take())
    }

    /// What the daemon does at a beat at this time, after a restart.
    pub(super) async fn poll(&self, now: Millis) -> SyncReport {
        let app = App::from_file(&self.shell.path("config.toml")).await.unwrap();
        let report =
            sources::sync_due(&app.store, &app.config, &app.config.sources[0], now).await.unwrap();
        let state = app.store.source_states().await.unwrap();
        app.store.close().await;
        report.unwrap_or_else(|| panic!("it was not read: {state:?}"))
    }

    /// A reading that must fail: its one sentence.
    pub(super) fn fails(&self) -> String {
        let said = self.shell.courant(&["sources", "sync"]);
        assert_eq!((said.status, said.out.as_str()), (1, ""), "{said:?}");
        assert!(!said.err.contains("sesame"), "the password is told: {}", said.err);
        assert_eq!(said.err.trim().lines().count(), 1, "{}", said.err);
        said.err.trim().to_owned()
    }

    /// All public articles, newest first.
    pub(super) fn articles(&self) -> Vec<Value> {
        self.shell.courant(&["articles", "list", "--json"]).json().as_array().unwrap().clone()
    }

    /// One article with all that is known of it.
    pub(super) fn article(&self, id: &str) -> Value {
        let id = format!("tag:news.example.edu,2026:cms/{id}");
        self.shell.courant(&["articles", "show", &id, "--json"]).json()
    }

    /// One field of all public articles, newest first.
    pub(super) fn all(&self, field: &str) -> Vec<String> {
        self.articles().iter().map(|a| a[field].as_str().unwrap_or_default().to_owned()).collect()
    }

    /// A feed's bytes.
    pub(super) fn feed(&self, file: &str) -> String {
        self.shell.run_ok(&["feeds", "build", "--out", "feeds"]);
        std::fs::read_to_string(self.shell.path("feeds").join(file)).unwrap()
    }
}

/// What reading a source came to.
#[derive(Debug)]
pub(super) struct Sync(Value);

impl Sync {
    /// Added, waiting, changed, removed.
    pub(super) fn counts(&self) -> [i64; 4] {
        ["added", "scheduled", "changed", "removed"].map(|name| self.0[name].as_i64().unwrap())
    }

    /// Refused rows as `id: reason`.
    pub(super) fn refused(&self) -> Vec<String> {
        self.told("rejected", "reason")
    }

    /// What could not be shown, as `id: note`.
    pub(super) fn notes(&self) -> Vec<String> {
        self.told("notes", "note")
    }

    fn told(&self, list: &str, word: &str) -> Vec<String> {
        let told = self.0[list].as_array().unwrap();
        told.iter()
            .map(|t| format!("{}: {}", t["id"].as_str().unwrap(), t[word].as_str().unwrap()))
            .collect()
    }
}

/// A database of its own on the server of a world.
async fn beside(world: &World) -> String {
    let config = world.config_text();
    let own = config
        .lines()
        .find_map(|l| l.strip_prefix("url = \"postgres://"))
        .unwrap()
        .trim_end_matches('"');
    let (user, rest) = own.split_once('/').unwrap();
    let host = rest.split_once('?').unwrap().1;
    let name = format!("foreign{}", DATABASES.fetch_add(1, Ordering::Relaxed));
    world.sql(&format!("CREATE DATABASE {name}")).await;
    format!("postgres://{user}/{name}?{host}")
}
