//! Programs that people read feeds with, before the running program: they find every item as it was published, ask again in the
//! way that costs nothing, and take an edited article for the one they know.
//! COURANT_TEST_READERS names the folder in which `.ci/run` installs those that no Debian has.

mod recording_proxy;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use self::recording_proxy::{Asked, Witness};
use crate::server_process::{ServerProcess, get};
use crate::support::{Shell, skipped};

/// Titles and what a reader must show for them.
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
/// The one that is edited.
const EDITED: usize = 3;
const PICTURED: usize = 7;
const SOUNDING: usize = 8;
/// A lead image as we write it, and as it leaves a reader that cleans HTML.
const PICTURE: &str =
    "<img src=\"https://college.example/p.png?a=1&amp;b=2\" alt=\"A &quot;boat&quot; 船\">";
const CLEANED: &str =
    "<img alt=\"A &quot;boat&quot; 船\" src=\"https://college.example/p.png?a=1&amp;b=2\" />";

/// An article as it is imported, and what a reader must know of it.
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
    if n == PICTURED {
        published["image_url"] = "https://college.example/p.png?a=1&b=2".into();
        published["image_alt"] = "A \"boat\" 船".into();
        image = published["image_url"].clone();
        content = format!("<p>{PICTURE}</p>{content}");
    }
    if n == SOUNDING {
        files = json!([["https://college.example/s.mp3?a=1&b=2", "audio/mpeg", 1234]]);
        for (name, value) in ["enclosure_url", "enclosure_type", "enclosure_length"]
            .iter()
            .zip(files[0].as_array().unwrap())
        {
            published[name] = value.clone();
        }
    }
    let known = json!({"id": format!("tag:news.example.edu,2026:college/n%2F{n}%26%C3%BC"), "title": shown, "authors": authors,
        "date": date.parse::<jiff::Timestamp>().unwrap().as_second(), "link": format!("https://college.example/{n}?a=1&b=%E6%96%B0"),
        "tags": ["Campus & town", "a&b", "<c>", "化学"], "content": content, "files": files, "image": image});
    (published, known)
}

fn publish(shell: &Shell, articles: &[Value]) {
    let lines: Vec<String> = articles.iter().map(Value::to_string).collect();
    shell.write("articles.jsonl", lines.join("\n"));
    shell.run_ok(&["articles", "import", "articles.jsonl"]);
}

/// The program server the articles.
fn served() -> (Shell, ServerProcess) {
    let shell = Shell::with(
        "url = \"sqlite://courant.db\"",
        "url = \"sqlite://courant.db\"\n[server]\nlisten = \"127.0.0.1:0\"",
    );
    publish(&shell, &(0..TITLES.len()).map(|n| article(n).0).collect::<Vec<_>>());
    let server = ServerProcess::start(shell.path(".").as_path());
    (shell, server)
}

/// A program that reads feeds.
struct Reader {
    /// Runs our script for it.
    command: Command,
    formats: &'static [&'static str],
    /// Whether it has but one line for authors, and puts one or all of them there.
    has_one_line_for_authors: bool,
    /// Whether it shows an article that was edited as it is now, or goes on with what it has.
    takes_edits: bool,
    /// How often it has to ask until it knows what to ask with.
    reloads: usize,
}

impl Reader {
    /// Lets it ask all feeds; gives the items it then has of each.
    fn reload(&self, folder: &Path, urls: &[String]) -> Vec<Vec<Value>> {
        let mut command = Command::new(self.command.get_program());
        command
            .args(self.command.get_args())
            .envs(self.command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        let output = command.arg(folder).args(urls).stdin(Stdio::null()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&output.stdout)))
    }

    /// Whether an item is what was published, in all that the reader has a place for.
    fn judge(&self, item: &Value, known: &Value, context: &str) {
        for (name, value) in item.as_object().unwrap() {
            let expected = &known[name];
            let is_same = match name.as_str() {
                "authors" if self.has_one_line_for_authors => {
                    value == expected || one_line(value, expected)
                }
                "date" => value.as_f64() == expected.as_f64(),
                "content" => value.as_str().unwrap().replace(CLEANED, PICTURE) == *expected,
                "files" => same_files(value, expected),
                _ => value == expected,
            };
            assert!(is_same, "{context}: {name} is {value} and not {expected}");
        }
    }
}

