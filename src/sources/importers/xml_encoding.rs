//! Encoding of XML and JSON files.

use encoding_rs::{Encoding, UTF_8};

/// Number of bytes at the beginning of a file that state its encoding.
pub(super) const START_BYTES: usize = 200;

/// Returns the encoding of a file by its byte order mark, else by its XML declaration, else UTF-8; the
/// error is the reason why it is unknown. `start` is the beginning of the file.
pub(super) fn encoding_of(start: &[u8]) -> Result<&'static Encoding, String> {
    let head = String::from_utf8_lossy(start);
    let declared = head
        .split_once("?>")
        .and_then(|(declaration, _)| declaration.split_once("encoding"))
        .map(|(_, rest)| {
            rest.trim_start_matches(|c: char| c == '=' || c.is_whitespace())
                .trim_start_matches(['"', '\''])
                .to_owned()
        });
    let label =
        declared.as_deref().and_then(|rest| rest.split(['"', '\'']).next()).unwrap_or("utf-8");
    let Some(encoding) = Encoding::for_bom(start)
        .map(|(encoding, _)| encoding)
        .or_else(|| Encoding::for_label(label.as_bytes()))
    else {
        return Err(format!("unknown encoding {label:?}; save the file as UTF-8"));
    };
    // A declaration of UTF-16 in single-byte characters is wrong: the file was converted later.
    let is_plausible = encoding.is_ascii_compatible() || Encoding::for_bom(start).is_some();
    Ok(if is_plausible { encoding } else { UTF_8 })
}
