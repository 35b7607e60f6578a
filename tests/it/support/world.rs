//! Test installation: one database, one relay and one site, with methods for typical actions.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use courant::app::App;
use courant::config::Config;
use courant::config::settings::{Digest, Transport};
use courant::delivery::{self, Report};
use courant::demo::mailbox::mime::{self, ParsedMail};
use courant::digests::{self, Prepared};
use courant::domain::article::IncomingArticle;
use courant::domain::edition::EditionCommand;
use courant::domain::page::PageRequest;
use courant::domain::subscription::RequestOrigin;
use courant::domain::time::{HOUR, Millis, SignedDuration};
use courant::sources::import;
use courant::store::renames::{Rename, RenamedKind};
use courant::subscribers::{self, NewSubscriber};
use sqlx::{AssertSqlSafe, Connection};
use tokio_util::sync::CancellationToken;

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
    dispatcher: delivery::Dispatcher,
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

    fn source(&self) -> &str {
        &self.app.config.sources[0].name
    }

    pub(crate) async fn publish(&self, articles: impl IntoIterator<Item = IncomingArticle>) {
        self.publish_at(self.now(), articles).await;
    }

    pub(crate) async fn publish_at(
        &self,
        now: Millis,
        articles: impl IntoIterator<Item = IncomingArticle>,
    ) {
        let report = import::upsert_articles(
            &self.app.store,
            &self.app.config,
            self.source(),
            articles.into_iter().collect(),
            now,
        )
        .await
        .unwrap();
        assert_eq!(report.rejected, [], "every article should be accepted");
    }

    /// Removes an article, as when an editor deletes it from the site.
    pub(crate) async fn unpublish(&self, id: &str) {
        self.app
            .store
            .articles()
            .remove(self.source(), &[id.to_owned()], self.now())
            .await
            .unwrap();
    }

    /// Adds confirmed subscribers to a digest.
    pub(crate) async fn subscribe(
        &self,
        digest: &str,
        people: impl IntoIterator<Item = NewSubscriber>,
    ) {
        let digests = [self.digest(digest)];
        let secret = &self.app.store_identity.secret;
        let requests = people
            .into_iter()
            .map(|p| {
                subscribers::validate(&p, &digests, "consent given by the person", secret).unwrap()
            })
            .collect();
        subscribers::apply_requests(
            &self.app.store,
            requests,
            &digests,
            RequestOrigin::AdminWithConsent,
            &courant::domain::actor::Actor::Cli,
            self.now(),
        )
        .await
        .unwrap();
    }

    /// Adds `r0@example.org` to `r(n-1)@example.org` as confirmed subscribers of the weekly digest.
    pub(crate) async fn add_readers(&self, n: usize) {
        self.subscribe(
            "weekly",
            (0..n).map(|i| NewSubscriber {
                email: format!("r{i}@example.org"),
                ..NewSubscriber::default()
            }),
        )
        .await;
    }

    pub(crate) async fn run(&self, digest: &str) -> Prepared {
        digests::create_edition_now(
            self.app.digest_context(),
            self.digest(digest),
            self.now(),
            &courant::domain::actor::Actor::Cli,
            self.now(),
        )
        .await
        .unwrap()
    }

    /// Creates an edition of the weekly digest now and returns its id.
    pub(crate) async fn create_edition(&self) -> i64 {
        match self.run("weekly").await {
            Prepared::Created { edition, .. } => edition,
            other => panic!("no edition: {other:?}"),
        }
    }

    /// Returns the titles of an edition's articles.
    pub(crate) async fn titles_in(&self, edition: i64) -> Vec<String> {
        self.app
            .store
            .editions()
            .articles(edition)
            .await
            .unwrap()
            .into_iter()
            .map(|(_, title)| title)
            .collect()
    }

    /// Prepares due editions as a tick of the daemon at `now` does.
    pub(crate) async fn prepare(&self, now: Millis) -> Vec<Prepared> {
        digests::prepare_due(self.app.digest_context(), now)
            .await
            .unwrap()
            .into_iter()
            .map(|(_, prepared)| prepared)
            .collect()
    }

    /// Sends all deliveries that are due now and closes completed editions.
    pub(crate) async fn deliver(&self) -> Report {
        self.deliver_with(&self.dispatcher, SignedDuration::ZERO).await
    }

    /// Like [`Self::deliver`], and also waits for deliveries that become due within `wait`.
    pub(crate) async fn deliver_with(
        &self,
        dispatcher: &delivery::Dispatcher,
        wait: SignedDuration,
    ) -> Report {
        let report = dispatcher
            .deliver_due(self.transport(), wait, &CancellationToken::new())
            .await
            .unwrap();
        delivery::settle_editions(&self.app.store, self.now()).await.unwrap();
        report
    }

    /// Replaces the dispatcher, as a restart does: another node id, and nothing remembered of
    /// relays.
    pub(crate) fn restart(&mut self) {
        self.dispatcher = self.app.dispatcher();
    }

    pub(crate) fn dispatcher(&self) -> delivery::Dispatcher {
        self.dispatcher.clone()
    }

    pub(crate) async fn run_command(&self, edition: i64, command: EditionCommand) -> String {
        delivery::run_edition_command(
            &self.app.store,
            edition,
            command,
            &courant::domain::actor::Actor::Cli,
            self.now(),
        )
        .await
        .unwrap()
    }

    /// Returns an edition's state and the counts of its deliveries, such as `sent: 3 sent, 1
    /// failed`.
    pub(crate) async fn edition_status(&self, edition: i64) -> String {
        let state = self.app.store.editions().find(edition).await.unwrap().unwrap().state;
        let c = self.app.store.editions().counts(edition).await.unwrap();
        let counts = [
            (c.queued, "queued"),
            (c.sending, "sending"),
            (c.sent, "sent"),
            (c.failed, "failed"),
            (c.held, "held"),
            (c.cancelled, "cancelled"),
        ];
        let mut text = format!("{}:", state.as_str());
        for (i, (n, word)) in counts.into_iter().filter(|(n, _)| *n > 0).enumerate() {
            write!(text, "{} {n} {word}", if i == 0 { "" } else { "," }).unwrap();
        }
        text
    }

    /// Returns the number of mails that the relay received, by address.
    pub(crate) fn mail_counts(&self) -> BTreeMap<String, usize> {
        let mut by_address = BTreeMap::new();
        for mail in self.relay.mails() {
            *by_address.entry(mail.to.join(",")).or_default() += 1;
        }
        by_address
    }

    /// Returns the parsed mails that the relay received for an address.
    pub(crate) fn mails_to(&self, address: &str) -> Vec<ParsedMail> {
        self.relay
            .mails()
            .iter()
            .filter(|m| m.to == [address])
            .map(|m| mime::parse(m.content.as_bytes()))
            .collect()
    }

    /// Returns the recorded reply of the relay to the last mail to an address.
    pub(crate) async fn last_reply(&self, address: &str) -> String {
        let person = self.app.store.subscribers().find_by_address(address).await.unwrap().unwrap();
        self.app
            .store
            .deliveries()
            .to_subscriber(person.id, 1)
            .await
            .unwrap()
            .remove(0)
            .last_reply
            .unwrap_or_default()
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
