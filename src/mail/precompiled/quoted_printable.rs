//! Quoted-printable (RFC 2045 section 6.7) with placeholders: literals are encoded once, values for
//! each message.

use super::escape::EscapeContext;
use super::segments::{Placeholder, Segments, Values};

/// Longest line without the `=` of a soft line break, in characters.
const MAX_LINE_CHARS: usize = 75;

/// Encoded literals and placeholders; the value of each placeholder has its own line.
#[derive(Debug)]
pub(super) struct QuotedPrintable {
    first: String,
    rest: Vec<(Placeholder, EscapeContext, String)>,
}

impl QuotedPrintable {
    /// Encodes the literals; their lines must end in CRLF.
    pub(super) fn new(segments: &Segments<'_>) -> Self {
        let last = segments.placeholders.len();
        let mut literals = segments.literals.iter().enumerate().map(|(at, literal)| {
            // The value before this literal ends its line: with the hard line break of the text if
            // one follows, otherwise with a soft one.
            let prefix =
                if at == 0 || literal.starts_with("\r\n") || (at == last && literal.is_empty()) {
                    ""
                } else {
                    "=\r\n"
                };
            let mut out = prefix.to_owned();
            let column = encode(literal, at == last, &mut out);
            if at < last && column > 0 {
                out.push_str("=\r\n");
            }
            out
        });
        let first = literals.next().unwrap_or_default();
        Self {
            first,
            rest: segments
                .placeholders
                .iter()
                .zip(literals)
                .map(|((placeholder, context), literal)| (*placeholder, *context, literal))
                .collect(),
        }
    }

    /// Returns the length in bytes, without the values.
    pub(super) fn len(&self) -> usize {
        self.first.len() + self.rest.iter().map(|(.., literal)| literal.len()).sum::<usize>()
    }

    /// Appends the body, without a line end after it.
    pub(super) fn render(&self, values: Values<'_>, out: &mut String) {
        out.push_str(&self.first);
        for (placeholder, context, literal) in &self.rest {
            encode(&context.escape(values.get(*placeholder)), true, out);
            out.push_str(literal);
        }
    }
}

/// Appends text that starts at column 0 and returns the final column. A dot or `From ` at the start
/// of a line is encoded, so that it is not read as the end of the message or as an mbox separator.
/// White space before a line end is encoded, and with `at_end` also at the end of the text.
fn encode(text: &str, at_end: bool, out: &mut String) -> usize {
    let mut column = 0;
    let mut from = 0;
    while from < text.len() {
        let rest = &text[from..];
        if rest.starts_with("\r\n") {
            out.push_str("\r\n");
            (column, from) = (0, from + 2);
            continue;
        }
        let length = rest.chars().next().map_or(1, char::len_utf8);
        let mut literal = is_literal(rest, at_end, column);
        let mut width = if literal { 1 } else { 3 * length };
        if column + width > MAX_LINE_CHARS {
            out.push_str("=\r\n");
            column = 0;
            literal = is_literal(rest, at_end, 0);
            width = if literal { 1 } else { 3 * length };
        }
        if literal {
            out.push_str(&rest[..1]);
        } else {
            rest.bytes().take(length).for_each(|byte| push_escaped(byte, out));
        }
        column += width;
        from += length;
    }
    column
}

/// Returns `true` if the first character of `rest` may be written unencoded.
fn is_literal(rest: &str, at_end: bool, column: usize) -> bool {
    match rest.as_bytes() {
        [b' ' | b'\t'] => !at_end,
        [b' ' | b'\t', following @ ..] => !following.starts_with(b"\r\n"),
        [b'.', ..] => column > 0,
        [b'F', ..] => column > 0 || !rest.starts_with("From "),
        [byte, ..] => byte.is_ascii_graphic() && *byte != b'=',
        [] => false,
    }
}

fn push_escaped(byte: u8, out: &mut String) {
    const HEX: [char; 16] =
        ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F'];
    out.push('=');
    out.push(HEX[usize::from(byte >> 4)]);
    out.push(HEX[usize::from(byte & 15)]);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(text: &str) -> String {
        let mut out = String::new();
        encode(text, true, &mut out);
        out
    }

    #[test]
    fn characters_that_are_unsafe_at_line_edges_are_encoded() {
        assert_eq!(
            encoded(".a.b\r\n..\r\nFrom me\r\nFromage\r\na = b \r\nc\t"),
            "=2Ea.b\r\n=2E.\r\n=46rom me\r\nFromage\r\na =3D b=20\r\nc=09"
        );
        let dots = encoded(&".".repeat(200));
        assert!(dots.lines().all(|line| line.starts_with("=2E") && line.len() <= 76));
    }

    #[test]
    fn multibyte_character_is_not_split_across_lines() {
        let out = encoded(&format!("a{}", "学".repeat(30)));
        assert!(
            out.lines().all(|line| line.len() <= 76
                && line.trim_start_matches('a').matches('=').count() % 3 <= 1),
            "{out}"
        );
        assert_eq!(out.matches("=E5=AD=A6").count(), 30);
    }
}
