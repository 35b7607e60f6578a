//! `/admin/digests/NAME/preview`: the mail of the next edition, of sample articles, or of the last edition.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use url::form_urlencoded::Serializer;

use super::super::mail_frames::{frame_document, mail_view};
use super::super::nav::Section;
use super::super::visit::Visit;
use super::find;
use super::texts::{left_out_texts, size_text, size_warning};
use crate::app::App;
use crate::config::Digest;
use crate::digests::{self, Preview, PreviewContent, PreviewOptions};
use crate::domain::address::EmailAddress;
use crate::domain::language::best_match;
use crate::domain::permission::Permission;
use crate::store::StoreError;
use crate::templates::pages::{Crumb, LanguageLink, MailPreviewPage};
use crate::web::error::{WebError, WebResult};

/// Number of recipients above which it must be typed.
pub(super) const MAX_UNTYPED_RECIPIENTS: i64 = 1_000;
/// Catalog key of the message about a queued test, below `admin-done-`.
pub(super) const TESTED: &str = "digest-test";
/// Contents with their words in addresses and catalog keys.
const CONTENTS: [(&str, PreviewContent); 3] = [
    ("next", PreviewContent::Next),
    ("sample", PreviewContent::Sample),
    ("last", PreviewContent::Last),
];

/// Address for a test that was refused, and the error of the form.
pub(super) struct RefusedTest {
    /// Address as it was entered.
    pub(super) to: String,
    /// Error as one sentence.
    pub(super) error: String,
}

/// `GET /admin/digests/NAME/preview`: the mail in a frame, with the forms for a test and an edition.
pub(in crate::web::admin) async fn show(
    visit: Visit,
    Path(name): Path<String>,
) -> WebResult<Response> {
    render(&visit, &name, None).await
}

/// `GET /admin/digests/NAME/preview/mail`: the document in the frame.
pub(in crate::web::admin) async fn document(
    visit: Visit,
    Path(name): Path<String>,
) -> WebResult<Response> {
    let app = visit.newest_app().await?;
    let digest = find(&visit, &app, &name)?;
    let subscriber = chosen_subscriber(&visit, &app).await?.map_err(|_| WebError::not_found())?;
    let options = options(&visit, &app, digest, subscriber).await?;
    match preview(&visit, &app, digest, &options).await? {
        Ok(preview) => Ok(frame_document(&visit, &preview.mail.html)),
        Err(_) => Err(WebError::not_found()),
    }
}

/// Returns the content that the address of the page names: the next edition for a word that no page
/// offers. Without a choice it is a sample if no story waits, because the next edition would be empty.
async fn content(visit: &Visit, app: &App, digest: &Digest) -> WebResult<PreviewContent> {
    if let Some(word) = visit.param("content") {
        let found = CONTENTS.iter().find(|(known, _)| *known == word);
        return Ok(found.map_or(PreviewContent::Next, |(_, content)| *content));
    }
    let now = visit.now;
    Ok(match digests::count_unsent_stories(app.digest_context(), digest, now, now).await? {
        0 => PreviewContent::Sample,
        _ => PreviewContent::Next,
    })
}

/// Parameters that choose the mail.
const MAIL_PARAMETERS: [&str; 3] = ["content", "language", "as"];
/// Parameters that choose how the mail is shown.
const VIEW_PARAMETERS: [&str; 3] = ["part", "width", "mode"];

/// Returns the choices of the page as the query of an address; empty if there are none.
fn choices(visit: &Visit) -> String {
    query_of(visit, &[MAIL_PARAMETERS, VIEW_PARAMETERS].concat())
}

/// Returns the path of the page with its choices after a test to an address was queued.
pub(super) fn tested_path(visit: &Visit, name: &str, to: &EmailAddress) -> String {
    let choices = choices(visit);
    let separator = if choices.is_empty() { '?' } else { '&' };
    let to = Serializer::new(String::new()).append_pair("to", to.as_str()).finish();
    format!("/admin/digests/{name}/preview{choices}{separator}{to}")
}

