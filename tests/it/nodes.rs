//! Several nodes on one database, leases of crashed nodes, and copies of the database.

use std::collections::BTreeMap;
use std::time::Duration;

use courant::delivery::PERMIT_TTL;
use courant::digests::Prepared;
use courant::domain::article::IncomingArticle;
use courant::domain::time::{SECOND, SignedDuration};
use courant::store::Store;
use tokio_util::sync::CancellationToken;

use crate::smtp_server::{At, Rule, Script};
use crate::support::{World, article, database_tests, wait_until_async};

async fn edition_for(world: &World, readers: usize) -> i64 {
    world.publish([IncomingArticle { published_at: world.now(), ..article("a") }]).await;
    world.add_readers(readers).await;
    world.create_edition().await
}

/// Lets all leases expire.
async fn expire_leases(world: &World) {
    world.sql("UPDATE delivery_batches SET lease_until = 0 WHERE lease_node IS NOT NULL").await;
    world.sql("UPDATE delivery_queue SET lease_until = 0 WHERE lease_node IS NOT NULL").await;
}

/// Returns the number of received mails by Message-ID.
fn count_by_id(world: &World) -> BTreeMap<String, usize> {
    let mut ids = BTreeMap::new();
    for mail in world.relay.mails() {
        let id = mail
            .content
            .lines()
            .find(|l| l.to_lowercase().starts_with("message-id:"))
            .unwrap()
            .to_owned();
        *ids.entry(id).or_default() += 1;
    }
    ids
}

