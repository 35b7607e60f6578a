//! The demo's mailbox: a list, one mail, and all of it as JSON.

use axum::extract::{Path, State};
use axum::http::{HeaderName, Method, header};
use axum::response::{IntoResponse, Response};
use jiff::fmt::rfc2822;
use serde::Serialize;

use super::error::{WebError, WebResult};
use super::page::MAIL_POLICY;
use super::visitor::Visitor;
use super::{Demo, Shared, Web};
use crate::domain::time::Millis;
use crate::mail::mailbox::Mail;
use crate::templates::pages::{MailRow, MailboxMailPage, MailboxPage};

/// Mails in the list.
const SHOWN: usize = 100;
/// Characters of a mail's text in the list.
const PREVIEW: usize = 120;
/// Seconds after which the list loads itself anew.
const REFRESH: u32 = 10;

/// A mail for scripts.
#[derive(Serialize)]
struct Told {
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

/// The newest mails.
pub(super) async fn list(
    State(web): State<Shared>,
    visitor: Visitor,
    method: Method,
) -> WebResult<Response> {
    let mailbox = &demo(&web)?.mailbox;
    let zone = &web.app.config.site.timezone;
    let row = |mail: Mail| MailRow {
        url: format!("/mailbox/{}", mail.id),
        preview: preview(&mail.text),
        date_text: mail.received_at.in_zone(zone),
        from: mail.from,
        to: mail.to,
        subject: mail.subject,
    };
    let total = mailbox.count();
    let mails = mailbox.newest(SHOWN).into_iter().map(row).collect();
    web.show(&MailboxPage {
        page: web.page(&visitor, &method),
        mails,
        total,
        refresh_seconds: Some(REFRESH),
    })
}

/// One mail.
pub(super) async fn show(
    State(web): State<Shared>,
    visitor: Visitor,
    method: Method,
    Path(id): Path<String>,
) -> WebResult<Response> {
    let mail = id
        .parse()
        .ok()
        .and_then(|id| demo(&web).ok()?.mailbox.mail(id))
        .ok_or_else(WebError::not_found)?;
    let page = web.show(&MailboxMailPage {
        page: web.page(&visitor, &method),
        date_text: mail.received_at.in_zone(&web.app.config.site.timezone),
        from: mail.from,
        to: mail.to,
        subject: mail.subject,
        headers: mail.headers,
        html: Some(mail.html).filter(|html| !html.is_empty()),
        text: Some(mail.text).filter(|text| !text.is_empty()),
    })?;
    Ok(([(header::CONTENT_SECURITY_POLICY, MAIL_POLICY)], page).into_response())
}

/// All mails that are kept, newest first.
pub(super) async fn json(State(web): State<Shared>) -> WebResult<Response> {
    let mails: Vec<Told> = demo(&web)?.mailbox.mails().into_iter().map(told).collect();
    let body = serde_json::to_string(&mails).map_err(anyhow::Error::from)?;
    let headers: [(HeaderName, &str); 2] =
        [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
    Ok((headers, body).into_response())
}

fn told(mail: Mail) -> Told {
    let sent = rfc2822::parse(&mail.date)
        .map_or(mail.received_at, |zoned| Millis::from(zoned.timestamp()));
    let message_id = mail
        .headers
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("Message-ID"))
        .map(|(_, value)| value.trim().to_owned());
    Told {
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

/// The beginning of a text, on one line.
fn preview(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    line.chars().take(PREVIEW).collect()
}

/// The demo, which these routes exist in alone.
pub(super) fn demo(web: &Web) -> WebResult<&Demo> {
    web.demo.as_ref().ok_or_else(WebError::not_found)
}
