//! Degraded mode: a server that starts without its database serves the cached feeds, and everything
//! else once the database is available.

use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use sqlx::{Connection as _, PgConnection};

use crate::server_process::{ServerProcess, get, post_form, request, status_line};
use crate::support::{
    Shell, fresh_database, return_database, skipped, wait_until, wait_until_async,
};

/// An installation whose PostgreSQL can be disconnected and reconnected.
struct Installation {
    shell: Shell,
    database: String,
    /// Socket of the PostgreSQL server.
    socket: PathBuf,
    /// Link to the socket, which the config uses.
    socket_link: PathBuf,
}

impl Installation {
    /// Creates an installation with one article; returns `None` if PostgreSQL is not installed.
    async fn create() -> Option<Self> {
        let database = match fresh_database().await {
            Ok(database) => database,
            Err(reason) => {
                skipped(&reason);
                return None;
            }
        };
        let (base, socket_directory) = database.split_once("?host=").unwrap();
        let shell = Shell::with("sqlite://courant.db", "DATABASE");
        let link_directory = shell.path("socket");
        std::fs::create_dir(&link_directory).unwrap();
        shell.replace("DATABASE", &format!("{base}?host={}", link_directory.display()));
        shell.replace(
            "[[sources]]",
            "[server]\nlisten = \"127.0.0.1:0\"\nfeed_cache_dir = \"cache\"\n[[sources]]",
        );
        shell.replace("name = \"news\"", "name = \"news\"\naliases = [\"/old.xml\"]");
        let installation = Self {
            socket: PathBuf::from(socket_directory).join(".s.PGSQL.5432"),
            socket_link: link_directory.join(".s.PGSQL.5432"),
            database,
            shell,
        };
        installation.connect_database();
        installation.publish("First");
        Some(installation)
    }

    fn connect_database(&self) {
        symlink(&self.socket, &self.socket_link).unwrap();
    }

    fn disconnect_database(&self) {
        std::fs::remove_file(&self.socket_link).unwrap();
    }

    /// Disconnects the database also from running servers.
    async fn end_connections(&self) {
        self.disconnect_database();
        let mut connection = PgConnection::connect(&self.database).await.unwrap();
        // The connections of a test may hold locks that must not be released first.
        let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                   WHERE datname = current_database() AND application_name = 'courant'";
        sqlx::query(end).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    }

    fn publish(&self, title: &str) {
        let article = serde_json::json!({"id": title, "title": title, "published_at": "2026-01-02T03:04:05Z"});
        self.shell.write("one.jsonl", article.to_string());
        self.shell.run_ok(&["articles", "import", "one.jsonl"]);
    }

    fn start(&self) -> ServerProcess {
        ServerProcess::start(self.shell.path("config.toml").parent().unwrap())
    }
}

impl Drop for Installation {
    fn drop(&mut self) {
        return_database(self.database.clone());
    }
}

/// Waits until a server is in degraded mode and returns its address.
fn wait_for_degraded_mode(server: &ServerProcess) -> SocketAddr {
    let mut address = None;
    wait_until("the server is in degraded mode", || {
        address = server
            .log()
            .split("served on http://")
            .nth(1)
            .and_then(|rest| rest.split_whitespace().next()?.parse().ok());
        address.is_some()
    });
    address.unwrap()
}

#[tokio::test]
async fn a_start_whose_renames_the_database_interrupts_continues_once_it_is_available() {
    let Some(installation) = Installation::create().await else { return };
    let mut before = installation.start();
    before.wait_until_ready();
    assert_eq!(before.stop().0, Some(0));
    installation.shell.replace("name = \"news\"", "name = \"latest\"\nwas = [\"news\"]");

    let mut lock = PgConnection::connect(&installation.database).await.unwrap();
    sqlx::raw_sql("BEGIN; LOCK TABLE audit_log").execute(&mut lock).await.unwrap();
    let server = installation.start();
    let blocked = "SELECT count(*) FROM pg_stat_activity \
                   WHERE datname = current_database() AND wait_event_type = 'Lock'";
    let mut observer = PgConnection::connect(&installation.database).await.unwrap();
    wait_until_async("the server waits for the lock", async || {
        sqlx::query_scalar::<_, i64>(blocked).fetch_one(&mut observer).await.unwrap() > 0
    })
    .await;
    installation.end_connections().await;
    let address = wait_for_degraded_mode(&server);
    lock.close().await.unwrap();

    installation.connect_database();
    wait_until("the feed has its new name", || {
        get(address, "/feeds/latest.rss", &[]).status == 200
    });
    assert_eq!(server.stop().0, Some(0));
    let audit = installation.shell.run_ok(&["audit", "list"]);
    assert_eq!(audit.matches("latest").count(), 1, "{audit}");
}

