//! Subscriptions that a user begins for a person, with or without the consent of the person.

use crate::config::Digest;
use crate::domain::subscription::RequestOrigin;
use crate::store::subscriptions::RequestResult;
use crate::subscribers::{self, KnownTerms, NewSubscriber};
use crate::web::admin::visit::Visit;
use crate::web::error::{WebError, WebResult};
use crate::web::form::Form;

/// Error of a form: the name of the field, and a sentence in the language of the user.
pub(super) type FieldError = (&'static str, String);

/// Subscription as a form describes it.
#[derive(Debug, Clone, Default)]
pub(super) struct RequestForm {
    /// Names of the digests.
    pub(super) digests: Vec<String>,
    /// `true` if the person has consented already.
    pub(super) is_confirmed: bool,
    /// Record of the consent.
    pub(super) consent: String,
    /// Chosen sections; empty for all.
    pub(super) sections: Vec<String>,
}

impl RequestForm {
    /// Reads the fields `digest`, `status`, `consent` and `section`.
    pub(super) fn read(form: &Form) -> Self {
        Self {
            digests: form.all("digest"),
            is_confirmed: form.first("status") == "confirmed",
            consent: form.first("consent").to_owned(),
            sections: form.all("section"),
        }
    }
}

/// Splits texts that a person entered in one field.
pub(super) fn split(text: &str) -> Vec<String> {
    let parts = text.split([',', ';', '，', '、', '；', '\n']);
    parts.map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

/// Returns the digests of these names, which the user must be allowed to change.
pub(super) fn find_digests<'a>(visit: &'a Visit, names: &[String]) -> WebResult<Vec<&'a Digest>> {
    let scope = visit.actor.digests();
    if names.iter().any(|name| !scope.contains(name)) {
        return Err(WebError::missing_permission());
    }
    subscribers::find_digests(&visit.app().config, names).map_err(|_| WebError::bad_request())
}

/// Requests subscriptions for a person.
///
/// # Errors
/// The inner error names the field that is not valid, or the address that cannot be subscribed.
pub(super) async fn request(
    visit: &Visit,
    person: &NewSubscriber,
    wanted: &RequestForm,
) -> WebResult<Result<RequestResult, FieldError>> {
    let error = |field, key: &str| Ok(Err((field, visit.text(key, &[]))));
    if wanted.digests.is_empty() {
        return error("digest", "people-error-digest");
    }
    let digests = find_digests(visit, &wanted.digests)?;
    if wanted.is_confirmed && wanted.consent.is_empty() {
        return error("consent", "people-error-consent");
    }
    let origin = match wanted.is_confirmed {
        true => RequestOrigin::AdminWithConsent,
        false => RequestOrigin::Admin,
    };
    let consent = match wanted.consent.as_str() {
        "" => format!("added in the admin area, {}", visit.now.rfc3339()),
        consent => consent.to_owned(),
    };
    let mut person = person.clone();
    person.sections.clone_from(&wanted.sections);
    apply(visit, &person, &digests, &consent, origin).await
}

/// Validates and applies a request.
pub(super) async fn apply(
    visit: &Visit,
    person: &NewSubscriber,
    digests: &[&Digest],
    consent: &str,
    origin: RequestOrigin,
) -> WebResult<Result<RequestResult, FieldError>> {
    let (store, secret) = (&visit.app().store, &visit.app().store_identity.secret);
    let valid = match subscribers::validate(person, digests, consent, secret) {
        Ok(valid) => valid,
        Err(reason) => return Ok(Err(("email", reason))),
    };
    let known = KnownTerms::read(store, digests).await?;
    if let Err(reason) = known.check(&valid) {
        return Ok(Err(("sections", visit.reason(&reason))));
    }
    let (actor, now) = (&visit.actor, visit.now);
    let results =
        subscribers::apply_requests(store, vec![valid], digests, origin, actor, now).await?;
    let result = results.first().copied().unwrap_or_default();
    let refused = |key: &str| Ok(Err(("email", visit.text(key, &[]))));
    if result.suppressed {
        return refused("people-error-suppressed");
    }
    if result.previously_unsubscribed > 0 && result.confirmed + result.confirmations_queued == 0 {
        return refused("people-error-owner-left");
    }
    Ok(Ok(result))
}
