//! Queued messages that lose their purpose before they are sent.

use courant::digests::Prepared;
use courant::domain::actor::Actor;
use courant::domain::address::EmailAddress;
use courant::domain::edition::EditionCommand;
use courant::domain::link_token::{LinkScope, sign};
use courant::domain::subscription::{RequestOrigin, SubscriptionStatus};
use courant::domain::time::{DAY, MINUTE};
use courant::store::address_changes::RedirectedMessages;
use courant::store::deliveries::TestDelivery;
use courant::store::subscribers::Subscriber;
use courant::store::suppressions::address_hash;
use courant::subscribers::changes::SubscriberEdit;
use courant::subscribers::{self, NewSubscriber, changes};

use crate::smtp_server::{At, Rule, Script};
use crate::subscriber_files::import_file;
use crate::subscriptions::status;
use crate::support::{World, article, database_tests, wait_until_async};

fn person(email: &str) -> NewSubscriber {
    NewSubscriber { email: email.into(), ..NewSubscriber::default() }
}

fn secret(world: &World) -> &[u8] {
    &world.app.store_identity.secret
}

async fn find(world: &World, email: &str) -> Subscriber {
    world.app.store.subscribers().find_by_address(email).await.unwrap().unwrap()
}

/// Requests a subscription on the page, which queues a confirmation.
async fn request(world: &World, email: &str) {
    let digests = [world.digest("weekly")];
    subscribers::subscribe(&world.app.store, secret(world), &person(email), &digests, world.now())
        .await
        .unwrap()
        .unwrap();
    world.advance(MINUTE);
}

/// Returns the state and the reason of the last delivery to a subscriber.
async fn last_delivery(world: &World, email: &str) -> (String, String) {
    let id = find(world, email).await.id;
    let last = world.app.store.deliveries().to_subscriber(id, 1).await.unwrap().remove(0);
    (last.state.to_string(), last.last_reply.unwrap_or_default())
}

async fn waiting(world: &World) -> i64 {
    world.app.store.deliveries().waiting_count().await.unwrap()
}

async fn suppress(world: &World, email: &str) {
    let address = EmailAddress::parse(email).unwrap();
    let (store, now) = (&world.app.store, world.now());
    assert!(
        subscribers::suppress(store, secret(world), &address.into(), &Actor::Cli, now)
            .await
            .unwrap()
    );
}

/// Queues a test message to an address.
async fn queue_test(world: &World, email: &str) {
    let delivery = TestDelivery {
        address: email.into(),
        address_hash: address_hash(secret(world), email),
        payload:
            r#"{"from":"news@example.edu","reply_to":null,"subject":"x","html":"x","text":"x"}"#
                .into(),
        transport: world.transport().name.clone(),
    };
    let deliveries = world.app.store.deliveries();
    deliveries.queue_test_delivery(delivery, &Actor::Cli, world.now()).await.unwrap();
}

async fn change_address(world: &World, old: &str, new: &str) -> RedirectedMessages {
    let (store, subscriber) = (&world.app.store, find(world, old).await);
    let edit = SubscriberEdit { email: Some(new.to_owned()), ..SubscriberEdit::default() };
    let (digests, now) = (&world.app.config.digests, world.now());
    changes::edit(store, secret(world), &subscriber, &edit, digests, &Actor::Cli, now)
        .await
        .unwrap()
        .unwrap()
}

const NOT_NEEDED: &str = "not needed any more before it was sent";

