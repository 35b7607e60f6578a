//! A clock that is wrong for a while and then right: nothing waits for the date that it showed.

use courant::app::App;
use courant::digests::{Prepared, next_edition};
use courant::domain::article::IncomingArticle;
use courant::domain::time::{DAY, HOUR, MINUTE, Millis, SECOND, SignedDuration};
use courant::feeds::cache::refresh_due;

use crate::smtp_server::{At, Rule, Script};
use crate::subscriptions::request_subscription;
use crate::support::{START_TIME, World, article, database_tests};

const YEARS: SignedDuration = SignedDuration::from_hours(2 * 365 * 24);

/// Resets what the wrong clock left; returns the report.
async fn reset(world: &World) -> String {
    world.app.reset_clock_faults().await.unwrap().unwrap_or_default()
}

/// Returns `true` for times of the last minute.
fn is_now(world: &World, time: Millis) -> bool {
    (world.now().plus(-MINUTE)..=world.now()).contains(&time)
}

async fn created(world: &World, after: SignedDuration) -> bool {
    let prepared = world.prepare(START_TIME.plus(after)).await;
    matches!(prepared.as_slice(), [Prepared::Created { .. }])
}

database_tests! {
    async fn nothing_is_reset_while_the_clock_is_right(world) {
        world.publish([article("a")]).await;
        world.add_readers(1).await;
        world.prepare(world.now()).await;
        assert_eq!(reset(world).await, "");
        world.app.store.clock_faults().record_last_run(world.now().plus(MINUTE)).await.unwrap();
        assert_eq!(reset(world).await, "", "the clocks of two nodes may differ a little");
    }

    async fn a_digest_first_seen_years_ahead_is_sent_at_its_next_date(world) {
        world.advance(YEARS);
        world.prepare(world.now()).await;
        world.advance(-YEARS);
        world.publish([article("a")]).await;
        world.add_readers(1).await;
        let weekly = world.digest("weekly");
        let report = reset(world).await;
        assert!(report.contains("2028-09-2") && report.contains("1 schedules of digests"), "{report}");
        let stories = next_edition(world.app.digest_context(), weekly, world.now(), world.now()).await;
        assert_eq!(stories.unwrap().articles.len(), 1);
        assert_eq!(reset(world).await, "", "once");
        assert!(created(world, 2 * HOUR).await);
    }

    async fn a_date_that_was_sent_too_early_is_due_again_when_it_comes(world) {
        world.configure(|s| s.digest = "schedule = \"0 8 * * *\"".into()).await;
        world.add_readers(1).await;
        world.prepare(world.now()).await;
        world.publish([article("a")]).await;
        // The clock is a day ahead for a while.
        assert!(created(world, DAY + 2 * HOUR).await);
        assert!(!reset(world).await.is_empty());
        world.publish([article("b")]).await;
        assert!(created(world, 2 * HOUR).await);
        world.publish([article("c")]).await;
        assert!(created(world, DAY + 2 * HOUR).await);
    }

    async fn articles_imported_years_ahead_are_news_and_do_not_wait(world) {
        world.prepare(world.now()).await;
        world.add_readers(1).await;
        world.advance(YEARS);
        world.publish([article("a")]).await;
        world.advance(-YEARS);
        assert!(reset(world).await.contains("1 articles"));
        assert!(created(world, 2 * HOUR).await);
    }

    async fn a_source_polled_years_ahead_is_polled_again(world) {
        let (sources, ahead) = (world.app.store.sources(), world.now().plus(YEARS));
        sources.ensure("college", ahead).await.unwrap();
        assert!(!sources.start_sync("college", world.now(), ahead).await.unwrap());
        let report = reset(world).await;
        // A source that was never attempted shows nothing of our clock but its poll.
        sources.start_sync("college", ahead, ahead.plus(MINUTE)).await.unwrap();
        let report = report + &reset(world).await;
        assert!(report.contains("polls of sources"), "{report}");
        let next = world.now().plus(MINUTE);
        assert!(sources.start_sync("college", world.now().plus(SECOND), next).await.unwrap());
    }

    async fn a_retry_for_years_ahead_and_a_lease_until_then_end(world) {
        world.publish([article("a")]).await;
        world.add_readers(3).await;
        let edition = world.create_edition().await;
        world.relay.set_script(Script::new().rule(Rule::reply(At::Rcpt, "450 4.2.0 later").times(3)));
        world.advance(YEARS);
        world.app.store.clock_faults().record_last_run(world.now()).await.unwrap();
        assert_eq!(world.deliver().await.deferred, 3);
        world.advance(-YEARS);
        world.sql("UPDATE delivery_queue SET lease_node = 'gone', lease_until = 1900000000000").await;
        assert!(!reset(world).await.is_empty());
        world.restart();
        world.advance(MINUTE);
        world.deliver().await;
        assert_eq!(world.edition_status(edition).await, "sent: 3 sent");
    }

    async fn a_clock_before_this_program_existed_resets_nothing_and_leaves_nothing(world) {
        let back = world.now().since(Millis(0));
        world.advance(-back);
        world.prepare(world.now()).await;
        assert!(reset(world).await.contains("it shows 1970-01-01"));
        world.advance(back);
        let old = IncomingArticle {
            published_at: START_TIME.plus(-200 * DAY), ..article("old")
        };
        world.publish([article("a"), old]).await;
        world.add_readers(1).await;
        assert!(!reset(world).await.is_empty());
        let edition = world.create_edition().await;
        assert_eq!(world.titles_in(edition).await, ["Title of a"]);
    }

    async fn articles_changed_years_ahead_have_later_changes_again(world) {
        world.publish([article("a"), article("b")]).await;
        world.advance(YEARS);
        let edited = IncomingArticle { title: "Edited".into(), ..article("a") };
        world.publish([edited, article("b")]).await;
        world.advance(-YEARS);
        reset(world).await;
        let edited = world.app.store.articles().find("college/a").await.unwrap().unwrap();
        assert!(is_now(world, edited.updated_at), "{edited:?}");
        let other = world.app.store.articles().find("college/b").await.unwrap().unwrap();
        assert_eq!(other.updated_at, other.published_at, "{other:?}");
        assert_eq!(reset(world).await, "", "once");
    }

    async fn an_article_that_was_removed_years_ahead_was_removed_now(world) {
        world.publish([article("a")]).await;
        world.advance(YEARS);
        world.unpublish("a").await;
        world.app.store.clock_faults().record_last_run(world.now()).await.unwrap();
        world.advance(-YEARS);
        reset(world).await;
        let removed = world.app.store.articles().find("college/a").await.unwrap().unwrap();
        assert!(removed.removed_at.is_some_and(|at| is_now(world, at)), "{removed:?}");
    }

    async fn an_article_that_the_wrong_clock_dated_is_published_now(world) {
        world.advance(YEARS);
        let now = world.now();
        let scheduled = IncomingArticle { published_at: START_TIME.plus(DAY), ..article("b") };
        let undated = IncomingArticle { published_at: now, ..article("a") };
        world.publish_at(now, [undated, scheduled]).await;
        world.advance(-YEARS);
        assert!(reset(world).await.contains("2 articles"));
        let undated = world.app.store.articles().find("college/a").await.unwrap().unwrap();
        assert!(is_now(world, undated.published_at), "{undated:?}");
        assert_eq!(undated.updated_at, undated.published_at);
        let scheduled = world.app.store.articles().find("college/b").await.unwrap().unwrap();
        assert_eq!(scheduled.published_at, START_TIME.plus(DAY), "its own date is kept");
    }

    async fn a_feed_rendered_years_ahead_was_modified_now(world) {
        world.publish([article("a")]).await;
        world.advance(YEARS);
        let modified = async |app: &App| {
            refresh_due(&app.store, &app.config, &app.feed_cache, world.now()).await.unwrap();
            app.feed_cache.get("news.atom").unwrap().modified.unwrap()
        };
        let first = world.app.clone().with_disk_cache();
        assert!(modified(&first).await > START_TIME.plus(YEARS + -DAY));
        drop(first);
        world.advance(-YEARS);
        reset(world).await;
        let second = world.app.clone().with_disk_cache();
        assert!(is_now(world, modified(&second).await));
    }

    async fn a_person_who_was_asked_to_confirm_years_ahead_can_subscribe_again(world) {
        world.advance(YEARS);
        request_subscription(world, "ann@example.org").await;
        world.advance(-YEARS);
        let report = reset(world).await;
        assert!(report.contains("1 subscriptions"), "{report}");
        assert!(report.contains("1 confirmation messages"), "{report}");
        assert_eq!(reset(world).await, "", "the log of the sign-up is evidence once");
        world.advance(DAY);
        request_subscription(world, "ann@example.org").await;
        assert_eq!(world.app.store.deliveries().waiting_count().await.unwrap(), 2);
    }
}