/// Names the address of a test that was just queued, and offers it for another one.
fn add_tested(visit: &Visit, page: &mut MailPreviewPage) {
    let to = visit.param("to").filter(|_| visit.param("done") == Some(TESTED));
    // Anybody can write a link, so only an address is repeated.
    let Some(Ok(address)) = to.map(EmailAddress::parse) else { return };
    let values = [("address", address.as_str().into())];
    page.frame.done = Some(visit.text("admin-test-queued", &values));
    address.as_str().clone_into(&mut page.to);
}

/// Returns those of the parameters that the address of the page has as a query; empty if it has none.
fn query_of(visit: &Visit, names: &[&str]) -> String {
    let mut query = Serializer::new(String::new());
    for name in names {
        query.extend_pairs(visit.param(name).map(|value| (name, value)));
    }
    let query = query.finish();
    if query.is_empty() { query } else { format!("?{query}") }
}

/// Renders the page, with the error of a test if there is one.
pub(super) async fn render(
    visit: &Visit,
    name: &str,
    refused: Option<RefusedTest>,
) -> WebResult<Response> {
    let app = visit.newest_app().await?;
    let digest = find(visit, &app, name)?;
    let subscriber = chosen_subscriber(visit, &app).await?;
    let options = options(visit, &app, digest, subscriber.clone().ok().flatten()).await?;
    let mut page = empty_page(visit, &app, digest, &options).await?;
    page.as_error = subscriber.err();
    add_tested(visit, &mut page);
    match preview(visit, &app, digest, &options).await? {
        Ok(preview) => add_mail(visit, digest, &options, &preview, &mut page),
        Err(error) => page.error = Some(error),
    }
    if page.may_send {
        let date = visit.now;
        let waiting = digests::count_unsent_stories(app.digest_context(), digest, date, date);
        page.can_create = waiting.await? >= digest.min_articles;
        page.blocked = app.send_block_reason();
        page.recipients = digests::audience_size(app.digest_context(), digest).await?;
        page.must_type = page.recipients > MAX_UNTYPED_RECIPIENTS;
    }
    let status = match refused {
        Some(RefusedTest { to, error }) => {
            (page.to, page.to_error) = (to, Some(error));
            StatusCode::UNPROCESSABLE_ENTITY
        }
        None => StatusCode::OK,
    };
    visit.render_as(status, &page).await
}

/// Returns the page without a mail.
async fn empty_page(
    visit: &Visit,
    app: &App,
    digest: &Digest,
    options: &PreviewOptions,
) -> WebResult<MailPreviewPage> {
    let (name, title) = (&digest.name, digest.title_in(&visit.client.language));
    let url = visit.url(&format!("/admin/digests/{name}"));
    let own = Crumb { text: title.to_owned(), url };
    let crumbs = vec![visit.crumb(Section::Home), visit.crumb(Section::Digests), own];
    let mut frame = visit.frame(Section::Digests, crumbs);
    frame.command = Some(format!("courant digests preview {name}"));
    frame.call = Some(format!("POST /api/v1/digests/{name}/preview"));
    let has_edition = app.store.editions().last_of(name).await?.is_some();
    let contents =
        CONTENTS.iter().filter(|(_, content)| *content != PreviewContent::Last || has_edition);
    let content = |(word, content): &(&str, PreviewContent)| LanguageLink {
        code: (*word).to_owned(),
        name: visit.text(&format!("admin-preview-{word}"), &[]),
        url: String::new(),
        current: *content == options.content,
    };
    let chosen = options.language.as_deref();
    let language = |tag: &String| LanguageLink {
        code: tag.clone(),
        name: app.templates.language_name(tag),
        url: String::new(),
        current: chosen == Some(tag.as_str()),
    };
    let own = LanguageLink {
        code: String::new(),
        name: visit.text("admin-preview-language", &[]),
        url: String::new(),
        current: chosen.is_none(),
    };
    Ok(MailPreviewPage {
        frame,
        name: name.clone(),
        title: title.to_owned(),
        contents: contents.map(content).collect(),
        language_choices: std::iter::once(own)
            .chain(digest.languages.iter().map(language))
            .collect(),
        choices: choices(visit),
        may_read_subscribers: visit.may(Permission::ReadSubscribers),
        as_subscriber: visit.param("as").unwrap_or_default().to_owned(),
        may_send: visit.may(Permission::ControlEditions),
        ..MailPreviewPage::default()
    })
}

