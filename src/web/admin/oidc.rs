//! `/admin/oidc`: sends the browser to the OpenID provider; `/admin/oidc/callback` completes the sign-in when
//! it returns, the only GET request that changes data about a person: the provider sends the browser to it, and
//! it needs the cookie of the browser that began.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::redirect::see_other;
use crate::accounts::{self, Browser, OidcAnswer, OidcError, OidcProvider};
use crate::clock;
use crate::web::client::ClientInfo;
use crate::web::error::{WebError, WebResult};
use crate::web::session::{
    delete_oidc_cookie, describe_browser, kept_oidc_state, session_id, set_cookie, set_oidc_cookie,
};
use crate::web::state::{SharedState, WebState};

fn provider(web: &WebState) -> WebResult<&OidcProvider> {
    web.oidc.as_ref().ok_or_else(WebError::not_found)
}

/// `GET /admin/oidc`: begins a sign-in with the provider.
pub(super) async fn start(
    State(web): State<SharedState>,
    client: ClientInfo,
) -> WebResult<Response> {
    let (provider, now) = (provider(&web)?, web.app.now());
    web.sign_in_limiter.check(client.network, now).map_err(WebError::too_many_requests)?;
    let (context, entropy) = (web.app.account_context(), clock::random_bytes());
    let begun = accounts::start_oidc(context, provider, entropy, now).await;
    let begun = match begun {
        Ok(begun) => begun,
        Err(error) => return Err(failed(&web, &client, error).await),
    };
    let mut response = (StatusCode::SEE_OTHER, [(header::LOCATION, begun.url)]).into_response();
    let cookie = set_oidc_cookie(&web, &begun.state);
    response.headers_mut().extend(cookie.map(|cookie| (header::SET_COOKIE, cookie)));
    Ok(response)
}

/// `GET /admin/oidc/callback`: completes the sign-in.
pub(super) async fn finish(
    State(web): State<SharedState>,
    client: ClientInfo,
    headers: HeaderMap,
) -> WebResult<Response> {
    let (provider, now) = (provider(&web)?, web.app.now());
    web.sign_in_limiter.check(client.network, now).map_err(WebError::too_many_requests)?;
    let answer = OidcAnswer {
        state: client.query_param("state").unwrap_or_default(),
        kept_state: kept_oidc_state(&web, &headers).unwrap_or_default(),
        code: client.query_param("code"),
        issuer: client.query_param("iss"),
    };
    let description = describe_browser(&headers);
    let browser = Browser { description: &description, session_id: session_id(&web, &headers) };
    let (context, entropy) = (web.app.account_context(), clock::random_bytes());
    match accounts::finish_oidc(context, provider, answer, browser, entropy, now).await {
        Ok(session) => {
            let cookie = set_cookie(&web, &session.id);
            let mut response = see_other(&web, &client, "/admin/", cookie);
            let ended = delete_oidc_cookie(&web).map(|cookie| (header::SET_COOKIE, cookie));
            if let Some((name, value)) = ended {
                response.headers_mut().append(name, value);
            }
            Ok(response)
        }
        Err(error) => Err(failed(&web, &client, error).await),
    }
}

/// Logs the reason of a failure, records a refusal, and returns a page that does not tell the reason.
async fn failed(web: &WebState, client: &ClientInfo, error: OidcError) -> WebError {
    match error {
        OidcError::Refused(reason) => {
            tracing::warn!("refused a sign-in with the OpenID provider: {reason}");
            web.record_refusal(client, "openid").await;
            WebError::oidc_refused()
        }
        OidcError::Unavailable(reason) => {
            tracing::error!("{reason}");
            WebError::oidc_unavailable()
        }
        OidcError::Account(error) => error.into(),
    }
}
