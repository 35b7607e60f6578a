//! Commands of admins while an edition is sent, and effects of relays and limits on the whole
//! edition.

use courant::delivery::Report;
use courant::domain::article::IncomingArticle;
use courant::domain::edition::EditionCommand;
use courant::domain::link_token::{LinkScope, sign};
use courant::domain::page::PageRequest;
use courant::domain::time::{HOUR, MINUTE, SECOND, SignedDuration};
use courant::store::suppressions::address_hash;
use courant::subscribers::{self, NewSubscriber};
use tokio_util::sync::CancellationToken;

use crate::smtp_server::{At, Rule, Script};
use crate::support::{World, article, database_tests, wait_until_async};

async fn edition_for(world: &World, readers: usize) -> i64 {
    world.publish([IncomingArticle { published_at: world.now(), ..article("a") }]).await;
    world.add_readers(readers).await;
    world.create_edition().await
}

database_tests! {
    async fn a_paused_edition_is_not_sent_until_it_is_resumed(world) {
        let edition = edition_for(world, 4).await;
        world.run_command(edition, EditionCommand::Pause).await;
        assert_eq!(world.deliver().await, Report::default());
        assert_eq!(world.edition_status(edition).await, "paused: 4 queued");
        world.run_command(edition, EditionCommand::Resume).await;
        world.deliver().await;
        assert_eq!(world.edition_status(edition).await, "sent: 4 sent");
    }

    async fn pausing_stops_an_edition_that_is_being_sent(world) {
        world.relay.set_script(Script::new().rule(Rule::stall(At::Content)));
        let edition = edition_for(world, 40).await;
        let dispatcher = world.dispatcher();
        let (transport, shutdown) = (world.transport().clone(), CancellationToken::new());
        let sending =
            tokio::spawn(async move { dispatcher.deliver_due(&transport, SignedDuration::ZERO, &shutdown).await });
        world.relay.wait_for(1).await;
        world.run_command(edition, EditionCommand::Pause).await;
        tokio::time::sleep(courant::delivery::PERMIT_TTL).await;
        world.relay.set_script(Script::new());
        while !sending.is_finished() {
            world.relay.release();
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        sending.await.unwrap().unwrap();
        assert!(
            world.relay.mails().len() <= 2,
            "more mails than two connections had in flight: {}",
            world.relay.mails().len()
        );
        assert!(world.edition_status(edition).await.starts_with("paused: "));
        world.run_command(edition, EditionCommand::Resume).await;
        world.deliver().await;
        assert_eq!(
            (world.edition_status(edition).await.as_str(), world.relay.mails().len()),
            ("sent: 40 sent", 40)
        );
    }

    async fn a_mail_waiting_behind_a_slow_one_is_not_sent_after_a_pause(world) {
        world.configure(|s| s.transport = "connections = 1".into()).await;
        world.relay.set_script(Script::new().rule(Rule::stall(At::Content).once()));
        let edition = edition_for(world, 5).await;
        let (dispatcher, transport) = (world.dispatcher(), world.transport().clone());
        let sending = tokio::spawn(async move {
            dispatcher.deliver_due(&transport, SignedDuration::ZERO, &CancellationToken::new()).await
        });
        world.relay.wait_for(1).await;
        // The next mail is pipelined behind it, and the one after that gets its permit meanwhile.
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        assert!(
            world.edition_status(edition).await.contains("3 sending"),
            "{}",
            world.edition_status(edition).await
        );
        world.run_command(edition, EditionCommand::Pause).await;
        tokio::time::sleep(std::time::Duration::from_millis(700)).await;
        world.relay.release();
        sending.await.unwrap().unwrap();
        assert_eq!(
            (world.edition_status(edition).await.as_str(), world.relay.mails().len()),
            ("paused: 4 queued, 1 sent", 1)
        );
        world.run_command(edition, EditionCommand::Resume).await;
        world.deliver().await;
        assert_eq!(
            (world.edition_status(edition).await.as_str(), world.relay.mails().len()),
            ("sent: 5 sent", 5)
        );
    }

    async fn an_unavailable_relay_uses_up_no_rate_limit(world) {
        world.configure(|s| s.transport = "connections = 4\nrate = \"5/h\"".into()).await;
        let edition = edition_for(world, 12).await;
        // The relay closes on connect, and at the first command of a mail.
        for at in [At::Connect, At::Mail] {
            world.relay.set_script(Script::new().rule(Rule::close(at)));
            let (dispatcher, transport, shutdown) =
                (world.dispatcher(), world.transport().clone(), CancellationToken::new());
            let (token, watched) = (shutdown.clone(), dispatcher.clone());
            let sending =
                tokio::spawn(async move { dispatcher.deliver_due(&transport, SignedDuration::ZERO, &token).await });
            wait_until_async("the relay fails", async || watched.snapshot()[0].relay_failures > 0).await;
            shutdown.cancel();
            assert!(sending.await.unwrap().unwrap().error.is_some());
            world.restart();
        }
        world.relay.set_script(Script::new());
        world.deliver().await;
        assert_eq!(
            (world.relay.mails().len(), world.edition_status(edition).await.as_str()),
            (5, "sending: 7 queued, 5 sent")
        );
        world.run_command(edition, EditionCommand::Cancel).await;
    }

    async fn a_command_that_does_not_fit_the_state_returns_an_error(world) {
        let edition = edition_for(world, 1).await;
        world.deliver().await;
        for command in [EditionCommand::Pause, EditionCommand::Resume, EditionCommand::Cancel] {
            let reason = courant::delivery::run_edition_command(
                &world.app.store,
                edition,
                command, &courant::domain::actor::Actor::Cli,
                world.now(),
            )
            .await
            .unwrap_err()
            .to_string();
            assert!(
                reason.starts_with(&format!("edition {edition}: the edition is sent and cannot be ")),
                "{reason}"
            );
        }
        let reason = courant::delivery::run_edition_command(
            &world.app.store,
            99,
            EditionCommand::Pause, &courant::domain::actor::Actor::Cli,
            world.now(),
        )
        .await
        .unwrap_err()
        .to_string();
        assert_eq!(reason, "edition 99 does not exist; `courant editions list` lists all editions");
    }

    async fn a_relay_that_fails_during_an_edition_loses_no_mail(world) {
        world.relay.set_script(Script::new().rule(Rule::close(At::Mail)));
        let edition = edition_for(world, 20).await;
        let (dispatcher, shutdown) = (world.dispatcher(), CancellationToken::new());
        let (transport, token) = (world.transport().clone(), shutdown.clone());
        // Each worker opens a connection before it has a mail; one more connection means that one
        // was lost with a mail.
        let workers = transport.connections;
        let sending =
            tokio::spawn(async move { dispatcher.deliver_due(&transport, SignedDuration::ZERO, &token).await });
        while world.relay.connections() <= workers {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        shutdown.cancel();
        let report = sending.await.unwrap().unwrap();
        assert!(report.error.is_some() && report.sent == 0 && report.failed == 0, "{report:?}");
        assert_eq!(world.edition_status(edition).await, "sending: 20 queued");
        world.relay.set_script(Script::new());
        world.advance(5 * MINUTE);
        world.deliver().await;
        assert_eq!(world.edition_status(edition).await, "sent: 20 sent");
        assert_eq!((world.mail_counts().len(), world.relay.mails().len()), (20, 20));
    }

    async fn a_relay_that_closes_sometimes_still_gets_the_whole_edition(world) {
        world.configure(|s| s.transport = "connections = 1".into()).await;
        let rule = |to: &str| {
            Rule::reply_and_close(At::Data, "421 4.7.0 enough for now").recipient(to).once()
        };
        world.relay.set_script(Script::new().rule(rule("r2@")).rule(rule("r4@")));
        let edition = edition_for(world, 5).await;
        world.deliver().await;
        world.advance(MINUTE);
        world.deliver().await;
        assert_eq!(
            (world.edition_status(edition).await.as_str(), world.relay.mails().len()),
            ("sent: 5 sent", 5)
        );
        let person = world.app.store.subscribers().find_by_address("r2@example.org").await.unwrap().unwrap();
        assert_eq!(
            world.app.store.deliveries().to_subscriber(person.id, 1).await.unwrap()[0].attempts,
            1,
            "a 421 does not count as an attempt"
        );
    }

    async fn three_rejections_of_the_sender_pause_the_edition(world) {
        world.configure(|s| s.transport = "connections = 1".into()).await;
        world
            .relay
            .set_script(Script::new().rule(Rule::reply(At::Mail, "550 5.7.1 sender not allowed")));
        let edition = edition_for(world, 30).await;
        world.deliver().await;
        assert_eq!(world.edition_status(edition).await, "paused: 27 queued, 3 failed");
        let note =
            world.app.store.editions().find(edition).await.unwrap().unwrap().note.unwrap_or_default();
        assert!(note.contains("550 5.7.1 sender not allowed"), "{note}");
        world.relay.set_script(Script::new());
        world.run_command(edition, EditionCommand::Retry).await;
        world.run_command(edition, EditionCommand::Resume).await;
        world.deliver().await;
        assert_eq!(world.edition_status(edition).await, "sent: 30 sent");
    }

    async fn a_reader_who_unsubscribes_before_the_mail_is_sent_gets_none(world) {
        let edition = edition_for(world, 3).await;
        let person = world.app.store.subscribers().find_by_address("r1@example.org").await.unwrap().unwrap();
        let link = world.app.store.subscriptions().list_of(&[person.id]).await.unwrap().remove(0);
        let secret = &world.app.store_identity.secret;
        let token = sign(secret, LinkScope::Unsubscribe { subscription: link.id, edition: None });
        subscribers::unsubscribe(&world.app.store, secret, &token, false, world.now())
            .await
            .unwrap()
            .unwrap();
        world.deliver().await;
        assert_eq!(world.edition_status(edition).await, "sent: 2 sent, 1 cancelled");
        assert!(world.mails_to("r1@example.org").is_empty());
    }

    async fn a_suppressed_address_gets_no_mail_even_after_a_new_import(world) {
        let edition = edition_for(world, 3).await;
        let hash = address_hash(&world.app.store_identity.secret, "r1@example.org");
        world.app.store.suppressions().add(&hash, "complaint", &courant::domain::actor::Actor::Cli, world.now()).await.unwrap();
        world.deliver().await;
        assert_eq!(world.edition_status(edition).await, "sent: 2 sent, 1 cancelled");
        world.add_readers(3).await;
        world.publish([article("b")]).await;
        world.create_edition().await;
        world.deliver().await;
        assert!(world.mails_to("r1@example.org").is_empty());
        let digest = world.digest("weekly");
        let reason = courant::digests::queue_test(
            world.app.digest_context(),
            digest,
            "R1@example.org",
            &courant::digests::PreviewContent::Next.into(), &courant::domain::actor::Actor::Cli,
            world.now(),
        )
        .await
        .unwrap_err()
        .to_string();
        assert!(reason.contains("is suppressed (complaint)"), "{reason}");
    }

    async fn a_message_id_is_unique_per_reader_and_the_same_at_every_attempt(world) {
        world.relay.set_script(Script::new().rule(Rule::close(At::Stored).times(2)));
        edition_for(world, 2).await;
        world.deliver().await;
        world.advance(MINUTE);
        world.deliver().await;
        let ids = |to: &str| {
            world
                .mails_to(to)
                .iter()
                .map(|m| m.header("Message-ID").unwrap().to_owned())
                .collect::<Vec<_>>()
        };
        let (one, two) = (ids("r0@example.org"), ids("r1@example.org"));
        assert_eq!((one.len(), two.len()), (2, 2));
        assert!(one[0] == one[1] && two[0] == two[1] && one[0] != two[0]);
        let bodies: Vec<_> = world.mails_to("r0@example.org").into_iter().map(|m| m.html).collect();
        assert_eq!(bodies[0], bodies[1]);
    }

    async fn mails_above_the_rate_limit_are_sent_in_the_next_window(world) {
        world.configure(|s| s.transport = "connections = 4\nrate = \"5/h\"".into()).await;
        let edition = edition_for(world, 12).await;
        for sent in [5, 10, 12] {
            world.deliver().await;
            assert_eq!(world.relay.mails().len(), sent);
            world.restart();
            world.deliver().await;
            assert_eq!(
                world.relay.mails().len(),
                sent,
                "a restart should not reset the rate limit"
            );
            world.advance(HOUR);
        }
        world.deliver().await;
        assert_eq!(world.edition_status(edition).await, "sent: 12 sent");
    }

    async fn later_changes_do_not_affect_a_frozen_edition(world) {
        let edition = edition_for(world, 2).await;
        world.publish([IncomingArticle { title: "Changed since".into(), ..article("a") }]).await;
        world
            .subscribe(
                "weekly",
                [NewSubscriber { email: "late@example.org".into(), ..NewSubscriber::default() }],
            )
            .await;
        world.deliver().await;
        assert!(world.mails_to("r0@example.org")[0].html.contains("Title of a"));
        assert!(
            world.mails_to("late@example.org").is_empty(),
            "a later subscriber should not get this edition"
        );
        assert_eq!(world.edition_status(edition).await, "sent: 2 sent");
    }

    async fn a_test_mail_changes_neither_the_ledger_nor_the_editions(world) {
        world.publish([article("a")]).await;
        let digest = world.digest("weekly");
        courant::digests::queue_test(
            world.app.digest_context(),
            digest,
            "boss@example.org",
            &courant::digests::PreviewContent::Next.into(), &courant::domain::actor::Actor::Cli,
            world.now(),
        )
        .await
        .unwrap();
        assert_eq!(world.deliver().await.sent, 1);
        assert!(world.mails_to("boss@example.org")[0].html.contains("Title of a"));
        assert!(world.app.store.editions().list(&PageRequest::first(999)).await.unwrap().items.is_empty());
        assert!(matches!(world.run("weekly").await, courant::digests::Prepared::Created { .. }));
    }

    async fn a_directory_transport_writes_one_file_per_mail(world) {
        let directory = world.home.path().join("outbox");
        world
            .configure(|s| s.transport_url = Some(format!("file://{}", directory.display())))
            .await;
        let edition = edition_for(world, 25).await;
        world.deliver().await;
        let files: Vec<_> =
            std::fs::read_dir(&directory).unwrap().map(|f| f.unwrap().path()).collect();
        assert_eq!(
            (files.len(), world.edition_status(edition).await.as_str()),
            (25, "sent: 25 sent")
        );
        assert!(files.iter().all(|f| f.extension().is_some_and(|e| e == "eml")));
        let text = std::fs::read_to_string(&files[0]).unwrap();
        assert!(text.contains("List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"));
    }

    async fn confirmations_are_sent_before_a_large_edition(world) {
        world.configure(|s| s.transport = "connections = 1".into()).await;
        edition_for(world, 50).await;
        let person = NewSubscriber { email: "new@example.org".into(), ..NewSubscriber::default() };
        let (store, secret) = (&world.app.store, &world.app.store_identity.secret);
        subscribers::subscribe(store, secret, &person, &[world.digest("weekly")], world.now())
            .await
            .unwrap()
            .unwrap();
        world.deliver().await;
        let position =
            world.relay.mails().iter().position(|m| m.to == ["new@example.org"]).unwrap();
        assert!(position < 10, "{position}");
    }

    async fn a_message_rejected_for_one_reader_fails_only_for_that_reader(world) {
        world.relay.set_script(
            Script::new()
                .rule(Rule::reply(At::Content, "554 5.7.1 looks like spam").recipient("r2@")),
        );
        let edition = edition_for(world, 6).await;
        world.deliver().await;
        world.advance(30 * SECOND);
        assert_eq!(world.edition_status(edition).await, "sent: 5 sent, 1 failed");
        assert_eq!(world.last_reply("r2@example.org").await, "554 5.7.1 looks like spam");
    }

    async fn an_edition_is_completed_over_a_renamed_transport(world) {
        world.relay.set_script(
            Script::new().rule(Rule::reply(At::Rcpt, "450 4.2.0 later").recipient("r1@").once()),
        );
        let edition = edition_for(world, 3).await;
        world.deliver().await;
        world
            .configure(|s| {
                s.renamed.push(("default", "relay"));
                s.digest = "transport = \"relay\"".into();
            })
            .await;
        world.advance(2 * MINUTE);
        world.deliver().await;
        assert_eq!(
            (world.edition_status(edition).await.as_str(), world.relay.mails().len()),
            ("sent: 3 sent", 3)
        );
    }
}
