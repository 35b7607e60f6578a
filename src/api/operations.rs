//! Operations of the API, each registered together with its permission and its part of the OpenAPI
//! document.

use std::sync::Arc;

use axum::middleware::from_fn_with_state;
use axum::routing::MethodRouter;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};

use super::caller::SharedApi;
use super::document;
use super::idempotency::idempotent;
use crate::domain::permission::Permission;
use crate::http::{TokenGate, authorize};

/// Operations of the API with the permission that each needs.
pub(super) struct Operations {
    state: SharedApi,
    gate: Arc<TokenGate>,
    /// Router of the operations, with their document.
    pub(super) router: OpenApiRouter<SharedApi>,
}

impl Operations {
    /// Creates a set without operations.
    pub(super) fn new(state: &SharedApi) -> Self {
        Self {
            state: Arc::clone(state),
            gate: TokenGate::new(state.app.clone()),
            router: OpenApiRouter::with_openapi(document::frame()),
        }
    }

    /// Adds the operations of one path that need the same permission.
    pub(super) fn add(
        self,
        permission: Permission,
        (schemas, mut paths, methods): UtoipaMethodRouter<SharedApi>,
    ) -> Self {
        document::describe(&mut paths, permission);
        let gate = (Arc::clone(&self.gate), permission);
        let methods = methods
            .route_layer(from_fn_with_state(Arc::clone(&self.state), idempotent))
            .route_layer(from_fn_with_state(gate, authorize));
        Self { router: self.router.routes((schemas, paths, methods)), ..self }
    }

    /// Adds a stream, which is not part of the document.
    pub(super) fn add_stream(
        self,
        path: &str,
        permission: Permission,
        methods: MethodRouter<SharedApi>,
    ) -> Self {
        let gate = (Arc::clone(&self.gate), permission);
        let methods = methods.route_layer(from_fn_with_state(gate, authorize));
        Self { router: self.router.route(path, methods), ..self }
    }
}
