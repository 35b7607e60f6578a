//! Whether filling the slots of a variant gives what rendering its template for each person would.
//!
//! Two full renderings tell: with the empty name, which can change more than its slot (an empty line in the text, an element
//! that holds nothing), and with values that only come out alike if each is escaped as its place needs and stands where
//! nothing looks into it. What they can't foresee is a style rule that asks an attribute for one person's value
//! (`[title="Ada"]`).

use super::marked::{Marked, Place, Values};
use crate::domain::characters::one_line;
use crate::mail::queued::Slots;
use crate::templates::RenderedMail;
use crate::templates::mail::tidy;

/// A name with what HTML, its attributes and character references can stumble over.
const ODD_NAME: &str = "lt;Ada \"Q\" <b>&amp; O'Neil =`x` .张 👩‍🔬";
/// An address of that kind.
const ODD_ADDRESS: &str = "o'neil&amp=`x`+{b}@example.org";

/// Whether slots do for this variant; `render` gives the mail for a name, an address and an unsubscribe link.
///
/// # Errors
/// Those of `render`.
pub fn slots_suffice(
    variant: &RenderedMail,
    slots: &Slots,
    unsubscribe_url: &str,
    render: impl Fn([&str; 3]) -> anyhow::Result<RenderedMail>,
) -> anyhow::Result<bool> {
    let uncertain = |place: Place| matches!(place, Place::Uncertain | Place::Raw);
    if Marked::html(&variant.html, slots).slots.iter().any(|(_, place)| uncertain(*place)) {
        return Ok(false);
    }
    for [name, address] in [[ODD_NAME, ODD_ADDRESS], ["", "ada@example.org"]] {
        let values = Values { name, address, unsubscribe_url };
        if render([name, address, unsubscribe_url])? != filled(variant, slots, values) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The variant with its slots filled.
pub(super) fn filled(variant: &RenderedMail, slots: &Slots, values: Values<'_>) -> RenderedMail {
    let without =
        if values.name.is_empty() { nameless(&variant.text, &variant.html, slots) } else { None };
    let (text, html) =
        without.as_ref().map_or((&variant.text, &variant.html), |(text, html)| (text, html));
    RenderedMail {
        subject: one_line(&Marked::plain(&variant.subject, slots).fill(values)),
        html: Marked::html(html, slots).fill(values),
        text: Marked::plain(text, slots).fill(values),
    }
}

/// Text and HTML for who has no name, where they show it: a line that held nothing else is empty now.
pub(super) fn nameless(text: &str, html: &str, slots: &Slots) -> Option<(String, String)> {
    let shown = text.contains(&slots.name) || html.contains(&slots.name);
    shown.then(|| (tidy(&text.replace(&slots.name, "")), html.replace(&slots.name, "")))
}
