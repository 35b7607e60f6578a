//! Pauses of digests by an admin: nothing is created or sent until the digest is resumed.

use courant::delivery::Report;
use courant::digests::{Prepared, freeze_preparing, pause_digest, resume_digest};
use courant::domain::actor::Actor;
use courant::domain::article::IncomingArticle;
use courant::domain::audit::{AuditAction, AuditObject};
use courant::domain::edition::EditionCommand;
use courant::domain::page::PageRequest;
use courant::domain::time::{DAY, Millis};

use crate::support::{START_TIME, Shell, World, article, database_tests, wait_until_async};

fn at(text: &str) -> Millis {
    Millis::from(text.parse::<jiff::Timestamp>().unwrap())
}

async fn pause(world: &World) -> Option<Vec<i64>> {
    pause_digest(&world.app.store, "weekly", &Actor::Cli, world.now()).await.unwrap()
}

async fn resume(world: &World, now: Millis) -> Option<Vec<i64>> {
    resume_digest(&world.app.store, "weekly", &Actor::Cli, now).await.unwrap()
}

fn created(prepared: &[Prepared]) -> usize {
    prepared.iter().filter(|p| matches!(p, Prepared::Created { .. })).count()
}

database_tests! {
    async fn the_dates_of_a_paused_digest_create_no_editions_even_after_it(world) {
        world.prepare(START_TIME).await;
        world.publish([article("a")]).await;
        world.add_readers(2).await;
        assert_eq!(pause(world).await, Some(vec![]));
        assert_eq!(world.prepare(at("2026-09-21T08:00:00Z")).await, []);
        // The daemon does not run at this date, which is not made up for either.
        resume(world, at("2026-09-28T09:00:00Z")).await.unwrap();
        assert_eq!(world.prepare(at("2026-09-28T09:01:00Z")).await, []);
        let prepared = world.prepare(at("2026-10-05T08:00:00Z")).await;
        assert_eq!(created(&prepared), 1, "the articles are in the next edition: {prepared:?}");
    }

    async fn editions_being_sent_are_paused_and_resumed_with_their_digest(world) {
        world.publish([article("a")]).await;
        world.add_readers(3).await;
        let stopped_before = world.create_edition().await;
        world.run_command(stopped_before, EditionCommand::Pause).await;
        world.publish([article("b")]).await;
        let edition = world.create_edition().await;
        assert_eq!(pause(world).await, Some(vec![edition]));
        assert_eq!(pause(world).await, None, "it is paused already");
        assert_eq!(world.deliver().await, Report::default());
        assert_eq!(world.edition_status(edition).await, "paused: 3 queued");
        assert_eq!(resume(world, world.now()).await, Some(vec![edition]));
        assert_eq!(resume(world, world.now()).await, None, "it is not paused");
        world.deliver().await;
        assert_eq!(world.edition_status(edition).await, "sent: 3 sent");
        let other = world.edition_status(stopped_before).await;
        assert_eq!(other, "paused: 3 queued", "an admin had paused it before");
    }

    async fn an_edition_resumed_or_cancelled_alone_no_longer_follows_its_digest(world) {
        world.publish([article("a")]).await;
        world.add_readers(1).await;
        let edition = world.create_edition().await;
        pause(world).await;
        world.run_command(edition, EditionCommand::Resume).await;
        world.run_command(edition, EditionCommand::Pause).await;
        assert_eq!(resume(world, world.now()).await, Some(vec![]));
        assert_eq!(world.edition_status(edition).await, "paused: 1 queued");
    }

    async fn an_edition_that_a_pause_meets_in_preparation_is_not_sent(world) {
        world.publish([article("a")]).await;
        world.add_readers(2).await;
        world.prepare(START_TIME).await;
        let created = world.create_edition().await;
        // As if the process had ended while it froze the audience.
        world.sql(&format!("UPDATE editions SET state = 'preparing' WHERE id = {created}")).await;
        pause(world).await;
        world.prepare(START_TIME).await;
        assert_eq!(world.deliver().await, Report::default());
        assert_eq!(resume(world, world.now()).await, Some(vec![created]));
        world.deliver().await;
        assert_eq!(world.edition_status(created).await, "sent: 2 sent");
    }

    async fn an_edition_that_starts_while_its_digest_is_being_paused_is_not_sent(world) {
        world.publish([article("a")]).await;
        world.add_readers(2).await;
        let edition = world.create_edition().await;
        world.sql(&format!("UPDATE editions SET state = 'preparing' WHERE id = {edition}")).await;
        let pausing = world.begin_with("UPDATE digests SET paused_since = 1 WHERE name = 'weekly'").await;
        let (app, now) = (world.app.clone(), world.now());
        let starting = tokio::spawn(async move { freeze_preparing(&app.store, now).await });
        wait_until_async("the start waits", async || world.has_waiting_transaction().await).await;
        pausing.commit().await;
        starting.await.unwrap().unwrap();
        assert_eq!(world.edition_status(edition).await, "paused: 2 queued");
    }

    async fn a_digest_is_paused_even_if_its_edition_ends_at_the_same_time(world) {
        world.publish([article("a")]).await;
        world.add_readers(1).await;
        let edition = world.create_edition().await;
        let ending = world.begin_with(&format!("UPDATE editions SET state = 'sent' WHERE id = {edition}")).await;
        let (app, now) = (world.app.clone(), world.now());
        let pausing = tokio::spawn(async move { pause_digest(&app.store, "weekly", &Actor::Cli, now).await });
        wait_until_async("the pause waits", async || world.has_waiting_transaction().await).await;
        ending.commit().await;
        assert_eq!(pausing.await.unwrap().unwrap(), Some(vec![]));
        assert!(world.app.store.digests().paused().await.unwrap().contains_key("weekly"));
    }

    async fn a_paused_digest_creates_no_edition_by_hand_and_each_step_is_recorded(world) {
        world.publish([article("a")]).await;
        pause(world).await;
        assert!(matches!(world.run("weekly").await, Prepared::Paused { .. }));
        world.advance(DAY);
        resume(world, world.now()).await;
        world.publish([IncomingArticle { published_at: world.now(), ..article("b") }]).await;
        assert!(matches!(world.run("weekly").await, Prepared::Created { .. }));
        let log = world.app.store.audit_log().list(&PageRequest::first(9)).await.unwrap().items;
        let mut actions: Vec<AuditAction> = log
            .iter()
            .filter(|entry| entry.object == AuditObject::Digest && entry.object_id == "weekly")
            .map(|entry| entry.action)
            .collect();
        actions.reverse();
        assert_eq!(actions, [AuditAction::Pause, AuditAction::Resume]);
    }
}

#[test]
fn digests_are_paused_and_resumed_on_the_command_line() {
    let shell = Shell::new();
    let paused = shell.run_ok(&["digests", "pause", "--all"]);
    assert!(paused.starts_with("digest weekly is paused"), "{paused}");
    let list = shell.run_ok(&["digests", "list"]);
    assert!(list.contains("paused"), "{list}");
    let next = shell.run_ok(&["digests", "next"]);
    assert!(next.contains("courant digests resume weekly"), "{next}");
    let status = shell.run_ok(&["status"]);
    assert!(status.contains("digest weekly: paused since"), "{status}");
    let again = shell.courant(&["digests", "pause", "weekly"]);
    assert!(again.err.contains("is paused already"), "{}", again.err);
    let run = shell.courant(&["digests", "run", "weekly"]);
    assert!(run.err.contains("courant digests resume weekly"), "{}", run.err);
    let resumed = shell.run_ok(&["digests", "resume", "weekly"]);
    assert!(resumed.contains("its next date is"), "{resumed}");
    let none = shell.courant(&["digests", "resume", "weekly"]);
    assert!(none.err.contains("is not paused"), "{}", none.err);
}
