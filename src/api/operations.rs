//! Operations of the API, each registered together with its permission and its part of the OpenAPI
//! document.

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::MethodRouter;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};

use super::caller::SharedApi;
use super::document;
use super::idempotency::idempotent;
use crate::domain::permission::Permission;
use crate::http::{TokenGate, authorize};

/// Operations of the API with the permission that each needs, as routes or as a document.
///
/// The document needs some megabytes while it is built, and few processes are ever asked for it;
/// so the routes are made without it.
pub(super) enum Operations {
    /// Routes that demand the permission of their operation.
    Routes { router: Router<SharedApi>, state: SharedApi, gate: Arc<TokenGate> },
    /// OpenAPI document of the operations.
    Document(Box<OpenApi>),
}

impl Operations {
    /// Creates a set of routes without operations.
    pub(super) fn routes(state: SharedApi) -> Self {
        let gate = TokenGate::new(state.app.clone());
        Self::Routes { router: Router::new(), state, gate }
    }

    /// Creates a document without operations.
    pub(super) fn document() -> Self {
        Self::Document(Box::new(document::frame()))
    }

    /// Adds the operations of one path that need the same permission.
    pub(super) fn add(
        self,
        permission: Permission,
        (schemas, mut paths, methods): UtoipaMethodRouter<SharedApi>,
    ) -> Self {
        match self {
            Self::Routes { router, state, gate } => {
                let methods =
                    methods.route_layer(from_fn_with_state(Arc::clone(&state), idempotent));
                let methods = demand(permission, &gate, methods);
                let router = paths
                    .paths
                    .keys()
                    .fold(router, |router, path| router.route(path, methods.clone()));
                Self::Routes { router, state, gate }
            }
            Self::Document(described) => {
                document::describe(&mut paths, permission);
                let router = OpenApiRouter::with_openapi(*described);
                Self::Document(Box::new(router.routes((schemas, paths, methods)).into_openapi()))
            }
        }
    }

    /// Adds a stream, which is not part of the document.
    pub(super) fn add_stream(
        self,
        path: &str,
        permission: Permission,
        methods: MethodRouter<SharedApi>,
    ) -> Self {
        match self {
            Self::Routes { router, state, gate } => {
                let router = router.route(path, demand(permission, &gate, methods));
                Self::Routes { router, state, gate }
            }
            Self::Document(_) => self,
        }
    }
}

/// Refuses requests whose token lacks a permission.
fn demand(
    permission: Permission,
    gate: &Arc<TokenGate>,
    methods: MethodRouter<SharedApi>,
) -> MethodRouter<SharedApi> {
    methods.route_layer(from_fn_with_state((Arc::clone(gate), permission), authorize))
}
