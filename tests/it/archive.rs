//! Archive pages of feeds, on-demand feeds and the disk cache.

use std::collections::{BTreeMap, BTreeSet};

use courant::app::App;
use courant::domain::article::IncomingArticle;
use courant::domain::time::{DAY, MINUTE, Millis};
use courant::feeds::cache::refresh_due;
use courant::feeds::on_demand::Lookup;
use courant::feeds::request::FeedRequest;
use serde_json::Value;

use crate::support::{START_TIME, World, article, database_tests};

/// Returns articles published on these days before the test starts, one per day.
fn daily_articles(days: std::ops::Range<i64>) -> Vec<IncomingArticle> {
    days.map(|day| IncomingArticle {
        published_at: START_TIME.plus(-DAY * i32::try_from(day).unwrap()),
        sections: vec![if day % 2 == 0 { "Campus".into() } else { "R&D/新闻".into() }],
        tags: vec![format!("day {}", day % 7)],
        authors: vec!["Li Wei".into()],
        language: Some(if day % 3 == 0 { "zh-CN".into() } else { "en".into() }),
        ..article(&format!("n{day}"))
    })
    .collect()
}

async fn fetch(app: &App, path: &str, now: Millis) -> Option<String> {
    let request = FeedRequest::from_path(path, None)?;
    let format = request.format.unwrap();
    match app
        .on_demand
        .lookup(&app.store, &app.config, &app.feed_cache, &request, format, now)
        .await
        .unwrap()?
    {
        Lookup::Document(_, rendered) => {
            Some(String::from_utf8(rendered.identity().to_vec()).unwrap())
        }
        Lookup::Redirect(url) => Some(url),
        Lookup::NotRendered => None,
    }
}

async fn refresh(world: &World) {
    refresh_due(&world.app.store, &world.app.config, &world.app.feed_cache, world.now())
        .await
        .unwrap();
}

/// Follows the links from a feed to its archive pages and returns all documents by path.
async fn walk_archive(world: &World, feed: &str) -> BTreeMap<String, String> {
    let mut documents = BTreeMap::new();
    let mut next = Some(format!("{feed}.json"));
    while let Some(path) = next {
        let text = fetch(&world.app, &path, world.now())
            .await
            .unwrap_or_else(|| panic!("{path} was not found"));
        let json: Value = serde_json::from_str(&text).unwrap();
        next = json["next_url"]
            .as_str()
            .map(|url| url.strip_prefix("https://news.example.edu/feeds/").unwrap().to_owned());
        assert!(documents.insert(path.clone(), text).is_none(), "{path} is linked twice");
    }
    documents
}

