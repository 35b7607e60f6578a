//! `POST /admin/pause` and `/admin/resume`, and those of one digest: stops what is sent to subscribers.

use std::collections::BTreeMap;

use axum::extract::Path;
use axum::response::Response;

use super::super::visit::Visit;
use super::find;
use crate::digests;
use crate::domain::edition::EditionState;
use crate::domain::permission::Permission;
use crate::domain::time::Millis;
use crate::templates::pages::PauseAll;
use crate::web::error::WebResult;

/// Page to which the forms for all digests lead.
const LIST: &str = "/admin/digests";

/// Returns the numbers of digests of the user that can be paused or resumed; zeros if the user may do
/// neither.
pub(in crate::web::admin) async fn pause_all(visit: &Visit) -> WebResult<PauseAll> {
    let mut all = PauseAll::default();
    if !visit.may(Permission::ControlEditions) {
        return Ok(all);
    }
    let app = visit.newest_app().await?;
    let (scope, paused) = (visit.actor.digests(), app.store.digests().paused().await?);
    for digest in app.config.digests.iter().filter(|digest| scope.contains(&digest.name)) {
        match paused.contains_key(&digest.name) {
            true => all.paused += 1,
            false => all.active += 1,
        }
    }
    let open = app.store.editions().list_open().await?;
    let is_sending = |digest: &str, state| state == EditionState::Sending && scope.contains(digest);
    let sending = open.iter().filter(|edition| is_sending(&edition.digest, edition.state));
    all.sending = i64::try_from(sending.count()).unwrap_or(i64::MAX);
    Ok(all)
}

/// `POST /admin/pause`: pauses all digests of the user, with their editions.
pub(in crate::web::admin) async fn pause_every(visit: Visit) -> WebResult<Response> {
    let (names, paused) = names(&visit).await?;
    for name in names.iter().filter(|name| !paused.contains_key(*name)) {
        // A digest that somebody else has paused at the same time is as it should be.
        digests::pause_digest(&visit.app().store, name, &visit.actor, visit.now).await?;
    }
    Ok(visit.done(LIST, "digests-paused"))
}

/// `POST /admin/resume`: resumes all paused digests of the user, with the editions paused with them.
pub(in crate::web::admin) async fn resume_every(visit: Visit) -> WebResult<Response> {
    let (names, paused) = names(&visit).await?;
    for name in names.iter().filter(|name| paused.contains_key(*name)) {
        digests::resume_digest(&visit.app().store, name, &visit.actor, visit.now).await?;
    }
    Ok(visit.done(LIST, "digests-resumed"))
}

/// Returns the names of the digests of the user, and all paused digests.
async fn names(visit: &Visit) -> WebResult<(Vec<String>, BTreeMap<String, Millis>)> {
    let (app, scope) = (visit.newest_app().await?, visit.actor.digests());
    let names = app.config.digests.iter().map(|digest| digest.name.clone());
    let names = names.filter(|name| scope.contains(name)).collect();
    Ok((names, app.store.digests().paused().await?))
}

/// `POST /admin/digests/NAME/pause`: pauses a digest with its editions.
pub(in crate::web::admin) async fn pause(
    visit: Visit,
    Path(name): Path<String>,
) -> WebResult<Response> {
    find(&visit, &visit.newest_app().await?, &name)?;
    let path = format!("{LIST}/{name}");
    let (store, actor, now) = (&visit.app().store, &visit.actor, visit.now);
    match digests::pause_digest(store, &name, actor, now).await? {
        Some(_) => Ok(visit.done(&path, "digest-paused")),
        None => Ok(visit.refused(&path, "digest-paused")),
    }
}

/// `POST /admin/digests/NAME/resume`: resumes a digest with the editions that were paused with it.
pub(in crate::web::admin) async fn resume(
    visit: Visit,
    Path(name): Path<String>,
) -> WebResult<Response> {
    find(&visit, &visit.newest_app().await?, &name)?;
    let path = format!("{LIST}/{name}");
    let (store, actor, now) = (&visit.app().store, &visit.actor, visit.now);
    match digests::resume_digest(store, &name, actor, now).await? {
        Some(_) => Ok(visit.done(&path, "digest-resumed")),
        None => Ok(visit.refused(&path, "digest-resumed")),
    }
}
