//! Feed readers against the running program: they read every item as it was published, send
//! conditional requests, and recognize an edited article. COURANT_TEST_READERS is the directory in
//! which `.ci/run` installs the readers that Debian does not package.

mod recording_proxy;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use self::recording_proxy::{RecordedRequest, RecordingProxy};
use crate::server_process::{ServerProcess, get};
use crate::support::{Shell, skipped};

/// Titles, and the same titles as a reader must show them.
const TITLES: [(&str, &str); 9] = [
    ("Plain words", "Plain words"),
    ("染坊开放日：三百位来宾", "染坊开放日：三百位来宾"),
    ("Moon 🌙, family 👩‍👩‍👧, flag 🇨🇳", "Moon 🌙, family 👩‍👩‍👧, flag 🇨🇳"),
    ("Fish & chips &amp; peas", "Fish & chips & peas"),
    ("5 < 6 and 7 > 3", "5 < 6 and 7 > 3"),
    ("\"Quoted\" 'title' “so”, %s {{x}} \\n", "\"Quoted\" 'title' “so”, %s {{x}} \\n"),
    ("עברית and العربية", "עברית and العربية"),
    ("With a picture &mdash; <b>bold</b>", "With a picture — bold"),
    ("With a sound", "With a sound"),
];
/// Index of the article that is edited.
const EDITED: usize = 3;
/// Index of the article with an image.
const WITH_IMAGE: usize = 7;
/// Index of the article with an audio file.
const WITH_AUDIO: usize = 8;
/// HTML of a lead image as the feed contains it.
const IMAGE: &str =
    "<img src=\"https://college.example/p.png?a=1&amp;b=2\" alt=\"A &quot;boat&quot; 船\">";
/// The same image as a reader that sanitizes HTML returns it.
const SANITIZED_IMAGE: &str =
    "<img alt=\"A &quot;boat&quot; 船\" src=\"https://college.example/p.png?a=1&amp;b=2\" />";

/// Returns an article as it is imported, and the item that a reader must show.
fn article(n: usize) -> (Value, Value) {
    let (title, shown) = TITLES[n % TITLES.len()];
    let body = format!(
        "<p>Said “so” and \"so\", it's 5 &lt; 6 &amp; 7 &gt; 3: 染坊，第 {n} 次 🌙 👩‍👩‍👧.</p>\
         <p><a href=\"https://college.example/x?a=1&amp;b=2\">more</a></p>"
    );
    let authors: &[&str] =
        [&["Mei Müller", "李雷"][..], &["Mei Müller"], &["李雷"]][n.min(1 + n % 2)];
    let date = format!("2026-08-{:02}T08:30:15+08:00", n + 1);
    let mut published = json!({"id": format!("n/{n}&ü"), "title": title, "body_html": body, "published_at": date,
        "language": if n.is_multiple_of(2) { "en" } else { "zh-CN" }, "url": format!("https://college.example/{n}?a=1&b=新"),
        "author": authors.join(", "), "tags": "a&b,<c>,化学", "section": "Campus & town", "summary": format!("{n}: salt & “pepper” 盐")});
    let (mut content, mut image, mut files) = (body, Value::Null, json!([]));
    if n == WITH_IMAGE {
        published["image_url"] = "https://college.example/p.png?a=1&b=2".into();
        published["image_alt"] = "A \"boat\" 船".into();
        image = published["image_url"].clone();
        content = format!("<p>{IMAGE}</p>{content}");
    }
    if n == WITH_AUDIO {
        files = json!([["https://college.example/s.mp3?a=1&b=2", "audio/mpeg", 1234]]);
        for (name, value) in ["enclosure_url", "enclosure_type", "enclosure_length"]
            .iter()
            .zip(files[0].as_array().unwrap())
        {
            published[name] = value.clone();
        }
    }
    let expected_item = json!({"id": format!("tag:news.example.edu,2026:college/n%2F{n}%26%C3%BC"), "title": shown, "authors": authors,
        "date": date.parse::<jiff::Timestamp>().unwrap().as_second(), "link": format!("https://college.example/{n}?a=1&b=%E6%96%B0"),
        "tags": ["Campus & town", "a&b", "<c>", "化学"], "content": content, "files": files, "image": image});
    (published, expected_item)
}

