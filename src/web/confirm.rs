//! `/confirm/TOKEN`: GET shows the pending subscriptions without changing them, because mail
//! scanners follow links; POST confirms them.

use axum::extract::{Path, State};
use axum::http::Method;
use axum::response::Response;

use super::client::ClientInfo;
use super::error::{WebError, WebResult};
use super::state::{SharedState, WebState};
use crate::subscribers;
use crate::templates::pages::ConfirmPage;

/// `GET /confirm/{token}`: shows the pending subscriptions.
pub(super) async fn show(
    State(web): State<SharedState>,
    client: ClientInfo,
    method: Method,
    Path(token): Path<String>,
) -> WebResult<Response> {
    let pending = subscribers::pending_confirmation(
        &web.app.store,
        &web.app.store_identity.secret,
        &token,
        web.app.now(),
    )
    .await?;
    let (_, digests) = pending.ok_or_else(WebError::invalid_token)?;
    web.render(&ConfirmPage {
        page: web.page_context(&client, &method),
        token,
        digests: titles(&web, &client, &digests),
    })
    .await
}

/// `POST /confirm/{token}`: confirms the pending subscriptions.
pub(super) async fn submit(
    State(web): State<SharedState>,
    client: ClientInfo,
    Path(token): Path<String>,
) -> WebResult<Response> {
    let confirmed =
        subscribers::confirm(&web.app.store, &web.app.store_identity.secret, &token, web.app.now())
            .await?;
    let (_, digests) = confirmed.ok_or_else(WebError::invalid_token)?;
    let separator = if client.language.starts_with("zh") { "、" } else { ", " };
    let digests = titles(&web, &client, &digests).join(separator);
    let title = web.translate(&client, "confirm-done-title", &[]);
    let sentence = web.translate(&client, "confirm-done", &[("digests", &digests)]);
    web.message_page(&client, title, vec![sentence]).await
}

fn titles(web: &WebState, client: &ClientInfo, names: &[String]) -> Vec<String> {
    names.iter().map(|name| web.title_of(name, client)).collect()
}

impl WebState {
    /// Returns a digest's title in the client's language; its name if it is no longer configured.
    pub(super) fn title_of(&self, name: &str, client: &ClientInfo) -> String {
        let digest = self.app.config.digests.iter().find(|digest| digest.name == name);
        digest.map_or(name, |digest| digest.title_in(&client.language)).to_owned()
    }
}
