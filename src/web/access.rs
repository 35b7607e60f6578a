//! Access of each route: the origin of a request, and the permission of its actor.

use std::sync::Arc;

use axum::Router;
use axum::extract::{FromRequestParts as _, Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::MethodRouter;

use super::client::ClientInfo;
use super::error::WebError;
use super::session::signed_in;
use super::state::{SharedState, WebState};
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
    /// Open to API clients whose token has this permission, and to signed-in users who have it; an unsafe
    /// request of a user that a page of another site sent is refused.
    Permission(Permission),
    /// Page of the admin area, open to signed-in users with this permission; others are led to the
    /// sign-in, and an unsafe request that a page of another site sent is refused.
    Page(Permission),
    /// Open to signed-in users; others are led to the sign-in, and an unsafe request that a page of another
    /// site sent is refused.
    SignedIn,
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
        let methods =
            match access {
                Access::Public => methods.route_layer(from_fn_with_state(web, refuse_cross_origin)),
                Access::Permission(permission) => methods
                    .route_layer(from_fn_with_state((web, permission), authorize_user_or_token)),
                Access::Page(permission) => methods
                    .route_layer(from_fn_with_state((web, Some(permission)), require_session)),
                Access::SignedIn => {
                    methods.route_layer(from_fn_with_state((web, None), require_session))
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

/// Returns `true` if a page of another site made the browser send an unsafe request, and records it if it
/// concerns the admin area or a user.
async fn is_refused(
    web: &WebState,
    client: &ClientInfo,
    method: &Method,
    headers: &HeaderMap,
    is_recorded: bool,
) -> bool {
    let is_refused = !method.is_safe() && is_cross_origin(headers, &web.app.config.site.base_url);
    if is_refused && is_recorded {
        web.record_refusal(client, "origin").await;
    }
    is_refused
}

/// Middleware: refuses unsafe requests that a page of another site made the browser send.
async fn refuse_cross_origin(
    State(web): State<SharedState>,
    client: ClientInfo,
    method: Method,
    headers: HeaderMap,
    request: Request,
    next: Next,
) -> Response {
    let is_admin = client.path.starts_with("/admin/");
    if is_refused(&web, &client, &method, &headers, is_admin).await {
        return WebError::cross_origin().into_response();
    }
    next.run(request).await
}

/// Middleware: lets a request of a signed-in user who has the permission pass, with the user as extension.
async fn require_session(
    State((web, permission)): State<(SharedState, Option<Permission>)>,
    request: Request,
    next: Next,
) -> Response {
    let (mut parts, body) = request.into_parts();
    let Ok(client) = ClientInfo::from_request_parts(&mut parts, &web).await;
    if is_refused(&web, &client, &parts.method, &parts.headers, true).await {
        return WebError::cross_origin().into_response();
    }
    match signed_in(&web, &client, &parts.headers).await {
        Ok(Some(signed_in)) => {
            let actor = signed_in.user.actor();
            if permission.is_some_and(|permission| !actor.may(permission)) {
                return WebError::missing_permission().into_response();
            }
            parts.extensions.insert(actor);
            parts.extensions.insert(signed_in);
            next.run(Request::from_parts(parts, body)).await
        }
        Ok(None) => {
            let location = format!("{}/admin/login{}", web.base_path, client.lang_query());
            (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response()
        }
        Err(error) => error.into_response(),
    }
}

/// Middleware: lets a request pass if its user or its token has the permission, with the actor as
/// extension. A request with a token is never one of a user.
async fn authorize_user_or_token(
    State((web, permission)): State<(SharedState, Permission)>,
    request: Request,
    next: Next,
) -> Response {
    let (mut parts, body) = request.into_parts();
    if !parts.headers.contains_key(header::AUTHORIZATION) {
        let Ok(client) = ClientInfo::from_request_parts(&mut parts, &web).await;
        match signed_in(&web, &client, &parts.headers).await {
            Ok(Some(signed_in)) if signed_in.user.actor().may(permission) => {
                if is_refused(&web, &client, &parts.method, &parts.headers, true).await {
                    return WebError::cross_origin().into_response();
                }
                parts.extensions.insert(signed_in.user.actor());
                return next.run(Request::from_parts(parts, body)).await;
            }
            Ok(Some(_)) => return WebError::missing_permission().into_response(),
            Ok(None) => {}
            Err(error) => return error.into_response(),
        }
    }
    let gate = Arc::clone(&web.token_gate);
    authorize(State((gate, permission)), Request::from_parts(parts, body), next).await
}
