//! `/demo/publish`: a form that puts an article into the sample college's news.

use axum::extract::State;
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::error::{WebError, WebResult};
use super::form::Form;
use super::mailbox::demo;
use super::visitor::Visitor;
use super::{Shared, Web};
use crate::app::App;
use crate::clock;
use crate::domain::article::Draft;
use crate::domain::time::Millis;
use crate::feeds::shelf;
use crate::sources::import;
use crate::templates::pages::{
    Action, LanguageLink, MessagePage, PublishPage, SectionChoice, Tone,
};

/// The longest title, in characters.
const LONGEST_TITLE: usize = 300;

/// The form; `?published=ID` tells that it worked.
pub(super) async fn show(
    State(web): State<Shared>,
    visitor: Visitor,
    method: Method,
) -> WebResult<Response> {
    match visitor.asked("published") {
        Some(id) => done(&web, &visitor, id).await,
        None => form(&web, &visitor, &method, &Form::default(), None),
    }
}

/// Publishes.
pub(super) async fn submit(
    State(web): State<Shared>,
    visitor: Visitor,
    method: Method,
    sent: Form,
) -> WebResult<Response> {
    if visitor.is_foreign {
        return Err(WebError::foreign());
    }
    let demo = demo(&web)?;
    let title: String = sent.one("title").chars().take(LONGEST_TITLE).collect();
    if title.is_empty() {
        let page = form(
            &web,
            &visitor,
            &method,
            &sent,
            Some(web.say(&visitor, "publish-error-title", &[])),
        )?;
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
    }
    let id: String = "yours-"
        .chars()
        .chain(
            clock::random_bytes::<6>()
                .iter()
                .flat_map(|b| format!("{b:02x}").into_bytes())
                .map(char::from),
        )
        .collect();
    let draft = Draft {
        url: Some(format!("{}/demo/articles/{id}", web.app.config.site.base_url)),
        // A draft's title may be HTML; what people enter is text.
        title: html_escape::encode_text(&title).into_owned(),
        body_html: paragraphs(sent.one("text")),
        sections: Some(sent.one("section").to_owned())
            .filter(|s| demo.sections.contains(s))
            .into_iter()
            .collect(),
        language: Some(chosen_language(&web, &visitor, &sent)),
        published_at: web.app.now(),
        source_id: id.clone(),
        ..Draft::default()
    };
    // Carried through even if the browser does not wait for the answer.
    tokio::spawn(publish(web.app.clone(), demo.source.clone(), draft, web.app.now()))
        .await
        .map_err(anyhow::Error::from)??;
    let address =
        format!("{}/demo/publish?published={id}{}", web.base, visitor.keep().replace('?', "&"));
    Ok((StatusCode::SEE_OTHER, [(header::LOCATION, address)]).into_response())
}

async fn publish(app: App, source: String, draft: Draft, now: Millis) -> anyhow::Result<()> {
    import::publish(&app.store, &app.config, &source, vec![draft], now).await?;
    shelf::refresh_due(&app.store, &app.config, &app.shelf, now).await?;
    Ok(())
}

async fn done(web: &Web, visitor: &Visitor, id: &str) -> WebResult<Response> {
    let article = web
        .app
        .store
        .find_article(&format!("{}/{id}", demo(web)?.source))
        .await?
        .ok_or_else(WebError::not_found)?;
    let base = &web.base;
    let action = |key: &str, url: String| Action { text: web.say(visitor, key, &[]), url };
    let feed = web
        .app
        .config
        .feeds
        .first()
        .map(|feed| action("publish-done-feeds", format!("{base}/feeds/{}.rss", feed.name)));
    let again = action("publish-done-again", format!("{base}/demo/publish{}", visitor.keep()));
    web.show(&MessagePage {
        page: web.page(visitor, &Method::GET),
        tone: Tone::Good,
        title: web.say(visitor, "publish-done-title", &[]),
        sentences: vec![web.say(visitor, "publish-done", &[("title", &article.title)])],
        actions: feed.into_iter().chain([again]).collect(),
    })
}

fn form(
    web: &Web,
    visitor: &Visitor,
    method: &Method,
    sent: &Form,
    error: Option<String>,
) -> WebResult<Response> {
    let language = chosen_language(web, visitor, sent);
    let sections = demo(web)?.sections.iter();
    let languages = web.app.templates.languages().into_iter();
    web.show(&PublishPage {
        page: web.page(visitor, method),
        error,
        title: sent.one("title").to_owned(),
        text: sent.one("text").to_owned(),
        sections: sections
            .map(|name| SectionChoice { name: name.clone(), checked: name == sent.one("section") })
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
}

/// The language that was chosen, if we know it; else the page's.
fn chosen_language(web: &Web, visitor: &Visitor, sent: &Form) -> String {
    let known = web.app.templates.languages();
    known
        .into_iter()
        .map(|(code, _)| code)
        .find(|code| code == sent.one("language"))
        .unwrap_or_else(|| visitor.language.clone())
}

/// Text as HTML: an empty line begins a new paragraph.
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
    fn an_empty_line_begins_a_paragraph_and_nothing_entered_is_markup() {
        assert_eq!(
            paragraphs("One\r\ntwo\r\n\r\n<b>three</b>\n"),
            "<p>One<br>two</p><p>&lt;b&gt;three&lt;/b&gt;</p>"
        );
        assert_eq!(paragraphs("  \n\n "), "");
    }
}
