//! Sync of articles from a CMS database: added, changed, removed and returning articles, and errors
//! that lose nothing (guarantees 1 and 8).

use axum::http::{Method, StatusCode};
use courant::digests::Prepared;
use courant::domain::actor::Actor;
use courant::domain::article::{Article, IncomingArticle};
use courant::domain::page::PageRequest;
use courant::domain::role::Role;
use courant::domain::time::{DAY, HOUR, MINUTE, Millis, SignedDuration};
use courant::sources::{self, SyncReport};
use courant::store::articles::NormalizedArticle;
use courant::store::renames::RenamedKind;
use serde_json::json;
use sqlx::{AssertSqlSafe, Connection, SqliteConnection};

use crate::api::Client;
use crate::support::{START_TIME, World, article, database_tests};

const QUERY: &str = "SELECT id, title, body AS body_html, published_at FROM news";

/// Creates a CMS database with a table of news, and configures a source that reads it.
async fn configure_cms(world: &mut World) {
    let path = world.home.path().join("cms.db");
    std::fs::File::create(&path).unwrap();
    run_sql(
        world,
        "CREATE TABLE news (id INTEGER PRIMARY KEY, title TEXT, body TEXT, published_at TEXT)",
    )
    .await;
    let source = format!(
        "kind = \"query\"\nurl = \"sqlite://{}\"\nquery = \"{QUERY}\"\npoll = \"1m\"",
        path.display()
    );
    world.configure(|s| s.source = source).await;
}

async fn run_sql(world: &World, text: &str) {
    let url = format!("sqlite://{}", world.home.path().join("cms.db").display());
    let mut db = SqliteConnection::connect(&url).await.unwrap();
    sqlx::query(AssertSqlSafe(text.to_owned())).execute(&mut db).await.unwrap();
    db.close().await.unwrap();
}

async fn insert(world: &World, ids: std::ops::Range<i64>) {
    for id in ids {
        let published = START_TIME.plus(-DAY + SignedDuration::from_secs(id)).rfc3339();
        run_sql(
            world,
            &format!(
                "INSERT INTO news VALUES ({id}, 'News {id}', '<p>Body {id}</p>', '{published}')"
            ),
        )
        .await;
    }
}

async fn sync(world: &World, accept: bool) -> SyncReport {
    sources::sync_now(
        &world.app.store,
        &world.app.config,
        &world.app.config.sources[0],
        accept,
        &Actor::Cli,
        world.now(),
    )
    .await
    .unwrap()
}

async fn titles(world: &World) -> Vec<String> {
    world
        .app
        .store
        .articles()
        .list(world.now(), &PageRequest::first(999))
        .await
        .unwrap()
        .items
        .into_iter()
        .map(|a| a.title)
        .collect()
}

