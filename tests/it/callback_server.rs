//! Web server of a WebSub subscriber: records requests and answers as a test configures it.

use crate::support::LONGEST_WAIT;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

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

/// Behavior of the server when a request arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Behavior {
    /// Echoes the challenge of a verification request; answers a push with 204.
    Accept,
    /// Answers 200 with a body that is not the challenge.
    WrongBody,
    /// Answers with this status and an empty body.
    Status(u16),
    /// Answers with the challenge, followed by an endless body.
    EndlessBody,
    /// Never answers the request.
    Hang,
    /// Redirects to the same URL with `/moved` appended, which behaves like `Accept`.
    Redirect,
    /// Sends more headers than a client should read.
    HugeHeaders,
}

/// A request that the server received.
#[derive(Debug, Clone)]
pub(crate) struct ReceivedRequest {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl ReceivedRequest {
    pub(crate) fn query_param(&self, name: &str) -> &str {
        self.query.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

/// A running callback server of a subscriber, or a hub that receives pings.
#[derive(Clone)]
pub(crate) struct CallbackServer {
    scheme: &'static str,
    address: SocketAddr,
    inner: Arc<Inner>,
}

struct Inner {
    requests: Mutex<Vec<ReceivedRequest>>,
    /// Behavior towards verification requests, and towards pushes and pings.
    behaviors: Mutex<(Behavior, Behavior)>,
    received: Notify,
}

impl CallbackServer {
    pub(crate) async fn start() -> Self {
        Self::listen(None).await
    }

    /// Like [`Self::start`], over HTTPS.
    pub(crate) async fn start_tls(acceptor: TlsAcceptor) -> Self {
        Self::listen(Some(acceptor)).await
    }

    async fn listen(tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let scheme = if tls.is_some() { "https" } else { "http" };
        let behaviors = Mutex::new((Behavior::Accept, Behavior::Accept));
        let inner =
            Arc::new(Inner { requests: Mutex::default(), behaviors, received: Notify::new() });
        let router = Router::new().fallback(handle).with_state(Arc::clone(&inner));
        tokio::spawn(async move {
            match tls {
                Some(acceptor) => axum::serve(TlsListener { listener, acceptor }, router).await,
                None => axum::serve(listener, router).await,
            }
        });
        Self { scheme, address, inner }
    }

    /// Returns the URL of a path on this server.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}://{}{path}", self.scheme, self.address)
    }

    /// Sets the behavior towards verification requests from now on.
    pub(crate) fn on_verification(&self, behavior: Behavior) {
        self.inner.behaviors.lock().unwrap().0 = behavior;
    }

    /// Sets the behavior towards pushes and pings from now on.
    pub(crate) fn on_push(&self, behavior: Behavior) {
        self.inner.behaviors.lock().unwrap().1 = behavior;
    }

    pub(crate) fn requests(&self) -> Vec<ReceivedRequest> {
        self.inner.requests.lock().unwrap().clone()
    }

    /// Returns the received pushes or pings.
    pub(crate) fn pushes(&self) -> Vec<ReceivedRequest> {
        self.requests().into_iter().filter(|request| request.method == Method::POST).collect()
    }

    /// Waits until this number of pushes was received. The timeout is long, for a busy machine.
    pub(crate) async fn wait_for_pushes(&self, count: usize) {
        let waiting = async {
            loop {
                let received = self.inner.received.notified();
                if self.pushes().len() >= count {
                    return;
                }
                received.await;
            }
        };
        let waited = tokio::time::timeout(LONGEST_WAIT, waiting).await;
        assert!(waited.is_ok(), "only {} of {count} pushes were received", self.pushes().len());
    }
}

/// Listener for TLS connections; ignores connections whose handshake fails.
struct TlsListener {
    listener: TcpListener,
    acceptor: TlsAcceptor,
}

impl Listener for TlsListener {
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

async fn handle(State(inner): State<Arc<Inner>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let url = Url::parse(&format!("http://x{}", head.uri)).unwrap();
    let received = ReceivedRequest {
        method: head.method.clone(),
        path: url.path().to_owned(),
        query: url.query_pairs().into_owned().collect(),
        headers: head.headers,
        body: to_bytes(body, usize::MAX).await.unwrap(),
    };
    let (on_verification, on_push) = *inner.behaviors.lock().unwrap();
    let (challenge, is_moved) =
        (received.query_param("hub.challenge").to_owned(), received.path.ends_with("/moved"));
    inner.requests.lock().unwrap().push(received);
    inner.received.notify_waiters();
    let accept = || {
        if head.method == Method::GET {
            challenge.clone().into_response()
        } else {
            StatusCode::NO_CONTENT.into_response()
        }
    };
    match if head.method == Method::GET { on_verification } else { on_push } {
        Behavior::Accept => accept(),
        Behavior::WrongBody => "welcome".into_response(),
        Behavior::Status(status) => StatusCode::from_u16(status).unwrap().into_response(),
        Behavior::EndlessBody => {
            let endless = futures_util::stream::unfold(challenge, |chunk| async move {
                tokio::task::yield_now().await;
                Some((Ok::<_, std::io::Error>(chunk), "and so on ".repeat(100)))
            });
            Body::from_stream(endless).into_response()
        }
        Behavior::Hang => std::future::pending().await,
        Behavior::Redirect if is_moved => accept(),
        Behavior::Redirect => (
            StatusCode::TEMPORARY_REDIRECT,
            [("location", format!("{}/moved?hub.challenge={challenge}", url.path()))],
        )
            .into_response(),
        Behavior::HugeHeaders => {
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
