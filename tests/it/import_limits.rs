//! Sizes and numbers of words: long lines are rejected with their size, and a command prints a hundred
//! reasons at most.

use sqlx::{AssertSqlSafe, Connection, SqliteConnection};

use crate::support::Shell;

#[test]
fn a_line_past_the_limit_is_rejected_with_its_size_and_the_others_are_checked() {
    let shell = Shell::new();
    let field = "x".repeat(33_000_000);
    shell.write("articles.csv", format!("id,title\n1,{field}\n2,\n3,Three\n"));
    shell.write("people.csv", format!("email,name\nann@example.org,{field}\nnobody,Bob\n"));
    let line = "x".repeat(64_000_000);
    shell.write(
        "articles.jsonl",
        format!("{{\"id\":\"1\",\"title\":\"{line}\"}}\n{{\"id\":\"2\"}}\n"),
    );
    let long_field = ":2: field 2 is 33000000 bytes long; the maximum is 32000000";
    for (import, expected) in [
        (["articles", "import", "articles.csv"].as_slice(), [long_field, ":3: it has no title"]),
        (&["subscribers", "import", "people.csv", "--digest", "weekly"], [long_field, ":3: "]),
        (
            &["articles", "import", "articles.jsonl"],
            [":1: the line is 64000021 bytes long; the maximum is 64000000", ":2: it has no title"],
        ),
    ] {
        let output = shell.courant(import);
        for part in expected {
            assert!(output.err.contains(&format!("{}{part}", import[2])), "{output:?}");
        }
        assert!(output.err.contains("2 lines rejected"), "{output:?}");
    }
}

#[test]
fn a_list_of_a_million_values_is_rejected_in_every_format() {
    let shell = Shell::new();
    let tags = |separator: &str| vec!["t"; 200_000].join(separator);
    shell.write("a.csv", format!("id,title,tags\n1,One,\"{}\"\n", tags(",")));
    shell.write("b.csv", format!("id,title,tags\n1,One,\"[{}]\"\n", ["1"; 200_000].join(",")));
    shell.write("c.jsonl", format!("{{\"title\":\"One\",\"tags\":[\"{}\"]}}\n", tags("\",\"")));
    shell.write(
        "d.rss",
        format!(
            "<rss><channel>\n<item><title>One</title>{}</item></channel></rss>",
            "<category>t</category>".repeat(400_000)
        ),
    );
    for (file, expected) in [
        ("a.csv", "a.csv:2: `tags` has 200000 values; the maximum is 100000"),
        ("b.csv", "b.csv:2: `tags` has 200000 values; the maximum is 100000"),
        ("c.jsonl", "c.jsonl:1: the line has 200002 values; the maximum is 100000"),
        ("d.rss", "d.rss:2: the entry has 400002 elements and attributes"),
    ] {
        let output = shell.courant(&["articles", "import", file]);
        assert!(output.status == 1 && output.err.contains(expected), "{output:?}");
    }
}

#[tokio::test]
async fn a_sync_prints_a_hundred_issues_and_its_report_has_all_of_them() {
    let shell = Shell::with(
        "kind = \"builtin\"",
        "kind = \"query\"\nurl = \"sqlite://cms.db\"\nquery = \"SELECT id, title, published_at, 'https://college.example/' AS url FROM news\"",
    );
    std::fs::File::create(shell.path("cms.db")).unwrap();
    let url = format!("sqlite://{}", shell.path("cms.db").display());
    let mut cms = SqliteConnection::connect(&url).await.unwrap();
    let rows = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 11000) \
        SELECT 'same', 'Title', '2026-09-01' FROM n";
    for sql in [
        "CREATE TABLE news (id TEXT, title TEXT, published_at TEXT)".to_owned(),
        format!("INSERT INTO news {rows}"),
    ] {
        sqlx::query(AssertSqlSafe(sql)).execute(&mut cms).await.unwrap();
    }
    cms.close().await.unwrap();
    let output = shell.courant(&["sources", "sync"]);
    assert_eq!(output.out.matches("another row has the same id").count(), 100, "{output:?}");
    for part in ["added 1,", "rejected 10999", "… and 10899 more issues; write all of them"] {
        assert!(output.out.contains(part), "{part}: {output:?}");
    }
    let output = shell.courant(&["sources", "sync", "--report", "issues.txt"]);
    assert!(output.out.contains("all are in issues.txt"), "{output:?}");
    let report = std::fs::read_to_string(shell.path("issues.txt")).unwrap();
    let expected = "college: rejected same: another row has the same id";
    assert!(report.lines().count() == 10_999 && report.lines().all(|line| line == expected));
}
