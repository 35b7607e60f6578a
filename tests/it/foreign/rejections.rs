//! Unreadable sources and rows are reported in one line, and do not affect other articles.

use std::time::Duration;

use sqlx::{Connection, PgConnection};

use super::test_source::{KINDS, Kind, TestSource};

const QUERY: &str = "SELECT id, title, out_at AS published_at FROM note";

/// Returns a source with a table of two notes, synced once.
async fn source_with_notes(kind: Kind) -> Option<TestSource> {
    let source = TestSource::create(kind).await?;
    source
        .execute(
            "CREATE TABLE note (id VARCHAR(20), title TEXT, out_at VARCHAR(30));
             INSERT INTO note VALUES ('1', 'First', '2026-09-01 08:00:00'), ('2', 'Second', '2026-09-02 08:00:00')",
        )
        .await;
    source.use_query(QUERY, "");
    assert_eq!(source.sync().counts(), [2, 0, 0, 0]);
    Some(source)
}

/// Asserts that the articles still exist after an error, and that the next sync works.
fn assert_unharmed(source: &TestSource) {
    assert_eq!(source.field_values("title"), ["Second", "First"]);
    source.use_query(QUERY, "");
    assert_eq!((source.sync().counts(), source.field_values("title").len()), ([0, 0, 0, 0], 2));
}

