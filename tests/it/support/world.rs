//! A world: one store, one relay, one site, and verbs for what people do in it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use courant::app::App;
use courant::config::Config;
use courant::config::settings::{Digest, Transport};
use courant::delivery::{self, Report};
use courant::digests::{self, Prepared};
use courant::domain::article::IncomingArticle;
use courant::domain::edition::EditionCommand;
use courant::domain::subscription::RequestOrigin;
use courant::domain::time::{HOUR, Millis};
use courant::mail::mail_catcher::mime::{self, ParsedMail};
use courant::sources::import;
use courant::subscribers::{self, NewSubscriber};
use sqlx::{AssertSqlSafe, Connection};
use tokio_util::sync::CancellationToken;

use super::{BrokenLine, Loss, Settings, Time, postgres, skipped};
use crate::smtp_server::{Script, SmtpServer};

/// Which database a world stands on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Engine {
    Sqlite,
    Postgres,
}

/// One store, one relay, one site.
pub(crate) struct World {
    pub(crate) app: App,
    pub(crate) relay: SmtpServer,
    pub(crate) settings: Settings,
    pub(crate) home: tempfile::TempDir,
    pub(super) url: String,
    time: &'static Time,
    clock: fn() -> Millis,
    engine: delivery::Dispatcher,
}

/// An article that came out an hour before the story begins.
pub(crate) fn article(id: &str) -> IncomingArticle {
    IncomingArticle {
        source_id: id.into(),
        title: format!("Title of {id}"),
        url: Some(format!("https://college.example/{id}.html")),
        body_html: format!("<p>Text of {id}.</p>"),
        published_at: super::BEGINNING.plus(-HOUR),
        ..IncomingArticle::default()
    }
}

impl World {
    /// A fresh world, or nothing where its database is missing.
    pub(crate) async fn begin(
        engine: Engine,
        time: &'static Time,
        clock: fn() -> Millis,
    ) -> Option<Self> {
        let home = tempfile::tempdir().unwrap();
        let url = match engine {
            Engine::Sqlite => format!("sqlite://{}", home.path().join("courant.db").display()),
            Engine::Postgres => match postgres::fresh_database().await {
                Ok(url) => url,
                Err(why) => {
                    skipped(&why);
                    return None;
                }
            },
        };
        time.begin();
        let relay = SmtpServer::start(Script::new()).await;
        let settings = Settings::new();
        let app = connected(&settings, &url, &relay, &home, clock).await.unwrap();
        let engine = app.dispatcher();
        Some(Self { app, relay, settings, home, url, time, clock, engine })
    }

    /// The same world under another config, as after a restart.
    pub(crate) async fn configure(&mut self, change: impl FnOnce(&mut Settings)) {
        change(&mut self.settings);
        let app = connected(&self.settings, &self.url, &self.relay, &self.home, self.clock)
            .await
            .unwrap();
        self.engine = app.dispatcher();
        std::mem::replace(&mut self.app, app).store.close().await;
    }

    /// Another node, connected to the same store.
    pub(crate) async fn another_node(&self) -> App {
        connected(&self.settings, &self.url, &self.relay, &self.home, self.clock).await.unwrap()
    }

    /// The same over a line that loses answers.
    pub(crate) async fn node_over(&self, losses: Vec<Loss>) -> (App, BrokenLine) {
        let line = BrokenLine::to(&self.url, losses).await;
        (
            connected(&self.settings, &line.url, &self.relay, &self.home, self.clock)
                .await
                .unwrap(),
            line,
        )
    }

    pub(crate) fn config_text(&self) -> String {
        self.settings.text(&self.url, &self.relay)
    }

    /// Writes the config beside the store, for the program itself.
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

    pub(crate) fn leap(&self, ms: i64) {
        self.time.leap(ms);
    }

