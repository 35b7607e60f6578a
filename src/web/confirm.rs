//! `/confirm/TOKEN`: GET shows what would be confirmed (mail scanners follow links), POST confirms it.

use axum::extract::{Path, State};
use axum::http::Method;
use axum::response::Response;

use super::error::{WebError, WebResult};
use super::visitor::Visitor;
use super::{Shared, Web};
use crate::subscribers;
use crate::templates::pages::ConfirmPage;

/// The question.
pub(super) async fn show(
    State(web): State<Shared>,
    visitor: Visitor,
    method: Method,
    Path(token): Path<String>,
) -> WebResult<Response> {
    let asked =
        subscribers::asked(&web.app.store, &web.app.instance.secret, &token, web.app.now()).await?;
    let (_, digests) = asked.ok_or_else(WebError::dead_link)?;
    web.show(&ConfirmPage {
        page: web.page(&visitor, &method),
        token,
        digests: titles(&web, &digests),
    })
}

/// The deed.
pub(super) async fn submit(
    State(web): State<Shared>,
    visitor: Visitor,
    Path(token): Path<String>,
) -> WebResult<Response> {
    let confirmed =
        subscribers::confirm(&web.app.store, &web.app.instance.secret, &token, web.app.now())
            .await?;
    let (_, digests) = confirmed.ok_or_else(WebError::dead_link)?;
    let between = if visitor.language.starts_with("zh") { "、" } else { ", " };
    let digests = titles(&web, &digests).join(between);
    let title = web.say(&visitor, "confirm-done-title", &[]);
    let sentence = web.say(&visitor, "confirm-done", &[("digests", &digests)]);
    web.tell(&visitor, title, vec![sentence])
}

fn titles(web: &Web, names: &[String]) -> Vec<String> {
    names.iter().map(|name| web.title_of(name)).collect()
}

impl Web {
    /// A digest's title; its name if it is no longer configured.
    pub(super) fn title_of(&self, name: &str) -> String {
        self.app
            .config
            .digests
            .iter()
            .find(|d| d.name == name)
            .map_or_else(|| name.to_owned(), |d| d.title.clone())
    }
}
