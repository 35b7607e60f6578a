//! Authorization of API clients by bearer token (RFC 6750, header only), after the rate limit.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::{ClientIp, Problem, RateLimiter};
use crate::api_tokens;
use crate::app::App;
use crate::domain::actor::Actor;
use crate::domain::permission::Permission;
use crate::store::api_tokens::ApiToken;

/// Requests with tokens that one network may make per hour; requests from this machine are not
/// counted.
pub(crate) const TOKEN_REQUESTS_PER_HOUR: u32 = 3600;

/// Checks the tokens of requests, and limits how many requests a network makes.
#[derive(Debug)]
pub(crate) struct TokenGate {
    app: App,
    limiter: RateLimiter,
}

impl TokenGate {
    /// Creates a gate with a rate limit of its own.
    pub(crate) fn new(app: App) -> Arc<Self> {
        Arc::new(Self { app, limiter: RateLimiter::new(TOKEN_REQUESTS_PER_HOUR) })
    }

    /// Returns the actor of the token in the headers.
    async fn authenticate(
        &self,
        client: Option<ClientIp>,
        headers: &HeaderMap,
    ) -> Result<Actor, Problem> {
        // The limit applies before the token is checked, so that tokens cannot be guessed.
        let network = client.and_then(ClientIp::network);
        self.limiter.check(network, self.app.now()).map_err(Problem::too_many_requests)?;
        let authorization = headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.split_once(' '));
        let Some((_, token)) =
            authorization.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        else {
            return Err(Problem::unauthenticated());
        };
        let (store, secret) = (&self.app.store, &self.app.store_identity.secret);
        let now = self.app.now();
        let token = api_tokens::authenticate(store, secret, token.trim(), now).await?;
        let actor = |token: ApiToken| Actor::Token {
            name: token.name,
            role: token.role,
            digests: token.digests,
        };
        token.map(actor).ok_or_else(Problem::invalid_token)
    }
}

/// Middleware: lets a request pass if its token has the permission, with its actor as extension.
pub(crate) async fn authorize(
    State((gate, permission)): State<(Arc<TokenGate>, Permission)>,
    mut request: Request,
    next: Next,
) -> Response {
    let client = request.extensions().get::<ClientIp>().copied();
    match gate.authenticate(client, request.headers()).await {
        Ok(actor) if actor.may(permission) => {
            request.extensions_mut().insert(actor);
            next.run(request).await
        }
        Ok(actor) => Problem::missing_permission(&actor, permission).into_response(),
        Err(problem) => problem.into_response(),
    }
}
