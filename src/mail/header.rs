//! Header values encoded by RFC 5322 and RFC 2047; no input text can start a new header.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lettre::message::header::{HeaderName, HeaderValue, Headers};

use crate::domain::text_repair::one_line;

/// Longest word that is written unencoded, in bytes; a line cannot be folded inside a word.
const MAX_LITERAL_WORD: usize = 60;
/// Bytes of UTF-8 in one encoded word. 33 bytes make 44 characters of base64 and 56 with the
/// delimiters; with the longest of our header names the line stays within the 76 characters of RFC
/// 2047.
const BYTES_PER_ENCODED_WORD: usize = 33;
/// Longest line that is not folded, in characters (RFC 5322 section 2.1.1).
const RECOMMENDED_LINE_LENGTH: usize = 78;

/// Returns an unstructured header (`Subject` for example), folded, with encoded words if the text
/// is not plain ASCII.
pub(super) fn unstructured(name: &'static str, value: &str) -> HeaderValue {
    let header = HeaderName::new_from_ascii_str(name);
    let value = one_line(value);
    if is_plain(&value) {
        return HeaderValue::new(header, value);
    }
    let encoded = encode_words(&value);
    HeaderValue::dangerous_new_pre_encoded(header, value, encoded)
}

/// Returns a header with one mailbox. The caller must have validated `address`.
pub(super) fn mailbox(name: &'static str, display: Option<&str>, address: &str) -> HeaderValue {
    let value = mailbox_value(name, display, address);
    // Lettre derives the envelope from the raw value, which is therefore the bare address.
    HeaderValue::dangerous_new_pre_encoded(
        HeaderName::new_from_ascii_str(name),
        address.to_owned(),
        value,
    )
}

/// Returns the encoded value of a header with one mailbox.
pub(super) fn mailbox_value(name: &str, display: Option<&str>, address: &str) -> String {
    let display = one_line(display.unwrap_or_default());
    let phrase = if display.is_empty() {
        String::new()
    } else if is_plain(&display) && display.len() <= MAX_LITERAL_WORD {
        format!("\"{}\"", display.replace('\\', "\\\\").replace('"', "\\\""))
    } else {
        encode_words(&display)
    };
    match phrase.as_str() {
        "" => address.to_owned(),
        phrase if name.len() + phrase.len() + address.len() + 5 <= RECOMMENDED_LINE_LENGTH => {
            format!("{phrase} <{address}>")
        }
        phrase => format!("{phrase}\r\n <{address}>"),
    }
}

/// Returns `true` if the value can be written as it is (`List-Unsubscribe` for example): ASCII
/// without spaces, which needs no folding and is short enough for one line.
pub(super) fn fits_unfolded(value: &str) -> bool {
    !value.is_empty() && value.len() <= 900 && value.bytes().all(|b| b.is_ascii_graphic())
}

/// Returns a header whose value is already encoded.
pub(super) fn pre_encoded(name: &'static str, value: String) -> HeaderValue {
    HeaderValue::dangerous_new_pre_encoded(
        HeaderName::new_from_ascii_str(name),
        value.clone(),
        value,
    )
}

/// Formats the headers, each with its line end.
pub(super) fn to_lines(values: impl IntoIterator<Item = HeaderValue>) -> String {
    let mut headers = Headers::new();
    values.into_iter().for_each(|value| headers.insert_raw(value));
    headers.to_string()
}

fn is_plain(value: &str) -> bool {
    let graphic = value.bytes().all(|b| b.is_ascii_graphic() || b == b' ');
    // A reader would take "=?" for the start of an encoded word.
    graphic && !value.contains("=?") && value.split(' ').all(|word| word.len() <= MAX_LITERAL_WORD)
}

fn encode_words(value: &str) -> String {
    let mut words = Vec::new();
    let mut rest = value;
    while !rest.is_empty() {
        let (chunk, remainder) = rest.split_at(rest.floor_char_boundary(BYTES_PER_ENCODED_WORD));
        words.push(format!("=?utf-8?b?{}?=", STANDARD.encode(chunk)));
        rest = remainder;
    }
    // Readers ignore white space between encoded words (RFC 2047 section 6.2).
    words.join("\r\n ")
}
