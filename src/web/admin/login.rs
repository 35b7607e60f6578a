//! `/admin/login`: name and password, then the code of the second factor; `/admin/logout`.

use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::redirect::see_other;
use crate::accounts::{self, Browser, SignIn, SignedIn};
use crate::clock;
use crate::domain::time::Millis;
use crate::templates::pages::LoginPage;
use crate::web::client::ClientInfo;
use crate::web::error::{WebError, WebResult};
use crate::web::form::Form;
use crate::web::session::{delete_cookie, describe_browser, session_id, set_cookie, signed_in};
use crate::web::state::{SharedState, WebState};

/// `GET /admin/login`: the form for name and password, or for the code after a right password.
pub(super) async fn show(
    State(web): State<SharedState>,
    client: ClientInfo,
    method: Method,
    headers: HeaderMap,
) -> WebResult<Response> {
    if signed_in(&web, &client, &headers).await?.is_some() {
        return Ok(see_other(&web, &client, "/admin/profile", None));
    }
    let needs_code = match session_id(&web, &headers) {
        Some(id) if client.query_param("again").is_none() => {
            accounts::waits_for_code(web.app.account_context(), id, web.app.now()).await?
        }
        _ => false,
    };
    render(&web, &client, &method, needs_code, String::new(), None).await
}

/// `POST /admin/login`: verifies name and password, or the code.
pub(super) async fn submit(
    State(web): State<SharedState>,
    client: ClientInfo,
    headers: HeaderMap,
    form: Form,
) -> WebResult<Response> {
    let now = web.app.now();
    if let Err(exceeded) = web.sign_in_limiter.check(client.network, now) {
        web.record_refusal(&client, "network").await;
        return Err(WebError::too_many_requests(exceeded));
    }
    let description = describe_browser(&headers);
    let browser = Browser { description: &description, session_id: session_id(&web, &headers) };
    let (context, entropy) = (web.app.account_context(), clock::random_bytes());
    let code = form.first_verbatim("code");
    let outcome = match code {
        Some(code) => accounts::verify_code(context, code, browser, entropy, now).await?,
        None => {
            let password = form.first_verbatim("password").unwrap_or_default();
            let name = form.first("name");
            accounts::sign_in(context, name, password, browser, entropy, now).await?
        }
    };
    let name = form.first("name").to_owned();
    match outcome {
        SignIn::Complete(session) => {
            let cookie = set_cookie(&web, &session.id);
            Ok(see_other(&web, &client, "/admin/", cookie))
        }
        SignIn::NeedsCode(session) => {
            let cookie = set_cookie(&web, &session.id);
            Ok(see_other(&web, &client, "/admin/login", cookie))
        }
        SignIn::Refused => {
            let key = if code.is_some() { "login-error-code" } else { "login-error" };
            let error = web.translate(&client, key, &[]);
            let page =
                render(&web, &client, &Method::POST, code.is_some(), name, Some(error)).await?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
        SignIn::Blocked(until) => {
            render_blocked(&web, &client, code.is_some(), name, until, now).await
        }
    }
}

/// Renders the form with the wait before the next attempt.
async fn render_blocked(
    web: &WebState,
    client: &ClientInfo,
    needs_code: bool,
    name: String,
    until: Millis,
    now: Millis,
) -> WebResult<Response> {
    let seconds = (until.since(now).as_millis() + 999) / 1000;
    let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
    let error = web.wait_text(client, seconds);
    let page = render(web, client, &Method::POST, needs_code, name, Some(error)).await?;
    let mut response = (StatusCode::TOO_MANY_REQUESTS, page).into_response();
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    Ok(response)
}

async fn render(
    web: &WebState,
    client: &ClientInfo,
    method: &Method,
    needs_code: bool,
    name: String,
    error: Option<String>,
) -> WebResult<Response> {
    let page = web.page_context(client, method);
    let provider = web.app.config.admin.oidc.as_ref().map(|oidc| oidc.name.clone());
    web.render(&LoginPage { page, needs_code, name, provider, error }).await
}

/// `POST /admin/logout`: ends the session.
pub(super) async fn sign_out(
    State(web): State<SharedState>,
    client: ClientInfo,
    Extension(SignedIn { user, session }): Extension<SignedIn>,
) -> WebResult<Response> {
    let context = web.app.account_context();
    accounts::end_session(context, &user, session.public_id(), web.app.now()).await?;
    Ok(see_other(&web, &client, "/admin/login", delete_cookie(&web)))
}

impl WebState {
    /// Returns the sentence about too many attempts, with the wait in seconds or minutes.
    fn wait_text(&self, client: &ClientInfo, seconds: i64) -> String {
        let (key, name, number) = match seconds {
            ..=90 => ("login-error-wait-seconds", "seconds", seconds),
            _ => ("login-error-wait-minutes", "minutes", (seconds + 59) / 60),
        };
        self.app.templates.text_with_number(&client.language, key, name, number)
    }
}
