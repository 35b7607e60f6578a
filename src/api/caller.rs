//! The state of the API, and who calls it.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use crate::app::App;
use crate::domain::actor::Actor;
use crate::domain::digest_scope::DigestScope;
use crate::domain::time::Millis;
use crate::http::Problem;
use crate::store::Store;

/// State that all handlers share.
#[derive(Debug)]
pub(super) struct ApiState {
    /// The connected parts of Courant.
    pub(super) app: App,
}

/// The shared state as handlers receive it.
pub(super) type SharedApi = Arc<ApiState>;

/// Store of a request that holds a key, as extension of the request.
#[derive(Debug, Clone)]
pub(super) struct RequestStore(pub(super) Store);

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
        let mut app = api.app.clone();
        if let Some(RequestStore(store)) = parts.extensions.get::<RequestStore>() {
            app.store = store.clone();
        }
        Ok(Self { app, actor, now: api.app.now() })
    }
}

impl Caller {
    /// Rejects an actor that is limited to some digests; `reason` says why the limit matters.
    pub(super) fn require_all_digests(&self, reason: &str) -> Result<(), Problem> {
        if self.actor.digests() == DigestScope::All {
            return Ok(());
        }
        Err(Problem::forbidden(format!("this token is limited to some digests, and {reason}")))
    }

    /// Rejects an actor that may not change a digest.
    pub(super) fn require_digest(&self, name: &str) -> Result<(), Problem> {
        if self.actor.digests().contains(name) {
            return Ok(());
        }
        Err(Problem::forbidden(format!("this token may not change the digest {name:?}")))
    }
}
