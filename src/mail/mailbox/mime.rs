//! Reads mails such as we make them, to show them to a person: headers, and the text and HTML of a multipart/alternative.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// Mails that others made may lack padding or have odd last bits.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);
/// Parts within parts are followed this deep.
const DEEPEST: usize = 5;

/// A mail taken apart.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Read {
    /// Names and decoded values, in their order.
    pub headers: Vec<(String, String)>,
    /// The first text/plain part; empty if there is none.
    pub text: String,
    /// The first text/html part; empty if there is none.
    pub html: String,
}

impl Read {
    /// The first header of a name, in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        find(&self.headers, name)
    }
}

/// Takes any bytes apart as a mail; what is not understood is left out.
pub fn read(raw: &[u8]) -> Read {
    let (headers, body) = split(raw);
    let mut read = Read::default();
    collect(&headers, body, DEEPEST, &mut read);
    read.headers = headers.into_iter().map(|(name, value)| (name, decoded_words(&value))).collect();
    read
}

fn collect(headers: &[(String, String)], body: &[u8], depth: usize, into: &mut Read) {
    let kind = find(headers, "Content-Type").unwrap_or("text/plain").to_owned();
    let media = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if media.starts_with("multipart/") {
        let Some(boundary) = parameter(&kind, "boundary").filter(|b| !b.is_empty()) else { return };
        if depth > 0 {
            for part in parts(body, &boundary) {
                let (headers, body) = split(part);
                collect(&headers, body, depth - 1, into);
            }
        }
        return;
    }
    let slot = match media.as_str() {
        "text/plain" => &mut into.text,
        "text/html" => &mut into.html,
        _ => return,
    };
    if slot.is_empty() {
        let encoding = find(headers, "Content-Transfer-Encoding")
            .unwrap_or_default()
            .trim()
            .to_ascii_lowercase();
        let bytes = match encoding.as_str() {
            "base64" => base64(body),
            "quoted-printable" => quoted_printable(body),
            _ => body.to_vec(),
        };
        *slot = String::from_utf8_lossy(&bytes).into_owned();
    }
}

/// Headers, unfolded but not decoded, and the body behind the empty line.
fn split(raw: &[u8]) -> (Vec<(String, String)>, &[u8]) {
    let mut headers: Vec<(String, String)> = Vec::new();
    let mut rest = raw;
    while !rest.is_empty() {
        let end = rest.iter().position(|b| *b == b'\n').map_or(rest.len(), |at| at + 1);
        let (line, behind) = rest.split_at(end);
        rest = behind;
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

fn find<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
}

fn parameter(value: &str, name: &str) -> Option<String> {
    value.split(';').skip(1).find_map(|p| {
        let (key, value) = p.split_once('=')?;
        key.trim().eq_ignore_ascii_case(name).then(|| value.trim().trim_matches('"').to_owned())
    })
}

/// The parts between the lines of a boundary (RFC 2046 section 5.1); the line end before a boundary belongs to it.
fn parts<'a>(body: &'a [u8], boundary: &str) -> Vec<&'a [u8]> {
    let delimiter = format!("--{boundary}");
    let mut parts = Vec::new();
    let mut begun: Option<usize> = None;
    let mut at = 0;
    for line in body.split_inclusive(|b| *b == b'\n') {
        if let Some(behind) = line.strip_prefix(delimiter.as_bytes()) {
            let last = behind.starts_with(b"--");
            if last || behind.trim_ascii().is_empty() {
                if let Some(from) = begun {
                    let part = &body[from..at];
                    let part = part.strip_suffix(b"\n").unwrap_or(part);
                    parts.push(part.strip_suffix(b"\r").unwrap_or(part));
                }
                begun = (!last).then_some(at + line.len());
                if last {
                    break;
                }
            }
        }
        at += line.len();
    }
    parts
}