fn publish(shell: &Shell, articles: &[Value]) {
    let lines: Vec<String> = articles.iter().map(Value::to_string).collect();
    shell.write("articles.jsonl", lines.join("\n"));
    shell.run_ok(&["articles", "import", "articles.jsonl"]);
}

/// Starts the program with the articles.
fn start_server() -> (Shell, ServerProcess) {
    let shell = Shell::with(
        "url = \"sqlite://courant.db\"",
        "url = \"sqlite://courant.db\"\n[server]\nlisten = \"127.0.0.1:0\"",
    );
    publish(&shell, &(0..TITLES.len()).map(|n| article(n).0).collect::<Vec<_>>());
    let server = ServerProcess::start(shell.path(".").as_path());
    (shell, server)
}

/// A feed reader under test.
struct Reader {
    /// Runs our script for this reader.
    command: Command,
    formats: &'static [&'static str],
    /// `true` if the reader has a single author field, for one or all authors.
    has_single_author_field: bool,
    /// `true` if the reader updates an item whose article was edited.
    updates_items: bool,
    /// Number of reloads before the reader sends conditional requests.
    reloads: usize,
}

impl Reader {
    /// Lets the reader fetch all feeds, and returns its items of each feed.
    fn reload(&self, directory: &Path, urls: &[String]) -> Vec<Vec<Value>> {
        let mut command = Command::new(self.command.get_program());
        command
            .args(self.command.get_args())
            .envs(self.command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        let output = command.arg(directory).args(urls).stdin(Stdio::null()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&output.stdout)))
    }

    /// Asserts that all fields that the reader stores of an item are as published.
    fn assert_item(&self, item: &Value, expected_item: &Value, context: &str) {
        for (name, value) in item.as_object().unwrap() {
            let expected = &expected_item[name];
            let is_same = match name.as_str() {
                "authors" if self.has_single_author_field => {
                    value == expected || is_author_line(value, expected)
                }
                "date" => value.as_f64() == expected.as_f64(),
                "content" => value.as_str().unwrap().replace(SANITIZED_IMAGE, IMAGE) == *expected,
                "files" => same_files(value, expected),
                _ => value == expected,
            };
            assert!(is_same, "{context}: {name} is {value} and not {expected}");
        }
    }
}

/// Returns `true` if a single author field contains one of the authors, or all.
fn is_author_line(found: &Value, expected: &Value) -> bool {
    let names: Vec<&str> =
        expected.as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    found.as_array().unwrap().len() == 1
        && found[0].as_str().is_some_and(|line| names.contains(&line) || line == names.join(", "))
}

/// Compares enclosures; some readers store only the URL, others also the type or the length.
fn same_files(found: &Value, expected: &Value) -> bool {
    let (found, expected) = (found.as_array().unwrap(), expected.as_array().unwrap());
    found.len() == expected.len()
        && found
            .iter()
            .zip(expected)
            .all(|(file, full)| full.as_array().unwrap().starts_with(file.as_array().unwrap()))
}

