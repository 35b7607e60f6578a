//! Whom we may connect to, and answers that no server should give.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;

fn at(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

#[test]
fn a_strangers_address_lies_on_the_open_internet_or_where_the_operator_allows_it() {
    let public = Reach::Public { allow: vec![] };
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
    let wide = Reach::Public { allow: vec![Network::parse("10.0.0.0/8").unwrap()] };
    assert!(wide.permits(at("10.9.9.9:25")) && !wide.permits(at("127.0.0.1:80")));
    assert!(Reach::Anywhere.permits(at("127.0.0.1:1")));
}

#[tokio::test]
async fn a_name_is_judged_by_what_it_stands_for() {
    let client = Client::new(
        Reach::Public { allow: vec![] },
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
        let refused =
            client.send(Method::GET, &url, HeaderMap::new(), Bytes::new(), 10).await.unwrap_err();
        assert!(matches!(refused, HttpError::Forbidden(_)), "{url}: {refused}");
    }
}

/// A server that says this to whoever asks, again and again if it is told to, and then hangs up.
async fn server(says: &'static str, again: bool) -> Url {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = Url::parse(&format!("http://{}/a?b=c", listener.local_addr().unwrap())).unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut asked = [0; 1024];
        let _ = stream.read(&mut asked).await;
        while stream.write_all(says.as_bytes()).await.is_ok() && again {}
    });
    url
}

async fn ask(url: &Url, patience: u64) -> Result<Answer, HttpError> {
    let client =
        Client::new(Reach::Anywhere, Duration::from_millis(patience), "https://news.example.edu");
    client.send(Method::GET, url, HeaderMap::new(), Bytes::new(), 5).await
}

#[tokio::test]
async fn an_answer_is_read_as_far_as_it_is_wanted() {
    for (says, again, body, is_whole) in [
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
        let answer = ask(&server(says, again).await, 20_000).await.unwrap();
        assert_eq!(
            (answer.status, &answer.body[..], answer.is_whole),
            (StatusCode::OK, body.as_bytes(), is_whole),
            "{says:?}"
        );
    }
    let moved =
        "HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n";
    assert_eq!(
        ask(&server(moved, false).await, 20_000).await.unwrap().status,
        StatusCode::FOUND,
        "and is not followed"
    );
}

#[tokio::test]
async fn what_is_no_answer_ends_with_an_error() {
    for (says, again) in [
        ("", false),
        ("220 mail.example ESMTP\r\n", false),
        ("HTTP/1.1 200 OK\r\nX: ", false),
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel", false),
        ("HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\n", false),
        ("x", true),
        ("HTTP/1.1 200 OK\r\nx: y\r\n", true),
    ] {
        let refused = ask(&server(says, again).await, 20_000).await.unwrap_err();
        assert!(matches!(refused, HttpError::Broken(_)), "{says:?}: {refused}");
    }
    // It goes on being about to answer.
    let late = ask(&server("HTTP/1.1 103 Early Hints\r\n\r\n", true).await, 200).await;
    assert!(late.is_err(), "{late:?}");
}
