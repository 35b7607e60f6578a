//! `/admin/audit`: who changed what, by object and actor.

use std::collections::BTreeSet;

use axum::response::Response;
use jiff::civil::Date;
use percent_encoding::utf8_percent_encode;

use super::audit_details::{DefinitionChanges, details};
use super::nav::Section;
use super::visit::Visit;
use crate::domain::actor::ActorKind;
use crate::domain::audit::AuditObject;
use crate::domain::percent::SEGMENT;
use crate::domain::time::Millis;
use crate::store::StoreResult;
use crate::store::audit_log::{ActorFilter, AuditEntry, AuditFilter, ERASED};
use crate::templates::pages::{AuditName, AuditPage, AuditRow, Chip};
use crate::web::error::WebResult;

/// Kinds of objects that have a filter.
const FILTERED: [AuditObject; 8] = [
    AuditObject::Edition,
    AuditObject::Digest,
    AuditObject::Feed,
    AuditObject::Subscriber,
    AuditObject::Suppression,
    AuditObject::Source,
    AuditObject::User,
    AuditObject::Token,
];

/// `GET /admin/audit`: the entries, newest first.
pub(super) async fn list(visit: Visit) -> WebResult<Response> {
    let search = visit.param("q").unwrap_or_default().to_owned();
    let until = visit.param("until").and_then(|day| day.parse().ok());
    let filter = AuditFilter {
        object: visit.param("object").and_then(AuditObject::parse),
        actors: match visit.param("by") {
            _ if !search.is_empty() => ActorFilter::Named(search.clone()),
            Some("people") => ActorFilter::Users,
            _ => ActorFilter::All,
        },
        before: until.and_then(|day: Date| end_of_day(&visit, day)),
    };
    let log = visit.app().store.audit_log();
    let mut entries = log.list_matching(&filter, &visit.page_request()).await?;
    log.set_names(&mut entries.items).await?;
    let pager = visit.pager(&entries);
    let definitions = DefinitionChanges::read(&visit, &entries.items).await?;
    let users = existing_users(&visit, &entries.items).await?;
    let row = |entry: &AuditEntry| row(&visit, entry, &definitions, &users);
    let mut frame = visit.frame(Section::Audit, vec![visit.crumb(Section::Home)]);
    frame.command = Some("courant audit list".to_owned());
    frame.call = Some("GET /api/v1/audit".to_owned());
    let page = AuditPage {
        frame,
        search,
        until: until.map(|day| day.to_string()).unwrap_or_default(),
        object: filter.object.map(|object| object.as_str().to_owned()).unwrap_or_default(),
        actor_chips: vec![
            visit.chip("by", None, visit.text("audit-by-all", &[]), None),
            visit.chip("by", Some("people"), visit.text("audit-by-people", &[]), None),
        ],
        chips: chips(&visit),
        entries: entries.items.iter().map(row).collect(),
        pager,
    };
    visit.render(&page).await
}

/// Returns the end of a day in the zone of the user; `None` after the last day of the calendar.
fn end_of_day(visit: &Visit, day: Date) -> Option<Millis> {
    let next = day.tomorrow().ok()?.to_zoned(visit.zone.clone()).ok()?;
    Some(Millis::from(next.timestamp()))
}

fn chips(visit: &Visit) -> Vec<Chip> {
    let all = visit.chip("object", None, visit.text("admin-all", &[]), None);
    let of = |object: AuditObject| {
        let text = visit.text(&format!("audit-object-{}", key(object.as_str())), &[]);
        visit.chip("object", Some(object.as_str()), text, None)
    };
    std::iter::once(all).chain(FILTERED.into_iter().map(of)).collect()
}

/// Returns a word of the database as a part of a catalog key.
fn key(word: &str) -> String {
    word.replace('_', "-")
}

fn row(
    visit: &Visit,
    entry: &AuditEntry,
    definitions: &DefinitionChanges,
    users: &BTreeSet<String>,
) -> AuditRow {
    let actor_url = entry.actor_name.as_deref().and_then(|name| user_url(visit, name, users));
    AuditRow {
        time: visit.time(entry.at),
        actor: AuditName {
            kind: visit.text(&format!("audit-by-{}", entry.actor_kind.as_str()), &[]),
            name: entry.actor_name.clone().unwrap_or_default(),
            url: actor_url.filter(|_| entry.actor_kind == ActorKind::User),
        },
        action: visit.text(&format!("audit-action-{}", key(entry.action.as_str())), &[]),
        object: AuditName {
            kind: visit.text(&format!("audit-object-{}", key(entry.object.as_str())), &[]),
            name: object_name(visit, entry),
            url: object_url(visit, entry, users),
        },
        details: details(visit, entry, definitions),
    }
}

