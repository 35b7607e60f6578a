//! Feeds depend only on their articles and settings (guarantee 2).

use courant::domain::article::{Enclosure, IncomingArticle};
use courant::domain::time::{DAY, HOUR, MINUTE, SignedDuration};
use courant::feeds::cache::{RefreshReport, refresh_due};
use courant::feeds::format::Format;
use courant::feeds::render::render_all_formats;

use crate::support::{Database, START_TIME, Shell, TestClock, World, article, database_tests};

fn articles() -> Vec<IncomingArticle> {
    let mut all: Vec<IncomingArticle> = (0..30)
        .map(|i| IncomingArticle {
            published_at: START_TIME.plus(-DAY + (i / 3) * MINUTE),
            title: format!("News {i} & more <b>bold</b> 新闻"),
            sections: vec!["Campus".into()],
            ..article(&format!("n{i}"))
        })
        .collect();
    all[3].body_html = "<p>unclosed <script>alert(1)</script> \u{0} \u{b} ]]></p>".into();
    all
}

async fn bytes(world: &World) -> Vec<(Format, Vec<u8>)> {
    let config = &world.app.config;
    let rendered =
        render_all_formats(&world.app.store, config, &config.feeds[0], world.now()).await.unwrap();
    rendered.into_iter().map(|(format, body)| (format, body.to_vec())).collect()
}

fn assert_well_formed(rendered: &[(Format, Vec<u8>)]) {
    for (format, body) in rendered {
        let text = std::str::from_utf8(body).unwrap();
        match format {
            Format::Json => assert!(
                serde_json::from_str::<serde_json::Value>(text).unwrap()["items"].is_array()
            ),
            Format::Rss | Format::Atom => {
                assert!(roxmltree::Document::parse(text).unwrap().root_element().has_children())
            }
        }
    }
}

/// The order of imports and the kind of database must not influence the rendered bytes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_articles_render_to_the_same_bytes_on_every_database_in_any_order() {
    static TIME: TestClock = TestClock::new();
    let mut all = Vec::new();
    for (database, rotation) in [
        (Database::Sqlite, 0),
        (Database::Sqlite, 17),
        (Database::Postgres, 0),
        (Database::Postgres, 11),
    ] {
        let Some(world) = World::begin(database, &TIME, || TIME.now()).await else { continue };
        let mut articles = articles();
        articles.rotate_left(rotation);
        if rotation > 0 {
            articles.reverse();
        }
        let (first, rest) = articles.split_at(7);
        world.publish(first.to_vec()).await;
        world.advance(MINUTE);
        world.publish(rest.to_vec()).await;
        all.push(bytes(&world).await);
        world.end().await;
    }
    assert_well_formed(&all[0]);
    for other in &all[1..] {
        for ((format, one), (_, two)) in all[0].iter().zip(other) {
            assert_eq!(String::from_utf8_lossy(one), String::from_utf8_lossy(two), "{format:?}");
        }
    }
}

