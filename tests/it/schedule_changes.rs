//! Schedules that change, and digests that leave the configuration and return: they send nothing
//! by themselves, and `digests next` shows what happens.

use std::time::{Duration, Instant};

use courant::config::Config;
use courant::digests::{self, Prepared};
use courant::domain::definition::{Definition, DefinitionKind};
use courant::domain::page::PageRequest;
use courant::domain::time::{DAY, HOUR, MINUTE, Millis, SECOND, SignedDuration};

use crate::crashes::Node;
use crate::definitions::save;
use crate::support::{LONGEST_WAIT, START_TIME, World, article, database_tests};

/// Creates the editions that are due at a time after the start; returns their number.
async fn editions_at(world: &World, after: SignedDuration) -> usize {
    let prepared = world.prepare(START_TIME.plus(after)).await;
    prepared.iter().filter(|p| matches!(p, Prepared::Created { .. })).count()
}

async fn pending(world: &World, after: SignedDuration) -> bool {
    let (digest, at) = (world.digest("weekly"), START_TIME.plus(after));
    digests::pending_date(&world.app.store, digest, at).await.unwrap().is_some()
}

/// Begins with this schedule, with one article and one reader.
async fn begin(world: &mut World, digest: &str) {
    world.configure(|s| s.digest = digest.into()).await;
    world.publish([article("a")]).await;
    world.add_readers(1).await;
    assert_eq!(editions_at(world, -MINUTE).await, 0);
}

async fn reconfigure(world: &mut World, digest: &str) {
    world.configure(|s| s.digest = digest.into()).await;
}

/// Returns a daily schedule whose last date was two minutes before this time.
fn schedule_just_passed(now: Millis) -> String {
    let date = now.plus(-2 * MINUTE).timestamp().in_tz("UTC").unwrap();
    format!("schedule = \"{} {} * * *\"\ntimezone = \"UTC\"", date.minute(), date.hour())
}

