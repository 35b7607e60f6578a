//! `/subscribe`: GET gives a form, POST asks for a subscription; the answer never tells whether an address is known.

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use axum::extract::State;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};

use super::error::{WebError, WebResult};
use super::form::Form;
use super::index::next_text;
use super::visitor::Visitor;
use super::{Shared, Web};
use crate::domain::address::EmailAddress;
use crate::domain::language;
use crate::store::{Store, StoreResult};
use crate::subscribers::{self, Person};
use crate::templates::pages::{DigestChoice, LanguageLink, SectionChoice, SubscribePage};

/// Sections that the form offers, and that a request may choose, at most.
const MOST_SECTIONS: usize = 60;
/// The longest name of a section, in bytes.
const LONGEST_SECTION: usize = 200;

/// What was entered.
#[derive(Debug, Default)]
struct Entered {
    address: String,
    name: String,
    language: String,
    digests: Vec<String>,
    sections: Vec<String>,
}

/// The sections of all articles: asked for again only when an article changed, for it takes a look at all of them.
#[derive(Debug, Default)]
pub(super) struct Offered {
    known: ArcSwapOption<(i64, Arc<Vec<String>>)>,
}

impl Offered {
    async fn sections(&self, store: &Store) -> StoreResult<Arc<Vec<String>>> {
        let version = store.articles_version().await?;
        if let Some(known) = self.known.load().as_deref().filter(|(at, _)| *at == version) {
            return Ok(Arc::clone(&known.1));
        }
        let sections = Arc::new(store.sections().await?);
        self.known.store(Some(Arc::new((version, Arc::clone(&sections)))));
        Ok(sections)
    }
}

/// The form; `?digest=NAME` ticks one.
pub(super) async fn show(
    State(web): State<Shared>,
    visitor: Visitor,
    method: Method,
) -> WebResult<Response> {
    let digests = match (visitor.asked("digest"), web.app.config.digests.as_slice()) {
        (Some(name), _) => vec![name.to_owned()],
        (None, [only]) => vec![only.name.clone()],
        (None, _) => Vec::new(),
    };
    form(&web, &visitor, &method, Entered { digests, ..Entered::default() }, None).await
}

/// The request.
pub(super) async fn submit(
    State(web): State<Shared>,
    visitor: Visitor,
    method: Method,
    sent: Form,
) -> WebResult<Response> {
    if visitor.is_foreign {
        return Err(WebError::foreign());
    }
    let now = web.app.now();
    let entered = Entered {
        address: Some(sent.one("address"))
            .filter(|a| !a.is_empty())
            .unwrap_or_else(|| sent.one("email"))
            .to_owned(),
        name: sent.one("name").to_owned(),
        language: sent.one("language").to_owned(),
        digests: sent.all("digest"),
        sections: sent.all("section"),
    };
    if entered.sections.len() > MOST_SECTIONS
        || entered.sections.iter().any(|s| s.len() > LONGEST_SECTION)
    {
        return Err(WebError::unreadable());
    }
    let refusal = match EmailAddress::parse(&entered.address) {
        Err(_) => {
            Some(web.say(&visitor, "subscribe-error-address", &[("address", &entered.address)]))
        }
        Ok(_) if entered.digests.is_empty() => {
            Some(web.say(&visitor, "subscribe-error-digest", &[]))
        }
        Ok(_) => None,
    };
    if refusal.is_some() {
        return form(&web, &visitor, &method, entered, refusal).await;
    }
    if let Some(network) = visitor.network {
        web.limit.admit(network, now).map_err(WebError::too_many)?;
    }
    // People do not see this field; what fills it in gets the same answer, and nothing happens.
    if sent.one("website").is_empty() {
        let digests = subscribers::digests_named(&web.app.config, &entered.digests)
            .map_err(|_| WebError::unreadable())?;
        let told = |text: &str| Some(text.to_owned()).filter(|t| !t.is_empty());
        let person = Person {
            email: entered.address.clone(),
            name: told(&entered.name),
            language: told(&entered.language).or_else(|| Some(visitor.language.clone())),
            timezone: None,
            sections: entered.sections.clone(),
        };
        let asked = subscribers::subscribe(
            &web.app.store,
            &web.app.instance.secret,
            &person,
            &digests,
            now,
        )
        .await?;
        if let Err(why) = asked {
            return form(&web, &visitor, &method, entered, Some(why)).await;
        }
    }
    let title = web.say(&visitor, "subscribe-sent-title", &[]);
    web.tell(
        &visitor,
        title,
        vec![web.say(&visitor, "subscribe-sent", &[("address", &entered.address)])],
    )
}

/// The form with what was entered, and what is wrong with it.
async fn form(
    web: &Web,
    visitor: &Visitor,
    method: &Method,
    entered: Entered,
    error: Option<String>,
) -> WebResult<Response> {
    let now = web.app.now();
    let digests = web.app.config.digests.iter().map(|digest| DigestChoice {
        checked: entered.digests.contains(&digest.name),
        name: digest.name.clone(),
        title: digest.title.clone(),
        next_text: next_text(digest, &visitor.language, now),
    });
    let sections = match &web.demo {
        Some(demo) => demo.sections.clone(),
        None => web.offered.sections(&web.app.store).await?.as_ref().clone(),
    };
    let section = |name: String| SectionChoice { checked: entered.sections.contains(&name), name };
    let status = if error.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let page = web.show(&SubscribePage {
        page: web.page(visitor, method),
        error,
        digests: digests.collect(),
        sections: sections.into_iter().take(MOST_SECTIONS).map(section).collect(),
        mail_languages: mail_languages(
            web,
            Some(entered.language.as_str()).filter(|l| !l.is_empty()).unwrap_or(&visitor.language),
        ),
        address: entered.address,
        name: entered.name,
    })?;
    Ok((status, page).into_response())
}

/// The languages that the digests speak, with the reader's chosen; one alone is no choice.
fn mail_languages(web: &Web, chosen: &str) -> Vec<LanguageLink> {
    let mut codes: Vec<&String> = Vec::new();
    for code in web.app.config.digests.iter().flat_map(|digest| &digest.languages) {
        if !codes.contains(&code) {
            codes.push(code);
        }
    }
    if codes.len() < 2 {
        return Vec::new();
    }
    let current = codes
        .iter()
        .position(|code| language::matches(chosen, code) || language::matches(code, chosen))
        .unwrap_or(0);
    let varieties = |code: &str| {
        codes.iter().filter(|other| language::primary(other) == language::primary(code)).count()
    };
    // Two of one language (zh-CN, zh-TW) must not look alike; of one alone nobody asks which.
    let name = |code: &str| {
        language::autonym(if varieties(code) > 1 { code } else { language::primary(code) })
    };
    let link = |(at, code): (usize, &String)| LanguageLink {
        code: code.clone(),
        name: name(code),
        url: String::new(),
        current: at == current,
    };
    codes.iter().copied().enumerate().map(link).collect()
}
