//! A server that begins while its database is away: the last good feeds from disk, and everything once it is back.

use std::net::SocketAddr;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::program::{Serving, ask, get, post};
use crate::support::{Shell, fresh_database, return_database, skipped};

/// A program whose PostgreSQL can be taken out of its sight.
struct Place {
    shell: Shell,
    database: String,
    socket: PathBuf,
    door: PathBuf,
}

impl Place {
    /// With an article that was served before; nothing where there is no PostgreSQL.
    async fn found() -> Option<Self> {
        let database = match fresh_database().await {
            Ok(database) => database,
            Err(why) => {
                skipped(&why);
                return None;
            }
        };
        let (base, folder) = database.split_once("?host=").unwrap();
        let shell = Shell::with("sqlite://courant.db", "DATABASE");
        let door = shell.path("door");
        std::fs::create_dir(&door).unwrap();
        shell.replace("DATABASE", &format!("{base}?host={}", door.display()));
        shell.replace(
            "[[sources]]",
            "[server]\nlisten = \"127.0.0.1:0\"\nfeed_cache_dir = \"made\"\n[[sources]]",
        );
        shell.replace("name = \"news\"", "name = \"news\"\naliases = [\"/old.xml\"]");
        let place = Self {
            socket: PathBuf::from(folder).join(".s.PGSQL.5432"),
            door: door.join(".s.PGSQL.5432"),
            database,
            shell,
        };
        place.open();
        place.publish("First");
        Some(place)
    }

    fn open(&self) {
        symlink(&self.socket, &self.door).unwrap();
    }

    fn shut(&self) {
        std::fs::remove_file(&self.door).unwrap();
    }

    fn publish(&self, title: &str) {
        let article = serde_json::json!({"id": title, "title": title, "published_at": "2026-01-02T03:04:05Z"});
        self.shell.write("one.jsonl", article.to_string());
        self.shell.run_ok(&["articles", "import", "one.jsonl"]);
    }

    fn start(&self) -> Serving {
        Serving::start(self.shell.path("config.toml").parent().unwrap())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        return_database(self.database.clone());
    }
}

fn until(what: &str, mut there: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !there() {
        assert!(begun.elapsed() < Duration::from_secs(30), "never: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Where a server waits for its database.
fn waiting(serving: &Serving) -> SocketAddr {
    let mut address = None;
    until("the server waits", || {
        address = serving
            .log()
            .split("served on http://")
            .nth(1)
            .and_then(|rest| rest.split_whitespace().next()?.parse().ok());
        address.is_some()
    });
    address.unwrap()
}

#[tokio::test]
async fn a_start_without_the_database_serves_the_last_good_feeds_and_all_the_rest_once_it_is_back()
{
    let Some(place) = Place::found().await else { return };
    let mut before = place.start();
    let address = before.ready();
    let plain: Vec<_> = ["rss", "atom", "json"]
        .map(|format| get(address, &format!("/feeds/news.{format}"), &[]))
        .into();
    assert!(plain.iter().all(|answer| answer.status == 200));
    assert_eq!(before.stop().0, Some(0));

    place.shut();
    let mut serving = place.start();
    let address = waiting(&serving);
    assert_eq!(
        (get(address, "/healthz", &[]).status, get(address, "/readyz", &[]).status),
        (200, 503)
    );
    for (format, before) in ["rss", "atom", "json"].iter().zip(&plain) {
        let now = get(address, &format!("/feeds/news.{format}"), &[]);
        assert_eq!((now.status, &now.body), (200, &before.body));
        for header in ["ETag", "Last-Modified", "Content-Type", "Cache-Control", "Vary", "Link"] {
            assert_eq!(now.header(header), before.header(header), "{header}");
        }
        let tag = format!("If-None-Match: {}", now.header("ETag"));
        assert_eq!(get(address, &format!("/feeds/news.{format}"), &[&tag]).status, 304);
    }
    assert_eq!(get(address, "/old.xml", &[]).body, plain[0].body);
    assert_eq!(ask(address, "HEAD", "/feeds/news.rss", &[]).status, 200);
    assert_eq!(
        (get(address, "/", &[]).status, get(address, "/feeds/news", &[]).status),
        (200, 200),
        "pages for people"
    );
    let gzip = get(address, "/feeds/news.rss", &["Accept-Encoding: gzip"]);
    assert_eq!((gzip.status, gzip.header("Content-Encoding")), (200, "gzip"));
    for path in
        ["/subscribe", "/unsubscribe/x", "/confirm/x", "/feeds/section/sport.rss", "/nothing"]
    {
        let refused = get(address, path, &[]);
        assert_eq!(
            (refused.status, refused.header("Retry-After").is_empty()),
            (503, false),
            "{path}"
        );
    }
    assert_eq!(post(address, "/subscribe", "email=ann@example.org").status, 503);

    place.open();
    place.publish("Second");
    until("the database is seen again", || get(address, "/readyz", &[]).status == 200);
    assert_eq!(serving.ready(), address, "at the same address");
    until("the new article shows", || {
        get(address, "/feeds/news.rss", &[]).body.windows(6).any(|words| words == b"Second")
    });
    assert_eq!(get(address, "/nothing", &[]).status, 404);
    assert!(serving.log().contains("database connection established"), "{}", serving.log());
    assert_eq!(serving.stop().0, Some(0));
}

#[tokio::test]
async fn a_server_that_nobody_listens_for_is_waited_for_too() {
    let Some(place) = Place::found().await else { return };
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    place.shell.replace(
        place.database.split_once('?').unwrap().0,
        &format!("postgres://courant@127.0.0.1:{port}/nothing"),
    );
    place.shell.replace(&format!("?host={}", place.door.parent().unwrap().display()), "");
    let serving = place.start();
    assert_eq!(get(waiting(&serving), "/readyz", &[]).status, 503);
    assert_eq!(serving.stop().0, Some(0));
}

#[tokio::test]
async fn who_waits_for_the_database_can_be_stopped() {
    let Some(place) = Place::found().await else { return };
    place.shut();
    let serving = place.start();
    let address = waiting(&serving);
    let missing = get(address, "/feeds/news.rss", &[]);
    assert_eq!(
        (missing.status, missing.header("Retry-After").is_empty()),
        (503, false),
        "it was never made"
    );
    assert_eq!(serving.stop().0, Some(0));
}

#[tokio::test]
async fn what_will_not_pass_is_not_waited_for() {
    let Some(place) = Place::found().await else { return };
    let name = place
        .database
        .split('?')
        .next()
        .and_then(|base| base.rsplit('/').next())
        .unwrap()
        .to_owned();
    for (was, is) in [
        (format!("/{name}?"), "/no_such_database?"),
        ("courant@".to_owned(), "nobody_of_that_name@"),
    ] {
        place.shell.replace(&was, is);
        let mut serving = place.start();
        until("it ends", || serving.has_ended());
        let wanted = is.trim_matches(['/', '?', '@']);
        assert!(
            serving.log().contains(wanted) && !serving.log().contains("served on"),
            "{}",
            serving.log()
        );
    }
}
