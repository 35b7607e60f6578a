//! Encoding and separator of a CSV file: as a person names them, and as they are shown.

use encoding_rs::{Encoding, REPLACEMENT, X_USER_DEFINED};

/// Encoding and separator that are not to be recognized from the file.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct CsvSettings {
    /// Encoding of the file; `None` to recognize it.
    pub(crate) encoding: Option<&'static Encoding>,
    /// Character between the fields; `None` to recognize it.
    pub(crate) separator: Option<u8>,
}

impl CsvSettings {
    /// Parses the names of an encoding and a separator.
    ///
    /// # Errors
    /// One sentence about a name that is not known.
    pub(crate) fn parse(encoding: Option<&str>, separator: Option<&str>) -> Result<Self, String> {
        Ok(Self {
            encoding: encoding.map(parse_encoding).transpose()?,
            separator: separator.map(parse_separator).transpose()?,
        })
    }
}

/// Words for separators that are hard to type.
const SEPARATOR_WORDS: [(&str, u8); 5] =
    [("comma", b','), ("semicolon", b';'), ("tab", b'\t'), ("pipe", b'|'), ("\\t", b'\t')];

/// Parses the name of an encoding, such as `utf-8`, `gb18030`, `big5` or `windows-1252`.
///
/// # Errors
/// One sentence with examples.
fn parse_encoding(name: &str) -> Result<&'static Encoding, String> {
    Encoding::for_label(name.trim().as_bytes())
        .filter(|encoding| *encoding != REPLACEMENT && *encoding != X_USER_DEFINED)
        .ok_or_else(|| {
            format!(
                "{name:?} is not a known encoding; use for example utf-8, utf-16le, gb18030, big5, shift_jis or windows-1252"
            )
        })
}

/// Parses a separator: one ASCII character, or the word for it.
///
/// # Errors
/// One sentence with the words.
fn parse_separator(text: &str) -> Result<u8, String> {
    let word = text.trim().to_lowercase();
    if let Some((_, separator)) = SEPARATOR_WORDS.iter().find(|(name, _)| *name == word) {
        return Ok(*separator);
    }
    match text.as_bytes() {
        [byte]
            if byte.is_ascii() && !byte.is_ascii_alphanumeric() && !b"\"\r\n\0".contains(byte) =>
        {
            Ok(*byte)
        }
        _ => Err(format!(
            "{text:?} is not a valid delimiter; use comma, semicolon, tab, pipe or one character that is not a letter or digit"
        )),
    }
}

/// Returns the word for a separator, or the separator itself; [`parse_separator`] parses both.
pub(crate) fn separator_word(separator: u8) -> String {
    let word = SEPARATOR_WORDS.iter().find(|(_, byte)| *byte == separator);
    word.map_or_else(|| char::from(separator).to_string(), |(word, _)| (*word).to_owned())
}

/// Returns a separator for a sentence.
pub(super) fn separator_name(separator: u8) -> String {
    match separator {
        b',' => "a comma".to_owned(),
        b';' => "a semicolon".to_owned(),
        b'\t' => "a tab".to_owned(),
        other => format!("{:?}", char::from(other)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn separators_and_encodings_are_named_by_words_or_characters() {
        for (text, separator) in [
            (",", b','),
            ("semicolon", b';'),
            ("TAB", b'\t'),
            ("\t", b'\t'),
            ("\\t", b'\t'),
            ("^", b'^'),
        ] {
            assert_eq!(parse_separator(text), Ok(separator), "{text}");
            assert_eq!(parse_separator(&separator_word(separator)), Ok(separator));
        }
        for wrong in ["", "a", ";;", "\"", "\n", "é"] {
            assert!(parse_separator(wrong).is_err(), "{wrong:?}");
        }
        for (name, encoding) in [
            ("utf-8", "UTF-8"),
            ("GB2312", "GBK"),
            ("utf-16", "UTF-16LE"),
            ("latin1", "windows-1252"),
        ] {
            assert_eq!(parse_encoding(name).unwrap().name(), encoding);
        }
        assert!(parse_encoding("utf-7").is_err() && parse_encoding("").is_err());
    }
}
