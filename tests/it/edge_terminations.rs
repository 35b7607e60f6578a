//! Outcomes of deliveries when a command, a crash or a database error occurs at a critical moment.

use std::collections::HashSet;

use courant::delivery;
use courant::domain::actor::Actor;
use courant::domain::article::IncomingArticle;
use courant::domain::delivery::DeliveryOutcome;
use courant::domain::edition::EditionCommand;
use courant::domain::page::PageRequest;
use courant::domain::time::{DAY, MINUTE, SignedDuration};
use courant::store::delivery_leasing::LeaseCriteria;
use courant::store::outcomes::{CommitConnection, OutcomeRecord, PermitRequest};
use courant::store::subscribers::Subscriber;
use tokio_util::sync::CancellationToken;

use crate::smtp_server::{At, Rule, Script};
use crate::support::{LONGEST_WAIT, World, article, database_tests};

async fn edition_for(world: &World, readers: usize) -> i64 {
    world.publish([IncomingArticle { published_at: world.now(), ..article("a") }]).await;
    world.add_readers(readers).await;
    world.create_edition().await
}

async fn first_subscriber(world: &World) -> Subscriber {
    world.app.store.subscribers().list(&PageRequest::first(1)).await.unwrap().items.remove(0)
}

database_tests! {
    async fn a_mail_in_flight_when_its_edition_is_cancelled_reaches_a_final_state(world) {
        world.relay.set_script(Script::new().rule(Rule::stall(At::Rcpt)));
        let edition = edition_for(world, 1).await;
        let (dispatcher, transport, shutdown) =
            (world.dispatcher(), world.transport().clone(), CancellationToken::new());
        let sending =
            tokio::spawn(async move { dispatcher.deliver_due(&transport, SignedDuration::ZERO, &shutdown).await });
        while world.edition_status(edition).await != "sending: 1 sending" {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        world.run_command(edition, EditionCommand::Cancel).await;
        assert_eq!(world.edition_status(edition).await, "cancelled: 1 sending");
        world.relay.set_script(Script::new().rule(Rule::reply(At::Rcpt, "450 4.2.0 later")));
        world.relay.release();
        sending.await.unwrap().unwrap();
        delivery::settle_editions(&world.app.store, world.now()).await.unwrap();
        let status = world.edition_status(edition).await;
        assert!(status == "cancelled: 1 cancelled" || status == "cancelled: 1 sent", "{status}");
    }

    async fn cancelling_holds_mails_that_a_crashed_process_was_sending(world) {
        let edition = edition_for(world, 3).await;
        world.sql("UPDATE deliveries SET state = 'sending' WHERE id = (SELECT MIN(id) FROM deliveries)").await;
        world.sql("UPDATE delivery_batches SET lease_node = 'dead', lease_until = 1").await;
        world.run_command(edition, EditionCommand::Cancel).await;
        assert_eq!(world.edition_status(edition).await, "cancelled: 1 held, 2 cancelled");
        assert!(world.app.store.editions().unfinished_cancelled().await.unwrap().is_empty());
    }

    async fn a_late_reply_completes_a_mail_that_another_node_has_deferred(world) {
        world.relay.set_script(
            Script::new().rule(Rule::reply(At::Rcpt, "450 4.2.0 later").recipient("r1@")),
        );
        let edition = edition_for(world, 2).await;
        world.deliver().await;
        assert_eq!(world.edition_status(edition).await, "sending: 1 queued, 1 sent");
        let late = OutcomeRecord {
            rejection: None,
            id: 2,
            outcome: DeliveryOutcome::Sent,
            may_retry_uncertain: true,
            reply: Some("250 taken".into()),
            is_queue_entry: false,
        };
        CommitConnection::new(&world.app.store)
            .commit("suspended until now", &[late], &[], world.now())
            .await
            .unwrap();
        delivery::settle_editions(&world.app.store, world.now()).await.unwrap();
        assert_eq!(world.edition_status(edition).await, "sent: 2 sent");
        assert_eq!(world.app.store.deliveries().waiting_count().await.unwrap(), 0);
    }

    async fn a_mail_that_was_queued_after_the_lease_of_its_batch_starts_where_its_entry_is_leased(world) {
        let edition = edition_for(world, 3).await;
        world.sql("UPDATE delivery_batches SET lease_node = 'here', lease_until = 9000000000000").await;
        for (id, node) in [(2, "elsewhere"), (3, "here")] {
            world
                .sql(&format!(
                    "INSERT INTO delivery_queue (delivery_id, edition_id, transport, priority, due_at, lease_node, lease_until) \
                     VALUES ({id}, {edition}, 'main', 1, 0, '{node}', 9000000000000)"
                ))
                .await;
        }
        let starts = [1, 2, 3].map(|id| PermitRequest {
            id,
            address: format!("r{}@example.org", id - 1),
            is_renewal: false,
            is_queue_entry: false,
        });
        let mut connection = CommitConnection::new(&world.app.store);
        let started = connection.commit("here", &[], &starts, world.now()).await.unwrap();
        assert_eq!(started, HashSet::from([1, 3]));
        let failed = [1, 3].map(|id| OutcomeRecord {
            rejection: None,
            id,
            outcome: DeliveryOutcome::Failed,
            may_retry_uncertain: true,
            reply: Some("554 5.6.0 no".into()),
            is_queue_entry: false,
        });
        connection.commit("here", &failed, &[], world.now()).await.unwrap();
        assert_eq!(world.edition_status(edition).await, "sending: 1 queued, 2 failed");
    }

    async fn an_edition_paused_for_a_week_is_still_retried_for_four_days(world) {
        let edition = edition_for(world, 1).await;
        world.run_command(edition, EditionCommand::Pause).await;
        world.advance(7 * DAY);
        world.run_command(edition, EditionCommand::Resume).await;
        world
            .relay
            .set_script(Script::new().rule(Rule::reply(At::Rcpt, "450 4.7.1 greylisted").once()));
        world.deliver().await;
        assert_eq!(world.edition_status(edition).await, "sending: 1 queued");
        world.advance(5 * MINUTE);
        world.deliver().await;
        assert_eq!(world.edition_status(edition).await, "sent: 1 sent");
    }

    async fn a_mail_that_makes_the_relay_close_every_time_finally_fails(world) {
        let edition = edition_for(world, 1).await;
        world.relay.set_script(
            Script::new().rule(Rule::reply_and_close(At::Content, "421 4.3.0 this one again")),
        );
        for _ in 0..40 {
            world.deliver().await;
            world.advance(DAY / 4);
        }
        assert_eq!(world.edition_status(edition).await, "paused: 1 failed");
        let mail = world
            .app
            .store
            .deliveries().to_subscriber(first_subscriber(world).await.id, 1)
            .await
            .unwrap()
            .remove(0);
        assert!(mail.last_reply.unwrap().contains("421 4.3.0 this one again"));
    }

    async fn a_reader_who_changes_language_during_the_freeze_gets_the_edition(world) {
        world.publish([article("a")]).await;
        world.add_readers(1).await;
        let edition = world.create_edition().await;
        // Restore the state before the freeze, with a language for which no variant was selected.
        world.sql("UPDATE editions SET state = 'preparing', frozen_through = 0").await;
        world.sql("DELETE FROM deliveries").await;
        world.sql("DELETE FROM delivery_batches").await;
        world.sql("UPDATE subscribers SET language = 'fr'").await;
        courant::digests::freeze_preparing(&world.app.store, world.now()).await.unwrap();
        world.deliver().await;
        assert_eq!(world.edition_status(edition).await, "sent: 1 sent");
    }

    async fn a_batch_leased_by_a_failed_run_is_sent_by_the_next_run(world) {
        let edition = edition_for(world, 2).await;
        let dispatcher = world.dispatcher();
        let transports = [world.transport().name.clone()];
        let request = LeaseCriteria {
            transports: &transports,
            node: dispatcher.node(),
            excluded_editions: &[],
            after_edition: 0,
            hold_uncertain: false,
        };
        world.app.store.leases().lease_batch(request, world.now()).await.unwrap().unwrap();
        world.deliver_with(&dispatcher, SignedDuration::ZERO).await;
        assert_eq!(world.edition_status(edition).await, "sent: 2 sent");
    }

    async fn a_failing_digest_does_not_stop_the_others(world) {
        world.configure(|s| s.more = "[[digests]]\nname = \"daily\"\ntitle = \"Daily\"\nschedule = \"0 8 * * *\"\nfrom = \"n@example.org\"\ntransport = \"default\"\n".into()).await;
        world.prepare(world.now()).await;
        world.publish([article("a")]).await;
        world.add_readers(1).await;
        // A value that the program never writes makes the first digest fail.
        world.sql("UPDATE subscriptions SET sections = 'broken'").await;
        world
            .subscribe(
                "daily",
                [courant::subscribers::NewSubscriber {
                    email: "d@example.org".into(),
                    ..Default::default()
                }],
            )
            .await;
        world.sql("UPDATE subscriptions SET sections = '[]' WHERE digest = 'daily'").await;
        let prepared = courant::digests::prepare_due(
            world.app.digest_context(),
            world.now().plus(2 * 60 * MINUTE),
        )
        .await;
        assert!(prepared.unwrap_err().to_string().starts_with("digest weekly: "));
        assert_eq!(world.app.store.editions().list(&PageRequest::first(999)).await.unwrap().items.remove(0).digest, "daily");
    }

    async fn a_recipient_who_makes_the_relay_fail_delays_nobody_and_finally_fails(world) {
        world.relay.set_script(
            Script::new()
                .rule(Rule::reply_and_close(At::Rcpt, "421 4.3.2 not this one").recipient("r0@")),
        );
        let edition = edition_for(world, 6).await;
        let report = world.deliver().await;
        assert_eq!(
            (report.sent, report.deferred),
            (5, 1),
            "a few attempts show that the failure depends on the recipient"
        );
        world.advance(5 * DAY);
        world.deliver().await;
        assert_eq!(world.edition_status(edition).await, "sent: 5 sent, 1 failed");
    }

    async fn a_recipient_who_makes_the_relay_fail_does_not_block_the_only_connection(world) {
        world.configure(|s| s.transport = "connections = 1".into()).await;
        let refused = Rule::reply_and_close(At::Rcpt, "421 4.3.2 not this one").recipient("r0@");
        world.relay.set_script(Script::new().rule(refused));
        edition_for(world, 6).await;
        let report = world.deliver().await;
        assert_eq!((report.sent, report.deferred), (5, 1));
    }

    async fn a_relay_that_accepts_no_mail_for_a_while_costs_no_recipient_an_attempt(world) {
        world.configure(|s| s.transport = "connections = 1".into()).await;
        let busy = Rule::reply(At::Mail, "451 4.3.2 not now").times(3);
        world.relay.set_script(Script::new().rule(busy));
        edition_for(world, 1).await;
        let report = world.deliver().await;
        assert_eq!((report.sent, report.deferred), (1, 0));
        assert_eq!(world.sql("UPDATE deliveries SET state = state WHERE attempts <> 1").await, 0);
    }

    async fn mails_and_subscriptions_with_names_missing_from_the_config_are_reported(world) {
        edition_for(world, 2).await;
        world.configure(|s| s.renamed = vec![]).await;
        assert!(world.app.unconfigured_names().await.unwrap().is_empty());
        world.sql("UPDATE editions SET transport = 'old'").await;
        world
            .sql("UPDATE subscriptions SET digest = 'monthly' WHERE id = (SELECT MIN(id) FROM subscriptions)")
            .await;
        let reports = world.app.unconfigured_names().await.unwrap();
        assert!(reports[1].starts_with("1 subscription belongs to digest \"monthly\""), "{reports:?}");
        world.sql("UPDATE subscriptions SET digest = 'monthly'").await;
        let reports = world.app.unconfigured_names().await.unwrap();
        assert!(
            reports[0].starts_with("messages are queued for transport \"old\"")
                && reports[1].starts_with("2 subscriptions belong to digest \"monthly\""),
            "{reports:?}"
        );
    }

    async fn a_finished_dispatcher_keeps_no_database_connection_open(world) {
        let edition = edition_for(world, 2).await;
        let dispatcher = world.dispatcher();
        world.deliver_with(&dispatcher, SignedDuration::ZERO).await;
        assert_eq!(world.edition_status(edition).await, "sent: 2 sent");
        dispatcher.shutdown().await.unwrap();
        world.app.store.close().await;
        if world.is_sqlite() {
            let wal = world.home.path().join("courant.db-wal");
            assert!(
                world.home.path().join("courant.db").exists() && !wal.exists(),
                "closing the last connection should delete the WAL file"
            );
        } else {
            // The server lists a closed connection for a moment longer.
            let open = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'courant'";
            let start = std::time::Instant::now();
            while world.sql(open).await > 0 {
                assert!(
                    start.elapsed() < LONGEST_WAIT,
                    "a connection is still open"
                );
                tokio::task::yield_now().await;
            }
        }
        // The dispatcher may still exist when the database is opened again.
        world.configure(|_| ()).await;
        drop(dispatcher);
    }

    async fn the_next_due_mail_ignores_paused_editions_and_other_transports(world) {
        let transports = ["default".to_owned(), "another".to_owned()];
        assert_eq!(world.app.store.deliveries().next_entry_due_at(&transports).await.unwrap(), None);
        world.relay.set_script(Script::new().rule(Rule::reply(At::Rcpt, "450 4.2.0 later")));
        let edition = edition_for(world, 3).await;
        world.deliver().await;
        let first = world.now().plus(MINUTE);
        world.sql(&format!("UPDATE delivery_queue SET due_at = {} WHERE delivery_id = (SELECT MAX(id) FROM deliveries)", first.0)).await;
        assert_eq!(world.app.store.deliveries().next_entry_due_at(&transports).await.unwrap(), Some(first));
        world.run_command(edition, EditionCommand::Pause).await;
        assert_eq!(
            world.app.store.deliveries().next_entry_due_at(&transports).await.unwrap(),
            None,
            "a paused edition has no due mail"
        );
        let test_mail_at = first.plus(MINUTE);
        courant::digests::queue_test(
            world.app.digest_context(),
            world.digest("weekly"),
            "boss@example.org",
            &courant::digests::PreviewContent::Next.into(), &Actor::Cli,
            test_mail_at,
        )
        .await
        .unwrap();
        assert_eq!(world.app.store.deliveries().next_entry_due_at(&transports).await.unwrap(), Some(test_mail_at));
        assert_eq!(world.app.store.deliveries().next_entry_due_at(&transports[1..]).await.unwrap(), None);
        world.run_command(edition, EditionCommand::Resume).await;
        assert_eq!(world.app.store.deliveries().next_entry_due_at(&transports).await.unwrap(), Some(first));
    }
}
