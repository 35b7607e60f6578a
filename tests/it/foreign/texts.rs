//! Texts of any length and in any encoding: rows of more than 16 MB, and UTF-8 in latin1 tables.

use serde_json::json;

use super::test_source::{Kind, TestSource};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_of_17_mb_is_read_whatever_its_first_column() {
    let Some(source) = TestSource::create(Kind::Mariadb).await else { return };
    source.execute("SET GLOBAL max_allowed_packet = 268435456").await;
    source
        .execute(
            "CREATE TABLE page (number INT ZEROFILL, id LONGTEXT, title LONGTEXT, out_at TIMESTAMP NULL, body LONGTEXT);
             INSERT INTO page VALUES (1, 'a', 'Short', '2026-09-01 02:00:00', '<p>Short</p>'),
                 (2, 'b', 'Long', '2026-09-02 02:00:00', CONCAT('<p>Begin <img src=\"data:image/png;base64,', REPEAT('A', 17000000), '\" alt=\"\"> end</p>')),
                 (3, REPEAT('c', 17000000), 'Long id', '2026-09-03 02:00:00', 'x');",
        )
        .await;
    let queries = [
        "SELECT body AS body_html, id, title, out_at AS published_at FROM page",
        "SELECT body AS body_html, title, id, out_at AS published_at FROM page ORDER BY out_at LIMIT 9;",
        "SELECT CONCAT(body, '') AS body_html, id, title, out_at AS published_at FROM page WHERE number < 3 UNION SELECT body, id, title, out_at FROM page -- all",
        "WITH p AS (SELECT * FROM page) SELECT id, body AS body_html, title, out_at AS published_at FROM p",
    ];
    for query in queries {
        source.use_query("SELECT 'none' AS id, 'None' AS title, '2026-09-01' AS published_at", "");
        source.sync();
        source.use_query(query, "");
        let sync = source.sync();
        let mut ids = source.field_values("source_id");
        ids.sort();
        assert_eq!(ids, ["a", "b"], "{query}: {:?}", sync.rejected());
        assert!(
            matches!(sync.rejected().as_slice(), [one] if one.contains("bytes long")),
            "{query}"
        );
        let body = source.article("b")["body_html"].as_str().unwrap_or_default().to_owned();
        assert!(body.contains("end</p>") && body.len() < 100, "{query}: {} bytes", body.len());
        assert_eq!(source.article("a")["published_at"], json!("2026-09-01T02:00:00Z"), "{query}");
    }
    source.use_query(
        "SELECT body AS body_html, number AS id, title, out_at AS published_at FROM page WHERE number = 1",
        "",
    );
    source.sync();
    assert_eq!(source.field_values("source_id"), ["0000000001"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn utf8_in_latin1_tables_is_reported_with_the_remedy_that_reads_it_right() {
    let Some(source) = TestSource::create(Kind::Mariadb).await else { return };
    source
        .execute(
            "SET NAMES latin1;
             CREATE TABLE page (id INT, title VARCHAR(90), out_at DATETIME, body TEXT) CHARACTER SET latin1;
             INSERT INTO page VALUES (1, 'Jubiläum – 75 €', '2026-09-01', '<p>Wir feiern „groß“.</p>'), (2, '校园歌会', '2026-09-02', '<p>今晚</p>'),
                 (3, 'Plain', '2026-09-03', 'ASCII');
             SET NAMES utf8mb4;
             INSERT INTO page VALUES (4, 'Später ergänzt', '2026-09-04', '');",
        )
        .await;
    let query = "SELECT id, title, out_at AS published_at, body AS body_html, CONCAT('https://college.example/', id) AS url FROM page";
    source.use_query(query, "");
    let notes = source.sync().notes();
    assert_eq!(notes.len(), 1, "{notes:?}");
    for part in
        ["1: It contains JubilÃ¤um instead of Jubiläum", "in 2 of 3 articles", "?charset=latin1"]
    {
        assert!(notes[0].contains(part), "{notes:?}");
    }
    let told = source.shell.run_ok(&["sources", "check", "cms"]);
    assert!(told.contains("?charset=latin1") && told.contains("charset       utf8mb4"), "{told}");

    source.configure(
        &format!("{}?charset=latin1", source.url),
        &format!("kind = \"query\"\nquery = '''{query}'''"),
    );
    assert_eq!(source.sync().notes(), Vec::<String>::new());
    let mut titles = source.field_values("title");
    titles.sort();
    assert_eq!(titles, ["Jubiläum – 75 €", "Plain", "Später ergänzt", "校园歌会"]);
    assert_eq!(source.article("1")["body_html"], json!("<p>Wir feiern „groß“.</p>"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn texts_of_a_latin1_table_that_are_latin1_are_read_without_a_note() {
    let Some(source) = TestSource::create(Kind::Mariadb).await else { return };
    source
        .execute(
            "CREATE TABLE page (id INT, title VARCHAR(90), out_at DATETIME) CHARACTER SET latin1;
             INSERT INTO page VALUES (1, 'Jubiläum – 75 €', '2026-09-01'), (2, 'CAFÉ’S', '2026-09-02'), (3, 'Größe', '2026-09-03');",
        )
        .await;
    source.use_query(
        "SELECT id, title, out_at AS published_at, CONCAT('https://college.example/', id) AS url FROM page",
        "",
    );
    assert_eq!(source.sync().notes(), Vec::<String>::new());
    assert_eq!(source.article("1")["title"], json!("Jubiläum – 75 €"));
}