    pub(crate) fn become_real(&self) {
        self.time.become_real();
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

    pub(crate) async fn publish(&self, drafts: impl IntoIterator<Item = IncomingArticle>) {
        let report = import::upsert_articles(
            &self.app.store,
            &self.app.config,
            self.source(),
            drafts.into_iter().collect(),
            self.now(),
        )
        .await
        .unwrap();
        assert_eq!(report.rejected, [], "publishing");
    }

    /// What an editor does who takes an article off the site.
    pub(crate) async fn unpublish(&self, id: &str) {
        self.app.store.remove_articles(self.source(), &[id.to_owned()], self.now()).await.unwrap();
    }

    /// Confirmed subscribers of a digest.
    pub(crate) async fn subscribe(
        &self,
        digest: &str,
        people: impl IntoIterator<Item = NewSubscriber>,
    ) {
        let digests = [self.digest(digest)];
        let secret = &self.app.instance.secret;
        let requests = people
            .into_iter()
            .map(|p| subscribers::validate(&p, &digests, "told us so", secret).unwrap())
            .collect();
        subscribers::apply_requests(
            &self.app.store,
            requests,
            &digests,
            RequestOrigin::AdminWithConsent,
            self.now(),
        )
        .await
        .unwrap();
    }

    /// `r0@example.org` to `r(n-1)@example.org`, confirmed for the weekly digest.
    pub(crate) async fn readers(&self, n: usize) {
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
        digests::run(self.app.digest_context(), self.digest(digest), self.now(), self.now())
            .await
            .unwrap()
    }

    /// Makes an edition of the weekly digest now; gives its number.
    pub(crate) async fn edition(&self) -> i64 {
        match self.run("weekly").await {
            Prepared::Created { edition, .. } => edition,
            other => panic!("no edition: {other:?}"),
        }
    }

    /// The titles of an edition's articles.
    pub(crate) async fn stories_in(&self, edition: i64) -> Vec<String> {
        self.app
            .store
            .edition_articles(edition)
            .await
            .unwrap()
            .into_iter()
            .map(|(_, title)| title)
            .collect()
    }

    /// What the daemon does at a beat, at a time of the story's choosing.
    pub(crate) async fn prepare(&self, now: Millis) -> Vec<Prepared> {
        digests::prepare_due(self.app.digest_context(), now)
            .await
            .unwrap()
            .into_iter()
            .map(|(_, prepared)| prepared)
            .collect()
    }

    /// Sends all that is due now, and closes what is over.
    pub(crate) async fn deliver(&self) -> Report {
        self.deliver_on(&self.engine, 0).await
    }

    /// The same, waiting for what becomes due within so many milliseconds.
    pub(crate) async fn deliver_on(&self, engine: &delivery::Dispatcher, wait: i64) -> Report {
        let report =
            engine.deliver_due(self.transport(), wait, &CancellationToken::new()).await.unwrap();
        delivery::close_editions(&self.app.store, self.now()).await.unwrap();
        report
    }

    /// As after a restart: another node's name, and no memory of relays.
    pub(crate) fn restart(&mut self) {
        self.engine = self.app.dispatcher();
    }

    pub(crate) fn engine(&self) -> delivery::Dispatcher {
        self.engine.clone()
    }

    pub(crate) async fn order(&self, edition: i64, order: EditionCommand) -> String {
        delivery::run_edition_command(&self.app.store, edition, order, self.now()).await.unwrap()
    }

    /// How an edition fares, as `sent: 3 sent, 1 failed`.
    pub(crate) async fn fate(&self, edition: i64) -> String {
        let state = self.app.store.edition(edition).await.unwrap().unwrap().state;
        let c = self.app.store.edition_counts(edition).await.unwrap();
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

    /// How many mails each address got.
    pub(crate) fn arrived(&self) -> BTreeMap<String, usize> {
        let mut by_address = BTreeMap::new();
        for mail in self.relay.mails() {
            *by_address.entry(mail.to.join(",")).or_default() += 1;
        }
        by_address
    }

    /// The mails an address got, taken apart.
    pub(crate) fn mails_to(&self, address: &str) -> Vec<ParsedMail> {
        self.relay
            .mails()
            .iter()
            .filter(|m| m.to == [address])
            .map(|m| mime::parse(m.content.as_bytes()))
            .collect()
    }

    /// The server's words about the last mail to an address.
    pub(crate) async fn answer(&self, address: &str) -> String {
        let person = self.app.store.find_subscriber(address).await.unwrap().unwrap();
        self.app
            .store
            .deliveries_to(person.id, 1)
            .await
            .unwrap()
            .remove(0)
            .last_reply
            .unwrap_or_default()
    }

    /// Does to the database what no verb does; gives how many rows it changed.
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

    /// The story is over: nothing may be left half sent, and nothing stays behind.
    pub(crate) async fn end(self) {
        self.engine.finish().await.unwrap();
        let editions: Vec<i64> =
            self.app.store.editions(None).await.unwrap().iter().map(|e| e.id).collect();
        let together = self.app.store.counts_of(&editions).await.unwrap();
        for edition in editions {
            let counts = self.app.store.edition_counts(edition).await.unwrap();
            assert_eq!(counts.sending, 0, "edition {edition} is left on its way");
            assert_eq!(
                together.get(&edition).copied().unwrap_or_default(),
                counts,
                "edition {edition} is counted in two ways"
            );
        }
        self.app.store.close().await;
        if !self.is_sqlite() {
            postgres::give_back(self.url);
        }
    }
}

async fn connected(
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
    Ok(app)
}
