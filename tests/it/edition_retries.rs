//! Retries of editions: their failed and held deliveries are queued again, whatever happens meanwhile.

use courant::delivery;
use courant::domain::actor::Actor;
use courant::domain::article::IncomingArticle;
use courant::domain::audit::AuditAction;
use courant::domain::edition::EditionCommand;
use courant::domain::page::PageRequest;
use courant::store::edition_retries::BegunRetry;
use courant::store::suppressions::address_hash;

use crate::smtp_server::{At, Rule, Script};
use crate::support::{World, article, database_tests};

/// Number of readers who fill two batches.
const READERS_OF_TWO_BATCHES: usize = 260;

async fn edition_for(world: &World, readers: usize) -> i64 {
    world.publish([IncomingArticle { published_at: world.now(), ..article("a") }]).await;
    world.add_readers(readers).await;
    world.create_edition().await
}

async fn begin_retry(world: &World, edition: i64) -> BegunRetry {
    world.app.store.editions().begin_retry(edition, &Actor::Cli, world.now()).await.unwrap()
}

/// Returns a sent edition with a failed delivery in each of two batches, whose retry ended after the first.
async fn interrupted_retry(world: &World) -> (i64, BegunRetry) {
    world.relay.set_script(
        Script::new()
            .rule(Rule::reply(At::Rcpt, "550 5.7.1 policy").recipient("r1@"))
            .rule(Rule::reply(At::Rcpt, "550 5.7.1 policy").recipient("r259@")),
    );
    let edition = edition_for(world, READERS_OF_TWO_BATCHES).await;
    world.deliver().await;
    world.relay.set_script(Script::new());
    let retry = begin_retry(world, edition).await;
    assert_eq!((retry.requeued, retry.remaining_batches.len()), (1, 1));
    (edition, retry)
}

database_tests! {
    async fn a_crash_during_a_retry_does_not_lose_its_mails(world) {
        world.relay.set_script(Script::new().rule(Rule::reply(At::Rcpt, "550 5.1.1 unknown")));
        let edition = edition_for(world, READERS_OF_TWO_BATCHES).await;
        world.deliver().await;
        delivery::settle_editions(&world.app.store, world.now()).await.unwrap();
        assert_eq!(world.edition_status(edition).await, "paused: 260 failed");
        // The same state as after a crash between two batches of a retry.
        assert_eq!(begin_retry(world, edition).await.requeued, 256);
        delivery::settle_editions(&world.app.store, world.now()).await.unwrap();
        assert_eq!(world.edition_status(edition).await, "paused: 256 queued, 4 failed");
        world.relay.set_script(Script::new());
        world.run_command(edition, EditionCommand::Retry).await;
        world.run_command(edition, EditionCommand::Resume).await;
        world.deliver().await;
        assert_eq!(world.edition_status(edition).await, "sent: 260 sent");
    }

    async fn a_retry_that_an_admin_cancels_queues_nothing_more(world) {
        let (edition, retry) = interrupted_retry(world).await;
        assert_eq!(world.edition_status(edition).await, "sending: 1 queued, 258 sent, 1 failed");
        world.run_command(edition, EditionCommand::Cancel).await;
        let editions = world.app.store.editions();
        let batch = retry.remaining_batches[0];
        assert_eq!(editions.continue_retry(edition, batch, world.now()).await.unwrap(), None);
        world.deliver().await;
        assert_eq!(world.edition_status(edition).await, "cancelled: 258 sent, 2 failed");
        assert!(editions.begin_retry(edition, &Actor::Cli, world.now()).await.is_err());
        assert_eq!(world.edition_status(edition).await, "cancelled: 258 sent, 2 failed");
    }

    async fn a_retry_reopens_an_edition_that_ends_between_two_batches(world) {
        let (edition, retry) = interrupted_retry(world).await;
        world.deliver().await;
        assert_eq!(world.edition_status(edition).await, "sent: 259 sent, 1 failed");
        let editions = world.app.store.editions();
        let batch = retry.remaining_batches[0];
        assert_eq!(editions.continue_retry(edition, batch, world.now()).await.unwrap(), Some(1));
        assert_eq!(world.edition_status(edition).await, "sending: 1 queued, 259 sent");
        world.deliver().await;
        assert_eq!(world.edition_status(edition).await, "sent: 260 sent");
    }

    async fn an_edition_that_an_admin_retries_is_not_paused_because_nothing_was_sent(world) {
        world.relay.set_script(Script::new().rule(Rule::reply(At::Rcpt, "550 5.7.1 policy")));
        let edition = edition_for(world, 2).await;
        world.deliver().await;
        assert_eq!(world.edition_status(edition).await, "paused: 2 failed");
        world.run_command(edition, EditionCommand::Resume).await;
        let editions = world.app.store.editions();
        let (unsent, _) = editions.settled_unsent().await.unwrap().remove(0);
        begin_retry(world, edition).await;
        assert!(!editions.pause_unsent(unsent, "nothing was sent", world.now()).await.unwrap());
        assert_eq!(world.edition_status(edition).await, "sending: 2 queued");
        world.deliver().await;
        assert_eq!(world.edition_status(edition).await, "paused: 2 failed");
    }

    async fn only_suppressed_addresses_count_as_left_out_of_a_retry(world) {
        let (edition, _) = interrupted_retry(world).await;
        let editions = world.app.store.editions();
        assert_eq!(editions.count_not_retryable(edition).await.unwrap(), 0);
        let hash = address_hash(&world.app.store_identity.secret, "r259@example.org");
        let suppressions = world.app.store.suppressions();
        suppressions.add(&hash, "complaint", &Actor::Cli, world.now()).await.unwrap();
        assert_eq!(editions.count_not_retryable(edition).await.unwrap(), 1);
    }

    async fn a_retry_without_effect_changes_nothing(world) {
        let edition = edition_for(world, 2).await;
        world.deliver().await;
        let editions = world.app.store.editions();
        let refusal = editions.begin_retry(edition, &Actor::Cli, world.now()).await.unwrap_err();
        assert!(refusal.to_string().contains("no delivery has failed"), "{refusal}");
        assert_eq!(world.edition_status(edition).await, "sent: 2 sent");
        let entries = world.app.store.audit_log().list(&PageRequest::first(10)).await.unwrap().items;
        assert!(entries.iter().all(|entry| entry.action != AuditAction::Retry), "{entries:?}");
    }
}
