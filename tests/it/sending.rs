//! How an edition goes out, and what becomes of every recipient when the relay has other ideas.

use std::collections::BTreeMap;

use courant::domain::edition::EditionCommand;
use courant::domain::time::{HOUR, MINUTE, SECOND};

use crate::smtp_server::{At, Rule, Script};
use crate::support::{article, stories};

/// Everybody of the first `n` readers once.
fn each_once(n: usize) -> BTreeMap<String, usize> {
    (0..n).map(|i| (format!("r{i}@example.org"), 1)).collect()
}

stories! {
    async fn an_edition_reaches_every_confirmed_subscriber_once(world) {
        world.publish([article("a"), article("b")]).await;
        world.add_readers(7).await;
        let edition = world.create_edition().await;
        let report = world.deliver().await;
        assert_eq!((report.sent, world.edition_status(edition).await.as_str()), (7, "sent: 7 sent"));
        assert_eq!(world.mail_counts(), each_once(7));
        assert_eq!(world.deliver().await.sent, 0);
    }

    async fn a_digest_mail_carries_the_headers_that_were_promised(world) {
        world.publish([article("a")]).await;
        world.add_readers(1).await;
        let edition = world.create_edition().await;
        world.deliver().await;
        let mail = world.mails_to("r0@example.org").remove(0);
        let header = |name: &str| mail.header(name).unwrap_or_else(|| panic!("no {name}")).to_owned();
        assert_eq!(header("From").replace('"', ""), "College News <news@example.edu>");
        assert_eq!(header("To"), "r0@example.org");
        assert!(header("Subject").contains("The week"), "{}", header("Subject"));
        assert_eq!(header("MIME-Version"), "1.0");
        assert!(header("List-ID").contains("<weekly.news.example.edu>"), "{}", header("List-ID"));
        assert!(header("List-Unsubscribe").contains("<https://news.example.edu/unsubscribe/"), "{}", header("List-Unsubscribe"));
        assert_eq!(header("List-Unsubscribe-Post"), "List-Unsubscribe=One-Click");
        assert_eq!(header("Auto-Submitted"), "auto-generated");
        assert_eq!(header("X-Courant-Edition"), edition.to_string());
        assert!(header("Message-ID").ends_with("@news.example.edu>") && !header("Feedback-ID").is_empty() && !header("Date").is_empty());
        assert!(header("Content-Type").starts_with("multipart/alternative"));
        assert!(mail.text.contains("Title of a") && mail.html.contains("Title of a"));
        assert!(world.relay.mails()[0].content.lines().all(|l| l.len() <= 998));
    }

    async fn a_recipient_refused_for_good_fails_with_the_servers_words(world) {
        world.relay.set_script(Script::new().rule(Rule::reply(At::Rcpt, "550 5.1.1 no such user here").recipient("r1@")));
        world.publish([article("a")]).await;
        world.add_readers(3).await;
        let edition = world.create_edition().await;
        world.deliver().await;
        assert_eq!(world.edition_status(edition).await, "sent: 2 sent, 1 failed");
        assert_eq!(world.last_reply("r1@example.org").await, "550 5.1.1 no such user here");
    }

    async fn a_recipient_who_must_wait_waits_and_is_reached_later(world) {
        world.relay.set_script(Script::new().rule(Rule::reply(At::Rcpt, "450 4.2.0 greylisted").recipient("r1@").once()));
        world.publish([article("a")]).await;
        world.add_readers(3).await;
        let edition = world.create_edition().await;
        assert_eq!(world.deliver().await.deferred, 1);
        assert_eq!(world.edition_status(edition).await, "sending: 1 queued, 2 sent");
        world.deliver().await;
        assert_eq!(world.edition_status(edition).await, "sending: 1 queued, 2 sent", "not before its time");
        world.advance(2 * MINUTE);
        world.deliver().await;
        assert_eq!((world.edition_status(edition).await.as_str(), world.mail_counts()), ("sent: 3 sent", each_once(3)));
    }

    async fn who_is_put_off_for_days_is_given_up_with_the_last_words(world) {
        world.relay.set_script(Script::new().rule(Rule::reply(At::Rcpt, "452 4.2.2 mailbox full")));
        world.publish([article("a")]).await;
        world.add_readers(1).await;
        let edition = world.create_edition().await;
        for _ in 0..30 {
            world.deliver().await;
            world.advance(8 * HOUR);
        }
        assert_eq!(world.edition_status(edition).await, "sent: 1 failed");
        assert!(world.last_reply("r0@example.org").await.contains("452 4.2.2 mailbox full"));
    }

    async fn a_connection_lost_behind_the_final_dot_is_tried_once_more(world) {
        world.relay.set_script(Script::new().rule(Rule::close(At::Content).recipient("r0@").once()));
        world.publish([article("a")]).await;
        world.add_readers(2).await;
        let edition = world.create_edition().await;
        world.deliver().await;
        assert_eq!(world.edition_status(edition).await, "sending: 1 queued, 1 sent");
        world.advance(30 * SECOND);
        world.deliver().await;
        assert_eq!((world.edition_status(edition).await.as_str(), world.mail_counts()), ("sent: 2 sent", each_once(2)));
    }

    async fn a_connection_lost_behind_every_final_dot_leaves_the_mail_held(world) {
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
        assert_eq!(attempts.len(), 2, "tried once more, never again");
        assert_eq!(attempts[0].header("Message-ID"), attempts[1].header("Message-ID"));
    }

    async fn where_the_config_says_hold_an_unknown_outcome_is_never_retried(world) {
        world.configure(|s| s.transport = "uncertain = \"hold\"".into()).await;
        world.relay.set_script(Script::new().rule(Rule::close(At::Stored)));
        world.publish([article("a")]).await;
        world.add_readers(1).await;
        let edition = world.create_edition().await;
        world.deliver().await;
        assert_eq!((world.edition_status(edition).await.as_str(), world.relay.mails().len()), ("sent: 1 held", 1));
    }

    async fn what_is_held_or_failed_is_tried_again_when_an_admin_says_so(world) {
        world.relay.set_script(Script::new().rule(Rule::reply(At::Rcpt, "550 5.1.1 gone").recipient("r1@")));
        world.publish([article("a")]).await;
        world.add_readers(3).await;
        let edition = world.create_edition().await;
        world.deliver().await;
        world.relay.set_script(Script::new());
        assert_eq!(world.run_command(edition, EditionCommand::Retry).await, format!("edition {edition} is sending, 1 mails are queued again"));
        world.deliver().await;
        assert_eq!((world.edition_status(edition).await.as_str(), world.mail_counts()), ("sent: 3 sent", each_once(3)));
    }
}
