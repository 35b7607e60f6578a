//! Imports of other publishers' exports: a file is imported completely or not at all, and ids that
//! readers know are kept.

use courant::clock;
use serde_json::json;

use crate::support::Shell;

const RSS: &str = r#"<rss version="2.0"><channel><title>Old</title><link>https://old.example/</link>
<item><title>One</title><guid isPermaLink="false">old-1</guid><link>https://old.example/1</link><pubDate>Tue, 01 Sep 2026 10:00:00 GMT</pubDate>
<description>&lt;p&gt;Text &lt;script&gt;alert(1)&lt;/script&gt;of one&lt;/p&gt;</description></item>
<item><title>Two</title><guid>https://old.example/2</guid></item>
</channel></rss>"#;

fn column(shell: &Shell, name: &str) -> Vec<String> {
    let all = shell.courant(&["articles", "list", "--json"]).json();
    let mut column: Vec<String> = all
        .as_array()
        .unwrap()
        .iter()
        .map(|a| a[name].as_str().unwrap_or_default().to_owned())
        .collect();
    column.sort();
    column
}

#[test]
fn an_imported_feed_keeps_the_ids_that_its_readers_know() {
    let shell = Shell::new();
    shell.write("old.rss", RSS);
    assert_eq!(shell.run_ok(&["articles", "import", "old.rss"]), "college: added 2, changed 0\n");
    assert_eq!(
        shell.run_ok(&["articles", "import", "old.rss"]),
        "college: added 0, changed 0\n",
        "an item without a date should keep the date of its first import"
    );
    assert_eq!(column(&shell, "id"), ["https://old.example/2", "old-1"]);
    let one = shell.courant(&["articles", "show", "old-1", "--json"]).json();
    assert_eq!(
        (&one["body_html"], &one["published_at"]),
        (&json!("<p>Text of one</p>"), &json!("2026-09-01T10:00:00Z"))
    );
    shell.run_ok(&["feeds", "build", "--out", "feeds"]);
    let rss = std::fs::read_to_string(shell.path("feeds/news.rss")).unwrap();
    assert!(rss.contains("<guid isPermaLink=\"false\">old-1</guid>"), "{rss}");
    // Feeds that Courant itself publishes can be imported in each format.
    for file in ["news.rss", "news.atom", "news.json"] {
        let other = Shell::new();
        other.write(file, std::fs::read(shell.path("feeds").join(file)).unwrap());
        other.run_ok(&["articles", "import", file]);
        for name in ["title", "url", "published_at"] {
            assert_eq!(column(&other, name), column(&shell, name), "{file}: {name}");
        }
        // Atom ids must be URIs, so an id that is not a URI was converted to one.
        let first =
            if file == "news.atom" { "tag:news.example.edu,2026:guid/old-1" } else { "old-1" };
        let ids = column(&other, "id");
        assert!(
            ids.iter().any(|id| id == first) && ids.iter().any(|id| id == "https://old.example/2"),
            "{file}: {ids:?}"
        );
    }
}

#[test]
fn a_file_with_an_invalid_item_is_rejected_as_a_whole_with_the_line_number() {
    let shell = Shell::new();
    let bad = [
        (
            "bad.rss",
            RSS.replace("01 Sep 2026 10", "41 Sep 2026 10"),
            "bad.rss:2: its date `Tue, 41 Sep",
        ),
        (
            "twice.xml",
            RSS.replace("https://old.example/2", "old-1"),
            "twice.xml:4: duplicate id \"old-1\"",
        ),
        ("cut.atom", RSS[..RSS.len() - 30].to_owned(), "cut.atom:4: the XML is not well-formed"),
        ("list.json", "[]".to_owned(), "list.json:1: this is not a valid JSON Feed"),
        (
            "page.xml",
            "<!DOCTYPE html>\n<html></html>".to_owned(),
            "page.xml:2: this is neither RSS",
        ),
    ];
    for (file, text, message) in bad {
        shell.write(file, text);
        let output = shell.courant(&["articles", "import", file]);
        assert!(output.status == 1 && output.err.contains(message), "{output:?}");
        assert_eq!(shell.courant(&["articles", "list", "--json"]).json(), json!([]), "{file}");
    }
}

