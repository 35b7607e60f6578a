//! A collection of nasty articles, and what each becomes in each format: `tests/it/corpus/` holds both.
//! COURANT_TEST_BLESS=1 writes the expectations anew; read what changed before you commit it.

use std::fmt::Write as _;
use std::path::PathBuf;

use crate::support::Shell;

fn place(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/it/corpus").join(name)
}

/// The items of a document, one a line, without what the document says of itself.
fn items(format: &str, document: &str) -> String {
    let mut lines = String::new();
    match format {
        "json" => {
            let feed: serde_json::Value = serde_json::from_str(document).unwrap();
            for item in feed["items"].as_array().unwrap() {
                writeln!(lines, "{item}").unwrap();
            }
        }
        _ => {
            let xml = roxmltree::Document::parse(document).unwrap();
            for item in
                xml.descendants().filter(|node| matches!(node.tag_name().name(), "item" | "entry"))
            {
                writeln!(lines, "{}", &document[item.range()]).unwrap();
            }
        }
    }
    lines
}

#[test]
fn nasty_articles_become_what_they_always_became() {
    let shell = Shell::new();
    shell.write("articles.jsonl", std::fs::read(place("articles.jsonl")).unwrap());
    shell.run_ok(&["articles", "import", "articles.jsonl"]);
    shell.run_ok(&["feeds", "build", "--out", "out"]);
    for format in ["rss", "atom", "json"] {
        let made = items(
            format,
            &std::fs::read_to_string(shell.path(&format!("out/news.{format}"))).unwrap(),
        );
        let file = place(&format!("items.{format}"));
        if std::env::var_os("COURANT_TEST_BLESS").is_some() {
            std::fs::write(&file, &made).unwrap();
        }
        let expected = std::fs::read_to_string(&file).unwrap();
        for (made, expected) in made.lines().zip(expected.lines()) {
            assert_eq!(made, expected, "{format}");
        }
        assert_eq!(made.lines().count(), expected.lines().count(), "{format}");
    }
}
