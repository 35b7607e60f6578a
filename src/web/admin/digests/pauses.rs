//! `POST /admin/pause` and `/admin/resume`, and those of one digest: stops what is sent to subscribers.

use axum::extract::Path;
use axum::response::Response;

use super::super::visit::Visit;
use super::find;
use crate::digests;
use crate::domain::digest_scope::DigestScope;
use crate::domain::edition::EditionState;
use crate::domain::permission::Permission;
use crate::templates::pages::PauseAll;
use crate::web::error::WebResult;

/// Page to which the forms for all digests lead.
const LIST: &str = "/admin/digests";

/// Returns the numbers of digests of the user that can be paused or resumed; zeros if the user may do
/// neither.
pub(in crate::web::admin) async fn pause_all(visit: &Visit) -> WebResult<PauseAll> {
    if !visit.may(Permission::ControlEditions) {
        return Ok(PauseAll::default());
    }
    let (active, paused) = names(visit).await?;
    let open = visit.app().store.editions().list_open().await?;
    let scope = visit.actor.digests();
    let sending = open.iter().filter(|edition| {
        edition.state == EditionState::Sending && scope.contains(&edition.digest)
    });
    let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    Ok(PauseAll {
        active: number(active.len()),
        paused: number(paused.len()),
        sending: number(sending.count()),
        is_limited: scope != DigestScope::All,
    })
}

/// `POST /admin/pause`: pauses all digests of the user, with their editions.
pub(in crate::web::admin) async fn pause_every(visit: Visit) -> WebResult<Response> {
    let (active, _) = names(&visit).await?;
    for name in active {
        // A digest that somebody else has paused at the same time is as it should be.
        digests::pause_digest(&visit.app().store, &name, &visit.actor, visit.now).await?;
    }
    Ok(done(&visit, "digests-paused", "own-digests-paused"))
}

/// `POST /admin/resume`: resumes all paused digests of the user, with the editions paused with them.
pub(in crate::web::admin) async fn resume_every(visit: Visit) -> WebResult<Response> {
    let (_, paused) = names(&visit).await?;
    for name in paused {
        digests::resume_digest(&visit.app().store, &name, &visit.actor, visit.now).await?;
    }
    Ok(done(&visit, "digests-resumed", "own-digests-resumed"))
}

/// Leads to the list with a message about all digests, or about those of a limited user.
fn done(visit: &Visit, about_all: &str, about_own: &str) -> Response {
    let is_limited = visit.actor.digests() != DigestScope::All;
    visit.done(LIST, if is_limited { about_own } else { about_all })
}

/// Returns the names of the digests of the user: of those that are not paused, and of those that are.
async fn names(visit: &Visit) -> WebResult<(Vec<String>, Vec<String>)> {
    let (app, scope) = (visit.newest_app().await?, visit.actor.digests());
    let paused = app.store.digests().paused().await?;
    let names = app.config.digests.iter().map(|digest| digest.name.clone());
    let names = names.filter(|name| scope.contains(name));
    Ok(names.partition(|name| !paused.contains_key(name)))
}

/// `POST /admin/digests/NAME/pause`: pauses a digest with its editions.
pub(in crate::web::admin) async fn pause(
    visit: Visit,
    Path(name): Path<String>,
) -> WebResult<Response> {
    find(&visit, &visit.newest_app().await?, &name)?;
    let store = &visit.app().store;
    let editions = digests::pause_digest(store, &name, &visit.actor, visit.now).await?;
    Ok(redirect(&visit, &name, editions.is_some(), "digest-paused"))
}

/// `POST /admin/digests/NAME/resume`: resumes a digest with the editions that were paused with it.
pub(in crate::web::admin) async fn resume(
    visit: Visit,
    Path(name): Path<String>,
) -> WebResult<Response> {
    find(&visit, &visit.newest_app().await?, &name)?;
    let store = &visit.app().store;
    let editions = digests::resume_digest(store, &name, &visit.actor, visit.now).await?;
    Ok(redirect(&visit, &name, editions.is_some(), "digest-resumed"))
}

fn redirect(visit: &Visit, name: &str, has_changed: bool, key: &str) -> Response {
    let path = format!("{LIST}/{name}");
    if has_changed { visit.done(&path, key) } else { visit.refused(&path, key) }
}
