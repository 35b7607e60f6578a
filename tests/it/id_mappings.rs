//! Id mappings: after a change of the CMS, articles keep their guids, and neither feeds nor digests
//! announce them again (guarantees 1, 3 and 9).

use courant::digests::Prepared;
use courant::domain::article::{Article, IncomingArticle};
use courant::domain::page::PageRequest;
use courant::domain::time::HOUR;
use courant::sources::{self, SyncReport, import};
use courant::store::id_mappings::MappingResult;

use crate::support::{World, article, database_tests};

/// Adds the source of a new CMS beside the old one.
async fn add_new_source(world: &mut World) {
    world.configure(|s| s.more = "[[sources]]\nname = \"fresh\"\nkind = \"builtin\"".into()).await;
}

async fn import_articles(
    world: &World,
    source: &str,
    articles: impl IntoIterator<Item = IncomingArticle>,
) -> SyncReport {
    import::upsert_articles(
        &world.app.store,
        &world.app.config,
        source,
        articles.into_iter().collect(),
        world.now(),
    )
    .await
    .unwrap()
}

/// Applies a mapping file; the error lists the rejected lines as `line: reason`.
async fn remap(world: &World, map: &str) -> Result<MappingResult, Vec<String>> {
    let file = world.home.path().join("map.csv");
    std::fs::write(&file, map).unwrap();
    let result = sources::id_mapping::remap_ids(
        &world.app.store,
        &world.app.config,
        None,
        &file,
        &courant::domain::actor::Actor::Cli,
        world.now(),
    )
    .await
    .unwrap();
    result.map_err(|lines| {
        lines.into_iter().map(|(line, reason)| format!("{line}: {reason}")).collect()
    })
}

async fn remap_counts(world: &World, map: &str) -> (usize, usize, usize) {
    let result = remap(world, map).await.unwrap();
    (result.mapped, result.pending, result.unchanged)
}

async fn find(world: &World, id: &str) -> Article {
    world.app.store.articles().find(id).await.unwrap().unwrap_or_else(|| panic!("no article {id}"))
}

async fn guids(world: &World) -> Vec<String> {
    let mut all: Vec<String> = world
        .app
        .store
        .articles()
        .list(world.now(), &PageRequest::first(999))
        .await
        .unwrap()
        .items
        .into_iter()
        .map(|a| a.guid)
        .collect();
    all.sort();
    all
}

fn generated_guid(path: &str) -> String {
    format!("tag:news.example.edu,2026:{path}")
}

/// Returns the titles of the next edition, which contains only stories that were not sent before.
async fn next_edition_titles(world: &World) -> Vec<String> {
    match world.run("weekly").await {
        Prepared::Created { edition, .. } => world.titles_in(edition).await,
        _ => Vec::new(),
    }
}

