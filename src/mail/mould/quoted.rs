//! Quoted-printable (RFC 2045 section 6.7) with slots: pieces are encoded once, values as each mail is made.

use super::marked::{Marked, Place, Slot, Values};

/// Longest line without the `=` of a soft break.
const LINE: usize = 75;

/// Encoded pieces with slots between them, each on a line of its own.
#[derive(Debug)]
pub(super) struct Quoted {
    first: String,
    behind: Vec<(Slot, Place, String)>,
}

impl Quoted {
    /// Encodes the pieces; their lines end in CRLF.
    pub(super) fn of(marked: &Marked<'_>) -> Self {
        let last = marked.slots.len();
        let mut pieces = marked.pieces.iter().enumerate().map(|(at, piece)| {
            // A value is followed by the end of its line, a hard one if the text has it there.
            let lead = if at == 0 || piece.starts_with("\r\n") || (at == last && piece.is_empty()) {
                ""
            } else {
                "=\r\n"
            };
            let mut out = lead.to_owned();
            let column = encode(piece, at == last, &mut out);
            if at < last && column > 0 {
                out.push_str("=\r\n");
            }
            out
        });
        let first = pieces.next().unwrap_or_default();
        Self {
            first,
            behind: marked
                .slots
                .iter()
                .zip(pieces)
                .map(|((slot, place), piece)| (*slot, *place, piece))
                .collect(),
        }
    }

    /// Bytes without the values.
    pub(super) fn len(&self) -> usize {
        self.first.len() + self.behind.iter().map(|(.., piece)| piece.len()).sum::<usize>()
    }

    /// Writes the body; without a line end behind it.
    pub(super) fn pour(&self, values: Values<'_>, out: &mut String) {
        out.push_str(&self.first);
        for (slot, place, piece) in &self.behind {
            encode(&place.write(values.of(*slot)), true, out);
            out.push_str(piece);
        }
    }
}

/// Appends text that begins a line, and gives the column it ends in. Nothing at a line's beginning can be taken for the end
/// of a message or for an mbox separator; space at a line's end is encoded, at the text's own end if `ends`.
fn encode(text: &str, ends: bool, out: &mut String) -> usize {
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
        let mut literal = is_literal(rest, ends, column);
        let mut width = if literal { 1 } else { 3 * length };
        if column + width > LINE {
            out.push_str("=\r\n");
            column = 0;
            literal = is_literal(rest, ends, 0);
            width = if literal { 1 } else { 3 * length };
        }
        if literal {
            out.push_str(&rest[..1]);
        } else {
            rest.bytes().take(length).for_each(|byte| escape(byte, out));
        }
        column += width;
        from += length;
    }
    column
}

/// Whether the first character of `rest` may stand for itself.
fn is_literal(rest: &str, ends: bool, column: usize) -> bool {
    match rest.as_bytes() {
        [b' ' | b'\t'] => !ends,
        [b' ' | b'\t', behind @ ..] => !behind.starts_with(b"\r\n"),
        [b'.', ..] => column > 0,
        [b'F', ..] => column > 0 || !rest.starts_with("From "),
        [byte, ..] => byte.is_ascii_graphic() && *byte != b'=',
        [] => false,
    }
}

fn escape(byte: u8, out: &mut String) {
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
    fn what_could_be_misread_at_a_lines_edges_is_encoded() {
        assert_eq!(
            encoded(".a.b\r\n..\r\nFrom me\r\nFromage\r\na = b \r\nc\t"),
            "=2Ea.b\r\n=2E.\r\n=46rom me\r\nFromage\r\na =3D b=20\r\nc=09"
        );
        let dots = encoded(&".".repeat(200));
        assert!(dots.lines().all(|line| line.starts_with("=2E") && line.len() <= 76));
    }

    #[test]
    fn a_character_is_not_torn_apart() {
        let out = encoded(&format!("a{}", "学".repeat(30)));
        assert!(
            out.lines().all(|line| line.len() <= 76
                && line.trim_start_matches('a').matches('=').count() % 3 <= 1),
            "{out}"
        );
        assert_eq!(out.matches("=E5=AD=A6").count(), 30);
    }
}