database_tests! {
    async fn a_confirmation_that_is_not_needed_any_more_is_cancelled_with_the_change(world) {
        let (ann, bob, cai, dan) = ("ann@example.org", "bob@example.org", "cai@example.org", "dan@example.org");
        for email in [ann, bob, cai, dan] {
            request(world, email).await;
        }
        assert_eq!(waiting(world).await, 4);
        world.subscribe("weekly", [person(ann)]).await;
        assert_eq!(last_delivery(world, ann).await, ("cancelled".into(), NOT_NEEDED.into()));
        assert_eq!(import_file(world, b"email\nbob@example.org\n", |_| ()).await.counts.confirmed, 1);
        assert_eq!(last_delivery(world, bob).await, ("cancelled".into(), NOT_NEEDED.into()));
        let address = EmailAddress::parse(cai).unwrap();
        subscribers::unsubscribe_by_admin(&world.app.store, &address, None, "slip", &Actor::Cli, world.now()).await.unwrap();
        assert_eq!(last_delivery(world, cai).await, ("cancelled".into(), NOT_NEEDED.into()));
        suppress(world, dan).await;
        assert_eq!(last_delivery(world, dan).await, ("cancelled".into(), "suppressed before it was sent".into()));
        assert_eq!(waiting(world).await, 0);
        world.deliver().await;
        assert_eq!(world.relay.mails().len(), 0);
        world.advance(MINUTE);
        let request = subscribers::validate(&person(cai), &[world.digest("weekly")], "asked", secret(world)).unwrap();
        subscribers::apply_requests(&world.app.store, vec![request], &[world.digest("weekly")], RequestOrigin::Admin, &Actor::Cli, world.now()).await.unwrap();
        world.deliver().await;
        assert_eq!(world.mails_to(cai).len(), 1, "a later request asks again");
    }

    async fn a_confirmation_is_sent_while_one_of_its_digests_is_awaited(world) {
        world.configure(|s| s.more = "[[digests]]\nname = \"daily\"\nschedule = \"0 7 * * *\"\nfrom = \"College News <news@example.edu>\"".into()).await;
        let digests = [world.digest("weekly"), world.digest("daily")];
        subscribers::subscribe(&world.app.store, secret(world), &person("ann@example.org"), &digests, world.now()).await.unwrap().unwrap();
        world.subscribe("weekly", [person("ann@example.org")]).await;
        assert_eq!(waiting(world).await, 1);
        world.advance(MINUTE);
        let id = find(world, "ann@example.org").await.id;
        let weekly = world.app.store.subscriptions().list_of(&[id]).await.unwrap().into_iter().find(|s| s.digest == "weekly").unwrap();
        let token = sign(secret(world), LinkScope::Unsubscribe { subscription: weekly.id, edition: None });
        subscribers::unsubscribe(&world.app.store, secret(world), &token, false, world.now()).await.unwrap().unwrap();
        assert_eq!(waiting(world).await, 1);
        subscribers::unsubscribe(&world.app.store, secret(world), &token, true, world.now()).await.unwrap().unwrap();
        assert_eq!(waiting(world).await, 0);
    }

    async fn an_ended_subscription_that_its_owner_requests_again_still_gets_its_confirmation(world) {
        world.subscribe("weekly", [person("ann@example.org")]).await;
        let id = find(world, "ann@example.org").await.id;
        let subscription = world.app.store.subscriptions().list_of(&[id]).await.unwrap()[0].id;
        let token = sign(secret(world), LinkScope::Unsubscribe { subscription, edition: None });
        subscribers::unsubscribe(&world.app.store, secret(world), &token, false, world.now()).await.unwrap().unwrap();
        world.advance(MINUTE);
        request(world, "ann@example.org").await;
        assert_eq!(status(world, "ann@example.org").await, Some(SubscriptionStatus::Unsubscribed));
        world.deliver().await;
        assert_eq!(world.mails_to("ann@example.org").len(), 1);
    }

    async fn a_confirmation_that_is_not_needed_any_more_is_also_found_when_it_is_due(world) {
        for email in ["ann@example.org", "bob@example.org"] {
            request(world, email).await;
        }
        // As another node, or an earlier version, changes it.
        world.sql("UPDATE subscriptions SET status = 'confirmed' WHERE id = 1").await;
        world.deliver().await;
        assert_eq!(last_delivery(world, "ann@example.org").await, ("cancelled".into(), NOT_NEEDED.into()));
        assert_eq!(world.mail_counts(), [("bob@example.org".to_owned(), 1)].into());
        assert_eq!(waiting(world).await, 0);
    }

    async fn an_expired_sign_up_leaves_no_queued_confirmation(world) {
        request(world, "ann@example.org").await;
        world.advance(DAY * 32);
        assert_eq!(subscribers::delete_pending(&world.app.store, world.now()).await.unwrap(), 1);
        assert_eq!(waiting(world).await, 0);
        world.deliver().await;
        assert_eq!(world.relay.mails().len(), 0);
    }

    async fn test_messages_to_a_suppressed_or_erased_person_are_cancelled(world) {
        world.add_readers(2).await;
        for email in ["r0@example.org", "r1@example.org", "you@example.org"] {
            queue_test(world, email).await;
        }
        request(world, "new@example.org").await;
        suppress(world, "r0@example.org").await;
        for email in ["r1@example.org", "new@example.org"] {
            let subscriber = find(world, email).await;
            let erased = changes::erase(&world.app.store, &subscriber, &Actor::Cli, world.now()).await.unwrap();
            assert_eq!(erased, Ok((1, 1)), "{email}");
        }
        assert_eq!(waiting(world).await, 1);
        world.deliver().await;
        assert_eq!(world.mail_counts(), [("you@example.org".to_owned(), 1)].into());
        assert_eq!(world.sql("UPDATE deliveries SET attempts = attempts WHERE address LIKE 'r1@%' OR address LIKE 'new@%'").await, 0);
        assert_eq!(world.sql("UPDATE deliveries SET attempts = attempts WHERE last_reply = 'the subscriber was erased before it was sent'").await, 2);
    }

    async fn an_edition_that_waits_for_a_suppressed_reader_is_cancelled_when_it_is_due(world) {
        world.add_readers(2).await;
        world.publish([article("a")]).await;
        let edition = world.create_edition().await;
        suppress(world, "r0@example.org").await;
        world.deliver().await;
        assert_eq!(world.edition_status(edition).await, "sent: 1 sent, 1 cancelled");
    }

    async fn a_changed_address_takes_the_queued_messages_of_editions_with_it(world) {
        world.add_readers(3).await;
        world.publish([article("a")]).await;
        let edition = world.create_edition().await;
        let result = change_address(world, "r1@example.org", "new@example.org").await;
        assert_eq!(result, RedirectedMessages { editions: 1, ..RedirectedMessages::default() });
        world.deliver().await;
        assert_eq!(world.edition_status(edition).await, "sent: 3 sent");
        let expected = ["new@example.org", "r0@example.org", "r2@example.org"].map(|email| (email.to_owned(), 1));
        assert_eq!(world.mail_counts(), expected.into());
        assert_eq!(world.run("weekly").await, Prepared::TooFew { stories: 0 });
    }

    async fn a_leased_delivery_is_not_sent_to_the_former_address(world) {
        world.configure(|s| s.transport = "connections = 1".into()).await;
        world.add_readers(4).await;
        world.publish([article("a")]).await;
        let edition = world.create_edition().await;
        world.relay.set_script(Script::new().rule(Rule::stall(At::Rcpt).recipient("r0@")));
        let (result, ()) = tokio::join!(world.deliver(), async {
            wait_until_async("the first message stalls", async || world.relay.stalled() > 0).await;
            change_address(world, "r3@example.org", "new@example.org").await;
            world.relay.release();
        });
        assert_eq!(result.failed, 0);
        world.deliver().await;
        assert_eq!(world.edition_status(edition).await, "sent: 4 sent");
        assert_eq!(world.mail_counts().get("r3@example.org"), None);
        assert_eq!(world.mail_counts().get("new@example.org"), Some(&1));
    }

    async fn a_changed_address_gets_a_new_confirmation_if_none_was_given(world) {
        for email in ["ann@example.org", "bob@example.org"] {
            request(world, email).await;
        }
        let result = change_address(world, "ann@example.org", "new@example.org").await;
        assert_eq!(result, RedirectedMessages { editions: 0, cancelled_confirmations: 1, confirmations: 1 });
        world.deliver().await;
        let expected = ["bob@example.org", "new@example.org"].map(|email| (email.to_owned(), 1));
        assert_eq!(world.mail_counts(), expected.into());
        let result = change_address(world, "bob@example.org", "other@example.org").await;
        assert_eq!(result, RedirectedMessages { confirmations: 1, ..RedirectedMessages::default() }, "a sent link is void");
        world.deliver().await;
        for (email, confirms) in [("bob@example.org", false), ("other@example.org", true)] {
            let text = world.mails_to(email).pop().unwrap().text;
            let token = text.split_once("/confirm/").unwrap().1.split_whitespace().next().unwrap();
            let confirmed = subscribers::confirm(&world.app.store, secret(world), token, world.now()).await.unwrap();
            assert_eq!(confirmed.is_some(), confirms, "{email}");
        }
    }

    async fn a_failed_delivery_is_retried_at_the_new_address(world) {
        world.add_readers(3).await;
        world.publish([article("a")]).await;
        let edition = world.create_edition().await;
        world.relay.set_script(Script::new().rule(Rule::reply(At::Rcpt, "550 5.1.1 user unknown").recipient("r1@")));
        world.deliver().await;
        assert_eq!(world.edition_status(edition).await, "sent: 2 sent, 1 failed");
        let result = change_address(world, "r1@example.org", "new@example.org").await;
        assert_eq!(result, RedirectedMessages::default());
        world.run_command(edition, EditionCommand::Retry).await;
        world.deliver().await;
        assert_eq!(world.edition_status(edition).await, "sent: 3 sent");
        assert_eq!(world.mail_counts().get("new@example.org"), Some(&1));
    }

    async fn a_confirmation_of_a_renamed_digest_is_sent_and_its_link_is_valid(world) {
        request(world, "ann@example.org").await;
        world.configure(|s| s.renamed.push(("weekly", "monday"))).await;
        world.deliver().await;
        let text = world.mails_to("ann@example.org").pop().unwrap().text;
        let token = text.split_once("/confirm/").unwrap().1.split_whitespace().next().unwrap();
        let (_, digests) = subscribers::confirm(&world.app.store, secret(world), token, world.now()).await.unwrap().unwrap();
        assert_eq!(digests, ["monday"]);
    }
}
