//! `/api/v1/subscribers/{id}/subscriptions`: the link of a person to each digest.

use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::caller::Caller;
use super::input::{JsonBody, PathParams, QueryParams};
use super::operations::Operations;
use super::output::{ApiResult, check_if_match, json, resource};
use super::paging::{ItemPage, ListQuery, NoFilter, PageParams};
use super::subscriber_documents::{find, subscriptions};
use crate::config::Digest;
use crate::domain::address::EmailAddress;
use crate::domain::permission::Permission;
use crate::domain::subscription::{RequestOrigin, SubscriptionStatus};
use crate::http::Problem;
use crate::subscribers::{self, KnownTerms, NewSubscriber};
use crate::wire::subscribers::Subscription;

/// Adds the operations of this file.
pub(super) fn add_operations(operations: Operations) -> Operations {
    operations
        .add(Permission::ReadSubscribers, routes!(list_subscriptions))
        .add(Permission::ReadSubscribers, routes!(show_subscription))
        .add(Permission::WriteSubscribers, routes!(put_subscription))
        .add(Permission::WriteSubscribers, routes!(resend_confirmation))
        .add(Permission::WriteSubscribers, routes!(end_subscription))
}

/// Lists the subscriptions of a subscriber, of every status.
#[utoipa::path(
    get, path = "/api/v1/subscribers/{id}/subscriptions", tag = "subscribers",
    params(("id" = i64, Path, description = "Id of the subscriber"), PageParams),
    responses((status = 200, description = "Page of the subscriptions", body = ItemPage<Subscription>))
)]
async fn list_subscriptions(
    caller: Caller,
    PathParams(id): PathParams<i64>,
    list: ListQuery<NoFilter>,
) -> ApiResult {
    let subscriber = find(&caller, id).await?;
    let all = subscriptions(&caller, subscriber.id).await?;
    list.respond_from(all.iter(), Subscription::from)
}

/// Shows the subscription of a subscriber to a digest.
#[utoipa::path(
    get, path = "/api/v1/subscribers/{id}/subscriptions/{digest}", tag = "subscribers",
    params(
        ("id" = i64, Path, description = "Id of the subscriber"),
        ("digest" = String, Path, description = "Name of the digest"),
    ),
    responses((status = 200, description = "The subscription", body = Subscription))
)]
async fn show_subscription(
    caller: Caller,
    headers: HeaderMap,
    PathParams((id, digest)): PathParams<(i64, String)>,
) -> ApiResult {
    resource(&headers, &find_subscription(&caller, id, &digest).await?)
}

/// Status that a request gives a new subscription.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum RequestedStatus {
    /// The owner of the address is asked to confirm.
    #[default]
    Pending,
    /// The owner has consented.
    Confirmed,
}

/// Subscription to begin, or to change.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SubscriptionRequest {
    /// Chosen sections; empty for all, and absent to leave them as they are.
    sections: Option<Vec<String>>,
    /// `pending` asks the owner of the address; `confirmed` needs `consent`.
    #[serde(default)]
    status: RequestedStatus,
    /// Record of how and when the person consented.
    consent: Option<String>,
}

/// Begins a subscription, or changes its sections.
///
/// A subscription that its owner ended stays ended: only the owner can begin it again.
#[utoipa::path(
    put, path = "/api/v1/subscribers/{id}/subscriptions/{digest}", tag = "subscribers",
    request_body = SubscriptionRequest,
    params(
        ("id" = i64, Path, description = "Id of the subscriber"),
        ("digest" = String, Path, description = "Name of the digest"),
    ),
    responses(
        (status = 200, description = "The subscription", body = Subscription),
        (status = 409, description = "The address is suppressed, or its owner ended the subscription."),
        (status = 412, description = "`If-Match` names another version."),
    )
)]
async fn put_subscription(
    caller: Caller,
    headers: HeaderMap,
    PathParams((id, digest)): PathParams<(i64, String)>,
    JsonBody(new): JsonBody<SubscriptionRequest>,
) -> ApiResult {
    let subscriber = find(&caller, id).await?;
    let digests = caller.app.config.digests.iter().filter(|one| one.name == digest);
    let digests: Vec<&Digest> =
        digests.filter(|one| caller.actor.digests().contains(&one.name)).collect();
    if digests.is_empty() {
        return Err(Problem::not_found(format!("there is no digest {digest:?}")));
    }
    if headers.contains_key(axum::http::header::IF_MATCH) {
        check_if_match(&headers, &find_subscription(&caller, id, &digest).await?)?;
    }
    let person = NewSubscriber {
        email: subscriber.address.clone(),
        resets_sections: new.sections.is_some(),
        sections: new.sections.unwrap_or_default(),
        ..NewSubscriber::default()
    };
    let ended = request(&caller, &person, &digests, new.status, new.consent).await?;
    if ended {
        return Err(Problem::conflict(
            "the owner of the address ended this subscription; only they can begin it again, on the subscription page",
        ));
    }
    json(StatusCode::OK, &find_subscription(&caller, id, &digest).await?)
}

