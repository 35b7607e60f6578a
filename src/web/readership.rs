//! The one place where the web tells the counting of readers of a request.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};

use super::visitor::network;
use super::{Shared, Web};

/// The other end of the connection; `None` where a test asks without one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Peer(pub(super) Option<IpAddr>);

impl FromRequestParts<Shared> for Peer {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &Shared) -> Result<Self, Infallible> {
        Ok(Self(parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip())))
    }
}

impl Web {
    /// Counts a request for a feed that was answered, by the network that it comes from.
    pub(super) fn note(&self, feed: &str, headers: &HeaderMap, peer: Peer, status: StatusCode) {
        let agent = headers.get(header::USER_AGENT).map_or(&[][..], |value| value.as_bytes());
        let network = peer.0.and_then(|peer| network(peer, headers));
        self.app.readership.note(feed, agent, network, status == StatusCode::NOT_MODIFIED);
    }
}
