//! Files of subscribers as spreadsheets and other programs write them: each is read right, or rejected with
//! its line and a remedy.

use courant::subscribers::import::ImportSettings;
use encoding_rs::{BIG5, Encoding, GB18030, SHIFT_JIS, WINDOWS_1252};

use crate::subscriber_files::import_file;
use crate::support::{World, database_tests};

/// A file with the addresses and names that an import of it must find.
struct Sample {
    title: &'static str,
    bytes: Vec<u8>,
    people: Vec<(&'static str, &'static str)>,
}

fn sample(
    title: &'static str,
    bytes: impl Into<Vec<u8>>,
    people: &[(&'static str, &'static str)],
) -> Sample {
    Sample { title, bytes: bytes.into(), people: people.to_vec() }
}

fn encoded(text: &str, encoding: &'static Encoding) -> Vec<u8> {
    let (bytes, _, has_unmappable) = encoding.encode(text);
    assert!(!has_unmappable, "{text}");
    bytes.into_owned()
}

fn utf16(text: &str, to_bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(to_bytes).collect()
}

const CHINESE: &str =
    "姓名,邮箱,城市\n王小明,wang@example.org,北京市海淀区\n李四,li@example.org,上海市人民政府\n";
const CHINESE_PEOPLE: &[(&str, &str)] =
    &[("wang@example.org", "王小明"), ("li@example.org", "李四")];
const TAIWANESE: &str = "姓名,電子郵件,城市\n陳志明,chen@example.org,台北市信義區\n林美玲,lin@example.org,高雄市政府新聞處\n";
const TAIWANESE_PEOPLE: &[(&str, &str)] =
    &[("chen@example.org", "陳志明"), ("lin@example.org", "林美玲")];
const JAPANESE: &str = "email,name,city\nsato@example.org,佐藤さくら,東京都千代田区\nsuzuki@example.org,鈴木たろう,おおさか\n";
const JAPANESE_PEOPLE: &[(&str, &str)] =
    &[("sato@example.org", "佐藤さくら"), ("suzuki@example.org", "鈴木たろう")];
const FRENCH: &str = "email;nom;ville\nhelene@example.org;Hélène Lefèvre;Orléans\nzoe@example.org;Zoé d’Évreux;Évry\n";
const ANN: &[(&str, &str)] = &[("ann@example.org", "Ann Lee")];

/// Encodings of Excel, WPS and Numbers, recognized from the content.
fn encodings() -> Vec<Sample> {
    let with_mark = format!("\u{feff}{CHINESE}");
    let tabs = CHINESE.replace(',', "\t");
    vec![
        sample("UTF-8", CHINESE, CHINESE_PEOPLE),
        sample(
            "UTF-8 with a byte order mark (Excel, CSV UTF-8)",
            with_mark.as_bytes(),
            CHINESE_PEOPLE,
        ),
        sample(
            "UTF-16 LE with a mark (Excel, Unicode text)",
            utf16(&format!("\u{feff}{tabs}"), u16::to_le_bytes),
            CHINESE_PEOPLE,
        ),
        sample("UTF-16 BE with a mark", utf16(&with_mark, u16::to_be_bytes), CHINESE_PEOPLE),
        sample(
            "UTF-16 LE without a mark, Chinese header",
            utf16(CHINESE, u16::to_le_bytes),
            CHINESE_PEOPLE,
        ),
        sample(
            "UTF-16 BE without a mark, Chinese header",
            utf16(CHINESE, u16::to_be_bytes),
            CHINESE_PEOPLE,
        ),
        sample("GB18030 (WPS, Excel in China)", encoded(CHINESE, GB18030), CHINESE_PEOPLE),
        sample("Big5 (Excel in Taiwan)", encoded(TAIWANESE, BIG5), TAIWANESE_PEOPLE),
        sample("Shift_JIS (Excel in Japan)", encoded(JAPANESE, SHIFT_JIS), JAPANESE_PEOPLE),
        sample(
            "Windows-1252 with semicolons (Excel in Europe)",
            encoded(FRENCH, WINDOWS_1252),
            &[("helene@example.org", "Hélène Lefèvre"), ("zoe@example.org", "Zoé d’Évreux")],
        ),
    ]
}

