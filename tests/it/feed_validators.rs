//! Feeds before their judges: libxml2, feedparser, newsboat; served by the program itself, never by a part of it.

use std::fmt::Write as _;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::program::{Serving, ask, get};
use crate::support::{Shell, skipped};

/// Titles and the same as a reader shows them.
const TITLES: [(&str, &str); 12] = [
    ("Plain words", "Plain words"),
    ("染坊开放日：三百位来宾", "染坊开放日：三百位来宾"),
    ("Bell \u{7}, null \u{0}, escape \u{1b}[0m and \u{fffe}", "Bell , null , escape [0m and"),
    ("CDATA ends ]]> here", "CDATA ends ]]> here"),
    ("<b>Bold</b> <script>alert(1)</script>claims", "Bold claims"),
    ("Fish & chips &amp; peas", "Fish & chips & peas"),
    ("5 < 6 and 7 > 3", "5 < 6 and 7 > 3"),
    ("Moon 🌙, family 👩‍👩‍👧, flag 🇨🇳", "Moon 🌙, family 👩‍👩‍👧, flag 🇨🇳"),
    ("<i> </i>", ""),
    ("  Two\nlines\tand \u{a0} spaces ", "Two lines and spaces"),
    ("\"Quoted\" 'title' %s {{x}} \\n", "\"Quoted\" 'title' %s {{x}} \\n"),
    ("עברית and العربية", "עברית and العربية"),
];

const BODIES: [&str; 5] = [
    "",
    "<p>]]> &lt;tag&gt; &amp;amp; \u{1}\u{8}\u{c}\u{ffff} end</p>",
    "<p>汉字<br>段落<img src=\"/a b.png?x=1&y=2\"></p>",
    "<table><tr><td>unclosed <b>cell",
    "<!-- comment --><p>Emoji 🧪 and a <a href='x?a=1&b=\"2\"'>link</a></p>",
];

/// Sixty articles, the first one the oldest, and what a reader must show of each: title, date.
fn shelf() -> (String, Vec<(String, String)>) {
    let (mut lines, mut expected) = (String::new(), Vec::new());
    for n in 0..60 {
        let (title, shown) = TITLES[n % TITLES.len()];
        let body = format!(
            "<p>Body number {n}.</p>{}",
            if shown.is_empty() { "" } else { BODIES[n % BODIES.len()] }
        );
        let date = format!("2026-08-{:02}T{:02}:30:15Z", 1 + n / 24, n % 24);
        // An article without a title is called by its first words.
        let shown = if shown.is_empty() { format!("Body number {n}.") } else { shown.to_owned() };
        expected.push((shown, date.clone()));
        let article = json!({"id": format!("n/{n}&ü"), "title": title, "body_html": body, "published_at": date, "language": if n % 2 == 0 { "en" } else { "zh-CN" },
            "url": format!("https://college.example/{n}?a=1&b=新"), "author": "Mei & Lin, 李雷", "tags": "a&b,<c>,化学", "section": "Lab \u{3}notes",
            "image_url": "https://college.example/p.png?a=1&b=2", "summary": if n % 3 == 0 { "Sum & mary ]]> \u{2}" } else { "" }});
        writeln!(lines, "{article}").unwrap();
    }
    (lines, expected)
}

/// The program serving that shelf.
fn served() -> (Shell, Serving, Vec<(String, String)>) {
    let shell = Shell::with(
        "url = \"sqlite://courant.db\"",
        "url = \"sqlite://courant.db\"\n[server]\nlisten = \"127.0.0.1:0\"",
    );
    let (lines, expected) = shelf();
    shell.write("shelf.jsonl", lines);
    shell.run_ok(&["articles", "import", "shelf.jsonl"]);
    let serving = Serving::start(shell.path(".").as_path());
    (shell, serving, expected)
}

fn there(program: &str, arguments: &[&str]) -> bool {
    Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|s| s.success())
}

#[test]
fn libxml2_has_nothing_to_say_about_what_is_served() {
    if !there("xmllint", &["--version"]) {
        return skipped("there is no xmllint");
    }
    let (shell, mut serving, _) = served();
    let address = serving.ready();
    for format in ["rss", "atom"] {
        let answer = get(address, &format!("/feeds/news.{format}"), &[]);
        assert_eq!(answer.status, 200);
        let file = shell.write(&format!("seen.{format}"), &answer.body);
        let judge = Command::new("xmllint").arg("--noout").arg(&file).output().unwrap();
        assert!(
            judge.status.success() && judge.stderr.is_empty(),
            "{}",
            String::from_utf8_lossy(&judge.stderr)
        );
    }
    let json: Value = serde_json::from_slice(&get(address, "/feeds/news.json", &[]).body).unwrap();
    assert_eq!(json["items"].as_array().unwrap().len(), 50);
    assert_eq!(serving.stop().0, Some(0));
}

const FEEDPARSER: &str = r"
import calendar, feedparser, json, sys
url = sys.argv[1]
feed = feedparser.parse(url)
again = feedparser.parse(url, etag=feed.etag)
since = feedparser.parse(url, modified=feed.modified)
entries = [[e.title, calendar.timegm(e.published_parsed), e.id, e.link, sorted(t.term for t in e.tags), len(e.get('content', []))] for e in feed.entries]
print(json.dumps({'bozo': bool(feed.bozo), 'why': repr(feed.get('bozo_exception')), 'version': feed.version, 'entries': entries,
    'again': [again.status, len(again.entries)], 'since': [since.status, len(since.entries)], 'title': feed.feed.title}))
";