#[test]
fn a_file_with_an_id_of_another_article_is_rejected_as_a_whole_with_the_line_number() {
    let shell = Shell::new();
    shell.write(
        "first.jsonl",
        "{\"id\":\"1\",\"title\":\"A\",\"guid\":\"g\"}\n{\"id\":\"2\",\"title\":\"B\",\"guid\":\"tag:news.example.edu,2026:college/6\"}\n",
    );
    shell.run_ok(&["articles", "import", "first.jsonl"]);
    for (text, message) in [
        (
            "{\"id\":\"3\",\"title\":\"C\"}\n{\"id\":\"4\",\"title\":\"D\",\"guid\":\"g\"}\n",
            "next.jsonl:2: its permanent id belongs to college/1",
        ),
        (
            "{\"id\":\"3\",\"title\":\"C\"}\n{\"id\":\"6\",\"title\":\"D\"}\n",
            "next.jsonl:2: its permanent id belongs to college/2",
        ),
        // Characters that XML cannot represent do not distinguish two ids.
        (
            "{\"id\":\"3\",\"title\":\"C\",\"guid\":\"nn\"}\n{\"id\":\"4\",\"title\":\"D\",\"guid\":\"n\\u0001n\"}\n",
            "next.jsonl:2: duplicate guid; line 1",
        ),
    ] {
        shell.write("next.jsonl", text);
        let output = shell.courant(&["articles", "import", "next.jsonl"]);
        assert!(output.status == 1 && output.err.contains(message), "{output:?}");
        assert_eq!(column(&shell, "id").len(), 2);
    }
    // Importing the same file again causes no conflict.
    shell.run_ok(&["articles", "import", "first.jsonl"]);
}

#[test]
fn a_wordpress_export_imports_only_public_posts() {
    let shell = Shell::new();
    let item = |id: u32, status: &str| {
        format!(
            "<item><title>Post {id}</title><link>https://blog.example/{id}/</link><guid>https://blog.example/?p={id}</guid><dc:creator>mei</dc:creator>\
             <content:encoded><![CDATA[First.\n\nSecond.]]></content:encoded><wp:post_id>{id}</wp:post_id><wp:post_date_gmt>2026-09-01 02:00:00</wp:post_date_gmt>\
             <wp:post_type>post</wp:post_type><wp:status>{status}</wp:status></item>\n"
        )
    };
    let file = format!(
        "<rss version=\"2.0\" xmlns:wp=\"http://wordpress.org/export/1.2/\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\" \
         xmlns:content=\"http://purl.org/rss/1.0/modules/content/\"><channel><wp:wxr_version>1.2</wp:wxr_version>{}{}{}</channel></rss>",
        item(1, "publish"),
        item(2, "draft"),
        item(3, "future").replace("2026-09-01", "2099-09-01")
    );
    shell.write("blog.xml", &file);
    let output = shell.run_ok(&["articles", "import", "blog.xml"]);
    assert_eq!(
        output,
        "college: added 1, changed 0\n  left out, drafts: 1\n  left out, scheduled: 1\n"
    );
    let one = shell.courant(&["articles", "show", "college/1", "--json"]).json();
    assert_eq!(
        (&one["id"], &one["body_html"]),
        (&json!("tag:news.example.edu,2026:college/1"), &json!("<p>First.</p>\n<p>Second.</p>"))
    );
    let other = Shell::with("kind = \"builtin\"", "kind = \"builtin\"\nids = \"source\"");
    other.write("blog.xml", &file);
    other.run_ok(&["articles", "import", "blog.xml"]);
    assert_eq!(column(&other, "id"), ["https://blog.example/?p=1"]);
}

#[test]
fn an_id_mapping_file_is_applied_or_rejected_with_line_numbers() {
    let shell = Shell::new();
    let now = clock::now().rfc3339();
    shell.write("a.jsonl", format!("{{\"id\":\"a\",\"title\":\"A\",\"published_at\":\"{now}\"}}\n{{\"id\":\"b\",\"title\":\"B\"}}\n"));
    shell.run_ok(&["articles", "import", "a.jsonl"]);
    shell.write("map.csv", "old,new\r\na,1\r\nnobody,2\r\n");
    let output = shell.courant(&["articles", "remap-ids", "map.csv", "--source", "college"]);
    assert!(
        output.status == 1 && output.err.contains("map.csv:3: there is no article \"nobody\""),
        "{output:?}"
    );
    assert!(output.err.contains("nothing was remapped: 1 line rejected"), "{output:?}");
    shell.write("map.csv", "a,1\ntag:news.example.edu,2026:college/b,2\nhttps://old.example/3,3\n");
    assert_eq!(
        shell.run_ok(&["articles", "remap-ids", "map.csv"]),
        "remapped 2, waiting for their article 1\n"
    );
    assert_eq!(
        shell.run_ok(&["articles", "remap-ids", "map.csv"]),
        "remapped 0, already remapped 3\n"
    );
    shell.write(
        "new.jsonl",
        "{\"id\":\"1\",\"title\":\"A again\"}\n{\"id\":\"3\",\"title\":\"C\"}\n",
    );
    assert_eq!(shell.run_ok(&["articles", "import", "new.jsonl"]), "college: added 1, changed 1\n");
    let ids = [
        "https://old.example/3",
        "tag:news.example.edu,2026:college/a",
        "tag:news.example.edu,2026:college/b",
    ];
    assert_eq!(column(&shell, "id"), ids);
    assert_eq!(
        shell.courant(&["articles", "remap-ids", "map.csv", "--source", "elsewhere"]).status,
        2
    );
}
