//! Test installation: one database, one relay and one site.

use std::path::PathBuf;

use courant::app::App;
use courant::config::Config;
use courant::config::settings::{Digest, Transport};
use courant::delivery;
use courant::digests;
use courant::domain::article::IncomingArticle;
use courant::domain::page::PageRequest;
use courant::domain::time::{HOUR, Millis, SignedDuration};
use courant::store::renames::{Rename, RenamedKind};
use sqlx::{AssertSqlSafe, Connection};

use super::{CuttingProxy, LostReply, Settings, TestClock, postgres, skipped};
use crate::smtp_server::{Script, SmtpServer};

/// Kind of database that a test runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Database {
    Sqlite,
    Postgres,
}

/// An installation: one database, one relay and one site.
pub(crate) struct World {
    pub(crate) app: App,
    pub(crate) relay: SmtpServer,
    pub(crate) settings: Settings,
    pub(crate) home: tempfile::TempDir,
    pub(super) url: String,
    time: &'static TestClock,
    clock: fn() -> Millis,
    pub(super) dispatcher: delivery::Dispatcher,
}

/// Returns an article that was published an hour before the test starts.
pub(crate) fn article(id: &str) -> IncomingArticle {
    IncomingArticle {
        source_id: id.into(),
        title: format!("Title of {id}"),
        url: Some(format!("https://college.example/{id}.html")),
        body_html: format!("<p>Text of {id}.</p>"),
        published_at: super::START_TIME.plus(-HOUR),
        ..IncomingArticle::default()
    }
}

impl World {
    /// Creates a new installation; returns `None` if its database is not available.
    pub(crate) async fn begin(
        database: Database,
        time: &'static TestClock,
        clock: fn() -> Millis,
    ) -> Option<Self> {
        let home = tempfile::tempdir().unwrap();
        let url = match database {
            Database::Sqlite => format!("sqlite://{}", home.path().join("courant.db").display()),
            Database::Postgres => match postgres::fresh_database().await {
                Ok(url) => url,
                Err(reason) => {
                    skipped(&reason);
                    return None;
                }
            },
        };
        time.begin();
        let relay = SmtpServer::start(Script::new()).await;
        let settings = Settings::new();
        let app = connect(&settings, &url, &relay, &home, clock).await.unwrap();
        let dispatcher = app.dispatcher();
        Some(Self { app, relay, settings, home, url, time, clock, dispatcher })
    }

    /// Restarts with a changed config.
    pub(crate) async fn configure(&mut self, change: impl FnOnce(&mut Settings)) {
        change(&mut self.settings);
        let app =
            connect(&self.settings, &self.url, &self.relay, &self.home, self.clock).await.unwrap();
        self.dispatcher = app.dispatcher();
        std::mem::replace(&mut self.app, app).store.close().await;
    }

    /// Starts another node on the same database.
    pub(crate) async fn another_node(&self) -> App {
        connect(&self.settings, &self.url, &self.relay, &self.home, self.clock).await.unwrap()
    }

    /// Like [`Self::another_node`], through a proxy that loses replies of the database.
    pub(crate) async fn node_with_lost_replies(
        &self,
        losses: Vec<LostReply>,
    ) -> (App, CuttingProxy) {
        let proxy = CuttingProxy::start(&self.url, losses).await;
        (
            connect(&self.settings, &proxy.url, &self.relay, &self.home, self.clock).await.unwrap(),
            proxy,
        )
    }

    pub(crate) fn config_text(&self) -> String {
        self.settings.text(&self.url, &self.relay)
    }

    /// Writes the config next to the database, for the compiled program.
    pub(crate) fn config_file(&self) -> PathBuf {
        let file = self.home.path().join("config.toml");
        std::fs::write(&file, self.config_text()).unwrap();
        file
    }

    pub(crate) fn is_sqlite(&self) -> bool {
        self.app.store.is_sqlite()
    }

    pub(crate) fn now(&self) -> Millis {
        (self.clock)()
    }

    pub(crate) fn advance(&self, duration: SignedDuration) {
        self.time.advance(duration);
    }

    pub(crate) fn use_real_time(&self) {
        self.time.use_real_time();
    }

    pub(crate) fn digest(&self, name: &str) -> &Digest {
        digests::find_digest(&self.app.config, name).unwrap()
    }

    pub(crate) fn transport(&self) -> &Transport {
        &self.app.config.transports[0]
    }

    /// Replaces the dispatcher, as a restart does: another node id, and nothing remembered of
    /// relays.
    pub(crate) fn restart(&mut self) {
        self.dispatcher = self.app.dispatcher();
    }

    pub(crate) fn dispatcher(&self) -> delivery::Dispatcher {
        self.dispatcher.clone()
    }

    /// Executes an SQL statement and returns the number of changed rows.
    pub(crate) async fn sql(&self, text: &str) -> u64 {
        let text = AssertSqlSafe(text.to_owned());
        match self.url.strip_prefix("sqlite://") {
            Some(path) => {
                let options = sqlx::sqlite::SqliteConnectOptions::new()
                    .filename(path)
                    .busy_timeout(std::time::Duration::from_secs(30));
                let mut db = sqlx::SqliteConnection::connect_with(&options).await.unwrap();
                sqlx::query(text).execute(&mut db).await.unwrap().rows_affected()
            }
            None => {
                let mut db = sqlx::PgConnection::connect(&self.url).await.unwrap();
                sqlx::query(text).execute(&mut db).await.unwrap().rows_affected()
            }
        }
    }

    /// Moves the history of a former name to a present one.
    pub(crate) async fn rename(&self, kind: RenamedKind, old_name: &str, name: &str) {
        let rename = Rename { kind, old_name: old_name.to_owned(), name: name.to_owned() };
        self.app
            .store
            .rename(&[rename], &courant::domain::actor::Actor::Cli, self.now())
            .await
            .unwrap();
    }

    /// Ends the test: panics if a delivery is still in the state `sending`, and closes the
    /// database.
    pub(crate) async fn end(self) {
        self.dispatcher.shutdown().await.unwrap();
        let editions: Vec<i64> = self
            .app
            .store
            .editions()
            .list(&PageRequest::first(999))
            .await
            .unwrap()
            .items
            .iter()
            .map(|e| e.id)
            .collect();
        let counts = self.app.store.editions().counts_of_all(&editions).await.unwrap();
        if !editions.is_empty() {
            self.sql("UPDATE editions SET counts = NULL").await;
            self.sql("UPDATE delivery_batches SET counts = NULL").await;
        }
        for edition in editions {
            let counted = self.app.store.editions().counts(edition).await.unwrap();
            assert_eq!(
                counted.sending, 0,
                "edition {edition} has a delivery that is still being sent"
            );
            assert_eq!(counts[&edition], counted, "the stored counts of edition {edition}");
        }
        self.app.store.close().await;
        if !self.is_sqlite() {
            postgres::return_database(self.url);
        }
    }
}

async fn connect(
    settings: &Settings,
    url: &str,
    relay: &SmtpServer,
    home: &tempfile::TempDir,
    clock: fn() -> Millis,
) -> anyhow::Result<App> {
    let text = settings.text(url, relay);
    let config = Config::parse(&home.path().join("config.toml"), &text, std::iter::empty())?;
    let mut app = App::connect(config).await?;
    app.clock = clock;
    app.apply_renames(&courant::domain::actor::Actor::Cli).await?;
    Ok(app)
}
