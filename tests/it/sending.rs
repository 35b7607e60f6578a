//! Sending an edition, and the outcome for every recipient when the relay rejects, defers or fails.

use std::collections::BTreeMap;

use courant::domain::edition::EditionCommand;
use courant::domain::time::{HOUR, MINUTE, SECOND};

use crate::smtp_server::{At, Rule, Script};
use crate::support::{article, database_tests};

/// Returns the count 1 for each of the first `n` readers.
fn each_once(n: usize) -> BTreeMap<String, usize> {
    (0..n).map(|i| (format!("r{i}@example.org"), 1)).collect()
}

database_tests! {
    async fn an_edition_reaches_every_confirmed_subscriber_once(world) {
        world.publish([article("a"), article("b")]).await;
        world.add_readers(7).await;
        let edition = world.create_edition().await;
        let report = world.deliver().await;
        assert_eq!(
            (report.sent, world.edition_status(edition).await.as_str()),
            (7, "sent: 7 sent")
        );
        assert_eq!(world.mail_counts(), each_once(7));
        assert_eq!(world.deliver().await.sent, 0);
    }

    async fn twenty_connections_of_a_new_edition_open_few_to_the_database(world) {
        world.configure(|s| s.transport = "connections = 20".into()).await;
        world.publish([article("a")]).await;
        world.add_readers(100).await;
        world.create_edition().await;
        assert_eq!(world.deliver().await.sent, 100);
        let (used, idle) = world.app.store.connections();
        // If each of the twenty read the message, each would open one, up to the limit.
        assert!(used + idle <= 7, "{used} used and {idle} idle connections to the database");
    }

    async fn a_digest_mail_has_the_documented_headers(world) {
        world.publish([article("a")]).await;
        world.add_readers(1).await;
        let edition = world.create_edition().await;
        world.deliver().await;
        let mail = world.mails_to("r0@example.org").remove(0);
        let header = |name: &str| {
            mail.header(name).unwrap_or_else(|| panic!("header {name} is missing")).to_owned()
        };
        assert_eq!(header("From").replace('"', ""), "College News <news@example.edu>");
        assert_eq!(header("To"), "r0@example.org");
        assert_eq!(header("Subject"), "Title of a");
        assert_eq!(header("MIME-Version"), "1.0");
        assert!(header("List-ID").contains("<weekly.news.example.edu>"), "{}", header("List-ID"));
        assert!(
            header("List-Unsubscribe").contains("<https://news.example.edu/unsubscribe/"),
            "{}",
            header("List-Unsubscribe")
        );
        assert_eq!(header("List-Unsubscribe-Post"), "List-Unsubscribe=One-Click");
        assert_eq!(header("Auto-Submitted"), "auto-generated");
        assert_eq!(header("X-Courant-Edition"), edition.to_string());
        assert!(
            header("Message-ID").ends_with("@news.example.edu>")
                && !header("Feedback-ID").is_empty()
                && !header("Date").is_empty()
        );
        assert!(header("Content-Type").starts_with("multipart/alternative"));
        assert!(mail.text.contains("Title of a") && mail.html.contains("Title of a"));
        assert!(world.relay.mails()[0].content.lines().all(|l| l.len() <= 998));
    }

    async fn a_permanently_rejected_recipient_fails_with_the_reply(world) {
        world.relay.set_script(
            Script::new()
                .rule(Rule::reply(At::Rcpt, "550 5.1.1 no such user here").recipient("r1@")),
        );
        world.publish([article("a")]).await;
        world.add_readers(3).await;
        let edition = world.create_edition().await;
        world.deliver().await;
        assert_eq!(world.edition_status(edition).await, "sent: 2 sent, 1 failed");
        assert_eq!(world.last_reply("r1@example.org").await, "550 5.1.1 no such user here");
    }

    async fn a_deferred_recipient_is_retried_later(world) {
        world.relay.set_script(
            Script::new()
                .rule(Rule::reply(At::Rcpt, "450 4.2.0 greylisted").recipient("r1@").once()),
        );
        world.publish([article("a")]).await;
        world.add_readers(3).await;
        let edition = world.create_edition().await;
        assert_eq!(world.deliver().await.deferred, 1);
        assert_eq!(world.edition_status(edition).await, "sending: 1 queued, 2 sent");
        world.deliver().await;
        assert_eq!(
            world.edition_status(edition).await,
            "sending: 1 queued, 2 sent",
            "it should not be retried early"
        );
        world.advance(2 * MINUTE);
        world.deliver().await;
        assert_eq!(
            (world.edition_status(edition).await.as_str(), world.mail_counts()),
            ("sent: 3 sent", each_once(3))
        );
    }

    async fn a_recipient_deferred_for_days_fails_with_the_last_reply(world) {
        world.relay.set_script(Script::new().rule(Rule::reply(At::Rcpt, "452 4.2.2 mailbox full")));
        world.publish([article("a")]).await;
        world.add_readers(1).await;
        let edition = world.create_edition().await;
        for _ in 0..30 {
            world.deliver().await;
            world.advance(8 * HOUR);
        }
        assert_eq!(world.edition_status(edition).await, "paused: 1 failed");
        assert!(world.last_reply("r0@example.org").await.contains("452 4.2.2 mailbox full"));
    }

    async fn a_mail_whose_connection_closes_after_the_final_dot_is_retried_once(world) {
        world
            .relay
            .set_script(Script::new().rule(Rule::close(At::Content).recipient("r0@").once()));
        world.publish([article("a")]).await;
        world.add_readers(2).await;
        let edition = world.create_edition().await;
        world.deliver().await;
        assert_eq!(world.edition_status(edition).await, "sending: 1 queued, 1 sent");
        world.advance(30 * SECOND);
        world.deliver().await;
        assert_eq!(
            (world.edition_status(edition).await.as_str(), world.mail_counts()),
            ("sent: 2 sent", each_once(2))
        );
    }

    async fn a_mail_whose_connection_closes_twice_after_the_final_dot_is_held(world) {
        world.relay.set_script(Script::new().rule(Rule::close(At::Stored).recipient("r0@")));
        world.publish([article("a")]).await;
        world.add_readers(2).await;
        let edition = world.create_edition().await;
        for _ in 0..4 {
            world.deliver().await;
            world.advance(30 * SECOND);
        }
        assert_eq!(world.edition_status(edition).await, "sent: 1 sent, 1 held");
        let attempts = world.mails_to("r0@example.org");
        assert_eq!(attempts.len(), 2, "it should be retried exactly once");
        assert_eq!(attempts[0].header("Message-ID"), attempts[1].header("Message-ID"));
    }

    async fn with_uncertain_hold_an_unknown_outcome_is_never_retried(world) {
        world.configure(|s| s.transport = "uncertain = \"hold\"".into()).await;
        world.relay.set_script(Script::new().rule(Rule::close(At::Stored)));
        world.publish([article("a")]).await;
        world.add_readers(1).await;
        let edition = world.create_edition().await;
        world.deliver().await;
        assert_eq!(
            (world.edition_status(edition).await.as_str(), world.relay.mails().len()),
            ("paused: 1 held", 1)
        );
    }

    async fn the_retry_command_sends_failed_mails_again(world) {
        world.relay.set_script(
            Script::new().rule(Rule::reply(At::Rcpt, "550 5.2.1 disabled").recipient("r1@")),
        );
        world.publish([article("a")]).await;
        world.add_readers(3).await;
        let edition = world.create_edition().await;
        world.deliver().await;
        world.relay.set_script(Script::new());
        assert_eq!(
            world.run_command(edition, EditionCommand::Retry).await,
            format!("Edition {edition} is sending; messages queued again: 1.")
        );
        world.deliver().await;
        assert_eq!(
            (world.edition_status(edition).await.as_str(), world.mail_counts()),
            ("sent: 3 sent", each_once(3))
        );
    }
}