fn base64(body: &[u8]) -> Vec<u8> {
    let clean: Vec<u8> = body
        .iter()
        .copied()
        .filter(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/'))
        .collect();
    LENIENT.decode(clean).unwrap_or_default()
}

/// RFC 2045 section 6.7; what is not an escape stays as it is.
fn quoted_printable(body: &[u8]) -> Vec<u8> {
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
    while let Some((first, behind)) = rest.split_first() {
        let digits = behind.get(..2).and_then(|d| Some((hex(d[0])?, hex(d[1])?)));
        match digits {
            Some((high, low)) if *first == b'=' => {
                out.push(high * 16 + low);
                rest = &behind[2..];
            }
            _ => {
                out.push(*first);
                rest = behind;
            }
        }
    }
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|d| u8::try_from(d).ok())
}

/// Text with its encoded words (RFC 2047) as what they mean; adjacent ones join without the space between them.
pub fn decoded_words(value: &str) -> String {
    let mut out = String::new();
    let mut bytes: Vec<u8> = Vec::new();
    let mut rest = value;
    while let Some(at) = rest.find("=?") {
        let between = &rest[..at];
        if bytes.is_empty() || !between.trim().is_empty() {
            flush(&mut bytes, &mut out);
            out.push_str(between);
        }
        if let Some((decoded, behind)) = encoded_word(&rest[at..]) {
            bytes.extend_from_slice(&decoded);
            rest = behind;
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

/// Characters may be cut between two words by other programs, so bytes are joined before they become text.
fn flush(bytes: &mut Vec<u8>, out: &mut String) {
    out.push_str(&String::from_utf8_lossy(bytes));
    bytes.clear();
}

/// The bytes of one encoded word in UTF-8 or ASCII, and what stands behind it.
fn encoded_word(text: &str) -> Option<(Vec<u8>, &str)> {
    let mut fields = text.strip_prefix("=?")?.splitn(3, '?');
    let (charset, encoding, tail) = (fields.next()?, fields.next()?, fields.next()?);
    let (payload, behind) = tail.split_once("?=")?;
    let known = charset.eq_ignore_ascii_case("utf-8") || charset.eq_ignore_ascii_case("us-ascii");
    let sound = known && !payload.contains([' ', '?']);
    let decoded = match encoding {
        "b" | "B" => base64(payload.as_bytes()),
        "q" | "Q" => {
            let mut out = Vec::new();
            unescape(payload.replace('_', " ").as_bytes(), &mut out);
            out
        }
        _ => return None,
    };
    sound.then_some((decoded, behind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encoded_words_become_text() {
        assert_eq!(decoded_words("=?utf-8?b?5a2m?=  =?UTF-8?Q?=E9=99=A2_a?= b"), "学院 a b");
        assert_eq!(decoded_words("a =?utf-8?x?y?= =?"), "a =?utf-8?x?y?= =?");
    }

    #[test]
    fn parts_are_found_and_decoded() {
        let mail = b"A: 1\r\nContent-Type: multipart/alternative;\r\n boundary=\"x\"\r\n\r\n--x\r\nContent-Type: text/plain\r\n\
            Content-Transfer-Encoding: quoted-printable\r\n\r\na=3Db=\r\nc\r\n--x\r\nContent-Type: text/html; charset=utf-8\r\n\
            Content-Transfer-Encoding: base64\r\n\r\nPGI+\r\n--x--\r\n";
        let read = read(mail);
        assert_eq!(
            (read.text.as_str(), read.html.as_str(), read.header("a")),
            ("a=bc", "<b>", Some("1"))
        );
    }

    proptest::proptest! {
        #[test]
        fn foreign_bytes_do_no_harm(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..400)) {
            read(&bytes);
            let mut mail = b"Content-Type: multipart/x; boundary=a\n\n--a\nContent-Transfer-Encoding: quoted-printable\n\n".to_vec();
            mail.extend_from_slice(&bytes);
            read(&mail);
        }

        #[test]
        fn foreign_words_do_no_harm(text in "[=?utf8bq_ A-F0-9é-]{0,60}") {
            decoded_words(&text);
        }
    }
}
