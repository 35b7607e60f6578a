//! The address policy, and invalid responses.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;

fn at(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

#[test]
fn an_untrusted_url_may_use_public_addresses_and_allowed_networks_only() {
    let public = AddressPolicy::Public { allowed_networks: vec![] };
    for open in ["1.1.1.1:443", "1.1.1.1:80", "1.1.1.1:8080", "[2606:4700:4700::1111]:443"] {
        assert!(public.permits(at(open)), "{open}");
    }
    for closed in [
        "127.0.0.1:80",
        "1.1.1.1:25",
        "1.1.1.1:1023",
        "10.0.0.1:443",
        "169.254.169.254:80",
        "[::ffff:1.1.1.1]:443",
        "[::1]:80",
    ] {
        assert!(!public.permits(at(closed)), "{closed}");
    }
    let with_network =
        AddressPolicy::Public { allowed_networks: vec![IpNetwork::parse("10.0.0.0/8").unwrap()] };
    assert!(with_network.permits(at("10.9.9.9:25")) && !with_network.permits(at("127.0.0.1:80")));
    assert!(AddressPolicy::Any.permits(at("127.0.0.1:1")));
}

#[tokio::test]
async fn the_policy_applies_to_the_resolved_address() {
    let client = Client::new(
        AddressPolicy::Public { allowed_networks: vec![] },
        Duration::from_secs(20),
        "https://news.example.edu",
    );
    for url in [
        "http://localhost:9/",
        "http://127.0.0.1:9/",
        "http://[::1]:9/",
        "http://2130706433:9/",
        "http://0x7f.1:9/",
    ] {
        let url = Url::parse(url).unwrap();
        let error =
            client.send(Method::GET, &url, HeaderMap::new(), Bytes::new(), 10).await.unwrap_err();
        assert!(matches!(error, HttpError::Forbidden(_)), "{url}: {error}");
    }
}

/// Starts a server that answers one connection with `response`, repeatedly if `repeat`, then closes
/// it.
async fn server(response: &'static str, repeat: bool) -> Url {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = Url::parse(&format!("http://{}/a?b=c", listener.local_addr().unwrap())).unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = [0; 1024];
        let _ = stream.read(&mut request).await;
        while stream.write_all(response.as_bytes()).await.is_ok() && repeat {}
    });
    url
}

async fn get(url: &Url, timeout_ms: u64) -> Result<HttpResponse, HttpError> {
    let client = Client::new(
        AddressPolicy::Any,
        Duration::from_millis(timeout_ms),
        "https://news.example.edu",
    );
    client.send(Method::GET, url, HeaderMap::new(), Bytes::new(), 5).await
}

#[tokio::test]
async fn a_body_is_read_up_to_the_requested_length() {
    for (response, repeat, body, is_complete) in [
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", false, "hello", true),
        ("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", false, "", true),
        ("HTTP/1.0 200 OK\r\n\r\nhell", false, "hell", true),
        ("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello!", false, "hello", false),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n",
            false,
            "hello",
            true,
        ),
        ("HTTP/1.1 200 OK\r\n\r\nhello ", true, "hello", false),
    ] {
        let received = get(&server(response, repeat).await, 20_000).await.unwrap();
        assert_eq!(
            (received.status, &received.body[..], received.is_complete),
            (StatusCode::OK, body.as_bytes(), is_complete),
            "{response:?}"
        );
    }
    let redirect =
        "HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n";
    assert_eq!(
        get(&server(redirect, false).await, 20_000).await.unwrap().status,
        StatusCode::FOUND,
        "the redirect is not followed"
    );
}

#[tokio::test]
async fn an_invalid_response_is_an_error() {
    for (response, repeat) in [
        ("", false),
        ("220 mail.example ESMTP\r\n", false),
        ("HTTP/1.1 200 OK\r\nX: ", false),
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel", false),
        ("HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\n", false),
        ("x", true),
        ("HTTP/1.1 200 OK\r\nx: y\r\n", true),
    ] {
        let error = get(&server(response, repeat).await, 20_000).await.unwrap_err();
        assert!(matches!(error, HttpError::Connection(_)), "{response:?}: {error}");
    }
    // The server sends interim responses forever.
    let late = get(&server("HTTP/1.1 103 Early Hints\r\n\r\n", true).await, 200).await;
    assert!(late.is_err(), "{late:?}");
}
