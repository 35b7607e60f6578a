//! The web service of the current configuration, which a reload replaces under open connections.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::{Context, Poll};

use arc_swap::ArcSwap;
use axum::extract::Request;
use axum::response::Response;
use axum::serve::{IncomingStream, Listener};
use tower_service::Service;

use super::fast_path::{FeedFastPath, ResponseFuture};

/// Service whose configuration can be replaced while connections stay open: each request is
/// answered by the newest one. Cheap to clone.
#[derive(Debug, Clone)]
pub struct LiveService {
    current: Arc<ArcSwap<FeedFastPath>>,
    peer: Option<SocketAddr>,
}

impl LiveService {
    /// Creates a service that begins with this configuration.
    pub fn new(service: FeedFastPath) -> Self {
        Self { current: Arc::new(ArcSwap::from_pointee(service)), peer: None }
    }

    /// Replaces the configuration for all later requests.
    pub fn replace(&self, service: FeedFastPath) {
        self.current.store(Arc::new(service));
    }
}

impl Service<Request> for LiveService {
    type Response = Response;
    type Error = Infallible;
    type Future = ResponseFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> ResponseFuture {
        self.current.load().handle(self.peer, request)
    }
}

impl<L: Listener<Addr = SocketAddr>> Service<IncomingStream<'_, L>> for LiveService {
    type Response = Self;
    type Error = Infallible;
    type Future = std::future::Ready<Result<Self, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, stream: IncomingStream<'_, L>) -> Self::Future {
        std::future::ready(Ok(Self { peer: Some(*stream.remote_addr()), ..self.clone() }))
    }
}
