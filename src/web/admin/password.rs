//! `/admin/password/TOKEN`: a user sets a password with a link from an admin.

use axum::extract::{Path, State};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};

use crate::accounts::{self, AccountError};
use crate::clock;
use crate::domain::password::{MAX_PASSWORD_LENGTH, MIN_PASSWORD_LENGTH, PasswordError};
use crate::templates::pages::{Action, NoticeKind, NoticePage, SetPasswordPage};
use crate::web::client::ClientInfo;
use crate::web::error::{WebError, WebResult};
use crate::web::form::Form;
use crate::web::state::{SharedState, WebState};

/// `GET /admin/password/{token}`: the form for a new password.
pub(super) async fn show(
    State(web): State<SharedState>,
    client: ClientInfo,
    method: Method,
    Path(token): Path<String>,
) -> WebResult<Response> {
    render(&web, &client, &method, token, None).await
}

/// `POST /admin/password/{token}`: sets the password, and uses the link up.
pub(super) async fn submit(
    State(web): State<SharedState>,
    client: ClientInfo,
    method: Method,
    Path(token): Path<String>,
    form: Form,
) -> WebResult<Response> {
    web.sign_in_limiter
        .check(client.network, web.app.now())
        .map_err(WebError::too_many_requests)?;
    let password = form.first_verbatim("password").unwrap_or_default();
    if form.first_verbatim("repeat") != Some(password) {
        let error = web.translate(&client, "password-error-repeat", &[]);
        let page = render(&web, &client, &method, token, Some(error)).await?;
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
    }
    let (context, salt, now) = (web.app.account_context(), clock::random_bytes(), web.app.now());
    match accounts::set_password_by_link(context, &token, password, salt, now).await {
        Ok(true) => render_done(&web, &client).await,
        Ok(false) => Err(WebError::invalid_password_link()),
        Err(AccountError::Password(reason)) => {
            let error = web.password_error(&client, reason);
            let page = render(&web, &client, &method, token, Some(error)).await?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
        Err(e) => Err(e.into()),
    }
}

async fn render(
    web: &WebState,
    client: &ClientInfo,
    method: &Method,
    token: String,
    error: Option<String>,
) -> WebResult<Response> {
    let (context, now) = (web.app.account_context(), web.app.now());
    let name = accounts::find_password_link(context, &token, now).await?;
    let name = name.ok_or_else(WebError::invalid_password_link)?;
    let page = web.page_context(client, method);
    let min_length = MIN_PASSWORD_LENGTH;
    web.render(&SetPasswordPage { page, token, name, min_length, error }).await
}

async fn render_done(web: &WebState, client: &ClientInfo) -> WebResult<Response> {
    let sign_in = Action {
        text: web.translate(client, "login-button", &[]),
        url: format!("{}/admin/login{}", web.base_path, client.lang_query()),
    };
    web.render(&NoticePage {
        page: web.page_context(client, &Method::POST),
        kind: NoticeKind::Success,
        title: web.translate(client, "password-done-title", &[]),
        sentences: vec![web.translate(client, "password-done", &[])],
        actions: vec![sign_in],
    })
    .await
}

impl WebState {
    /// Returns the reason for which a password is not accepted, in the client's language.
    pub(super) fn password_error(&self, client: &ClientInfo, reason: PasswordError) -> String {
        let (key, number) = match reason {
            PasswordError::TooShort => ("password-error-short", MIN_PASSWORD_LENGTH),
            PasswordError::TooLong => ("password-error-long", MAX_PASSWORD_LENGTH),
            PasswordError::Common => ("password-error-common", 0),
        };
        let number = i64::try_from(number).unwrap_or_default();
        self.app.templates.text_with_number(&client.language, key, "count", number)
    }
}
