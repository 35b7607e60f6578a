//! `/demo/articles/ID`: an article on the fictional college's website.

use axum::extract::{Path, State};
use axum::http::{Method, header};
use axum::response::{IntoResponse, Response};

use crate::templates::pages::{DemoArticlePage, DemoPicture, LanguageLink};
use crate::web::client::ClientInfo;
use crate::web::error::{WebError, WebResult};
use crate::web::page::ARTICLE_CSP;
use crate::web::state::SharedState;

/// `GET /demo/articles/{id}`: the article, with links to its translations.
pub(in crate::web) async fn show(
    State(web): State<SharedState>,
    client: ClientInfo,
    method: Method,
    Path(id): Path<String>,
) -> WebResult<Response> {
    let now = web.app.now();
    let found = web.app.store.articles().find(&format!("{}/{id}", web.demo()?.source)).await?;
    let article = found
        .filter(|a| a.removed_at.is_none() && a.published_at <= now)
        .ok_or_else(WebError::not_found)?;
    let members = web.app.store.stories().members(&[article.story], now).await?;
    let translations =
        members.into_iter().filter(|translation| translation.row_id != article.row_id);
    let page = web
        .render(&DemoArticlePage {
            page: web.page_context(&client, &method),
            section: article
                .sections
                .first()
                .map(|name| web.app.config.section_title(name, &client.language).to_owned()),
            date_text: web.date_text_of(article.published_at, &client.language),
            title: article.title,
            authors: article.authors,
            article_language: article.language,
            picture: article.image_url.map(|url| DemoPicture {
                url,
                alt: article.image_alt.unwrap_or_default(),
                width: article.image_width.unwrap_or_default(),
                height: article.image_height.unwrap_or_default(),
            }),
            body_html: article.body_html,
            translations: translations
                .map(|translation| LanguageLink {
                    name: web.app.templates.text(&translation.language, "language-name", &[]),
                    url: translation.url.unwrap_or_default(),
                    code: translation.language,
                    current: false,
                })
                .collect(),
        })
        .await?;
    Ok(([(header::CONTENT_SECURITY_POLICY, ARTICLE_CSP)], page).into_response())
}
