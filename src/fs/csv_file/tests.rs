//! Tests of CSV files as spreadsheets write them.

use encoding_rs::{BIG5, GB18030, WINDOWS_1252};

use super::*;

fn rows(bytes: &[u8]) -> Vec<(u64, Vec<String>)> {
    let file = CsvFile::parse(bytes).unwrap();
    file.rows().map(|row| (row.line, row.fields)).collect()
}

fn utf16(text: &str, to_bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(to_bytes).collect()
}

#[test]
fn the_usual_separators_are_recognized() {
    for separator in [",", ";", "\t", "|"] {
        let text = "email^name\na@x.example^\"Roe^ Ann\"\n".replace('^', separator);
        let found = rows(text.as_bytes());
        assert_eq!(found[0], (1, vec!["email".to_owned(), "name".to_owned()]), "{text}");
        assert_eq!(found[1].1[1], format!("Roe{separator} Ann"));
    }
    assert_eq!(rows(b"E-Mail;x,Who\na@x.example,Ann\n")[0].1, ["E-Mail;x", "Who"]);
    assert_eq!(
        rows(b"a;b,c\n1;x\n2;y\n")[0].1,
        ["a", "b,c"].map(str::to_owned).to_vec().as_slice()
    );
}

#[test]
fn a_sep_line_names_the_separator_and_counts_as_a_line() {
    for start in ["sep=;\r\n", "SEP=;\n", "\"sep=;\"\r\n", "\u{feff}sep=;\r"] {
        assert_eq!(
            rows(format!("{start}a;b,c\n1;2\n").as_bytes()),
            [
                (2, vec!["a".to_owned(), "b,c".to_owned()]),
                (3, vec!["1".to_owned(), "2".to_owned()]),
            ]
        );
    }
    assert_eq!(rows(b"sep=arate,b\n")[0].1, ["sep=arate", "b"]);
}

#[test]
fn the_usual_encodings_are_decoded() {
    let chinese = "email,name,city\n\
        wang@x.example,\u{738b}\u{5c0f}\u{660e},\u{5317}\u{4eac}\u{5e02}\u{6d77}\u{6dc0}\u{533a}\n\
        li@x.example,\u{674e}\u{56db},\u{4e0a}\u{6d77}\u{5e02}\u{4eba}\u{6c11}\u{653f}\u{5e9c}\n";
    let taiwanese = "email,name,city\n\
        chen@x.example,\u{9673}\u{5fd7}\u{660e},\u{53f0}\u{5317}\u{5e02}\u{4fe1}\u{7fa9}\u{5340}\n\
        lin@x.example,\u{6797}\u{7f8e}\u{73b2},\u{9ad8}\u{96c4}\u{5e02}\u{653f}\u{5e9c}\u{65b0}\u{805e}\u{8655}\n";
    let french = "email,nom\nhelene@x.example,H\u{e9}l\u{e8}ne Lef\u{e8}vre\nzoe@x.example,Zo\u{e9} \u{2019}N\n";
    let with_mark = format!("\u{feff}{chinese}");
    for bytes in [
        with_mark.as_bytes().to_vec(),
        utf16(&with_mark, u16::to_le_bytes),
        utf16(&with_mark, u16::to_be_bytes),
        utf16(chinese, u16::to_le_bytes),
        utf16(chinese, u16::to_be_bytes),
        GB18030.encode(chinese).0.into_owned(),
    ] {
        assert_eq!(rows(&bytes), rows(chinese.as_bytes()));
    }
    assert_eq!(rows(&BIG5.encode(taiwanese).0), rows(taiwanese.as_bytes()));
    assert_eq!(rows(&WINDOWS_1252.encode(french).0), rows(french.as_bytes()));
}

#[test]
fn rows_without_a_value_are_left_out_and_lines_are_those_of_the_file() {
    for end in ["\n", "\r\n", "\r"] {
        let text =
            ["", "email,name,", ",,", "a@x.example,\"Ann", "Roe\"", "", " , ,", "b@x.example"];
        let lines: Vec<u64> = rows(text.join(end).as_bytes()).iter().map(|row| row.0).collect();
        assert_eq!(lines, [2, 4, 8], "{end:?}");
    }
}

#[test]
fn a_row_may_end_early_or_with_empty_cells_but_not_with_further_values() {
    let file = CsvFile::parse(b"a,b,c\n1\n1,2,3,,\n1,2,3,4\n").unwrap();
    let values: Vec<_> = file.rows().map(|row| file.values(row, 3)).collect();
    assert_eq!(values[1].as_ref().unwrap(), &["1", "", ""]);
    assert_eq!(values[2].as_ref().unwrap(), &["1", "2", "3"]);
    assert!(values[3].as_ref().is_err_and(|e| e.contains("4 fields instead of 3")));
}

#[test]
fn an_unclosed_quotation_mark_is_reported_with_its_line() {
    for (text, line) in [
        ("a,b\r\n1,\"2\r\n3,4\r\n", 2),
        ("a,b\r\r1,2\r\"3,4\r", 4),
        ("a,b\n1,\"2\n3,\"4\"\n5,\n", 2),
        ("a,b\n1,\"x\ny\"\n3,\"4\n", 4),
    ] {
        let (found, problem) = CsvFile::parse(text.as_bytes()).unwrap_err();
        assert!(found == Some(line) && problem.contains("quotation mark"), "{text:?}: {found:?}");
    }
    assert_eq!(rows(b"a,b\n1,5\" shoes\n2,\"say \"\"yes\"\"\"\n")[2].1[1], "say \"yes\"");
}

#[test]
fn a_workbook_is_named_as_such() {
    for (bytes, name) in
        [(b"PK\x03\x04\x14\0\x06\0", ".xlsx"), (b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", ".xls")]
    {
        let (line, problem) = CsvFile::parse(bytes).unwrap_err();
        assert!(
            line.is_none() && problem.contains(name) && problem.contains("save it as"),
            "{problem}"
        );
    }
}

#[test]
fn a_damaged_line_is_rejected_and_others_are_not() {
    let file = CsvFile::parse("name\nJosé\nZoé\n".as_bytes()).unwrap();
    assert!(file.rows().all(|row| file.values(row, 1).is_ok()));
    let file = CsvFile::parse(b"name\nJos\xC3\xA9\nZo\xC3\xA9\nAnn\xE9\n").unwrap();
    let valid: Vec<bool> = file.rows().map(|row| file.values(row, 1).is_ok()).collect();
    assert_eq!(valid, [true, true, true, false]);
}

proptest::proptest! {
    #[test]
    fn parsing_never_panics(bytes in proptest::collection::vec(proptest::arbitrary::any::<u8>(), 0..200)) {
        if let Ok(file) = CsvFile::parse(&bytes) {
            for row in file.rows() {
                let _ = file.values(row, 2);
            }
        }
    }

    #[test]
    fn exported_cells_read_back_unchanged_and_never_begin_like_a_formula(text in "['=+@\ta-]{0,6}") {
        let cell = escape_formula(&text);
        proptest::prop_assert_eq!(unescape_formula(&cell), text);
        proptest::prop_assert!(!cell.starts_with(['=', '+', '-', '@', '\t']));
    }
}