/// Returns the name of an object for a person: the title of a digest, feed or segment, or an address.
fn object_name(visit: &Visit, entry: &AuditEntry) -> String {
    let id = &entry.object_id;
    match (entry.object, &entry.object_name) {
        (AuditObject::Digest, _) => visit.digest_title(id),
        (AuditObject::Feed, _) => visit.feed_title(id),
        (AuditObject::Segment, _) => {
            let segment = visit.app().config.segments.iter().find(|one| one.name == *id);
            segment.map_or_else(|| id.clone(), |segment| segment.title.clone())
        }
        (_, Some(name)) if name == ERASED => visit.text("audit-erased", &[]),
        (AuditObject::Subscription, Some(name)) => match name.rsplit_once(" (") {
            // The name of the digest, as the API has it.
            Some((address, digest)) => {
                format!("{address} ({})", visit.digest_title(digest.trim_end_matches(')')))
            }
            None => name.clone(),
        },
        (_, Some(name)) => name.clone(),
        (_, None) => id.clone(),
    }
}

/// Returns the URL of the page of an object; `None` if there is no such page.
fn object_url(visit: &Visit, entry: &AuditEntry, users: &BTreeSet<String>) -> Option<String> {
    let (id, config) = (entry.object_id.as_str(), &visit.app().config);
    let page = |path: &str| Some(visit.url(&format!("/admin/{path}/{id}")));
    let of_definition = |is_known: bool, path: &str| match is_known {
        true => page(path),
        // The history of a deleted one is kept.
        false => page(path).map(|url| format!("{url}/history")),
    };
    match entry.object {
        AuditObject::Config => Some(visit.url("/admin/settings")),
        _ if id.is_empty() => None,
        AuditObject::Edition => page("editions"),
        AuditObject::Import => page("subscribers/import"),
        AuditObject::BulkJob => page("subscribers/jobs"),
        AuditObject::Subscriber if entry.object_name.as_deref() != Some(ERASED) => {
            page("subscribers")
        }
        AuditObject::Article => {
            Some(visit.url(&format!("/admin/articles/{}", utf8_percent_encode(id, SEGMENT))))
        }
        AuditObject::Digest => {
            of_definition(config.digests.iter().any(|one| one.name == id), "digests")
        }
        AuditObject::Feed => of_definition(config.feeds.iter().any(|one| one.name == id), "feeds"),
        AuditObject::Segment => {
            page("segments").filter(|_| config.segments.iter().any(|one| one.name == id))
        }
        AuditObject::Webhook => {
            page("webhooks").filter(|_| config.webhooks.iter().any(|one| one.name == id))
        }
        AuditObject::Source => {
            page("sources").filter(|_| config.sources.iter().any(|one| one.name == id))
        }
        AuditObject::User => user_url(visit, id, users),
        AuditObject::Subscriber
        | AuditObject::Subscription
        | AuditObject::Delivery
        | AuditObject::Attribute
        | AuditObject::Suppression
        | AuditObject::Token
        | AuditObject::Database => None,
    }
}

fn user_url(visit: &Visit, name: &str, users: &BTreeSet<String>) -> Option<String> {
    users.contains(name).then(|| visit.url(&format!("/admin/users/{name}")))
}

/// Returns the names of those users that still exist whom entries name.
async fn existing_users(visit: &Visit, entries: &[AuditEntry]) -> StoreResult<BTreeSet<String>> {
    let actors = entries.iter().filter(|entry| entry.actor_kind == ActorKind::User);
    let actors = actors.filter_map(|entry| entry.actor_name.clone());
    let objects = entries.iter().filter(|entry| entry.object == AuditObject::User);
    let objects = objects.map(|entry| entry.object_id.clone());
    let mut existing = BTreeSet::new();
    for name in actors.chain(objects).collect::<BTreeSet<_>>() {
        if visit.app().store.users().find(&name).await?.is_some() {
            existing.insert(name);
        }
    }
    Ok(existing)
}
