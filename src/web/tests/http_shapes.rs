//! Requests as attackers write them, on a real connection: smuggling, huge and malformed heads, odd
//! hosts, forwarded headers. Links and caches never depend on them.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use super::*;

/// Sends bytes on one connection; returns everything that the server answers until it closes the
/// connection, which the client has ended for writing.
async fn exchange(site: &Site, bytes: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = CancellationToken::new();
    tokio::spawn(serve(site.router.clone(), listener, 10, stop.clone()));
    let mut stream = TcpStream::connect(address).await.unwrap();
    let _ = stream.write_all(bytes.as_bytes()).await;
    let _ = stream.shutdown().await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    stop.cancel();
    String::from_utf8_lossy(&answer).into_owned()
}

fn count(answer: &str, what: &str) -> usize {
    answer.matches(what).count()
}

#[tokio::test]
async fn a_second_request_hidden_in_a_body_is_never_answered() {
    let site = Site::new(false).await;
    site.publish("One").await;
    let hidden = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n";
    for target in ["POST /subscribe", "GET /feeds/news.rss", "POST /unsubscribe/x", "GET /nowhere"]
    {
        for framing in [
            "Content-Length: 4\r\nTransfer-Encoding: chunked",
            "Transfer-Encoding: chunked\r\nContent-Length: 4",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
            "Transfer-Encoding: chunked, identity",
            "Transfer-Encoding : chunked",
            "Transfer-Encoding:\x0bchunked",
            "Content-Length: 0\r\nContent-Length: 5",
            "Content-Length: 0, 5",
            "Content-Length: +0",
            "Content-Length: 0x0",
            " Content-Length: 0",
        ] {
            let bytes =
                format!("{target} HTTP/1.1\r\nHost: a\r\n{framing}\r\n\r\n0\r\n\r\n{hidden}");
            let answer = exchange(&site, &bytes).await;
            assert!(count(&answer, "HTTP/1.1 ") <= 1, "{target} {framing}: {answer}");
        }
    }
    let two = format!("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n{hidden}");
    assert_eq!(count(&exchange(&site, &two).await, "HTTP/1.1 200"), 2, "honest pipelining works");
}

#[tokio::test]
async fn huge_and_malformed_heads_are_refused() {
    let site = Site::new(false).await;
    let long = "x".repeat(1 << 20);
    let many: String = (0..2_000).map(|n| format!("X-{n}: y\r\n")).collect();
    for head in [
        format!("GET /{long} HTTP/1.1\r\nHost: a\r\n\r\n"),
        format!("GET / HTTP/1.1\r\nHost: a\r\nCookie: {long}\r\n\r\n"),
        format!("GET / HTTP/1.1\r\nHost: a\r\n{many}\r\n"),
        "GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n".to_owned(),
        "GET / HTTP/1.1\r\nHost: a\r\nX: a\r b\r\n\r\n".to_owned(),
        "GET  / HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(),
        "GET / HTTP/9.9\r\nHost: a\r\n\r\n".to_owned(),
        "\x16\x03\x01\x02".to_owned(),
    ] {
        let answer = exchange(&site, &head).await;
        assert!(!answer.contains("200 OK"), "{:.60}: {answer:.200}", head);
    }
}

#[tokio::test]
async fn no_host_or_forwarded_header_appears_in_an_answer() {
    let site = Site::new(false).await;
    site.publish("One").await;
    let plain = async |path: &str| site.get(path).await;
    for path in [
        "/",
        "/subscribe",
        "/feeds/news",
        "/feeds/news.rss",
        "/feeds.opml",
        "/nowhere",
        "/Feeds/News.RSS",
    ] {
        let expected = plain(path).await;
        for (name, value) in [
            ("x-forwarded-host", "evil.example"),
            ("x-forwarded-proto", "gopher"),
            ("x-forwarded-prefix", "/evil.example"),
            ("x-original-url", "/evil.example"),
            ("x-rewrite-url", "/evil.example"),
            ("forwarded", "host=evil.example;proto=gopher"),
            ("x-host", "evil.example"),
        ] {
            let request = Request::get(path).header(name, value);
            let answer = site.send(request, "").await;
            assert_eq!(answer.status, expected.status, "{path} {name}");
            assert_eq!(
                answer.headers.get(header::LOCATION),
                expected.headers.get(header::LOCATION)
            );
            assert!(answer.body == expected.body, "{path} {name}");
        }
        for host in ["evil.example", "news.example.edu:evil", "[::1", "a b", "evil.example/x"] {
            let answer = exchange(
                &site,
                &format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"),
            )
            .await;
            assert!(!answer.contains("evil.example"), "{path} {host}: {answer:.300}");
        }
    }
}

#[tokio::test]
async fn every_answer_of_both_paths_forbids_sniffing() {
    let site = Site::new(false).await;
    site.publish("One").await;
    for path in [
        "/",
        "/subscribe",
        "/confirm/x",
        "/unsubscribe/x",
        "/nowhere",
        "/feeds/news",
        "/feeds/news.rss",
        "/feeds/news.atom",
        "/feeds/news.json",
        "/feed/",
        "/Feeds/News.RSS",
        "/feeds/section/Campus.rss",
        "/feeds.opml",
        "/api/v1/sources",
        "/metrics",
        "/healthz",
        "/readyz",
    ] {
        for method in ["GET", "HEAD", "PUT"] {
            let request = Request::builder().method(method).uri(path);
            let answer = site.send(request, "").await;
            assert_eq!(answer.header(header::X_CONTENT_TYPE_OPTIONS), "nosniff", "{method} {path}");
        }
    }
}
