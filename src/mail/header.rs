//! Header values as RFC 5322 and RFC 2047 allow them, whatever the text was: nothing given here can begin a new header.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lettre::message::header::{HeaderName, HeaderValue};

/// Longest word that goes out as it is; a line could not be folded inside a longer one.
const LONGEST_WORD: usize = 60;
/// Bytes of UTF-8 in one encoded word: 33 make 44 of base64 and 56 with the frame, so that with any of our header names in
/// front of it the line stays within RFC 2047's 76.
const BYTES_PER_WORD: usize = 33;
/// Lines up to this length are not folded (RFC 5322 section 2.1.1).
const GOOD_LENGTH: usize = 78;

/// Text on one line: control characters and runs of white space become single spaces.
pub(super) fn one_line(text: &str) -> String {
    let spaced: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    spaced.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// An unstructured header (Subject and the like), folded, as encoded words where its text is not plain ASCII.
pub(super) fn text(name: &'static str, value: &str) -> HeaderValue {
    let header = HeaderName::new_from_ascii_str(name);
    let value = one_line(value);
    if is_plain(&value) {
        return HeaderValue::new(header, value);
    }
    let encoded = encoded_words(&value);
    HeaderValue::dangerous_new_pre_encoded(header, value, encoded)
}

/// A header with one mailbox; `address` has been checked by who calls.
pub(super) fn mailbox(name: &'static str, display: Option<&str>, address: &str) -> HeaderValue {
    let display = one_line(display.unwrap_or_default());
    let raw = address.to_owned();
    let shown = if display.is_empty() {
        String::new()
    } else if is_plain(&display) && display.len() <= LONGEST_WORD {
        format!("\"{}\"", display.replace('\\', "\\\\").replace('"', "\\\""))
    } else {
        encoded_words(&display)
    };
    let encoded = match shown.as_str() {
        "" => raw.clone(),
        shown if name.len() + shown.len() + raw.len() + 5 <= GOOD_LENGTH => format!("{shown} <{raw}>"),
        shown => format!("{shown}\r\n <{raw}>"),
    };
    HeaderValue::dangerous_new_pre_encoded(HeaderName::new_from_ascii_str(name), raw, encoded)
}

/// A header whose value goes out byte for byte (`List-Unsubscribe` and the like): ASCII without spaces, which could not be
/// folded, and short enough for one line; else nothing.
pub(super) fn token(name: &'static str, value: &str) -> Option<HeaderValue> {
    let sound = !value.is_empty() && value.len() <= 900 && value.bytes().all(|b| b.is_ascii_graphic());
    let header = HeaderName::new_from_ascii_str(name);
    sound.then(|| HeaderValue::dangerous_new_pre_encoded(header, value.to_owned(), value.to_owned()))
}

fn is_plain(value: &str) -> bool {
    let graphic = value.bytes().all(|b| b.is_ascii_graphic() || b == b' ');
    // "=?" would be taken for an encoded word by who reads it.
    graphic && !value.contains("=?") && value.split(' ').all(|word| word.len() <= LONGEST_WORD)
}

fn encoded_words(value: &str) -> String {
    let mut words = Vec::new();
    let mut rest = value;
    while !rest.is_empty() {
        let (piece, behind) = rest.split_at(rest.floor_char_boundary(BYTES_PER_WORD));
        words.push(format!("=?utf-8?b?{}?=", STANDARD.encode(piece)));
        rest = behind;
    }
    // White space between encoded words is not part of the text (RFC 2047 section 6.2).
    words.join("\r\n ")
}
