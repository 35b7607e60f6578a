//! A foreign database with test data, and an installation of Courant that reads it.

use std::sync::atomic::{AtomicUsize, Ordering};

use courant::app::App;
use courant::domain::time::Millis;
use courant::sources::{self, SyncReport};
use serde_json::Value;
use sqlx::{AssertSqlSafe, Connection, Executor, MySqlConnection, PgConnection, SqliteConnection};

use super::mariadb;
use crate::support::{Database, Shell, TestClock, World, skipped};

/// Kind of the foreign database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Sqlite,
    Postgres,
    Mariadb,
}

pub(super) const KINDS: [Kind; 3] = [Kind::Sqlite, Kind::Postgres, Kind::Mariadb];

/// A foreign database, and an installation of Courant whose source reads it.
pub(super) struct TestSource {
    pub(super) kind: Kind,
    pub(super) url: String,
    pub(super) shell: Shell,
    /// Keeps the PostgreSQL server of the test harness in use.
    _world: Option<World>,
}

static TIME: TestClock = TestClock::new();
static DATABASES: AtomicUsize = AtomicUsize::new(0);

impl TestSource {
    /// Creates an empty database; returns `None` if its server is not installed.
    pub(super) async fn create(kind: Kind) -> Option<Self> {
        let shell = Shell::new();
        let (url, world) = match kind {
            Kind::Sqlite => {
                let file = shell.write("cms.db", "");
                (format!("sqlite://{}", file.display()), None)
            }
            Kind::Postgres => {
                let world = World::begin(Database::Postgres, &TIME, || TIME.now()).await?;
                (create_database(&world).await, Some(world))
            }
            Kind::Mariadb => match mariadb::fresh_database().await {
                Ok(url) => (url, None),
                Err(reason) => {
                    skipped(&reason);
                    return None;
                }
            },
        };
        Some(Self { kind, url, shell, _world: world })
    }

    /// Executes statements in the foreign database as its owner.
    pub(super) async fn execute(&self, statements: &str) {
        let text = AssertSqlSafe(statements.to_owned());
        let result = match self.kind {
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
        result.unwrap_or_else(|e| panic!("{e}\n{statements}"));
    }

    /// Returns a string literal in the SQL dialect of this database.
    pub(super) fn quote(&self, value: &str) -> String {
        let value = value.replace('\'', "''");
        match self.kind {
            Kind::Mariadb => format!("'{}'", value.replace('\\', "\\\\")),
            _ => format!("'{value}'"),
        }
    }

    /// Configures a source with this query; `more` contains additional keys.
    pub(super) fn use_query(&self, query: &str, more: &str) {
        self.configure(
            &self.url,
            &format!(
                "kind = \"query\"\ntimezone = \"Asia/Shanghai\"\nquery = '''{query}'''\n{more}"
            ),
        );
    }

    /// Configures a source with this URL and these keys.
    pub(super) fn configure(&self, url: &str, keys: &str) {
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

    /// Runs `courant sources sync`, which must succeed.
    pub(super) fn sync(&self) -> SyncOutput {
        SyncOutput(self.shell.courant(&["sources", "sync", "--json"]).json()[0].take())
    }

    /// Syncs the source as a tick of a restarted daemon at this time does.
    pub(super) async fn sync_due(&self, now: Millis) -> SyncReport {
        let app = App::from_file(&self.shell.path("config.toml")).await.unwrap();
        let report =
            sources::sync_due(&app.store, &app.config, &app.config.sources[0], now).await.unwrap();
        let state = app.store.sources().states().await.unwrap();
        app.store.close().await;
        report.unwrap_or_else(|| panic!("the source was not due: {state:?}"))
    }

    /// Runs a sync that must fail with a message of one line, and returns the message.
    pub(super) fn sync_error(&self) -> String {
        let output = self.shell.courant(&["sources", "sync"]);
        assert_eq!((output.status, output.out.as_str()), (1, ""), "{output:?}");
        assert!(
            !output.err.contains("sesame"),
            "the message contains the password: {}",
            output.err
        );
        assert_eq!(output.err.trim().lines().count(), 1, "{}", output.err);
        output.err.trim().to_owned()
    }

    /// Returns all public articles, newest first.
    pub(super) fn articles(&self) -> Vec<Value> {
        self.shell.courant(&["articles", "list", "--json"]).json().as_array().unwrap().clone()
    }

    /// Returns one article with all its fields.
    pub(super) fn article(&self, id: &str) -> Value {
        let id = format!("tag:news.example.edu,2026:cms/{id}");
        self.shell.courant(&["articles", "show", &id, "--json"]).json()
    }

    /// Returns one field of all public articles, newest first.
    pub(super) fn field_values(&self, field: &str) -> Vec<String> {
        self.articles().iter().map(|a| a[field].as_str().unwrap_or_default().to_owned()).collect()
    }

    /// Builds all feeds and returns the content of one file.
    pub(super) fn build_feed(&self, file: &str) -> String {
        self.shell.run_ok(&["feeds", "build", "--out", "feeds"]);
        std::fs::read_to_string(self.shell.path("feeds").join(file)).unwrap()
    }
}

/// JSON output of `courant sources sync`.
#[derive(Debug)]
pub(super) struct SyncOutput(Value);

impl SyncOutput {
    /// Returns the numbers of added, scheduled, changed and removed articles.
    pub(super) fn counts(&self) -> [i64; 4] {
        ["added", "scheduled", "changed", "removed"].map(|name| self.0[name].as_i64().unwrap())
    }

    /// Returns the rejected rows as `id: reason`.
    pub(super) fn rejected(&self) -> Vec<String> {
        self.entries("rejected", "reason")
    }

    /// Returns the notes about content that cannot be shown, as `id: note`.
    pub(super) fn notes(&self) -> Vec<String> {
        self.entries("notes", "note")
    }

    fn entries(&self, list: &str, text_key: &str) -> Vec<String> {
        let entries = self.0[list].as_array().unwrap();
        entries
            .iter()
            .map(|t| format!("{}: {}", t["id"].as_str().unwrap(), t[text_key].as_str().unwrap()))
            .collect()
    }
}

/// Creates another database on the PostgreSQL server of a test installation.
async fn create_database(world: &World) -> String {
    let config = world.config_text();
    let world_url = config
        .lines()
        .find_map(|l| l.strip_prefix("url = \"postgres://"))
        .unwrap()
        .trim_end_matches('"');
    let (user, rest) = world_url.split_once('/').unwrap();
    let host = rest.split_once('?').unwrap().1;
    let name = format!("foreign{}", DATABASES.fetch_add(1, Ordering::Relaxed));
    world.sql(&format!("CREATE DATABASE {name}")).await;
    format!("postgres://{user}/{name}?{host}")
}
