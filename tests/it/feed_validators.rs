//! Checks of served feeds with libxml2, feedparser and newsboat, against the compiled program.

use std::fmt::Write as _;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::server_process::{ServerProcess, get, request};
use crate::support::{Shell, skipped};

/// Titles, and the same titles as a feed reader shows them.
const TITLES: [(&str, &str); 12] = [
    ("Plain words", "Plain words"),
    ("染坊开放日：三百位来宾", "染坊开放日：三百位来宾"),
    ("Beep \u{7}, null \u{0}, escape \u{1b}[0m and \u{fffe}", "Beep , null , escape [0m and"),
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

/// Returns sixty articles, oldest first, and the title and date that a reader must show of each.
fn articles() -> (String, Vec<(String, String)>) {
    let (mut lines, mut expected) = (String::new(), Vec::new());
    for n in 0..60 {
        let (title, shown) = TITLES[n % TITLES.len()];
        let body = format!(
            "<p>Body number {n}.</p>{}",
            if shown.is_empty() { "" } else { BODIES[n % BODIES.len()] }
        );
        let date = format!("2026-08-{:02}T{:02}:30:15Z", 1 + n / 24, n % 24);
        // The first words of the body replace a missing title.
        let shown = if shown.is_empty() { format!("Body number {n}.") } else { shown.to_owned() };
        expected.push((shown, date.clone()));
        let article = json!({"id": format!("n/{n}&ü"), "title": title, "body_html": body, "published_at": date, "language": if n % 2 == 0 { "en" } else { "zh-CN" },
            "url": format!("https://college.example/{n}?a=1&b=新"), "author": "Mei & Lin, 李雷", "tags": "a&b,<c>,化学", "section": "Lab \u{3}notes",
            "image_url": "https://college.example/p.png?a=1&b=2", "summary": if n % 3 == 0 { "Sum & mary ]]> \u{2}" } else { "" }});
        writeln!(lines, "{article}").unwrap();
    }
    (lines, expected)
}

/// Starts the program with these articles.
fn start_server() -> (Shell, ServerProcess, Vec<(String, String)>) {
    let shell = Shell::with(
        "url = \"sqlite://courant.db\"",
        "url = \"sqlite://courant.db\"\n[server]\nlisten = \"127.0.0.1:0\"",
    );
    let (lines, expected) = articles();
    shell.write("articles.jsonl", lines);
    shell.run_ok(&["articles", "import", "articles.jsonl"]);
    let server = ServerProcess::start(shell.path(".").as_path());
    (shell, server, expected)
}

fn succeeds(program: &str, arguments: &[&str]) -> bool {
    Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|s| s.success())
}

