//! A subscriber's web server: it hears, and behaves as it is told.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::serve::Listener;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use url::Url;

/// How it answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    /// To a question with its challenge, to a push with 204.
    Friendly,
    /// 200 with words of its own.
    Shrugs,
    /// This status and nothing else.
    Says(u16),
    /// The challenge, and then something behind it without an end.
    Babbles,
    /// Never.
    Hangs,
    /// A redirect to the same address with `/moved` behind it, where it is friendly.
    Moves,
    /// More headers than anybody reads.
    Boasts,
}

/// A request that came.
#[derive(Debug, Clone)]
pub(crate) struct Heard {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Heard {
    pub(crate) fn asked(&self, name: &str) -> &str {
        self.query.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

/// A running subscriber, or a hub that pings arrive at.
#[derive(Clone)]
pub(crate) struct Subscriber {
    scheme: &'static str,
    address: SocketAddr,
    inner: Arc<Inner>,
}

struct Inner {
    heard: Mutex<Vec<Heard>>,
    /// To questions, and to pushes.
    manners: Mutex<(Manner, Manner)>,
    came: Notify,
}

impl Subscriber {
    pub(crate) async fn start() -> Self {
        Self::listen(None).await
    }

    /// One that is asked over https.
    pub(crate) async fn within_tls(acceptor: TlsAcceptor) -> Self {
        Self::listen(Some(acceptor)).await
    }

    async fn listen(tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let scheme = if tls.is_some() { "https" } else { "http" };
        let manners = Mutex::new((Manner::Friendly, Manner::Friendly));
        let inner = Arc::new(Inner { heard: Mutex::default(), manners, came: Notify::new() });
        let router = Router::new().fallback(hear).with_state(Arc::clone(&inner));
        tokio::spawn(async move {
            match tls {
                Some(acceptor) => axum::serve(Within { listener, acceptor }, router).await,
                None => axum::serve(listener, router).await,
            }
        });
        Self { scheme, address, inner }
    }

    /// The address of a path there.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}://{}{path}", self.scheme, self.address)
    }

    /// How it takes questions from now on.
    pub(crate) fn to_questions(&self, manner: Manner) {
        self.inner.manners.lock().unwrap().0 = manner;
    }

    /// How it takes pushes and pings from now on.
    pub(crate) fn to_pushes(&self, manner: Manner) {
        self.inner.manners.lock().unwrap().1 = manner;
    }

    pub(crate) fn heard(&self) -> Vec<Heard> {
        self.inner.heard.lock().unwrap().clone()
    }

    /// What was pushed, or pinged.
    pub(crate) fn pushed(&self) -> Vec<Heard> {
        self.heard().into_iter().filter(|heard| heard.method == Method::POST).collect()
    }

    /// Waits until so many pushes came; generous, for a busy machine.
    pub(crate) async fn wait_for(&self, pushes: usize) {
        let waiting = async {
            loop {
                let came = self.inner.came.notified();
                if self.pushed().len() >= pushes {
                    return;
                }
                came.await;
            }
        };
        let waited = tokio::time::timeout(Duration::from_secs(40), waiting).await;
        assert!(waited.is_ok(), "only {} pushes of {pushes} came", self.pushed().len());
    }
}

/// Connections within TLS; one whose handshake fails is as if it had never come.
struct Within {
    listener: TcpListener,
    acceptor: TlsAcceptor,
}

impl Listener for Within {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            let (stream, address) = self.listener.accept().await.unwrap();
            if let Ok(stream) = self.acceptor.accept(stream).await {
                return (stream, address);
            }
        }
    }

    fn local_addr(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

async fn hear(State(inner): State<Arc<Inner>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let url = Url::parse(&format!("http://x{}", head.uri)).unwrap();
    let heard = Heard {
        method: head.method.clone(),
        path: url.path().to_owned(),
        query: url.query_pairs().into_owned().collect(),
        headers: head.headers,
        body: to_bytes(body, usize::MAX).await.unwrap(),
    };
    let (to_questions, to_pushes) = *inner.manners.lock().unwrap();
    let (challenge, is_moved) =
        (heard.asked("hub.challenge").to_owned(), heard.path.ends_with("/moved"));
    inner.heard.lock().unwrap().push(heard);
    inner.came.notify_waiters();
    let friendly = || {
        if head.method == Method::GET {
            challenge.clone().into_response()
        } else {
            StatusCode::NO_CONTENT.into_response()
        }
    };
    match if head.method == Method::GET { to_questions } else { to_pushes } {
        Manner::Friendly => friendly(),
        Manner::Shrugs => "welcome".into_response(),
        Manner::Says(status) => StatusCode::from_u16(status).unwrap().into_response(),
        Manner::Babbles => {
            let endless = futures_util::stream::unfold(challenge, |said| async move {
                tokio::task::yield_now().await;
                Some((Ok::<_, std::io::Error>(said), "and so on ".repeat(100)))
            });
            Body::from_stream(endless).into_response()
        }
        Manner::Hangs => std::future::pending().await,
        Manner::Moves if is_moved => friendly(),
        Manner::Moves => (
            StatusCode::TEMPORARY_REDIRECT,
            [("location", format!("{}/moved?hub.challenge={challenge}", url.path()))],
        )
            .into_response(),
        Manner::Boasts => {
            let mut headers = HeaderMap::new();
            for number in 0..2_000 {
                headers.insert(
                    format!("x-{number}").parse::<axum::http::HeaderName>().unwrap(),
                    "x".repeat(100).parse().unwrap(),
                );
            }
            (headers, challenge).into_response()
        }
    }
}
