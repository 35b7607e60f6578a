//! `/admin/profile`: password, second factor and sessions of the signed-in user.

use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::Response;
use jiff::tz::TimeZone;

use super::nav;
use super::people::zones;
use super::redirect::see_other;
use super::visit::Visit;
use crate::accounts::{self, AccountError, Browser, QrCode};
use crate::clock;
use crate::domain::password::MIN_PASSWORD_LENGTH;
use crate::store::user_preferences::Preferences;
use crate::store::users::User;
use crate::templates::pages::{
    EnrollmentView, LanguageLink, ProfilePage, RecoveryCodesPage, SessionRow,
};
use crate::web::client::ClientInfo;
use crate::web::error::{WebError, WebResult};
use crate::web::form::Form;
use crate::web::session::{describe_browser, session_id, set_cookie};
use crate::web::state::{SharedState, WebState};

/// Part of the page with its own form, at which an error is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Section {
    Preferences,
    Password,
    SecondFactor,
}

/// Error of a submitted form, as a sentence in the client's language.
struct FormError {
    section: Section,
    text: String,
}

/// `GET /admin/profile`: the account, with forms for its changes.
pub(super) async fn show(State(web): State<SharedState>, visit: Visit) -> WebResult<Response> {
    render(&web, &visit, None).await
}

/// `POST /admin/profile`: makes the change that the field `action` names.
pub(super) async fn submit(
    State(web): State<SharedState>,
    visit: Visit,
    headers: HeaderMap,
    form: Form,
) -> WebResult<Response> {
    let (user, client) = (&visit.signed_in.user, &visit.client);
    let done = match form.first("action") {
        "preferences" => set_preferences(&visit, &form).await?,
        "password" => change_password(&web, client, &headers, user, &form).await?,
        "start-second-factor" => start_second_factor(&web, client, user, &form).await?,
        "confirm-second-factor" => confirm_second_factor(&web, client, user, &form).await?,
        "stop-second-factor" => stop_second_factor(&web, client, user, &form).await?,
        "end-session" => {
            let (context, id) = (web.app.account_context(), form.first("session"));
            accounts::end_session(context, user, id, web.app.now()).await?;
            Ok(visit.done("/admin/profile", "session"))
        }
        _ => return Err(WebError::bad_request()),
    };
    match done {
        Ok(response) => Ok(response),
        Err(error) => render(&web, &visit, Some(error)).await,
    }
}

/// Stores language, time zone and shortcuts; blank texts mean those of the browser and of the site.
async fn set_preferences(visit: &Visit, form: &Form) -> FormResult {
    let templates = &visit.app().templates;
    let chosen = |name: &str| Some(form.first(name).to_owned()).filter(|text| !text.is_empty());
    let is_known =
        |language: &String| templates.languages().iter().any(|(code, _)| code == language);
    let timezone = chosen("timezone");
    if timezone.as_deref().is_some_and(|name| TimeZone::get(name).is_err()) {
        return rejected(&visit.web, &visit.client, Section::Preferences, "profile-error-zone");
    }
    let preferences = Preferences {
        language: chosen("language").filter(is_known),
        timezone,
        has_shortcuts: !form.first("shortcuts").is_empty(),
    };
    let (users, name) = (visit.app().store.users(), &visit.signed_in.user.name);
    users.set_preferences(name, &preferences, &visit.actor, visit.now).await?;
    Ok(Ok(visit.done("/admin/profile", "preferences")))
}

/// Response to a submitted form, or the error that the form shows.
type FormResult = WebResult<Result<Response, FormError>>;

fn rejected(web: &WebState, client: &ClientInfo, section: Section, key: &str) -> FormResult {
    Ok(Err(FormError { section, text: web.translate(client, key, &[]) }))
}

/// Returns `true` if the form contains the user's present password.
async fn has_present_password(web: &WebState, user: &User, form: &Form) -> WebResult<bool> {
    let password = form.first_verbatim("present").unwrap_or_default();
    let (context, salt) = (web.app.account_context(), clock::random_bytes());
    Ok(accounts::confirm_password(context, user, password, salt, web.app.now()).await?)
}

async fn change_password(
    web: &WebState,
    client: &ClientInfo,
    headers: &HeaderMap,
    user: &User,
    form: &Form,
) -> FormResult {
    let section = Section::Password;
    let password = form.first_verbatim("password").unwrap_or_default();
    if form.first_verbatim("repeat") != Some(password) {
        return rejected(web, client, section, "password-error-repeat");
    }
    if !has_present_password(web, user, form).await? {
        return rejected(web, client, section, "password-error-present");
    }
    let (context, salt, now) = (web.app.account_context(), clock::random_bytes(), web.app.now());
    match accounts::change_password(context, user, password, salt, now).await {
        Ok(()) => {}
        Err(AccountError::Password(reason)) => {
            return Ok(Err(FormError { section, text: web.password_error(client, reason) }));
        }
        Err(e) => return Err(e.into()),
    }
    // All sessions ended; this browser continues with a new one.
    let description = describe_browser(headers);
    let browser = Browser { description: &description, session_id: session_id(web, headers) };
    let session =
        accounts::continue_session(context, user, browser, clock::random_bytes(), now).await?;
    let cookie = set_cookie(web, &session.id);
    Ok(Ok(see_other(web, client, "/admin/profile", cookie)))
}

