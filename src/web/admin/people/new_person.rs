//! `/admin/subscribers/new`: a person who is subscribed by hand.

use axum::http::StatusCode;
use axum::response::Response;

use super::person::fields_with_sections;
use super::requests::{self, FieldError, RequestForm, split};
use super::{access, choices};
use crate::domain::address::EmailAddress;
use crate::domain::tag;
use crate::subscribers::NewSubscriber;
use crate::subscribers::fields::invalid_fields;
use crate::templates::pages::{DetailsForm, NewPersonPage, TextField};
use crate::web::admin::nav::Section;
use crate::web::admin::visit::Visit;
use crate::web::error::WebResult;
use crate::web::form::Form;

/// Values of the form.
#[derive(Debug, Clone, Default)]
struct Entered {
    email: String,
    name: String,
    language: String,
    timezone: String,
    tags: String,
    request: RequestForm,
}

impl Entered {
    fn read(form: &Form) -> Self {
        let field = |name: &str| form.first(name).to_owned();
        Self {
            email: field("email"),
            name: field("name"),
            language: field("language"),
            timezone: field("timezone"),
            tags: field("tags"),
            request: RequestForm::read(form),
        }
    }

    fn person(&self) -> NewSubscriber {
        let given = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
        NewSubscriber {
            email: self.email.clone(),
            name: given(&self.name),
            language: given(&self.language),
            timezone: given(&self.timezone),
            tags: split(&self.tags),
            ..NewSubscriber::default()
        }
    }
}

/// `GET /admin/subscribers/new`: the form.
pub(super) async fn show(visit: Visit) -> WebResult<Response> {
    let mut entered = Entered {
        email: visit.param("email").unwrap_or_default().to_owned(),
        ..Entered::default()
    };
    let scope = visit.actor.digests();
    let mut digests = visit.app().config.digests.iter().filter(|one| scope.contains(&one.name));
    if let (Some(only), None) = (digests.next(), digests.next()) {
        entered.request.digests = vec![only.name.clone()];
    }
    render(&visit, StatusCode::OK, entered, None).await
}

/// `POST /admin/subscribers/new`: subscribes the person.
pub(super) async fn submit(visit: Visit, form: Form) -> WebResult<Response> {
    let entered = Entered::read(&form);
    let mut person = entered.person();
    if let Some(error) = invalid(&visit, &person) {
        return render(&visit, StatusCode::UNPROCESSABLE_ENTITY, entered, Some(error)).await;
    }
    if is_of_others(&visit, &person).await? {
        // The details of this person also concern other digests.
        person = NewSubscriber { email: person.email, ..NewSubscriber::default() };
    }
    let key = match requests::request(&visit, &person, &entered.request).await? {
        Ok(result) if result.confirmations_queued > 0 => "person-asked",
        Ok(_) => "person-subscribed",
        Err(error) => {
            return render(&visit, StatusCode::UNPROCESSABLE_ENTITY, entered, Some(error)).await;
        }
    };
    let address = EmailAddress::parse(&person.email).map_err(anyhow::Error::msg)?;
    let path = match visit.app().store.subscribers().find_by_address(&address.key()).await? {
        Some(found) => format!("/admin/subscribers/{}", found.id),
        None => "/admin/subscribers".to_owned(),
    };
    Ok(visit.done(&path, key))
}

/// Returns the first field that is not valid.
fn invalid(visit: &Visit, person: &NewSubscriber) -> Option<FieldError> {
    let first = invalid_fields(person).into_iter().next();
    let of_field = |field: &'static str| (field, visit.text(&format!("people-error-{field}"), &[]));
    let of_tags = || Some(("tags", visit.reason(&tag::normalize_all(&person.tags).err()?)));
    first.map(|(field, _)| of_field(field)).or_else(of_tags)
}

/// Returns `true` for a known person with subscriptions that the user may not see.
async fn is_of_others(visit: &Visit, person: &NewSubscriber) -> WebResult<bool> {
    let address = EmailAddress::parse(&person.email).map_err(anyhow::Error::msg)?;
    let store = &visit.app().store;
    let Some(known) = store.subscribers().find_by_address(&address.key()).await? else {
        return Ok(false);
    };
    Ok(!access::is_whole(visit, known.id).await?)
}

async fn render(
    visit: &Visit,
    status: StatusCode,
    entered: Entered,
    error: Option<FieldError>,
) -> WebResult<Response> {
    let crumbs = vec![visit.crumb(Section::Home), visit.crumb(Section::Subscribers)];
    let mut frame = visit.frame(Section::Subscribers, crumbs);
    frame.command = Some("courant subscribers add ADDRESS --digest NAME".to_owned());
    frame.call = Some("POST /api/v1/subscribers".to_owned());
    let field = |name: &str, value: &str| TextField {
        value: value.to_owned(),
        error: error.as_ref().filter(|(field, _)| *field == name).map(|(_, text)| text.clone()),
        stored: None,
    };
    let page = NewPersonPage {
        frame,
        email: field("email", &entered.email),
        details: DetailsForm {
            name: field("name", &entered.name),
            language: field("language", &entered.language),
            languages: choices::languages(visit, &entered.language),
            zones: choices::zones(),
            timezone: field("timezone", &entered.timezone),
            tags: field("tags", &entered.tags),
            ..DetailsForm::default()
        },
        request: {
            let error = error.clone().filter(|(field, _)| *field != "email");
            let (name, text) = error.unwrap_or_default();
            let mut fields =
                fields_with_sections(visit, Some((entered.request, name, text))).await?;
            fields.error = None;
            fields
        },
    };
    visit.render_as(status, &page).await
}
