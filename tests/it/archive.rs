//! The archive behind a feed, and the feeds that nobody declared.

use std::collections::{BTreeMap, BTreeSet};

use courant::app::App;
use courant::domain::article::IncomingArticle;
use courant::domain::time::{DAY, MINUTE, Millis};
use courant::feeds::cache::refresh_due;
use courant::feeds::on_demand::Lookup;
use courant::feeds::request::FeedRequest;
use serde_json::Value;

use crate::support::{START_TIME, World, article, stories};

/// Articles one a day, backwards from the beginning of the story.
fn daily(days: std::ops::Range<i32>) -> Vec<IncomingArticle> {
    days.map(|day| IncomingArticle {
        published_at: START_TIME.plus(-day * DAY),
        sections: vec![if day % 2 == 0 { "Campus".into() } else { "R&D/新闻".into() }],
        tags: vec![format!("day {}", day % 7)],
        authors: vec!["Li Wei".into()],
        language: Some(if day % 3 == 0 { "zh-CN".into() } else { "en".into() }),
        ..article(&format!("n{day}"))
    })
    .collect()
}

async fn asked(app: &App, path: &str, now: Millis) -> Option<String> {
    let asked = FeedRequest::from_path(path, None)?;
    let format = asked.format.unwrap();
    match app
        .on_demand
        .lookup(&app.store, &app.config, &app.feed_cache, &asked, format, now)
        .await
        .unwrap()?
    {
        Lookup::Document(_, made) => Some(String::from_utf8(made.identity().to_vec()).unwrap()),
        Lookup::Redirect(address) => Some(address),
        Lookup::NotRendered => None,
    }
}

async fn refresh(world: &World) {
    refresh_due(&world.app.store, &world.app.config, &world.app.feed_cache, world.now())
        .await
        .unwrap();
}

/// The feed's documents from the newest to the oldest, by their addresses.
async fn walk(world: &World, feed: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut next = Some(format!("{feed}.json"));
    while let Some(path) = next {
        let text = asked(&world.app, &path, world.now())
            .await
            .unwrap_or_else(|| panic!("{path} is not there"));
        let json: Value = serde_json::from_str(&text).unwrap();
        next = json["next_url"]
            .as_str()
            .map(|url| url.strip_prefix("https://news.example.edu/feeds/").unwrap().to_owned());
        assert!(found.insert(path.clone(), text).is_none(), "{path} comes twice");
    }
    found
}

