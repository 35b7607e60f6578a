//! Columns of the list of subscribers, which the address chooses, and their cells.

use std::collections::{HashMap, HashSet};

use super::states;
use crate::domain::digest_scope::DigestScope;
use crate::domain::subscription::SubscriptionStatus;
use crate::store::subscribers::{Subscriber, Subscription};
use crate::templates::pages::{CellDigest, ColumnChoice, PersonCell, PersonRow};
use crate::web::admin::visit::Visit;
use crate::web::error::WebResult;

/// Columns beside the address, with `true` for those that are shown without a choice.
const COLUMNS: [(&str, bool); 7] = [
    ("name", true),
    ("state", true),
    ("digests", true),
    ("language", true),
    ("tags", true),
    ("timezone", false),
    ("since", true),
];

/// Returns the columns, the attributes after the others, with those that the address chooses.
pub(super) async fn choices(visit: &Visit) -> WebResult<Vec<ColumnChoice>> {
    let chosen: HashSet<&str> = visit
        .client
        .query
        .iter()
        .filter(|(name, _)| name == "column")
        .map(|(_, value)| value.as_str())
        .collect();
    let is_shown = |name: &str, is_default: bool| match chosen.is_empty() {
        true => is_default,
        false => chosen.contains(name),
    };
    let fixed = COLUMNS.iter().map(|(name, is_default)| ColumnChoice {
        name: (*name).to_owned(),
        text: visit.text(&format!("people-column-{name}"), &[]),
        is_shown: is_shown(name, *is_default),
    });
    let mut choices: Vec<ColumnChoice> = fixed.collect();
    for attribute in visit.app().store.attributes().list().await? {
        let name = format!("attribute-{}", attribute.name);
        let is_shown = is_shown(&name, false);
        choices.push(ColumnChoice { name, text: attribute.name, is_shown });
    }
    Ok(choices)
}

/// Returns the rows of a list.
pub(super) async fn rows(
    visit: &Visit,
    people: &[Subscriber],
    choices: &[ColumnChoice],
) -> WebResult<Vec<PersonRow>> {
    let (store, scope) = (&visit.app().store, visit.actor.digests());
    let ids: Vec<i64> = people.iter().map(|person| person.id).collect();
    let mut of_person: HashMap<i64, Vec<Subscription>> = HashMap::new();
    for subscription in store.subscriptions().list_of(&ids).await? {
        if scope.contains(&subscription.digest) {
            of_person.entry(subscription.subscriber_id).or_default().push(subscription);
        }
    }
    let suppressed: HashSet<String> = match scope {
        DigestScope::All => store.suppressions().of_people(people).await?.into_keys().collect(),
        // A suppression concerns every digest.
        DigestScope::Only(_) => HashSet::new(),
    };
    let row = |person: &Subscriber| {
        let own: Vec<&Subscription> =
            of_person.get(&person.id).map(|all| all.iter().collect()).unwrap_or_default();
        let is_suppressed = suppressed.contains(&person.address_hash);
        let shown = choices.iter().filter(|choice| choice.is_shown);
        let cells = shown.map(|choice| cell(visit, person, &own, is_suppressed, &choice.name));
        PersonRow { id: person.id, email: person.address.clone(), cells: cells.collect() }
    };
    Ok(people.iter().map(row).collect())
}

fn cell(
    visit: &Visit,
    person: &Subscriber,
    subscriptions: &[&Subscription],
    is_suppressed: bool,
    column: &str,
) -> PersonCell {
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let mut cell = PersonCell::default();
    match column {
        "name" => cell.text = text(&person.name),
        "language" => {
            if let Some(language) = &person.language {
                cell.text = visit.app().templates.language_name(language);
            }
        }
        "timezone" => cell.text = text(&person.timezone),
        "tags" => cell.tags.clone_from(&person.tags),
        "since" => cell.time = Some(visit.time(person.created_at)),
        "state" => {
            let status = states::summary(subscriptions);
            cell.state = match is_suppressed {
                true => Some(states::suppressed(visit)),
                false => status.map(|status| states::of_status(visit, status)),
            };
        }
        "digests" => cell.digests = digests(visit, subscriptions),
        attribute => {
            let name = attribute.strip_prefix("attribute-").unwrap_or_default();
            cell.text = person.attributes.get(name).map(ToString::to_string).unwrap_or_default();
        }
    }
    cell
}

/// Returns the digests of a person; those with another status than the summary name it.
fn digests(visit: &Visit, subscriptions: &[&Subscription]) -> Vec<CellDigest> {
    let summary = states::summary(subscriptions);
    let is_listed = |one: &&&Subscription| {
        one.status != SubscriptionStatus::Unsubscribed
            || summary == Some(SubscriptionStatus::Unsubscribed)
    };
    let digest = |one: &&Subscription| CellDigest {
        title: visit.digest_title(&one.digest),
        note: match Some(one.status) == summary {
            true => String::new(),
            false => states::of_status(visit, one.status).text,
        },
    };
    subscriptions.iter().filter(is_listed).map(digest).collect()
}
