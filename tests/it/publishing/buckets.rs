//! Publishing of feeds to a bucket of an S3 service (moto).

use std::collections::{BTreeMap, HashMap};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use courant::domain::article::IncomingArticle;
use courant::domain::time::{DAY, MINUTE, SECOND};

use super::{NEWS_FILES, Node, decompress, publishing_node};
use crate::support::{Shell, article, database_tests, skipped};

/// Returns an article that was published this number of days before [`article`]'s.
fn old(id: &str, days: i64) -> IncomingArticle {
    let recent = article(id);
    IncomingArticle {
        published_at: recent.published_at.plus(-DAY * i32::try_from(days).unwrap()),
        ..recent
    }
}

/// A bucket in its own S3 service; the service is killed when this is dropped.
struct Bucket {
    service: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
    directory: tempfile::TempDir,
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
    /// Starts a service; returns `None` and reports a skipped test if moto is not installed.
    fn start(port: u16) -> Option<Self> {
        let has_moto = Command::new("python3")
            .args(["-c", "import boto3, moto.server"])
            .stderr(Stdio::null())
            .status();
        if !has_moto.is_ok_and(|status| status.success()) {
            skipped("the Python package moto[server,s3] is not installed");
            return None;
        }
        let directory = tempfile::tempdir().unwrap();
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/bucket.py");
        let mut command = Command::new("python3");
        command
            .arg(script)
            .arg(port.to_string())
            .arg(directory.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut service = command.stderr(Stdio::null()).spawn().unwrap();
        let (stdin, mut stdout) =
            (service.stdin.take().unwrap(), BufReader::new(service.stdout.take().unwrap()));
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let words: Vec<&str> = line.split_whitespace().collect();
        let [port, access, secret] = words[..] else { panic!("the service did not start: {line}") };
        let (port, access, secret) = (port.parse().unwrap(), access.to_owned(), secret.to_owned());
        Some(Self { service, stdin, stdout, directory, port, access, secret })
    }

    /// Returns the `[[publish]]` section for this bucket.
    fn config(&self, more: &str) -> String {
        let Self { port, access, secret, .. } = self;
        format!(
            "[[publish]]\nname = \"cdn\"\nurl = \"s3://news/feeds\"\nendpoint = \"http://127.0.0.1:{port}\"\naccess_key = \"{access}\"\n\
             secret_key = \"{secret}\"\n{more}\n"
        )
    }

    /// Returns type, caching, encoding and bytes of each object by key.
    fn objects(&mut self) -> BTreeMap<String, (String, String, String, Vec<u8>)> {
        self.stdin.write_all(b"?\n").unwrap();
        self.stdin.flush().unwrap();
        let mut line = String::new();
        self.stdout.read_line(&mut line).unwrap();
        let all: HashMap<String, HashMap<String, String>> = serde_json::from_str(&line).unwrap();
        let object = |entry: HashMap<String, String>| {
            let bytes = std::fs::read(self.directory.path().join(&entry["file"])).unwrap();
            (entry["type"].clone(), entry["cache"].clone(), entry["encoding"].clone(), bytes)
        };
        all.into_iter().map(|(key, entry)| (key, object(entry))).collect()
    }

    /// Returns the requests so far in their order, such as `PUT news.rss 200`.
    fn requests(&self) -> Vec<String> {
        let log = std::fs::read_to_string(self.directory.path().join("requests")).unwrap();
        let line = |line: &str| {
            let request: serde_json::Value = serde_json::from_str(line).unwrap();
            let file =
                request["path"].as_str().unwrap().trim_start_matches("/news/feeds/").to_owned();
            format!("{} {file} {}", request["method"].as_str().unwrap(), request["status"])
        };
        log.lines().map(line).collect()
    }

    /// Lets the service answer every request with 503, or again normally.
    fn set_unavailable(&self, unavailable: bool) {
        let marker = self.directory.path().join("unavailable");
        if unavailable {
            std::fs::write(marker, "").unwrap();
        } else {
            std::fs::remove_file(marker).unwrap();
        }
    }
}

database_tests! {
    async fn archive_pages_are_uploaded_before_the_feed_that_links_to_them(world) {
        let Some(mut bucket) = Bucket::start(0) else { return };
        world.configure(|s| s.feed = "items = 2".into()).await;
        let node = publishing_node(world, &bucket.config("")).await;
        world.publish([old("a", 95), old("b", 94), old("c", 65), old("d", 35), old("e", 1), old("f", 0)]).await;
        let report = node.tick().await.unwrap();
        assert_eq!(report.pending, 0, "{report:?}");
        let months = ["2026-06", "2026-07", "2026-08", "2026-09"];
        assert_eq!(report.uploaded.len(), 3 * months.len() + 3, "{report:?}");
        let requests = bucket.requests();
        let at = |file: &str| requests.iter().position(|line| *line == format!("PUT {file} 200")).unwrap_or_else(|| panic!("{file}: {requests:?}"));
        for month in months {
            for format in ["rss", "atom", "json"] {
                assert!(NEWS_FILES.iter().all(|feed| at(&format!("news/archive/{month}.{format}")) < at(feed)), "{requests:?}");
            }
        }
        let objects = bucket.objects();
        let (kind, cache, encoding, bytes) = &objects["feeds/news/archive/2026-06.atom"];
        assert_eq!((kind.as_str(), encoding.as_str()), ("application/atom+xml; charset=utf-8", "gzip"));
        assert!(cache.contains("max-age=31536000"), "{cache}");
        assert!(String::from_utf8(decompress(bytes)).unwrap().contains("Title of a"));
        // Removing an article of the newest page changes that page and the feed. Removing one of
        // the oldest page changes its page within a minute.
        world.advance(2 * SECOND);
        world.unpublish("f").await;
        let uploaded = node.publish().await;
        assert!(uploaded.len() == 6 && uploaded.iter().filter(|file| file.contains("2026-09")).count() == 3, "{uploaded:?}");
        world.advance(2 * SECOND);
        world.unpublish("b").await;
        node.publish().await;
        world.advance(MINUTE);
        node.publish().await;
        let oldest = decompress(&bucket.objects()["feeds/news/archive/2026-06.atom"].3);
        assert!(!String::from_utf8(oldest).unwrap().contains("Title of b"));
        world.advance(MINUTE);
        assert_eq!(node.publish().await, [""; 0]);
    }

    async fn objects_have_the_right_headers_and_two_nodes_upload_each_change_once(world) {
        let Some(mut bucket) = Bucket::start(0) else { return };
        let one = publishing_node(world, &bucket.config("")).await;
        let two = Node::new(&world.another_node().await);
        world.publish([article("a")]).await;
        let (first, second) = tokio::join!(one.tick(), two.tick());
        assert_eq!(first.unwrap().uploaded.len() + second.unwrap().uploaded.len(), 3);
        let objects = bucket.objects();
        let cache_control = "public, max-age=300, stale-while-revalidate=600, stale-if-error=86400";
        for (file, kind) in [
            ("news.rss", "application/rss+xml; charset=utf-8"),
            ("news.atom", "application/atom+xml; charset=utf-8"),
            ("news.json", "application/feed+json"),
        ] {
            let (media_type, cache, encoding, bytes) = &objects[&format!("feeds/{file}")];
            assert_eq!((media_type.as_str(), cache.as_str(), encoding.as_str()), (kind, cache_control, "gzip"));
            assert_eq!(decompress(bytes), one.served_bytes(file));
        }
        for _ in 0..3 {
            one.publish().await;
            two.publish().await;
        }
        assert_eq!(bucket.requests().len(), 3, "{:?}", bucket.requests());
        world.advance(MINUTE);
        world.publish([article("b")]).await;
        // A node that does not know the change yet must not overwrite the new files with old ones.
        assert_eq!(one.publish().await, NEWS_FILES);
        two.publisher.publish_due(two.app.now()).await.unwrap();
        two.publish().await;
        assert_eq!(bucket.requests().len(), 6, "{:?}", bucket.requests());
        let plain = publishing_node(world, &bucket.config("gzip = false")).await;
        assert_eq!(plain.publish().await, NEWS_FILES, "a changed encoding should upload all files again");
        let objects = bucket.objects();
        assert!(objects["feeds/news.rss"].2.is_empty() && objects["feeds/news.rss"].3 == plain.served_bytes("news.rss"));
    }

    async fn a_rejected_upload_is_reported_and_retried_later(world) {
        let Some(mut bucket) = Bucket::start(0) else { return };
        let config = bucket.config("");
        world.publish([article("a")]).await;
        for (was, is, message) in [
            (bucket.secret.clone(), "wrong".to_owned(), "SignatureDoesNotMatch"),
            (bucket.access.clone(), "AKIAWRONG".to_owned(), "check `access_key`"),
            ("s3://news/".to_owned(), "s3://elsewhere/".to_owned(), "the service responded 403"),
        ] {
            let wrong = publishing_node(world, &config.replace(&was, &is)).await;
            let reason = wrong.tick().await.unwrap_err();
            assert!(reason.starts_with("cdn: cannot publish to s3://") && reason.contains(message), "{reason}");
            assert!(!reason.contains(&bucket.secret), "{reason}");
            let before = bucket.requests().len();
            assert_eq!(wrong.tick().await.unwrap_err(), reason, "the error should be the same until the backoff ends");
            assert_eq!(bucket.requests().len(), before, "no request should be sent during the backoff");
            world.sql("DELETE FROM publications").await;
        }
        let node = publishing_node(world, &config).await;
        bucket.set_unavailable(true);
        assert!(node.tick().await.unwrap_err().contains("503 SlowDown"));
        world.publish([article("b")]).await;
        world.advance(SECOND);
        node.tick().await.unwrap_err();
        bucket.set_unavailable(false);
        world.advance(MINUTE);
        assert_eq!(node.publish().await, NEWS_FILES);
        assert!(String::from_utf8(decompress(&bucket.objects()["feeds/news.rss"].3)).unwrap().contains("Title of b"));
    }

    async fn an_unreachable_service_is_retried(world) {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let config = format!("[[publish]]\nname = \"cdn\"\nurl = \"s3://news/feeds\"\nendpoint = \"http://127.0.0.1:{free}\"\n\
             access_key = \"a\"\nsecret_key = \"s\"\n");
        world.publish([article("a")]).await;
        let first = publishing_node(world, &config).await;
        let reason = first.tick().await.unwrap_err();
        assert!(reason.contains("cannot connect to"), "{reason}");
        let Some(bucket) = Bucket::start(free) else { return };
        let second = publishing_node(world, &bucket.config("")).await;
        assert!(second.publish().await.is_empty(), "the backoff has not ended");
        world.advance(MINUTE);
        assert_eq!(second.publish().await, NEWS_FILES);
    }
}

#[test]
fn check_sends_one_request_to_the_bucket_and_suggests_a_fix() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let Some(mut bucket) = Bucket::start(0) else { return };
    let config = bucket.config("");
    let check = |config: &str| {
        Shell::with("[[digests]]", &format!("{config}[[digests]]")).courant(&["check"])
    };
    let output = check(&config);
    assert!(
        output.status == 0
            && output
                .out
                .contains("ok    publish cdn: s3://news/feeds/ at 127.0.0.1 accepts files\n"),
        "{output:?}"
    );
    assert_eq!(bucket.requests(), ["DELETE .courant-check 204"]);
    assert!(bucket.objects().is_empty());
    for (was, is, message) in [
        (bucket.secret.clone(), "wrong".to_owned(), "SignatureDoesNotMatch"),
        (bucket.access.clone(), "AKIAWRONG".to_owned(), "check `access_key`"),
        (
            "s3://news/".to_owned(),
            "s3://elsewhere/".to_owned(),
            "must be allowed to put and delete objects",
        ),
        (format!(":{}", bucket.port), format!(":{free}"), "cannot connect to"),
    ] {
        let output = check(&config.replace(&was, &is));
        let text = format!("{}{}", output.out, output.err);
        let lines: Vec<&str> = text.lines().filter(|line| line.contains(message)).collect();
        assert!(
            output.status > 0 && lines.len() == 1 && !text.contains(&bucket.secret),
            "{message}: {output:?}"
        );
    }
    bucket.set_unavailable(true);
    let output = check(&config);
    assert!(
        output.status == 1
            && output
                .out
                .contains("error publish cdn: cannot publish to s3://news/feeds/ at 127.0.0.1: "),
        "{output:?}"
    );
    assert!(
        output.out.contains("503 SlowDown") && output.out.contains("contact its operator"),
        "{output:?}"
    );
}
