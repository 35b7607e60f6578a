//! A text taken apart at the slots in it, and how a value is written at each of them.

use std::borrow::Cow;

use super::html;
use crate::mail::queued::Slots;

/// Whose value stands there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Slot {
    Name,
    Address,
    UnsubscribeUrl,
}

/// How a value is written at a slot, so that it comes out as it would from rendering the template with it: escaped by
/// Handlebars, then read and written by the HTML parser.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Plain text: as it is.
    Plain,
    /// Between tags: as the HTML serialiser writes text.
    Text,
    /// In an attribute that neither the parser nor the inliner looks into: as the serialiser writes values.
    Attribute,
    /// In a comment: as Handlebars left it, for a parser decodes nothing there.
    Comment,
    /// In an attribute that is looked into (`style`, `class` …), which can change more than the slot.
    Uncertain,
    /// In an element whose text is not parsed (`style`, `script` …), or in a tag itself.
    Raw,
}

impl Place {
    /// A value as it is written here.
    pub(super) fn write(self, value: &str) -> Cow<'_, str> {
        match self {
            Self::Plain => Cow::Borrowed(value),
            Self::Text => escaped(value, |byte| match byte {
                b'&' => Some("&amp;"),
                b'<' => Some("&lt;"),
                b'>' => Some("&gt;"),
                _ => None,
            }),
            Self::Attribute | Self::Uncertain => escaped(value, |byte| match byte {
                b'&' => Some("&amp;"),
                b'"' => Some("&quot;"),
                _ => None,
            }),
            Self::Comment | Self::Raw => escaped(value, |byte| match byte {
                b'&' => Some("&amp;"),
                b'<' => Some("&lt;"),
                b'>' => Some("&gt;"),
                b'"' => Some("&quot;"),
                b'\'' => Some("&#x27;"),
                b'`' => Some("&#x60;"),
                b'=' => Some("&#x3D;"),
                _ => None,
            }),
        }
    }
}

/// The serialiser writes a no-break space as `&nbsp;` too, but a name is one line with plain spaces alone, and neither an
/// address nor a link holds any.
fn escaped(value: &str, reference: impl Fn(u8) -> Option<&'static str>) -> Cow<'_, str> {
    if value.bytes().all(|byte| reference(byte).is_none()) {
        return Cow::Borrowed(value);
    }
    let mut out = String::with_capacity(value.len() + 16);
    let mut from = 0;
    for (at, byte) in value.bytes().enumerate() {
        if let Some(reference) = reference(byte) {
            // Only ASCII is replaced, so both ends are borders of characters.
            out.push_str(&value[from..at]);
            out.push_str(reference);
            from = at + 1;
        }
    }
    out.push_str(&value[from..]);
    Cow::Owned(out)
}

/// Whose values fill the slots; the name is one line.
#[derive(Debug, Clone, Copy)]
pub(super) struct Values<'a> {
    pub(super) name: &'a str,
    pub(super) address: &'a str,
    pub(super) unsubscribe_url: &'a str,
}

impl<'a> Values<'a> {
    pub(super) fn of(self, slot: Slot) -> &'a str {
        match slot {
            Slot::Name => self.name,
            Slot::Address => self.address,
            Slot::UnsubscribeUrl => self.unsubscribe_url,
        }
    }
}

/// A text taken apart: a piece, a slot, a piece … and a piece at the end; pieces may be empty.
#[derive(Debug, Clone)]
pub(super) struct Marked<'a> {
    pub(super) pieces: Vec<&'a str>,
    pub(super) slots: Vec<(Slot, Place)>,
}

impl<'a> Marked<'a> {
    /// A subject or a text part.
    pub(super) fn plain(text: &'a str, slots: &Slots) -> Self {
        Self::apart(text, find(text, slots).into_iter().map(|found| (found, Place::Plain)))
    }

    /// HTML as the inliner writes it.
    pub(super) fn html(html: &'a str, slots: &Slots) -> Self {
        let found = find(html, slots);
        let places = html::places(html, &found.iter().map(|(at, ..)| *at).collect::<Vec<_>>());
        Self::apart(html, found.into_iter().zip(places))
    }

    fn apart(text: &'a str, found: impl Iterator<Item = ((usize, usize, Slot), Place)>) -> Self {
        let (mut pieces, mut slots, mut from) = (Vec::new(), Vec::new(), 0);
        for ((at, length, slot), place) in found {
            pieces.push(&text[from..at]);
            slots.push((slot, place));
            from = at + length;
        }
        pieces.push(&text[from..]);
        Self { pieces, slots }
    }

    /// The text with its slots filled.
    pub(super) fn fill(&self, values: Values<'_>) -> String {
        let mut text = self.pieces[0].to_owned();
        for ((slot, place), behind) in self.slots.iter().zip(&self.pieces[1..]) {
            text.push_str(&place.write(values.of(*slot)));
            text.push_str(behind);
        }
        text
    }
}

/// Where the slots stand, with the length of their words.
fn find(text: &str, slots: &Slots) -> Vec<(usize, usize, Slot)> {
    let words = [
        (&slots.name, Slot::Name),
        (&slots.address, Slot::Address),
        (&slots.unsubscribe_url, Slot::UnsubscribeUrl),
    ];
    let mut found: Vec<_> = words
        .iter()
        .flat_map(|(word, slot)| {
            text.match_indices(word.as_str()).map(|(at, word)| (at, word.len(), *slot))
        })
        .collect();
    found.sort_by_key(|(at, ..)| *at);
    found
}
