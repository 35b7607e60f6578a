//! Feeds on the wire: one connection, many questions, the exact bytes.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};

use crate::program::Serving;
use crate::support::{Shell, article, database_tests};

/// A reader that keeps its connection.
struct Reader(BufReader<TcpStream>);

/// What it was told.
struct Told {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Told {
    fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(n, _)| n == name).map_or("", |(_, value)| value)
    }

    /// All but the time of the answer.
    fn lasting(&self) -> Vec<&(String, String)> {
        self.headers.iter().filter(|(name, _)| name != "date").collect()
    }
}

impl Reader {
    fn at(address: SocketAddr) -> Self {
        Self(BufReader::new(TcpStream::connect(address).unwrap()))
    }

    fn ask(&mut self, method: &str, path: &str, more: &str) -> Told {
        write!(
            self.0.get_mut(),
            "{method} {path} HTTP/1.1\r\nHost: news.example.edu\r\n{more}\r\n"
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
        let mut told = Told { status, headers, body: Vec::new() };
        // What an answer without a body sends all the same would be taken for the beginning of the next one.
        if method != "HEAD" && status != 304 {
            told.body = vec![0; told.header("content-length").parse().unwrap_or(0)];
            self.0.read_exact(&mut told.body).unwrap();
        }
        told
    }
}

database_tests! {
    async fn on_one_connection_a_reader_asks_in_all_ways_and_gets_one_feed(world) {
        world.use_real_time();
        world.configure(|s| s.feed = "aliases = [\"/feed/\"]".into()).await;
        world.publish([article("a"), article("b")]).await;
        world.config_file();
        let mut serving = Serving::start(world.home.path());
        let mut reader = Reader::at(serving.ready());
        let path = "/feeds/news.rss";
        let full = reader.ask("GET", path, "");
        assert_eq!((full.status, full.header("accept-ranges"), full.header("set-cookie")), (200, "none", ""));
        let head = reader.ask("HEAD", path, "");
        assert!(head.status == 200 && head.lasting() == full.lasting(), "{:?} {:?}", head.headers, full.headers);
        let tag = full.header("etag").to_owned();
        for method in ["GET", "HEAD"] {
            let same = reader.ask(method, path, &format!("If-None-Match: \"x\", W/{tag}\r\n"));
            assert_eq!((same.status, same.header("etag"), same.header("content-length")), (304, tag.as_str(), ""), "{method}");
        }
        assert_eq!(reader.ask("GET", "/feed", "").body, full.body);
        let packed = reader.ask("GET", path, "Accept-Encoding: gzip\r\nRange: bytes=0-9\r\n");
        assert_eq!((packed.status, packed.header("content-encoding"), &packed.body[..2]), (200, "gzip", &[0x1f, 0x8b][..]));
        let sloppy = reader.ask("GET", "//feeds/news.rss", "");
        assert_eq!((sloppy.status, sloppy.header("location")), (301, "https://news.example.edu/feeds/news.rss"));
        let unknown = reader.ask("GET", "/feeds/nothing.rss", "");
        assert_eq!((unknown.status, unknown.header("cache-control")), (404, "public, max-age=60"));
        assert_eq!(reader.ask("OPTIONS", path, "").status, 204);
        let posted = reader.ask("DELETE", path, "");
        assert_eq!((posted.status, posted.header("allow").contains("GET")), (405, true));
        assert_eq!(reader.ask("GET", path, "").body, full.body, "the connection is as good as at its beginning");
    }

    async fn a_private_feed_is_built_where_nobody_looks(world) {
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
async fn a_site_with_feeds_and_no_mail_is_served_until_a_signal() {
    let folder = tempfile::tempdir().unwrap();
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
    std::fs::write(folder.path().join("config.toml"), config).unwrap();
    let mut serving = Serving::start(folder.path());
    let mut reader = Reader::at(serving.ready());
    assert_eq!(reader.ask("GET", "/feeds/news.json", "").status, 200);
    assert!(!serving.has_ended(), "{}", serving.log());
    drop(reader);
    assert_eq!(serving.stop().0, Some(0));
}
