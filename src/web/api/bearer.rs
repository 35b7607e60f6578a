//! Who a program is: the token it shows (RFC 6750, the header alone), after its network's turn.

use axum::extract::FromRequestParts;
use axum::http::header;
use axum::http::request::Parts;

use super::problem::Problem;
use crate::access;
use crate::domain::role::Role;
use crate::web::Shared;
use crate::web::visitor::Visitor;

/// A program with a token that we know.
#[derive(Debug, Clone)]
pub(super) struct Bearer {
    /// What it may do.
    pub(super) role: Role,
}

impl FromRequestParts<Shared> for Bearer {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, web: &Shared) -> Result<Self, Problem> {
        let Ok(visitor) = Visitor::from_request_parts(parts, web).await;
        // Before the token is looked at, so that nobody can try many.
        if let Some(network) = visitor.network {
            web.api_limit.admit(network, web.app.now()).map_err(Problem::too_many)?;
        }
        let stated = parts
            .headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.split_once(' '));
        let Some((_, token)) = stated.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        else {
            return Err(Problem::nobody());
        };
        let known = access::bearer(&web.app.store, &web.app.instance.secret, token.trim()).await?;
        known.map(|token| Self { role: token.role }).ok_or_else(Problem::stranger)
    }
}