database_tests! {
    async fn articles_added_changed_and_removed_in_the_cms_are_mirrored(world) {
        configure_cms(world).await;
        insert(world, 1..4).await;
        let first = sync(world, false).await;
        assert_eq!((first.added, first.changed, first.removed), (3, 0, 0));
        assert_eq!(titles(world).await, ["News 3", "News 2", "News 1"]);
        let again = sync(world, false).await;
        assert_eq!((again.added, again.changed, again.removed), (0, 0, 0), "an unchanged source should change nothing");
        run_sql(world, "UPDATE news SET title = 'Corrected' WHERE id = 2").await;
        run_sql(world, "DELETE FROM news WHERE id = 3").await;
        let third = sync(world, false).await;
        assert_eq!((third.added, third.changed, third.removed), (0, 1, 1));
        assert_eq!(titles(world).await, ["Corrected", "News 1"]);
    }

    async fn a_row_dated_outside_the_years_1_to_9999_is_rejected_alone(world) {
        configure_cms(world).await;
        insert(world, 1..4).await;
        run_sql(world, "UPDATE news SET published_at = '-000500-01-01T00:00:00Z' WHERE id = 2").await;
        run_sql(world, "UPDATE news SET published_at = '-99999999999999' WHERE id = 3").await;
        let report = sync(world, false).await;
        assert_eq!((report.added, report.rejected.len()), (1, 2), "{report:?}");
        assert!(report.rejected.iter().all(|(_, reason)| reason == "published_at is outside the years 1 to 9999"), "{report:?}");
        assert_eq!(titles(world).await, ["News 1"]);
    }

    async fn an_article_that_returns_keeps_its_id(world) {
        configure_cms(world).await;
        insert(world, 1..3).await;
        sync(world, false).await;
        let before = world.app.store.articles().find("college/1").await.unwrap().unwrap();
        assert_eq!(before.guid, "tag:news.example.edu,2026:college/1");
        run_sql(world, "DELETE FROM news WHERE id = 1").await;
        world.advance(HOUR);
        sync(world, false).await;
        let gone = world.app.store.articles().find("college/1").await.unwrap().unwrap();
        assert!(gone.removed_at.is_some() && gone.body_html.is_empty() && gone.guid == before.guid, "a tombstone should keep only the id");
        insert(world, 1..2).await;
        assert_eq!(sync(world, false).await.changed, 1);
        let back = world.app.store.articles().find("college/1").await.unwrap().unwrap();
        assert_eq!((back.guid, back.first_seen_at, back.removed_at), (before.guid, before.first_seen_at, None));
    }

    async fn blocked_removals_are_accepted_over_the_api(world) {
        configure_cms(world).await;
        insert(world, 1..21).await;
        sync(world, false).await;
        let client = Client::new(world, Role::Admin).await;
        let path = "/api/v1/sources/college/accept-removals";
        let accept = async || client.send(Method::POST, path, &[], None).await;
        assert_eq!(accept().await.status, StatusCode::CONFLICT, "nothing is blocked");
        run_sql(world, "DELETE FROM news WHERE id > 5").await;
        assert_eq!(sync(world, false).await.blocked_removals, 15);
        let accepted = accept().await;
        assert_eq!(accepted.status, StatusCode::ACCEPTED, "{accepted:?}");
        let config = world.app.config.clone();
        let due = sources::sync_due(&world.app.store, &config, &config.sources[0], world.now());
        let report = due.await.unwrap().unwrap();
        assert_eq!((report.removed, report.blocked_removals, titles(world).await.len()), (15, 0, 5));
        let state = world.app.store.sources().state("college").await.unwrap().unwrap();
        assert_eq!(state.accepted_removals, 0, "later removals need another decision");
        let audit = client.get("/api/v1/audit").await;
        let entry = &audit.json["items"][0];
        assert_eq!((&entry["action"], &entry["actor"]["name"]), (&json!("accept_removals"), &json!("client-admin")), "{audit:?}");
    }

    async fn accepted_removals_are_only_as_many_as_the_admin_saw(world) {
        configure_cms(world).await;
        insert(world, 1..41).await;
        sync(world, false).await;
        run_sql(world, "DELETE FROM news WHERE id > 15").await;
        assert_eq!(sync(world, false).await.blocked_removals, 25);
        let (sources, now) = (world.app.store.sources(), world.now());
        assert!(!sources.accept_removals("college", 24, &Actor::Cli, now).await.unwrap());
        assert!(sources.accept_removals("college", 25, &Actor::Cli, now).await.unwrap());
        run_sql(world, "DELETE FROM news WHERE id > 5").await;
        let config = world.app.config.clone();
        let due = sources::sync_due(&world.app.store, &config, &config.sources[0], now);
        let report = due.await.unwrap().unwrap();
        assert_eq!((report.removed, report.blocked_removals), (0, 35), "more than accepted");
        assert_eq!(titles(world).await.len(), 40);
    }

    async fn a_removal_of_most_articles_is_blocked_until_an_admin_accepts_it(world) {
        configure_cms(world).await;
        insert(world, 1..21).await;
        sync(world, false).await;
        run_sql(world, "DELETE FROM news WHERE id > 5").await;
        let blocked = sync(world, false).await;
        assert_eq!((blocked.blocked_removals, blocked.removed, titles(world).await.len()), (15, 0, 20));
        let states = world.app.store.sources().states().await.unwrap();
        assert_eq!(states[0].blocked_removals, 15);
        let accepted = sync(world, true).await;
        assert_eq!((accepted.blocked_removals, accepted.removed, titles(world).await.len()), (0, 15, 5));
        assert_eq!(world.app.store.sources().states().await.unwrap()[0].blocked_removals, 0);
    }

    async fn a_removal_of_few_articles_is_carried_out_at_once(world) {
        configure_cms(world).await;
        insert(world, 1..9).await;
        sync(world, false).await;
        run_sql(world, "DELETE FROM news").await;
        let report = sync(world, false).await;
        assert_eq!((report.removed, report.blocked_removals), (8, 0), "up to ten removals should not be blocked");
    }

    async fn an_invalid_row_does_not_affect_others_and_is_reported_as_new_once(world) {
        configure_cms(world).await;
        insert(world, 1..4).await;
        run_sql(world, "UPDATE news SET published_at = 'soon' WHERE id = 2").await;
        let report = sync(world, false).await;
        // The second issue is the note that no row of the query has a link.
        assert_eq!((report.added, report.rejected.len(), report.new_issues.len()), (2, 1, 2));
        assert!(report.notes[0].note.contains("No article has a link"), "{:?}", report.notes);
        assert_eq!(report.rejected[0].0, "2");
        assert!(report.rejected[0].1.contains("`soon` is not a valid time"), "{:?}", report.rejected);
        assert!(sync(world, false).await.new_issues.is_empty());
        run_sql(world, "UPDATE news SET published_at = '2026-09-20 10:00:00' WHERE id = 2").await;
        assert_eq!(sync(world, false).await.added, 1);
    }

    async fn a_row_that_becomes_invalid_does_not_remove_its_article(world) {
        configure_cms(world).await;
        insert(world, 1..3).await;
        sync(world, false).await;
        run_sql(world, "UPDATE news SET published_at = NULL WHERE id = 2").await;
        let report = sync(world, false).await;
        assert_eq!((report.removed, titles(world).await.len()), (0, 2));
    }

    async fn a_future_article_appears_when_its_time_comes(world) {
        configure_cms(world).await;
        let soon = START_TIME.plus(2 * HOUR).rfc3339();
        run_sql(world, &format!("INSERT INTO news VALUES (1, 'Soon', 'x', '{soon}')")).await;
        let report = sync(world, false).await;
        assert_eq!((report.added, report.scheduled), (0, 1));
        assert!(titles(world).await.is_empty());
        let (app, cache) = (&world.app, &world.app.feed_cache);
        courant::feeds::cache::refresh_due(&app.store, &app.config, cache, world.now()).await.unwrap();
        let bytes = || String::from_utf8(cache.get("news.json").unwrap().identity().to_vec()).unwrap();
        assert!(!bytes().contains("Soon"));
        world.advance(2 * HOUR + MINUTE);
        courant::feeds::cache::refresh_due(&app.store, &app.config, cache, world.now()).await.unwrap();
        assert!(bytes().contains("Soon"), "the article should appear without another sync");
    }

    async fn a_failing_source_keeps_its_articles_and_is_retried_after_a_backoff(world) {
        configure_cms(world).await;
        insert(world, 1..4).await;
        sync(world, false).await;
        run_sql(world, "ALTER TABLE news RENAME TO elsewhere").await;
        let now = world.now().plus(HOUR);
        let tick = async |now: Millis| usize::from(sources::sync_due(&world.app.store, &world.app.config, &world.app.config.sources[0], now).await.unwrap().is_some());
        assert_eq!(tick(now).await, 0, "the tick should not fail");
        let state = world.app.store.sources().states().await.unwrap().remove(0);
        assert!(state.failures == 1 && state.error.is_some(), "{state:?}");
        assert_eq!(titles(world).await.len(), 3);
        run_sql(world, "ALTER TABLE elsewhere RENAME TO news").await;
        assert_eq!(tick(now.plus(SignedDuration::from_millis(1))).await, 0, "the source should not be read before its backoff ends");
        assert_eq!(tick(now.plus(HOUR)).await, 1);
        let state = world.app.store.sources().states().await.unwrap().remove(0);
        assert!(state.failures == 0 && state.error.is_none(), "{state:?}");
    }

    async fn a_query_with_an_unknown_column_is_rejected_with_a_list_of_valid_columns(world) {
        configure_cms(world).await;
        world.configure(|s| s.source = s.source.replace("body AS body_html", "body")).await;
        let reason = sources::check(&world.app.config.sources[0]).await.unwrap_err().to_string();
        assert!(reason.contains("`body` is not an article column") && reason.contains("body_html"), "{reason}");
    }

    async fn of_rows_with_the_same_id_the_first_is_imported_and_the_others_are_reported(world) {
        configure_cms(world).await;
        insert(world, 1..3).await;
        let doubled = format!("{QUERY} UNION ALL SELECT 2, 'Another', '<p>x</p>', published_at FROM news WHERE id = 1");
        world.configure(|s| s.source = s.source.replace(QUERY, &doubled)).await;
        let inspection = sources::inspect::inspect(&world.app.store, &world.app.config, &world.app.config.sources[0], world.now()).await.unwrap();
        assert_eq!((inspection.public, inspection.rejected), (2, vec![("2".to_owned(), "another row has the same id".to_owned())]));
        assert_eq!(sync(world, false).await.rejected.len(), 1);
        assert_eq!(titles(world).await, ["News 2", "News 1"]);
        assert_eq!(world.app.store.sources().states().await.unwrap()[0].rejected, 1);
        world.configure(|s| s.source = s.source.replace(&doubled, QUERY)).await;
        assert!(sync(world, false).await.rejected.is_empty());
        assert_eq!(world.app.store.sources().states().await.unwrap()[0].rejected, 0);
    }

    async fn a_sync_never_writes_to_the_source(world) {
        configure_cms(world).await;
        insert(world, 1..2).await;
        let file = world.home.path().join("cms.db");
        let before = std::fs::read(&file).unwrap();
        sync(world, false).await;
        assert_eq!(std::fs::read(&file).unwrap(), before);
        world.configure(|s| s.source = s.source.replace(QUERY, "DELETE FROM news RETURNING id, title, body AS body_html, published_at")).await;
        let source = &world.app.config.sources[0];
        assert!(sources::sync_now(&world.app.store, &world.app.config, source, false, &Actor::Cli, world.now()).await.is_err());
        assert_eq!(std::fs::read(&file).unwrap(), before, "a query that writes should be rejected");
    }

    async fn a_renamed_source_keeps_its_articles_and_their_ids(world) {
        configure_cms(world).await;
        insert(world, 1..3).await;
        sync(world, false).await;
        world.configure(|s| s.renamed.push(("college", "campus"))).await;
        let report = sync(world, false).await;
        assert_eq!((report.added, report.removed), (0, 0), "{report:?}");
        let article = world.app.store.articles().find("campus/1").await.unwrap().unwrap();
        assert_eq!(article.guid, "tag:news.example.edu,2026:college/1", "the published id should not change");
    }

    async fn a_translation_is_never_sent_as_a_new_story_even_if_its_import_is_interrupted(world) {
        world.publish([IncomingArticle { language: Some("en".into()), ..article("old") }]).await;
        world.add_readers(1).await;
        world.create_edition().await;
        let translation = Article { guid: "tag:translation".into(), source: "college".into(), source_id: "translation".into(), title: "Neues".into(),
            language: "de".into(), published_at: world.now().plus(-HOUR), updated_at: world.now(), ..Article::default() };
        let other = Article { guid: "tag:other".into(), source_id: "other".into(), title: "Other".into(), ..translation.clone() };
        let normalize = |article: Article, translation: Option<&str>| NormalizedArticle { article, has_update_time: true, translation_of: translation.map(Into::into), content_hash: "h".into() };
        let normalized = vec![normalize(translation, Some("old")), normalize(other, None)];
        world.app.store.articles().save(normalized, None, world.now()).await.unwrap();
        assert!(!matches!(world.run("weekly").await, Prepared::Created { .. }), "an article whose group is not known yet should not be sent");
        // The program was killed here; the next sync determines the group.
        sources::sync_due(&world.app.store, &world.app.config, &world.app.config.sources[0], world.now()).await.unwrap();
        let edition = world.create_edition().await;
        assert_eq!(world.titles_in(edition).await, ["Other"]);
    }

    async fn an_article_that_the_database_rejects_does_not_affect_others(world) {
        configure_cms(world).await;
        insert(world, 1..5).await;
        if world.is_sqlite() {
            world.sql("CREATE TRIGGER unlucky BEFORE INSERT ON articles WHEN NEW.source_id = '2' BEGIN SELECT RAISE(ABORT, 'unlucky'); END").await;
        } else {
            world.sql("ALTER TABLE articles ADD CONSTRAINT unlucky CHECK (source_id <> '2')").await;
        }
        let report = sync(world, false).await;
        assert_eq!((report.added, report.rejected.len()), (3, 1));
        assert!(report.rejected[0].0 == "2" && report.rejected[0].1.contains("unlucky"), "{:?}", report.rejected);
    }

    async fn values_that_no_index_or_database_can_store_are_rejected_or_truncated(world) {
        let long = |letter: &str| letter.repeat(5000);
        let articles = vec![
            IncomingArticle { tags: vec![long("t")], authors: vec!["新".repeat(3_000)], sections: vec!["a\0b".into()], ..article("n\0ul") },
            IncomingArticle { guid: Some(long("g")), ..article("guid") },
            article(&long("i")),
            article(&"新".repeat(300)),
        ];
        let (store, config) = (&world.app.store, &world.app.config);
        let report = sources::import::upsert_articles(store, config, "college", articles, world.now()).await.unwrap();
        assert_eq!((report.added, report.rejected.len()), (1, 3), "{:?}", report.rejected);
        let stored = store.articles().find("college/nul").await.unwrap().unwrap();
        assert_eq!((stored.tags[0].len(), stored.authors[0].chars().count(), stored.sections[0].as_str()), (200, 200, "ab"));
        let rejected: Vec<_> = (0..1200).map(|i| (format!("{i}"), "why".to_owned())).collect();
        assert_eq!(store.sources().record_issues("college", rejected.clone(), |_| true, world.now()).await.unwrap().len(), 1200);
        let other: Vec<_> = rejected.iter().skip(1).cloned().map(|(id, reason)| (id.clone(), if id == "7" { "other".into() } else { reason })).collect();
        assert_eq!(store.sources().record_issues("college", other.clone(), |_| true, world.now()).await.unwrap(), [("7".to_owned(), "other".to_owned())]);
        assert_eq!(store.sources().record_issues("college", rejected, |_| true, world.now()).await.unwrap().len(), 2);
    }

    async fn a_row_that_is_rejected_again_for_another_reason_keeps_its_first_time(world) {
        let sources = world.app.store.sources();
        let first = world.now();
        for (reason, now) in [("one", first), ("two", first.plus(HOUR))] {
            let rejected = vec![("7".to_owned(), reason.to_owned())];
            assert_eq!(sources.record_issues("college", rejected.clone(), |_| true, now).await.unwrap(), rejected);
        }
        let kept = format!("UPDATE rejected_rows SET source_id = '7' WHERE reason = 'two' AND since = {}", first.0);
        assert_eq!(world.sql(&kept).await, 1);
    }

    async fn a_source_whose_new_name_has_a_history_keeps_its_old_one(world) {
        world.publish([article("a")]).await;
        let store = &world.app.store;
        store.sources().ensure("campus", world.now()).await.unwrap();
        world.rename(RenamedKind::Source, "college", "campus").await;
        assert_eq!(world.sql("UPDATE articles SET source = source WHERE source = 'college'").await, 1);
        assert_eq!(world.sql("UPDATE article_terms SET term = term WHERE kind = 'source' AND term = 'college'").await, 1);
    }

    async fn an_article_normalized_again_by_new_rules_keeps_its_update_time(world) {
        configure_cms(world).await;
        insert(world, 1..2).await;
        sync(world, false).await;
        let find = async || world.app.store.articles().find("college/1").await.unwrap().unwrap();
        let before = find().await.updated_at;
        world.advance(HOUR);
        world.sql("UPDATE articles SET content_hash = substr(content_hash, 1, 64) || '-another', body_html = 'as it was cleaned before'").await;
        assert_eq!(sync(world, false).await.changed, 1);
        let after = find().await;
        assert_eq!((after.updated_at, after.body_html.as_str()), (before, "<p>Body 1</p>"));
        let then = world.now();
        run_sql(world, "UPDATE news SET title = 'Corrected'").await;
        sync(world, false).await;
        assert!(find().await.updated_at >= then);
    }

    async fn a_sync_of_an_unresponsive_source_can_be_cancelled_at_any_time(world) {
        configure_cms(world).await;
        insert(world, 1..3).await;
        let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i AS id, '' AS title, '' AS published_at FROM n WHERE i < 0";
        world.configure(|s| s.source = s.source.replace(QUERY, endless)).await;
        let (app, now) = (&world.app, world.now());
        let running_sync = sources::sync_due(&app.store, &app.config, &app.config.sources[0], now);
        assert!(tokio::time::timeout(std::time::Duration::from_millis(300), running_sync).await.is_err(), "the sync should still run");
        world.configure(|s| s.source = s.source.replace(endless, QUERY)).await;
        assert_eq!(sync(world, false).await.added, 2);
    }
}
