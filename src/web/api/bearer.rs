//! Authorization of API clients by bearer token (RFC 6750, header only), after the rate limit.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::problem::Problem;
use crate::api_tokens;
use crate::domain::actor::Actor;
use crate::domain::permission::Permission;
use crate::http::ClientIp;
use crate::web::state::{SharedState, WebState};

/// Middleware: lets a request pass if its token has the permission, with its actor as extension.
pub(in crate::web) async fn authorize(
    State((web, permission)): State<(SharedState, Permission)>,
    mut request: Request,
    next: Next,
) -> Response {
    let client = request.extensions().get::<ClientIp>().copied();
    match authenticate(&web, client, request.headers()).await {
        Ok(actor) if actor.may(permission) => {
            request.extensions_mut().insert(actor);
            next.run(request).await
        }
        Ok(actor) => Problem::missing_permission(&actor, permission).into_response(),
        Err(problem) => problem.into_response(),
    }
}

/// Returns the actor of the token in the headers.
async fn authenticate(
    web: &WebState,
    client: Option<ClientIp>,
    headers: &HeaderMap,
) -> Result<Actor, Problem> {
    // The limit applies before the token is checked, so that tokens cannot be guessed.
    let network = client.and_then(ClientIp::network);
    web.api_limiter.check(network, web.app.now()).map_err(Problem::too_many_requests)?;
    let authorization = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split_once(' '));
    let Some((_, token)) =
        authorization.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
    else {
        return Err(Problem::unauthenticated());
    };
    let token =
        api_tokens::authenticate(&web.app.store, &web.app.store_identity.secret, token.trim())
            .await?;
    token
        .map(|token| Actor::Token { name: token.name, role: token.role })
        .ok_or_else(Problem::invalid_token)
}