/// Delimiters, quotation marks and line ends.
fn forms() -> Vec<Sample> {
    vec![
        sample("comma", "email,name\nann@example.org,Ann Lee\n", ANN),
        sample("semicolon", "email;name\nann@example.org;Ann Lee\n", ANN),
        sample("tab", "email\tname\nann@example.org\tAnn Lee\n", ANN),
        sample("pipe", "email|name\nann@example.org|Ann Lee\n", ANN),
        sample("sep line", "sep=;\r\nemail;name\r\nann@example.org;Ann Lee\r\n", ANN),
        sample("CRLF", "email,name\r\nann@example.org,Ann Lee\r\n", ANN),
        sample("CR only (old Mac)", "email,name\rann@example.org,Ann Lee\r", ANN),
        sample("no end of the last line", "email,name\nann@example.org,Ann Lee", ANN),
        sample("everything quoted", "\"email\",\"name\"\n\"ann@example.org\",\"Ann Lee\"\n", ANN),
        sample(
            "quotation marks inside a quotation",
            "email,name\nann@example.org,\"Ann \"\"Annie\"\" Lee\"\n",
            &[("ann@example.org", "Ann \"Annie\" Lee")],
        ),
        sample(
            "delimiter inside a quotation",
            "email,name\nann@example.org,\"Lee, Ann\"\n",
            &[("ann@example.org", "Lee, Ann")],
        ),
        sample(
            "blank lines before, between and after",
            "\n\nemail,name\n\n,\nann@example.org,Ann Lee\n\n",
            ANN,
        ),
        sample("empty columns", "email,,name,,\nann@example.org,,Ann Lee,,\n", ANN),
        sample("a line that ends early", "email,name,city\nann@example.org,Ann Lee\n", ANN),
        sample(
            "blanks around everything",
            " email , name \n  ann@example.org  ,  Ann Lee  \n",
            ANN,
        ),
        sample(
            "no-break and ideographic spaces",
            "email,name\n\u{a0}ann@example.org\u{3000},\u{3000}Ann Lee\u{a0}\n",
            ANN,
        ),
        sample(
            "formula guard",
            "email,name\nann@example.org,'=Ann\n",
            &[("ann@example.org", "=Ann")],
        ),
    ]
}

/// Addresses, names and columns.
fn contents() -> Vec<Sample> {
    let long_cells = format!("email,name,notes\nann@example.org,Ann Lee,{}\n", "x".repeat(400));
    vec![
        sample("Name <address>", "email\nAnn Lee <ann@example.org>\n", ANN),
        sample(
            "quoted name and address",
            "email\n\"\"\"Lee, Ann\"\" <ann@example.org>\"\n",
            &[("ann@example.org", "Lee, Ann")],
        ),
        sample(
            "a name beside Name <address>",
            "email,name\nA. L. <ann@example.org>,Ann Lee\n",
            ANN,
        ),
        sample(
            "international domain",
            "email,name\nann@müller.example,Ann Lee\n",
            &[("ann@xn--mller-kva.example", "Ann Lee")],
        ),
        sample("capital letters", "EMAIL,NAME\nANN@Example.ORG,Ann Lee\n", ANN),
        sample(
            "first and last name",
            "First Name,Last Name,E-mail address\nAnn,Lee,ann@example.org\n",
            ANN,
        ),
        sample(
            "Chinese family and given name",
            "姓,First name,邮箱\n王,小明,wang@example.org\n",
            &[("wang@example.org", "王小明")],
        ),
        sample(
            "header of another order with unknown columns",
            "#,Joined,Full Name,Mail\n1,2024-01-01,Ann Lee,ann@example.org\n",
            ANN,
        ),
        sample("a long cell", long_cells, ANN),
        sample(
            "JSON lines",
            "{\"email\":\"ann@example.org\",\"name\":\"Ann Lee\",\"tags\":[\"a\"]}\n\n{\"email\":\"bob@example.org\",\"name\":\"Bob\"}\n",
            &[("ann@example.org", "Ann Lee"), ("bob@example.org", "Bob")],
        ),
        sample(
            "JSON lines with a mark",
            "\u{feff}{\"E-Mail\":\"ann@example.org\",\"name\":\"Ann Lee\"}",
            ANN,
        ),
    ]
}

/// Files in which lines are rejected: title, content, line and part of the reason.
fn rejected_lines() -> Vec<(&'static str, Vec<u8>, u64, &'static str)> {
    let huge = format!("email,name\nann@example.org,{}\n", "x".repeat(10_000_000));
    let text = |text: &str| text.as_bytes().to_vec();
    vec![
        ("no address", text("email,name\n,Ann\n"), 2, "the address is empty"),
        (
            "two addresses in a cell",
            text("email\nann@example.org; bob@example.org\n"),
            2,
            "cannot be mailed",
        ),
        (
            "address with letters outside ASCII",
            text("email\nänn@example.org\n"),
            2,
            "non-ASCII letters",
        ),
        ("address with a blank", text("email\nann @example.org\n"), 2, "not allowed"),
        (
            "repeated address",
            text("email\nann@example.org\nANN@example.org\n"),
            3,
            "same address as in line 2",
        ),
        (
            "a cell without a heading",
            text("email,name\nann@example.org,Ann,Lee\n"),
            2,
            "quotation mark may be missing",
        ),
        ("a line of 10 MB", huge.into_bytes(), 2, "exceeds 1000 bytes"),
        (
            "an unknown language",
            text("email,language\nann@example.org,xx-klingon-qqqq\n"),
            2,
            "language",
        ),
        (
            "an unknown time zone",
            text("email,timezone\nann@example.org,Mars/Olympus\n"),
            2,
            "use an IANA name",
        ),
        (
            "a name of two lines",
            text("email,name\nann@example.org,\"Ann\nLee\"\n"),
            2,
            "spans several lines",
        ),
        (
            "damaged UTF-8",
            [
                text("email,name\neve@example.org,\u{c9}v\u{e9}\nann@example.org,A"),
                vec![0xff],
                text("\n"),
            ]
            .concat(),
            3,
            "save the file as UTF-8",
        ),
        (
            "a JSON line that is not an object",
            text("{\"email\":\"bob@example.org\"}\n[1]\n"),
            2,
            "not a JSON object",
        ),
        (
            "a broken JSON line",
            text("{\"email\":\"bob@example.org\"}\n{\"email\":\n"),
            2,
            "not valid JSON",
        ),
    ]
}