/// Waits until a process has begun this many schedules.
async fn until_schedules_begin(node: &Node, count: usize) {
    let start = Instant::now();
    while node.serving.log().matches("the schedule is new or changed").count() < count {
        assert!(start.elapsed() < LONGEST_WAIT, "{}", node.serving.log());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Asserts that no edition exists, and that a tick with this configuration creates none.
async fn assert_no_edition(world: &World, config: Config) {
    let mut app = world.app.clone();
    app.config = config.into();
    assert_eq!(digests::prepare_due(app.digest_context(), world.now()).await.unwrap(), []);
    let editions = app.store.editions().list(&PageRequest::first(9)).await.unwrap().items;
    assert!(editions.is_empty(), "{editions:?}");
}

database_tests! {
    async fn a_schedule_that_a_reload_changes_begins_with_the_reload(world) {
        world.use_real_time();
        world.publish([article("a")]).await;
        let node = Node::start(world, 0, "serve");
        until_schedules_begin(&node, 1).await;
        let file = world.home.path().join("n0/config.toml");
        let config = std::fs::read_to_string(&file).unwrap();
        let changed = config.replace("schedule = \"0 8 * * MON\"", &schedule_just_passed(world.now()));
        assert_ne!(changed, config);
        std::fs::write(&file, changed).unwrap();
        node.serving.hang_up();
        until_schedules_begin(&node, 2).await;
        assert_no_edition(world, Config::load(&file, std::iter::empty()).unwrap()).await;
        assert_eq!(node.serving.stop().0, Some(0));
    }

    async fn a_schedule_that_a_definition_changes_begins_with_the_definition(world) {
        world.use_real_time();
        world.publish([article("a")]).await;
        let node = Node::start(world, 0, "serve");
        until_schedules_begin(&node, 1).await;
        let monthly = |schedule: &str| Definition {
            kind: DefinitionKind::Digest,
            name: "monthly".into(),
            body: format!("title = \"Month\"\nfrom = \"N <n@example.edu>\"\n{schedule}\n"),
        };
        save(world, monthly("schedule = \"0 8 29 2 *\"")).await.unwrap();
        until_schedules_begin(&node, 2).await;
        save(world, monthly(&schedule_just_passed(world.now()))).await.unwrap();
        until_schedules_begin(&node, 3).await;
        let definitions = world.app.store.definitions().current().await.unwrap();
        let config = Config::load_with(&world.config_file(), std::iter::empty(), &definitions);
        assert_no_edition(world, config.unwrap()).await;
        assert_eq!(node.serving.stop().0, Some(0));
    }

    async fn a_schedule_moved_to_a_time_that_has_passed_waits_for_that_time_to_come_again(world) {
        // The tests start at 06:00 on a Monday.
        begin(world, "schedule = \"0 9 * * THU\"").await;
        reconfigure(world, "schedule = \"30 5 * * *\"").await;
        assert!(!pending(world, SECOND).await);
        assert_eq!(editions_at(world, SECOND).await, 0);
        assert_eq!(editions_at(world, 23 * HOUR).await, 0);
        assert_eq!(editions_at(world, 23 * HOUR + 30 * MINUTE).await, 1);
    }

    async fn a_digest_that_was_sent_today_and_is_moved_is_not_sent_again_for_a_passed_time(world) {
        begin(world, "schedule = \"0 7 * * *\"").await;
        assert_eq!(editions_at(world, HOUR).await, 1);
        world.publish([article("b")]).await;
        reconfigure(world, "schedule = \"0 9 * * *\"").await;
        assert_eq!(editions_at(world, 5 * HOUR).await, 0);
        assert_eq!(editions_at(world, DAY + 3 * HOUR).await, 1);
    }

    async fn a_moved_zone_counts_as_a_new_schedule(world) {
        begin(world, "schedule = \"0 8 * * *\"\ntimezone = \"UTC\"").await;
        // 08:00 in Shanghai was six hours before the start.
        reconfigure(world, "schedule = \"0 8 * * *\"\ntimezone = \"Asia/Shanghai\"").await;
        assert_eq!(editions_at(world, 10 * HOUR).await, 0);
        assert_eq!(editions_at(world, 18 * HOUR).await, 1);
    }

    async fn a_date_in_a_pause_that_is_taken_out_was_not_missed(world) {
        begin(world, "schedule = \"0 7 * * *\"\npause = [\"2026-09-21\"]").await;
        reconfigure(world, "schedule = \"0 7 * * *\"").await;
        assert!(!pending(world, 2 * HOUR).await);
        assert_eq!(editions_at(world, 2 * HOUR).await, 0);
        assert_eq!(editions_at(world, DAY + HOUR).await, 1);
    }

    async fn a_missed_date_is_caught_up_on_although_settings_without_influence_on_it_changed(world) {
        begin(world, "schedule = \"0 7 * * mon\"").await;
        let changed = "schedule = \"0  7 * * MON \"\npause = [\"2026-12-25\"]\nmax_articles = 5";
        reconfigure(world, changed).await;
        assert!(pending(world, 2 * HOUR).await);
        assert_eq!(editions_at(world, 2 * HOUR).await, 1);
        assert!(!pending(world, 2 * HOUR).await);
    }

    async fn a_digest_that_was_commented_out_and_comes_back_sends_nothing_by_itself(world) {
        begin(world, "schedule = \"0 7 * * *\"").await;
        let mut without = world.app.clone();
        let mut config = (*without.config).clone();
        config.digests.clear();
        without.config = config.into();
        digests::prepare_due(without.digest_context(), START_TIME).await.unwrap();
        assert!(!pending(world, 2 * HOUR).await);
        assert_eq!(editions_at(world, 2 * HOUR).await, 0);
        assert_eq!(editions_at(world, DAY + HOUR).await, 1);
    }

    async fn a_renamed_digest_sends_nothing_by_itself_and_keeps_its_ledger(world) {
        begin(world, "schedule = \"0 7 * * *\"").await;
        assert_eq!(editions_at(world, HOUR).await, 1);
        world.publish([article("b")]).await;
        world.configure(|s| s.renamed = vec![("weekly", "bulletin")]).await;
        assert_eq!(editions_at(world, DAY + 2 * HOUR).await, 0);
        assert_eq!(editions_at(world, 2 * DAY + HOUR).await, 1);
        let editions = world.app.store.editions().list(&PageRequest::first(9)).await.unwrap().items;
        assert_eq!(world.titles_in(editions[0].id).await, ["Title of b"]);
    }

    async fn two_nodes_with_a_changed_schedule_begin_it_once(world) {
        begin(world, "schedule = \"0 7 * * *\"").await;
        reconfigure(world, "schedule = \"0 5 * * *\"").await;
        let other = world.another_node().await;
        for _ in 0..2 {
            assert_eq!(editions_at(world, HOUR).await, 0);
            let there = digests::prepare_due(other.digest_context(), START_TIME.plus(HOUR)).await;
            assert_eq!(there.unwrap(), []);
        }
        assert_eq!(editions_at(world, 23 * HOUR).await, 1);
        other.store.close().await;
    }

    async fn commands_before_the_first_start_do_not_begin_the_schedule(world) {
        world.publish([article("a")]).await;
        world.add_readers(1).await;
        let weekly = world.digest("weekly");
        digests::next_edition(world.app.digest_context(), weekly, START_TIME, START_TIME).await.unwrap();
        assert!(!pending(world, 3 * HOUR).await);
        assert_eq!(editions_at(world, 3 * HOUR).await, 0);
        assert_eq!(editions_at(world, 7 * DAY + 2 * HOUR).await, 1);
    }
}