database_tests! {
    async fn articles_remapped_before_the_first_sync_of_a_new_source_keep_their_guids(world) {
        add_new_source(world).await;
        world.add_readers(1).await;
        import_articles(world, "college", ["a", "b", "c"].map(article)).await;
        assert_eq!(next_edition_titles(world).await.len(), 3);
        world.unpublish("b").await;
        let first_seen_at = find(world, "college/a").await.first_seen_at;
        assert_eq!(remap_counts(world, "old,new\ncollege/a,fresh/1\nb,fresh/2\n").await, (2, 0, 0));
        world.advance(HOUR);
        assert_eq!(import_articles(world, "fresh", ["1", "2", "3"].map(article)).await.added, 1, "only the article without a mapping is new");
        assert_eq!(guids(world).await, [generated_guid("college/a"), generated_guid("college/b"), generated_guid("college/c"), generated_guid("fresh/3")]);
        let a = find(world, "fresh/1").await;
        assert_eq!((a.guid, a.first_seen_at, a.title), (generated_guid("college/a"), first_seen_at, "Title of 1".into()));
        assert_eq!(next_edition_titles(world).await, ["Title of 3"]);
        // Applying the same mapping again changes nothing, and articles that the old CMS still has
        // add nothing.
        assert_eq!(remap_counts(world, "college/a,fresh/1\nb,fresh/2\n").await, (0, 0, 2));
        let report = import_articles(world, "college", ["a", "c"].map(article)).await;
        assert_eq!(report.rejected, [("a".to_owned(), "its permanent id belongs to fresh/1".to_owned())]);
        assert_eq!(guids(world).await.len(), 4);
    }

    async fn articles_remapped_after_the_first_sync_of_a_new_source_are_merged_with_the_old_ones(world) {
        add_new_source(world).await;
        world.add_readers(1).await;
        import_articles(world, "college", ["a", "b", "c"].map(article)).await;
        let before = world.create_edition().await;
        world.advance(HOUR);
        import_articles(world, "college", [article("d")]).await;
        import_articles(world, "fresh", ["1", "2", "4", "5"].map(article)).await;
        world.unpublish("b").await;
        let map = format!("{},fresh/1\ncollege/b,fresh/2\nd,{}\n", generated_guid("college/a"), generated_guid("fresh/4"));
        assert_eq!(remap_counts(world, &map).await, (3, 0, 0));
        assert_eq!(guids(world).await, [generated_guid("college/a"), generated_guid("college/b"), generated_guid("college/c"), generated_guid("college/d"), generated_guid("fresh/5")]);
        assert_eq!(find(world, "fresh/1").await.title, "Title of 1");
        assert!(world.app.store.articles().find("college/a").await.unwrap().is_none(), "the two articles should be merged");
        let mut titles = next_edition_titles(world).await;
        titles.sort();
        assert_eq!(titles, ["Title of 4", "Title of 5"], "stories that were not sent yet are sent once");
        assert!(world.titles_in(before).await.contains(&"Title of 1".to_owned()), "the edition keeps its article");
        assert_eq!(remap_counts(world, "college/a,fresh/1\ncollege/b,fresh/2\nd,fresh/4\n").await, (0, 0, 3));
    }

    async fn a_mapping_of_an_unknown_id_reserves_it_for_the_new_article(world) {
        add_new_source(world).await;
        import_articles(world, "fresh", [article("1")]).await;
        assert_eq!(remap_counts(world, "https://old.example/?p=1,fresh/1\nurn:x:2,fresh/2\n").await, (1, 1, 0));
        assert_eq!(guids(world).await, ["https://old.example/?p=1"]);
        let conflicting = IncomingArticle { guid: Some("urn:x:2".into()), ..article("z") };
        assert_eq!(import_articles(world, "college", [conflicting]).await.rejected[0].1, "its permanent id belongs to fresh/2");
        let incoming = [("z".to_owned(), "urn:x:2".to_owned())];
        let mapped = world.app.store.articles().mapped_ids("college").await.unwrap();
        let conflicts = world.app.store.articles().guid_conflicts_among("college", &mapped, &incoming).await.unwrap();
        assert_eq!(conflicts.get("z").map(String::as_str), Some("fresh/2"), "the mapping has no former article");
        import_articles(world, "fresh", [article("2")]).await;
        assert_eq!(guids(world).await, ["https://old.example/?p=1", "urn:x:2"]);
        let edited = IncomingArticle { title: "Edited".into(), ..article("2") };
        assert_eq!(import_articles(world, "fresh", [edited]).await.changed, 1);
        assert_eq!(find(world, "urn:x:2").await.title, "Edited");
    }

    async fn ids_swapped_within_one_source_are_remapped_correctly(world) {
        world.add_readers(1).await;
        import_articles(world, "college", ["1", "2", "3"].map(article)).await;
        assert_eq!(next_edition_titles(world).await.len(), 3);
        assert_eq!(remap_counts(world, "1,2\n2,1\n3,9\n").await, (3, 0, 0));
        assert_eq!(remap_counts(world, "1,2\n2,1\n3,9\n").await, (0, 0, 3), "applying the mapping twice should change nothing");
        // Number 3 of the new CMS is another article, which must not be taken for the old one.
        let report = import_articles(world, "college", ["1", "2", "3", "9"].map(article)).await;
        assert_eq!((report.added, report.changed, report.rejected.len()), (1, 3, 0), "{report:?}");
        for (id, guid) in [("1", "college/2"), ("2", "college/1"), ("9", "college/3"), ("3", "college/3/2")] {
            let a = find(world, &format!("college/{id}")).await;
            assert_eq!((a.guid, a.title), (generated_guid(guid), format!("Title of {id}")));
        }
        assert_eq!(next_edition_titles(world).await, ["Title of 3"]);
        let again = import_articles(world, "college", ["1", "2", "3", "9"].map(article)).await;
        assert_eq!((again.added, again.changed, again.rejected.len()), (0, 0, 0));
    }

    async fn translations_of_remapped_articles_stay_one_story_that_is_sent_once(world) {
        add_new_source(world).await;
        world.add_readers(1).await;
        let translation = |id: &str, of: &str, language: &str| IncomingArticle {
            translation_of: Some(of.into()),
            language: Some(language.into()),
            ..article(id)
        };
        import_articles(world, "college", [article("a"), article("b"), translation("b-zh", "b", "zh")]).await;
        assert_eq!(next_edition_titles(world).await.len(), 2);
        // A translation that is added later is not a new story; the mapping does not contain it.
        import_articles(world, "college", [translation("a-zh", "a", "zh")]).await;
        assert_eq!(remap_counts(world, "college/a,fresh/1\ncollege/b,fresh/2\ncollege/b-zh,fresh/3\n").await, (3, 0, 0));
        assert_eq!(next_edition_titles(world).await, Vec::<String>::new());
        assert_eq!(find(world, "fresh/2").await.story, find(world, "fresh/3").await.story);
        // A translation that only the new CMS has is not a new story either.
        import_articles(world, "fresh", [article("1"), article("2"), translation("3", "2", "zh"), translation("4", "1", "de")]).await;
        assert_eq!(next_edition_titles(world).await, Vec::<String>::new());
        assert_eq!(find(world, "fresh/1").await.story, find(world, "fresh/4").await.story);
    }

    async fn a_story_sent_under_its_new_id_is_not_sent_again_after_remapping(world) {
        add_new_source(world).await;
        world.add_readers(1).await;
        import_articles(world, "college", [IncomingArticle { published_at: world.now().plus(-90 * 24 * HOUR), ..article("a") }]).await;
        import_articles(world, "fresh", [article("1")]).await;
        assert_eq!(next_edition_titles(world).await, ["Title of 1"]);
        assert_eq!(remap_counts(world, "college/a,fresh/1\n").await, (1, 0, 0));
        import_articles(world, "fresh", [IncomingArticle { title: "Edited".into(), ..article("1") }]).await;
        assert_eq!(next_edition_titles(world).await, Vec::<String>::new());
    }

    async fn a_mapping_file_with_invalid_lines_changes_nothing(world) {
        add_new_source(world).await;
        import_articles(world, "college", ["a", "b"].map(article)).await;
        import_articles(world, "fresh", ["a", "1"].map(article)).await;
        let all = guids(world).await;
        let map = "college/b,fresh/2\na,fresh/3\nnobody,fresh/4\nurn:x:1,5\nurn:x:2,fresh/2\nalone\ncollege/a,fresh/1\n";
        let rejected = remap(world, map).await.unwrap_err();
        let expected = ["2: the old id \"a\" is ambiguous", "3: there is no article", "4: the source of the new id", "5: the new id", "6: found 1 fields"];
        assert_eq!(rejected.len(), expected.len(), "{rejected:?}");
        for (reason, begin) in rejected.iter().zip(expected) {
            assert!(reason.starts_with(begin), "{reason}");
        }
        assert_eq!(guids(world).await, all);
        assert_eq!(remap_counts(world, "college/b,fresh/2\nurn:x:9,fresh/1\n").await, (2, 0, 0), "a rejected file should change nothing");
    }
}
