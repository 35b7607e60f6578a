//! Decodes the bytes of a CSV file.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

/// First bytes of a ZIP file, which workbooks of Excel (.xlsx), Numbers and LibreOffice are.
const ZIP_START: &[u8] = b"PK\x03\x04";
/// First bytes of a workbook of Excel before 2007 (.xls).
const XLS_START: &[u8] = b"\xD0\xCF\x11\xE0";

/// Text of a file.
#[derive(Debug)]
pub(super) struct DecodedText {
    /// Text without a byte order mark.
    pub(super) text: String,
    /// `true` if U+FFFD stands for invalid bytes.
    pub(super) is_damaged: bool,
}

/// Decodes a file by its byte order mark, as UTF-8 if it is valid, else in the encoding that its
/// bytes suggest. Fails for a workbook.
pub(super) fn decode(bytes: &[u8]) -> Result<DecodedText, String> {
    let workbook = if bytes.starts_with(ZIP_START) {
        Some("a workbook such as .xlsx")
    } else if bytes.starts_with(XLS_START) {
        Some("a workbook of an old Excel version (.xls)")
    } else {
        None
    };
    if let Some(workbook) = workbook {
        return Err(format!(
            "the file is {workbook}, not CSV; open it in a spreadsheet and save it as \"CSV UTF-8\""
        ));
    }
    let encoding = encoding_of(bytes);
    let (text, _, is_damaged) = encoding.decode(bytes);
    if encoding != UTF_8 && is_damaged {
        return Err(format!(
            "the file is not valid UTF-8 or {}; save it as \"CSV UTF-8\"",
            encoding.name()
        ));
    }
    Ok(DecodedText { text: text.into_owned(), is_damaged })
}

/// Returns the encoding of a file.
fn encoding_of(bytes: &[u8]) -> &'static Encoding {
    if let Some((encoding, _)) = Encoding::for_bom(bytes) {
        return encoding;
    }
    match bytes {
        [first, 0, second, 0, ..] if *first != 0 && *second != 0 => return UTF_16LE,
        [0, first, 0, second, ..] if *first != 0 && *second != 0 => return UTF_16BE,
        _ => {}
    }
    let (mut valid, mut invalid) = (0, 0);
    for chunk in bytes.utf8_chunks() {
        valid += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
        invalid += usize::from(!chunk.invalid().is_empty());
    }
    // In another encoding few letters look like UTF-8; mostly valid UTF-8 is a damaged file.
    if invalid == 0 || valid > invalid {
        return UTF_8;
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(bytes, true);
    let encoding = detector.guess(None, Utf8Detection::Deny);
    tracing::warn!(
        encoding = encoding.name(),
        "the CSV file is not UTF-8, so its encoding was guessed; check the imported names, or save it as UTF-8"
    );
    encoding
}
