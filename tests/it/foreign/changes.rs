//! A poll asks for what changed; what it can't see, the full comparison finds.

use courant::domain::time::{DAY, HOUR, MINUTE, Millis, SignedDuration};

use super::place::{KINDS, Kind, Place};
use super::{drupal, ghost, wordpress};
use crate::support::START_TIME;

const QUERY: &str = "SELECT id, title, published_at, updated_at FROM news";

/// The types of a time that each engine can be asked about, and one that it can't.
fn types(kind: Kind) -> (&'static [&'static str], &'static str) {
    match kind {
        Kind::Sqlite => (&["INTEGER", "BIGINT"], "TEXT"),
        Kind::Postgres => (&["TIMESTAMPTZ", "TIMESTAMP", "BIGINT"], "TEXT"),
        Kind::Mariadb => (&["DATETIME", "TIMESTAMP", "INT UNSIGNED"], "VARCHAR(40)"),
    }
}

/// An instant as a column of this type holds it; the source is read in Shanghai's time.
fn stamp(column: &str, at: Millis) -> String {
    let civil =
        |zone: &str| at.timestamp().in_tz(zone).unwrap().strftime("%Y-%m-%d %H:%M:%S").to_string();
    match column {
        "TIMESTAMPTZ" => format!("'{}Z'", civil("UTC")),
        "INTEGER" | "INT UNSIGNED" => at.epoch_seconds().to_string(),
        "BIGINT" => at.0.to_string(),
        _ => format!("'{}'", civil("Asia/Shanghai")),
    }
}

struct News {
    place: Place,
    column: &'static str,
}

impl News {
    async fn begin(kind: Kind, column: &'static str) -> Option<Self> {
        let place = Place::begin(kind).await?;
        let null = if column == "TIMESTAMP" { " NULL" } else { "" };
        let (begin, number) = match kind {
            // The server's own zone is not UTC, as often.
            Kind::Mariadb => ("SET time_zone = '+08:00'; ", "INT"),
            _ => ("", "INTEGER"),
        };
        place.run(&format!("{begin}CREATE TABLE news (id {number} PRIMARY KEY, title VARCHAR(99), published_at {column}{null}, updated_at {column}{null});")).await;
        place.read(QUERY, "");
        Some(Self { place, column })
    }

    async fn run(&self, statements: &str) {
        let zone = if self.place.kind == Kind::Mariadb { "SET time_zone = '+08:00'; " } else { "" };
        self.place.run(&format!("{zone}{statements}")).await;
    }

