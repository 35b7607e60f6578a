//! Feeds over HTTP: several requests on one keep-alive connection, with the exact bytes.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};

use crate::server_process::ServerProcess;
use crate::support::{Shell, article, database_tests};

/// An HTTP client that keeps its connection open.
struct Client(BufReader<TcpStream>);

/// An HTTP response with lower-case header names.
struct Response {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Response {
    fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(n, _)| n == name).map_or("", |(_, value)| value)
    }

    /// Returns all headers except `Date`.
    fn headers_without_date(&self) -> Vec<&(String, String)> {
        self.headers.iter().filter(|(name, _)| name != "date").collect()
    }
}

impl Client {
    fn connect(address: SocketAddr) -> Self {
        Self(BufReader::new(TcpStream::connect(address).unwrap()))
    }

    fn request(&mut self, method: &str, path: &str, more_headers: &str) -> Response {
        write!(
            self.0.get_mut(),
            "{method} {path} HTTP/1.1\r\nHost: news.example.edu\r\n{more_headers}\r\n"
        )
        .unwrap();
        let mut line = || {
            let mut line = String::new();
            self.0.read_line(&mut line).unwrap();
            line.trim_end().to_owned()
        };
        let status = line().split(' ').nth(1).unwrap().parse().unwrap();
        let mut headers = Vec::new();
        loop {
            let line = line();
            let Some((name, value)) = line.split_once(": ") else { break };
            headers.push((name.to_ascii_lowercase(), value.to_owned()));
        }
        let mut response = Response { status, headers, body: Vec::new() };
        // Bytes sent after a response without a body would be read as the start of the next
        // response.
        if method != "HEAD" && status != 304 {
            response.body = vec![0; response.header("content-length").parse().unwrap_or(0)];
            self.0.read_exact(&mut response.body).unwrap();
        }
        response
    }
}

database_tests! {
    async fn requests_of_all_kinds_on_one_connection_get_correct_responses(world) {
        world.use_real_time();
        world.configure(|s| s.feed = "aliases = [\"/feed/\"]".into()).await;
        world.publish([article("a"), article("b")]).await;
        world.config_file();
        let mut server = ServerProcess::start(world.home.path());
        let mut client = Client::connect(server.wait_until_ready());
        let path = "/feeds/news.rss";
        let full = client.request("GET", path, "");
        assert_eq!((full.status, full.header("accept-ranges"), full.header("set-cookie")), (200, "none", ""));
        let head = client.request("HEAD", path, "");
        assert!(head.status == 200 && head.headers_without_date() == full.headers_without_date(), "{:?} {:?}", head.headers, full.headers);
        let tag = full.header("etag").to_owned();
        for method in ["GET", "HEAD"] {
            let not_modified = client.request(method, path, &format!("If-None-Match: \"x\", W/{tag}\r\n"));
            assert_eq!((not_modified.status, not_modified.header("etag"), not_modified.header("content-length")), (304, tag.as_str(), ""), "{method}");
        }
        assert_eq!(client.request("GET", "/feed", "").body, full.body);
        let gzipped = client.request("GET", path, "Accept-Encoding: gzip\r\nRange: bytes=0-9\r\n");
        assert_eq!((gzipped.status, gzipped.header("content-encoding"), &gzipped.body[..2]), (200, "gzip", &[0x1f, 0x8b][..]));
        let double_slash = client.request("GET", "//feeds/news.rss", "");
        assert_eq!((double_slash.status, double_slash.header("location")), (301, "https://news.example.edu/feeds/news.rss"));
        let unknown = client.request("GET", "/feeds/nothing.rss", "");
        assert_eq!((unknown.status, unknown.header("cache-control")), (404, "public, max-age=60"));
        assert_eq!(client.request("OPTIONS", path, "").status, 204);
        let deleted = client.request("DELETE", path, "");
        assert_eq!((deleted.status, deleted.header("allow").contains("GET")), (405, true));
        assert_eq!(client.request("GET", path, "").body, full.body, "the connection should still work");
    }

    async fn a_private_feed_is_built_only_at_its_secret_path(world) {
        world.use_real_time();
        world.configure(|s| s.feed = "private = \"Sesame0123456789\"".into()).await;
        world.publish([article("a")]).await;
        let config = world.config_file();
        let arguments = ["feeds", "build", "--out", "public", "--config", config.to_str().unwrap()];
        assert!(Shell::command(world.home.path(), &arguments).output().unwrap().status.success());
        let public = world.home.path().join("public");
        assert!(public.join("news/Sesame0123456789.rss").exists() && !public.join("news.rss").exists());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_site_without_mail_is_served_until_a_signal() {
    let directory = tempfile::tempdir().unwrap();
    let config = r#"
[site]
title = "College News"
base_url = "https://news.example.edu"
id_authority = "news.example.edu,2026"
[database]
url = "sqlite://courant.db"
[server]
listen = "127.0.0.1:0"
[[sources]]
name = "college"
kind = "builtin"
[[feeds]]
name = "news"
"#;
    std::fs::write(directory.path().join("config.toml"), config).unwrap();
    let mut server = ServerProcess::start(directory.path());
    let mut client = Client::connect(server.wait_until_ready());
    assert_eq!(client.request("GET", "/feeds/news.json", "").status, 200);
    assert!(!server.has_exited(), "{}", server.log());
    drop(client);
    assert_eq!(server.stop().0, Some(0));
}
