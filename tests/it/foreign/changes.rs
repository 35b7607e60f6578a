//! Incremental syncs read only changed rows; full syncs find what incremental syncs miss.

use courant::domain::time::{DAY, HOUR, MINUTE, Millis, SignedDuration};

use super::test_source::{KINDS, Kind, TestSource};
use super::{drupal, ghost, wordpress};
use crate::support::START_TIME;

const QUERY: &str = "SELECT id, title, published_at, updated_at FROM news";

/// Returns the column types of times that support incremental syncs, and one that does not.
fn time_types(kind: Kind) -> (&'static [&'static str], &'static str) {
    match kind {
        Kind::Sqlite => (&["INTEGER", "BIGINT"], "TEXT"),
        Kind::Postgres => (&["TIMESTAMPTZ", "TIMESTAMP", "BIGINT"], "TEXT"),
        Kind::Mariadb => (&["DATETIME", "TIMESTAMP", "INT UNSIGNED"], "VARCHAR(40)"),
    }
}

/// Returns an SQL literal of an instant for a column of this type, in the time zone of Shanghai.
fn time_literal(column: &str, at: Millis) -> String {
    let civil =
        |zone: &str| at.timestamp().in_tz(zone).unwrap().strftime("%Y-%m-%d %H:%M:%S").to_string();
    match column {
        "TIMESTAMPTZ" => format!("'{}Z'", civil("UTC")),
        "INTEGER" | "INT UNSIGNED" => at.epoch_seconds().to_string(),
        "BIGINT" => at.0.to_string(),
        _ => format!("'{}'", civil("Asia/Shanghai")),
    }
}

/// A foreign table of news.
struct News {
    source: TestSource,
    column: &'static str,
}

impl News {
    async fn create(kind: Kind, column: &'static str) -> Option<Self> {
        let source = TestSource::create(kind).await?;
        let null = if column == "TIMESTAMP" { " NULL" } else { "" };
        let (begin, number) = match kind {
            // The time zone of the session is not UTC, as is common.
            Kind::Mariadb => ("SET time_zone = '+08:00'; ", "INT"),
            _ => ("", "INTEGER"),
        };
        source.execute(&format!("{begin}CREATE TABLE news (id {number} PRIMARY KEY, title VARCHAR(99), published_at {column}{null}, updated_at {column}{null});")).await;
        source.use_query(QUERY, "");
        Some(Self { source, column })
    }

    async fn execute(&self, statements: &str) {
        let zone =
            if self.source.kind == Kind::Mariadb { "SET time_zone = '+08:00'; " } else { "" };
        self.source.execute(&format!("{zone}{statements}")).await;
    }