#[test]
fn feedparser_reads_every_entry_with_its_title_and_date_and_asks_twice_for_nothing() {
    if !there("python3", &["-c", "import feedparser"]) {
        return skipped("python3 has no feedparser");
    }
    let (_shell, mut serving, expected) = served();
    let address = serving.ready();
    let newest: Vec<&(String, String)> = expected.iter().rev().take(50).collect();
    let mut ids = Vec::new();
    for (format, version) in [("rss", "rss20"), ("atom", "atom10")] {
        let url = format!("http://{address}/feeds/news.{format}");
        let judge = Command::new("python3").args(["-c", FEEDPARSER, &url]).output().unwrap();
        assert!(judge.status.success(), "{}", String::from_utf8_lossy(&judge.stderr));
        let seen: Value = serde_json::from_slice(&judge.stdout).unwrap();
        assert_eq!(
            (&seen["bozo"], &seen["version"]),
            (&json!(false), &json!(version)),
            "{}",
            seen["why"]
        );
        assert_eq!((&seen["again"], &seen["since"]), (&json!([304, 0]), &json!([304, 0])));
        let entries = seen["entries"].as_array().unwrap();
        assert_eq!(entries.len(), 50);
        for (entry, (title, date)) in entries.iter().zip(newest.iter().copied()) {
            let stamp = date.parse::<jiff::Timestamp>().unwrap();
            assert_eq!(entry[1], stamp.as_second(), "{format}: the date of {entry}");
            assert!(entry[0] == **title, "{format}: {} is not {title}", entry[0]);
            assert!(entry[3].as_str().unwrap().contains("?a=1&b=%E6%96%B0"), "{entry}");
            assert_eq!(
                (&entry[4], &entry[5]),
                (&json!(["<c>", "Lab notes", "a&b", "化学"]), &json!(1)),
                "{format}"
            );
        }
        ids.push(entries.iter().map(|e| e[2].clone()).collect::<Vec<_>>());
    }
    assert_eq!(ids[0], ids[1], "an article has one id in all formats");
}

#[test]
fn newsboat_reads_fifty_items() {
    if !there("newsboat", &["--version"]) {
        return skipped("there is no newsboat");
    }
    let (shell, mut serving, _) = served();
    let address = serving.ready();
    for format in ["rss", "atom"] {
        let urls = shell
            .write(&format!("{format}/urls"), format!("http://{address}/feeds/news.{format}\n"));
        let config = shell.write(&format!("{format}/config"), "");
        let cache = shell.path(&format!("{format}/cache.db"));
        let newsboat = |what: &str| {
            let mut command = Command::new("newsboat");
            command.env("HOME", shell.path(".")).env_remove("XDG_CONFIG_HOME").stdin(Stdio::null());
            let place = |path: &Path| path.display().to_string();
            let output = command
                .args([
                    "-u",
                    &place(&urls),
                    "-C",
                    &place(&config),
                    "-c",
                    &place(&cache),
                    "-x",
                    what,
                ])
                .output()
                .unwrap();
            String::from_utf8_lossy(&output.stdout).into_owned()
        };
        newsboat("reload");
        assert!(
            newsboat("print-unread").starts_with("50 unread"),
            "{format}: {}",
            newsboat("print-unread")
        );
    }
}

#[test]
fn what_is_built_is_what_is_served_in_every_coding() {
    let (shell, mut serving, _) = served();
    let address = serving.ready();
    shell.run_ok(&["feeds", "build", "--out", "out"]);
    for format in ["rss", "atom", "json"] {
        let path = format!("/feeds/news.{format}");
        let plain = get(address, &path, &[]);
        assert_eq!((plain.status, plain.header("Content-Encoding")), (200, ""));
        assert_eq!(
            std::fs::read(shell.path(&format!("out/news.{format}"))).unwrap(),
            plain.body,
            "{format}"
        );
        let packed = get(address, &path, &["Accept-Encoding: gzip"]);
        assert_eq!((packed.status, packed.header("Content-Encoding")), (200, "gzip"));
        let mut unpacked = Vec::new();
        flate2::read::GzDecoder::new(packed.body.as_slice()).read_to_end(&mut unpacked).unwrap();
        assert_eq!(unpacked, plain.body, "{format}");
        let head = ask(address, "HEAD", &path, &[]);
        assert_eq!((head.status, head.body.len()), (200, 0));
        for name in
            ["Content-Length", "Content-Type", "ETag", "Last-Modified", "Cache-Control", "Vary"]
        {
            assert_eq!(head.header(name), plain.header(name), "{name}");
            assert!(!head.header(name).is_empty(), "{name}");
        }
        assert_ne!(packed.header("ETag"), plain.header("ETag"), "a strong tag names bytes");
        for (answer, coding) in [(&plain, "identity"), (&packed, "gzip")] {
            let asked = [
                format!("If-None-Match: {}", answer.header("ETag")),
                format!("Accept-Encoding: {coding}"),
            ];
            let again = get(address, &path, &[&asked[0], &asked[1]]);
            assert_eq!(
                (again.status, again.body.len(), again.header("ETag")),
                (304, 0, answer.header("ETag"))
            );
        }
        let refused = get(address, &path, &["Accept-Encoding: gzip;q=0, identity"]);
        assert_eq!(refused.body, plain.body);
    }
}

#[test]
fn the_same_bytes_are_served_after_a_restart() {
    let (shell, mut serving, _) = served();
    let tags = |serving: &mut Serving| {
        let address = serving.ready();
        ["rss", "atom", "json"].map(|format| {
            let answer = get(address, &format!("/feeds/news.{format}"), &[]);
            [answer.header("ETag"), answer.header("Last-Modified")].join(" ")
        })
    };
    let before = tags(&mut serving);
    serving.kill();
    let mut again = Serving::start(shell.path(".").as_path());
    assert_eq!(tags(&mut again), before);
    assert_eq!(again.stop().0, Some(0));
}