#[tokio::test]
async fn a_start_without_the_database_serves_cached_feeds_and_everything_once_it_is_available() {
    let Some(installation) = Installation::create().await else { return };
    let mut before = installation.start();
    let address = before.wait_until_ready();
    let plain: Vec<_> = ["rss", "atom", "json"]
        .map(|format| get(address, &format!("/feeds/news.{format}"), &[]))
        .into();
    assert!(plain.iter().all(|response| response.status == 200));
    assert_eq!(before.stop().0, Some(0));

    installation.disconnect_database();
    let mut server = installation.start();
    let address = wait_for_degraded_mode(&server);
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
    assert_eq!(request(address, "HEAD", "/feeds/news.rss", &[]).status, 200);
    assert_eq!(
        (get(address, "/", &[]).status, get(address, "/feeds/news", &[]).status),
        (200, 200),
        "HTML pages should be served from the cache too"
    );
    let gzip = get(address, "/feeds/news.rss", &["Accept-Encoding: gzip"]);
    assert_eq!((gzip.status, gzip.header("Content-Encoding")), (200, "gzip"));
    for path in
        ["/subscribe", "/unsubscribe/x", "/confirm/x", "/feeds/section/sport.rss", "/nothing"]
    {
        let unavailable = get(address, path, &[]);
        assert_eq!(
            (unavailable.status, unavailable.header("Retry-After").is_empty()),
            (503, false),
            "{path}"
        );
    }
    assert_eq!(post_form(address, "/subscribe", "email=ann@example.org").status, 503);

    let mut open = TcpStream::connect(address).unwrap();
    assert_eq!(status_line(&mut open, "/readyz"), "HTTP/1.1 503 Service Unavailable");
    installation.connect_database();
    installation.publish("Second");
    wait_until("the database is available again", || get(address, "/readyz", &[]).status == 200);
    assert_eq!(status_line(&mut open, "/readyz"), "HTTP/1.1 200 OK", "on an open connection");
    assert_eq!(server.wait_until_ready(), address, "the address should not change");
    wait_until("the new article is served", || {
        get(address, "/feeds/news.rss", &[]).body.windows(6).any(|words| words == b"Second")
    });
    assert_eq!(get(address, "/nothing", &[]).status, 404);
    assert!(server.log().contains("database connection established"), "{}", server.log());
    assert_eq!(server.stop().0, Some(0));
}

#[tokio::test]
async fn a_refused_database_connection_starts_degraded_mode() {
    let Some(installation) = Installation::create().await else { return };
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    installation.shell.replace(
        installation.database.split_once('?').unwrap().0,
        &format!("postgres://courant@127.0.0.1:{port}/nothing"),
    );
    installation
        .shell
        .replace(&format!("?host={}", installation.socket_link.parent().unwrap().display()), "");
    let server = installation.start();
    assert_eq!(get(wait_for_degraded_mode(&server), "/readyz", &[]).status, 503);
    assert_eq!(server.stop().0, Some(0));
}

#[tokio::test]
async fn a_server_in_degraded_mode_can_be_stopped() {
    let Some(installation) = Installation::create().await else { return };
    installation.disconnect_database();
    let server = installation.start();
    let address = wait_for_degraded_mode(&server);
    let missing = get(address, "/feeds/news.rss", &[]);
    assert_eq!(
        (missing.status, missing.header("Retry-After").is_empty()),
        (503, false),
        "a feed that is not in the cache cannot be served"
    );
    assert_eq!(server.stop().0, Some(0));
}

#[tokio::test]
async fn a_reload_without_the_database_keeps_the_server_and_the_old_configuration() {
    let Some(installation) = Installation::create().await else { return };
    let mut server = installation.start();
    let address = server.wait_until_ready();
    installation.end_connections().await;
    installation.shell.replace("name = \"news\"", "name = \"news\"\nitems = 7");
    server.hang_up();
    wait_until("the reload fails", || {
        assert!(!server.has_exited(), "{}", server.log());
        server.log().contains("cannot reload the configuration")
    });
    assert_eq!(get(address, "/feeds/news.rss", &[]).status, 200);
    let token = "Authorization: Bearer courant_AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE";
    assert_eq!(get(address, "/metrics", &[token]).status, 503);
    installation.connect_database();
    server.hang_up();
    wait_until("the reload succeeds", || server.log().contains("configuration reloaded"));
    assert_eq!(get(address, "/feeds/news.rss", &[]).status, 200);
    assert_eq!(server.stop().0, Some(0));
}

#[tokio::test]
async fn a_reload_in_degraded_mode_takes_effect_once_the_database_is_available() {
    let Some(installation) = Installation::create().await else { return };
    installation.disconnect_database();
    let mut server = installation.start();
    let address = wait_for_degraded_mode(&server);
    installation.shell.replace("name = \"news\"", "name = \"renamed\"\nwas = [\"news\"]");
    server.hang_up();
    installation.connect_database();
    wait_until("the new configuration is in force", || {
        assert!(!server.has_exited(), "{}", server.log());
        get(address, "/feeds/renamed.rss", &[]).status == 200
    });
    assert_eq!(server.stop().0, Some(0));
}

#[tokio::test]
async fn permanent_database_errors_abort_the_start() {
    let Some(installation) = Installation::create().await else { return };
    let name = installation
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
        installation.shell.replace(&was, is);
        let mut server = installation.start();
        wait_until("the server exits", || server.has_exited());
        let expected = is.trim_matches(['/', '?', '@']);
        assert!(
            server.log().contains(expected) && !server.log().contains("served on"),
            "{}",
            server.log()
        );
    }
}