    async fn insert(&self, id: i64, published: Millis, updated: Option<Millis>) {
        let (published, updated) = (
            time_literal(self.column, published),
            updated.map_or("NULL".to_owned(), |at| time_literal(self.column, at)),
        );
        self.execute(&format!(
            "INSERT INTO news VALUES ({id}, 'News {id}', {published}, {updated})"
        ))
        .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn edits_are_found_by_incremental_syncs_and_removals_by_full_syncs() {
    for kind in KINDS {
        for column in time_types(kind).0 {
            let Some(news) = News::create(kind, column).await else { continue };
            let at = |offset: SignedDuration| START_TIME.plus(offset);
            let old = at(-3 * DAY);
            for id in 1..=3 {
                news.insert(id, old, Some(old)).await;
            }
            let first = news.source.sync_due(at(SignedDuration::ZERO)).await;
            assert!(first.is_full && first.added == 3, "{kind:?} {column}: {first:?}");
            let mut now = at(MINUTE);
            news.insert(4, old, Some(now)).await;
            let second = news.source.sync_due(now).await;
            assert!(!second.is_full && second.added == 1, "{kind:?} {column}: {second:?}");
            now = at(30 * MINUTE);
            let edited = time_literal(column, now);
            news.execute(&format!("UPDATE news SET title = 'Edited', updated_at = {edited} WHERE id = 1; DELETE FROM news WHERE id = 2")).await;
            news.insert(5, old, None).await;
            news.insert(6, at(29 * MINUTE), Some(old)).await;
            news.insert(7, old, Some(old)).await;
            let third = news.source.sync_due(now).await;
            assert!(!third.is_full, "{kind:?} {column}");
            assert_eq!(
                (third.changed, third.added, third.removed),
                (1, 2, 0),
                "{kind:?} {column}: expected one edited row, and two new: without update time and just published"
            );
            assert_eq!(news.source.article("1")["title"], "Edited");
            let fourth = news.source.sync_due(at(31 * MINUTE)).await;
            assert_eq!(
                (fourth.is_full, fourth.changed, fourth.added),
                (false, 0, 0),
                "{kind:?} {column}"
            );
            let full = news.source.sync_due(at(HOUR + MINUTE)).await;
            assert!(full.is_full, "{kind:?} {column}");
            assert_eq!(
                (full.changed, full.added, full.removed),
                (0, 1, 1),
                "{kind:?} {column}: expected one backdated and one deleted row"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_query_with_textual_times_or_unsuitable_as_a_subquery_gets_only_full_syncs() {
    for kind in KINDS {
        let Some(news) = News::create(kind, time_types(kind).1).await else { continue };
        news.insert(1, START_TIME, Some(START_TIME)).await;
        for minute in 0..3 {
            assert!(
                news.source.sync_due(START_TIME.plus(minute * MINUTE)).await.is_full,
                "{kind:?}"
            );
        }
        if kind == Kind::Postgres {
            news.source.use_query("SELECT id, title, 1789970400 AS published_at, 1789970400 AS updated_at FROM news; -- all", "");
            for minute in 3..6 {
                assert!(
                    news.source.sync_due(START_TIME.plus(minute * MINUTE)).await.is_full,
                    "{kind:?}"
                );
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_update_time_in_the_future_does_not_hide_earlier_changes() {
    let Some(news) = News::create(Kind::Sqlite, "INTEGER").await else { return };
    news.insert(1, START_TIME, Some(START_TIME.plus(900 * DAY))).await;
    assert!(news.source.sync_due(START_TIME).await.is_full);
    let now = START_TIME.plus(10 * MINUTE);
    news.insert(2, now, Some(now)).await;
    let report = news.source.sync_due(now).await;
    assert_eq!((report.is_full, report.added), (false, 1));
}

/// Checks that an incremental sync finds `edit`, and that only a full sync finds `unseen_edit` and
/// `removal`.
async fn check_incremental_sync(
    source: &TestSource,
    label: &str,
    edit: &str,
    unseen_edit: &str,
    removal: &str,
) {
    let first = source.sync_due(START_TIME).await;
    assert!(first.is_full && first.added > 0, "{label}: {first:?}");
    let unchanged = source.sync_due(START_TIME.plus(MINUTE)).await;
    assert!(
        !unchanged.is_full && unchanged.changed == 0 && unchanged.removed == 0,
        "{label}: {unchanged:?}"
    );
    source.execute(edit).await;
    let poll = source.sync_due(START_TIME.plus(10 * MINUTE)).await;
    assert_eq!((poll.is_full, poll.changed, poll.added, poll.removed), (false, 1, 0, 0), "{label}");
    assert!(source.field_values("title").contains(&"Edited".to_owned()), "{label}");
    // Before the watermark moved, all posts were as old as it, and so were read again.
    source.execute(unseen_edit).await;
    source.execute(removal).await;
    let incremental = source.sync_due(START_TIME.plus(20 * MINUTE)).await;
    assert_eq!(
        (incremental.is_full, incremental.changed, incremental.added, incremental.removed),
        (false, 0, 0, 0),
        "{label}"
    );
    let full = source.sync_due(START_TIME.plus(2 * HOUR)).await;
    assert_eq!((full.is_full, full.changed, full.added, full.removed), (true, 1, 0, 1), "{label}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wordpress_ghost_and_drupal_are_synced_incrementally() {
    if let Some(source) = wordpress::site("wp_", "/%postname%/").await {
        check_incremental_sync(
            &source,
            "wordpress",
            "UPDATE wp_posts SET post_title = 'Edited', post_modified_gmt = '2026-09-21 06:09:00' WHERE ID = 101",
            "UPDATE wp_posts SET post_title = 'Edited by hand' WHERE ID = 111",
            "DELETE FROM wp_posts WHERE ID = 108",
        )
        .await;
    }
    for kind in [Kind::Sqlite, Kind::Mariadb] {
        let Some(source) = ghost::site(kind).await else { continue };
        check_incremental_sync(
            &source,
            &format!("ghost {kind:?}"),
            "UPDATE posts SET title = 'Edited', updated_at = '2026-09-21 06:09:00' WHERE id = 'b01'",
            "UPDATE posts SET title = 'Edited by hand' WHERE id = 'b02'",
            "DELETE FROM posts WHERE id = 'b11'",
        )
        .await;
    }
    for kind in KINDS {
        let Some(source) = drupal::site(kind, "dr_").await else { continue };
        check_incremental_sync(
            &source,
            &format!("drupal {kind:?}"),
            "UPDATE dr_node_field_data SET title = 'Edited', changed = 1789970940 WHERE nid = 1 AND langcode = 'zh-hans'",
            "UPDATE dr_node_field_data SET title = 'Edited by hand' WHERE nid = 8 AND langcode = 'zh-hans'",
            "DELETE FROM dr_node_field_data WHERE nid = 2",
        )
        .await;
    }
}