    async fn insert(&self, id: i64, published: Millis, updated: Option<Millis>) {
        let (published, updated) = (
            stamp(self.column, published),
            updated.map_or("NULL".to_owned(), |at| stamp(self.column, at)),
        );
        self.run(&format!("INSERT INTO news VALUES ({id}, 'News {id}', {published}, {updated})"))
            .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edit_arrives_by_the_poll_and_a_removal_by_the_comparison() {
    for kind in KINDS {
        for column in types(kind).0 {
            let Some(news) = News::begin(kind, column).await else { continue };
            let at = |later: SignedDuration| START_TIME.plus(later);
            let old = at(-3 * DAY);
            for id in 1..=3 {
                news.insert(id, old, Some(old)).await;
            }
            let first = news.place.poll(at(SignedDuration::ZERO)).await;
            assert!(first.is_full && first.added == 3, "{kind:?} {column}: {first:?}");
            let mut now = at(MINUTE);
            news.insert(4, old, Some(now)).await;
            let second = news.place.poll(now).await;
            assert!(!second.is_full && second.added == 1, "{kind:?} {column}: {second:?}");
            now = at(30 * MINUTE);
            let edited = stamp(column, now);
            news.run(&format!("UPDATE news SET title = 'Edited', updated_at = {edited} WHERE id = 1; DELETE FROM news WHERE id = 2")).await;
            news.insert(5, old, None).await;
            news.insert(6, at(29 * MINUTE), Some(old)).await;
            news.insert(7, old, Some(old)).await;
            let third = news.place.poll(now).await;
            assert!(!third.is_full, "{kind:?} {column}");
            assert_eq!(
                (third.changed, third.added, third.removed),
                (1, 2, 0),
                "{kind:?} {column}: edited, without a change told, come out"
            );
            assert_eq!(news.place.article("1")["title"], "Edited");
            let fourth = news.place.poll(at(31 * MINUTE)).await;
            assert_eq!(
                (fourth.is_full, fourth.changed, fourth.added),
                (false, 0, 0),
                "{kind:?} {column}"
            );
            let whole = news.place.poll(at(HOUR + MINUTE)).await;
            assert!(whole.is_full, "{kind:?} {column}");
            assert_eq!(
                (whole.changed, whole.added, whole.removed),
                (0, 1, 1),
                "{kind:?} {column}: back-dated, deleted"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_query_whose_times_are_texts_or_that_cannot_stand_in_another_is_read_whole() {
    for kind in KINDS {
        let Some(news) = News::begin(kind, types(kind).1).await else { continue };
        news.insert(1, START_TIME, Some(START_TIME)).await;
        for minute in 0..3 {
            assert!(news.place.poll(START_TIME.plus(minute * MINUTE)).await.is_full, "{kind:?}");
        }
        if kind == Kind::Postgres {
            news.place.read("SELECT id, title, 1789970400 AS published_at, 1789970400 AS updated_at FROM news; -- all", "");
            for minute in 3..6 {
                assert!(
                    news.place.poll(START_TIME.plus(minute * MINUTE)).await.is_full,
                    "{kind:?}"
                );
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_date_in_the_future_does_not_hide_what_changes_until_then() {
    let Some(news) = News::begin(Kind::Sqlite, "INTEGER").await else { return };
    news.insert(1, START_TIME, Some(START_TIME.plus(900 * DAY))).await;
    assert!(news.place.poll(START_TIME).await.is_full);
    let now = START_TIME.plus(10 * MINUTE);
    news.insert(2, now, Some(now)).await;
    let report = news.place.poll(now).await;
    assert_eq!((report.is_full, report.added), (false, 1));
}

/// An edit that the poll sees, one that it can't, and a removal.
async fn goes(place: &Place, what: &str, edit: &str, unseen: &str, remove: &str) {
    let first = place.poll(START_TIME).await;
    assert!(first.is_full && first.added > 0, "{what}: {first:?}");
    let same = place.poll(START_TIME.plus(MINUTE)).await;
    assert!(!same.is_full && same.changed == 0 && same.removed == 0, "{what}: {same:?}");
    place.run(edit).await;
    let poll = place.poll(START_TIME.plus(10 * MINUTE)).await;
    assert_eq!((poll.is_full, poll.changed, poll.added, poll.removed), (false, 1, 0, 0), "{what}");
    assert!(place.all("title").contains(&"Edited".to_owned()), "{what}");
    // Before the mark moved here, all posts were as old as the mark, and so asked for again.
    place.run(unseen).await;
    place.run(remove).await;
    let blind = place.poll(START_TIME.plus(20 * MINUTE)).await;
    assert_eq!(
        (blind.is_full, blind.changed, blind.added, blind.removed),
        (false, 0, 0, 0),
        "{what}"
    );
    let whole = place.poll(START_TIME.plus(2 * HOUR)).await;
    assert_eq!(
        (whole.is_full, whole.changed, whole.added, whole.removed),
        (true, 1, 0, 1),
        "{what}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wordpress_ghost_and_drupal_are_asked_for_what_changed() {
    if let Some(place) = wordpress::site("wp_", "/%postname%/").await {
        goes(
            &place,
            "wordpress",
            "UPDATE wp_posts SET post_title = 'Edited', post_modified_gmt = '2026-09-21 06:09:00' WHERE ID = 101",
            "UPDATE wp_posts SET post_title = 'Edited by hand' WHERE ID = 111",
            "DELETE FROM wp_posts WHERE ID = 108",
        )
        .await;
    }
    for kind in [Kind::Sqlite, Kind::Mariadb] {
        let Some(place) = ghost::site(kind).await else { continue };
        goes(
            &place,
            &format!("ghost {kind:?}"),
            "UPDATE posts SET title = 'Edited', updated_at = '2026-09-21 06:09:00' WHERE id = 'b01'",
            "UPDATE posts SET title = 'Edited by hand' WHERE id = 'b02'",
            "DELETE FROM posts WHERE id = 'b11'",
        )
        .await;
    }
    for kind in KINDS {
        let Some(place) = drupal::site(kind, "dr_").await else { continue };
        goes(
            &place,
            &format!("drupal {kind:?}"),
            "UPDATE dr_node_field_data SET title = 'Edited', changed = 1789970940 WHERE nid = 1 AND langcode = 'zh-hans'",
            "UPDATE dr_node_field_data SET title = 'Edited by hand' WHERE nid = 8 AND langcode = 'zh-hans'",
            "DELETE FROM dr_node_field_data WHERE nid = 2",
        )
        .await;
    }
}
