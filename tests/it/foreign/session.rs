//! A query returns what the same statement returns in the database's own client: SQL modes, limits,
//! time zone and date order of the session.

use serde_json::json;

use super::test_source::{Kind, TestSource};

/// Returns the ids of all public articles, in alphabetical order.
fn ids(source: &TestSource) -> Vec<String> {
    let mut ids = source.field_values("source_id");
    ids.sort();
    ids
}

/// Returns what `courant sources check` says of a property of the session.
fn fact(source: &TestSource, name: &str) -> String {
    let inspection = source.shell.courant(&["sources", "check", "cms", "--json"]).json();
    inspection["facts"][name].as_str().unwrap_or_default().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn operators_and_names_of_a_mariadb_query_mean_what_they_mean_in_its_client() {
    let Some(source) = TestSource::create(Kind::Mariadb).await else { return };
    source
        .execute(
            "CREATE TABLE page (id INT, title VARCHAR(50), count DATETIME, live INT, pinned INT);
             INSERT INTO page VALUES (1, 'Live', '2026-09-01', 1, 0), (2, 'Pinned', '2026-09-02', 0, 1), (3, 'Draft', '2026-09-03', 0, 0);",
        )
        .await;
    // `||` is OR, and the name of a function is a valid name of a column.
    source.use_query(
        "SELECT id, title, count AS published_at FROM page WHERE live = 1 || pinned = 1",
        "",
    );
    assert_eq!(source.sync().counts(), [2, 0, 0, 0]);
    assert_eq!(ids(&source), ["1", "2"]);
    let modes = fact(&source, "SQL_modes");
    assert!(modes.contains("STRICT_TRANS_TABLES") && !modes.contains("PIPES_AS_CONCAT"), "{modes}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists_from_group_concat_are_complete() {
    let Some(source) = TestSource::create(Kind::Mariadb).await else { return };
    source
        .execute(
            "SET GLOBAL group_concat_max_len = 1024;
             CREATE TABLE tag (name VARCHAR(60));
             INSERT INTO tag SELECT CONCAT('a rather long name of a tag, with a comma ', seq) FROM seq_1_to_400;",
        )
        .await;
    source.use_query(
        "SELECT 1 AS id, 'Tags' AS title, '2026-09-01' AS published_at, JSON_ARRAYAGG(name) AS tags, GROUP_CONCAT(name SEPARATOR '; ') AS body_html FROM tag",
        "",
    );
    source.sync();
    let article = source.article("1");
    assert_eq!(article["tags"].as_array().unwrap().len(), 400);
    assert!(article["body_html"].as_str().unwrap().ends_with("with a comma 400"));
    assert!(fact(&source, "GROUP_CONCAT").contains("the server's limit: 1024"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mariadb_session_computes_local_times_in_the_zone_of_the_source() {
    let Some(source) = TestSource::create(Kind::Mariadb).await else { return };
    source
        .execute(
            "SET time_zone = '+08:00';
             CREATE TABLE page (id INT, title VARCHAR(50), local DATETIME, stamp TIMESTAMP, seconds INT);
             INSERT INTO page VALUES (1, 'Before', NOW() - INTERVAL 2 HOUR, NOW() - INTERVAL 2 HOUR, UNIX_TIMESTAMP() - 7200),
                 (2, 'After', NOW() + INTERVAL 2 HOUR, NOW() + INTERVAL 2 HOUR, UNIX_TIMESTAMP() + 7200),
                 (3, 'Fixed', '2026-09-01 10:00:00', '2026-09-01 10:00:00', 1788228000);",
        )
        .await;
    let times = [
        "local",
        "stamp",
        "seconds",
        "FROM_UNIXTIME(seconds)",
        "COALESCE(stamp, local)",
        "DATE_FORMAT(stamp, '%Y-%m-%d %H:%i:%s')",
        "GREATEST(local, FROM_UNIXTIME(seconds))",
        "CAST(stamp AS DATETIME)",
    ];
    for time in times {
        source.use_query(&format!("SELECT id, title, {time} AS published_at FROM page"), "");
        assert_eq!(source.sync().rejected(), Vec::<String>::new(), "{time}");
        assert_eq!(ids(&source), ["1", "3"], "{time}");
        assert_eq!(source.article("3")["published_at"], json!("2026-09-01T02:00:00Z"), "{time}");
    }
    for condition in ["local <= NOW()", "stamp <= NOW()", "local <= CURRENT_TIMESTAMP(3)"] {
        source.use_query(
            &format!("SELECT id, title, '2026-09-01' AS published_at FROM page WHERE {condition}"),
            "",
        );
        source.sync();
        assert_eq!(ids(&source), ["1", "3"], "{condition}");
    }
    let zone = fact(&source, "session_zone");
    assert!(zone.starts_with("+08:00 (the server's: SYSTEM (UTC))"), "{zone}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_hours_of_the_end_of_daylight_saving_arrive_at_their_time() {
    let Some(source) = TestSource::create(Kind::Mariadb).await else { return };
    source
        .execute(
            "CREATE TABLE page (id INT, title VARCHAR(50), stamp TIMESTAMP(3) NULL, touched TIMESTAMP NULL);
             SET time_zone = '+00:00';
             INSERT INTO page VALUES (1, 'First', '2025-10-26 00:30:00.250', NULL), (2, 'Second', '2025-10-26 01:30:00', '2026-01-15 12:00:00'),
                 (3, 'Summer', '2026-07-15 12:00:00', NULL);",
        )
        .await;
    // The first zone is in the server's tables, the second is not.
    for zone in ["Europe/Berlin", "Europe/Paris"] {
        let read = |time: &str| {
            let query = format!(
                "SELECT id, title, {time} AS published_at, touched AS updated_at FROM page"
            );
            source.configure(
                &source.url,
                &format!("kind = \"query\"\ntimezone = \"{zone}\"\nquery = \"\"\"{query}\"\"\""),
            );
            assert_eq!(source.sync().rejected(), Vec::<String>::new());
            ["1", "2", "3"].map(|id| source.article(id)["published_at"].clone())
        };
        assert_eq!(
            json!(read("stamp")),
            json!(["2025-10-26T00:30:00Z", "2025-10-26T01:30:00Z", "2026-07-15T12:00:00Z"]),
            "{zone}"
        );
        assert_eq!(source.article("2")["updated_at"], json!("2026-01-15T12:00:00Z"), "{zone}");
        if zone == "Europe/Berlin" {
            let winter_and_summer = "FROM_UNIXTIME(IF(id < 3, 1768478400, 1784116800))";
            assert_eq!(
                json!(read(winter_and_summer)[1..]),
                json!(["2026-01-15T12:00:00Z", "2026-07-15T12:00:00Z"])
            );
            assert!(fact(&source, "session_zone").starts_with("Europe/Berlin"));
        } else {
            let described = fact(&source, "session_zone");
            assert!(described.contains("only the present offset"), "{described}");
            assert!(described.contains("load its time zone tables"), "{described}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_postgresql_session_computes_local_times_in_the_zone_of_the_source() {
    let Some(source) = TestSource::create(Kind::Postgres).await else { return };
    source
        .execute(
            "SET timezone = 'Asia/Shanghai';
             CREATE TABLE page (id INT, title TEXT, local TIMESTAMP, instant TIMESTAMPTZ, day TEXT);
             INSERT INTO page VALUES (1, 'Before', now() - interval '2 hours', now() - interval '2 hours', '01.02.2026'),
                 (2, 'After', now() + interval '2 hours', now() + interval '2 hours', '01.02.2026'),
                 (3, 'Fixed', '2026-09-01 10:00:00', '2026-09-01 10:00:00', '01.02.2026');
             DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET datestyle = ''SQL, DMY''', current_database()); END $$;",
        )
        .await;
    let times = [
        "local",
        "instant",
        "instant::timestamp",
        "instant::text",
        "to_char(instant, 'YYYY-MM-DD HH24:MI:SS')",
        "date_trunc('second', instant)",
    ];
    for time in times {
        source.use_query(&format!("SELECT id, title, {time} AS published_at FROM page"), "");
        assert_eq!(source.sync().rejected(), Vec::<String>::new(), "{time}");
        assert_eq!(ids(&source), ["1", "3"], "{time}");
        assert_eq!(source.article("3")["published_at"], json!("2026-09-01T02:00:00Z"), "{time}");
    }
    source.use_query(
        "SELECT id, title, day::date AS published_at FROM page WHERE local <= now() AND instant <= localtimestamp",
        "",
    );
    source.sync();
    assert_eq!(ids(&source), ["1", "3"]);
    assert_eq!(source.article("1")["published_at"], json!("2026-01-31T16:00:00Z"));
    assert_eq!(fact(&source, "session_zone"), "Asia/Shanghai");
    assert_eq!(fact(&source, "DateStyle"), "ISO, DMY");
}
