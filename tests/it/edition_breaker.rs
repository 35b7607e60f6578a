//! Circuit breaker of editions: rejections of the sender or the message pause the edition after a
//! few failures.

use courant::domain::article::IncomingArticle;
use courant::domain::edition::EditionCommand;
use courant::domain::page::PageRequest;
use courant::domain::time::MINUTE;
use courant::subscribers::NewSubscriber;

use crate::smtp_server::{At, Rule, Script};
use crate::support::{World, article, database_tests};

async fn another_edition(world: &World) -> i64 {
    let id = format!(
        "a{}",
        world.app.store.editions().list(&PageRequest::first(999)).await.unwrap().items.len()
    );
    world.publish([IncomingArticle { published_at: world.now(), ..article(&id) }]).await;
    world.create_edition().await
}

async fn note(world: &World, edition: i64) -> String {
    world.app.store.editions().find(edition).await.unwrap().unwrap().note.unwrap_or_default()
}

database_tests! {
    async fn three_rejections_of_sender_or_message_pause_the_edition_and_the_rest_is_sent_after_resuming(world) {
        world.configure(|s| s.transport = "connections = 10".into()).await;
        world.add_readers(60).await;
        let rejections = [
            (At::Mail, "550 5.1.8 bad sender"),
            (At::Mail, "553 5.1.8 bad sender"),
            (At::Mail, "550 go away"),
            (At::Rcpt, "554 5.7.1 relay access denied"),
            (At::Data, "554 5.6.0 no"),
            (At::Content, "554 5.7.1 spam"),
            (At::Content, "552 5.3.4 too big"),
        ];
        for (at, reply) in rejections {
            for script in [Script::new(), Script::new().without_pipelining()] {
                let (edition, before) = (another_edition(world).await, world.relay.mails().len());
                world.relay.set_script(script.rule(Rule::reply(at, reply)));
                world.deliver().await;
                assert_eq!(
                    world.edition_status(edition).await,
                    "paused: 57 queued, 3 failed",
                    "{at:?} {reply}"
                );
                let note = note(world, edition).await;
                assert!(note.contains("3 times in a row") && note.contains(reply), "{note}");
                world.relay.set_script(Script::new());
                world.run_command(edition, EditionCommand::Resume).await;
                world.deliver().await;
                assert_eq!(
                    world.edition_status(edition).await,
                    "sent: 57 sent, 3 failed",
                    "{at:?} {reply}"
                );
                assert_eq!(world.relay.mails().len() - before, 57, "{at:?} {reply}");
            }
        }
    }

    async fn rejections_of_single_mailboxes_do_not_stop_an_edition(world) {
        world.configure(|s| s.transport = "connections = 10".into()).await;
        world.add_readers(40).await;
        for (at, reply) in [
            (At::Rcpt, "550 5.1.1 unknown"),
            (At::Rcpt, "550 unknown"),
            (At::Content, "552 5.2.2 over quota"),
        ] {
            let edition = another_edition(world).await;
            world.relay.set_script(Script::new().rule(Rule::reply(at, reply)));
            world.deliver().await;
            assert_eq!(world.edition_status(edition).await, "paused: 40 failed", "{reply}");
            assert!(note(world, edition).await.contains("no message is known to be sent"), "{reply}");
        }
        let edition = another_edition(world).await;
        world.relay.set_script(
            Script::new().rule(Rule::reply(At::Content, "554 5.7.1 spam").recipient("r7@")),
        );
        world.deliver().await;
        assert_eq!(world.edition_status(edition).await, "sent: 39 sent, 1 failed");
    }

    async fn an_edition_of_which_every_outcome_is_unknown_is_paused(world) {
        world.add_readers(3).await;
        let edition = another_edition(world).await;
        world.relay.set_script(Script::new().rule(Rule::reply(At::Content, "999 what")));
        for _ in 0..4 {
            world.deliver().await;
            world.advance(MINUTE);
        }
        assert_eq!(world.edition_status(edition).await, "paused: 3 held");
        let note = note(world, edition).await;
        assert!(note.contains("no message is known to be sent"), "{note}");
    }

    async fn those_who_read_editions_and_transports_see_no_address_in_a_reply(world) {
        world.add_readers(6).await;
        for reply in ["554 5.7.1 <r1@example.org>: denied", "550 5.1.1 <r1@example.org>: unknown"] {
            let edition = another_edition(world).await;
            world.relay.set_script(Script::new().rule(Rule::reply(At::Rcpt, reply)));
            world.deliver().await;
            let note = note(world, edition).await;
            assert!(note.ends_with(&reply.replace("r1@", "…@")), "{note}");
        }
        // List managers see it.
        assert_eq!(world.last_reply("r1@example.org").await, "550 5.1.1 <r1@example.org>: unknown");
        let busy = "421 4.7.0 <r1@example.org>: try later";
        world.relay.set_script(Script::new().rule(Rule::reply(At::Rcpt, busy)));
        another_edition(world).await;
        world.deliver().await;
        let transport = world.dispatcher().snapshot().remove(0);
        let error = transport.relay_error.unwrap();
        assert!(error.contains("421 4.7.0 <…@example.org>: try later"), "{error}");
    }

    async fn a_relay_that_rejects_everybody_pauses_the_edition_whatever_its_codes(world) {
        world.configure(|s| s.transport = "connections = 1".into()).await;
        let partners = (0..30).map(|n| NewSubscriber { email: format!("p{n}@partner{n}.example"), ..NewSubscriber::default() });
        world.subscribe("weekly", partners).await;
        for (at, reply) in [
            (At::Content, "554 5.2.252 SendAsDenied; not allowed to send as news"),
            (At::Content, "554 5.2.0 Submission quota exceeded"),
            (At::Rcpt, "504 5.5.2 <news>: need fully-qualified hostname"),
            (At::Rcpt, "550 relay not permitted"),
            (At::Rcpt, "550 5.4.5 Daily sending limit exceeded"),
        ] {
            let edition = another_edition(world).await;
            world.relay.set_script(Script::new().rule(Rule::reply(at, reply)));
            world.deliver().await;
            assert_eq!(world.edition_status(edition).await, "paused: 25 queued, 5 failed", "{reply}");
            let note = note(world, edition).await;
            assert!(note.contains("in a row") && note.contains(reply), "{note}");
            world.relay.set_script(Script::new());
            world.run_command(edition, EditionCommand::Retry).await;
            world.run_command(edition, EditionCommand::Resume).await;
            world.deliver().await;
            assert_eq!(world.edition_status(edition).await, "sent: 30 sent", "{reply}");
        }
    }

    async fn two_percent_of_the_last_500_mails_rejected_pause_the_edition(world) {
        world.configure(|s| s.transport = "connections = 4".into()).await;
        world.add_readers(520).await;
        for (rejected, expected) in [(9, "sent: 511 sent, 9 failed"), (10, "paused: ")] {
            let edition = another_edition(world).await;
            let rule = |n: usize| {
                Rule::reply(At::Content, "554 5.7.1 spam").recipient(&format!("r{}@", 10 + n * 45))
            };
            world
                .relay
                .set_script((0..rejected).fold(Script::new(), |script, n| script.rule(rule(n))));
            world.deliver().await;
            let status = world.edition_status(edition).await;
            assert!(status.starts_with(expected), "{status}");
            if rejected == 10 {
                assert!(
                    status.ends_with("10 failed")
                        && note(world, edition).await.contains("10 times within the last 500"),
                    "{status}"
                );
                world.run_command(edition, EditionCommand::Resume).await;
                world.deliver().await;
                assert_eq!(world.edition_status(edition).await, "sent: 510 sent, 10 failed");
            }
        }
    }
}