fn ids(documents: &BTreeMap<String, String>) -> BTreeSet<String> {
    let of = |text: &String| {
        let json: Value = serde_json::from_str(text).unwrap();
        json["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| item["id"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    documents.values().flat_map(of).collect()
}

stories! {
    async fn walking_back_from_a_feed_finds_everything_once_published(world) {
        world.configure(|settings| settings.feed = "items = 20".into()).await;
        world.publish(daily(0..200)).await;
        refresh(world).await;
        for feed in ["news", "section/campus", "section/r%26d%2F%E6%96%B0%E9%97%BB", "author/li%20wei/language/zh", "news/tag/day%203"] {
            let expected = daily(0..200).into_iter().filter(|draft| match feed {
                "section/campus" => draft.sections == ["Campus"],
                "author/li%20wei/language/zh" => draft.language.as_deref() == Some("zh-CN"),
                "news/tag/day%203" => draft.tags == ["day 3"],
                "news" => true,
                _ => draft.sections != ["Campus"],
            });
            let expected: BTreeSet<String> =
                expected.map(|draft| format!("tag:news.example.edu,2026:college/{}", draft.source_id)).collect();
            assert_eq!(ids(&walk(world, feed).await), expected, "{feed}");
        }
    }

    async fn a_page_stays_as_it_is_when_a_hundred_more_are_published(world) {
        world.configure(|settings| settings.feed = "items = 20".into()).await;
        world.publish(daily(0..120)).await;
        refresh(world).await;
        let before = walk(world, "news").await;
        assert!(before.len() > 5, "{:?}", before.keys());
        for day in 1..=100 {
            world.advance(DAY / 4);
            world.publish([IncomingArticle { published_at: world.now(), ..article(&format!("later {day}")) }]).await;
        }
        refresh(world).await;
        let after = walk(world, "news").await;
        for (path, text) in before.iter().filter(|(path, _)| path.contains("archive")) {
            assert_eq!(after.get(path), Some(text), "{path}");
        }
        assert_eq!(ids(&after).len(), 220);
        // In each format and also for who walks forwards, which the bytes cannot know yet.
        let newest = before.keys().filter(|path| path.contains("archive")).max().unwrap().trim_end_matches(".json").to_owned();
        let rss = asked(&world.app, &format!("{newest}.rss"), world.now()).await.unwrap();
        assert!(rss.contains("<fh:archive") && rss.contains("rel=\"current\"") && rss.contains(&format!("{newest}/next.rss")), "{rss}");
        let next = asked(&world.app, &format!("{newest}/next.rss"), world.now()).await.unwrap();
        let path = next.strip_prefix("https://news.example.edu/feeds/").unwrap();
        assert!(after.contains_key(&format!("{path}.json")), "{next}");
    }

    async fn what_is_removed_leaves_its_page_and_moves_no_other(world) {
        world.configure(|settings| settings.feed = "items = 10".into()).await;
        world.publish(daily(0..90)).await;
        refresh(world).await;
        let before = walk(world, "news").await;
        world.advance(MINUTE);
        world.unpublish("n60").await;
        refresh(world).await;
        let after = walk(world, "news").await;
        assert_eq!(before.keys().collect::<Vec<_>>(), after.keys().collect::<Vec<_>>());
        let changed: Vec<&String> = before.iter().filter(|(path, text)| after[*path] != **text).map(|(path, _)| path).collect();
        assert_eq!(changed.len(), 1, "{changed:?}");
        assert_eq!(ids(&after).len(), 89);
    }

    async fn a_feed_of_what_was_never_published_is_not_found(world) {
        world.publish(daily(0..3)).await;
        world.publish([IncomingArticle { sections: vec!["Secret plans".into()], published_at: world.now().plus(DAY), ..article("tomorrow") }]).await;
        refresh(world).await;
        let find = async |path: &str| asked(&world.app, path, world.now()).await;
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
        // Whoever reads a section whose last article goes keeps an empty feed.
        world.advance(MINUTE);
        world.unpublish("n0").await;
        world.unpublish("n2").await;
        refresh(world).await;
        let left = find("section/campus.json").await.unwrap();
        assert!(left.contains("\"items\":[]"), "{left}");
        world.advance(DAY);
        refresh(world).await;
        assert!(find("section/secret%20plans.rss").await.is_some(), "its day has come");
    }

    async fn a_feed_on_demand_follows_every_change_that_touches_it(world) {
        world.publish(daily(0..10)).await;
        refresh(world).await;
        let campus = async || asked(&world.app, "section/campus.json", world.now()).await.unwrap();
        let before = campus().await;
        world.publish([IncomingArticle { sections: vec!["Sport".into()], ..article("match") }]).await;
        refresh(world).await;
        assert_eq!(campus().await, before);
        world.publish([IncomingArticle { sections: vec!["Campus".into()], ..article("match") }]).await;
        refresh(world).await;
        assert!(campus().await.contains("Title of match"), "it moved into the section");
        world.publish([IncomingArticle { sections: vec!["Sport".into()], ..article("match") }]).await;
        refresh(world).await;
        assert!(!campus().await.contains("Title of match"), "and out of it");
    }

    async fn a_private_feed_has_one_address_and_feeds_on_demand_tell_nothing_of_it(world) {
        world.configure(|settings| settings.feed = "private = \"0123456789abcdef\"".into()).await;
        world.publish(daily(0..3)).await;
        refresh(world).await;
        let text = asked(&world.app, "news/0123456789abcdef.rss", world.now()).await.unwrap();
        assert!(text.contains("https://news.example.edu/feeds/news/0123456789abcdef.rss"));
        for guessed in ["news.rss", "news/0123456789abcdeg.rss", "section/campus.rss", "news/section/campus.rss"] {
            assert!(asked(&world.app, guessed, world.now()).await.is_none(), "{guessed}");
        }
    }

    async fn what_was_made_is_served_after_a_restart_before_the_database_is_asked(world) {
        world.publish(daily(0..10)).await;
        world.configure(|settings| settings.more = "[[feeds]]\nname = \"campus\"\nsections = [\"Campus\"]".into()).await;
        let first = world.app.clone().with_disk_cache();
        let refresh = async |app: &App| refresh_due(&app.store, &app.config, &app.feed_cache, world.now()).await.unwrap();
        assert_eq!(refresh(&first).await.changed, 6);
        let kept = first.feed_cache.get("news.rss").unwrap();
        drop(first);
        let second = world.app.clone().with_disk_cache();
        assert!(second.feed_cache.is_complete(&second.config));
        let restored = second.feed_cache.get("news.rss").unwrap();
        assert_eq!((restored.gzip(), &restored.etag, restored.modified), (kept.gzip(), &kept.etag, kept.modified));
        let report = refresh(&second).await;
        assert_eq!((report.changed, report.unchanged), (0, 0), "nothing happened meanwhile");
        drop(second);
        world.publish([IncomingArticle { sections: vec!["Sport".into()], ..article("match") }]).await;
        let third = world.app.clone().with_disk_cache();
        let report = refresh(&third).await;
        assert_eq!((report.changed, report.unchanged), (3, 0), "only the feed of all was touched");
        assert!(String::from_utf8_lossy(&third.feed_cache.get("news.rss").unwrap().identity()).contains("Title of match"));
    }

    async fn what_the_disk_did_not_take_is_kept_later_and_never_counted_as_kept(world) {
        world.publish(daily(0..3)).await;
        let first = world.app.clone().with_disk_cache();
        let refresh = async |app: &App| refresh_due(&app.store, &app.config, &app.feed_cache, world.now()).await.unwrap();
        refresh(&first).await;
        let folder = world.app.config.server.feed_cache_dir.clone();
        let (away, checkpoint) = (folder.with_extension("away"), std::fs::read(folder.join("checkpoint")).unwrap());
        std::fs::rename(&folder, &away).unwrap();
        world.publish([IncomingArticle { sections: vec!["Sport".into()], ..article("match") }]).await;
        refresh(&first).await;
        std::fs::rename(&away, &folder).unwrap();
        assert_eq!(std::fs::read(folder.join("checkpoint")).unwrap(), checkpoint, "it says what is on disk");
        refresh(&first).await;
        assert_ne!(std::fs::read(folder.join("checkpoint")).unwrap(), checkpoint);
        drop(first);
        let second = world.app.clone().with_disk_cache();
        assert!(String::from_utf8_lossy(&second.feed_cache.get("news.rss").unwrap().identity()).contains("Title of match"));
        assert_eq!(refresh(&second).await.unchanged, 0, "nothing is left to look at");
    }

    async fn a_document_that_other_settings_left_as_it_was_is_looked_at_once(world) {
        world.publish(daily(0..3)).await;
        let refresh = async |world: &World| {
            let app = world.app.clone().with_disk_cache();
            refresh_due(&app.store, &app.config, &app.feed_cache, world.now()).await.unwrap()
        };
        refresh(world).await;
        world.configure(|settings| settings.feed = "max_age = \"7m\"".into()).await;
        let looked = refresh(world).await;
        assert!(looked.changed + looked.unchanged == 3, "{looked:?}");
        let looked = refresh(world).await;
        assert_eq!((looked.changed, looked.unchanged), (0, 0), "at the next start there is nothing to do");
    }

    async fn what_a_feed_may_no_longer_show_is_not_served_from_disk(world) {
        world.configure(|settings| settings.feed = "private = \"0123456789abcdef\"".into()).await;
        world.publish(daily(0..3)).await;
        let app = world.app.clone().with_disk_cache();
        refresh_due(&app.store, &app.config, &app.feed_cache, world.now()).await.unwrap();
        drop(app);
        assert!(world.app.clone().with_disk_cache().feed_cache.get("news.rss").is_some());
        world.configure(|settings| settings.feed = "sections = [\"Sport\"]".into()).await;
        assert!(world.app.clone().with_disk_cache().feed_cache.get("news.rss").is_none());
    }

    async fn what_was_kept_of_a_feed_leaves_the_disk_with_it(world) {
        world.publish(daily(0..2)).await;
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

    async fn a_kept_feed_that_was_damaged_is_made_anew(world) {
        world.publish(daily(0..10)).await;
        let first = world.app.clone().with_disk_cache();
        refresh_due(&first.store, &first.config, &first.feed_cache, world.now()).await.unwrap();
        let good = first.feed_cache.get("news.atom").unwrap().identity();
        drop(first);
        let folder = world.app.config.server.feed_cache_dir.clone();
        for file in std::fs::read_dir(&folder).unwrap().map(|file| file.unwrap().path()).filter(|path| path.extension().is_some_and(|e| e == "feed")) {
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