/// Returns the URL of the source with a change.
fn changed_url(source: &TestSource, change: impl FnOnce(&mut url::Url)) -> String {
    let mut url = url::Url::parse(&source.url).unwrap();
    change(&mut url);
    url.to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_password_is_reported_without_the_password() {
    for kind in [Kind::Postgres, Kind::Mariadb] {
        let Some(source) = source_with_notes(kind).await else { continue };
        if kind == Kind::Postgres {
            // The server of the test harness trusts every role; make one role need its password.
            source
                .execute(
                    "CREATE ROLE stranger LOGIN PASSWORD 'something else';
                 COPY (VALUES ('local all stranger scram-sha-256'), ('local all all trust')) TO PROGRAM 'cat >pg_hba.conf';
                 SELECT pg_reload_conf()",
                )
                .await;
        }
        let url = changed_url(&source, |u| {
            u.set_username(if kind == Kind::Postgres { "stranger" } else { "courant" }).unwrap();
            u.set_password(Some("not-sesame")).unwrap();
        });
        if kind == Kind::Postgres {
            while PgConnection::connect(&url).await.is_ok() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
        source.configure(&url, &format!("kind = \"query\"\nquery = '{QUERY}'"));
        let message = source.sync_error();
        assert!(message.contains("the source's `url`"), "{message}");
        assert!(message.contains("login failed"), "{message}");
        let list = source.shell.courant(&["sources", "list", "--json"]).json();
        assert!(
            list[0]["error"]
                .as_str()
                .is_some_and(|e| e.contains("login failed") && !e.contains("sesame")),
            "{list}"
        );
        assert_unharmed(&source);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_missing_database_or_server_is_reported_with_its_location() {
    for kind in KINDS {
        let Some(source) = source_with_notes(kind).await else { continue };
        let url = match kind {
            Kind::Sqlite => source.url.replace("cms.db", "nowhere.db"),
            _ => changed_url(&source, |u| u.set_path("/nowhere")),
        };
        source.configure(&url, &format!("kind = \"query\"\nquery = '{QUERY}'"));
        let message = source.sync_error();
        assert!(
            message.contains("nowhere") && message.contains("the source's `url`"),
            "{kind:?}: {message}"
        );
        assert!(!source.shell.path("nowhere.db").exists(), "a sync should not create a file");
        assert_unharmed(&source);
    }
    let Some(source) = source_with_notes(Kind::Sqlite).await else { return };
    for server in ["postgres", "mysql"] {
        source.configure(
            &format!("{server}://me:sesame@127.0.0.1:1/x"),
            &format!("kind = \"query\"\nquery = '{QUERY}'"),
        );
        let message = source.sync_error();
        assert!(message.contains("127.0.0.1:1/x") && !message.contains("me:"), "{message}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_invalid_query_is_reported_with_the_error_of_the_database() {
    for kind in KINDS {
        let Some(source) = source_with_notes(kind).await else { continue };
        source.use_query("SELECT id, title, out_at AS published_at FROM notice", "");
        let message = source.sync_error();
        assert!(
            message.contains("source cms: the database rejected the query")
                && message.contains("notice"),
            "{kind:?}: {message}"
        );
        source.use_query("SELECT id, title, out_at AS published_at FRM note", "");
        assert!(source.sync_error().contains("the database rejected the query"), "{kind:?}");
        source.use_query("SELECT id, title, out_at FROM note", "");
        let message = source.sync_error();
        assert!(
            message.contains("out_at") && message.contains("published_at"),
            "{kind:?}: {message}"
        );
        source.use_query("SELECT id, title FROM note", "");
        assert!(source.sync_error().contains("`published_at` is missing"), "{kind:?}");
        let check = source.shell.courant(&["check"]);
        assert!(
            check.status != 0 && (check.out + &check.err).contains("`published_at` is missing"),
            "{kind:?}"
        );
        assert_unharmed(&source);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_query_that_writes_is_rejected_by_the_database() {
    for kind in KINDS {
        let Some(source) = source_with_notes(kind).await else { continue };
        let columns = "RETURNING id, title, out_at AS published_at";
        for query in [
            format!("DELETE FROM note {columns}"),
            format!("INSERT INTO note VALUES ('3', 'Mine', '2026-09-03') {columns}"),
        ] {
            source.use_query(&query, "");
            let message = source.sync_error().to_lowercase();
            assert!(
                message.contains("read only")
                    || message.contains("read-only")
                    || message.contains("readonly"),
                "{kind:?}: {message}"
            );
        }
        if kind != Kind::Sqlite {
            let body = if kind == Kind::Postgres {
                "LANGUAGE sql AS 'INSERT INTO diary VALUES (1) RETURNING 1'"
            } else {
                "MODIFIES SQL DATA BEGIN INSERT INTO diary VALUES (1); RETURN 1; END"
            };
            source.execute("CREATE TABLE diary (n INT)").await;
            source.execute(&format!("CREATE FUNCTION note_it() RETURNS INT {body}")).await;
            source.use_query(&format!("{QUERY} WHERE note_it() = 1"), "");
            let message = source.sync_error().to_lowercase();
            assert!(
                message.contains("read only") || message.contains("read-only"),
                "{kind:?}, in a function: {message}"
            );
        }
        for query in [
            "DELETE FROM note",
            "DROP TABLE note",
            "SELECT id, title, out_at AS published_at FROM note; DELETE FROM note",
        ] {
            source.use_query(query, "");
            source.shell.courant(&["sources", "sync"]);
        }
        assert_unharmed(&source);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_article_whose_row_becomes_invalid_stays_unchanged() {
    for kind in KINDS {
        let Some(source) = source_with_notes(kind).await else { continue };
        source
            .execute("UPDATE note SET id = ' 2 ', title = 'Broken', out_at = 'soon' WHERE id = '2'")
            .await;
        let sync = source.sync();
        assert_eq!(
            (sync.counts(), sync.rejected()),
            ([0, 0, 0, 0], vec!["2: published_at `soon` is not a valid time; write for example 2026-09-21 08:00".to_owned()]),
            "{kind:?}"
        );
        assert_eq!(source.field_values("title"), ["Second", "First"]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_without_an_id_or_with_a_duplicate_id_are_rejected_alone() {
    for kind in KINDS {
        let Some(source) = source_with_notes(kind).await else { continue };
        source
            .execute(
                "INSERT INTO note VALUES (NULL, 'Nobody', '2026-09-03 08:00:00'), ('2', 'Impostor', '2026-09-03 08:00:00'),
                ('  ', 'Blank', '2026-09-03 08:00:00'), ('4', 'Timeless', NULL), ('5', 'Fifth', '2026-09-04 08:00:00')",
            )
            .await;
        source.use_query(&format!("{QUERY} ORDER BY out_at"), "");
        let sync = source.sync();
        assert_eq!(sync.counts(), [1, 0, 0, 0], "{kind:?}");
        let mut rejected = sync.rejected();
        rejected.sort();
        assert_eq!(rejected.len(), 4, "{kind:?}: {rejected:?}");
        assert_eq!(
            rejected.iter().filter(|r| r.ends_with("it has no id")).count(),
            2,
            "{rejected:?}"
        );
        assert!(rejected.contains(&"2: another row has the same id".to_owned()), "{rejected:?}");
        assert!(rejected.contains(&"4: it has no published_at".to_owned()), "{rejected:?}");
        assert_eq!(source.field_values("title"), ["Fifth", "Second", "First"]);
    }
}
