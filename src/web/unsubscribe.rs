//! `/unsubscribe/TOKEN`: GET shows a form, POST unsubscribes. Mail clients post
//! `List-Unsubscribe=One-Click` (RFC 8058), also cross-origin.

use axum::extract::State;
use axum::http::Method;
use axum::response::{IntoResponse, Response};

use super::client::ClientInfo;
use super::error::{WebError, WebResult};
use super::form::Form;
use super::path_token::PathToken;
use super::state::{SharedState, WebState};
use crate::domain::link_token::{self, LinkScope};
use crate::domain::subscription::SubscriptionStatus;
use crate::domain::time::Millis;
use crate::store::subscribers::Subscription;
use crate::subscribers;
use crate::templates::pages::{UnsubscribePage, UnsubscribeState};

/// `GET /unsubscribe/{token}`: asks for confirmation, or reports that the subscription already
/// ended.
pub(super) async fn show(
    State(web): State<SharedState>,
    client: ClientInfo,
    method: Method,
    PathToken(token): PathToken,
) -> WebResult<Response> {
    if is_of_test(&web, &token) {
        return test_page(&web, &client).await;
    }
    let subscription = find_subscription(&web, &token).await?;
    if subscription.status != SubscriptionStatus::Unsubscribed {
        return render_page(&web, &client, &method, &subscription, token, UnsubscribeState::Ask)
            .await;
    }
    if can_undo(&web, &token, &subscription) {
        return render_page(
            &web,
            &client,
            &method,
            &subscription,
            token,
            UnsubscribeState::Unsubscribed,
        )
        .await;
    }
    let title = web.title_of(&subscription.digest, &client);
    let title = web.translate(&client, "unsubscribe-done-title", &[("digest", &title)]);
    web.notice_page(&client, title, vec![web.translate(&client, "unsubscribe-done", &[])]).await
}

/// `POST /unsubscribe/{token}`: unsubscribes from this digest, or depending on `action` from all
/// digests, or undoes it.
pub(super) async fn submit(
    State(web): State<SharedState>,
    client: ClientInfo,
    method: Method,
    PathToken(token): PathToken,
    form: Form,
) -> WebResult<Response> {
    let (store, secret, now) = (&web.app.store, &web.app.store_identity.secret, web.app.now());
    let is_one_click = form.first("List-Unsubscribe").eq_ignore_ascii_case("One-Click");
    if is_of_test(&web, &token) {
        if is_one_click {
            return Ok("The link of the test e-mail works; nothing changed.\n".into_response());
        }
        return test_page(&web, &client).await;
    }
    let subscription = find_subscription(&web, &token).await?;
    if form.first("action") == "undo" && !is_one_click {
        if !subscribers::undo_unsubscribe(store, secret, &token, now).await? {
            return Err(WebError::invalid_token());
        }
        return render_page(&web, &client, &method, &subscription, token, UnsubscribeState::Undone)
            .await;
    }
    let from_all = form.first("action") == "all" && !is_one_click;
    // The token may be that of the undo page, which is reached only through this subscription's own
    // link, so it may be replaced by that link's token.
    let own_token = match link_token::verify(secret, &token) {
        Some(LinkScope::Unsubscribe { .. }) => token,
        _ => link_token::sign(
            secret,
            LinkScope::Unsubscribe { subscription: subscription.id, edition: None },
        ),
    };
    let outcome = subscribers::unsubscribe(store, secret, &own_token, from_all, now)
        .await?
        .ok_or_else(WebError::invalid_token)?;
    if is_one_click {
        return Ok(format!(
            "You have unsubscribed from {}.\n",
            web.title_of(&subscription.digest, &client)
        )
        .into_response());
    }
    let (token, state) = match outcome.undo {
        _ if from_all => (own_token, UnsubscribeState::UnsubscribedAll),
        Some(undo) => (undo, UnsubscribeState::Unsubscribed),
        None => (own_token, UnsubscribeState::AlreadyUnsubscribed),
    };
    render_page(&web, &client, &method, &subscription, token, state).await
}

/// Returns `true` if the token is that of a test e-mail, which changes nothing.
fn is_of_test(web: &WebState, token: &str) -> bool {
    let scope = link_token::verify(&web.app.store_identity.secret, token);
    matches!(scope, Some(LinkScope::Test { .. }))
}

async fn test_page(web: &WebState, client: &ClientInfo) -> WebResult<Response> {
    let title = web.translate(client, "unsubscribe-test-title", &[]);
    web.notice_page(client, title, vec![web.translate(client, "unsubscribe-test", &[])]).await
}

async fn find_subscription(web: &WebState, token: &str) -> WebResult<Subscription> {
    subscribers::subscription_for_token(&web.app.store, &web.app.store_identity.secret, token)
        .await?
        .ok_or_else(WebError::invalid_token)
}

/// Returns `true` if the token can still undo the most recent unsubscription.
fn can_undo(web: &WebState, token: &str, subscription: &Subscription) -> bool {
    let Some(LinkScope::Undo { unsubscribed_at, .. }) =
        link_token::verify(&web.app.store_identity.secret, token)
    else {
        return false;
    };
    subscription.status_changed_at.0 == unsubscribed_at
        && web.app.now().since(Millis(unsubscribed_at)) <= subscribers::UNDO_WINDOW
}

async fn render_page(
    web: &WebState,
    client: &ClientInfo,
    method: &Method,
    subscription: &Subscription,
    token: String,
    state: UnsubscribeState,
) -> WebResult<Response> {
    let subscriptions =
        web.app.store.subscriptions().list_of(&[subscription.subscriber_id]).await?;
    let has_other_digests = subscriptions
        .iter()
        .any(|s| s.id != subscription.id && s.status != SubscriptionStatus::Unsubscribed);
    web.render(&UnsubscribePage {
        page: web.page_context(client, method),
        token,
        digest_title: web.title_of(&subscription.digest, client),
        state,
        has_other_digests,
    })
    .await
}
