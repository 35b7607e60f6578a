//! `/admin/users`: the people who sign in, their roles, and links to set a password.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;

use super::access_fields::{Access, role_field, scope_field, text_field};
use super::nav::Section;
use super::visit::Visit;
use crate::accounts::{self, AccountError, NewUser, SALT_BYTES};
use crate::clock;
use crate::domain::site_urls::SiteUrls;
use crate::store::users::User;
use crate::templates::pages::{AdminAction, Cell, Fact, FormView, ObjectPage, Table};
use crate::web::error::{WebError, WebResult};
use crate::web::form::Form;

/// Path of the list.
const PATH: &str = "/admin/users";

/// Field of the form with its error; no field has an empty name.
type FieldError = (&'static str, String);

/// `GET /admin/users`: all users, and the form to add one.
pub(super) async fn list(visit: Visit) -> WebResult<Response> {
    render_list(&visit, StatusCode::OK, &Form::default(), Vec::new()).await
}

async fn render_list(
    visit: &Visit,
    status: StatusCode,
    form: &Form,
    errors: Vec<FieldError>,
) -> WebResult<Response> {
    let users = visit.app().store.users().list(&visit.page_request()).await?;
    let pager = visit.pager(&users);
    let row = |user: &User| {
        let factor = if user.totp_secret.is_some() { "user-factor-on" } else { "user-factor-off" };
        vec![
            Cell::link(&user.name, visit.url(&format!("{PATH}/{}", user.name))),
            Cell::text(visit.role(user.role)),
            Cell::text(visit.scope_text(&user.digests)),
            Cell::text(visit.text(factor, &[])),
            signed_in(visit, user),
        ]
    };
    let titles = ["admin-name", "admin-role", "admin-digests", "user-factor", "user-signed-in"];
    let table = Table {
        columns: visit.columns(&titles, &[]),
        rows: users.items.iter().map(row).collect(),
        empty: visit.text("user-none", &[]),
        pager,
        ..Table::default()
    };
    let mut page = visit.list_page(Section::Users, table);
    page.frame.command = Some("courant users list".to_owned());
    page.frame.call = Some("GET /api/v1/users".to_owned());
    let mut name = text_field(visit, form, "name", "admin-name", "admin-name-hint");
    name.is_required = true;
    page.form = Some(FormView {
        url: visit.url(PATH),
        fields: vec![name, role_field(visit, form), scope_field(visit, form)],
        button: visit.text("user-add", &[]),
        error: None,
    });
    place_errors(&mut page, errors);
    visit.render_as(status, &page).await
}

/// Returns the time of the last sign-in of a user.
fn signed_in(visit: &Visit, user: &User) -> Cell {
    match user.signed_in_at {
        Some(at) => Cell::time(Some(visit.time(at))),
        None => Cell::text(visit.text("user-never-signed-in", &[])),
    }
}

/// Shows each error at the field that it concerns.
fn place_errors(page: &mut ObjectPage, errors: Vec<FieldError>) {
    let Some(form) = &mut page.form else { return };
    for (name, sentence) in errors {
        match form.fields.iter_mut().find(|field| field.name == name) {
            Some(field) => field.error = Some(sentence),
            None => form.error = Some(sentence),
        }
    }
}

/// Returns an error with the field that it concerns.
fn field_error(error: &AccountError) -> FieldError {
    let name = match error {
        AccountError::InvalidName(_) | AccountError::NameTaken(_) => "name",
        _ => "",
    };
    (name, error.to_string())
}

/// Returns `true` if an error is one of the person who filled in the form.
fn is_mistake(error: &AccountError) -> bool {
    !matches!(error, AccountError::Store(_) | AccountError::Crypto(_) | AccountError::NotFound(_))
}

/// `POST /admin/users`: adds a user, and shows the link to set a password once.
pub(super) async fn add(visit: Visit, form: Form) -> WebResult<Response> {
    let name = form.first("name").to_owned();
    let name_error = visit.name_error(&name).map(|sentence| ("name", sentence));
    let Access { role, digests } = match (Access::read(&visit, &form)?, name_error.is_none()) {
        (Ok(access), true) => access,
        (access, _) => {
            let scope_error = access.err().map(|sentence| ("scope", sentence));
            let errors = name_error.into_iter().chain(scope_error).collect();
            return render_list(&visit, StatusCode::UNPROCESSABLE_ENTITY, &form, errors).await;
        }
    };
    let new = NewUser { name: name.clone(), role, digests, oidc: None };
    let context = visit.app().account_context();
    let added =
        accounts::add_user(context, new, None, [0; SALT_BYTES], &visit.actor, visit.now).await;
    match added {
        Ok(()) => show_link(&visit, &name).await,
        Err(error) if is_mistake(&error) => {
            let errors = vec![field_error(&error)];
            render_list(&visit, StatusCode::UNPROCESSABLE_ENTITY, &form, errors).await
        }
        Err(error) => Err(error.into()),
    }
}

/// Creates a link to set a password, and shows it on the page of the user.
async fn show_link(visit: &Visit, name: &str) -> WebResult<Response> {
    let (context, entropy) = (visit.app().account_context(), clock::random_bytes());
    let token =
        accounts::create_password_link(context, name, entropy, &visit.actor, visit.now).await?;
    let url = SiteUrls(&visit.app().config.site.base_url).set_password(&token);
    let user = find(visit, name).await?;
    let mut page = user_page(visit, &user, None).await?;
    page.lede = visit.text("user-link", &[("name", name.into())]);
    page.secret = Some(url);
    visit.render(&page).await
}

async fn find(visit: &Visit, name: &str) -> WebResult<User> {
    visit.app().store.users().find(name).await?.ok_or_else(WebError::not_found)
}

/// `GET /admin/users/NAME`: one user, with the form to change the role.
pub(super) async fn show(visit: Visit, Path(name): Path<String>) -> WebResult<Response> {
    let user = find(&visit, &name).await?;
    visit.render(&user_page(&visit, &user, None).await?).await
}

async fn user_page(visit: &Visit, user: &User, form: Option<&Form>) -> WebResult<ObjectPage> {
    let mut page = visit.object_page(Section::Users, user.name.clone());
    page.frame.command = Some(format!("courant users role {} ROLE", user.name));
    page.frame.call = Some(format!("PUT /api/v1/users/{}", user.name));
    let fact = |key: &str, value| Fact::new(visit.text(key, &[]), value);
    let factor = if user.totp_secret.is_some() { "user-factor-on" } else { "user-factor-off" };
    page.facts = vec![
        fact("user-added", Cell::time(Some(visit.time(user.created_at)))),
        fact("user-signed-in", signed_in(visit, user)),
        fact("user-factor", Cell::text(visit.text(factor, &[]))),
    ];
    let path = |action: &str| visit.url(&format!("{PATH}/{}/{action}", user.name));
    let question = visit.text("user-remove-confirm", &[("name", user.name.as_str().into())]);
    let remove = AdminAction::post(visit.text("user-remove", &[]), path("remove"));
    page.actions = vec![
        AdminAction::post(visit.text("user-reset", &[]), path("reset")),
        remove.after_question(question),
    ];
    let stored;
    let form = match form {
        Some(form) => form,
        None => {
            stored = Access::form_of(user.role, &user.digests);
            &stored
        }
    };
    page.form = Some(FormView {
        url: path("role"),
        fields: vec![role_field(visit, form), scope_field(visit, form)],
        button: visit.text("admin-save", &[]),
        error: None,
    });
    Ok(page)
}

/// `POST /admin/users/NAME/role`: changes role and digests, which ends the sessions of the user.
pub(super) async fn set_role(
    visit: Visit,
    Path(name): Path<String>,
    form: Form,
) -> WebResult<Response> {
    let user = find(&visit, &name).await?;
    let Access { role, digests } = match Access::read(&visit, &form)? {
        Ok(access) => access,
        Err(sentence) => return reject(&visit, &user, &form, ("scope", sentence)).await,
    };
    let context = visit.app().account_context();
    match accounts::set_role(context, &name, role, &digests, &visit.actor, visit.now).await {
        Ok(()) => Ok(visit.done(&format!("{PATH}/{name}"), "user")),
        Err(error) if is_mistake(&error) => reject(&visit, &user, &form, field_error(&error)).await,
        Err(error) => Err(error.into()),
    }
}

/// Shows the page of a user with what was entered and its error.
async fn reject(visit: &Visit, user: &User, form: &Form, error: FieldError) -> WebResult<Response> {
    let mut page = user_page(visit, user, Some(form)).await?;
    place_errors(&mut page, vec![error]);
    visit.render_as(StatusCode::UNPROCESSABLE_ENTITY, &page).await
}

/// `POST /admin/users/NAME/reset`: shows a new link to set a password.
pub(super) async fn reset(visit: Visit, Path(name): Path<String>) -> WebResult<Response> {
    find(&visit, &name).await?;
    show_link(&visit, &name).await
}

/// `POST /admin/users/NAME/remove`: removes a user.
pub(super) async fn remove(visit: Visit, Path(name): Path<String>) -> WebResult<Response> {
    let context = visit.app().account_context();
    match accounts::remove_user(context, &name, &visit.actor, visit.now).await {
        Ok(()) => Ok(visit.done(PATH, "user-removed")),
        Err(AccountError::NotFound(_)) => Ok(visit.refused(PATH, "gone")),
        Err(AccountError::LastAdmin(_)) => {
            Ok(visit.refused(&format!("{PATH}/{name}"), "last-admin"))
        }
        Err(error) => Err(error.into()),
    }
}
