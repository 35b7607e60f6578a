//! DKIM's "relaxed" forms of a body and of a header field (RFC 6376 section 3.4).

use std::borrow::Cow;

const LINE_END: &[u8] = b"\r\n";
/// Bytes that are looked at together: a block in which nothing changes costs a few instructions.
const BLOCK: usize = 64;

/// A body whose lines end in CRLF, in relaxed form; copied only where white space within it changes.
pub(super) fn body(body: &[u8]) -> Cow<'_, [u8]> {
    let Some(first) = next_change(body, 0) else {
        let kept = without_empty_lines(body);
        return match body.get(..kept.len() + LINE_END.len()) {
            _ if kept.is_empty() => Cow::Borrowed(kept),
            Some(ended) => Cow::Borrowed(ended),
            None => Cow::Owned([kept, LINE_END].concat()),
        };
    };
    let mut relaxed = Vec::with_capacity(body.len() + LINE_END.len());
    let (mut copied, mut change) = (0, Some(first));
    while let Some(at) = change {
        relaxed.extend_from_slice(&body[copied..at]);
        copied = at + body[at..].iter().take_while(|b| is_white(**b)).count();
        let rest = &body[copied..];
        if !rest.is_empty() && !rest.starts_with(LINE_END) {
            relaxed.push(b' ');
        }
        change = next_change(body, copied);
    }
    relaxed.extend_from_slice(&body[copied..]);
    relaxed.truncate(without_empty_lines(&relaxed).len());
    if !relaxed.is_empty() {
        relaxed.extend_from_slice(LINE_END);
    }
    Cow::Owned(relaxed)
}

/// Where the next white space begins that may not stay as it is: all but a single space inside a line.
fn next_change(body: &[u8], from: usize) -> Option<usize> {
    // Without short cuts, so that the compiler can look at a whole block at once.
    let changes = |(this, next): (&u8, &u8)| {
        (*this == b'\t')
            | ((*this == b' ') & ((*next == b' ') | (*next == b'\t') | (*next == b'\r')))
    };
    let last = body.len().checked_sub(1)?;
    let mut at = from;
    while at < last {
        let end = (at + BLOCK).min(last);
        let pairs = || body[at..end].iter().zip(&body[at + 1..=end]);
        if pairs().fold(false, |any, pair| any | changes(pair)) {
            return pairs().position(changes).map(|offset| at + offset);
        }
        at = end;
    }
    (last >= from && is_white(body[last])).then_some(last)
}

fn without_empty_lines(mut body: &[u8]) -> &[u8] {
    while let Some(rest) = body.strip_suffix(LINE_END) {
        body = rest;
    }
    body
}

fn is_white(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// Adds a header field in relaxed form, without a line end; `field` may be folded and has none at its end either.
pub(super) fn field(field: &str, relaxed: &mut Vec<u8>) {
    let (name, value) = field.split_once(':').unwrap_or((field, ""));
    relaxed.extend(name.trim_end().bytes().map(|b| b.to_ascii_lowercase()));
    relaxed.push(b':');
    let begin = relaxed.len();
    let mut spaced = false;
    for byte in value.split("\r\n").flat_map(str::bytes) {
        if is_white(byte) {
            spaced = true;
            continue;
        }
        if spaced && relaxed.len() > begin {
            relaxed.push(b' ');
        }
        spaced = false;
        relaxed.push(byte);
    }
}

/// The fields of a header section, each as it stands there, folds and all, without its line end.
pub(super) fn fields(head: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let (mut begin, mut line) = (0, 0);
    for text in head.split_inclusive("\r\n") {
        if line > begin && !text.starts_with([' ', '\t']) {
            found.push(&head[begin..line]);
            begin = line;
        }
        line += text.len();
    }
    found.push(&head[begin..]);
    found.iter_mut().for_each(|field| *field = field.trim_end_matches("\r\n"));
    found.retain(|field| !field.is_empty());
    found
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

    /// The same, line by line and as slowly as the RFC's words are written.
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
    fn the_examples_of_rfc_6376_come_out() {
        assert_eq!(relaxed(" C \r\nD \t E\r\n\r\n\r\n"), " C\r\nD E\r\n");
        assert_eq!(relaxed_field("A: X"), "a:X");
        assert_eq!(relaxed_field("B : Y\t\r\n\tZ  "), "b:Y Z");
    }

    #[test]
    fn a_body_ends_in_one_line_end_or_is_empty() {
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
            "nothing to change, nothing to copy"
        );
    }

    #[test]
    fn fields_are_taken_apart_at_lines_that_do_not_begin_with_white_space() {
        assert_eq!(
            fields("A: 1\r\nB: 2\r\n 3\r\n\t4\r\nC:\r\n"),
            ["A: 1", "B: 2\r\n 3\r\n\t4", "C:"]
        );
        assert!(fields("").is_empty());
    }

    proptest! {
        #[test]
        fn fast_and_naive_agree(
            pieces in prop::collection::vec(prop::sample::select(vec![" ", "  ", "\t", "\r\n", "\r", "\n", "a", "é", "0123456789abcdef"]), 0..200),
        ) {
            let text = pieces.concat();
            prop_assert_eq!(relaxed(&text), naive(&text));
        }

        #[test]
        fn any_text_is_taken(text in any::<String>()) {
            prop_assert_eq!(relaxed(&text), naive(&text));
            fields(&text);
            relaxed_field(&text);
        }
    }
}