#[test]
fn served_feeds_are_well_formed_for_libxml2() {
    if !succeeds("xmllint", &["--version"]) {
        return skipped("xmllint is not installed");
    }
    let (shell, mut server, _) = start_server();
    let address = server.wait_until_ready();
    for format in ["rss", "atom"] {
        let response = get(address, &format!("/feeds/news.{format}"), &[]);
        assert_eq!(response.status, 200);
        let file = shell.write(&format!("seen.{format}"), &response.body);
        let validator = Command::new("xmllint").arg("--noout").arg(&file).output().unwrap();
        assert!(
            validator.status.success() && validator.stderr.is_empty(),
            "{}",
            String::from_utf8_lossy(&validator.stderr)
        );
    }
    let json: Value = serde_json::from_slice(&get(address, "/feeds/news.json", &[]).body).unwrap();
    assert_eq!(json["items"].as_array().unwrap().len(), 50);
    assert_eq!(server.stop().0, Some(0));
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
fn feedparser_reads_every_entry_and_gets_304_for_conditional_requests() {
    if !succeeds("python3", &["-c", "import feedparser"]) {
        return skipped("the Python package feedparser is not installed");
    }
    let (_shell, mut server, expected) = start_server();
    let address = server.wait_until_ready();
    let newest: Vec<&(String, String)> = expected.iter().rev().take(50).collect();
    let mut ids = Vec::new();
    for (format, version) in [("rss", "rss20"), ("atom", "atom10")] {
        let url = format!("http://{address}/feeds/news.{format}");
        let validator = Command::new("python3").args(["-c", FEEDPARSER, &url]).output().unwrap();
        assert!(validator.status.success(), "{}", String::from_utf8_lossy(&validator.stderr));
        let feed: Value = serde_json::from_slice(&validator.stdout).unwrap();
        assert_eq!(
            (&feed["bozo"], &feed["version"]),
            (&json!(false), &json!(version)),
            "{}",
            feed["why"]
        );
        assert_eq!((&feed["again"], &feed["since"]), (&json!([304, 0]), &json!([304, 0])));
        let entries = feed["entries"].as_array().unwrap();
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
    assert_eq!(ids[0], ids[1], "an article should have the same id in all formats");
}

#[test]
fn newsboat_reads_fifty_items() {
    if !succeeds("newsboat", &["--version"]) {
        return skipped("newsboat is not installed");
    }
    let (shell, mut server, _) = start_server();
    let address = server.wait_until_ready();
    for format in ["rss", "atom"] {
        let urls = shell
            .write(&format!("{format}/urls"), format!("http://{address}/feeds/news.{format}\n"));
        let config = shell.write(&format!("{format}/config"), "");
        let cache = shell.path(&format!("{format}/cache.db"));
        let newsboat = |action: &str| {
            let mut command = Command::new("newsboat");
            command.env("HOME", shell.path(".")).env_remove("XDG_CONFIG_HOME").stdin(Stdio::null());
            let arg = |path: &Path| path.display().to_string();
            let output = command
                .args(["-u", &arg(&urls), "-C", &arg(&config), "-c", &arg(&cache), "-x", action])
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
fn built_feeds_equal_served_feeds_in_every_encoding() {
    let (shell, mut server, _) = start_server();
    let address = server.wait_until_ready();
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
        let gzipped = get(address, &path, &["Accept-Encoding: gzip"]);
        assert_eq!((gzipped.status, gzipped.header("Content-Encoding")), (200, "gzip"));
        let mut unpacked = Vec::new();
        flate2::read::GzDecoder::new(gzipped.body.as_slice()).read_to_end(&mut unpacked).unwrap();
        assert_eq!(unpacked, plain.body, "{format}");
        let head = request(address, "HEAD", &path, &[]);
        assert_eq!((head.status, head.body.len()), (200, 0));
        for name in
            ["Content-Length", "Content-Type", "ETag", "Last-Modified", "Cache-Control", "Vary"]
        {
            assert_eq!(head.header(name), plain.header(name), "{name}");
            assert!(!head.header(name).is_empty(), "{name}");
        }
        assert_ne!(
            gzipped.header("ETag"),
            plain.header("ETag"),
            "a strong ETag should differ by encoding"
        );
        for (response, encoding) in [(&plain, "identity"), (&gzipped, "gzip")] {
            let headers = [
                format!("If-None-Match: {}", response.header("ETag")),
                format!("Accept-Encoding: {encoding}"),
            ];
            let again = get(address, &path, &[&headers[0], &headers[1]]);
            assert_eq!(
                (again.status, again.body.len(), again.header("ETag")),
                (304, 0, response.header("ETag"))
            );
        }
        let identity = get(address, &path, &["Accept-Encoding: gzip;q=0, identity"]);
        assert_eq!(identity.body, plain.body);
    }
}

#[test]
fn the_same_bytes_are_served_after_a_restart() {
    let (shell, mut server, _) = start_server();
    let tags = |server: &mut ServerProcess| {
        let address = server.wait_until_ready();
        ["rss", "atom", "json"].map(|format| {
            let response = get(address, &format!("/feeds/news.{format}"), &[]);
            [response.header("ETag"), response.header("Last-Modified")].join(" ")
        })
    };
    let before = tags(&mut server);
    server.kill();
    let mut again = ServerProcess::start(shell.path(".").as_path());
    assert_eq!(tags(&mut again), before);
    assert_eq!(again.stop().0, Some(0));
}
