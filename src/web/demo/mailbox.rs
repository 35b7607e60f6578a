//! The demo's inbox: the list, one e-mail, and all e-mails as JSON.

use axum::extract::{Path, State};
use axum::http::{HeaderName, Method, header};
use axum::response::{IntoResponse, Response};
use jiff::fmt::rfc2822;
use serde::Serialize;

use crate::demo::mailbox::CaughtMail;
use crate::domain::time::Millis;
use crate::templates::pages::{MailRow, MailboxMailPage, MailboxPage};
use crate::web::client::ClientInfo;
use crate::web::error::{WebError, WebResult};
use crate::web::page::MAIL_CSP;
use crate::web::state::SharedState;

/// Maximum number of e-mails in the list.
const MAX_LISTED_MESSAGES: usize = 100;
/// Maximum length of a preview in characters.
const MAX_PREVIEW_CHARS: usize = 120;
/// Interval in seconds at which the list reloads itself without its script.
const REFRESH_SECS: u32 = 10;

/// An e-mail in `/mailbox.json`.
#[derive(Serialize)]
struct MailView {
    id: u64,
    from: String,
    to: String,
    subject: String,
    date: String,
    received_at: String,
    message_id: String,
    headers: Vec<(String, String)>,
    text: String,
    html: String,
}

/// `GET /mailbox`: lists the newest e-mails.
pub(in crate::web) async fn list(
    State(web): State<SharedState>,
    client: ClientInfo,
    method: Method,
) -> WebResult<Response> {
    let mailbox = &web.demo()?.mailbox;
    let zone = &web.app.config.site.timezone;
    let row = |mail: CaughtMail| MailRow {
        url: format!("/mailbox/{}", mail.id),
        preview: preview(&mail.text),
        date_text: mail.received_at.in_zone(zone),
        from: without_quotation_marks(&mail.from),
        to: without_quotation_marks(&mail.to),
        subject: mail.subject,
    };
    let total = mailbox.count();
    let messages = mailbox.newest(MAX_LISTED_MESSAGES).into_iter().map(row).collect();
    let page = web
        .render(&MailboxPage {
            page: web.page_context(&client, &method),
            messages,
            total,
            refresh_seconds: Some(REFRESH_SECS),
        })
        .await?;
    Ok(([(header::CONTENT_SECURITY_POLICY, web.demo_page_policy())], page).into_response())
}

/// `GET /mailbox/{id}`: shows one e-mail.
pub(in crate::web) async fn show(
    State(web): State<SharedState>,
    client: ClientInfo,
    method: Method,
    Path(id): Path<String>,
) -> WebResult<Response> {
    let mail = id
        .parse()
        .ok()
        .and_then(|id| web.demo().ok()?.mailbox.message(id))
        .ok_or_else(WebError::not_found)?;
    let page = web
        .render(&MailboxMailPage {
            page: web.page_context(&client, &method),
            date_text: mail.received_at.in_zone(&web.app.config.site.timezone),
            from: without_quotation_marks(&mail.from),
            to: without_quotation_marks(&mail.to),
            subject: mail.subject,
            headers: mail.headers,
            html: Some(mail.html).filter(|html| !html.is_empty()),
            text: Some(mail.text).filter(|text| !text.is_empty()),
        })
        .await?;
    Ok(([(header::CONTENT_SECURITY_POLICY, MAIL_CSP)], page).into_response())
}

/// `GET /mailbox.json`: all stored e-mails, newest first.
pub(in crate::web) async fn json(State(web): State<SharedState>) -> WebResult<Response> {
    let messages: Vec<MailView> =
        web.demo()?.mailbox.messages().into_iter().map(mail_view).collect();
    let body = serde_json::to_string(&messages).map_err(anyhow::Error::from)?;
    let headers: [(HeaderName, &str); 2] =
        [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
    Ok((headers, body).into_response())
}

fn mail_view(mail: CaughtMail) -> MailView {
    let sent = rfc2822::parse(&mail.date)
        .map_or(mail.received_at, |zoned| Millis::from(zoned.timestamp()));
    let message_id = mail
        .headers
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("Message-ID"))
        .map(|(_, value)| value.trim().to_owned());
    MailView {
        id: mail.id,
        from: mail.from,
        to: mail.to,
        subject: mail.subject,
        date: sent.rfc3339(),
        received_at: mail.received_at.timestamp().to_string(),
        message_id: message_id.unwrap_or_default(),
        headers: mail.headers,
        text: mail.text,
        html: mail.html,
    }
}

/// Returns the beginning of a text on one line, without the rules between its parts.
fn preview(text: &str) -> String {
    let is_rule = |word: &&str| word.len() > 2 && word.chars().all(|c| matches!(c, '=' | '-'));
    let words = text.split_whitespace().filter(|word| !is_rule(word));
    words.collect::<Vec<_>>().join(" ").chars().take(MAX_PREVIEW_CHARS).collect()
}

/// Returns a mailbox without the quotation marks around its name, which mail clients do not show.
fn without_quotation_marks(mailbox: &str) -> String {
    match mailbox.strip_prefix('"').and_then(|rest| rest.split_once("\" <")) {
        Some((name, address)) if !name.contains(['"', '\\']) => format!("{name} <{address}"),
        _ => mailbox.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_is_shown_without_rules_and_quotation_marks() {
        assert_eq!(
            preview("The week\n=====\n\nFirst -- and - second"),
            "The week First -- and - second"
        );
        for (mailbox, shown) in [
            ("\"Lin Yue\" <lin@example.org>", "Lin Yue <lin@example.org>"),
            ("Jürgen <j@example.org>", "Jürgen <j@example.org>"),
            ("\"a \\\"b\\\"\" <c@example.org>", "\"a \\\"b\\\"\" <c@example.org>"),
        ] {
            assert_eq!(without_quotation_marks(mailbox), shown);
        }
    }
}
