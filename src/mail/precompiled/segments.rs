//! Text split at its placeholders, with the escaping that each value needs.

use std::borrow::Cow;

use super::html;
use crate::mail::payload::Placeholders;

/// Value that a placeholder stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Placeholder {
    Name,
    Address,
    UnsubscribeUrl,
}

/// Context of a placeholder, which determines the escaping of its value. The output equals that of
/// a rendered template: escaped by Handlebars, then parsed and serialized as HTML.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EscapeContext {
    /// Plain text, which needs no escaping.
    Plain,
    /// Between tags: escaped as the HTML serializer escapes text.
    Text,
    /// Attribute that neither the parser nor the inliner interprets: escaped as the serializer
    /// escapes attribute values.
    Attribute,
    /// Comment: escaped by Handlebars only, because the parser decodes nothing there.
    Comment,
    /// Attribute that is interpreted (`style` or `class` for example), so its value can affect
    /// other output.
    InspectedAttribute,
    /// Raw text element (`style` or `script` for example), or inside a tag outside its attributes.
    Raw,
}

impl EscapeContext {
    /// Escapes a value for this context.
    pub(super) fn escape(self, value: &str) -> Cow<'_, str> {
        match self {
            Self::Plain => Cow::Borrowed(value),
            Self::Text => escape_with(value, |byte| match byte {
                b'&' => Some("&amp;"),
                b'<' => Some("&lt;"),
                b'>' => Some("&gt;"),
                _ => None,
            }),
            Self::Attribute | Self::InspectedAttribute => escape_with(value, |byte| match byte {
                b'&' => Some("&amp;"),
                b'"' => Some("&quot;"),
                _ => None,
            }),
            Self::Comment | Self::Raw => escape_with(value, |byte| match byte {
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

/// Replaces bytes by character references. The serializer also writes a no-break space as `&nbsp;`,
/// but names contain only plain spaces, and addresses and links contain none.
fn escape_with(value: &str, reference: impl Fn(u8) -> Option<&'static str>) -> Cow<'_, str> {
    if value.bytes().all(|byte| reference(byte).is_none()) {
        return Cow::Borrowed(value);
    }
    let mut out = String::with_capacity(value.len() + 16);
    let mut from = 0;
    for (at, byte) in value.bytes().enumerate() {
        if let Some(reference) = reference(byte) {
            // Only ASCII is replaced, so both indices are character boundaries.
            out.push_str(&value[from..at]);
            out.push_str(reference);
            from = at + 1;
        }
    }
    out.push_str(&value[from..]);
    Cow::Owned(out)
}

/// Values of one recipient; the name is a single line.
#[derive(Debug, Clone, Copy)]
pub(super) struct Values<'a> {
    pub(super) name: &'a str,
    pub(super) address: &'a str,
    pub(super) unsubscribe_url: &'a str,
}

impl<'a> Values<'a> {
    pub(super) fn get(self, placeholder: Placeholder) -> &'a str {
        match placeholder {
            Placeholder::Name => self.name,
            Placeholder::Address => self.address,
            Placeholder::UnsubscribeUrl => self.unsubscribe_url,
        }
    }
}

/// Text split into literals and placeholders. Placeholder `i` stands between the literals `i` and
/// `i + 1`; literals may be empty.
#[derive(Debug, Clone)]
pub(super) struct Segments<'a> {
    pub(super) literals: Vec<&'a str>,
    pub(super) placeholders: Vec<(Placeholder, EscapeContext)>,
}

impl<'a> Segments<'a> {
    /// Splits a subject or a plain text part.
    pub(super) fn plain(text: &'a str, placeholders: &Placeholders) -> Self {
        Self::split(
            text,
            find_placeholders(text, placeholders)
                .into_iter()
                .map(|found| (found, EscapeContext::Plain)),
        )
    }

    /// Splits HTML that was serialized by the inliner.
    pub(super) fn html(html: &'a str, placeholders: &Placeholders) -> Self {
        let found = find_placeholders(html, placeholders);
        let contexts =
            html::escape_contexts(html, &found.iter().map(|(at, ..)| *at).collect::<Vec<_>>());
        Self::split(html, found.into_iter().zip(contexts))
    }

    fn split(
        text: &'a str,
        found: impl Iterator<Item = ((usize, usize, Placeholder), EscapeContext)>,
    ) -> Self {
        let (mut literals, mut placeholders, mut from) = (Vec::new(), Vec::new(), 0);
        for ((at, length, placeholder), context) in found {
            literals.push(&text[from..at]);
            placeholders.push((placeholder, context));
            from = at + length;
        }
        literals.push(&text[from..]);
        Self { literals, placeholders }
    }

    /// Returns the text with its placeholders replaced by escaped values.
    pub(super) fn fill(&self, values: Values<'_>) -> String {
        let mut text = self.literals[0].to_owned();
        for ((placeholder, context), literal) in self.placeholders.iter().zip(&self.literals[1..]) {
            text.push_str(&context.escape(values.get(*placeholder)));
            text.push_str(literal);
        }
        text
    }
}

/// Returns offset, length and kind of each placeholder, in ascending order.
fn find_placeholders(text: &str, placeholders: &Placeholders) -> Vec<(usize, usize, Placeholder)> {
    let kinds = [
        (&placeholders.name, Placeholder::Name),
        (&placeholders.address, Placeholder::Address),
        (&placeholders.unsubscribe_url, Placeholder::UnsubscribeUrl),
    ];
    let mut found: Vec<_> = kinds
        .iter()
        .flat_map(|(marker, placeholder)| {
            text.match_indices(marker.as_str()).map(|(at, marker)| (at, marker.len(), *placeholder))
        })
        .collect();
    found.sort_by_key(|(at, ..)| *at);
    found
}