/// Waits until the program serves another version of a feed than the one with this ETag.
fn wait_for_new_version(server: &mut ServerProcess, path: &str, old_etag: &str) {
    let address = server.wait_until_ready();
    for _ in 0..2_000 {
        if get(address, path, &[]).header("ETag") != old_etag {
            return;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("timeout: {path} did not change: {}", server.log());
}

/// Tests a reader: it finds every item, sends conditional requests, and recognizes an edited
/// article.
fn test_reader(reader: &Reader) {
    let (shell, mut server) = start_server();
    let directory = shell.write("reader/started", "").parent().unwrap().to_owned();
    let proxy = RecordingProxy::start(server.wait_until_ready());
    let urls: Vec<String> = reader
        .formats
        .iter()
        .map(|format| format!("http://{}/feeds/news.{format}", proxy.address))
        .collect();
    let expected_items: Vec<Value> = (0..=TITLES.len()).map(|n| article(n).1).collect();
    let find = |items: &[Value], expected_item: &Value| -> Vec<Value> {
        items.iter().filter(|item| item["id"] == expected_item["id"]).cloned().collect()
    };

    for (items, format) in reader.reload(&directory, &urls).iter().zip(reader.formats) {
        assert_eq!(items.len(), TITLES.len(), "{format}");
        for expected_item in &expected_items[..TITLES.len()] {
            let found = find(items, expected_item);
            assert_eq!(found.len(), 1, "{format}: {} of {}", expected_item["id"], items.len());
            reader.assert_item(&found[0], expected_item, format);
        }
    }
    for _ in 0..reader.reloads {
        proxy.take_requests();
        assert!(
            reader.reload(&directory, &urls).iter().all(|items| items.len() == TITLES.len()),
            "a reload should find nothing new"
        );
    }
    let again = |format: &&str| RecordedRequest {
        path: format!("/feeds/news.{format}"),
        is_conditional: true,
        status: 304,
    };
    assert_eq!(proxy.take_requests(), reader.formats.iter().map(again).collect::<Vec<_>>());

    let address = server.wait_until_ready();
    let tag = |path: &str| get(address, path, &[]).header("ETag").to_owned();
    let paths: Vec<&str> = urls.iter().map(|url| &url[url.find("/feeds").unwrap()..]).collect();
    let before: Vec<String> = paths.iter().map(|path| tag(path)).collect();
    let mut edited = article(EDITED).0;
    edited["title"] = "Another title, 新的".into();
    edited["body_html"] = "<p>Another body</p>".into();
    publish(&shell, &[edited, article(TITLES.len()).0]);
    for (path, was) in paths.iter().zip(&before) {
        wait_for_new_version(&mut server, path, was);
    }
    for (items, format) in reader.reload(&directory, &urls).iter().zip(reader.formats) {
        assert_eq!(
            items.len(),
            TITLES.len() + 1,
            "{format}: there should be one new item, and the edited article should not be another one"
        );
        let new_item = &expected_items[TITLES.len()];
        reader.assert_item(&find(items, new_item)[0], new_item, format);
        let found = find(items, &expected_items[EDITED]);
        let title = if reader.updates_items { "Another title, 新的" } else { TITLES[EDITED].1 };
        assert_eq!((found.len(), &found[0]["title"]), (1, &json!(title)), "{format}");
        assert_eq!(found[0]["content"] == "<p>Another body</p>", reader.updates_items, "{format}");
    }
    assert_eq!(server.stop().0, Some(0));
}

/// Returns a file that `.ci/run` installed, or the program of the system if it is not installed.
fn installed(file: &str, system: &str) -> PathBuf {
    let directory = std::env::var_os("COURANT_TEST_READERS").map(PathBuf::from);
    directory
        .map(|directory| directory.join(file))
        .filter(|file| file.exists())
        .unwrap_or_else(|| system.into())
}

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/feed_readers").join(name)
}

fn succeeds(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Returns a command that runs our script with a Python that has a module; `None` if there is none.
fn python(module: &str, name: &str) -> Option<Command> {
    let program = installed(&format!("{module}/bin/python"), "python3");
    let mut command = Command::new(&program);
    command.arg(script(name)).env("PYTHONDONTWRITEBYTECODE", "1");
    succeeds(Command::new(program).args(["-c", &format!("import {module}")])).then_some(command)
}

#[test]
fn the_reader_library_reads_every_item_in_all_formats() {
    let Some(command) = python("reader", "run_reader.py") else {
        return skipped("the Python package reader is not installed");
    };
    test_reader(&Reader {
        command,
        formats: &["rss", "atom", "json"],
        has_single_author_field: true,
        updates_items: true,
        reloads: 1,
    });
}

#[test]
fn rss2email_mails_every_item_once() {
    let Some(command) = python("rss2email", "run_rss2email.py") else {
        return skipped("the Python package rss2email is not installed");
    };
    test_reader(&Reader {
        command,
        formats: &["rss", "atom"],
        has_single_author_field: true,
        updates_items: false,
        reloads: 1,
    });
}

#[test]
fn feedsmith_reads_every_item_in_all_formats() {
    let mut command = Command::new(installed("feedsmith/bin/node", "node"));
    // Without our directory, Node uses its own module paths.
    let directory = installed("feedsmith/node_modules", "");
    if directory.is_dir() {
        command.env("NODE_PATH", directory);
    }
    let mut probe = Command::new(command.get_program());
    probe
        .args(["-e", "require('feedsmith')"])
        .envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    if !succeeds(&mut probe) {
        return skipped("Node with the package feedsmith is not installed");
    }
    command.arg(script("run_feedsmith.cjs"));
    test_reader(&Reader {
        command,
        formats: &["rss", "atom", "json"],
        has_single_author_field: false,
        updates_items: true,
        reloads: 1,
    });
}

#[test]
fn newsboat_reads_every_item() {
    let has_newsboat = succeeds(Command::new("newsboat").arg("--version"));
    let Some(command) = python("sqlite3", "run_newsboat.py").filter(|_| has_newsboat) else {
        return skipped("newsboat is not installed");
    };
    // Newsboat stores the ETag that it knew before a request; so the first reload stores none.
    test_reader(&Reader {
        command,
        formats: &["rss", "atom"],
        has_single_author_field: true,
        updates_items: true,
        reloads: 2,
    });
}

/// `sfeed` writes one line per item, with tabs between date, title, link, content, content type,
/// id, author, enclosure and categories.
#[test]
fn sfeed_writes_a_line_for_every_item() {
    if !succeeds(&mut Command::new("sfeed")) {
        return skipped("sfeed is not installed");
    }
    let (_shell, mut server) = start_server();
    let address = server.wait_until_ready();
    let reader = Reader {
        command: Command::new("sfeed"),
        formats: &[],
        has_single_author_field: true,
        updates_items: false,
        reloads: 0,
    };
    for format in ["rss", "atom"] {
        let mut sfeed =
            Command::new("sfeed").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut sink = sfeed.stdin.take().unwrap();
        let body = get(address, &format!("/feeds/news.{format}"), &[]).body;
        let writer = std::thread::spawn(move || sink.write_all(&body));
        let output = sfeed.wait_with_output().unwrap();
        writer.join().unwrap().unwrap();
        let lines = String::from_utf8(output.stdout).unwrap();
        assert_eq!(lines.lines().count(), TITLES.len(), "{format}");
        for (line, n) in lines.lines().zip((0..TITLES.len()).rev()) {
            let fields: Vec<String> =
                line.split('\t').map(|field| field.replace("\\\\", "\\")).collect();
            let files: Vec<[&str; 1]> = [fields[7].as_str()]
                .into_iter()
                .filter(|url| !url.is_empty())
                .map(|url| [url])
                .collect();
            let item = json!({"date": fields[0].parse::<i64>().unwrap(), "title": fields[1], "link": fields[2], "content": fields[3],
                "id": fields[5], "authors": [fields[6]], "files": files, "tags": fields[8].split('|').collect::<Vec<_>>()});
            assert_eq!(fields[4], "html");
            reader.assert_item(&item, &article(n).1, format);
        }
    }
    assert_eq!(server.stop().0, Some(0));
}