fn add_mail(
    visit: &Visit,
    digest: &Digest,
    options: &PreviewOptions,
    preview: &Preview,
    page: &mut MailPreviewPage,
) {
    let query = query_of(visit, &MAIL_PARAMETERS);
    let document = visit.url(&format!("/admin/digests/{}/preview/mail{query}", digest.name));
    page.mail = Some(mail_view(visit, &preview.mail, &preview.message, document));
    page.articles = preview.stories;
    page.is_fallback =
        options.content == PreviewContent::Sample && visit.param("content").is_none();
    page.size = size_text(visit, preview.size);
    page.warnings.extend(size_warning(visit, preview.size));
    if options.content == PreviewContent::Next && preview.stories < digest.min_articles {
        let needed = i64::try_from(digest.min_articles).unwrap_or(i64::MAX);
        page.warnings.push(visit.text("admin-digest-missing", &[("count", needed.into())]));
    }
    page.left_out = left_out_texts(visit, digest, &preview.left_out);
}

/// Returns what the page shows, by its address.
pub(super) async fn options(
    visit: &Visit,
    app: &App,
    digest: &Digest,
    subscriber: Option<String>,
) -> WebResult<PreviewOptions> {
    let known = |tag: &&str| digest.languages.iter().any(|language| language == tag);
    let language = visit.param("language").filter(known).map(str::to_owned);
    // Without a choice, a subscriber's own language applies.
    let of_user = || {
        let known = digest.languages.iter().map(String::as_str);
        let best = best_match(&visit.client.language, known).map(str::to_owned);
        best.or_else(|| digest.languages.first().cloned()).filter(|_| subscriber.is_none())
    };
    Ok(PreviewOptions {
        language: language.or_else(of_user),
        content: content(visit, app, digest).await?,
        as_subscriber: subscriber,
    })
}

/// Returns the address of the subscriber whose mail is shown, if the address of the page names one; else
/// why it cannot be shown.
pub(super) async fn chosen_subscriber(
    visit: &Visit,
    app: &App,
) -> WebResult<Result<Option<String>, String>> {
    let Some(text) = visit.param("as").filter(|_| visit.may(Permission::ReadSubscribers)) else {
        return Ok(Ok(None));
    };
    let Ok(address) = EmailAddress::parse(text) else {
        return Ok(Err(visit.text("admin-error-address", &[])));
    };
    let scope = visit.actor.digests();
    if let Some(person) = app.store.subscribers().find_by_address(&address.key()).await? {
        let subscriptions = app.store.subscriptions().list_of(&[person.id]).await?;
        let is_visible = |digest: &str| scope.contains(digest);
        if scope.names().is_none() || subscriptions.iter().any(|one| is_visible(&one.digest)) {
            return Ok(Ok(Some(person.address)));
        }
    }
    Ok(Err(visit.text("admin-error-unknown-address", &[])))
}

/// Renders the mail; the error is a sentence about its content or template.
async fn preview(
    visit: &Visit,
    app: &App,
    digest: &Digest,
    options: &PreviewOptions,
) -> WebResult<Result<Preview, String>> {
    match digests::preview(app.digest_context(), digest, options, visit.now).await {
        Ok(preview) => Ok(Ok(preview)),
        Err(error) if error.chain().any(|cause| cause.is::<StoreError>()) => Err(error.into()),
        Err(error) => Ok(Err(format!("{error:#}"))),
    }
}