async fn start_second_factor(
    web: &WebState,
    client: &ClientInfo,
    user: &User,
    form: &Form,
) -> FormResult {
    if user.totp_secret.is_some() {
        return Err(WebError::bad_request());
    }
    if !has_present_password(web, user, form).await? {
        return rejected(web, client, Section::SecondFactor, "password-error-present");
    }
    let context = web.app.account_context();
    accounts::start_enrollment(context, user, clock::random_bytes()).await?;
    Ok(Ok(see_other(web, client, "/admin/profile", None)))
}

/// Switches the second factor on, and shows the recovery codes once.
async fn confirm_second_factor(
    web: &WebState,
    client: &ClientInfo,
    user: &User,
    form: &Form,
) -> FormResult {
    let (context, entropy) = (web.app.account_context(), clock::random_bytes());
    let (code, now) = (form.first("code"), web.app.now());
    let codes = accounts::confirm_enrollment(context, user, code, entropy, now).await?;
    let Some(codes) = codes else {
        return rejected(web, client, Section::SecondFactor, "login-error-code");
    };
    let page = web.page_context(client, &Method::POST);
    Ok(Ok(web.render(&RecoveryCodesPage { page, codes }).await?))
}

async fn stop_second_factor(
    web: &WebState,
    client: &ClientInfo,
    user: &User,
    form: &Form,
) -> FormResult {
    if !has_present_password(web, user, form).await? {
        return rejected(web, client, Section::SecondFactor, "password-error-present");
    }
    let (context, code) = (web.app.account_context(), form.first("code"));
    if accounts::disable_second_factor(context, user, code, web.app.now()).await? {
        Ok(Ok(see_other(web, client, "/admin/profile", None)))
    } else {
        rejected(web, client, Section::SecondFactor, "login-error-code")
    }
}

async fn render(web: &WebState, visit: &Visit, error: Option<FormError>) -> WebResult<Response> {
    let (signed_in, context) = (&visit.signed_in, web.app.account_context());
    let user = &signed_in.user;
    let sessions = accounts::list_sessions(context, user, visit.now).await?;
    let sessions = sessions.into_iter().map(|session| SessionRow {
        is_current: session.hash == signed_in.session.hash,
        id: session.public_id().to_owned(),
        created: session.created_at.in_zone(&visit.zone),
        used: session.used_at.in_zone(&visit.zone),
        browser: session.browser,
    });
    let error_in = |section| {
        error.as_ref().filter(|error| error.section == section).map(|error| error.text.clone())
    };
    let crumbs = vec![visit.crumb(nav::Section::Home)];
    let view = ProfilePage {
        frame: visit.frame(nav::Section::Profile, crumbs),
        name: user.name.clone(),
        role: user.role.as_str().to_owned(),
        digests: visit.scope_text(&user.digests),
        has_password: user.password_hash.is_some(),
        has_second_factor: user.totp_secret.is_some(),
        recovery_codes: context.store.second_factors().count_recovery_codes(&user.name).await?,
        enrollment: enrollment(web, visit)?,
        sessions: sessions.collect(),
        min_length: MIN_PASSWORD_LENGTH,
        language_choices: language_choices(visit),
        timezone: user.preferences.timezone.clone().unwrap_or_default(),
        zones: zones(),
        preferences_error: error_in(Section::Preferences),
        password_error: error_in(Section::Password),
        second_factor_error: error_in(Section::SecondFactor),
    };
    let status = if error.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    visit.render_as(status, &view).await
}

/// Returns the languages of the admin area, with the one that the user has chosen.
fn language_choices(visit: &Visit) -> Vec<LanguageLink> {
    let chosen = visit.signed_in.user.preferences.language.as_deref();
    let choice = |(code, name): (String, String)| LanguageLink {
        current: chosen == Some(code.as_str()),
        code,
        name,
        url: String::new(),
    };
    visit.app().templates.languages().into_iter().map(choice).collect()
}

/// Returns the second factor that the user has yet to confirm, if there is one.
fn enrollment(web: &WebState, visit: &Visit) -> WebResult<Option<EnrollmentView>> {
    let user = &visit.signed_in.user;
    if user.totp_secret.is_some() {
        return Ok(None);
    }
    let site = web.app.config.site.title_in(&visit.client.language);
    let pending = accounts::pending_enrollment(web.app.account_context(), user, site)?;
    Ok(pending.and_then(|pending| {
        let code = QrCode::new(&pending.url)?;
        Some(EnrollmentView { secret: pending.secret, qr_size: code.size, qr_path: code.path })
    }))
}