database_tests! {
    async fn a_feed_changes_only_when_its_articles_change(world) {
        world.publish(articles()).await;
        let app = &world.app;
        let refresh = async || refresh_due(&app.store, &app.config, &app.feed_cache, world.now()).await.unwrap();
        assert_eq!(refresh().await, RefreshReport { changed: 3, unchanged: 0 });
        let etag = || app.feed_cache.get("news.atom").unwrap().etag.clone();
        let before = etag();
        world.advance(HOUR);
        assert_eq!(refresh().await, RefreshReport::default());
        world.publish(articles()).await;
        refresh().await;
        assert_eq!(etag(), before, "publishing the same articles again should change nothing");
        world.publish([article("extra")]).await;
        assert_eq!(refresh().await.changed, 3);
        assert_ne!(etag(), before);
    }

    async fn a_feed_keeps_its_bytes_and_date_after_a_restart(world) {
        world.publish(articles()).await;
        let first = world.app.clone();
        refresh_due(&first.store, &first.config, &first.feed_cache, world.now()).await.unwrap();
        world.advance(DAY);
        let other = world.another_node().await;
        refresh_due(&other.store, &other.config, &other.feed_cache, world.now()).await.unwrap();
        for file in ["news.rss", "news.atom", "news.json"] {
            let (one, two) = (first.feed_cache.get(file).unwrap(), other.feed_cache.get(file).unwrap());
            assert_eq!((&one.etag, one.modified, one.identity()), (&two.etag, two.modified, two.identity()), "{file}");
        }
        other.store.close().await;
    }

    async fn removing_an_article_updates_the_date_of_its_feed(world) {
        world.publish([article("a"), article("b")]).await;
        let updated = async || {
            let rendered = bytes(world).await;
            let atom = rendered.iter().find(|(f, _)| *f == Format::Atom).unwrap();
            let text = String::from_utf8(atom.1.clone()).unwrap();
            let document = roxmltree::Document::parse(&text).unwrap();
            let updated = document.root_element().children().find(|n| n.has_tag_name(("http://www.w3.org/2005/Atom", "updated"))).unwrap();
            updated.text().unwrap().to_owned()
        };
        let before = updated().await;
        world.advance(HOUR);
        world.unpublish("a").await;
        let after = updated().await;
        assert!(after > before, "{before} {after}");
        assert_well_formed(&bytes(world).await);
        assert!(!String::from_utf8(bytes(world).await.remove(0).1).unwrap().contains("Title of a"));
    }

    async fn a_feed_contains_only_selected_articles_up_to_its_item_limit(world) {
        world.configure(|s| s.feed = "items = 2\nsections = [\"sport\"]".into()).await;
        let in_section = |id: &str, section: &str, hours: i64| IncomingArticle {
            sections: vec![section.into()],
            published_at: START_TIME.plus(-HOUR * i32::try_from(hours).unwrap()),
            ..article(id)
        };
        world.publish([in_section("old", "Sport", 9), in_section("new", "Sport", 1), in_section("other", "Campus", 2), in_section("middle", "sport", 5)]).await;
        let rendered = bytes(world).await;
        let json = rendered.iter().find(|(f, _)| *f == Format::Json).unwrap();
        let value: serde_json::Value = serde_json::from_slice(&json.1).unwrap();
        let ids: Vec<_> = value["items"].as_array().unwrap().iter().map(|i| i["id"].as_str().unwrap().rsplit('/').next().unwrap()).collect();
        assert_eq!(ids, ["new", "middle"]);
    }

    async fn an_article_keeps_its_id_when_its_url_changes(world) {
        world.publish([article("a")]).await;
        world.publish([IncomingArticle { url: Some("https://elsewhere.example/x".into()), title: "Moved".into(), ..article("a") }]).await;
        for (format, body) in bytes(world).await {
            let text = String::from_utf8(body).unwrap();
            assert!(text.contains("tag:news.example.edu,2026:college/a") && text.contains("https://elsewhere.example/x"), "{format:?}");
        }
    }

    async fn feeds_build_writes_the_bytes_that_are_served(world) {
        world.use_real_time();
        world.publish((0..5).map(|i| IncomingArticle { published_at: world.now().plus(-i * HOUR), ..article(&format!("a{i}")) })).await;
        refresh_due(&world.app.store, &world.app.config, &world.app.feed_cache, world.now()).await.unwrap();
        let config = world.config_file();
        let arguments = ["feeds", "build", "--out", "public", "--config", config.to_str().unwrap()];
        assert!(Shell::command(world.home.path(), &arguments).output().unwrap().status.success());
        for file in ["news.rss", "news.atom", "news.json"] {
            let written = std::fs::read(world.home.path().join("public").join(file)).unwrap();
            assert_eq!(written, world.app.feed_cache.get(file).unwrap().identity(), "{file}");
        }
    }

    async fn a_renamed_feed_keeps_the_date_of_its_last_change(world) {
        world.publish([article("a")]).await;
        refresh_due(&world.app.store, &world.app.config, &world.app.feed_cache, world.now()).await.unwrap();
        world.configure(|s| s.renamed.push(("news", "campus"))).await;
        assert_eq!(world.sql("UPDATE feed_versions SET etag = etag WHERE feed = 'campus'").await, 3);
        assert_eq!(world.sql("UPDATE feed_versions SET etag = etag WHERE feed = 'news'").await, 0);
    }

    async fn removing_an_article_that_was_never_in_a_feed_leaves_the_feed_unchanged(world) {
        world.configure(|s| s.feed = "sections = [\"sport\"]".into()).await;
        let in_section = |id: &str, section: &str, at: SignedDuration| IncomingArticle { sections: vec![section.into()], published_at: START_TIME.plus(at), ..article(id) };
        world.publish([in_section("a", "Sport", -HOUR), in_section("b", "Sport", -HOUR), in_section("c", "Campus", -HOUR), in_section("soon", "Sport", HOUR)]).await;
        let before = bytes(world).await;
        world.advance(MINUTE);
        world.unpublish("c").await;
        world.unpublish("soon").await;
        assert!(bytes(world).await == before, "neither article was ever in the feed");
        world.advance(2 * HOUR);
        assert!(bytes(world).await == before);
        world.unpublish("b").await;
        assert!(bytes(world).await != before);
    }

    async fn the_image_and_the_enclosure_of_an_article_are_updated_and_removed_with_it(world) {
        let with_media = |length: u64| IncomingArticle {
            image_url: Some("/boat.jpg".into()),
            image_alt: Some("A <b>boat</b>".into()),
            image_width: Some(640),
            image_height: Some(480),
            enclosure: Some(Enclosure { url: "talk.mp3".into(), media_type: String::new(), length }),
            ..article("a")
        };
        world.publish([with_media(0), article("b")]).await;
        let before = world.app.store.articles().find("college/a").await.unwrap().unwrap();
        let image = (before.image_alt.as_deref(), before.image_type.as_deref(), before.image_width.zip(before.image_height));
        assert_eq!(image, (Some("A boat"), Some("image/jpeg"), Some((640, 480))));
        let file = Enclosure { url: "https://college.example/talk.mp3".into(), media_type: "audio/mpeg".into(), length: 0 };
        assert_eq!(before.enclosure, Some(file.clone()));
        world.advance(HOUR);
        world.publish([with_media(9_000), article("b")]).await;
        let after = world.app.store.articles().find("college/a").await.unwrap().unwrap();
        assert_eq!(after.enclosure, Some(Enclosure { length: 9_000, ..file }));
        assert!(after.updated_at > before.updated_at, "a changed enclosure should count as an update");
        let rendered = bytes(world).await;
        for ((_, body), length) in rendered.iter().zip(["length=\"9000\"", "length=\"9000\"", "\"size_in_bytes\":9000"]) {
            assert!(String::from_utf8_lossy(body).contains(length), "{length}");
        }
        world.unpublish("a").await;
        let removed = world.app.store.articles().find("college/a").await.unwrap().unwrap();
        assert_eq!((removed.image_alt, removed.enclosure), (None, None));
    }

    async fn a_feed_that_failed_to_render_is_rendered_at_the_next_refresh(world) {
        world.publish([article("a")]).await;
        let app = &world.app;
        let refresh = async || refresh_due(&app.store, &app.config, &app.feed_cache, world.now()).await.unwrap();
        world.sql("UPDATE articles SET sections = 'no list'").await;
        assert_eq!(refresh().await, RefreshReport::default());
        assert!(app.feed_cache.get("news.rss").is_none());
        world.sql("UPDATE articles SET sections = '[]'").await;
        assert_eq!(refresh().await.changed, 3, "no article was added or removed");
    }
}
