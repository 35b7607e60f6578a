//! The CMS changes, and the articles stay who they are: nothing is announced again, in feeds or in digests (promises 1, 3 and 9).

use courant::digests::Prepared;
use courant::domain::article::{Article, IncomingArticle};
use courant::domain::time::HOUR;
use courant::sources::{self, SyncReport, import};
use courant::store::id_mappings::MappingResult;

use crate::support::{World, article, database_tests};

/// A new CMS beside the old one.
async fn moving(world: &mut World) {
    world.configure(|s| s.more = "[[sources]]\nname = \"fresh\"\nkind = \"builtin\"".into()).await;
}

async fn tell(
    world: &World,
    source: &str,
    drafts: impl IntoIterator<Item = IncomingArticle>,
) -> SyncReport {
    import::upsert_articles(
        &world.app.store,
        &world.app.config,
        source,
        drafts.into_iter().collect(),
        world.now(),
    )
    .await
    .unwrap()
}

/// Reads a map; the lines that are refused as `line: reason`.
async fn adopt(world: &World, map: &str) -> Result<MappingResult, Vec<String>> {
    let file = world.home.path().join("map.csv");
    std::fs::write(&file, map).unwrap();
    let done = sources::id_mapping::remap_ids(
        &world.app.store,
        &world.app.config,
        None,
        &file,
        world.now(),
    )
    .await
    .unwrap();
    done.map_err(|lines| lines.into_iter().map(|(line, why)| format!("{line}: {why}")).collect())
}

async fn counts(world: &World, map: &str) -> (usize, usize, usize) {
    let done = adopt(world, map).await.unwrap();
    (done.mapped, done.pending, done.unchanged)
}

async fn found(world: &World, id: &str) -> Article {
    world.app.store.find_article(id).await.unwrap().unwrap_or_else(|| panic!("no article {id}"))
}

async fn guids(world: &World) -> Vec<String> {
    let mut all: Vec<String> = world
        .app
        .store
        .list_articles(world.now(), None)
        .await
        .unwrap()
        .into_iter()
        .map(|a| a.guid)
        .collect();
    all.sort();
    all
}

fn ours(place: &str) -> String {
    format!("tag:news.example.edu,2026:{place}")
}

/// What a digest that was told everything so far still has to say.
async fn news(world: &World) -> Vec<String> {
    match world.run("weekly").await {
        Prepared::Created { edition, .. } => world.titles_in(edition).await,
        _ => Vec::new(),
    }
}

