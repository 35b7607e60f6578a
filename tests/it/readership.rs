//! How many read a feed: numbers of days, kept across restarts and nodes, forgotten in time.

use courant::clock;
use courant::domain::readership::{DailyReadership, Day, aggregate_by_day};
use courant::domain::time::{DAY, HOUR, MINUTE};
use courant::feeds::readership::Readership;

use crate::program::{Serving, get};
use crate::support::{START_TIME, Shell, article, database_tests};

database_tests! {
    async fn a_night_ends_a_day_and_a_restart_or_another_node_does_not_count_readers_twice(world) {
        let store = &world.app.store;
        let node = |name: &str| Readership::new(name.to_owned(), clock::random_bytes, world.now());
        let read = |on: &Readership, readers: u8| (0..readers).for_each(|n| on.record("news", b"R/1", Some([203, 0, 113, n].into()), true));
        let first = node("n1");
        read(&first, 5);
        first.record("news", b"Feedly/1.0 (12 subscribers)", None, true);
        first.flush_due(store, world.now()).await.unwrap();
        world.advance(MINUTE);
        first.finish(store, world.now()).await.unwrap();
        world.advance(MINUTE);
        let restarted = node("n2");
        read(&restarted, 4);
        let beside = node("n3");
        read(&beside, 3);
        beside.record("news", b"Feedly/1.0 (12 subscribers)", None, true);
        world.advance(MINUTE);
        restarted.flush_due(store, world.now()).await.unwrap();
        beside.flush_due(store, world.now()).await.unwrap();
        let of = async |day: Day| aggregate_by_day(store.readership(Day(0)).await.unwrap()).remove("news").unwrap().get(&day).copied();
        let today = Day::containing(world.now());
        assert_eq!(of(today).await, Some(DailyReadership { direct: 7, served: 12, requests: 14, unchanged: 14 }));

        world.advance(DAY);
        read(&restarted, 1);
        restarted.flush_due(store, world.now()).await.unwrap();
        assert_eq!(of(today).await.unwrap().requests, 15, "what came after the last look belongs to the day before");
        read(&restarted, 2);
        world.advance(HOUR);
        restarted.flush_due(store, world.now()).await.unwrap();
        assert_eq!(of(Day::containing(world.now())).await, Some(DailyReadership { direct: 2, served: 0, requests: 2, unchanged: 2 }));
        world.advance(400 * DAY);
        restarted.flush_due(store, world.now()).await.unwrap();
        assert_eq!(of(today).await, None, "after 400 days it is forgotten");
    }

    async fn a_renamed_feed_keeps_its_readers(world) {
        let readership = Readership::new("n1".into(), clock::random_bytes, START_TIME);
        readership.record("news", b"R/1", None, false);
        readership.finish(&world.app.store, world.now()).await.unwrap();
        world.configure(|s| s.renamed.push(("news", "campus"))).await;
        let kept = world.app.store.readership(Day(0)).await.unwrap();
        assert_eq!(kept.iter().map(|c| c.feed.as_str()).collect::<Vec<_>>(), ["campus"]);
    }

    async fn the_terms_of_visible_articles_are_offered_with_their_numbers(world) {
        use courant::domain::article::IncomingArticle;
        use courant::domain::selection::TermKind;
        let of = |id: &str, section: &str| IncomingArticle { sections: vec![section.into()], ..article(id) };
        world.publish([of("a", "R&D"), of("b", "r&d"), of("c", "Events"), of("d", "Gone")]).await;
        world.unpublish("d").await;
        let terms = world.app.store.terms(TermKind::Section, 9, world.now()).await.unwrap();
        let told: Vec<_> = terms.iter().map(|t| (t.term.as_str(), t.articles)).collect();
        assert_eq!(told, [("r&d", 2), ("events", 1)]);
        assert_eq!(terms[0].name.to_lowercase(), "r&d");
        assert_eq!(world.app.store.terms(TermKind::Section, 1, world.now()).await.unwrap().len(), 1);
    }
}

#[test]
fn the_command_line_shows_readers_and_lists_feeds_on_demand() {
    let shell = Shell::new();
    crate::cli::ready(&shell);
    let all = shell.courant(&["feeds", "readers", "--json"]).json();
    assert_eq!(
        (all[0]["feed"].as_str(), all[0]["today"].as_u64(), all[0]["requests"].as_u64()),
        (Some("news"), Some(0), Some(0))
    );
    assert!(shell.run_ok(&["feeds", "readers"]).contains("median of 7 days"));
    assert_eq!(
        shell.courant(&["feeds", "readers", "news", "--json"]).json(),
        serde_json::json!([])
    );
    assert!(shell.run_ok(&["feeds", "readers", "news"]).contains("no readers in this period"));
    assert_eq!(shell.courant(&["feeds", "readers", "other"]).status, 2);
    assert_eq!(shell.courant(&["feeds", "readers", "--days", "0"]).status, 2);
    let terms = shell.courant(&["feeds", "list", "--on-demand", "--json"]).json();
    let terms = terms.as_array().unwrap();
    assert!(
        terms.iter().any(|t| t["kind"] == "language"
            && t["rss"].as_str().unwrap().ends_with("/feeds/language/en.rss")),
        "{terms:?}"
    );
    assert!(terms.iter().any(|t| t["title"] == "English"), "{terms:?}");
    shell.run_ok(&["feeds", "build", "--out", "public"]);
    let list = std::fs::read_to_string(shell.path("public").join("feeds.opml")).unwrap();
    assert!(roxmltree::Document::parse(&list).is_ok() && list.contains("/feeds/news.rss"));
}

#[test]
fn readers_of_a_feed_on_demand_are_found_under_any_spelling_of_it() {
    let shell = Shell::new();
    crate::cli::ready(&shell);
    let mut serving = Serving::start(&shell.path(""));
    let address = serving.ready();
    assert_eq!(
        get(address, "/feeds/language/en.rss", &["User-Agent: Feedly/1.0 (7 subscribers)"]).status,
        200
    );
    // What is counted is kept when it stops.
    serving.stop();
    for spelling in ["language/en", "language/EN", "language/%65n"] {
        let days = shell.courant(&["feeds", "readers", spelling, "--json"]).json();
        assert_eq!(days[0]["services"], 7, "{spelling}: {days}");
    }
}
