//! Creation of editions: daylight saving, pauses and downtime, with at most one edition per date.

use courant::digests::{self, Prepared};
use courant::domain::article::IncomingArticle;
use courant::domain::page::PageRequest;
use courant::domain::time::{DAY, HOUR, MINUTE, Millis, SECOND};

use crate::support::{START_TIME, article, database_tests};

fn at(text: &str) -> Millis {
    Millis::from(text.parse::<jiff::Timestamp>().unwrap())
}

fn created(prepared: Vec<Prepared>) -> usize {
    prepared.iter().filter(|p| matches!(p, Prepared::Created { .. })).count()
}

database_tests! {
    async fn an_edition_is_created_at_its_scheduled_time(world) {
        world.publish([article("a")]).await;
        world.add_readers(2).await;
        assert_eq!(world.prepare(START_TIME).await, []);
        assert_eq!(world.prepare(at("2026-09-21T07:59:59Z")).await, []);
        assert_eq!(created(world.prepare(at("2026-09-21T08:00:00Z")).await), 1);
        assert_eq!(world.prepare(at("2026-09-21T08:00:01Z")).await, [], "one edition per date");
        let edition = world.app.store.editions().list(&PageRequest::first(999)).await.unwrap().items.remove(0);
        assert_eq!(edition.scheduled_for, at("2026-09-21T08:00:00Z"));
    }

    async fn the_schedule_follows_local_time_across_daylight_saving(world) {
        world.add_readers(1).await;
        world.configure(|s| s.digest = "timezone = \"Europe/Berlin\"".into()).await;
        world.prepare(START_TIME).await;
        // Summer time ends on 2026-10-25: 08:00 is 06:00 UTC before and 07:00 UTC after.
        for (id, date) in [
            ("a", "2026-10-19T06:00:00Z"),
            ("b", "2026-10-26T07:00:00Z"),
            ("c", "2026-11-02T07:00:00Z"),
        ] {
            let date = at(date);
            world.publish([IncomingArticle { published_at: date.plus(-DAY), ..article(id) }]).await;
            assert_eq!(created(world.prepare(date.plus(-SECOND)).await), 0, "{id}");
            assert_eq!(created(world.prepare(date).await), 1, "{id}");
        }
    }

    async fn too_few_articles_wait_for_the_next_date(world) {
        world.add_readers(1).await;
        world.configure(|s| s.digest = "min_articles = 2".into()).await;
        world.prepare(START_TIME).await;
        world.publish([article("a")]).await;
        assert_eq!(
            world.prepare(at("2026-09-21T08:00:00Z")).await,
            [Prepared::TooFew { stories: 1 }]
        );
        world.publish([article("b")]).await;
        assert_eq!(world.prepare(at("2026-09-21T08:01:00Z")).await, [], "the date has passed");
        assert_eq!(created(world.prepare(at("2026-09-28T08:00:00Z")).await), 1);
    }

    async fn articles_of_a_pause_are_sent_after_it(world) {
        world.add_readers(1).await;
        world.configure(|s| s.digest = "pause = [\"2026-09-21..2026-09-27\"]".into()).await;
        world.prepare(START_TIME).await;
        world.publish([article("a")]).await;
        assert_eq!(world.prepare(at("2026-09-21T08:00:00Z")).await, []);
        assert_eq!(world.prepare(at("2026-09-27T23:59:00Z")).await, []);
        assert_eq!(created(world.prepare(at("2026-09-28T08:00:00Z")).await), 1);
    }

    async fn a_date_missed_by_hours_gets_one_late_edition(world) {
        world.add_readers(1).await;
        world.prepare(START_TIME).await;
        world.publish([article("a")]).await;
        assert_eq!(created(world.prepare(at("2026-09-21T20:00:00Z")).await), 1);
        world.publish([article("b")]).await;
        assert_eq!(world.prepare(at("2026-09-21T20:01:00Z")).await, []);
    }

    async fn several_missed_dates_get_one_edition(world) {
        world.add_readers(1).await;
        world.configure(|s| s.digest = "schedule = \"0 8 * * *\"".into()).await;
        world.prepare(START_TIME).await;
        world.publish([article("a")]).await;
        assert_eq!(created(world.prepare(at("2026-10-05T09:00:00Z")).await), 1);
        assert_eq!(world.prepare(at("2026-10-05T09:00:01Z")).await, []);
    }

    async fn a_date_missed_for_longer_than_missed_within_is_skipped(world) {
        world.add_readers(1).await;
        world.configure(|s| s.digest = "missed_within = \"2h\"".into()).await;
        world.prepare(START_TIME).await;
        world.publish([article("a")]).await;
        assert_eq!(world.prepare(at("2026-09-21T11:00:00Z")).await, []);
        assert_eq!(
            created(world.prepare(at("2026-09-28T08:00:00Z")).await),
            1,
            "its articles are in the next edition"
        );
    }

    async fn with_missed_skip_articles_wait_for_the_next_date(world) {
        world.add_readers(1).await;
        world.configure(|s| s.digest = "missed = \"skip\"".into()).await;
        world.prepare(START_TIME).await;
        world.publish([article("a")]).await;
        assert_eq!(world.prepare(at("2026-09-21T08:05:00Z")).await, []);
        assert_eq!(
            created(world.prepare(at("2026-09-28T08:00:30Z")).await),
            1,
            "half a minute late counts as on time"
        );
    }

    async fn a_new_digest_has_no_missed_dates(world) {
        world.add_readers(1).await;
        world.publish([article("a")]).await;
        assert_eq!(world.prepare(at("2026-09-21T08:00:10Z")).await, []);
        assert_eq!(created(world.prepare(at("2026-09-28T08:00:00Z")).await), 1);
    }

    async fn two_nodes_at_the_same_time_create_one_edition_and_send_no_duplicates(world) {
        world.prepare(START_TIME).await;
        world.publish([article("a"), article("b")]).await;
        world.add_readers(5).await;
        let other = world.another_node().await;
        let date = at("2026-09-21T08:00:00Z");
        let (one, two) = tokio::join!(
            digests::prepare_due(world.app.digest_context(), date),
            digests::prepare_due(other.digest_context(), date)
        );
        let all: Vec<Prepared> =
            one.unwrap().into_iter().chain(two.unwrap()).map(|(_, p)| p).collect();
        assert_eq!(created(all.clone()), 1, "{all:?}");
        world.deliver().await;
        assert_eq!(world.app.store.editions().list(&PageRequest::first(999)).await.unwrap().items.len(), 1);
        assert!(world.mail_counts().len() == 5 && world.mail_counts().values().all(|n| *n == 1));
        other.store.close().await;
    }

    async fn two_simultaneous_manual_runs_send_no_story_twice(world) {
        world.publish([article("a")]).await;
        world.add_readers(3).await;
        let other = world.another_node().await;
        let now = world.now();
        let (here, there) = tokio::join!(
            digests::create_edition_now(world.app.digest_context(), world.digest("weekly"), now, &courant::domain::actor::Actor::Cli, now),
            digests::create_edition_now(other.digest_context(), world.digest("weekly"), now, &courant::domain::actor::Actor::Cli, now)
        );
        assert_eq!(created(vec![here.unwrap(), there.unwrap()]), 1);
        world.deliver().await;
        assert_eq!(world.relay.mails().len(), 3);
        other.store.close().await;
    }

    async fn a_crash_during_the_freeze_loses_no_reader(world) {
        world.publish([article("a")]).await;
        world.add_readers(300).await;
        let edition = world.create_edition().await;
        // The same state as after a crash behind the first batch of the audience.
        world
            .sql("DELETE FROM deliveries WHERE batch_id = (SELECT MAX(id) FROM delivery_batches)")
            .await;
        world
            .sql("DELETE FROM delivery_batches WHERE id = (SELECT MAX(id) FROM delivery_batches)")
            .await;
        world.sql("UPDATE editions SET state = 'preparing', frozen_through = (SELECT MAX(subscription_id) FROM deliveries)").await;
        assert_eq!(
            world.deliver().await.sent,
            0,
            "nothing should be sent before every reader has a delivery"
        );
        world.prepare(world.now().plus(MINUTE)).await;
        world.deliver().await;
        assert_eq!(world.edition_status(edition).await, "sent: 300 sent");
        assert_eq!(world.mail_counts().len(), 300);
    }

    async fn the_next_edition_can_be_previewed_without_creating_it(world) {
        world.publish([article("a")]).await;
        let digest = world.digest("weekly");
        let next = digest.schedule.next_after(world.now(), &digest.timezone);
        assert_eq!(next, Some(START_TIME.plus(2 * HOUR)));
        let upcoming =
            digests::next_edition(world.app.digest_context(), digest, next.unwrap(), world.now())
                .await
                .unwrap();
        assert_eq!(upcoming.articles.iter().map(|a| a.title.as_str()).collect::<Vec<_>>(), ["Title of a"]);
        assert!(
            world.app.store.editions().list(&PageRequest::first(999)).await.unwrap().items.is_empty(),
            "a preview should not create an edition"
        );
    }
}
