//! Counts feed requests for the readership statistics.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};

use super::client::client_network;
use super::state::{SharedState, WebState};

/// IP address of the connection's peer; `None` in tests without a connection.
#[derive(Debug, Clone, Copy)]
pub(super) struct Peer(pub(super) Option<IpAddr>);

impl FromRequestParts<SharedState> for Peer {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &SharedState) -> Result<Self, Infallible> {
        Ok(Self(parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip())))
    }
}

impl WebState {
    /// Counts a served feed request for its client network and user agent.
    pub(super) fn count_request(
        &self,
        feed: &str,
        headers: &HeaderMap,
        peer: Peer,
        status: StatusCode,
    ) {
        let agent = headers.get(header::USER_AGENT).map_or(&[][..], |value| value.as_bytes());
        let network = peer.0.and_then(|peer| client_network(peer, headers));
        self.app.readership.record(feed, agent, network, status == StatusCode::NOT_MODIFIED);
    }
}
