//! The people that a user may see and change: those of the user's digests.

use crate::domain::digest_scope::DigestScope;
use crate::store::subscribers::{Subscriber, Subscription};
use crate::web::admin::visit::Visit;
use crate::web::error::{WebError, WebResult};

/// A person as a user may see them.
#[derive(Debug, Clone)]
pub(super) struct VisibleSubscriber {
    /// Details of the person.
    pub(super) subscriber: Subscriber,
    /// Subscriptions to digests that the user may see.
    pub(super) subscriptions: Vec<Subscription>,
    /// `true` if the user may see all subscriptions, and so change the person.
    pub(super) is_whole: bool,
}

/// Returns `true` if a user may see all digests.
pub(super) fn sees_all_digests(visit: &Visit) -> bool {
    visit.actor.digests() == DigestScope::All
}

/// Rejects a user of some digests, for a page that can concern others.
pub(super) fn require_all_digests(visit: &Visit) -> WebResult<()> {
    if sees_all_digests(visit) { Ok(()) } else { Err(WebError::missing_permission()) }
}

/// Returns `true` if a user may see all subscriptions of a person.
pub(super) async fn is_whole(visit: &Visit, id: i64) -> WebResult<bool> {
    let subscriptions = visit.app().store.subscriptions().list_of(&[id]).await?;
    let digests = subscriptions.iter().map(|one| one.digest.as_str());
    Ok(visit.actor.digests().contains_all(digests))
}

/// Returns a person that the user may see.
pub(super) async fn find(visit: &Visit, id: i64) -> WebResult<VisibleSubscriber> {
    let store = &visit.app().store;
    let subscriber = store.subscribers().find(id).await?.ok_or_else(WebError::not_found)?;
    let mut subscriptions = store.subscriptions().list_of(&[id]).await?;
    let scope = visit.actor.digests();
    let is_whole = scope.contains_all(subscriptions.iter().map(|one| one.digest.as_str()));
    subscriptions.retain(|one| scope.contains(&one.digest));
    if subscriptions.is_empty() && !sees_all_digests(visit) {
        return Err(WebError::not_found());
    }
    Ok(VisibleSubscriber { subscriber, subscriptions, is_whole })
}

/// Returns a person all of whose subscriptions the user may change.
pub(super) async fn find_whole(visit: &Visit, id: i64) -> WebResult<VisibleSubscriber> {
    let person = find(visit, id).await?;
    if person.is_whole { Ok(person) } else { Err(WebError::missing_permission()) }
}
