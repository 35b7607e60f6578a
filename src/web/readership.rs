//! Counts feed requests for the readership statistics.

use axum::http::{HeaderMap, StatusCode, header};

use super::state::WebState;
use crate::http::ClientIp;

impl WebState {
    /// Counts a served feed request for its client network and user agent.
    pub(super) fn record_reader_request(
        &self,
        feed: &str,
        headers: &HeaderMap,
        client: Option<ClientIp>,
        status: StatusCode,
    ) {
        let agent = headers.get(header::USER_AGENT).map_or(&[][..], |value| value.as_bytes());
        let network = client.and_then(ClientIp::network);
        self.app.readership.record(feed, agent, network, status == StatusCode::NOT_MODIFIED);
    }
}
