//! `/admin/tokens`: the tokens of API clients.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;

use super::access_fields::{Access, role_field, scope_field, text_field};
use super::nav::Section;
use super::visit::Visit;
use crate::api_tokens::{self, NewToken, TokenError};
use crate::clock;
use crate::domain::duration;
use crate::domain::time::Millis;
use crate::store::api_tokens::ApiToken;
use crate::templates::pages::{AdminAction, Cell, FormView, Table};
use crate::web::error::WebResult;
use crate::web::form::Form;

/// Path of the list.
const PATH: &str = "/admin/tokens";

/// Field of the form with its error.
type FieldError = (&'static str, String);

/// `GET /admin/tokens`: all tokens, and the form for a new one.
pub(super) async fn list(visit: Visit) -> WebResult<Response> {
    render(&visit, StatusCode::OK, &Form::default(), &[], None).await
}

async fn render(
    visit: &Visit,
    status: StatusCode,
    form: &Form,
    errors: &[FieldError],
    secret: Option<String>,
) -> WebResult<Response> {
    let tokens = visit.app().store.api_tokens().list(&visit.page_request()).await?;
    let pager = visit.pager(&tokens);
    let titles = ["admin-name", "admin-role", "admin-digests", "token-expires", "token-used", ""];
    let table = Table {
        columns: visit.columns(&titles, &[]),
        rows: tokens.items.iter().map(|token| row(visit, token)).collect(),
        empty: visit.text("token-none", &[]),
        pager,
        ..Table::default()
    };
    let mut page = visit.list_page(Section::Tokens, table);
    page.frame.command = Some("courant tokens list".to_owned());
    page.frame.call = Some("GET /api/v1/tokens".to_owned());
    if secret.is_some() {
        page.lede = visit.text("token-secret", &[]);
    }
    page.secret = secret;
    page.form = Some(new_token_form(visit, form, errors));
    visit.render_as(status, &page).await
}

fn row(visit: &Visit, token: &ApiToken) -> Vec<Cell> {
    let is_expired = |at: &Millis| *at <= visit.now;
    let expires = match token.expires_at {
        Some(at) if is_expired(&at) => Cell::state(visit.text("token-expired", &[]), "bad"),
        Some(at) => Cell::time(Some(visit.time(at))),
        None => Cell::text(visit.text("token-never-expires", &[])),
    };
    let used = token.last_used_at.map(|at| visit.time(at));
    let used = used.map_or_else(
        || Cell::text(visit.text("token-never-used", &[])),
        |time| Cell::time(Some(time)),
    );
    let question = visit.text("token-revoke-confirm", &[("name", token.name.as_str().into())]);
    let path = visit.url(&format!("{PATH}/{}/revoke", token.name));
    let revoke = AdminAction::post(visit.text("token-revoke", &[]), path);
    vec![
        Cell::text(&token.name),
        Cell::text(visit.role(token.role)),
        Cell::text(visit.scope_text(&token.digests)),
        expires,
        used,
        Cell::default().with_action(Some(revoke.after_question(question))),
    ]
}

fn new_token_form(visit: &Visit, form: &Form, errors: &[FieldError]) -> FormView {
    let error_of = |name: &str| {
        errors.iter().find(|(field, _)| *field == name).map(|(_, sentence)| sentence.clone())
    };
    let mut name = text_field(visit, form, "name", "admin-name", "admin-name-hint");
    name.is_required = true;
    let mut expires = text_field(visit, form, "expires", "token-expires", "token-expires-hint");
    let mut digests = scope_field(visit, form);
    (name.error, expires.error, digests.error) =
        (error_of("name"), error_of("expires"), error_of("scope"));
    FormView {
        url: visit.url(PATH),
        fields: vec![name, role_field(visit, form), expires, digests],
        button: visit.text("token-create", &[]),
        error: None,
    }
}

/// `POST /admin/tokens`: creates a token, and shows its secret once.
pub(super) async fn create(visit: Visit, form: Form) -> WebResult<Response> {
    let rejected = StatusCode::UNPROCESSABLE_ENTITY;
    let name = form.first("name");
    let lifetime = Some(form.first("expires")).filter(|text| !text.is_empty());
    let lifetime = lifetime.map(duration::parse).transpose();
    let name_error = visit.name_error(name).map(|sentence| ("name", sentence));
    let (Access { role, digests }, lifetime) =
        match (Access::read(&visit, &form)?, lifetime, name_error.is_none()) {
            (Ok(access), Ok(lifetime), true) => (access, lifetime),
            (access, lifetime, _) => {
                let lifetime_error = lifetime.err().map(|reason| ("expires", reason));
                let scope_error = access.err().map(|sentence| ("scope", sentence));
                let errors: Vec<FieldError> =
                    name_error.into_iter().chain(lifetime_error).chain(scope_error).collect();
                return render(&visit, rejected, &form, &errors, None).await;
            }
        };
    let new = NewToken {
        name: name.to_owned(),
        role,
        digests,
        expires_at: lifetime.map(|lifetime| visit.now.plus(lifetime)),
    };
    let (store, identity) = (&visit.app().store, &visit.app().store_identity);
    let (random, actor) = (clock::random_bytes(), &visit.actor);
    match api_tokens::create_token(store, &identity.secret, new, random, actor, visit.now).await {
        Ok(token) => render(&visit, StatusCode::OK, &Form::default(), &[], Some(token)).await,
        Err(TokenError::Store(cause)) => Err(cause.into()),
        Err(error) => {
            let field = if matches!(error, TokenError::Expired) { "expires" } else { "name" };
            render(&visit, rejected, &form, &[(field, error.to_string())], None).await
        }
    }
}

/// `POST /admin/tokens/NAME/revoke`: revokes a token.
pub(super) async fn revoke(visit: Visit, Path(name): Path<String>) -> WebResult<Response> {
    let revoked =
        api_tokens::revoke_token(&visit.app().store, &name, &visit.actor, visit.now).await?;
    Ok(if revoked { visit.done(PATH, "revoked") } else { visit.refused(PATH, "gone") })
}
