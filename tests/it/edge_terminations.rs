//! How rows end when an order, a crash or a fault of the database comes at an awkward moment.

use courant::delivery;
use courant::domain::article::IncomingArticle;
use courant::domain::delivery::DeliveryOutcome;
use courant::domain::edition::EditionCommand;
use courant::domain::time::{DAY, MINUTE};
use courant::store::claims::BatchRequest;
use courant::store::outcomes::{CommitConnection, Record};
use courant::store::subscribers::Subscriber;
use tokio_util::sync::CancellationToken;

use crate::smtp_server::{At, Rule, Script};
use crate::support::{World, article, stories};

async fn edition_for(world: &World, readers: usize) -> i64 {
    world.publish([IncomingArticle { published_at: world.now(), ..article("a") }]).await;
    world.readers(readers).await;
    world.edition().await
}

async fn first(world: &World) -> Subscriber {
    world.app.store.subscribers_before(i64::MAX, 1).await.unwrap().remove(0)
}

stories! {
    async fn a_mail_on_the_wire_when_its_edition_is_cancelled_ends_too(world) {
        world.relay.set_script(Script::new().rule(Rule::stall(At::Rcpt)));
        let edition = edition_for(world, 1).await;
        let (engine, transport, stop) = (world.engine(), world.transport().clone(), CancellationToken::new());
        let sending = tokio::spawn(async move { engine.deliver_due(&transport, 0, &stop).await });
        while world.fate(edition).await != "sending: 1 sending" {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        world.order(edition, EditionCommand::Cancel).await;
        assert_eq!(world.fate(edition).await, "cancelled: 1 sending");
        world.relay.set_script(Script::new().rule(Rule::say(At::Rcpt, "450 4.2.0 later")));
        world.relay.release();
        sending.await.unwrap().unwrap();
        delivery::close_editions(&world.app.store, world.now()).await.unwrap();
        let fate = world.fate(edition).await;
        assert!(fate == "cancelled: 1 cancelled" || fate == "cancelled: 1 sent", "{fate}");
    }

    async fn what_a_dead_process_left_of_a_cancelled_edition_is_held_and_not_forgotten(world) {
        let edition = edition_for(world, 3).await;
        world.sql("UPDATE deliveries SET state = 'sending' WHERE id = (SELECT MIN(id) FROM deliveries)").await;
        world.sql("UPDATE delivery_batches SET lease_node = 'dead', lease_until = 1").await;
        world.order(edition, EditionCommand::Cancel).await;
        assert_eq!(world.fate(edition).await, "cancelled: 1 held, 2 cancelled");
        assert!(world.app.store.unfinished_cancelled_editions().await.unwrap().is_empty());
    }

    async fn what_a_node_learns_late_of_a_mail_that_another_put_off_ends_it(world) {
        world.relay.set_script(Script::new().rule(Rule::say(At::Rcpt, "450 4.2.0 later").recipient("r1@")));
        let edition = edition_for(world, 2).await;
        world.deliver().await;
        assert_eq!(world.fate(edition).await, "sending: 1 queued, 1 sent");
        let late = Record { id: 2, outcome: DeliveryOutcome::Sent, may_retry_unknown: true, reply: Some("250 taken".into()), is_from_queue: false };
        CommitConnection::new(&world.app.store).commit("asleep until now", &[late], &[], world.now()).await.unwrap();
        delivery::close_editions(&world.app.store, world.now()).await.unwrap();
        assert_eq!(world.fate(edition).await, "sent: 2 sent");
        assert_eq!(world.app.store.pending_count().await.unwrap(), 0);
    }

    async fn a_retried_edition_is_not_closed_before_its_mails_are_queued(world) {
        world.relay.set_script(Script::new().rule(Rule::say(At::Rcpt, "550 5.1.1 unknown")));
        let edition = edition_for(world, 2).await;
        world.deliver().await;
        delivery::close_editions(&world.app.store, world.now()).await.unwrap();
        assert_eq!(world.fate(edition).await, "sent: 2 failed");
        // As if the process had died between the two steps of a retry.
        assert_eq!(world.app.store.requeue_failed(edition, world.now()).await.unwrap(), 2);
        delivery::close_editions(&world.app.store, world.now()).await.unwrap();
        world.relay.set_script(Script::new());
        world.order(edition, EditionCommand::Retry).await;
        world.deliver().await;
        assert_eq!(world.fate(edition).await, "sent: 2 sent");
    }

    async fn an_edition_that_waited_for_a_week_is_tried_for_four_days_still(world) {
        let edition = edition_for(world, 1).await;
        world.order(edition, EditionCommand::Pause).await;
        world.leap(7 * DAY);
        world.order(edition, EditionCommand::Resume).await;
        world.relay.set_script(Script::new().rule(Rule::say(At::Rcpt, "450 4.7.1 greylisted").once()));
        world.deliver().await;
        assert_eq!(world.fate(edition).await, "sending: 1 queued");
        world.leap(5 * MINUTE);
        world.deliver().await;
        assert_eq!(world.fate(edition).await, "sent: 1 sent");
    }

    async fn a_mail_that_makes_the_relay_close_each_time_is_given_up_in_the_end(world) {
        let edition = edition_for(world, 1).await;
        world.relay.set_script(Script::new().rule(Rule::say_and_drop(At::Content, "421 4.3.0 this one again")));
        for _ in 0..40 {
            world.deliver().await;
            world.leap(DAY / 4);
        }
        assert_eq!(world.fate(edition).await, "sent: 1 failed");
        let mail = world.app.store.deliveries_to(first(world).await.id, 1).await.unwrap().remove(0);
        assert!(mail.last_reply.unwrap().contains("421 4.3.0 this one again"));
    }

    async fn a_reader_who_changes_language_while_the_audience_freezes_gets_the_whole_edition(world) {
        world.publish([article("a")]).await;
        world.readers(1).await;
        let edition = world.edition().await;
        // Back to before the freeze, with a language that no variant was chosen for.
        world.sql("UPDATE editions SET state = 'preparing', frozen_through = 0").await;
        world.sql("DELETE FROM deliveries").await;
        world.sql("DELETE FROM delivery_batches").await;
        world.sql("UPDATE subscribers SET language = 'fr'").await;
        courant::digests::freeze_pending(&world.app.store, world.now()).await.unwrap();
        world.deliver().await;
        assert_eq!(world.fate(edition).await, "sent: 1 sent");
    }

    async fn what_a_broken_run_left_leased_is_taken_up_by_the_next(world) {
        let edition = edition_for(world, 2).await;
        let engine = world.engine();
        let transports = [world.transport().name.clone()];
        let wanted = BatchRequest { transports: &transports, node: engine.node(), excluded_editions: &[], after_edition: 0, hold_uncertain: false };
        world.app.store.claim_batch(wanted, world.now()).await.unwrap().unwrap();
        world.deliver_on(&engine, 0).await;
        assert_eq!(world.fate(edition).await, "sent: 2 sent");
    }

    async fn one_digest_that_can_not_be_made_stops_no_other(world) {
        world.configure(|s| s.more = "[[digests]]\nname = \"daily\"\ntitle = \"Daily\"\nschedule = \"0 8 * * *\"\nfrom = \"n@example.org\"\ntransport = \"default\"\n".into()).await;
        world.prepare(world.now()).await;
        world.publish([article("a")]).await;
        world.readers(1).await;
        // A choice that nothing in this program writes makes the first digest fail.
        world.sql("UPDATE subscriptions SET sections = 'broken'").await;
        world.subscribe("daily", [courant::subscribers::NewSubscriber { email: "d@example.org".into(), ..Default::default() }]).await;
        world.sql("UPDATE subscriptions SET sections = '[]' WHERE digest = 'daily'").await;
        let prepared = courant::digests::prepare_due(world.app.digest_context(), world.now().plus(2 * 60 * MINUTE)).await;
        assert!(prepared.unwrap_err().to_string().starts_with("digest weekly: "));
        assert_eq!(world.app.store.editions(None).await.unwrap().remove(0).digest, "daily");
    }

    async fn a_recipient_who_always_troubles_the_relay_holds_up_nobody_and_ends(world) {
        world.relay.set_script(Script::new().rule(Rule::say_and_drop(At::Rcpt, "421 4.3.2 not this one").recipient("r0@")));
        let edition = edition_for(world, 6).await;
        let report = world.deliver().await;
        assert_eq!((report.sent, report.deferred), (5, 1), "a few rounds tell whose trouble it is");
        world.leap(5 * DAY);
        world.deliver().await;
        assert_eq!(world.fate(edition).await, "sent: 5 sent, 1 failed");
    }

    async fn what_waits_for_a_transport_that_has_another_name_now_is_told(world) {
        edition_for(world, 2).await;
        world.configure(|s| s.renamed = vec![]).await;
        assert!(world.app.orphaned_names().await.unwrap().is_empty());
        world.sql("UPDATE editions SET transport = 'old'").await;
        world.sql("UPDATE subscriptions SET digest = 'monthly'").await;
        let told = world.app.orphaned_names().await.unwrap();
        assert!(told[0].starts_with("mails are queued for transport \"old\"") && told[1].starts_with("2 subscriptions belong to digest \"monthly\""), "{told:?}");
    }

    async fn an_engine_that_has_finished_holds_the_database_open_no_more(world) {
        let edition = edition_for(world, 2).await;
        let engine = world.engine();
        world.deliver_on(&engine, 0).await;
        assert_eq!(world.fate(edition).await, "sent: 2 sent");
        engine.finish().await.unwrap();
        world.app.store.close().await;
        if world.is_sqlite() {
            let beside = world.home.path().join("courant.db-wal");
            assert!(world.home.path().join("courant.db").exists() && !beside.exists(), "the last to close it writes all into one file");
        } else {
            // The server notices it a moment later.
            let open = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'courant'";
            let begun = std::time::Instant::now();
            while world.sql(open).await > 0 {
                assert!(begun.elapsed() < std::time::Duration::from_secs(20), "a connection stays open");
                tokio::task::yield_now().await;
            }
        }
        // It may go on all the same.
        world.configure(|_| ()).await;
        drop(engine);
    }

    async fn the_next_mail_that_is_due_is_one_of_those_that_go_out(world) {
        let transports = ["default".to_owned(), "another".to_owned()];
        assert_eq!(world.app.store.next_queued_at(&transports).await.unwrap(), None);
        world.relay.set_script(Script::new().rule(Rule::say(At::Rcpt, "450 4.2.0 later")));
        let edition = edition_for(world, 3).await;
        world.deliver().await;
        let first = world.now().plus(MINUTE);
        world.sql(&format!("UPDATE delivery_queue SET due_at = {} WHERE delivery_id = (SELECT MAX(id) FROM deliveries)", first.0)).await;
        assert_eq!(world.app.store.next_queued_at(&transports).await.unwrap(), Some(first));
        world.order(edition, EditionCommand::Pause).await;
        assert_eq!(world.app.store.next_queued_at(&transports).await.unwrap(), None, "nothing of it goes out now");
        let letter_at = first.plus(MINUTE);
        courant::digests::queue_test(world.app.digest_context(), world.digest("weekly"), "boss@example.org", letter_at).await.unwrap();
        assert_eq!(world.app.store.next_queued_at(&transports).await.unwrap(), Some(letter_at));
        assert_eq!(world.app.store.next_queued_at(&transports[1..]).await.unwrap(), None);
        world.order(edition, EditionCommand::Resume).await;
        assert_eq!(world.app.store.next_queued_at(&transports).await.unwrap(), Some(first));
    }
}
