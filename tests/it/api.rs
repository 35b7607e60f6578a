//! The API: its document, tokens, lists, errors and changes.

mod changes;
mod definitions;
mod document;
mod errors;
mod exports;
mod idempotency;
mod imports;
mod lists;
mod permissions;
mod reloads;
mod schemathesis;
mod scopes;
mod status;
mod subscriber_values;
mod tokens;
mod users;
mod webhooks;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use courant::api_tokens::{self, NewToken, TOKEN_BYTES};
use courant::domain::actor::Actor;
use courant::domain::role::Role;
use serde_json::Value;
use tower::ServiceExt as _;

use crate::support::World;

/// The API of an installation with the token of one client.
pub(crate) struct Client {
    router: Router,
    token: String,
}

/// A response of the API.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    /// The body, or `null` if it is not JSON.
    pub(crate) json: Value,
    /// The body as a text.
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Returns the pointers of the invalid fields.
    pub(crate) fn pointers(&self) -> Vec<&str> {
        let errors = self.json["errors"].as_array().into_iter().flatten();
        errors.filter_map(|error| error["pointer"].as_str()).collect()
    }
}

impl Client {
    /// Creates a token with a role, and a client that uses it.
    pub(crate) async fn new(world: &World, role: Role) -> Self {
        let router = courant::daemon::site_router(world.app.clone(), None);
        let token = create_token(world, &format!("client-{}", role.as_str()), role).await;
        Self { router, token }
    }

    /// Returns a client with another token.
    pub(crate) fn with_token(&self, token: &str) -> Self {
        Self { router: self.router.clone(), token: token.to_owned() }
    }

    /// Sends a request with headers and a body.
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        if !self.token.is_empty() {
            request = request.header(header::AUTHORIZATION, format!("Bearer {}", self.token));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = match body {
            Some(json) => {
                request = request.header(header::CONTENT_TYPE, "application/json");
                Body::from(json.to_string())
            }
            None => Body::empty(),
        };
        self.send_raw(request.body(body).unwrap()).await
    }

    /// Sends a request as it is.
    pub(crate) async fn send_raw(&self, request: Request<Body>) -> Answer {
        let (head, body) = self.router.clone().oneshot(request).await.unwrap().into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap();
        let json = serde_json::from_slice(&body).unwrap_or(Value::Null);
        let text = String::from_utf8_lossy(&body).into_owned();
        Answer { status: head.status, headers: head.headers, json, text }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, &[], None).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(Method::POST, path, &[], Some(body)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, &[], None).await
    }
}

/// Creates a token whose secret depends on its name.
pub(crate) async fn create_token(world: &World, name: &str, role: Role) -> String {
    let mut random = [0; TOKEN_BYTES];
    for (byte, letter) in random.iter_mut().zip(name.bytes()) {
        *byte = letter;
    }
    let (store, secret) = (&world.app.store, &world.app.store_identity.secret);
    let new = NewToken::new(name, role);
    api_tokens::create_token(store, secret, new, random, &Actor::Cli, world.now()).await.unwrap()
}