/// Sends the confirmation e-mail of a pending subscription again.
#[utoipa::path(
    post, path = "/api/v1/subscribers/{id}/subscriptions/{digest}/confirmation", tag = "subscribers",
    params(
        ("id" = i64, Path, description = "Id of the subscriber"),
        ("digest" = String, Path, description = "Name of the digest"),
    ),
    responses(
        (status = 202, description = "The e-mail is queued", body = Subscription),
        (status = 409, description = "The subscription is not pending, the address is suppressed, or an e-mail was sent in the last 15 minutes."),
    )
)]
async fn resend_confirmation(
    caller: Caller,
    PathParams((id, digest)): PathParams<(i64, String)>,
) -> ApiResult {
    let subscriber = find(&caller, id).await?;
    let all = subscriptions(&caller, id).await?;
    let pending = all.iter().find(|subscription| subscription.digest == digest);
    let pending = pending.ok_or_else(|| unknown_subscription(id, &digest))?;
    if pending.status != SubscriptionStatus::Pending {
        let status = pending.status.as_str();
        return Err(Problem::conflict(format!("the subscription is {status}, not pending")));
    }
    let Caller { app, actor, now } = &caller;
    let configured = app.config.digests.iter().find(|one| one.name == digest);
    let configured = configured.ok_or_else(|| unknown_subscription(id, &digest))?;
    let (secret, target) = (&app.store_identity.secret, (&subscriber, pending));
    if !subscribers::remind(&app.store, secret, target, configured, actor, *now).await? {
        let reason = "a confirmation e-mail was sent in the last 15 minutes; wait before the next";
        return Err(Problem::conflict(reason));
    }
    json(StatusCode::ACCEPTED, &find_subscription(&caller, id, &digest).await?)
}

/// Reason for ending a subscription.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct EndReason {
    /// Reason, which is stored with the subscription
    reason: Option<String>,
}

/// Ends a subscription; an admin can begin it again with consent.
#[utoipa::path(
    delete, path = "/api/v1/subscribers/{id}/subscriptions/{digest}", tag = "subscribers",
    params(
        ("id" = i64, Path, description = "Id of the subscriber"),
        ("digest" = String, Path, description = "Name of the digest"),
        EndReason,
    ),
    responses(
        (status = 204, description = "The subscription has ended"),
        (status = 412, description = "`If-Match` names another version."),
    )
)]
async fn end_subscription(
    caller: Caller,
    headers: HeaderMap,
    PathParams((id, digest)): PathParams<(i64, String)>,
    QueryParams(query): QueryParams<EndReason>,
) -> ApiResult {
    let subscriber = find(&caller, id).await?;
    check_if_match(&headers, &find_subscription(&caller, id, &digest).await?)?;
    let reason = query.reason.filter(|reason| !reason.trim().is_empty());
    let reason = reason.unwrap_or_else(|| "no reason given".to_owned());
    let address = EmailAddress::parse(&subscriber.address).map_err(Problem::conflict)?;
    let Caller { app, actor, now } = &caller;
    let digest = Some(digest.as_str());
    subscribers::unsubscribe_by_admin(&app.store, &address, digest, &reason, actor, *now).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn find_subscription(
    caller: &Caller,
    id: i64,
    digest: &str,
) -> Result<Subscription, Problem> {
    let subscriber = find(caller, id).await?;
    let all = subscriptions(caller, subscriber.id).await?;
    let found = all.iter().find(|subscription| subscription.digest == digest);
    found.map(Subscription::from).ok_or_else(|| unknown_subscription(id, digest))
}

fn unknown_subscription(id: i64, digest: &str) -> Problem {
    Problem::not_found(format!("subscriber {id} has no subscription to {digest:?}"))
}

/// Returns the digests of these names, which the actor must be allowed to change.
pub(super) fn find_digests<'a>(
    caller: &'a Caller,
    names: &[String],
    pointer: &str,
) -> Result<Vec<&'a Digest>, Problem> {
    if names.is_empty() {
        return Err(Problem::invalid_field(pointer, "name at least one digest"));
    }
    let scope = caller.actor.digests();
    if let Some(name) = names.iter().find(|name| !scope.contains(name)) {
        return Err(Problem::forbidden(format!("this token may not change the digest {name:?}")));
    }
    subscribers::find_digests(&caller.app.config, names)
        .map_err(|reason| Problem::invalid_field(pointer, reason))
}

/// Requests subscriptions for a person. Returns `true` if the owner had ended one of them, so that it
/// stays ended.
pub(super) async fn request(
    caller: &Caller,
    person: &NewSubscriber,
    digests: &[&Digest],
    status: RequestedStatus,
    consent: Option<String>,
) -> Result<bool, Problem> {
    let Caller { app, actor, now } = caller;
    let consent = consent.filter(|text| !text.trim().is_empty());
    let origin = match (status, &consent) {
        (RequestedStatus::Pending, _) => RequestOrigin::Admin,
        (RequestedStatus::Confirmed, Some(_)) => RequestOrigin::AdminWithConsent,
        (RequestedStatus::Confirmed, None) => {
            let reason =
                "a confirmed subscription needs a record of how and when the person consented";
            return Err(Problem::invalid_field("/consent", reason));
        }
    };
    let consent = consent.unwrap_or_else(|| format!("added over the API, {}", now.rfc3339()));
    let known = KnownTerms::read(&app.store, digests).await?;
    let valid = subscribers::validate(person, digests, &consent, &app.store_identity.secret)
        .map_err(|reason| Problem::invalid_field("", reason))?;
    known.check(&valid).map_err(|reason| Problem::invalid_field("/sections", reason))?;
    let results =
        subscribers::apply_requests(&app.store, vec![valid], digests, origin, actor, *now).await?;
    let result = results.first().copied().unwrap_or_default();
    if result.suppressed {
        return Err(Problem::conflict(format!(
            "{} is suppressed; remove the suppression first",
            person.email
        )));
    }
    Ok(result.previously_unsubscribed > 0)
}
