//! Generated articles with texts that break feeds; libxml2 and expat parse the result.
//! COURANT_TEST_FEEDS is the number of articles, which are the same in every run.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use courant::config::{Config, Feed, Site};
use courant::domain::article::{Article, Enclosure};
use courant::domain::text_repair;
use courant::domain::time::Millis;
use courant::feeds::format::Format;
use courant::feeds::metadata::{ArchiveRole, Item, Translation, feed_metadata, item};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

use crate::support::skipped;

/// Number of items in one document.
const ITEMS_PER_DOCUMENT: usize = 100;

const CONFIG: &str = r#"
[site]
title = "Harbour & <College>"
base_url = "https://news.example.edu"
id_authority = "news.example.edu,2026"
rights = "© & ]]>"
icon = "https://news.example.edu/icon.png"
[[feeds]]
name = "full"
title = "A & B </title>"
extra_xml = "<note xmlns='urn:x'>]]&gt;</note>"
[[feeds]]
name = "short"
content = "summary"
"#;

/// Generates texts from fragments that break feeds, in any combination.
fn hostile() -> impl Strategy<Value = String> {
    let known = vec![
        "]]>",
        "<!--",
        "-->",
        "&",
        "&#8;",
        "&#x0;",
        "&nbsp;",
        "&amp;",
        "<",
        ">",
        "\"",
        "'",
        "\r",
        "\r\n",
        "\n",
        "\t",
        " ",
        "\u{0}",
        "\u{b}",
        "\u{1f}",
        "\u{7f}",
        "\u{93}",
        "\u{fffe}",
        "\u{ffff}",
        "\u{feff}",
        "\u{85}",
        "\u{2028}",
        "\u{fdd0}",
        "\u{1fffe}",
        "<![CDATA[",
        "</title>",
        "</item>",
        "<content:encoded>",
        "<description>",
        "</description>",
        "<content ",
        "</feed>",
        "</channel></rss>",
        "新",
        "👩\u{200d}🔬",
        "\u{202e}",
        "<?xml?>",
        "\\ud800",
        "<audio controls=\"\">",
        "<a href=\"x\">",
    ];
    let fragment = prop_oneof![
        prop::sample::select(known).prop_map(str::to_owned),
        any::<String>(),
        any::<char>().prop_map(String::from),
    ];
    vec(fragment, 0..8).prop_map(|fragments| fragments.concat())
}

prop_compose! {
    fn hostile_article()(
        texts in (hostile(), hostile(), hostile(), hostile(), hostile(), option::of(hostile())),
        lists in (vec(hostile(), 0..3), vec(hostile(), 0..3), vec(hostile(), 0..3)),
        urls in (option::of(hostile()), option::of(hostile().prop_map(|t| format!("http://x.example/{t}"))), option::of((hostile(), hostile(), any::<u64>()))),
        numbers in (any::<i64>(), any::<i64>(), option::of(any::<u32>())),
    ) -> Article {
        let ((guid, title, summary, body_html, language, image_alt), (sections, tags, authors)) = (texts, lists);
        let enclosure = urls.2.map(|(url, kind, length)| Enclosure { url: format!("http://x.example/{url}"), media_type: format!("audio/{kind}"), length });
        Article {
            guid, title, summary, body_html, language, sections, tags, authors, url: urls.0, image_url: urls.1, image_alt, enclosure,
            image_width: numbers.2, published_at: Millis(numbers.0), updated_at: Millis(numbers.1), ..Article::default()
        }
    }
}

/// Expected title, summary and end of the body of an item, as a strict parser reads them.
type ExpectedItem = (String, String, Option<String>);

fn expected_item(article: &Article, is_full: bool) -> ExpectedItem {
    let normalize =
        |text: &str| text_repair::repair(text).replace("\r\n", "\n").replace('\r', "\n");
    let (title, summary) =
        (normalize_spaces(&normalize(&article.title)), normalize(article.summary.trim()));
    let body = normalize(&article.body_html);
    // The conversion of media players is tested elsewhere.
    let body = (is_full
        && !body.trim().is_empty()
        && !article.body_html.trim().is_empty()
        && !body.contains("<audio"))
    .then_some(body);
    (title.clone(), if summary.is_empty() { title } else { summary }, body)
}

