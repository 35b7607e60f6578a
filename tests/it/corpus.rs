//! Golden files: nasty articles and their expected rendering in each format, in `tests/it/corpus/`.
//! With COURANT_TEST_UPDATE=1 the test rewrites the expectations; review the diff before committing.

use std::fmt::Write as _;
use std::path::PathBuf;

use crate::support::Shell;

fn corpus_file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/it/corpus").join(name)
}

/// Returns the items of a feed document, one per line, without the metadata of the feed.
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
fn feeds_of_nasty_articles_match_the_golden_files() {
    let shell = Shell::new();
    shell.write("articles.jsonl", std::fs::read(corpus_file("articles.jsonl")).unwrap());
    shell.run_ok(&["articles", "import", "articles.jsonl"]);
    shell.run_ok(&["feeds", "build", "--out", "out"]);
    for format in ["rss", "atom", "json"] {
        let rendered = items(
            format,
            &std::fs::read_to_string(shell.path(&format!("out/news.{format}"))).unwrap(),
        );
        let file = corpus_file(&format!("items.{format}"));
        if std::env::var_os("COURANT_TEST_UPDATE").is_some() {
            std::fs::write(&file, &rendered).unwrap();
        }
        let expected = std::fs::read_to_string(&file).unwrap();
        for (rendered, expected) in rendered.lines().zip(expected.lines()) {
            assert_eq!(rendered, expected, "{format}");
        }
        assert_eq!(rendered.lines().count(), expected.lines().count(), "{format}");
    }
}
