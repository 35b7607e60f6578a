//! Tests of CSV files as spreadsheets write them.

use std::io::Cursor;

use encoding_rs::{BIG5, GB18030, WINDOWS_1252};

use super::*;

/// Returns the rows of a file; the error has the line if there is one.
fn read_with(bytes: &[u8], limits: RecordLimits) -> Result<Vec<CsvRow>, String> {
    let mut file = CsvFile::new(Cursor::new(bytes), "f".to_owned(), limits).map_err(text)?;
    let rows: anyhow::Result<Vec<CsvRow>> = file.rows().map_err(text)?.collect();
    rows.map_err(text)
}

fn read(bytes: &[u8]) -> Result<Vec<CsvRow>, String> {
    read_with(bytes, RecordLimits::default())
}

fn text(error: anyhow::Error) -> String {
    format!("{error:#}")
}

fn rows(bytes: &[u8]) -> Vec<(u64, Vec<String>)> {
    read(bytes).unwrap().into_iter().map(|row| (row.line, row.fields)).collect()
}

/// Reader that counts the bytes that were read.
struct CountingReader<'a> {
    input: Cursor<Vec<u8>>,
    count: &'a std::cell::Cell<usize>,
}

impl Read for CountingReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let length = self.input.read(buffer)?;
        self.count.set(self.count.get() + length);
        Ok(length)
    }
}

impl Seek for CountingReader<'_> {
    fn seek(&mut self, position: std::io::SeekFrom) -> std::io::Result<u64> {
        self.input.seek(position)
    }
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
        let text = [
            "",
            "email,name,",
            ",,",
            "a@x.example,\"Ann",
            "Roe\"",
            "",
            " , ,",
            "b@x.example",
            "\u{1a}",
        ];
        let lines: Vec<u64> = rows(text.join(end).as_bytes()).iter().map(|row| row.0).collect();
        assert_eq!(lines, [2, 4, 8], "{end:?}");
    }
}

#[test]
fn a_row_may_end_early_or_with_empty_cells_but_not_with_further_values() {
    let rows = read(b"a,b,c\n1\n1,2,3,,\n1,2,3,4\n").unwrap();
    let values: Vec<_> = rows.into_iter().map(|row| row.values(3)).collect();
    assert_eq!(values[1].as_ref().unwrap(), &["1", "", ""]);
    assert_eq!(values[2].as_ref().unwrap(), &["1", "2", "3"]);
    assert!(values[3].as_ref().is_err_and(|e| e.to_string().contains("4 fields instead of 3")));
}

#[test]
fn an_unclosed_quotation_mark_is_reported_with_its_line() {
    for (text, line) in [
        ("a,b\r\n1,\"2\r\n3,4\r\n", 2),
        ("a,b\r\r1,2\r\"3,4\r", 4),
        ("a,b\n1,\"2\n3,\"4\"\n5,\n", 2),
        ("a,b\n1,\"x\ny\"\n3,\"4\n", 4),
    ] {
        let problem = read(text.as_bytes()).unwrap_err();
        assert!(problem.starts_with(&format!("f:{line}: a quotation mark")), "{text:?}: {problem}");
    }
    assert_eq!(rows(b"a,b\n1,5\" shoes\n2,\"say \"\"yes\"\"\"\n")[2].1[1], "say \"yes\"");
}

#[test]
fn a_workbook_is_named_as_such() {
    for (bytes, name) in [
        (&b"PK\x03\x04\x14\0\x06\0"[..], ".xlsx"),
        (b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", ".xls"),
        (b"\xEF\xBB\xBF\n<HTML><table><tr><td>title</td></tr></table>", "HTML"),
    ] {
        let problem = read(bytes).unwrap_err();
        assert!(problem.starts_with("f: the file") && problem.contains(name), "{problem}");
    }
}

#[test]
fn a_damaged_line_is_rejected_and_others_are_not() {
    let valid = |bytes: &[u8]| -> Vec<bool> {
        read(bytes).unwrap().into_iter().map(|row| row.values(1).is_ok()).collect()
    };
    assert_eq!(valid("name\nJos\u{fffd}\nZo\u{fffd}\n".as_bytes()), [true, true, true]);
    let valid = valid(b"name\nJos\xC3\xA9\nZo\xC3\xA9\nAnn\xE9\n");
    assert_eq!(valid, [true, true, true, false]);
}

#[test]
fn a_row_past_a_limit_is_rejected_with_its_size_and_the_next_one_is_read() {
    let limits = RecordLimits { field_bytes: 9, record_bytes: 20, fields: 4 };
    for (row, expected) in [
        ("a,0123456789", "field 2 is 10 bytes long; the maximum is 9"),
        ("a,\"\"\"0123\n4567\"", "field 2 is 10 bytes long; the maximum is 9"),
        ("012345678,012345678,012", "the fields are 21 bytes long altogether; the maximum is 20"),
        ("1,2,3,4,5,6", "the line has 6 fields; the maximum is 4"),
        (",,,,", "the line has 5 fields; the maximum is 4"),
    ] {
        let file = format!("id,name\n{row}\nnext,row\n");
        let mut rows = read_with(file.as_bytes(), limits).unwrap();
        let last = rows.pop().map(|row| row.values(2));
        assert_eq!(last, Some(Ok(vec!["next".to_owned(), "row".to_owned()])), "{row}");
        let problem = rows.pop().map(|row| (row.line, row.values(2).unwrap_err().to_string()));
        assert_eq!(problem, Some((2, format!("{expected}; a quotation mark may be missing"))));
    }
    let rows = read_with(b"a,b\n012345678,b\n1,2,3,4\n", limits).unwrap();
    assert!(rows.iter().all(|row| row.excess.is_none()), "the limits themselves are permitted");
}

#[test]
fn a_file_is_not_read_far_ahead_of_its_rows() {
    let count = std::cell::Cell::new(0);
    let text = "id,name\n".to_owned() + &"1,\"some name\"\n".repeat(200_000);
    let input = CountingReader { input: Cursor::new(text.clone().into_bytes()), count: &count };
    let mut file = CsvFile::new(input, "f".to_owned(), RecordLimits::default()).unwrap();
    count.set(0);
    let mut consumed = 0;
    for row in file.rows().unwrap() {
        consumed += if row.unwrap().line == 1 { 8 } else { 14 };
        assert!(count.get() < consumed + (128 << 10), "{} of {consumed} bytes", count.get());
    }
    assert_eq!(consumed, text.len());
}

proptest::proptest! {
    #[test]
    fn parsing_never_panics(bytes in proptest::collection::vec(proptest::arbitrary::any::<u8>(), 0..200)) {
        for row in read(&bytes).into_iter().flatten() {
            let _ = row.values(2);
        }
    }

    #[test]
    fn exported_cells_read_back_unchanged_and_never_begin_like_a_formula(text in "['=+@\ta-]{0,6}") {
        let cell = escape_formula(&text);
        proptest::prop_assert_eq!(unescape_formula(&cell), text);
        proptest::prop_assert!(!cell.starts_with(['=', '+', '-', '@', '\t']));
    }
}
