//! `GET /admin/subscribers/ID`: one person with the whole history.

use std::collections::HashMap;

use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;

use super::access::{self, VisibleSubscriber, sees_all_digests};
use super::choices;
use super::details::{Details, Errors, version_of};
use super::person_subscriptions::subscriptions;
use super::requests::RequestForm;
use super::states;
use crate::config::Digest;
use crate::domain::permission::Permission;
use crate::domain::subscription::SubscriptionStatus;
use crate::store::audit_log::AuditEntry;
use crate::store::deliveries::DeliverySummary;
use crate::store::subscribers::Subscription;
use crate::store::suppressions::Suppression;
use crate::templates::pages::{
    DetailsForm, DigestChoice, PersonChange, PersonDelivery, PersonPage, RequestFields, TextField,
};
use crate::web::admin::audit_details::{self, DefinitionChanges};
use crate::web::admin::nav::Section;
use crate::web::admin::visit::Visit;
use crate::web::error::WebResult;

/// Number of deliveries that the page shows.
const SHOWN_DELIVERIES: i64 = 100;
/// Number of changes that the page shows.
const SHOWN_CHANGES: i64 = 100;

/// Forms of the page as they were submitted, with their errors; absent ones show what is stored.
#[derive(Debug, Default)]
pub(super) struct Submitted {
    /// Details with the errors of their fields.
    pub(super) details: Option<(Details, Errors)>,
    /// `true` if somebody changed the details after the form was loaded.
    pub(super) is_outdated: bool,
    /// New address with the error.
    pub(super) address: Option<(String, String)>,
    /// Digest and its new sections with the error.
    pub(super) sections: Option<(String, Vec<String>, String)>,
    /// Subscription with the name of a field and its error.
    pub(super) request: Option<(RequestForm, &'static str, String)>,
}

/// `GET /admin/subscribers/ID`: the person.
pub(super) async fn show(visit: Visit, Path(id): Path<i64>) -> WebResult<Response> {
    let person = access::find(&visit, id).await?;
    render(&visit, StatusCode::OK, &person, Submitted::default()).await
}

/// Returns a sentence about the suppression of a person.
fn suppression_text(visit: &Visit, one: &Suppression) -> String {
    match one.is_domain() {
        true => visit.text("people-suppressed-domain", &[("domain", one.hash.as_str().into())]),
        false => visit.text(&format!("people-suppressed-{}", one.reason), &[]),
    }
}

/// Renders the page of a person.
pub(super) async fn render(
    visit: &Visit,
    status: StatusCode,
    person: &VisibleSubscriber,
    submitted: Submitted,
) -> WebResult<Response> {
    let subscriber = &person.subscriber;
    let store = &visit.app().store;
    let crumbs = vec![visit.crumb(Section::Home), visit.crumb(Section::Subscribers)];
    let mut frame = visit.frame(Section::Subscribers, crumbs);
    frame.command = Some(format!("courant subscribers show {}", subscriber.address));
    frame.call = Some(format!("GET /api/v1/subscribers/{}/history", subscriber.id));
    let suppression = match sees_all_digests(visit) {
        true => store.suppressions().of_person(subscriber).await?,
        false => None,
    };
    let own: Vec<&Subscription> = person.subscriptions.iter().collect();
    let state = match &suppression {
        Some(_) => Some(states::suppressed(visit)),
        None => states::summary(&own).map(|status| states::of_status(visit, status)),
    };
    let may_write = visit.may(Permission::WriteSubscribers);
    let mut page = PersonPage {
        frame,
        id: subscriber.id,
        email: subscriber.address.clone(),
        name: subscriber.name.clone().unwrap_or_default(),
        state,
        created: visit.time(subscriber.created_at),
        suppression: suppression.as_ref().map(|one| suppression_text(visit, one)),
        suppressed_domain: suppression
            .as_ref()
            .filter(|one| one.is_domain())
            .map(|one| one.hash.clone()),
        suppression_reply: suppression.and_then(|one| one.reply),
        may_change: may_write,
        may_edit: may_write && person.is_whole,
        may_suppress: may_write && sees_all_digests(visit),
        is_whole: person.is_whole,
        details: details_form(visit, person, &submitted).await?,
        address: match submitted.address {
            Some((value, error)) => TextField { value, error: Some(error), stored: None },
            None => TextField::default(),
        },
        ..PersonPage::default()
    };
    page.subscriptions = subscriptions(visit, person, submitted.sections).await?;
    page.request = request_fields(visit, person, submitted.request).await?;
    if person.is_whole {
        // Deliveries and changes of other digests would show that the person reads them.
        let deliveries = store.deliveries().to_subscriber(subscriber.id, SHOWN_DELIVERIES).await?;
        page.deliveries = deliveries_of(visit, deliveries).await?;
        let ids: Vec<i64> = person.subscriptions.iter().map(|one| one.id).collect();
        let person = (subscriber.id, subscriber.address_hash.as_str());
        let changes = store.audit_log().of_subscriber(person, &ids, SHOWN_CHANGES).await?;
        page.changes = changes.iter().map(|entry| change(visit, entry)).collect();
    }
    visit.render_as(status, &page).await
}

async fn details_form(
    visit: &Visit,
    person: &VisibleSubscriber,
    submitted: &Submitted,
) -> WebResult<DetailsForm> {
    let known = visit.app().store.attributes().list().await?;
    let stored = Details::of(&person.subscriber);
    let version = version_of(&person.subscriber);
    Ok(match &submitted.details {
        Some((details, errors)) => {
            details.form(visit, version, &known, errors, submitted.is_outdated.then_some(&stored))
        }
        None => stored.form(visit, version, &known, &Errors::new(), None),
    })
}

/// Returns the fields for another subscription; digests with an active one are not offered.
async fn request_fields(
    visit: &Visit,
    person: &VisibleSubscriber,
    submitted: Option<(RequestForm, &'static str, String)>,
) -> WebResult<RequestFields> {
    let is_active = |digest: &str| {
        let active = |one: &&Subscription| one.status != SubscriptionStatus::Unsubscribed;
        person.subscriptions.iter().filter(active).any(|one| one.digest == digest)
    };
    let mut fields = fields_with_sections(visit, submitted).await?;
    fields.digests.retain(|choice| !is_active(&choice.name));
    Ok(fields)
}

/// Returns the fields of a form that begins subscriptions, with the sections of the digests of the user.
pub(super) async fn fields_with_sections(
    visit: &Visit,
    submitted: Option<(RequestForm, &'static str, String)>,
) -> WebResult<RequestFields> {
    let chosen = submitted.as_ref().map(|(form, ..)| form.sections.clone()).unwrap_or_default();
    let mut fields = fields_of(visit, submitted);
    let scope = visit.actor.digests();
    let digests = visit.app().config.digests.iter();
    let digests: Vec<&Digest> = digests.filter(|one| scope.contains(&one.name)).collect();
    fields.sections = choices::sections(visit, &digests, &chosen).await?;
    Ok(fields)
}

/// Returns the fields of a form that begins subscriptions, without sections.
pub(super) fn fields_of(
    visit: &Visit,
    submitted: Option<(RequestForm, &'static str, String)>,
) -> RequestFields {
    let (form, error) = match submitted {
        Some((form, field, error)) => (form, Some((field, error))),
        None => (RequestForm::default(), None),
    };
    let scope = visit.actor.digests();
    let digests = visit.app().config.digests.iter().filter(|one| scope.contains(&one.name));
    let choice = |digest: &Digest| DigestChoice {
        name: digest.name.clone(),
        title: visit.digest_title(&digest.name),
        is_chosen: form.digests.contains(&digest.name),
    };
    let error_of = |name: &str| {
        error.as_ref().filter(|(field, _)| *field == name).map(|(_, text)| text.clone())
    };
    let is_elsewhere = error.as_ref().is_some_and(|(field, _)| *field == "email");
    RequestFields {
        digests: digests.map(choice).collect(),
        is_confirmed: form.is_confirmed,
        digest_error: error_of("digest"),
        consent: TextField {
            value: form.consent.clone(),
            error: error_of("consent"),
            stored: None,
        },
        sections: Vec::new(),
        sections_error: error_of("sections"),
        error: error.filter(|_| is_elsewhere).map(|(_, text)| text),
    }
}

async fn deliveries_of(
    visit: &Visit,
    deliveries: Vec<DeliverySummary>,
) -> WebResult<Vec<PersonDelivery>> {
    let mut titles: HashMap<i64, String> = HashMap::new();
    for id in deliveries.iter().filter_map(|delivery| delivery.edition_id) {
        if let std::collections::hash_map::Entry::Vacant(entry) = titles.entry(id)
            && let Some(edition) = visit.app().store.editions().find(id).await?
        {
            entry.insert(visit.edition_title(&edition.digest, &edition.title));
        }
    }
    let config = &visit.app().config;
    let title_of = |name: &String| {
        let digest = config.digests.iter().find(|digest| digest.name == *name);
        digest.map_or(&name[..], |digest| digest.title_in(&visit.client.language)).to_owned()
    };
    let row = |delivery: DeliverySummary| {
        let title = delivery.edition_id.and_then(|id| titles.get(&id).cloned()).unwrap_or_default();
        let kind = visit.text(&format!("people-delivery-{}", delivery.kind.as_str()), &[]);
        let digests: Vec<String> = delivery.digests.iter().map(title_of).collect();
        let (subject, title) = match (delivery.subject, delivery.edition_id) {
            (Some(subject), _) if subject == title => (subject, String::new()),
            (Some(subject), _) => (subject, title),
            // An edition without articles for this person has no mail.
            (None, Some(_)) if !title.is_empty() => (title, String::new()),
            (None, None) if !digests.is_empty() => {
                let digests = visit.app().templates.join(&visit.client.language, &digests);
                let values = [("digests", digests.as_str().into())];
                (visit.text("people-delivery-confirmation-of", &values), String::new())
            }
            (None, _) => (kind, String::new()),
        };
        PersonDelivery {
            edition: delivery.edition_id,
            mail: delivery.variant_id,
            subject,
            title,
            state: delivery.state.as_str().to_owned(),
            attempts: delivery.attempts,
            answer: visit.answer(delivery.last_reply),
            time: visit.time(delivery.ended_at.unwrap_or(delivery.created_at)),
        }
    };
    Ok(deliveries.into_iter().map(row).collect())
}

/// Returns a change of the audit log as a sentence.
fn change(visit: &Visit, entry: &AuditEntry) -> PersonChange {
    let (action, object) = (entry.action.as_str(), entry.object.as_str());
    let key = format!("people-change-{object}-{action}").replace('_', "-");
    let text = visit.text(&key, &[]);
    let actor = match &entry.actor_name {
        Some(name) => name.clone(),
        None => visit.text(&format!("people-actor-{}", entry.actor_kind.as_str()), &[]),
    };
    PersonChange {
        time: visit.time(entry.at),
        actor,
        // A kind of change that has no sentence yet is still shown.
        text: if text == key { format!("{action} {object}") } else { text },
        details: audit_details::details(visit, entry, &DefinitionChanges::default()),
    }
}
