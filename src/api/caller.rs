//! The state of the API, and who calls it.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use crate::app::App;
use crate::domain::actor::Actor;
use crate::domain::time::Millis;
use crate::http::Problem;

/// State that all handlers share.
#[derive(Debug)]
pub(super) struct ApiState {
    /// The connected parts of Courant.
    pub(super) app: App,
}

/// The shared state as handlers receive it.
pub(super) type SharedApi = Arc<ApiState>;

/// An authorized request: who makes it, when, and with which parts of Courant.
#[derive(Debug)]
pub(super) struct Caller {
    /// The connected parts of Courant.
    pub(super) app: App,
    /// Actor of the token.
    pub(super) actor: Actor,
    /// Time of the request.
    pub(super) now: Millis,
}

impl FromRequestParts<SharedApi> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &SharedApi) -> Result<Self, Problem> {
        // Every operation is added with a permission, whose check sets the actor.
        let actor =
            parts.extensions.get::<Actor>().cloned().ok_or_else(Problem::unauthenticated)?;
        Ok(Self { app: api.app.clone(), actor, now: api.app.now() })
    }
}
