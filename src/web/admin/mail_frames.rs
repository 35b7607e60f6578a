//! Mails in a frame: the ways to show one, and the document in the frame with a policy of its own.

use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{Html, IntoResponse, Response};

use super::visit::Visit;
use crate::templates::RenderedMail;
use crate::templates::pages::{Chip, MailView};

/// Policy of a mail in a frame: it runs no script and sends no form, whatever its template contains.
const FRAME_CSP: &str = "default-src 'none'; img-src https: data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; sandbox";
/// Media feature by which a mail has other colours in dark mode.
const DARK_FEATURE: &str = "(prefers-color-scheme: dark)";

/// Returns the ways to show a mail that the address names; the frame has the document at `frame_url`,
/// whose query gets the colour mode.
pub(super) fn mail_view(
    visit: &Visit,
    mail: &RenderedMail,
    source: &str,
    frame_url: String,
) -> MailView {
    let is = |name: &str, value: &str| visit.param(name) == Some(value);
    let chips = |parameter: &str, choices: [(Option<&str>, &str); 2]| -> Vec<Chip> {
        choices.map(|(value, key)| visit.chip(parameter, value, visit.text(key, &[]), None)).into()
    };
    let mut parts = chips("part", [(None, "admin-mail-shown"), (Some("text"), "admin-mail-text")]);
    parts.push(visit.chip("part", Some("source"), visit.text("admin-mail-source", &[]), None));
    let is_dark = is("mode", "dark");
    let separator = if frame_url.contains('?') { '&' } else { '?' };
    let mode = if is_dark { "dark" } else { "light" };
    MailView {
        frame_url: format!("{frame_url}{separator}mode={mode}"),
        subject: mail.subject.clone(),
        text: is("part", "text").then(|| mail.text.clone()),
        source: is("part", "source").then(|| source.to_owned()),
        is_phone: is("width", "phone"),
        is_dark,
        parts,
        widths: chips("width", [(None, "admin-mail-desktop"), (Some("phone"), "admin-mail-phone")]),
        modes: chips("mode", [(None, "admin-mail-light"), (Some("dark"), "admin-mail-dark")]),
    }
}

/// Returns the HTML of a mail as the document of a frame, in the colour mode that the address names.
pub(super) fn frame_document(visit: &Visit, html: &str) -> Response {
    // The frame has the mode of the browser, so the mode that was chosen replaces the condition.
    let condition =
        if visit.param("mode") == Some("dark") { "(min-width: 0)" } else { "(width < 0)" };
    let html = html.replace(DARK_FEATURE, condition);
    let mut response = Html(html).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(FRAME_CSP));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(
        HeaderName::from_static("cross-origin-opener-policy"),
        HeaderValue::from_static("same-origin"),
    );
    response
}