fn normalize_spaces(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Returns `true` if a parsed item has the expected content.
fn matches_expected(read: &Value, expected: &ExpectedItem, is_rss: bool) -> bool {
    let text = |at: usize| read[at].as_str().unwrap_or_default();
    let summary = if is_rss {
        html_escape::encode_text(&expected.1).into_owned()
    } else {
        expected.1.clone()
    };
    let is_summary = text(1) == summary || normalize_spaces(text(1)) == normalize_spaces(&summary);
    normalize_spaces(text(0)) == expected.0
        && is_summary
        && expected.2.as_ref().is_none_or(|body| text(2).ends_with(body))
}

/// Renders the articles in every format and returns the files with the expected items of each.
fn documents(directory: &Path, articles: &[Article]) -> Vec<(PathBuf, Format, Vec<ExpectedItem>)> {
    let config = Config::parse(Path::new("/config.toml"), CONFIG, std::iter::empty()).unwrap();
    let archive = ArchiveRole::Newest { previous: None };
    let translations =
        [Translation { language: "de".into(), url: "https://x.example/de?a=1&b=<2>".into() }];
    let render = |chunk: &[Article], site: &Site, feed: &Feed, format: Format| {
        let items: Vec<Item<'_>> =
            chunk.iter().map(|article| item(article, &translations, site, feed)).collect();
        let bytes = format
            .render(
                &feed_metadata(site, feed, Millis(5), &archive, &["https://hub.example/".into()]),
                &items,
            )
            .unwrap();
        let again = format
            .render(
                &feed_metadata(site, feed, Millis(5), &archive, &["https://hub.example/".into()]),
                &items,
            )
            .unwrap();
        assert!(bytes == again, "the same articles should render to the same bytes");
        bytes
    };
    let mut files = Vec::new();
    for (number, chunk) in articles.chunks(ITEMS_PER_DOCUMENT).enumerate() {
        let is_full = number % 2 == 0;
        let feed = &config.feeds[usize::from(!is_full)];
        for format in Format::ALL {
            let file = directory.join(format!("{number}.{}", format.extension()));
            fs::write(&file, render(chunk, &config.site, feed, format)).unwrap();
            files.push((
                file,
                format,
                chunk.iter().map(|article| expected_item(article, is_full)).collect(),
            ));
        }
    }
    files
}

/// Python script that parses XML feeds with expat and prints title, summary and body of each item.
const EXPAT_SCRIPT: &str = r"
import json, sys
from xml.etree import ElementTree as tree
A, C = '{http://www.w3.org/2005/Atom}', '{http://purl.org/rss/1.0/modules/content/}'
for name in sys.stdin.read().split('\n'):
    root = tree.parse(name).getroot()
    if root.tag == 'rss':
        found = [[i.findtext('title'), i.findtext('description'), i.findtext(C + 'encoded')] for i in root.iter('item')]
    else:
        found = [[e.findtext(A + 'title'), e.findtext(A + 'summary'), e.findtext(A + 'content')] for e in root.iter(A + 'entry')]
    print(json.dumps(found))
";

fn run(mut command: Command, input: &str) -> Option<String> {
    use std::io::Write as _;
    use std::process::Stdio;
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().ok()?;
    let mut sink = child.stdin.take().unwrap();
    sink.write_all(input.as_bytes()).unwrap();
    drop(sink);
    let output = child.wait_with_output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}", errors.chars().take(2_000).collect::<String>());
    Some(String::from_utf8(output.stdout).unwrap())
}

#[test]
fn no_article_breaks_a_feed_or_loses_a_character_that_xml_allows() {
    let count: usize =
        std::env::var("COURANT_TEST_FEEDS").ok().and_then(|n| n.parse().ok()).unwrap_or(400);
    let (mut runner, strategy) = (TestRunner::deterministic(), hostile_article());
    let articles: Vec<Article> =
        (0..count).map(|_| strategy.new_tree(&mut runner).unwrap().current()).collect();
    let directory = tempfile::tempdir().unwrap();
    let files = documents(directory.path(), &articles);
    let (json, xml): (Vec<_>, Vec<_>) =
        files.iter().partition(|(_, format, _)| *format == Format::Json);
    for (file, _, expected) in json {
        let feed: Value = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
        let items = feed["items"].as_array().unwrap();
        assert_eq!(items.len(), expected.len());
        for (item, expected) in items.iter().zip(expected) {
            let read = json!([item["title"], item["summary"], item["content_html"]]);
            assert!(matches_expected(&read, expected, false), "{read}\n{expected:?}");
        }
    }
    for (file, format, expected) in &xml {
        let text = fs::read_to_string(file).unwrap();
        let document = roxmltree::Document::parse(&text).unwrap();
        let name = if *format == Format::Rss { "item" } else { "entry" };
        assert_eq!(
            document.descendants().filter(|node| node.tag_name().name() == name).count(),
            expected.len()
        );
    }
    let names: Vec<String> = xml.iter().map(|(file, ..)| file.display().to_string()).collect();
    let mut python = Command::new("python3");
    python.args(["-c", EXPAT_SCRIPT]);
    match run(python, &names.join("\n")) {
        None => skipped("python3 is not installed"),
        Some(found) => {
            for (line, (file, format, expected)) in found.lines().zip(&xml) {
                let items: Vec<Value> = serde_json::from_str(line).unwrap();
                assert_eq!(items.len(), expected.len(), "{}", file.display());
                for (read, expected) in items.iter().zip(expected) {
                    assert!(
                        matches_expected(read, expected, *format == Format::Rss),
                        "{}: {read}\n{expected:?}",
                        file.display()
                    );
                }
            }
        }
    }
    let mut xmllint = Command::new("xmllint");
    xmllint.arg("--noout").args(&names);
    if run(xmllint, "").is_none() {
        skipped("xmllint is not installed");
    }
}
