//! `/subscribe`: GET shows a form, POST requests a subscription. The response never reveals whether
//! an address is already known.

use axum::extract::State;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};

use super::client::ClientInfo;
use super::error::{WebError, WebResult};
use super::form::Form;
use super::state::{SharedState, WebState};
use crate::config::Config;
use crate::domain::address::EmailAddress;
use crate::domain::language;
use crate::domain::time::Millis;
use crate::mail::digest_texts::irregular_date_text;
use crate::subscribers::{self, NewSubscriber};
use crate::templates::pages::{DigestOption, LanguageLink, SectionOption, SubscribePage};

/// Maximum number of sections that the form lists and a request may choose.
const MAX_SECTIONS: usize = 60;
/// Maximum length of a section name in bytes.
const MAX_SECTION_BYTES: usize = 200;

/// Submitted values of the form.
#[derive(Debug, Default)]
struct SubscribeForm {
    address: String,
    name: String,
    language: String,
    digests: Vec<String>,
    sections: Vec<String>,
}

impl SubscribeForm {
    /// Reads the fields of a form; `email` is another name of `address`.
    fn from_form(form: &Form) -> Self {
        Self {
            address: Some(form.first("address"))
                .filter(|a| !a.is_empty())
                .unwrap_or_else(|| form.first("email"))
                .to_owned(),
            name: form.first("name").to_owned(),
            language: form.first("language").to_owned(),
            digests: form.all("digest"),
            sections: form.all("section"),
        }
    }

    /// Returns `true` if the sections exceed the limits that the page's own form keeps.
    fn exceeds_limits(&self) -> bool {
        self.sections.len() > MAX_SECTIONS
            || self.sections.iter().any(|s| s.len() > MAX_SECTION_BYTES)
    }
}

/// `GET /subscribe`: the form; `?digest=NAME` preselects a digest.
pub(super) async fn show(
    State(web): State<SharedState>,
    client: ClientInfo,
    method: Method,
) -> WebResult<Response> {
    let digests = match (client.query_param("digest"), web.app.config.digests.as_slice()) {
        (Some(name), _) => vec![name.to_owned()],
        (None, [only]) => vec![only.name.clone()],
        (None, _) => Vec::new(),
    };
    render_form(&web, &client, &method, SubscribeForm { digests, ..SubscribeForm::default() }, None)
        .await
}

/// `POST /subscribe`: requests a subscription, which queues a confirmation e-mail.
pub(super) async fn submit(
    State(web): State<SharedState>,
    client: ClientInfo,
    method: Method,
    form: Form,
) -> WebResult<Response> {
    let now = web.app.now();
    let submitted = SubscribeForm::from_form(&form);
    if submitted.exceeds_limits() {
        return Err(WebError::bad_request());
    }
    let error = match EmailAddress::parse(&submitted.address) {
        Err(_) => Some(web.translate(
            &client,
            "subscribe-error-address",
            &[("address", &submitted.address)],
        )),
        Ok(_) if submitted.digests.is_empty() => {
            Some(web.translate(&client, "subscribe-error-digest", &[]))
        }
        Ok(_) => None,
    };
    if error.is_some() {
        return render_form(&web, &client, &method, submitted, error).await;
    }
    web.subscribe_limiter.check(client.network, now).map_err(WebError::too_many_requests)?;
    let recent = web.app.store.subscriptions().confirmations_of_last_hour(now).await?;
    if recent >= web.app.config.server.confirmations_per_hour {
        return Err(WebError::too_many_confirmations());
    }
    // People do not see this field (a honeypot): bots that fill it in get the same response,
    // without effect.
    if form.first("website").is_empty()
        && let Err(reason) = request_subscription(&web, &client, &submitted, now).await?
    {
        return render_form(&web, &client, &method, submitted, Some(reason)).await;
    }
    let title = web.translate(&client, "subscribe-sent-title", &[]);
    web.notice_page(
        &client,
        title,
        vec![
            web.translate(&client, "subscribe-sent", &[("address", &submitted.address)]),
            web.translate(&client, "subscribe-sent-again", &[]),
        ],
    )
    .await
}