fn ids(documents: &BTreeMap<String, String>) -> BTreeSet<String> {
    let ids_of = |text: &String| {
        let json: Value = serde_json::from_str(text).unwrap();
        json["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| item["id"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    documents.values().flat_map(ids_of).collect()
}

database_tests! {
    async fn following_the_archive_links_of_a_feed_finds_every_published_article(world) {
        world.configure(|settings| settings.feed = "items = 20".into()).await;
        world.publish(daily_articles(0..200)).await;
        refresh(world).await;
        for feed in ["news", "section/campus", "section/r%26d%2F%E6%96%B0%E9%97%BB", "author/li%20wei/language/zh", "news/tag/day%203"] {
            let expected = daily_articles(0..200).into_iter().filter(|article| match feed {
                "section/campus" => article.sections == ["Campus"],
                "author/li%20wei/language/zh" => article.language.as_deref() == Some("zh-CN"),
                "news/tag/day%203" => article.tags == ["day 3"],
                "news" => true,
                _ => article.sections != ["Campus"],
            });
            let expected: BTreeSet<String> =
                expected.map(|article| format!("tag:news.example.edu,2026:college/{}", article.source_id)).collect();
            assert_eq!(ids(&walk_archive(world, feed).await), expected, "{feed}");
        }
    }

    async fn archive_pages_do_not_change_when_a_hundred_articles_are_published_later(world) {
        world.configure(|settings| settings.feed = "items = 20".into()).await;
        world.publish(daily_articles(0..120)).await;
        refresh(world).await;
        let before = walk_archive(world, "news").await;
        assert!(before.len() > 5, "{:?}", before.keys());
        for day in 1..=100 {
            world.advance(DAY / 4);
            world.publish([IncomingArticle { published_at: world.now(), ..article(&format!("later {day}")) }]).await;
        }
        refresh(world).await;
        let after = walk_archive(world, "news").await;
        for (path, text) in before.iter().filter(|(path, _)| path.contains("archive")) {
            assert_eq!(after.get(path), Some(text), "{path}");
        }
        assert_eq!(ids(&after).len(), 220);
        // Archive pages exist in each format and link to the following page, whose URL is not known
        // yet.
        let newest = before.keys().filter(|path| path.contains("archive")).max().unwrap().trim_end_matches(".json").to_owned();
        let rss = fetch(&world.app, &format!("{newest}.rss"), world.now()).await.unwrap();
        assert!(rss.contains("<fh:archive") && rss.contains("rel=\"current\"") && rss.contains(&format!("{newest}/next.rss")), "{rss}");
        let next = fetch(&world.app, &format!("{newest}/next.rss"), world.now()).await.unwrap();
        let path = next.strip_prefix("https://news.example.edu/feeds/").unwrap();
        assert!(after.contains_key(&format!("{path}.json")), "{next}");
    }

    async fn removing_an_article_changes_only_its_own_archive_page(world) {
        world.configure(|settings| settings.feed = "items = 10".into()).await;
        world.publish(daily_articles(0..90)).await;
        refresh(world).await;
        let before = walk_archive(world, "news").await;
        world.advance(MINUTE);
        world.unpublish("n60").await;
        refresh(world).await;
        let after = walk_archive(world, "news").await;
        assert_eq!(before.keys().collect::<Vec<_>>(), after.keys().collect::<Vec<_>>());
        let changed: Vec<&String> = before.iter().filter(|(path, text)| after[*path] != **text).map(|(path, _)| path).collect();
        assert_eq!(changed.len(), 1, "{changed:?}");
        assert_eq!(ids(&after).len(), 89);
    }

    async fn on_demand_feeds_exist_only_for_terms_of_published_articles(world) {
        world.publish(daily_articles(0..3)).await;
        world.publish([IncomingArticle { sections: vec!["Secret plans".into()], published_at: world.now().plus(DAY), ..article("tomorrow") }]).await;
        refresh(world).await;
        let find = async |path: &str| fetch(&world.app, path, world.now()).await;
        for known in ["section/Campus.rss", "tag/DAY%201.atom", "author/li%20wei.json", "language/zh.rss", "language/zh-cn.rss", "news/section/campus.rss"] {
            assert!(find(known).await.is_some(), "{known}");
        }
        for (feed, name) in [("section/campus", "Campus"), ("language/zh", "中文"), ("language/ZH-cn", "中文 (zh-CN)")] {
            let title = find(&format!("{feed}.rss")).await.unwrap().split("<title>").nth(1).unwrap().split('<').next().unwrap().to_owned();
            assert!(title.ends_with(&format!(": {name}")), "{title}");
        }
        for unknown in ["section/nothing.rss", "tag/campus.rss", "language/fr.rss", "section/secret%20plans.rss", "other.rss", "news/section/nothing.rss", "news/archive/2020-01.rss", "staff/0123456789abcdef.rss"] {
            assert!(find(unknown).await.is_none(), "{unknown}");
        }
        // A section whose last article is removed keeps an empty feed.
        world.advance(MINUTE);
        world.unpublish("n0").await;
        world.unpublish("n2").await;
        refresh(world).await;
        let remaining = find("section/campus.json").await.unwrap();
        assert!(remaining.contains("\"items\":[]"), "{remaining}");
        world.advance(DAY);
        refresh(world).await;
        assert!(find("section/secret%20plans.rss").await.is_some(), "it is published now");
    }

    async fn an_on_demand_feed_follows_every_change_of_its_articles(world) {
        world.publish(daily_articles(0..10)).await;
        refresh(world).await;
        let campus = async || fetch(&world.app, "section/campus.json", world.now()).await.unwrap();
        let before = campus().await;
        world.publish([IncomingArticle { sections: vec!["Sport".into()], ..article("match") }]).await;
        refresh(world).await;
        assert_eq!(campus().await, before);
        world.publish([IncomingArticle { sections: vec!["Campus".into()], ..article("match") }]).await;
        refresh(world).await;
        assert!(campus().await.contains("Title of match"), "the article moved into the section");
        world.publish([IncomingArticle { sections: vec!["Sport".into()], ..article("match") }]).await;
        refresh(world).await;
        assert!(!campus().await.contains("Title of match"), "the article moved out of the section");
    }

    async fn a_private_feed_has_one_url_and_its_articles_appear_in_no_on_demand_feed(world) {
        world.configure(|settings| settings.feed = "private = \"0123456789abcdef\"".into()).await;
        world.publish(daily_articles(0..3)).await;
        refresh(world).await;
        let text = fetch(&world.app, "news/0123456789abcdef.rss", world.now()).await.unwrap();
        assert!(text.contains("https://news.example.edu/feeds/news/0123456789abcdef.rss"));
        for guessed in ["news.rss", "news/0123456789abcdeg.rss", "section/campus.rss", "news/section/campus.rss"] {
            assert!(fetch(&world.app, guessed, world.now()).await.is_none(), "{guessed}");
        }
    }

    async fn after_a_restart_feeds_are_served_from_the_disk_cache_before_any_query(world) {
        world.publish(daily_articles(0..10)).await;
        world.configure(|settings| settings.more = "[[feeds]]\nname = \"campus\"\nsections = [\"Campus\"]".into()).await;
        let first = world.app.clone().with_disk_cache();
        let refresh = async |app: &App| refresh_due(&app.store, &app.config, &app.feed_cache, world.now()).await.unwrap();
        assert_eq!(refresh(&first).await.changed, 6);
        let original = first.feed_cache.get("news.rss").unwrap();
        drop(first);
        let second = world.app.clone().with_disk_cache();
        assert!(second.feed_cache.is_complete(&second.config));
        let restored = second.feed_cache.get("news.rss").unwrap();
        assert_eq!((restored.gzip(), &restored.etag, restored.modified), (original.gzip(), &original.etag, original.modified));
        let report = refresh(&second).await;
        assert_eq!((report.changed, report.unchanged), (0, 0), "nothing changed in between");
        drop(second);
        world.publish([IncomingArticle { sections: vec!["Sport".into()], ..article("match") }]).await;
        let third = world.app.clone().with_disk_cache();
        let report = refresh(&third).await;
        assert_eq!((report.changed, report.unchanged), (3, 0), "only the feed of all articles changed");
        assert!(String::from_utf8_lossy(&third.feed_cache.get("news.rss").unwrap().identity()).contains("Title of match"));
    }

    async fn a_failed_write_to_the_disk_cache_is_repeated_and_does_not_move_the_checkpoint(world) {
        world.publish(daily_articles(0..3)).await;
        let first = world.app.clone().with_disk_cache();
        let refresh = async |app: &App| refresh_due(&app.store, &app.config, &app.feed_cache, world.now()).await.unwrap();
        refresh(&first).await;
        let directory = world.app.config.server.feed_cache_dir.clone();
        let (away, checkpoint) = (directory.with_extension("away"), std::fs::read(directory.join("checkpoint")).unwrap());
        std::fs::rename(&directory, &away).unwrap();
        world.publish([IncomingArticle { sections: vec!["Sport".into()], ..article("match") }]).await;
        refresh(&first).await;
        std::fs::rename(&away, &directory).unwrap();
        assert_eq!(std::fs::read(directory.join("checkpoint")).unwrap(), checkpoint, "the checkpoint describes the documents on disk");
        refresh(&first).await;
        assert_ne!(std::fs::read(directory.join("checkpoint")).unwrap(), checkpoint);
        drop(first);
        let second = world.app.clone().with_disk_cache();
        assert!(String::from_utf8_lossy(&second.feed_cache.get("news.rss").unwrap().identity()).contains("Title of match"));
        assert_eq!(refresh(&second).await.unchanged, 0, "no document should be left to render");
    }

    async fn a_document_that_new_settings_do_not_change_is_rendered_once_after_the_change(world) {
        world.publish(daily_articles(0..3)).await;
        let refresh = async |world: &World| {
            let app = world.app.clone().with_disk_cache();
            refresh_due(&app.store, &app.config, &app.feed_cache, world.now()).await.unwrap()
        };
        refresh(world).await;
        world.configure(|settings| settings.feed = "max_age = \"7m\"".into()).await;
        let report = refresh(world).await;
        assert!(report.changed + report.unchanged == 3, "{report:?}");
        let report = refresh(world).await;
        assert_eq!((report.changed, report.unchanged), (0, 0), "the next start should have nothing to render");
    }

    async fn a_feed_with_another_selection_is_not_served_from_the_disk_cache(world) {
        world.configure(|settings| settings.feed = "private = \"0123456789abcdef\"".into()).await;
        world.publish(daily_articles(0..3)).await;
        let app = world.app.clone().with_disk_cache();
        refresh_due(&app.store, &app.config, &app.feed_cache, world.now()).await.unwrap();
        drop(app);
        assert!(world.app.clone().with_disk_cache().feed_cache.get("news.rss").is_some());
        world.configure(|settings| settings.feed = "sections = [\"Sport\"]".into()).await;
        assert!(world.app.clone().with_disk_cache().feed_cache.get("news.rss").is_none());
    }

    async fn removing_a_feed_deletes_its_cached_files(world) {
        world.publish(daily_articles(0..2)).await;
        let files = |world: &World| std::fs::read_dir(&world.app.config.server.feed_cache_dir).unwrap().count();
        let refresh = async |world: &World| {
            let app = world.app.clone().with_disk_cache();
            refresh_due(&app.store, &app.config, &app.feed_cache, world.now()).await.unwrap();
        };
        refresh(world).await;
        let before = files(world);
        world.configure(|settings| settings.more = "[[feeds]]\nname = \"campus\"\nsections = [\"Campus\"]".into()).await;
        refresh(world).await;
        assert_eq!(files(world), before + 3);
        world.configure(|settings| settings.more = String::new()).await;
        refresh(world).await;
        assert_eq!(files(world), before);
    }

    async fn a_corrupt_document_in_the_disk_cache_is_rendered_again(world) {
        world.publish(daily_articles(0..10)).await;
        let first = world.app.clone().with_disk_cache();
        refresh_due(&first.store, &first.config, &first.feed_cache, world.now()).await.unwrap();
        let good = first.feed_cache.get("news.atom").unwrap().identity();
        drop(first);
        let directory = world.app.config.server.feed_cache_dir.clone();
        for file in std::fs::read_dir(&directory).unwrap().map(|file| file.unwrap().path()).filter(|path| path.extension().is_some_and(|e| e == "feed")) {
            let mut bytes = std::fs::read(&file).unwrap();
            let middle = bytes.len() - 40;
            bytes[middle] ^= 0xff;
            std::fs::write(&file, bytes).unwrap();
        }
        let second = world.app.clone().with_disk_cache();
        assert!(second.feed_cache.get("news.atom").is_none());
        refresh_due(&second.store, &second.config, &second.feed_cache, world.now()).await.unwrap();
        assert_eq!(second.feed_cache.get("news.atom").unwrap().identity(), good);
    }
}
