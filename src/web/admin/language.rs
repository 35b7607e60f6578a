//! `POST /admin/language`: the language switch of the admin area.

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::visit::Visit;
use crate::store::user_preferences::Preferences;
use crate::web::error::{WebError, WebResult};
use crate::web::form::Form;
use crate::web::state::SharedState;

/// `POST /admin/language`: stores the language of the user, and leads back to the page.
pub(super) async fn submit(
    State(web): State<SharedState>,
    visit: Visit,
    form: Form,
) -> WebResult<Response> {
    let language = form.first("language");
    if !web.app.templates.languages().iter().any(|(code, _)| code == language) {
        return Err(WebError::bad_request());
    }
    let user = &visit.signed_in.user;
    let preferences =
        Preferences { language: Some(language.to_owned()), ..user.preferences.clone() };
    let users = web.app.store.users();
    users.set_preferences(&user.name, &preferences, &visit.actor, visit.now).await?;
    let here = Some(form.first("here")).filter(|path| path.starts_with("/admin/"));
    let location = visit.url(here.unwrap_or("/admin/"));
    Ok((StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response())
}