/// Requests the submitted subscription; the inner error is a message for the form.
async fn request_subscription(
    web: &WebState,
    client: &ClientInfo,
    submitted: &SubscribeForm,
    now: Millis,
) -> WebResult<Result<(), String>> {
    let digests = subscribers::find_digests(&web.app.config, &submitted.digests)
        .map_err(|_| WebError::bad_request())?;
    let non_empty = |text: &str| Some(text.to_owned()).filter(|t| !t.is_empty());
    let subscriber = NewSubscriber {
        email: submitted.address.clone(),
        name: non_empty(&submitted.name),
        language: non_empty(&submitted.language).or_else(|| Some(client.language.clone())),
        sections: submitted.sections.clone(),
        ..NewSubscriber::default()
    };
    let (store, secret) = (&web.app.store, &web.app.store_identity.secret);
    Ok(subscribers::subscribe(store, secret, &subscriber, &digests, now).await?)
}

/// Renders the form with the submitted values and an error.
async fn render_form(
    web: &WebState,
    client: &ClientInfo,
    method: &Method,
    submitted: SubscribeForm,
    error: Option<String>,
) -> WebResult<Response> {
    let now = web.app.now();
    let paused = web.paused_digests.get(&web.app).await;
    let digests = web.app.config.digests.iter().map(|digest| DigestOption {
        checked: submitted.digests.contains(&digest.name),
        name: digest.name.clone(),
        title: digest.title_in(&client.language).to_owned(),
        description: digest.description_in(&client.language).map(str::to_owned),
        schedule_text: web.schedule_text(digest, &client.language),
        next_date_text: irregular_date_text(digest, &client.language, now)
            .filter(|_| !paused.contains(&digest.name)),
        is_paused: paused.contains(&digest.name),
    });
    let sections = match &web.demo {
        Some(demo) => demo.sections.clone(),
        None => web.sections.sections(&web.app.store).await?.as_ref().clone(),
    };
    let sections = web.app.config.offered_sections(sections);
    let section = |name: String| SectionOption {
        checked: submitted.sections.contains(&name),
        title: web.app.config.section_title(&name, &client.language).to_owned(),
        name,
    };
    let status = if error.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let mut context = web.page_context(client, method);
    if let [digest] = web.app.config.digests.as_slice()
        && let Some(description) = digest.description_in(&client.language)
    {
        description.clone_into(&mut context.description);
    }
    let page = web
        .render(&SubscribePage {
            page: context,
            error,
            digests: digests.collect(),
            sections: sections.into_iter().take(MAX_SECTIONS).map(section).collect(),
            mail_languages: mail_languages(
                web,
                Some(submitted.language.as_str())
                    .filter(|l| !l.is_empty())
                    .unwrap_or(&client.language),
            ),
            address: submitted.address,
            name: submitted.name,
        })
        .await?;
    Ok((status, page).into_response())
}

/// Returns the languages of all digests, each once.
pub(super) fn mail_language_codes(config: &Config) -> Vec<&String> {
    let mut codes: Vec<&String> = Vec::new();
    for code in config.digests.iter().flat_map(|digest| &digest.languages) {
        if !codes.contains(&code) {
            codes.push(code);
        }
    }
    codes
}

/// Returns the languages of all digests with the best match for `chosen` marked; empty if there are
/// fewer than two.
fn mail_languages(web: &WebState, chosen: &str) -> Vec<LanguageLink> {
    let codes = mail_language_codes(&web.app.config);
    if codes.len() < 2 {
        return Vec::new();
    }
    let is_same_language = |code: &str| language::primary(code) == language::primary(chosen);
    let templates = &web.app.templates;
    let best = |is_match: &dyn Fn(&str) -> bool| codes.iter().position(|code| is_match(code));
    let current = best(&|code| code.eq_ignore_ascii_case(chosen))
        .or_else(|| {
            best(&|code| {
                is_same_language(code)
                    && templates.catalog_code(code) == templates.catalog_code(chosen)
            })
        })
        .or_else(|| {
            best(&|code| language::matches(chosen, code) || language::matches(code, chosen))
        })
        .unwrap_or(0);
    let count_varieties = |code: &str| {
        codes.iter().filter(|other| language::primary(other) == language::primary(code)).count()
    };
    // The tag is shown only if it distinguishes two varieties of one language (zh-CN, zh-TW).
    let name = |code: &str| {
        language::autonym(if count_varieties(code) > 1 { code } else { language::primary(code) })
    };
    let link = |(at, code): (usize, &String)| LanguageLink {
        code: code.clone(),
        name: name(code),
        url: String::new(),
        current: at == current,
    };
    codes.iter().copied().enumerate().map(link).collect()
}
