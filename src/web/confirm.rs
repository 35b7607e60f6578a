//! `/confirm/TOKEN`: GET shows the pending subscriptions without changing them, because mail
//! scanners follow links; POST confirms them.

use axum::extract::State;
use axum::http::Method;
use axum::response::Response;

use super::client::ClientInfo;
use super::error::{WebError, WebResult};
use super::path_token::PathToken;
use super::state::{SharedState, WebState};
use crate::config::Digest;
use crate::mail::digest_texts::{ChoicesInput, subscription_choices};
use crate::subscribers::{self, ConfirmationLink};
use crate::templates::SubscriptionChoices;
use crate::templates::pages::{ConfirmPage, ConfirmState};

/// `GET /confirm/{token}`: shows the subscriptions, and asks to confirm those that are pending.
pub(super) async fn show(
    State(web): State<SharedState>,
    client: ClientInfo,
    method: Method,
    PathToken(token): PathToken,
) -> WebResult<Response> {
    let link = find_confirmation_link(&web, &token).await?;
    let state = if link.is_confirmed { ConfirmState::AlreadyConfirmed } else { ConfirmState::Ask };
    render_page(&web, &client, &method, token, &link, state).await
}

/// `POST /confirm/{token}`: confirms the pending subscriptions.
pub(super) async fn submit(
    State(web): State<SharedState>,
    client: ClientInfo,
    method: Method,
    PathToken(token): PathToken,
) -> WebResult<Response> {
    let link = find_confirmation_link(&web, &token).await?;
    let (store, secret) = (&web.app.store, &web.app.store_identity.secret);
    let confirmed = subscribers::confirm(store, secret, &token, web.app.now()).await?;
    let (_, digests) = confirmed.ok_or_else(WebError::invalid_token)?;
    let state = match link.is_confirmed {
        true => ConfirmState::AlreadyConfirmed,
        false => ConfirmState::Confirmed,
    };
    let confirmed = ConfirmationLink { digests, ..link };
    render_page(&web, &client, &method, token, &confirmed, state).await
}

async fn find_confirmation_link(web: &WebState, token: &str) -> WebResult<ConfirmationLink> {
    let (store, secret) = (&web.app.store, &web.app.store_identity.secret);
    let link = subscribers::resolve_confirmation_link(store, secret, token, web.app.now()).await?;
    link.ok_or_else(WebError::invalid_token)
}

async fn render_page(
    web: &WebState,
    client: &ClientInfo,
    method: &Method,
    token: String,
    link: &ConfirmationLink,
    state: ConfirmState,
) -> WebResult<Response> {
    let choices = choices(web, client, link).await?;
    web.render(&ConfirmPage { page: web.page_context(client, method), token, choices, state }).await
}

async fn choices(
    web: &WebState,
    client: &ClientInfo,
    link: &ConfirmationLink,
) -> WebResult<SubscriptionChoices> {
    let config = &web.app.config;
    let is_named = |digest: &&Digest| link.digests.contains(&digest.name);
    let digests: Vec<&Digest> = config.digests.iter().filter(is_named).collect();
    let paused = web.paused_digests.get(&web.app).await;
    let chosen = ChoicesInput {
        sections: &link.sections,
        shows_all_sections: !web.sections.sections(&web.app.store).await?.is_empty(),
        reader_language: link.subscriber.language.as_deref().unwrap_or_default(),
        page_language: &client.language,
        paused: &paused,
    };
    Ok(subscription_choices(&web.app.templates, config, &digests, &chosen, web.app.now()))
}

impl WebState {
    /// Returns a digest's title in the client's language; its name if it is no longer configured.
    pub(super) fn title_of(&self, name: &str, client: &ClientInfo) -> String {
        let digest = self.app.config.digests.iter().find(|digest| digest.name == name);
        digest.map_or(name, |digest| digest.title_in(&client.language)).to_owned()
    }
}
