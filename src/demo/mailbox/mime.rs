//! MIME parser for messages as Courant writes them: headers, and text and HTML of a
//! multipart/alternative.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// Messages of other programs may lack padding or have nonzero trailing bits.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);
/// Maximum depth of nested parts.
const MAX_DEPTH: usize = 5;

/// Parsed mail, decoded to text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ParsedMail {
    /// Names and decoded values of all headers, in their original order.
    pub headers: Vec<(String, String)>,
    /// First text/plain part; empty if there is none.
    pub text: String,
    /// First text/html part; empty if there is none.
    pub html: String,
}

impl ParsedMail {
    /// Returns the first header of this name, ignoring case.
    pub fn header(&self, name: &str) -> Option<&str> {
        find_header(&self.headers, name)
    }
}

/// Parses any bytes as a message; malformed parts are skipped.
pub fn parse(raw: &[u8]) -> ParsedMail {
    let (headers, body) = split_message(raw);
    let mut parsed = ParsedMail::default();
    collect_parts(&headers, body, MAX_DEPTH, &mut parsed);
    parsed.headers =
        headers.into_iter().map(|(name, value)| (name, decode_words(&value))).collect();
    parsed
}

fn collect_parts(headers: &[(String, String)], body: &[u8], depth: usize, parsed: &mut ParsedMail) {
    let content_type = find_header(headers, "Content-Type").unwrap_or("text/plain").to_owned();
    let media_type = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if media_type.starts_with("multipart/") {
        let Some(boundary) = parameter(&content_type, "boundary").filter(|b| !b.is_empty()) else {
            return;
        };
        if depth > 0 {
            for part in split_parts(body, &boundary) {
                let (headers, body) = split_message(part);
                collect_parts(&headers, body, depth - 1, parsed);
            }
        }
        return;
    }
    let target = match media_type.as_str() {
        "text/plain" => &mut parsed.text,
        "text/html" => &mut parsed.html,
        _ => return,
    };
    if target.is_empty() {
        let encoding = find_header(headers, "Content-Transfer-Encoding")
            .unwrap_or_default()
            .trim()
            .to_ascii_lowercase();
        let bytes = match encoding.as_str() {
            "base64" => decode_base64(body),
            "quoted-printable" => decode_quoted_printable(body),
            _ => body.to_vec(),
        };
        *target = String::from_utf8_lossy(&bytes).into_owned();
    }
}

/// Returns the headers, unfolded but not decoded, and the body after the empty line.
fn split_message(raw: &[u8]) -> (Vec<(String, String)>, &[u8]) {
    let mut headers: Vec<(String, String)> = Vec::new();
    let mut rest = raw;
    while !rest.is_empty() {
        let end = rest.iter().position(|b| *b == b'\n').map_or(rest.len(), |at| at + 1);
        let (line, remainder) = rest.split_at(end);
        rest = remainder;
        let line = String::from_utf8_lossy(line);
        let line = line.trim_end_matches(['\r', '\n']);
        if line.is_empty() {
            break;
        }
        if line.starts_with([' ', '\t']) {
            if let Some((_, value)) = headers.last_mut() {
                value.push(' ');
                value.push_str(line.trim_start());
            }
        } else if let Some((name, value)) = line.split_once(':') {
            headers.push((name.trim().to_owned(), value.trim().to_owned()));
        }
    }
    (headers, rest)
}

fn find_header<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
}

fn parameter(value: &str, name: &str) -> Option<String> {
    value.split(';').skip(1).find_map(|p| {
        let (key, value) = p.split_once('=')?;
        key.trim().eq_ignore_ascii_case(name).then(|| value.trim().trim_matches('"').to_owned())
    })
}

/// Returns the parts between the boundary lines (RFC 2046 section 5.1); the line end before a
/// boundary belongs to the boundary.
fn split_parts<'a>(body: &'a [u8], boundary: &str) -> Vec<&'a [u8]> {
    let delimiter = format!("--{boundary}");
    let mut found = Vec::new();
    let mut part_start: Option<usize> = None;
    let mut at = 0;
    for line in body.split_inclusive(|b| *b == b'\n') {
        if let Some(suffix) = line.strip_prefix(delimiter.as_bytes()) {
            let last = suffix.starts_with(b"--");
            if last || suffix.trim_ascii().is_empty() {
                if let Some(from) = part_start {
                    let part = &body[from..at];
                    let part = part.strip_suffix(b"\n").unwrap_or(part);
                    found.push(part.strip_suffix(b"\r").unwrap_or(part));
                }
                part_start = (!last).then_some(at + line.len());
                if last {
                    break;
                }
            }
        }
        at += line.len();
    }
    found
}

