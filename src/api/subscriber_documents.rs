//! Subscribers as an actor may see them: those of its digests, without subscriptions to others.

use std::collections::HashMap;

use super::caller::Caller;
use crate::domain::address::EmailAddress;
use crate::http::Problem;
use crate::store::subscribers::{Subscriber, Subscription};
use crate::wire;

/// Returns a subscriber that the actor may see.
pub(super) async fn find(caller: &Caller, id: i64) -> Result<Subscriber, Problem> {
    let missing = || Problem::not_found(format!("there is no subscriber {id}"));
    let subscriber = caller.app.store.subscribers().find(id).await?.ok_or_else(missing)?;
    if is_visible(caller, id).await? { Ok(subscriber) } else { Err(missing()) }
}

/// Returns the subscriber with an address, whether or not the actor may see it.
pub(super) async fn find_by_email(
    caller: &Caller,
    email: &str,
) -> Result<Option<Subscriber>, Problem> {
    let address = EmailAddress::parse(email).map_err(|e| Problem::invalid_field("/email", e))?;
    Ok(caller.app.store.subscribers().find_by_address(&address.key()).await?)
}

/// Returns `true` if the actor may see a subscriber: one with a subscription to a digest of the actor.
pub(super) async fn is_visible(caller: &Caller, id: i64) -> Result<bool, Problem> {
    let scope = caller.actor.digests();
    if scope.names().is_none() {
        return Ok(true);
    }
    let subscriptions = caller.app.store.subscriptions().list_of(&[id]).await?;
    Ok(subscriptions.iter().any(|subscription| scope.contains(&subscription.digest)))
}

/// Returns the subscriptions of a subscriber that the actor may see.
pub(super) async fn subscriptions(caller: &Caller, id: i64) -> Result<Vec<Subscription>, Problem> {
    let mut subscriptions = caller.app.store.subscriptions().list_of(&[id]).await?;
    let scope = caller.actor.digests();
    subscriptions.retain(|subscription| scope.contains(&subscription.digest));
    Ok(subscriptions)
}

/// Returns the document of a subscriber.
pub(super) async fn document(
    caller: &Caller,
    subscriber: &Subscriber,
) -> Result<wire::subscribers::Subscriber, Problem> {
    let mut documents = documents(caller, std::slice::from_ref(subscriber)).await?;
    documents.pop().ok_or_else(|| Problem::not_found("there is no such subscriber"))
}

/// Returns the documents of subscribers, in their order.
pub(super) async fn documents(
    caller: &Caller,
    subscribers: &[Subscriber],
) -> Result<Vec<wire::subscribers::Subscriber>, Problem> {
    let (store, scope) = (&caller.app.store, caller.actor.digests());
    let ids: Vec<i64> = subscribers.iter().map(|subscriber| subscriber.id).collect();
    let mut of_subscriber: HashMap<i64, Vec<Subscription>> = HashMap::new();
    for subscription in store.subscriptions().list_of(&ids).await? {
        if scope.contains(&subscription.digest) {
            of_subscriber.entry(subscription.subscriber_id).or_default().push(subscription);
        }
    }
    let suppressions = store.suppressions().of_people(subscribers).await?;
    let document = |subscriber: &Subscriber| {
        let subscriptions = of_subscriber.get(&subscriber.id).map_or(&[][..], Vec::as_slice);
        let suppression = suppressions.get(&subscriber.address_hash);
        wire::subscribers::Subscriber::new(subscriber, subscriptions, suppression)
    };
    Ok(subscribers.iter().map(document).collect())
}

/// Rejects a change of a person who has subscriptions to digests that the actor may not change.
pub(super) async fn check_whole_person(caller: &Caller, id: i64) -> Result<(), Problem> {
    let subscriptions = caller.app.store.subscriptions().list_of(&[id]).await?;
    let digests = subscriptions.iter().map(|subscription| subscription.digest.as_str());
    if caller.actor.digests().contains_all(digests) {
        return Ok(());
    }
    Err(Problem::forbidden(
        "the subscriber has subscriptions to digests that this token may not change; change the subscription instead",
    ))
}
