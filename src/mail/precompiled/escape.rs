//! Escape contexts of placeholders, and the escaping of values for them.

use std::borrow::Cow;

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
