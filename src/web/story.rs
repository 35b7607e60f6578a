//! `/demo/articles/ID`: an article where the sample college would have it.

use axum::extract::{Path, State};
use axum::http::{Method, header};
use axum::response::{IntoResponse, Response};

use super::Shared;
use super::error::{WebError, WebResult};
use super::mailbox::demo;
use super::page::STORY_POLICY;
use super::visitor::Visitor;
use crate::templates::pages::{LanguageLink, StoryPage};

/// The article, with links to its twins.
pub(super) async fn show(
    State(web): State<Shared>,
    visitor: Visitor,
    method: Method,
    Path(id): Path<String>,
) -> WebResult<Response> {
    let now = web.app.now();
    let found = web.app.store.find_article(&format!("{}/{id}", demo(&web)?.source)).await?;
    let article = found
        .filter(|a| a.removed_at.is_none() && a.published_at <= now)
        .ok_or_else(WebError::not_found)?;
    let members = web.app.store.members_of(&[article.group], now).await?;
    let twins = members.into_iter().filter(|twin| twin.row != article.row);
    let page = web.show(&StoryPage {
        page: web.page(&visitor, &method),
        section: article.sections.first().cloned(),
        date_text: web.day(article.published_at, &visitor.language),
        title: article.title,
        authors: article.authors,
        article_language: article.language,
        body_html: article.body_html,
        twins: twins
            .map(|twin| LanguageLink {
                name: web.app.templates.text(&twin.language, "language-name", &[]),
                url: twin.url.unwrap_or_default(),
                code: twin.language,
                current: false,
            })
            .collect(),
    })?;
    Ok(([(header::CONTENT_SECURITY_POLICY, STORY_POLICY)], page).into_response())
}
