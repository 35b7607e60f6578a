//! Addresses that relays reject: which are suppressed, and which are not.

use courant::domain::edition::EditionCommand;
use courant::domain::time::{HOUR, SignedDuration};
use courant::store::suppressions::address_hash;

use crate::smtp_server::{At, Rule, Script};
use crate::support::{World, article, database_tests};

const DAY: SignedDuration = SignedDuration::from_secs(24 * HOUR.as_secs());

/// Creates and delivers an edition; `r1` gets this reply.
async fn deliver_with_reply(world: &World, id: &str, at: At, reply: &str) -> i64 {
    world
        .publish([courant::domain::article::IncomingArticle {
            published_at: world.now(),
            ..article(id)
        }])
        .await;
    let edition = world.create_edition().await;
    world.relay.set_script(Script::new().rule(Rule::reply(at, reply).recipient("r1@")));
    world.deliver().await;
    edition
}

async fn reason(world: &World, n: usize) -> Option<String> {
    let hash = address_hash(&world.app.store_identity.secret, &format!("r{n}@example.org"));
    world.app.store.suppressions().find(&hash).await.unwrap()
}

async fn allow(world: &World, n: usize) {
    let hash = address_hash(&world.app.store_identity.secret, &format!("r{n}@example.org"));
    let actor = courant::domain::actor::Actor::Cli;
    assert!(world.app.store.suppressions().remove(&hash, &actor, world.now()).await.unwrap());
}

database_tests! {
    async fn a_mailbox_that_does_not_exist_is_suppressed_until_an_admin_allows_it_again(world) {
        world.configure(|s| s.transport = "connections = 1".into()).await;
        world.add_readers(3).await;
        for (n, (at, reply)) in [
            (At::Rcpt, "550 5.1.1 no such user"),
            (At::Rcpt, "550 Unknown user (#5.1.1)"),
            (At::Content, "550 5.1.10 recipient not found"),
        ].into_iter().enumerate() {
            let edition = deliver_with_reply(world, &format!("a{n}"), at, reply).await;
            assert_eq!(world.edition_status(edition).await, "sent: 2 sent, 1 failed", "{reply}");
            assert_eq!(reason(world, 1).await.as_deref(), Some("bounce"), "{reply}");
            let listed = world.app.store.suppressions().list(&courant::domain::page::PageRequest::first(9)).await.unwrap();
            assert_eq!(listed.items[0].reply.as_deref(), Some(reply));
            assert_eq!(listed.items[0].address.as_deref(), Some("r1@example.org"));
            let again = courant::delivery::run_edition_command(&world.app.store, edition, EditionCommand::Retry, &courant::domain::actor::Actor::Cli, world.now()).await;
            assert!(again.unwrap_err().to_string().contains("suppressed"));
            world.advance(HOUR);
            let next = deliver_with_reply(world, &format!("b{n}"), at, reply).await;
            assert_eq!(world.edition_status(next).await, "sent: 2 sent", "{reply}");
            allow(world, 1).await;
            world.advance(HOUR);
        }
    }

    async fn three_rejected_editions_in_30_days_suppress_whatever_the_code(world) {
        world.configure(|s| s.transport = "connections = 1".into()).await;
        world.add_readers(3).await;
        for (m, (at, reply)) in [
            (At::Rcpt, "554 5.7.1 blocked by policy"),
            (At::Rcpt, "550 sender verify failed: no such user"),
            (At::Data, "554 5.7.1 not authorized to send to this recipient"),
            (At::Content, "554 5.7.1 spam"),
            (At::Content, "550 go away"),
        ].into_iter().enumerate() {
            for (n, expected) in [None, None, Some("bounce")].into_iter().enumerate() {
                let edition = deliver_with_reply(world, &format!("policy{m}-{n}"), at, reply).await;
                assert_eq!(world.edition_status(edition).await, "sent: 2 sent, 1 failed", "{reply}");
                assert_eq!(reason(world, 1).await.as_deref(), expected, "{reply}, edition {n}");
                world.advance(DAY);
            }
            allow(world, 1).await;
        }
        for n in 0..4 {
            let reply = "550 5.4.5 daily sending limit exceeded";
            deliver_with_reply(world, &format!("limit{n}"), At::Rcpt, reply).await;
            assert_eq!(reason(world, 1).await, None, "a limit of the sender, {n}");
            world.advance(HOUR);
        }
        for (n, expected) in [None, None, Some("bounce")].into_iter().enumerate() {
            deliver_with_reply(world, &format!("full{n}"), At::Rcpt, "552 5.2.2 mailbox full").await;
            assert_eq!(reason(world, 1).await.as_deref(), expected, "edition {n}");
            world.advance(DAY);
        }
        allow(world, 1).await;
        for n in 0..4 {
            deliver_with_reply(world, &format!("slow{n}"), At::Rcpt, "550 5.2.1 disabled").await;
            assert_eq!(reason(world, 1).await, None, "a rejection in 16 days, {n}");
            world.advance(DAY * 16);
        }
    }

    async fn a_relay_that_rejects_everybody_suppresses_nobody(world) {
        world.configure(|s| s.transport = "connections = 1".into()).await;
        let partners = (0..30).map(|n| courant::subscribers::NewSubscriber {
            email: format!("p{n}@partner{n}.example"), ..Default::default()
        });
        world.subscribe("weekly", partners).await;
        for (n, (at, reply)) in [
            (At::Rcpt, "550 5.1.1 user unknown"),
            (At::Rcpt, "550 no such user"),
            (At::Rcpt, "550 5.2.1 disabled"),
            (At::Rcpt, "554 5.7.1 blocked by policy"),
            (At::Content, "554 5.7.1 spam"),
        ].into_iter().enumerate() {
            for m in 0..3 {
                world.publish([courant::domain::article::IncomingArticle { published_at: world.now(), ..article(&format!("a{n}-{m}")) }]).await;
                let edition = world.create_edition().await;
                world.relay.set_script(Script::new().rule(Rule::reply(at, reply)));
                world.deliver().await;
                let status = world.edition_status(edition).await;
                assert!(status.starts_with("paused: "), "{reply}: {status}");
                let listed = world.app.store.suppressions().list(&courant::domain::page::PageRequest::first(99)).await.unwrap();
                assert_eq!(listed.items.len(), 0, "{reply}: {status}");
                world.run_command(edition, EditionCommand::Cancel).await;
                world.advance(DAY);
            }
        }
    }

    async fn rejections_that_pause_an_edition_between_accepted_messages_suppress_nobody(world) {
        world.configure(|s| s.transport = "connections = 1".into()).await;
        world.add_readers(100).await;
        let is_rejected = |n: usize| n % 9 == 4;
        for n in 0..3 {
            world.publish([courant::domain::article::IncomingArticle { published_at: world.now(), ..article(&format!("a{n}")) }]).await;
            let edition = world.create_edition().await;
            let rule = |n: usize| Rule::reply(At::Content, "554 5.7.1 spam").recipient(&format!("r{n}@"));
            world.relay.set_script((0..100).filter(|n| is_rejected(*n)).fold(Script::new(), |script, n| script.rule(rule(n))));
            world.deliver().await;
            assert!(world.edition_status(edition).await.starts_with("paused: "));
            world.run_command(edition, EditionCommand::Cancel).await;
            let listed = world.app.store.suppressions().list(&courant::domain::page::PageRequest::first(99)).await.unwrap();
            assert_eq!(listed.items.len(), 0, "edition {n}");
            world.advance(DAY);
        }
    }
}
