//! Header values as RFC 5322 and RFC 2047 allow them, whatever the text was: nothing given here can begin a new header.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lettre::message::header::{HeaderName, HeaderValue, Headers};

use crate::domain::characters::one_line;

/// Longest word that goes out as it is; a line could not be folded inside a longer one.
const LONGEST_WORD: usize = 60;
/// Bytes of UTF-8 in one encoded word: 33 make 44 of base64 and 56 with the frame, so that with any of our header names in
/// front of it the line stays within RFC 2047's 76.
const BYTES_PER_WORD: usize = 33;
/// Lines up to this length are not folded (RFC 5322 section 2.1.1).
const GOOD_LENGTH: usize = 78;

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
    let value = mailbox_value(name, display, address);
    // The library reads the bare address back for an envelope.
    HeaderValue::dangerous_new_pre_encoded(
        HeaderName::new_from_ascii_str(name),
        address.to_owned(),
        value,
    )
}

/// The value of such a header as it goes out.
pub(super) fn mailbox_value(name: &str, display: Option<&str>, address: &str) -> String {
    let display = one_line(display.unwrap_or_default());
    let shown = if display.is_empty() {
        String::new()
    } else if is_plain(&display) && display.len() <= LONGEST_WORD {
        format!("\"{}\"", display.replace('\\', "\\\\").replace('"', "\\\""))
    } else {
        encoded_words(&display)
    };
    match shown.as_str() {
        "" => address.to_owned(),
        shown if name.len() + shown.len() + address.len() + 5 <= GOOD_LENGTH => {
            format!("{shown} <{address}>")
        }
        shown => format!("{shown}\r\n <{address}>"),
    }
}

/// Whether a value can go out byte for byte (`List-Unsubscribe` and the like): ASCII without spaces, which could not be
/// folded, and short enough for one line.
pub(super) fn is_token(value: &str) -> bool {
    !value.is_empty() && value.len() <= 900 && value.bytes().all(|b| b.is_ascii_graphic())
}

/// A header whose value is already as it goes out.
pub(super) fn encoded(name: &'static str, value: String) -> HeaderValue {
    HeaderValue::dangerous_new_pre_encoded(
        HeaderName::new_from_ascii_str(name),
        value.clone(),
        value,
    )
}

/// Headers as they go out, each with its line end.
pub(super) fn lines(values: impl IntoIterator<Item = HeaderValue>) -> String {
    let mut headers = Headers::new();
    values.into_iter().for_each(|value| headers.insert_raw(value));
    headers.to_string()
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
