//! Decides whether filling in the placeholders of a variant equals rendering its template for each
//! recipient.
//!
//! Two complete renderings are compared: one with an empty name, which can affect more than its
//! placeholder (an empty line in the text, an empty element), and one with values that only match
//! if each is escaped for its context and not interpreted there. A style rule that selects by the
//! value of one recipient (`[title="Ada"]`) is not detected.

use super::escape::EscapeContext;
use super::segments::{Segments, Values};
use crate::domain::text_repair::one_line;
use crate::mail::payload::Placeholders;
use crate::templates::RenderedMail;
use crate::templates::mail::tidy;

/// Name with characters that are special in HTML, attributes and character references.
const PROBE_NAME: &str = "lt;Ada \"Q\" <b>&amp; O'Neil =`x` .张 👩‍🔬";
/// Address with special characters of the same kind.
const PROBE_ADDRESS: &str = "o'neil&amp=`x`+{b}@example.org";

/// Returns `true` if the variant can be precompiled. `render` renders the message for a name, an
/// address and an unsubscribe link.
///
/// # Errors
/// Returns the errors of `render`.
pub fn can_precompile(
    variant: &RenderedMail,
    placeholders: &Placeholders,
    unsubscribe_url: &str,
    render: impl Fn([&str; 3]) -> anyhow::Result<RenderedMail>,
) -> anyhow::Result<bool> {
    let is_unsafe = |context: EscapeContext| {
        matches!(context, EscapeContext::InspectedAttribute | EscapeContext::Raw)
    };
    if Segments::html(&variant.html, placeholders)
        .placeholders
        .iter()
        .any(|(_, context)| is_unsafe(*context))
    {
        return Ok(false);
    }
    for [name, address] in [[PROBE_NAME, PROBE_ADDRESS], ["", "ada@example.org"]] {
        let values = Values { name, address, unsubscribe_url };
        if render([name, address, unsubscribe_url])?
            != fill_placeholders(variant, placeholders, values)
        {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Returns the variant with its placeholders filled in.
pub(super) fn fill_placeholders(
    variant: &RenderedMail,
    placeholders: &Placeholders,
    values: Values<'_>,
) -> RenderedMail {
    let nameless = if values.name.is_empty() {
        without_name(&variant.text, &variant.html, placeholders)
    } else {
        None
    };
    let (text, html) =
        nameless.as_ref().map_or((&variant.text, &variant.html), |(text, html)| (text, html));
    RenderedMail {
        subject: one_line(&Segments::plain(&variant.subject, placeholders).fill(values)),
        html: Segments::html(html, placeholders).fill(values),
        text: Segments::plain(text, placeholders).fill(values),
    }
}

/// Returns text and HTML for recipients without a name, or `None` if neither contains the name.
/// Lines that contained only the name are collapsed as empty lines.
pub(super) fn without_name(
    text: &str,
    html: &str,
    placeholders: &Placeholders,
) -> Option<(String, String)> {
    let shown = text.contains(&placeholders.name) || html.contains(&placeholders.name);
    shown.then(|| {
        (tidy(&text.replace(&placeholders.name, "")), html.replace(&placeholders.name, ""))
    })
}
