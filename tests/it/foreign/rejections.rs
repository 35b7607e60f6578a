//! What can't be read is told in one sentence, and spoils nothing else.

use std::time::Duration;

use sqlx::{Connection, PgConnection};

use super::place::{KINDS, Kind, Place};

const QUERY: &str = "SELECT id, title, out_at AS published_at FROM note";

/// A table of two notes, read once.
async fn notes(kind: Kind) -> Option<Place> {
    let place = Place::begin(kind).await?;
    place
        .run(
            "CREATE TABLE note (id VARCHAR(20), title TEXT, out_at VARCHAR(30));
             INSERT INTO note VALUES ('1', 'First', '2026-09-01 08:00:00'), ('2', 'Second', '2026-09-02 08:00:00')",
        )
        .await;
    place.read(QUERY, "");
    assert_eq!(place.sync().counts(), [2, 0, 0, 0]);
    Some(place)
}

/// After any trouble the articles are still there, and come in again once it is over.
fn assert_unharmed(place: &Place) {
    assert_eq!(place.all("title"), ["Second", "First"]);
    place.read(QUERY, "");
    assert_eq!((place.sync().counts(), place.all("title").len()), ([0, 0, 0, 0], 2));
}

/// Another address of the same server.
fn elsewhere(place: &Place, change: impl FnOnce(&mut url::Url)) -> String {
    let mut address = url::Url::parse(&place.url).unwrap();
    change(&mut address);
    address.to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_password_is_told_without_the_password() {
    for kind in [Kind::Postgres, Kind::Mariadb] {
        let Some(place) = notes(kind).await else { continue };
        if kind == Kind::Postgres {
            // The harness trusts everybody; from here on one role needs its password.
            place
                .run(
                    "CREATE ROLE stranger LOGIN PASSWORD 'something else';
                 COPY (VALUES ('local all stranger scram-sha-256'), ('local all all trust')) TO PROGRAM 'cat >pg_hba.conf';
                 SELECT pg_reload_conf()",
                )
                .await;
        }
        let url = elsewhere(&place, |u| {
            u.set_username(if kind == Kind::Postgres { "stranger" } else { "courant" }).unwrap();
            u.set_password(Some("not-sesame")).unwrap();
        });
        if kind == Kind::Postgres {
            while PgConnection::connect(&url).await.is_ok() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
        place.source(&url, &format!("kind = \"query\"\nquery = '{QUERY}'"));
        let sentence = place.fails();
        assert!(sentence.contains("the source's `url`"), "{sentence}");
        assert!(sentence.contains("login failed"), "{sentence}");
        let list = place.shell.courant(&["sources", "list", "--json"]).json();
        assert!(
            list[0]["error"]
                .as_str()
                .is_some_and(|e| e.contains("login failed") && !e.contains("sesame")),
            "{list}"
        );
        assert_unharmed(&place);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_or_server_that_is_not_there_is_told_with_its_place() {
    for kind in KINDS {
        let Some(place) = notes(kind).await else { continue };
        let url = match kind {
            Kind::Sqlite => place.url.replace("cms.db", "nowhere.db"),
            _ => elsewhere(&place, |u| u.set_path("/nowhere")),
        };
        place.source(&url, &format!("kind = \"query\"\nquery = '{QUERY}'"));
        let sentence = place.fails();
        assert!(
            sentence.contains("nowhere") && sentence.contains("the source's `url`"),
            "{kind:?}: {sentence}"
        );
        assert!(!place.shell.path("nowhere.db").exists(), "reading made a file");
        assert_unharmed(&place);
    }
    let Some(place) = notes(Kind::Sqlite).await else { return };
    for server in ["postgres", "mysql"] {
        place.source(
            &format!("{server}://me:sesame@127.0.0.1:1/x"),
            &format!("kind = \"query\"\nquery = '{QUERY}'"),
        );
        let sentence = place.fails();
        assert!(sentence.contains("127.0.0.1:1/x") && !sentence.contains("me:"), "{sentence}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_query_that_can_not_run_is_told_in_the_databases_words() {
    for kind in KINDS {
        let Some(place) = notes(kind).await else { continue };
        place.read("SELECT id, title, out_at AS published_at FROM notice", "");
        let sentence = place.fails();
        assert!(
            sentence.contains("source cms: the database rejected the query")
                && sentence.contains("notice"),
            "{kind:?}: {sentence}"
        );
        place.read("SELECT id, title, out_at AS published_at FRM note", "");
        assert!(place.fails().contains("the database rejected the query"), "{kind:?}");
        place.read("SELECT id, title, out_at FROM note", "");
        let sentence = place.fails();
        assert!(
            sentence.contains("out_at") && sentence.contains("published_at"),
            "{kind:?}: {sentence}"
        );
        place.read("SELECT id, title FROM note", "");
        assert!(place.fails().contains("`published_at` is missing"), "{kind:?}");
        let check = place.shell.courant(&["check"]);
        assert!(
            check.status != 0 && (check.out + &check.err).contains("`published_at` is missing"),
            "{kind:?}"
        );
        assert_unharmed(&place);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_query_that_writes_is_refused_by_the_database() {
    for kind in KINDS {
        let Some(place) = notes(kind).await else { continue };
        let columns = "RETURNING id, title, out_at AS published_at";
        for query in [
            format!("DELETE FROM note {columns}"),
            format!("INSERT INTO note VALUES ('3', 'Mine', '2026-09-03') {columns}"),
        ] {
            place.read(&query, "");
            let sentence = place.fails().to_lowercase();
            assert!(
                sentence.contains("read only")
                    || sentence.contains("read-only")
                    || sentence.contains("readonly"),
                "{kind:?}: {sentence}"
            );
        }
        if kind != Kind::Sqlite {
            let body = if kind == Kind::Postgres {
                "LANGUAGE sql AS 'INSERT INTO diary VALUES (1) RETURNING 1'"
            } else {
                "MODIFIES SQL DATA BEGIN INSERT INTO diary VALUES (1); RETURN 1; END"
            };
            place.run("CREATE TABLE diary (n INT)").await;
            place.run(&format!("CREATE FUNCTION note_it() RETURNS INT {body}")).await;
            place.read(&format!("{QUERY} WHERE note_it() = 1"), "");
            let sentence = place.fails().to_lowercase();
            assert!(
                sentence.contains("read only") || sentence.contains("read-only"),
                "{kind:?}, in a function: {sentence}"
            );
        }
        for query in [
            "DELETE FROM note",
            "DROP TABLE note",
            "SELECT id, title, out_at AS published_at FROM note; DELETE FROM note",
        ] {
            place.read(query, "");
            place.shell.courant(&["sources", "sync"]);
        }
        assert_unharmed(&place);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_article_whose_row_can_not_be_read_any_more_stays_as_it_was() {
    for kind in KINDS {
        let Some(place) = notes(kind).await else { continue };
        place
            .run("UPDATE note SET id = ' 2 ', title = 'Broken', out_at = 'soon' WHERE id = '2'")
            .await;
        let sync = place.sync();
        assert_eq!(
            (sync.counts(), sync.refused()),
            ([0, 0, 0, 0], vec!["2: published_at `soon` is not a valid time".to_owned()]),
            "{kind:?}"
        );
        assert_eq!(place.all("title"), ["Second", "First"]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_without_an_id_and_second_rows_of_an_id_are_refused_alone() {
    for kind in KINDS {
        let Some(place) = notes(kind).await else { continue };
        place
            .run(
                "INSERT INTO note VALUES (NULL, 'Nobody', '2026-09-03 08:00:00'), ('2', 'Impostor', '2026-09-03 08:00:00'),
                ('  ', 'Blank', '2026-09-03 08:00:00'), ('4', 'Timeless', NULL), ('5', 'Fifth', '2026-09-04 08:00:00')",
            )
            .await;
        place.read(&format!("{QUERY} ORDER BY out_at"), "");
        let sync = place.sync();
        assert_eq!(sync.counts(), [1, 0, 0, 0], "{kind:?}");
        let mut refused = sync.refused();
        refused.sort();
        assert_eq!(refused.len(), 4, "{kind:?}: {refused:?}");
        assert_eq!(
            refused.iter().filter(|r| r.ends_with("it has no id")).count(),
            2,
            "{refused:?}"
        );
        assert!(refused.contains(&"2: another row has the same id".to_owned()), "{refused:?}");
        assert!(refused.contains(&"4: it has no published_at".to_owned()), "{refused:?}");
        assert_eq!(place.all("title"), ["Fifth", "Second", "First"]);
    }
}
