//! `/unsubscribe/TOKEN`: GET asks, POST leaves; mail programs post `List-Unsubscribe=One-Click` (RFC 8058) from anywhere.

use axum::extract::{Path, State};
use axum::http::Method;
use axum::response::{IntoResponse, Response};

use super::error::{WebError, WebResult};
use super::form::Form;
use super::visitor::Visitor;
use super::{Shared, Web};
use crate::domain::subscription::Status;
use crate::domain::token::{self, Power};
use crate::store::subscribers::Subscription;
use crate::subscribers;
use crate::templates::pages::{UnsubscribePage, UnsubscribeState};

/// The question; where it was left already, that.
pub(super) async fn show(
    State(web): State<Shared>,
    visitor: Visitor,
    method: Method,
    Path(token): Path<String>,
) -> WebResult<Response> {
    let held = held_by(&web, &token).await?;
    if held.status != Status::Left {
        return page(&web, &visitor, &method, &held, token, UnsubscribeState::Ask).await;
    }
    if takes_back(&web, &token, &held) {
        return page(&web, &visitor, &method, &held, token, UnsubscribeState::LeftJustNow).await;
    }
    let title = web.title_of(&held.digest);
    let title = web.say(&visitor, "unsubscribe-left-title", &[("digest", &title)]);
    web.tell(&visitor, title, vec![web.say(&visitor, "unsubscribe-left", &[])])
}

/// The deed: leaves this digest unless the form asks for all, or to take it back.
pub(super) async fn submit(
    State(web): State<Shared>,
    visitor: Visitor,
    method: Method,
    Path(token): Path<String>,
    form: Form,
) -> WebResult<Response> {
    let (store, secret, now) = (&web.app.store, &web.app.instance.secret, web.app.now());
    let held = held_by(&web, &token).await?;
    let is_one_click = form.one("List-Unsubscribe").eq_ignore_ascii_case("One-Click");
    if form.one("action") == "undo" && !is_one_click {
        if !subscribers::undo(store, secret, &token, now).await? {
            return Err(WebError::dead_link());
        }
        return page(&web, &visitor, &method, &held, token, UnsubscribeState::Undone).await;
    }
    let all = form.one("action") == "all" && !is_one_click;
    // The page that offers the undo holds the token for that; who holds it came from this subscription's own link.
    let own = token::sign(secret, Power::Unsubscribe { subscription: held.id });
    let leaving =
        subscribers::leave(store, secret, &own, all, now).await?.ok_or_else(WebError::dead_link)?;
    if is_one_click {
        return Ok(format!("You have left {}.\n", web.title_of(&held.digest)).into_response());
    }
    let (token, state) = match leaving.undo {
        _ if all => (own, UnsubscribeState::LeftAll),
        Some(undo) => (undo, UnsubscribeState::LeftJustNow),
        None => (own, UnsubscribeState::Left),
    };
    page(&web, &visitor, &method, &held, token, state).await
}

async fn held_by(web: &Web, token: &str) -> WebResult<Subscription> {
    subscribers::held_by(&web.app.store, &web.app.instance.secret, token)
        .await?
        .ok_or_else(WebError::dead_link)
}

/// Whether the token can still take back the leaving that the subscription is in.
fn takes_back(web: &Web, token: &str, held: &Subscription) -> bool {
    let Some(Power::Undo { left_at, .. }) = token::read(&web.app.instance.secret, token) else {
        return false;
    };
    held.since.0 == left_at && web.app.now().0 - left_at <= subscribers::UNDO
}

async fn page(
    web: &Web,
    visitor: &Visitor,
    method: &Method,
    held: &Subscription,
    token: String,
    state: UnsubscribeState,
) -> WebResult<Response> {
    let subscriptions = web.app.store.subscriptions_of(&[held.subscriber_id]).await?;
    let others = subscriptions.iter().any(|s| s.id != held.id && s.status != Status::Left);
    web.show(&UnsubscribePage {
        page: web.page(visitor, method),
        token,
        digest_title: web.title_of(&held.digest),
        state,
        others,
    })
}
