//! `POST /demo/sign-in`: signs a visitor of the demo in as its admin.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::accounts::{self, Browser};
use crate::clock;
use crate::web::error::WebResult;
use crate::web::session::{describe_browser, session_id, set_cookie};
use crate::web::state::SharedState;

/// `POST /demo/sign-in`: starts a session and leads to the admin area.
pub(super) async fn submit(
    State(web): State<SharedState>,
    headers: HeaderMap,
) -> WebResult<Response> {
    web.demo()?;
    let description = describe_browser(&headers);
    let browser = Browser { description: &description, session_id: session_id(&web, &headers) };
    let (context, entropy) = (web.app.account_context(), clock::random_bytes());
    let session = accounts::sign_in_to_demo(context, browser, entropy, web.app.now()).await?;
    let location = format!("{}/admin/", web.base_path);
    let mut response = (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response();
    let cookie = set_cookie(&web, &session.id);
    response.headers_mut().extend(cookie.map(|cookie| (header::SET_COOKIE, cookie)));
    Ok(response)
}