database_tests! {
    async fn a_mail_in_flight_during_a_crash_is_held_if_so_configured(world) {
        world.configure(|s| s.transport = "connections = 1\nuncertain = \"hold\"".into()).await;
        let edition = edition_for(world, 3).await;
        world.sql("UPDATE delivery_batches SET lease_node = 'dead', lease_until = 0").await;
        world.sql("UPDATE deliveries SET state = 'sending' WHERE id = (SELECT MIN(id) FROM deliveries)").await;
        world.deliver().await;
        assert_eq!(world.edition_status(edition).await, "sent: 2 sent, 1 held");
        assert!(world.last_reply("r0@example.org").await.contains("the outcome is unknown"));
    }

    async fn a_retry_leased_by_a_dead_node_is_taken_over(world) {
        world.relay.set_script(Script::new().rule(Rule::reply(At::Rcpt, "450 4.2.0 later").once()));
        let edition = edition_for(world, 1).await;
        world.deliver().await;
        world.sql("UPDATE deliveries SET state = 'sending'").await;
        world
            .sql("UPDATE delivery_queue SET lease_node = 'dead', lease_until = 0, due_at = 0")
            .await;
        world.deliver().await;
        assert_eq!(
            (world.edition_status(edition).await.as_str(), world.relay.mails().len()),
            ("sent: 1 sent", 1)
        );
    }

    async fn a_batch_is_taken_over_only_after_its_lease_has_expired(world) {
        let edition = edition_for(world, 5).await;
        world
            .sql("UPDATE delivery_batches SET lease_node = 'other', lease_until = 9000000000000")
            .await;
        assert_eq!(world.deliver().await.sent, 0);
        world.sql("UPDATE delivery_batches SET lease_until = 1").await;
        world.deliver().await;
        assert_eq!(world.edition_status(edition).await, "sent: 5 sent");
    }

    async fn a_node_that_lost_its_lease_starts_no_further_mail(world) {
        world.configure(|s| s.transport = "connections = 1".into()).await;
        world.relay.set_script(Script::new().rule(Rule::stall(At::Content)));
        let edition = edition_for(world, 20).await;
        let (dispatcher, transport) = (world.dispatcher(), world.transport().clone());
        let sending = tokio::spawn(async move {
            dispatcher.deliver_due(&transport, SignedDuration::ZERO, &CancellationToken::new()).await
        });
        world.relay.wait_for(1).await;
        wait_until_async("the next mail is marked", async || {
            world.sql("UPDATE deliveries SET state = state WHERE state = 'sending'").await >= 1
        })
        .await;
        // The lease has expired, and another node now has the batch.
        world
            .sql("UPDATE delivery_batches SET lease_node = 'other', lease_until = 9000000000000")
            .await;
        tokio::time::sleep(PERMIT_TTL).await;
        world.relay.set_script(Script::new());
        while !sending.is_finished() {
            world.relay.release();
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        sending.await.unwrap().unwrap();
        assert_eq!(
            world.relay.mails().len(),
            1,
            "only the mail that was in flight when the lease was lost"
        );
        expire_leases(world).await;
        world.deliver().await;
        assert_eq!(
            (world.edition_status(edition).await.as_str(), count_by_id(world).len()),
            ("sent: 20 sent", 20)
        );
    }

    async fn several_nodes_share_an_edition_without_duplicates(world) {
        let edition = edition_for(world, 700).await;
        let other = world.another_node().await;
        let (one, two) = (world.app.dispatcher(), other.dispatcher());
        let shutdown = CancellationToken::new();
        let (a, b) = tokio::join!(
            one.deliver_due(world.transport(), SignedDuration::ZERO, &shutdown),
            two.deliver_due(&other.config.transports[0], SignedDuration::ZERO, &shutdown)
        );
        let (a, b) = (a.unwrap(), b.unwrap());
        assert_eq!(a.sent + b.sent, 700, "{a:?} {b:?}");
        assert!(world.mail_counts().len() == 700 && world.relay.mails().len() == 700);
        world.deliver().await;
        assert_eq!(world.edition_status(edition).await, "sent: 700 sent");
        other.store.close().await;
    }

    async fn a_shutdown_finishes_mails_in_flight_and_releases_the_other_leases(world) {
        world
            .relay
            .set_script(Script::new().rule(Rule::delay(At::Content, Duration::from_millis(5))));
        let edition = edition_for(world, 300).await;
        let (dispatcher, shutdown) = (world.dispatcher(), CancellationToken::new());
        let (transport, token) = (world.transport().clone(), shutdown.clone());
        let sending =
            tokio::spawn(async move { dispatcher.deliver_due(&transport, SignedDuration::ZERO, &token).await });
        world.relay.wait_for(5).await;
        shutdown.cancel();
        let report = sending.await.unwrap().unwrap();
        let sent = usize::try_from(report.sent).unwrap();
        assert!(
            sent < 300 && sent == world.relay.mails().len(),
            "{sent}, {}",
            world.relay.mails().len()
        );
        assert_eq!(
            world.edition_status(edition).await,
            format!("sending: {} queued, {sent} sent", 300 - sent)
        );
        assert_eq!(
            world.sql("UPDATE delivery_batches SET done = done WHERE lease_node IS NOT NULL").await,
            0,
            "all leases should be released"
        );
        world.relay.set_script(Script::new());
        world.restart();
        world.deliver().await;
        assert_eq!(
            (world.edition_status(edition).await.as_str(), world.relay.mails().len()),
            ("sent: 300 sent", 300)
        );
    }

    async fn with_another_base_url_nothing_is_sent_until_it_is_adopted(world) {
        edition_for(world, 1).await;
        world.configure(|s| s.base_url = "https://copy.example.edu".into()).await;
        let reason = world.app.send_block_reason().unwrap();
        assert!(
            reason.contains("https://news.example.edu")
                && reason.contains("https://copy.example.edu")
                && reason.contains("courant adopt"),
            "{reason}"
        );
        world.app.store.adopt("https://copy.example.edu", &courant::domain::actor::Actor::Cli, world.now()).await.unwrap();
        world.configure(|_| ()).await;
        assert_eq!(world.app.send_block_reason(), None);
    }

    async fn a_database_of_a_newer_version_is_rejected(world) {
        world.sql("INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
            VALUES (9999, 'from the future', TRUE, 'x', 0)").await;
        let url = world.app.config.database.url.clone();
        let reason = Store::open(&url).await.unwrap_err().to_string();
        assert!(reason.contains("newer version of Courant") && reason.contains("9999"), "{reason}");
    }

    async fn a_database_with_different_tables_of_the_same_version_is_rejected(world) {
        world.sql("UPDATE _sqlx_migrations SET checksum = 'x'").await;
        let url = world.app.config.database.url.clone();
        let reason = Store::open(&url).await.unwrap_err().to_string();
        assert!(
            reason.contains("earlier development version of Courant")
                && reason.contains("import the data again"),
            "{reason}"
        );
        let names = if world.is_sqlite() { "courant.db" } else { "[database]" };
        assert!(reason.contains(names), "{reason}");
    }

    async fn renewing_leases_extends_them(world) {
        edition_for(world, 1).await;
        let node = world.dispatcher().node().to_owned();
        world
            .sql(&format!("UPDATE delivery_batches SET lease_node = '{node}', lease_until = 1"))
            .await;
        world.app.store.leases().renew(&node).await.unwrap();
        assert_eq!(
            world.sql("UPDATE delivery_batches SET done = done WHERE lease_until > 1").await,
            1
        );
        world.app.store.leases().release(&node).await.unwrap();
        world.advance(SECOND);
        assert_eq!(world.deliver().await.sent, 1);
        assert_eq!(world.run("weekly").await, Prepared::TooFew { stories: 0 });
    }
}