fn decode_base64(body: &[u8]) -> Vec<u8> {
    let clean: Vec<u8> = body
        .iter()
        .copied()
        .filter(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/'))
        .collect();
    LENIENT.decode(clean).unwrap_or_default()
}

/// Decodes quoted-printable (RFC 2045 section 6.7); invalid escapes are kept unchanged.
fn decode_quoted_printable(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len());
    for line in body.split_inclusive(|b| *b == b'\n') {
        let text = line.strip_suffix(b"\n").unwrap_or(line);
        let text = text.strip_suffix(b"\r").unwrap_or(text).trim_ascii_end();
        let (text, soft) = text.strip_suffix(b"=").map_or((text, false), |t| (t, true));
        unescape(text, &mut out);
        if !soft && line.ends_with(b"\n") {
            out.extend_from_slice(b"\r\n");
        }
    }
    out
}

fn unescape(text: &[u8], out: &mut Vec<u8>) {
    let mut rest = text;
    while let Some((first, remainder)) = rest.split_first() {
        let digits = remainder.get(..2).and_then(|d| Some((hex_digit(d[0])?, hex_digit(d[1])?)));
        match digits {
            Some((high, low)) if *first == b'=' => {
                out.push(high * 16 + low);
                rest = &remainder[2..];
            }
            _ => {
                out.push(*first);
                rest = remainder;
            }
        }
    }
}

fn hex_digit(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|d| u8::try_from(d).ok())
}

/// Decodes the encoded words of a header value (RFC 2047); white space between adjacent ones is
/// removed.
pub fn decode_words(value: &str) -> String {
    let mut out = String::new();
    let mut bytes: Vec<u8> = Vec::new();
    let mut rest = value;
    while let Some(at) = rest.find("=?") {
        let between = &rest[..at];
        if bytes.is_empty() || !between.trim().is_empty() {
            flush(&mut bytes, &mut out);
            out.push_str(between);
        }
        if let Some((decoded, remainder)) = parse_encoded_word(&rest[at..]) {
            bytes.extend_from_slice(&decoded);
            rest = remainder;
        } else {
            flush(&mut bytes, &mut out);
            out.push_str("=?");
            rest = &rest[at + 2..];
        }
    }
    flush(&mut bytes, &mut out);
    out.push_str(rest);
    out
}

/// Other programs may split a character between two words, so bytes are joined before decoding.
fn flush(bytes: &mut Vec<u8>, out: &mut String) {
    out.push_str(&String::from_utf8_lossy(bytes));
    bytes.clear();
}

/// Returns the bytes of one encoded word in UTF-8 or ASCII, and the text after it.
fn parse_encoded_word(text: &str) -> Option<(Vec<u8>, &str)> {
    let mut fields = text.strip_prefix("=?")?.splitn(3, '?');
    let (charset, encoding, tail) = (fields.next()?, fields.next()?, fields.next()?);
    let (payload, rest) = tail.split_once("?=")?;
    let known_charset =
        charset.eq_ignore_ascii_case("utf-8") || charset.eq_ignore_ascii_case("us-ascii");
    let is_valid = known_charset && !payload.contains([' ', '?']);
    let decoded = match encoding {
        "b" | "B" => decode_base64(payload.as_bytes()),
        "q" | "Q" => {
            let mut out = Vec::new();
            unescape(payload.replace('_', " ").as_bytes(), &mut out);
            out
        }
        _ => return None,
    };
    is_valid.then_some((decoded, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encoded_words_are_decoded() {
        assert_eq!(decode_words("=?utf-8?b?5a2m?=  =?UTF-8?Q?=E9=99=A2_a?= b"), "学院 a b");
        assert_eq!(decode_words("a =?utf-8?x?y?= =?"), "a =?utf-8?x?y?= =?");
    }

    #[test]
    fn parts_are_found_and_decoded() {
        let mail = b"A: 1\r\nContent-Type: multipart/alternative;\r\n boundary=\"x\"\r\n\r\n--x\r\nContent-Type: text/plain\r\n\
            Content-Transfer-Encoding: quoted-printable\r\n\r\na=3Db=\r\nc\r\n--x\r\nContent-Type: text/html; charset=utf-8\r\n\
            Content-Transfer-Encoding: base64\r\n\r\nPGI+\r\n--x--\r\n";
        let parsed = parse(mail);
        assert_eq!(
            (parsed.text.as_str(), parsed.html.as_str(), parsed.header("a")),
            ("a=bc", "<b>", Some("1"))
        );
    }

    proptest::proptest! {
        #[test]
        fn parser_accepts_arbitrary_bytes(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..400)) {
            parse(&bytes);
            let mut mail = b"Content-Type: multipart/x; boundary=a\n\n--a\nContent-Transfer-Encoding: quoted-printable\n\n".to_vec();
            mail.extend_from_slice(&bytes);
            parse(&mail);
        }

        #[test]
        fn decoder_accepts_arbitrary_encoded_words(text in "[=?utf8bq_ A-F0-9é-]{0,60}") {
            decode_words(&text);
        }
    }
}
