//! Texts about who gets an edition and who does not, on the pages of editions and people.

use super::visit::Visit;
use crate::digests::{self, Reception};
use crate::domain::address::EmailAddress;
use crate::domain::not_addressed::{NotAddressed, NotAddressedReason};
use crate::store::editions::Edition;
use crate::store::subscribers::Subscriber;
use crate::web::error::WebResult;

/// Returns the numbers of subscribers whom an edition does not address, one sentence for each reason.
pub(super) fn not_addressed(visit: &Visit, counts: &NotAddressed) -> Vec<String> {
    let sentence = |(reason, count): (NotAddressedReason, i64)| {
        let key = format!("admin-not-addressed-{}", reason.as_str()).replace('_', "-");
        visit.text(&key, &[("count", count.into())])
    };
    counts.iter().map(sentence).collect()
}

/// Returns the answer to the question why a person got an edition or did not.
pub(super) async fn of_person(
    visit: &Visit,
    edition: &Edition,
    person: Option<&Subscriber>,
) -> WebResult<String> {
    let store = &visit.app().store;
    let reception = digests::reception(store, edition, person).await?;
    let (code, time, answer) = match &reception {
        Reception::Addressed(delivery) => {
            let answer = visit.answer(delivery.last_reply.clone());
            (delivery.state.as_str(), delivery.ended_at, answer)
        }
        Reception::Absent(absence) => (absence.code(), absence.since(), String::new()),
    };
    let key = format!("reception-{code}").replace('_', "-");
    let time = time.map(|time| visit.time(time).text).unwrap_or_default();
    let values = [("time", time.as_str().into()), ("answer", answer.as_str().into())];
    Ok(visit.text(&key, &values).trim_end().to_owned())
}

/// Returns the same answer for an address that a user entered.
pub(super) async fn of_address(
    visit: &Visit,
    edition: &Edition,
    entered: &str,
) -> WebResult<String> {
    let Ok(address) = EmailAddress::parse(entered) else {
        return Ok(visit.text("people-error-email", &[]));
    };
    let person = visit.app().store.subscribers().find_by_address(&address.key()).await?;
    of_person(visit, edition, person.as_ref()).await
}