/// Files that cannot be read at all: title, content and part of the message.
fn unreadable_files() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let text = |text: &str| text.as_bytes().to_vec();
    vec![
        (
            "no column with addresses",
            text("name,city\nAnn,Bonn\n"),
            "1: there is no column \"email\"; existing columns: name, city; name it with --map email=COLUMN",
        ),
        (
            "two columns with addresses",
            text("Mail,E-Mail\na@example.org,b@example.org\n"),
            "several columns may contain email: Mail, E-Mail; name one with --map",
        ),
        (
            "duplicate headings of addresses",
            text("email,email\na@example.org,b@example.org\n"),
            "several columns may contain email",
        ),
        (
            "duplicate headings of attributes",
            text("email,City,city\na@example.org,x,y\n"),
            "the same attribute `city`; rename or remove one",
        ),
        ("a workbook", text("PK\u{3}\u{4}content"), "a workbook such as .xlsx, not CSV"),
        ("an empty file", Vec::new(), "there is no column \"email\""),
        (
            "a quotation without an end",
            text("email,name\nann@example.org,\"Ann\nbob@example.org,Bob\n"),
            "a quotation mark opens here",
        ),
    ]
}

async fn check(world: &World, sample: &Sample) {
    let report = import_file(world, &sample.bytes, |_| ()).await;
    assert!(report.imported, "{}: {report:?}", sample.title);
    assert_eq!(report.valid, sample.people.len(), "{}: {report:?}", sample.title);
    for (address, name) in &sample.people {
        let found = world.app.store.subscribers().find_by_address(address).await.unwrap();
        let found = found.and_then(|person| person.name);
        assert_eq!(found.as_deref(), Some(*name), "{}: {address}", sample.title);
    }
    world.sql("DELETE FROM subscriptions").await;
    world.sql("DELETE FROM subscriber_attributes").await;
    world.sql("DELETE FROM subscriber_tags").await;
    world.sql("DELETE FROM subscribers").await;
    world.sql("DELETE FROM attributes").await;
}

database_tests! {
    async fn files_of_spreadsheets_are_read_right(world) {
        for sample in [encodings(), forms(), contents()].into_iter().flatten() {
            check(world, &sample).await;
        }
    }

    async fn invalid_lines_are_rejected_with_their_line_and_a_remedy(world) {
        for (title, bytes, line, reason) in rejected_lines() {
            let report = import_file(world, &bytes, |_| ()).await;
            let (found, text) = report.rejected.first.first().unwrap_or_else(|| panic!("{title}: {report:?}"));
            assert!(*found == line && text.contains(reason), "{title}: {found}: {text}");
            assert!(!report.imported && text.len() < 2_000, "{title}");
        }
    }

    async fn files_that_cannot_be_read_are_rejected_with_a_remedy(world) {
        let path = world.home.path().join("people.csv");
        for (title, bytes, message) in unreadable_files() {
            std::fs::write(&path, bytes).unwrap();
            let error = courant::subscribers::import::preview(&path, &ImportSettings::default());
            let error = match error {
                Err(reason) => format!("{reason:#}"),
                // Only the whole file shows the error.
                Ok(_) => {
                    let mut options = courant::subscribers::import::ImportOptions::new(courant::domain::actor::Actor::Cli);
                    options.settings.dry_run = true;
                    let (store, secret) = (&world.app.store, &world.app.store_identity.secret);
                    let read = courant::subscribers::import::import(store, secret, &path, world.digest("weekly"), &options, world.now(), |_| ()).await;
                    format!("{:#}", read.unwrap_err())
                }
            };
            assert!(error.contains(message), "{title}: {error}");
        }
    }

    async fn a_wrong_guess_is_corrected_by_the_encoding_and_the_delimiter(world) {
        // A single letter outside ASCII says little about the encoding.
        let bytes = encoded("email|name\nann@example.org|Ann £\n", WINDOWS_1252);
        let report = import_file(world, &bytes, |s| (s.encoding, s.delimiter) = (Some("windows-1252".into()), Some("pipe".into()))).await;
        let form = report.form.unwrap();
        assert_eq!((form.encoding, form.separator), ("windows-1252", Some(b'|')));
        let person = world.app.store.subscribers().find_by_address("ann@example.org").await.unwrap().unwrap();
        assert_eq!(person.name.as_deref(), Some("Ann £"));
        let mut settings = ImportSettings { encoding: Some("klingon".into()), ..ImportSettings::default() };
        assert!(settings.check().unwrap_err().1.contains("use for example utf-8"));
        settings.encoding = None;
        settings.delimiter = Some("ab".into());
        assert!(settings.check().unwrap_err().1.contains("semicolon"));
    }
}
