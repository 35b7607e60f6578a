//! Conversion of all column types of the foreign databases to article fields.

use serde_json::json;

use super::test_source::{Kind, TestSource};

/// Returns the fields of an article that depend on column types.
fn fields(source: &TestSource, id: &str) -> serde_json::Value {
    let a = source.article(id);
    json!([
        a["title"],
        a["published_at"],
        a["updated_at"],
        a["sections"],
        a["tags"],
        a["body_html"]
    ])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgresql_types_are_converted_to_article_fields() {
    let Some(source) = TestSource::create(Kind::Postgres).await else { return };
    source
        .execute(
            r#"
        CREATE TABLE a (id uuid, title varchar(80), out timestamptz, touched timestamp(3), part jsonb, tags text[], body bytea);
        INSERT INTO a VALUES ('6f1c0c0e-0000-4000-8000-00000000000a', 'Zones', '2026-09-01 10:00:00+05:30', '2026-09-01 20:00:00.25',
            '["Laboratory", "Workshop, hall"]', ARRAY['one', 'two, three', 'say "hi" \ now', NULL, '{x}', ''], convert_to('<p>Süß &amp; 酸</p>', 'UTF8'));
        CREATE TABLE b (id bigint, title text, out numeric(20, 3), touched date, part text, tags jsonb, body text);
        INSERT INTO b VALUES (9007199254740993, 'Seconds', 1788228000.500, '2026-09-02', 'Laboratory, workshop', '["x", "y, z"]', '<p>b</p>');
        INSERT INTO b VALUES (3, 'No tags', 1788228000, '2026-09-02', NULL, '[]', NULL), (4, 'Never', 'NaN', NULL, NULL, NULL, NULL);
        CREATE TYPE part AS ENUM ('Lab');
        CREATE DOMAIN label AS varchar(9);
        CREATE TABLE c (id char(4), title text, out bigint, touched timestamptz, part part, tags varchar(9)[], author label);
        INSERT INTO c VALUES ('c1', 'Milliseconds', 1788228000123, NULL, 'Lab', '{}', 'Mei Lin'), ('c2', 'Endless', 1788228000, 'infinity', NULL, NULL, NULL);
        DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET datestyle = German; ', current_database());
            EXECUTE format('ALTER DATABASE %I SET bytea_output = escape', current_database());
            EXECUTE format('ALTER DATABASE %I SET timezone = ''America/New_York''', current_database()); END $$;
    "#,
        )
        .await;
    let columns = "id, title, out AS published_at, touched AS updated_at";
    source.use_query(
        &format!("SELECT {columns}, part AS section, tags, body AS body_html FROM a"),
        "",
    );
    assert_eq!((source.sync().counts(), source.sync().rejected()), ([1, 0, 0, 0], vec![]));
    let zones = fields(&source, "6f1c0c0e-0000-4000-8000-00000000000a");
    let tags = ["one", "two, three", "say \"hi\" \\ now", "{x}"];
    let parts = ["Laboratory", "Workshop, hall"];
    assert_eq!(
        zones,
        json!([
            "Zones",
            "2026-09-01T04:30:00Z",
            "2026-09-01T12:00:00Z",
            parts,
            tags,
            "<p>Süß &amp; 酸</p>"
        ])
    );

    source.use_query(
        &format!("SELECT {columns}, part AS section, tags, body AS body_html FROM b"),
        "",
    );
    let sync = source.sync();
    assert_eq!(
        (sync.counts(), sync.rejected()),
        (
            [2, 0, 0, 1],
            vec![
                "4: published_at `NaN` is not a valid time; write for example 2026-09-21 08:00"
                    .to_owned()
            ]
        )
    );
    let seconds = fields(&source, "9007199254740993");
    assert_eq!(
        seconds,
        json!([
            "Seconds",
            "2026-09-01T02:00:00Z",
            "2026-09-01T16:00:00Z",
            ["Laboratory, workshop"],
            ["x", "y, z"],
            "<p>b</p>"
        ])
    );
    assert_eq!(
        fields(&source, "3"),
        json!(["No tags", "2026-09-01T02:00:00Z", "2026-09-01T16:00:00Z", [], [], ""])
    );

    source.use_query(&format!("SELECT {columns}, part AS section, tags, author FROM c"), "");
    let sync = source.sync();
    assert_eq!(
        (sync.counts(), sync.rejected()),
        (
            [1, 0, 0, 2],
            vec![
                "c2: updated_at `infinity` is not a valid time; write for example 2026-09-21 08:00"
                    .to_owned()
            ]
        )
    );
    assert_eq!(
        fields(&source, "c1"),
        json!(["Milliseconds", "2026-09-01T02:00:00Z", "2026-09-01T02:00:00Z", ["Lab"], [], ""])
    );
    assert_eq!(source.article("c1")["authors"], json!(["Mei Lin"]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mariadb_types_are_converted_to_article_fields() {
    let Some(source) = TestSource::create(Kind::Mariadb).await else { return };
    source
        .execute(
            r#"
        SET time_zone = '+02:00';
        CREATE TABLE a (id BIGINT UNSIGNED, title VARCHAR(80) CHARACTER SET latin1, out_at TIMESTAMP(3) NULL, touched DATETIME(6),
            part ENUM('Laboratory', 'Workshop, hall'), tags SET('one', 'two', 'three'), body BLOB);
        INSERT INTO a VALUES (18446744073709551615, 'Süß', '2026-09-01 10:00:00', '2026-09-01 20:00:00.25', 'Workshop, hall', 'three,one', '<p>Süß &amp; 酸</p>');
        CREATE TABLE b (id INT ZEROFILL, title TINYTEXT, out_at DECIMAL(20, 3), touched DATE, tags JSON, body MEDIUMTEXT);
        INSERT INTO b VALUES (7, 'Seconds', 1788228000.5, '2026-09-02', '["x", "y, z"]', '<p>b</p>');
        CREATE TABLE c (id CHAR(9), title TEXT, out_at DATETIME, touched DATETIME, stamp TIMESTAMP NULL);
        SET sql_mode = '';
        INSERT INTO c VALUES ('c1', 'Zero', '0000-00-00', NULL, NULL), ('c2', 'Half', '2026-00-00', NULL, NULL), ('c3', 'Nothing', NULL, NULL, NULL),
            ('c4', 'Never touched', '2026-09-01 10:00:00', '0000-00-00', '0000-00-00');
    "#,
        )
        .await;
    let columns = "id, title, out_at AS published_at, touched AS updated_at";
    source.use_query(
        &format!("SELECT {columns}, part AS section, tags, body AS body_html FROM a"),
        "",
    );
    assert_eq!((source.sync().counts(), source.sync().rejected()), ([1, 0, 0, 0], vec![]));
    let article = fields(&source, "18446744073709551615");
    let tags = ["one", "three"];
    assert_eq!(
        article,
        json!([
            "Süß",
            "2026-09-01T08:00:00Z",
            "2026-09-01T12:00:00Z",
            ["Workshop, hall"],
            tags,
            "<p>Süß &amp; 酸</p>"
        ])
    );

    source.use_query(&format!("SELECT {columns}, tags, body AS body_html FROM b"), "");
    assert_eq!(source.sync().counts(), [1, 0, 0, 1]);
    let seconds = fields(&source, &source.field_values("source_id")[0]);
    assert_eq!(
        seconds,
        json!([
            "Seconds",
            "2026-09-01T02:00:00Z",
            "2026-09-01T16:00:00Z",
            [],
            ["x", "y, z"],
            "<p>b</p>"
        ])
    );

    source.use_query(&format!("SELECT {columns} FROM c"), "");
    let sync = source.sync();
    assert_eq!(sync.counts(), [1, 0, 0, 1]);
    let reason = [
        "c1: it has no published_at",
        "c2: published_at `2026-00-00 00:00:00` is not a valid time; write for example 2026-09-21 08:00",
        "c3: it has no published_at",
    ];
    assert_eq!(sync.rejected(), reason);
    assert_eq!(fields(&source, "c4")[2], "2026-09-01T02:00:00Z");
    source.use_query(
        "SELECT id, title, out_at AS published_at, stamp AS updated_at FROM c WHERE id = 'c4'",
        "",
    );
    assert_eq!(source.sync().rejected(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_values_are_converted_by_their_storage_class() {
    let Some(source) = TestSource::create(Kind::Sqlite).await else { return };
    source
        .execute(
            r#"
        CREATE TABLE a (id, title, out_at, touched, tags, body);
        INSERT INTO a VALUES (1, 'Integer', 1788228000, 1788228000123, 'x,y', CAST('<p>Süß</p>' AS BLOB));
        INSERT INTO a VALUES (2.0, 'Real', 1788228000.5, '2026-09-02', '["x","y, z"]', 5);
        INSERT INTO a VALUES ('3', x'4279746573ff', '2026-09-01T10:00:00.000+08:00', '', NULL, NULL);
        INSERT INTO a VALUES (x'34', NULL, '2026-09-01', NULL, '[unfinished, list', x'');
        INSERT INTO a VALUES (5, 'Words', 'last spring', NULL, NULL, NULL);
    "#,
        )
        .await;
    source.use_query("SELECT id, title, out_at AS published_at, touched AS updated_at, tags, body AS body_html FROM a", "");
    let sync = source.sync();
    assert_eq!(
        (sync.counts(), sync.rejected()),
        ([4, 0, 0, 0], vec!["5: published_at `last spring` is not a valid time; write for example 2026-09-21 08:00".to_owned()])
    );
    assert_eq!(
        fields(&source, "1"),
        json!([
            "Integer",
            "2026-09-01T02:00:00Z",
            "2026-09-01T02:00:00Z",
            [],
            ["x", "y"],
            "<p>Süß</p>"
        ])
    );
    assert_eq!(
        fields(&source, "2"),
        json!(["Real", "2026-09-01T02:00:00Z", "2026-09-01T16:00:00Z", [], ["x", "y, z"], "5"])
    );
    assert_eq!(
        fields(&source, "3"),
        json!(["Bytes\u{fffd}", "2026-09-01T02:00:00Z", "2026-09-01T02:00:00Z", [], [], ""])
    );
    assert_eq!(
        fields(&source, "4"),
        json!([
            "2026-09-01 00:00",
            "2026-08-31T16:00:00Z",
            "2026-08-31T16:00:00Z",
            [],
            ["[unfinished", "list"],
            ""
        ])
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn arrays_of_any_kind_are_lists() {
    let Some(source) = TestSource::create(Kind::Postgres).await else { return };
    source
        .execute(
            r#"
        CREATE TABLE a (id int, tags text[]);
        CREATE TABLE b (id int, tags text, numbers int[], objects jsonb[], list json);
        INSERT INTO a VALUES (1, ARRAY[['one', 'two, three'], ['four', NULL]]), (2, '[0:1]={one,two}'), (3, NULL);
        INSERT INTO b VALUES (1, '{one,"two, three"}', '{7,8}', ARRAY['"one"', '{"name": "two"}']::jsonb[], '[{"name": "Mei Lin", "id": 4}, ["Ida"], 7, null]'),
            (2, 'one, two', NULL, NULL, '[{"id": 4}]');
    "#,
        )
        .await;
    let tags = |query: &str| {
        source
            .use_query(&format!("SELECT 'T' AS title, '2026-09-01' AS published_at, {query}"), "");
        let rejected = source.sync().rejected();
        (source.article("1")["tags"].clone(), rejected)
    };
    assert_eq!(tags("id, tags FROM a").0, json!(["one", "two, three", "four"]));
    assert_eq!(source.article("2")["tags"], json!(["one", "two"]));
    assert_eq!(tags("id, tags FROM b").0, json!(["one", "two, three"]));
    assert_eq!(tags("id, numbers AS tags FROM b").0, json!(["7", "8"]));
    assert_eq!(tags("id, objects AS tags FROM b").0, json!(["one", "two"]));
    let (names, rejected) = tags("id, list AS tags FROM b");
    assert_eq!(names, json!(["Mei Lin", "Ida", "7"]));
    assert!(
        rejected[0].starts_with("2: `tags` must be") && rejected[0].contains("`name`"),
        "{rejected:?}"
    );
}