database_tests! {
    async fn articles_adopted_before_the_new_cms_is_read_come_in_as_the_old_ones(world) {
        moving(world).await;
        world.add_readers(1).await;
        tell(world, "college", ["a", "b", "c"].map(article)).await;
        assert_eq!(news(world).await.len(), 3);
        world.unpublish("b").await;
        let seen = found(world, "college/a").await.first_seen_at;
        assert_eq!(counts(world, "old,new\ncollege/a,fresh/1\nb,fresh/2\n").await, (2, 0, 0));
        world.advance(HOUR);
        assert_eq!(tell(world, "fresh", ["1", "2", "3"].map(article)).await.added, 1, "one of them is new indeed");
        assert_eq!(guids(world).await, [ours("college/a"), ours("college/b"), ours("college/c"), ours("fresh/3")]);
        let a = found(world, "fresh/1").await;
        assert_eq!((a.guid, a.first_seen_at, a.title), (ours("college/a"), seen, "Title of 1".into()));
        assert_eq!(news(world).await, ["Title of 3"]);
        // The same map again does no harm, and the old CMS, if it still tells its articles, tells nothing new.
        assert_eq!(counts(world, "college/a,fresh/1\nb,fresh/2\n").await, (0, 0, 2));
        let report = tell(world, "college", ["a", "c"].map(article)).await;
        assert_eq!(report.rejected, [("a".to_owned(), "its permanent id belongs to fresh/1".to_owned())]);
        assert_eq!(guids(world).await.len(), 4);
    }

    async fn articles_adopted_after_the_new_cms_was_read_become_one_with_the_old_ones(world) {
        moving(world).await;
        world.add_readers(1).await;
        tell(world, "college", ["a", "b", "c"].map(article)).await;
        let before = world.create_edition().await;
        world.advance(HOUR);
        tell(world, "college", [article("d")]).await;
        tell(world, "fresh", ["1", "2", "4", "5"].map(article)).await;
        world.unpublish("b").await;
        let map = format!("{},fresh/1\ncollege/b,fresh/2\nd,{}\n", ours("college/a"), ours("fresh/4"));
        assert_eq!(counts(world, &map).await, (3, 0, 0));
        assert_eq!(guids(world).await, [ours("college/a"), ours("college/b"), ours("college/c"), ours("college/d"), ours("fresh/5")]);
        assert_eq!(found(world, "fresh/1").await.title, "Title of 1");
        assert!(world.app.store.find_article("college/a").await.unwrap().is_none(), "there is one article, not two");
        let mut still = news(world).await;
        still.sort();
        assert_eq!(still, ["Title of 4", "Title of 5"], "what was not told yet is told once");
        assert!(world.titles_in(before).await.contains(&"Title of 1".to_owned()), "the edition knows its article");
        assert_eq!(counts(world, "college/a,fresh/1\ncollege/b,fresh/2\nd,fresh/4\n").await, (0, 0, 3));
    }

    async fn an_id_that_was_never_here_is_kept_for_its_article(world) {
        moving(world).await;
        tell(world, "fresh", [article("1")]).await;
        assert_eq!(counts(world, "https://old.example/?p=1,fresh/1\nurn:x:2,fresh/2\n").await, (1, 1, 0));
        assert_eq!(guids(world).await, ["https://old.example/?p=1"]);
        let thief = IncomingArticle { guid: Some("urn:x:2".into()), ..article("z") };
        assert_eq!(tell(world, "college", [thief]).await.rejected[0].1, "its permanent id belongs to fresh/2");
        tell(world, "fresh", [article("2")]).await;
        assert_eq!(guids(world).await, ["https://old.example/?p=1", "urn:x:2"]);
        let edited = IncomingArticle { title: "Edited".into(), ..article("2") };
        assert_eq!(tell(world, "fresh", [edited]).await.changed, 1);
        assert_eq!(found(world, "urn:x:2").await.title, "Edited");
    }

    async fn numbers_that_change_places_within_one_source_are_not_mixed_up(world) {
        world.add_readers(1).await;
        tell(world, "college", ["1", "2", "3"].map(article)).await;
        assert_eq!(news(world).await.len(), 3);
        assert_eq!(counts(world, "1,2\n2,1\n3,9\n").await, (3, 0, 0));
        assert_eq!(counts(world, "1,2\n2,1\n3,9\n").await, (0, 0, 3), "a second time they stay where they are");
        // The new CMS's 3 is another article; nobody takes it for the old one.
        let report = tell(world, "college", ["1", "2", "3", "9"].map(article)).await;
        assert_eq!((report.added, report.changed, report.rejected.len()), (1, 3, 0), "{report:?}");
        for (id, guid) in [("1", "college/2"), ("2", "college/1"), ("9", "college/3"), ("3", "college/3/2")] {
            let a = found(world, &format!("college/{id}")).await;
            assert_eq!((a.guid, a.title), (ours(guid), format!("Title of {id}")));
        }
        assert_eq!(news(world).await, ["Title of 3"]);
        let again = tell(world, "college", ["1", "2", "3", "9"].map(article)).await;
        assert_eq!((again.added, again.changed, again.rejected.len()), (0, 0, 0));
    }

    async fn translations_stay_one_story_told_once(world) {
        moving(world).await;
        world.add_readers(1).await;
        let twin = |id: &str, of: &str, language: &str| IncomingArticle {
            translation_of: Some(of.into()),
            language: Some(language.into()),
            ..article(id)
        };
        tell(world, "college", [article("a"), article("b"), twin("b-zh", "b", "zh")]).await;
        assert_eq!(news(world).await.len(), 2);
        // Its translation came later and so was no news; then the two part.
        tell(world, "college", [twin("a-zh", "a", "zh")]).await;
        assert_eq!(counts(world, "college/a,fresh/1\ncollege/b,fresh/2\ncollege/b-zh,fresh/3\n").await, (3, 0, 0));
        assert_eq!(news(world).await, Vec::<String>::new());
        assert_eq!(found(world, "fresh/2").await.group, found(world, "fresh/3").await.group);
        // A twin that the new CMS has is no news either.
        tell(world, "fresh", [article("1"), article("2"), twin("3", "2", "zh"), twin("4", "1", "de")]).await;
        assert_eq!(news(world).await, Vec::<String>::new());
        assert_eq!(found(world, "fresh/1").await.group, found(world, "fresh/4").await.group);
    }

    async fn what_was_told_under_the_new_id_alone_is_told_all_the_same(world) {
        moving(world).await;
        world.add_readers(1).await;
        tell(world, "college", [IncomingArticle { published_at: world.now().plus(-90 * 24 * HOUR), ..article("a") }]).await;
        tell(world, "fresh", [article("1")]).await;
        assert_eq!(news(world).await, ["Title of 1"]);
        assert_eq!(counts(world, "college/a,fresh/1\n").await, (1, 0, 0));
        tell(world, "fresh", [IncomingArticle { title: "Edited".into(), ..article("1") }]).await;
        assert_eq!(news(world).await, Vec::<String>::new());
    }

    async fn one_bad_line_and_nothing_is_adopted(world) {
        moving(world).await;
        tell(world, "college", ["a", "b"].map(article)).await;
        tell(world, "fresh", ["a", "1"].map(article)).await;
        let all = guids(world).await;
        let map = "college/b,fresh/2\na,fresh/3\nnobody,fresh/4\nurn:x:1,5\nurn:x:2,fresh/2\nalone\ncollege/a,fresh/1\n";
        let refused = adopt(world, map).await.unwrap_err();
        let expected = ["2: the old id \"a\" is ambiguous", "3: there is no article", "4: the source of the new id", "5: the new id", "6: found 1 fields"];
        assert_eq!(refused.len(), expected.len(), "{refused:?}");
        for (why, begin) in refused.iter().zip(expected) {
            assert!(why.starts_with(begin), "{why}");
        }
        assert_eq!(guids(world).await, all);
        assert_eq!(counts(world, "college/b,fresh/2\nurn:x:9,fresh/1\n").await, (2, 0, 0), "and the store is as it was");
    }
}
