//! Authentication of API clients by bearer token (RFC 6750, header only), after the rate limit.

use axum::extract::FromRequestParts;
use axum::http::header;
use axum::http::request::Parts;

use super::problem::Problem;
use crate::access;
use crate::domain::role::Role;
use crate::web::client::ClientInfo;
use crate::web::state::SharedState;

/// An API client with a valid token.
#[derive(Debug, Clone)]
pub(super) struct Bearer {
    /// Role that the token grants.
    pub(super) role: Role,
}

impl FromRequestParts<SharedState> for Bearer {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, web: &SharedState) -> Result<Self, Problem> {
        let Ok(client) = ClientInfo::from_request_parts(parts, web).await;
        // The limit applies before the token is checked, so that tokens cannot be guessed.
        if let Some(network) = client.network {
            web.api_limiter.check(network, web.app.now()).map_err(Problem::too_many_requests)?;
        }
        let authorization = parts
            .headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.split_once(' '));
        let Some((_, token)) =
            authorization.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        else {
            return Err(Problem::unauthenticated());
        };
        let api_token =
            access::authenticate(&web.app.store, &web.app.instance.secret, token.trim()).await?;
        api_token.map(|token| Self { role: token.role }).ok_or_else(Problem::invalid_token)
    }
}
