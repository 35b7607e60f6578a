//! Readership of feeds: daily counts that survive restarts, combine nodes and expire.

use courant::domain::readership::{DailyReadership, Day, aggregate_by_day};
use courant::domain::time::{DAY, HOUR, MINUTE};
use courant::readership::Readership;

use crate::server_process::{ServerProcess, get};
use crate::support::{START_TIME, Shell, article, database_tests};

database_tests! {
    async fn readers_are_counted_once_per_day_across_restarts_and_nodes(world) {
        let store = &world.app.store;
        // With a random key, two of a few readers would sometimes count as one.
        let node = |name: &str| Readership::new(name.to_owned(), || [7; 32], world.now());
        let read = |on: &Readership, readers: u8| (0..readers).for_each(|n| on.record("news", b"R/1", Some([203, 0, 113, n].into()), true));
        let first = node("n1");
        read(&first, 5);
        first.record("news", b"Feedly/1.0 (12 subscribers)", None, true);
        first.flush_due(store, world.now()).await.unwrap();
        world.advance(MINUTE);
        first.shutdown(store, world.now()).await.unwrap();
        world.advance(MINUTE);
        let restarted = node("n2");
        read(&restarted, 4);
        let other = node("n3");
        read(&other, 3);
        other.record("news", b"Feedly/1.0 (12 subscribers)", None, true);
        world.advance(MINUTE);
        restarted.flush_due(store, world.now()).await.unwrap();
        other.flush_due(store, world.now()).await.unwrap();
        let readers_on = async |day: Day| aggregate_by_day(store.readership().since(Day(0)).await.unwrap()).remove("news").unwrap().get(&day).copied();
        let today = Day::containing(world.now());
        assert_eq!(readers_on(today).await, Some(DailyReadership { direct: 7, via_aggregators: 12, requests: 14, not_modified: 14 }));

        world.advance(DAY);
        read(&restarted, 1);
        restarted.flush_due(store, world.now()).await.unwrap();
        assert_eq!(readers_on(today).await.unwrap().requests, 15, "requests after the last flush should count for the previous day");
        read(&restarted, 2);
        world.advance(HOUR);
        restarted.flush_due(store, world.now()).await.unwrap();
        assert_eq!(readers_on(Day::containing(world.now())).await, Some(DailyReadership { direct: 2, via_aggregators: 0, requests: 2, not_modified: 2 }));
        world.advance(400 * DAY);
        restarted.flush_due(store, world.now()).await.unwrap();
        assert_eq!(readers_on(today).await, None, "counts should be deleted after 400 days");
    }

    async fn a_renamed_feed_keeps_its_readers(world) {
        let readership = Readership::new("n1".into(), || [7; 32], START_TIME);
        readership.record("news", b"R/1", None, false);
        readership.shutdown(&world.app.store, world.now()).await.unwrap();
        world.configure(|s| s.renamed.push(("news", "campus"))).await;
        let stored = world.app.store.readership().since(Day(0)).await.unwrap();
        assert_eq!(stored.iter().map(|c| c.feed.as_str()).collect::<Vec<_>>(), ["campus"]);
    }

    async fn terms_of_visible_articles_are_listed_with_their_counts(world) {
        use courant::domain::article::IncomingArticle;
        use courant::domain::selection::TermKind;
        let in_section = |id: &str, section: &str| IncomingArticle { sections: vec![section.into()], ..article(id) };
        world.publish([in_section("a", "R&D"), in_section("b", "r&d"), in_section("c", "Events"), in_section("d", "Gone")]).await;
        world.unpublish("d").await;
        let terms = world.app.store.terms().list(TermKind::Section, 9, world.now()).await.unwrap();
        let counts: Vec<_> = terms.iter().map(|t| (t.term.as_str(), t.articles)).collect();
        assert_eq!(counts, [("r&d", 2), ("events", 1)]);
        assert_eq!(terms[0].name.to_lowercase(), "r&d");
        assert_eq!(world.app.store.terms().list(TermKind::Section, 1, world.now()).await.unwrap().len(), 1);
    }
}

#[test]
fn the_cli_shows_readers_and_lists_on_demand_feeds() {
    let shell = Shell::new();
    crate::cli::import_example_data(&shell);
    let feeds = shell.courant(&["feeds", "readers", "--json"]).json();
    assert_eq!(
        (feeds[0]["feed"].as_str(), feeds[0]["today"].as_u64(), feeds[0]["requests"].as_u64()),
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
    let opml = std::fs::read_to_string(shell.path("public").join("feeds.opml")).unwrap();
    assert!(roxmltree::Document::parse(&opml).is_ok() && opml.contains("/feeds/news.rss"));
}

#[test]
fn readers_of_an_on_demand_feed_are_found_under_any_spelling_of_its_path() {
    let shell = Shell::new();
    crate::cli::import_example_data(&shell);
    let mut server = ServerProcess::start(&shell.path(""));
    let address = server.wait_until_ready();
    assert_eq!(
        get(address, "/feeds/language/en.rss", &["User-Agent: Feedly/1.0 (7 subscribers)"]).status,
        200
    );
    // The counts are stored when the server stops.
    server.stop();
    for spelling in ["language/en", "language/EN", "language/%65n"] {
        let days = shell.courant(&["feeds", "readers", spelling, "--json"]).json();
        assert_eq!(days[0]["via_aggregators"], 7, "{spelling}: {days}");
    }
}
