//! `/demo/publish`: a form that publishes an article of the fictional college.

use axum::extract::State;
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::app::App;
use crate::clock;
use crate::domain::article::IncomingArticle;
use crate::domain::time::Millis;
use crate::feeds::cache;
use crate::sources::import;
use crate::templates::pages::{
    Action, LanguageLink, NoticeKind, NoticePage, PublishPage, SectionOption,
};
use crate::web::client::ClientInfo;
use crate::web::error::{WebError, WebResult};
use crate::web::form::Form;
use crate::web::state::{SharedState, WebState};

/// Maximum length of a title in characters.
const MAX_TITLE_CHARS: usize = 300;

/// `GET /demo/publish`: the form, or with `?published=ID` the success message.
pub(in crate::web) async fn show(
    State(web): State<SharedState>,
    client: ClientInfo,
    method: Method,
) -> WebResult<Response> {
    match client.query_param("published") {
        Some(id) => render_published(&web, &client, id).await,
        None => render_form(&web, &client, &method, &Form::default(), None).await,
    }
}

/// `POST /demo/publish`: publishes the article and updates the feeds.
pub(in crate::web) async fn submit(
    State(web): State<SharedState>,
    client: ClientInfo,
    method: Method,
    form: Form,
) -> WebResult<Response> {
    let demo = web.demo()?;
    let title: String = form.first("title").chars().take(MAX_TITLE_CHARS).collect();
    if title.is_empty() {
        let page = render_form(
            &web,
            &client,
            &method,
            &form,
            Some(web.translate(&client, "publish-error-title", &[])),
        )
        .await?;
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
    }
    let id = format!("yours-{}", hex::encode(clock::random_bytes::<6>()));
    let article = IncomingArticle {
        url: Some(format!("{}/demo/articles/{id}", web.app.config.site.base_url)),
        // An incoming article's title may contain HTML, but people enter plain text.
        title: html_escape::encode_text(&title).into_owned(),
        body_html: paragraphs(form.first("text")),
        sections: Some(form.first("section").to_owned())
            .filter(|s| demo.sections.contains(s))
            .into_iter()
            .collect(),
        language: Some(chosen_language(&web, &client, &form)),
        published_at: web.app.now(),
        source_id: id.clone(),
        ..IncomingArticle::default()
    };
    // A separate task, so that publishing completes even if the browser closes the connection.
    tokio::spawn(publish(web.app.clone(), demo.source.clone(), article, web.app.now()))
        .await
        .map_err(anyhow::Error::from)??;
    let address = format!(
        "{}/demo/publish?published={id}{}",
        web.base_path,
        client.lang_query().replace('?', "&")
    );
    Ok((StatusCode::SEE_OTHER, [(header::LOCATION, address)]).into_response())
}

async fn publish(
    app: App,
    source: String,
    article: IncomingArticle,
    now: Millis,
) -> anyhow::Result<()> {
    import::upsert_articles(&app.store, &app.config, &source, vec![article], now).await?;
    cache::refresh_due(&app.store, &app.config, &app.feed_cache, now).await?;
    Ok(())
}

async fn render_published(web: &WebState, client: &ClientInfo, id: &str) -> WebResult<Response> {
    let article = web
        .app
        .store
        .articles()
        .find(&format!("{}/{id}", web.demo()?.source))
        .await?
        .ok_or_else(WebError::not_found)?;
    let base = &web.base_path;
    let action = |key: &str, url: String| Action { text: web.translate(client, key, &[]), url };
    let feed = web.app.config.feeds.first().map(|feed| {
        action("publish-done-feeds", format!("{base}/feeds/{}{}", feed.path(), client.lang_query()))
    });
    let publish_again =
        action("publish-done-again", format!("{base}/demo/publish{}", client.lang_query()));
    web.render(&NoticePage {
        page: web.page_context(client, &Method::GET),
        kind: NoticeKind::Success,
        title: web.translate(client, "publish-done-title", &[]),
        sentences: vec![web.translate(client, "publish-done", &[("title", &article.title)])],
        actions: feed.into_iter().chain([publish_again]).collect(),
    })
    .await
}

async fn render_form(
    web: &WebState,
    client: &ClientInfo,
    method: &Method,
    form: &Form,
    error: Option<String>,
) -> WebResult<Response> {
    let language = chosen_language(web, client, form);
    let sections = web.demo()?.sections.iter();
    let languages = web.app.templates.languages().into_iter();
    web.render(&PublishPage {
        page: web.page_context(client, method),
        error,
        title: form.first("title").to_owned(),
        text: form.first("text").to_owned(),
        sections: sections
            .map(|name| SectionOption {
                name: name.clone(),
                title: web.app.config.section_title(name, &client.language).to_owned(),
                checked: name == form.first("section"),
            })
            .collect(),
        article_languages: languages
            .map(|(code, name)| LanguageLink {
                current: code == language,
                url: String::new(),
                code,
                name,
            })
            .collect(),
    })
    .await
}

/// Returns the submitted language if it is one of the offered ones, else the page's language.
fn chosen_language(web: &WebState, client: &ClientInfo, form: &Form) -> String {
    let languages = web.app.templates.languages();
    languages
        .into_iter()
        .map(|(code, _)| code)
        .find(|code| code == form.first("language"))
        .unwrap_or_else(|| client.language.clone())
}

/// Converts plain text to HTML; an empty line starts a new paragraph.
fn paragraphs(text: &str) -> String {
    let text = text.replace("\r\n", "\n");
    let paragraph =
        |lines: &str| format!("<p>{}</p>", html_escape::encode_text(lines).replace('\n', "<br>"));
    text.split("\n\n").map(str::trim).filter(|lines| !lines.is_empty()).map(paragraph).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_lines_start_paragraphs_and_markup_is_escaped() {
        assert_eq!(
            paragraphs("One\r\ntwo\r\n\r\n<b>three</b>\n"),
            "<p>One<br>two</p><p>&lt;b&gt;three&lt;/b&gt;</p>"
        );
        assert_eq!(paragraphs("  \n\n "), "");
    }
}
