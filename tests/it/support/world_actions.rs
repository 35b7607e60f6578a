//! Typical actions in a test installation: editors publish, people subscribe, editions are sent, and the
//! relay has received mails.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use courant::delivery::{self, Report};
use courant::demo::mailbox::mime::{self, ParsedMail};
use courant::digests::{self, Prepared};
use courant::domain::article::IncomingArticle;
use courant::domain::edition::EditionCommand;
use courant::domain::subscription::RequestOrigin;
use courant::domain::time::{Millis, SignedDuration};
use courant::sources::import;
use courant::subscribers::{self, NewSubscriber};
use tokio_util::sync::CancellationToken;

use super::World;

impl World {
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
}
