//! `Idempotency-Key`: a repeated POST request with the same key is answered as before, without a
//! second effect.

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use sha2::{Digest as _, Sha256};

use super::caller::{RequestStore, SharedApi};
use crate::clock;
use crate::domain::actor::Actor;
use crate::http::Problem;
use crate::store::Store;
use crate::store::idempotency_keys::{ClaimRequest, ClaimResult, StoredAnswer};

/// Header with the key.
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// Maximum length of a key in bytes.
const MAX_KEY_BYTES: usize = 255;
/// Maximum size of a request body in bytes, as for all requests.
const MAX_BODY_BYTES: usize = 64 * 1024;

/// Mark of a response whose body contains a secret, which must not be stored.
#[derive(Debug, Clone, Copy)]
pub(super) struct AnswerWithSecret;

/// Middleware: carries out a POST request with a key at most once.
pub(super) async fn idempotent(
    State(api): State<SharedApi>,
    request: Request,
    next: Next,
) -> Response {
    let key = match key_of(request.method(), request.headers()) {
        Ok(Some(key)) => key,
        Ok(None) => return next.run(request).await,
        Err(problem) => return problem.into_response(),
    };
    match run(&api, key, request, next).await {
        Ok(response) => response,
        Err(problem) => problem.into_response(),
    }
}

async fn run(
    api: &SharedApi,
    key: String,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let actor = request.extensions().get::<Actor>().cloned();
    let actor = actor.ok_or_else(Problem::unauthenticated)?;
    let (mut head, body) = request.into_parts();
    let body = to_bytes(body, MAX_BODY_BYTES)
        .await
        .map_err(|_| Problem::invalid_body(StatusCode::PAYLOAD_TOO_LARGE))?;
    let claim = ClaimRequest {
        actor: format!("{}:{}", actor.kind().as_str(), actor.name().unwrap_or_default()),
        key,
        request_hash: hash(&head.method, head.uri.path(), &body),
        claim: hex::encode(clock::random_bytes::<16>()),
    };
    let store = &api.app.store;
    match store.idempotency_keys().claim(&claim, api.app.now()).await? {
        ClaimResult::Claimed => {}
        ClaimResult::Answered(answer) => return Ok(repeat(answer)),
        ClaimResult::AnswerLost => {
            return Err(Problem::conflict(
                "the request with this Idempotency-Key took effect, but its answer is not stored; read the resource",
            ));
        }
        ClaimResult::Running => {
            return Err(Problem::conflict(
                "a request with this Idempotency-Key is being carried out; repeat it in a moment",
            ));
        }
        ClaimResult::OtherRequest => {
            return Err(Problem::unprocessable(
                "this Idempotency-Key belongs to another request; use a new key",
            ));
        }
    }
    let marked = store.for_request(&claim);
    head.extensions.insert(RequestStore(marked.clone()));
    let response = next.run(Request::from_parts(head, Body::from(body))).await;
    finish(store, &claim, marked.has_effect(), response).await
}

/// Stores the answer of a request that succeeded, and gives the key of another one back.
async fn finish(
    store: &Store,
    claim: &ClaimRequest,
    has_effect: bool,
    response: Response,
) -> Result<Response, Problem> {
    if !response.status().is_success() && !has_effect {
        store.idempotency_keys().release(claim).await?;
        return Ok(response);
    }
    // A repetition then learns that the effect took place, or at least began.
    let has_secret = response.extensions().get::<AnswerWithSecret>().is_some();
    if has_secret || response.status().is_server_error() {
        return Ok(response);
    }
    let (head, body) = response.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
    let answer = StoredAnswer {
        status: head.status.as_u16().into(),
        location: head
            .headers
            .get(header::LOCATION)
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned),
        body: String::from_utf8_lossy(&body).into_owned(),
    };
    // The effect is committed in any case, so the client receives its answer.
    if let Err(reason) = store.idempotency_keys().save_answer(claim, &answer).await {
        tracing::warn!("cannot store the answer of an idempotent request: {reason}");
    }
    Ok(Response::from_parts(head, Body::from(body)))
}

/// Returns a stored answer as a response.
fn repeat(answer: StoredAnswer) -> Response {
    let status = u16::try_from(answer.status).ok().and_then(|code| StatusCode::from_u16(code).ok());
    let status = status.unwrap_or(StatusCode::OK);
    let mut response = (status, Body::from(answer.body.clone())).into_response();
    let headers = response.headers_mut();
    if !answer.body.is_empty() {
        let media_type =
            if status.is_success() { "application/json" } else { "application/problem+json" };
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let location = answer.location.and_then(|text| HeaderValue::try_from(text).ok());
    headers.extend(location.map(|location| (header::LOCATION, location)));
    response
}

/// Returns the key of a POST request, if it has one.
fn key_of(method: &Method, headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(value) = headers.get(IDEMPOTENCY_KEY).filter(|_| method == Method::POST) else {
        return Ok(None);
    };
    let key = value.to_str().unwrap_or_default().trim().trim_matches('"');
    if key.is_empty() || key.len() > MAX_KEY_BYTES {
        return Err(Problem::bad_request(format!(
            "`Idempotency-Key` must have 1 to {MAX_KEY_BYTES} printable ASCII characters"
        )));
    }
    Ok(Some(key.to_owned()))
}

fn hash(method: &Method, path: &str, body: &Bytes) -> String {
    let mut hash = Sha256::new();
    hash.update(format!("{method} {path}\n"));
    hash.update(body);
    hex::encode(hash.finalize())
}
