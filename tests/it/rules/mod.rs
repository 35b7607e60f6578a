//! What validators of feeds ask, written down again: RSS 2.0 with its best practices, Atom, JSON Feed 1.1. The collection of
//! nasty articles is judged by it, in a feed that has everything a feed can have, and so is every file of the folder that
//! COURANT_TEST_JUDGE names. Rules are called as the W3C's validator calls them, where it has them.

mod atom;
mod findings;
mod html;
mod json;
mod rss;
mod self_tests;
mod xml;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use roxmltree::Document;

use self::findings::Findings;
use crate::support::Shell;

/// Rules that an honest feed breaks (docs/feeds.md): an article older than the web, a title that spells out an end tag, a
/// character that its source had lost.
const STANDING: [&str; 3] = ["ImplausibleDate", "ContainsHTML", "LostCharacter"];

const MORE: &str = r#"[[feeds]]
name = "news"
title = "News & <notices>"
description = "What happens at the college & around it"
max_age = "1h"
"#;

/// What is wrong with a document, which is of the format that its first characters tell.
fn judged(document: &[u8]) -> Vec<(&'static str, String)> {
    let mut findings = Findings::default();
    match std::str::from_utf8(document) {
        Err(error) => findings.say("UnicodeError", error),
        Ok(text) if text.starts_with('{') => json::judge(text, &mut findings),
        Ok(text) => match Document::parse(text) {
            Err(error) => findings.say("SAXError", error),
            Ok(xml) if xml.root_element().has_tag_name("rss") => {
                rss::judge(text, &xml, &mut findings)
            }
            Ok(xml) => atom::judge(text, &xml, &mut findings),
        },
    }
    findings.all
}

fn built() -> [String; 3] {
    let shell = Shell::with("[[feeds]]\nname = \"news\"\n", MORE);
    let site = "[site]\nrights = \"© College\"\nicon = \"https://college.example/icon.png\"\nlogo = \"https://college.example/logo.png\"";
    shell.replace("[site]", site);
    let articles = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/corpus/articles.jsonl");
    shell.write("articles.jsonl", std::fs::read(articles).unwrap());
    shell.run_ok(&["articles", "import", "articles.jsonl"]);
    shell.run_ok(&["feeds", "build", "--out", "out"]);
    ["rss", "atom", "json"]
        .map(|format| std::fs::read_to_string(shell.path(&format!("out/news.{format}"))).unwrap())
}

#[test]
fn validators_find_nothing_in_a_feed_of_nasty_articles() {
    for document in built() {
        let found: Vec<_> = judged(document.as_bytes())
            .into_iter()
            .filter(|(rule, _)| !STANDING.contains(rule))
            .collect();
        assert!(found.is_empty(), "{found:#?}");
        assert!(document.matches("college/").count() > 15, "all articles are there");
    }
}

/// The feeds in a folder and those below it.
fn feeds_in(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            feeds_in(&path, found);
        } else if path
            .extension()
            .is_some_and(|end| ["rss", "atom", "json"].iter().any(|known| end == *known))
        {
            found.push(path);
        }
    }
}

/// How often each rule was broken, and where first.
type Broken = BTreeMap<&'static str, (u32, String)>;

/// Judges a folder of anybody's feeds; what stands for a reason is counted, all else fails.
#[test]
fn validators_find_nothing_in_the_feeds_of_a_folder() {
    let Some(folder) = std::env::var_os("COURANT_TEST_JUDGE") else { return };
    let (mut files, mut standing, mut wrong) = (Vec::new(), Broken::new(), Broken::new());
    feeds_in(Path::new(&folder), &mut files);
    for file in &files {
        for (rule, what) in judged(&std::fs::read(file).unwrap()) {
            let list = if STANDING.contains(&rule) { &mut standing } else { &mut wrong };
            list.entry(rule).or_insert_with(|| (0, format!("{}: {what}", file.display()))).0 += 1;
        }
    }
    eprintln!("{} feeds judged; broken for a reason (docs/feeds.md): {standing:#?}", files.len());
    assert!(
        !files.is_empty(),
        "there is no .rss, .atom or .json file in {}",
        Path::new(&folder).display()
    );
    assert!(wrong.is_empty(), "of {} feeds: {wrong:#?}", files.len());
}