/// Whether a line names one of the authors, or all.
fn one_line(told: &Value, expected: &Value) -> bool {
    let names: Vec<&str> =
        expected.as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    told.as_array().unwrap().len() == 1
        && told[0].as_str().is_some_and(|line| names.contains(&line) || line == names.join(", "))
}

/// Some tell a file's address alone, some its type or its length too.
fn same_files(told: &Value, expected: &Value) -> bool {
    let (told, expected) = (told.as_array().unwrap(), expected.as_array().unwrap());
    told.len() == expected.len()
        && told
            .iter()
            .zip(expected)
            .all(|(told, whole)| whole.as_array().unwrap().starts_with(told.as_array().unwrap()))
}

/// Waits until the program serves another version of a feed.
fn another_version(server: &mut ServerProcess, path: &str, was: &str) {
    let address = server.wait_until_ready();
    for _ in 0..2_000 {
        if get(address, path, &[]).header("ETag") != was {
            return;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("{path} does not change: {}", server.log());
}

/// The whole story with one reader: it finds everything, asks for nothing twice, and knows an article again.
fn tell(reader: &Reader) {
    let (shell, mut server) = served();
    let folder = shell.write("reader/begun", "").parent().unwrap().to_owned();
    let witness = Witness::before(server.wait_until_ready());
    let urls: Vec<String> = reader
        .formats
        .iter()
        .map(|format| format!("http://{}/feeds/news.{format}", witness.address))
        .collect();
    let known: Vec<Value> = (0..=TITLES.len()).map(|n| article(n).1).collect();
    let find = |items: &[Value], known: &Value| -> Vec<Value> {
        items.iter().filter(|item| item["id"] == known["id"]).cloned().collect()
    };

    for (items, format) in reader.reload(&folder, &urls).iter().zip(reader.formats) {
        assert_eq!(items.len(), TITLES.len(), "{format}");
        for known in &known[..TITLES.len()] {
            let found = find(items, known);
            assert_eq!(found.len(), 1, "{format}: {} of {}", known["id"], items.len());
            reader.judge(&found[0], known, format);
        }
    }
    for _ in 0..reader.reloads {
        witness.asked();
        assert!(
            reader.reload(&folder, &urls).iter().all(|items| items.len() == TITLES.len()),
            "nothing is new"
        );
    }
    let again = |format: &&str| Asked {
        path: format!("/feeds/news.{format}"),
        is_conditional: true,
        status: 304,
    };
    assert_eq!(witness.asked(), reader.formats.iter().map(again).collect::<Vec<_>>());

    let address = server.wait_until_ready();
    let tag = |path: &str| get(address, path, &[]).header("ETag").to_owned();
    let paths: Vec<&str> = urls.iter().map(|url| &url[url.find("/feeds").unwrap()..]).collect();
    let before: Vec<String> = paths.iter().map(|path| tag(path)).collect();
    let mut edited = article(EDITED).0;
    edited["title"] = "Another title, 新的".into();
    edited["body_html"] = "<p>Another body</p>".into();
    publish(&shell, &[edited, article(TITLES.len()).0]);
    for (path, was) in paths.iter().zip(&before) {
        another_version(&mut server, path, was);
    }
    for (items, format) in reader.reload(&folder, &urls).iter().zip(reader.formats) {
        assert_eq!(
            items.len(),
            TITLES.len() + 1,
            "{format}: one came, and the edited one is no other"
        );
        reader.judge(&find(items, &known[TITLES.len()])[0], &known[TITLES.len()], format);
        let found = find(items, &known[EDITED]);
        let title = if reader.takes_edits { "Another title, 新的" } else { TITLES[EDITED].1 };
        assert_eq!((found.len(), &found[0]["title"]), (1, &json!(title)), "{format}");
        assert_eq!(found[0]["content"] == "<p>Another body</p>", reader.takes_edits, "{format}");
    }
    assert_eq!(server.stop().0, Some(0));
}

/// A file of those that `.ci/run` installs; without its folder the same program of the system.
fn installed(file: &str, system: &str) -> PathBuf {
    let folder = std::env::var_os("COURANT_TEST_READERS").map(PathBuf::from);
    folder
        .map(|folder| folder.join(file))
        .filter(|file| file.exists())
        .unwrap_or_else(|| system.into())
}

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/feed_readers").join(name)
}

fn works(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// A Python that has a module, with a script of ours.
fn python(module: &str, name: &str) -> Option<Command> {
    let program = installed(&format!("{module}/bin/python"), "python3");
    let mut command = Command::new(&program);
    command.arg(script(name)).env("PYTHONDONTWRITEBYTECODE", "1");
    works(Command::new(program).args(["-c", &format!("import {module}")])).then_some(command)
}

#[test]
fn the_library_reader_knows_every_item_in_all_formats() {
    let Some(command) = python("reader", "ask_reader.py") else {
        return skipped("python3 has no reader");
    };
    tell(&Reader {
        command,
        formats: &["rss", "atom", "json"],
        has_one_line_for_authors: true,
        takes_edits: true,
        reloads: 1,
    });
}

#[test]
fn rss2email_mails_every_item_once() {
    let Some(command) = python("rss2email", "ask_rss2email.py") else {
        return skipped("python3 has no rss2email");
    };
    tell(&Reader {
        command,
        formats: &["rss", "atom"],
        has_one_line_for_authors: true,
        takes_edits: false,
        reloads: 1,
    });
}

#[test]
fn feedsmith_knows_every_item_in_all_formats() {
    let mut command = Command::new(installed("feedsmith/bin/node", "node"));
    // Without our folder those that Node knows itself.
    let folder = installed("feedsmith/node_modules", "");
    if folder.is_dir() {
        command.env("NODE_PATH", folder);
    }
    let mut look = Command::new(command.get_program());
    look.args(["-e", "require('feedsmith')"])
        .envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    if !works(&mut look) {
        return skipped("there is no Node with feedsmith");
    }
    command.arg(script("ask_feedsmith.cjs"));
    tell(&Reader {
        command,
        formats: &["rss", "atom", "json"],
        has_one_line_for_authors: false,
        takes_edits: true,
        reloads: 1,
    });
}

#[test]
fn newsboat_knows_every_item() {
    let has_newsboat = works(Command::new("newsboat").arg("--version"));
    let Some(command) = python("sqlite3", "ask_newsboat.py").filter(|_| has_newsboat) else {
        return skipped("there is no newsboat");
    };
    // It keeps the tag of a feed that it had before it asked; so the first reload has none to keep.
    tell(&Reader {
        command,
        formats: &["rss", "atom"],
        has_one_line_for_authors: true,
        takes_edits: true,
        reloads: 2,
    });
}

/// What `sfeed` writes: one line an item, with tabs between date, title, link, content, its type, id, author, file and categories.
#[test]
fn sfeed_writes_a_line_for_every_item() {
    if !works(&mut Command::new("sfeed")) {
        return skipped("there is no sfeed");
    }
    let (_shell, mut server) = served();
    let address = server.wait_until_ready();
    let reader = Reader {
        command: Command::new("sfeed"),
        formats: &[],
        has_one_line_for_authors: true,
        takes_edits: false,
        reloads: 0,
    };
    for format in ["rss", "atom"] {
        let mut sfeed =
            Command::new("sfeed").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut sink = sfeed.stdin.take().unwrap();
        let body = get(address, &format!("/feeds/news.{format}"), &[]).body;
        let feeder = std::thread::spawn(move || sink.write_all(&body));
        let output = sfeed.wait_with_output().unwrap();
        feeder.join().unwrap().unwrap();
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
            reader.judge(&item, &article(n).1, format);
        }
    }
    assert_eq!(server.stop().0, Some(0));
}
