//! Feeds in a bucket of a real S3 service.

use std::collections::{BTreeMap, HashMap};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use courant::domain::article::IncomingArticle;
use courant::domain::time::{DAY, MINUTE, SECOND};

use super::{ALL, Node, node, unpacked};
use crate::support::{Shell, article, skipped, stories};

/// An article of so many days before the story begins.
fn old(id: &str, days: i32) -> IncomingArticle {
    let usual = article(id);
    IncomingArticle { published_at: usual.published_at.plus(-days * DAY), ..usual }
}

/// A bucket of a service of its own.
struct Bucket {
    service: Child,
    say: ChildStdin,
    heard: BufReader<ChildStdout>,
    folder: tempfile::TempDir,
    port: u16,
    access: String,
    secret: String,
}

impl Drop for Bucket {
    fn drop(&mut self) {
        self.service.kill().ok();
        self.service.wait().ok();
    }
}

impl Bucket {
    /// Begins a service, unless python3 has none, which is said.
    fn begin(port: u16) -> Option<Self> {
        let has_it = Command::new("python3")
            .args(["-c", "import boto3, moto.server"])
            .stderr(Stdio::null())
            .status();
        if !has_it.is_ok_and(|status| status.success()) {
            skipped("python3 has no moto[server,s3]");
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/bucket.py");
        let mut command = Command::new("python3");
        command
            .arg(script)
            .arg(port.to_string())
            .arg(folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut service = command.stderr(Stdio::null()).spawn().unwrap();
        let (say, mut heard) =
            (service.stdin.take().unwrap(), BufReader::new(service.stdout.take().unwrap()));
        let mut line = String::new();
        heard.read_line(&mut line).unwrap();
        let words: Vec<&str> = line.split_whitespace().collect();
        let [port, access, secret] = words[..] else { panic!("the service did not begin: {line}") };
        let (port, access, secret) = (port.parse().unwrap(), access.to_owned(), secret.to_owned());
        Some(Self { service, say, heard, folder, port, access, secret })
    }

    fn table(&self, more: &str) -> String {
        let Self { port, access, secret, .. } = self;
        format!(
            "[[publish]]\nname = \"cdn\"\nurl = \"s3://news/feeds\"\nendpoint = \"http://127.0.0.1:{port}\"\naccess_key = \"{access}\"\n\
             secret_key = \"{secret}\"\n{more}\n"
        )
    }

    /// What lies in it: type, caching, encoding, bytes.
    fn held(&mut self) -> BTreeMap<String, (String, String, String, Vec<u8>)> {
        self.say.write_all(b"?\n").unwrap();
        self.say.flush().unwrap();
        let mut line = String::new();
        self.heard.read_line(&mut line).unwrap();
        let all: HashMap<String, HashMap<String, String>> = serde_json::from_str(&line).unwrap();
        let object = |said: HashMap<String, String>| {
            let bytes = std::fs::read(self.folder.path().join(&said["file"])).unwrap();
            (said["type"].clone(), said["cache"].clone(), said["encoding"].clone(), bytes)
        };
        all.into_iter().map(|(name, said)| (name, object(said))).collect()
    }

    /// What was asked of it so far, as `PUT news.rss 200`, in its order.
    fn asked(&self) -> Vec<String> {
        let log = std::fs::read_to_string(self.folder.path().join("requests")).unwrap();
        let line = |line: &str| {
            let asked: serde_json::Value = serde_json::from_str(line).unwrap();
            let file =
                asked["path"].as_str().unwrap().trim_start_matches("/news/feeds/").to_owned();
            format!("{} {file} {}", asked["method"].as_str().unwrap(), asked["status"])
        };
        log.lines().map(line).collect()
    }

    fn be_away(&self, away: bool) {
        let mark = self.folder.path().join("away");
        if away { std::fs::write(mark, "").unwrap() } else { std::fs::remove_file(mark).unwrap() }
    }
}

stories! {
    async fn pages_of_the_archive_come_before_the_feed_that_links_to_them(world) {
        let Some(mut bucket) = Bucket::begin(0) else { return };
        world.configure(|s| s.feed = "items = 2".into()).await;
        let node = node(world, &bucket.table("")).await;
        world.publish([old("a", 95), old("b", 94), old("c", 65), old("d", 35), old("e", 1), old("f", 0)]).await;
        let report = node.tick().await.unwrap();
        assert_eq!(report.pending, 0, "{report:?}");
        let months = ["2026-06", "2026-07", "2026-08", "2026-09"];
        assert_eq!(report.uploaded.len(), 3 * months.len() + 3, "{report:?}");
        let asked = bucket.asked();
        let at = |file: &str| asked.iter().position(|line| *line == format!("PUT {file} 200")).unwrap_or_else(|| panic!("{file}: {asked:?}"));
        for month in months {
            for format in ["rss", "atom", "json"] {
                assert!(ALL.iter().all(|feed| at(&format!("news/archive/{month}.{format}")) < at(feed)), "{asked:?}");
            }
        }
        let held = bucket.held();
        let (kind, cache, encoding, bytes) = &held["feeds/news/archive/2026-06.atom"];
        assert_eq!((kind.as_str(), encoding.as_str()), ("application/atom+xml; charset=utf-8", "gzip"));
        assert!(cache.contains("max-age=31536000"), "{cache}");
        assert!(String::from_utf8(unpacked(bytes)).unwrap().contains("Title of a"));
        // An article of the newest page goes: that page and the feed change; one of the oldest: its page, a minute later at most.
        world.advance(2 * SECOND);
        world.unpublish("f").await;
        let put = node.put().await;
        assert!(put.len() == 6 && put.iter().filter(|file| file.contains("2026-09")).count() == 3, "{put:?}");
        world.advance(2 * SECOND);
        world.unpublish("b").await;
        node.put().await;
        world.advance(MINUTE);
        node.put().await;
        let oldest = unpacked(&bucket.held()["feeds/news/archive/2026-06.atom"].3);
        assert!(!String::from_utf8(oldest).unwrap().contains("Title of b"));
        world.advance(MINUTE);
        assert_eq!(node.put().await, [""; 0]);
    }

    async fn a_bucket_gets_types_caching_and_encoding_and_each_change_once_from_two_nodes(world) {
        let Some(mut bucket) = Bucket::begin(0) else { return };
        let one = node(world, &bucket.table("")).await;
        let two = Node::of(&world.another_node().await);
        world.publish([article("a")]).await;
        let (first, second) = tokio::join!(one.tick(), two.tick());
        assert_eq!(first.unwrap().uploaded.len() + second.unwrap().uploaded.len(), 3);
        let held = bucket.held();
        let everybody = "public, max-age=300, stale-while-revalidate=600, stale-if-error=86400";
        for (file, kind) in [
            ("news.rss", "application/rss+xml; charset=utf-8"),
            ("news.atom", "application/atom+xml; charset=utf-8"),
            ("news.json", "application/feed+json"),
        ] {
            let (said, cache, encoding, bytes) = &held[&format!("feeds/{file}")];
            assert_eq!((said.as_str(), cache.as_str(), encoding.as_str()), (kind, everybody, "gzip"));
            assert_eq!(unpacked(bytes), one.served(file));
        }
        for _ in 0..3 {
            one.put().await;
            two.put().await;
        }
        assert_eq!(bucket.asked().len(), 3, "{:?}", bucket.asked());
        world.advance(MINUTE);
        world.publish([article("b")]).await;
        // One that has not heard of the change puts nothing old in the place of what is new.
        assert_eq!(one.put().await, ALL);
        two.publisher.publish_due(two.app.now()).await.unwrap();
        two.put().await;
        assert_eq!(bucket.asked().len(), 6, "{:?}", bucket.asked());
        let plain = node(world, &bucket.table("gzip = false")).await;
        assert_eq!(plain.put().await, ALL, "put in another manner");
        let held = bucket.held();
        assert!(held["feeds/news.rss"].2.is_empty() && held["feeds/news.rss"].3 == plain.served("news.rss"));
    }

    async fn a_refusal_is_a_sentence_and_what_could_not_be_put_is_put_later(world) {
        let Some(mut bucket) = Bucket::begin(0) else { return };
        let table = bucket.table("");
        world.publish([article("a")]).await;
        for (was, is, part) in [
            (bucket.secret.clone(), "wrong".to_owned(), "SignatureDoesNotMatch"),
            (bucket.access.clone(), "AKIAWRONG".to_owned(), "check `access_key`"),
            ("s3://news/".to_owned(), "s3://elsewhere/".to_owned(), "the service responded 403"),
        ] {
            let wrong = node(world, &table.replace(&was, &is)).await;
            let why = wrong.tick().await.unwrap_err();
            assert!(why.starts_with("cdn: cannot publish to s3://") && why.contains(part), "{why}");
            assert!(!why.contains(&bucket.secret), "{why}");
            let before = bucket.asked().len();
            assert_eq!(wrong.tick().await.unwrap_err(), why, "the same is told until it passes");
            assert_eq!(bucket.asked().len(), before, "and the place is left alone meanwhile");
            world.sql("DELETE FROM publications").await;
        }
        let node = node(world, &table).await;
        bucket.be_away(true);
        assert!(node.tick().await.unwrap_err().contains("503 SlowDown"));
        world.publish([article("b")]).await;
        world.advance(SECOND);
        node.tick().await.unwrap_err();
        bucket.be_away(false);
        world.advance(MINUTE);
        assert_eq!(node.put().await, ALL);
        assert!(String::from_utf8(unpacked(&bucket.held()["feeds/news.rss"].3)).unwrap().contains("Title of b"));
    }

    async fn a_service_that_is_not_there_is_tried_again(world) {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let table = format!("[[publish]]\nname = \"cdn\"\nurl = \"s3://news/feeds\"\nendpoint = \"http://127.0.0.1:{free}\"\n\
             access_key = \"a\"\nsecret_key = \"s\"\n");
        world.publish([article("a")]).await;
        let first = node(world, &table).await;
        let why = first.tick().await.unwrap_err();
        assert!(why.contains("cannot connect to"), "{why}");
        let Some(bucket) = Bucket::begin(free) else { return };
        let keyed = node(world, &bucket.table("")).await;
        assert!(keyed.put().await.is_empty(), "too early");
        world.advance(MINUTE);
        assert_eq!(keyed.put().await, ALL);
    }
}

#[test]
fn check_asks_the_bucket_once_and_says_what_to_do() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let Some(mut bucket) = Bucket::begin(0) else { return };
    let table = bucket.table("");
    let check = |table: &str| {
        Shell::with("[[digests]]", &format!("{table}[[digests]]")).courant(&["check"])
    };
    let said = check(&table);
    assert!(
        said.status == 0
            && said
                .out
                .contains("ok    publish cdn: s3://news/feeds/ at 127.0.0.1 accepts files\n"),
        "{said:?}"
    );
    assert_eq!(bucket.asked(), ["DELETE .courant-check 204"]);
    assert!(bucket.held().is_empty());
    for (was, is, part) in [
        (bucket.secret.clone(), "wrong".to_owned(), "SignatureDoesNotMatch"),
        (bucket.access.clone(), "AKIAWRONG".to_owned(), "check `access_key`"),
        (
            "s3://news/".to_owned(),
            "s3://elsewhere/".to_owned(),
            "must be allowed to put and delete objects",
        ),
        (format!(":{}", bucket.port), format!(":{free}"), "cannot connect to"),
    ] {
        let said = check(&table.replace(&was, &is));
        let told = format!("{}{}", said.out, said.err);
        let lines: Vec<&str> = told.lines().filter(|line| line.contains(part)).collect();
        assert!(
            said.status > 0 && lines.len() == 1 && !told.contains(&bucket.secret),
            "{part}: {said:?}"
        );
    }
    bucket.be_away(true);
    let said = check(&table);
    assert!(
        said.status == 1
            && said
                .out
                .contains("error publish cdn: cannot publish to s3://news/feeds/ at 127.0.0.1: "),
        "{said:?}"
    );
    assert!(
        said.out.contains("503 SlowDown") && said.out.contains("contact its operator"),
        "{said:?}"
    );
}
