//! Property tests of the readers of subscriber files: foreign bytes, and rows in every form.

use std::io::Write as _;

use proptest::prelude::*;

use super::*;
use crate::fs::{escape_formula, unnamed_file};

/// Returns a file with this content.
fn file_of(bytes: &[u8]) -> InputFile {
    let mut file = unnamed_file().unwrap();
    file.write_all(bytes).unwrap();
    InputFile::from_file(file).unwrap()
}

/// Reads all lines of a file.
fn lines(
    bytes: &[u8],
    settings: CsvSettings,
    choice: &LayoutChoice,
) -> anyhow::Result<Vec<NumberedLine>> {
    let mut file = SubscriberFile::read(file_of(bytes), "f".to_owned(), settings, choice)?;
    file.preview()?;
    let mut lines = Vec::new();
    file.for_each(|line| {
        lines.push(line);
        true
    })?;
    Ok(lines)
}

/// Returns bytes that look like a file: a usual header and arbitrary content.
fn foreign_bytes() -> impl Strategy<Value = Vec<u8>> {
    let header = prop_oneof![
        Just("email,name,tags\n"),
        Just("uuid,email,name,attributes,status,created_at,updated_at\n"),
        Just("Email,List status,Global status,List\n"),
        Just("email,digest,status,consent,suppressed\n"),
        Just("{\"email\":\"a@b.example\"}\n{"),
        Just("sep=;\nemail;name\n"),
        Just("\u{feff}"),
        Just(""),
    ];
    let content = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..200),
        "[a@.,;\"\\\\{}:\\[\\]\r\n\t é王'=]{0,200}".prop_map(String::into_bytes),
    ];
    (header, content).prop_map(|(header, content)| [header.as_bytes(), &content].concat())
}

proptest! {
    #[test]
    fn foreign_bytes_are_read_or_rejected_in_the_order_of_their_lines(
        bytes in foreign_bytes(),
        preset in prop::option::of(prop::sample::select(Preset::ALL.to_vec())),
    ) {
        let choice = LayoutChoice { preset, ..LayoutChoice::default() };
        match lines(&bytes, CsvSettings::default(), &choice) {
            Ok(lines) => {
                prop_assert!(lines.is_sorted_by(|a, b| a.0 < b.0));
                for (_, line) in lines {
                    prop_assert!(line.map_or_else(|reason| !reason.to_string().is_empty(), |_| true));
                }
            }
            Err(reason) => {
                let text = format!("{reason:#}");
                prop_assert!(text.starts_with("f:"), "{}", text);
            }
        }
    }

    #[test]
    fn rows_are_read_back_in_every_encoding_and_with_every_delimiter(
        names in prop::collection::vec("[!-~é王][ -~é王]{0,19}", 1..6),
        delimiter in prop::sample::select(b",;\t|".to_vec()),
        encoding in prop::sample::select(vec!["utf-8", "utf-16le", "utf-16be"]),
    ) {
        let mut writer = csv::WriterBuilder::new().delimiter(delimiter).from_writer(Vec::new());
        writer.write_record(["email", "name"]).unwrap();
        for (number, name) in names.iter().enumerate() {
            writer.write_record([format!("r{number}@example.org"), escape_formula(name)]).unwrap();
        }
        let text = String::from_utf8(writer.into_inner().unwrap()).unwrap();
        let bytes = match encoding {
            "utf-16le" => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
            "utf-16be" => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
            _ => text.into_bytes(),
        };
        let word = crate::fs::separator_word(delimiter);
        let settings = CsvSettings::parse(Some(encoding), Some(&word)).unwrap();
        let found = lines(&bytes, settings, &LayoutChoice::default()).unwrap();
        let expected = names.iter().map(|name| Some(name.trim().to_owned()).filter(|n| !n.is_empty()));
        let found = found.into_iter().map(|(_, line)| line.unwrap().subscriber.name);
        prop_assert_eq!(found.collect::<Vec<_>>(), expected.collect::<Vec<_>>());
    }
}
