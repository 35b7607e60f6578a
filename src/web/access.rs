//! Access of each route: the origin of a request, and the permission of its actor.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::MethodRouter;

use super::error::WebError;
use super::state::SharedState;
use crate::domain::permission::Permission;
use crate::http::{authorize, is_cross_origin};

/// Access policy of a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// Open to everyone, but an unsafe request that a page of another site sent is refused.
    Public,
    /// Open to everyone who knows an unguessable token in the path, from anywhere: mail providers
    /// send such requests too (RFC 8058).
    TokenInPath,
    /// Open to requests of other servers, such as those of WebSub subscribers, without the check
    /// for cross-origin requests; the handler verifies them in another way.
    ServerToServer,
    /// Open to API clients whose token has this permission.
    Permission(Permission),
}

/// Routes, each with its access.
pub(super) struct Routes {
    web: SharedState,
    router: Router<SharedState>,
    declared: Vec<(&'static str, Access)>,
}

impl Routes {
    /// Creates an empty set of routes.
    pub(super) fn new(web: &SharedState) -> Self {
        Self { web: Arc::clone(web), router: Router::new(), declared: Vec::new() }
    }

    /// Adds a route; its access is checked before its handler runs.
    pub(super) fn add(
        mut self,
        path: &'static str,
        access: Access,
        methods: MethodRouter<SharedState>,
    ) -> Self {
        let web = Arc::clone(&self.web);
        let methods = match access {
            Access::Public => methods.route_layer(from_fn_with_state(web, refuse_cross_origin)),
            Access::Permission(permission) => {
                let gate = Arc::clone(&web.token_gate);
                methods.route_layer(from_fn_with_state((gate, permission), authorize))
            }
            Access::TokenInPath | Access::ServerToServer => methods,
        };
        self.declared.push((path, access));
        Self { router: self.router.route(path, methods), ..self }
    }

    /// Returns the access of every route, in the order in which they were added.
    #[cfg(test)]
    pub(super) fn declared(&self) -> &[(&'static str, Access)] {
        &self.declared
    }

    /// Returns the router of all routes.
    pub(super) fn into_router(self) -> Router<SharedState> {
        self.router
    }
}

/// Middleware: refuses unsafe requests that a page of another site made the browser send.
async fn refuse_cross_origin(
    State(web): State<SharedState>,
    request: Request,
    next: Next,
) -> Response {
    let is_refused = !request.method().is_safe()
        && is_cross_origin(request.headers(), &web.app.config.site.base_url);
    if is_refused { WebError::cross_origin().into_response() } else { next.run(request).await }
}
