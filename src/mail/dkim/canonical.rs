//! Relaxed canonicalization of DKIM for bodies and header fields (RFC 6376 section 3.4).

use std::borrow::Cow;

const LINE_END: &[u8] = b"\r\n";
/// Bytes that are compared together; a block without changes costs only a few instructions.
const BLOCK_BYTES: usize = 64;

/// Returns a body in relaxed form; its lines must end in CRLF. Copies only if white space within it
/// changes.
pub(super) fn body(body: &[u8]) -> Cow<'_, [u8]> {
    let Some(first) = next_change(body, 0) else {
        let trimmed = strip_trailing_line_ends(body);
        return match body.get(..trimmed.len() + LINE_END.len()) {
            _ if trimmed.is_empty() => Cow::Borrowed(trimmed),
            Some(ended) => Cow::Borrowed(ended),
            None => Cow::Owned([trimmed, LINE_END].concat()),
        };
    };
    let mut relaxed = Vec::with_capacity(body.len() + LINE_END.len());
    let (mut copied, mut change) = (0, Some(first));
    while let Some(at) = change {
        relaxed.extend_from_slice(&body[copied..at]);
        copied = at + body[at..].iter().take_while(|b| is_wsp(**b)).count();
        let rest = &body[copied..];
        if !rest.is_empty() && !rest.starts_with(LINE_END) {
            relaxed.push(b' ');
        }
        change = next_change(body, copied);
    }
    relaxed.extend_from_slice(&body[copied..]);
    relaxed.truncate(strip_trailing_line_ends(&relaxed).len());
    if !relaxed.is_empty() {
        relaxed.extend_from_slice(LINE_END);
    }
    Cow::Owned(relaxed)
}

/// Returns the offset of the next white space that must change: any except a single space inside a
/// line.
fn next_change(body: &[u8], from: usize) -> Option<usize> {
    // No short-circuit evaluation, so that the compiler can vectorize the block.
    let changes = |(this, next): (&u8, &u8)| {
        (*this == b'\t')
            | ((*this == b' ') & ((*next == b' ') | (*next == b'\t') | (*next == b'\r')))
    };
    let last = body.len().checked_sub(1)?;
    let mut at = from;
    while at < last {
        let end = (at + BLOCK_BYTES).min(last);
        let pairs = || body[at..end].iter().zip(&body[at + 1..=end]);
        if pairs().fold(false, |any, pair| any | changes(pair)) {
            return pairs().position(changes).map(|offset| at + offset);
        }
        at = end;
    }
    (last >= from && is_wsp(body[last])).then_some(last)
}

fn strip_trailing_line_ends(mut body: &[u8]) -> &[u8] {
    while let Some(rest) = body.strip_suffix(LINE_END) {
        body = rest;
    }
    body
}

fn is_wsp(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// Appends a header field in relaxed form, without a line end. `field` may be folded and has no
/// line end either.
pub(super) fn field(field: &str, relaxed: &mut Vec<u8>) {
    let (name, value) = field.split_once(':').unwrap_or((field, ""));
    relaxed.extend(name.trim_end().bytes().map(|b| b.to_ascii_lowercase()));
    relaxed.push(b':');
    let start = relaxed.len();
    let mut pending_space = false;
    for byte in value.split("\r\n").flat_map(str::bytes) {
        if is_wsp(byte) {
            pending_space = true;
            continue;
        }
        if pending_space && relaxed.len() > start {
            relaxed.push(b' ');
        }
        pending_space = false;
        relaxed.push(byte);
    }
}

/// Splits a header section into its fields, each unchanged with its folds but without its line end.
pub(super) fn split_fields(head: &str) -> Vec<&str> {
    let mut fields = Vec::new();
    let (mut start, mut line) = (0, 0);
    for text in head.split_inclusive("\r\n") {
        if line > start && !text.starts_with([' ', '\t']) {
            fields.push(&head[start..line]);
            start = line;
        }
        line += text.len();
    }
    fields.push(&head[start..]);
    fields.iter_mut().for_each(|field| *field = field.trim_end_matches("\r\n"));
    fields.retain(|field| !field.is_empty());
    fields
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn relaxed(text: &str) -> String {
        String::from_utf8(body(text.as_bytes()).into_owned()).unwrap()
    }

    fn relaxed_field(text: &str) -> String {
        let mut out = Vec::new();
        field(text, &mut out);
        String::from_utf8(out).unwrap()
    }

    /// Reference implementation, line by line and as literal as the RFC.
    fn naive(text: &str) -> String {
        let mut lines: Vec<String> = Vec::new();
        for line in text.split("\r\n") {
            let mut shorter = line.replace('\t', " ");
            while shorter.contains("  ") {
                shorter = shorter.replace("  ", " ");
            }
            lines.push(shorter.trim_end_matches(' ').to_owned());
        }
        while lines.last().is_some_and(String::is_empty) {
            lines.pop();
        }
        lines.into_iter().map(|line| line + "\r\n").collect()
    }

    #[test]
    fn examples_of_rfc_6376_are_reproduced() {
        assert_eq!(relaxed(" C \r\nD \t E\r\n\r\n\r\n"), " C\r\nD E\r\n");
        assert_eq!(relaxed_field("A: X"), "a:X");
        assert_eq!(relaxed_field("B : Y\t\r\n\tZ  "), "b:Y Z");
    }

    #[test]
    fn relaxed_body_ends_in_one_line_end_or_is_empty() {
        for (text, expected) in [
            ("", ""),
            ("\r\n", ""),
            ("\r\n \t\r\n", ""),
            ("a", "a\r\n"),
            ("a ", "a\r\n"),
            ("a\r\n\r\n", "a\r\n"),
            ("\r\na", "\r\na\r\n"),
        ] {
            assert_eq!(relaxed(text), expected, "{text:?}");
        }
        let plain = "a b\r\n".repeat(100);
        assert!(
            matches!(body(plain.as_bytes()), Cow::Borrowed(_)),
            "a body without changes is not copied"
        );
    }

    #[test]
    fn header_fields_are_split_at_unfolded_lines() {
        assert_eq!(
            split_fields("A: 1\r\nB: 2\r\n 3\r\n\t4\r\nC:\r\n"),
            ["A: 1", "B: 2\r\n 3\r\n\t4", "C:"]
        );
        assert!(split_fields("").is_empty());
    }

    proptest! {
        #[test]
        fn fast_and_naive_canonicalization_agree(
            pieces in prop::collection::vec(prop::sample::select(vec![" ", "  ", "\t", "\r\n", "\r", "\n", "a", "é", "0123456789abcdef"]), 0..200),
        ) {
            let text = pieces.concat();
            prop_assert_eq!(relaxed(&text), naive(&text));
        }

        #[test]
        fn canonicalization_accepts_any_text(text in any::<String>()) {
            prop_assert_eq!(relaxed(&text), naive(&text));
            split_fields(&text);
            relaxed_field(&text);
        }
    }
}
