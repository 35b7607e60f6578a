//! The same custom CMS on three kinds of databases results in the same articles and bytes.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::test_source::{KINDS, Kind, TestSource};

const TABLES: &str = "
CREATE TABLE rubric (code VARCHAR(20) PRIMARY KEY, name TEXT, tongue VARCHAR(8));
CREATE TABLE piece (nr INTEGER PRIMARY KEY, head TEXT, txt TEXT, lead TEXT, rubric VARCHAR(20), state VARCHAR(9), out_at VARCHAR(30),
    touched VARCHAR(30), translation INTEGER, writer TEXT, picture TEXT);
CREATE TABLE label (piece INTEGER, pos INTEGER, word VARCHAR(60));
";

const RUBRICS: [[&str; 3]; 4] = [
    ["campus", "Campus life", "en"],
    ["xiaoyuan", "校园", "zh_CN"],
    ["campus-de", "Campus", "de"],
    ["lab", "Laboratory, workshop", "en"],
];

/// Number, title, text, section, state, local times of publication and of the last change, and the
/// article that this one translates.
type ArticleRow = (
    i64,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    Option<&'static str>,
    Option<i64>,
);

const ARTICLES: [ArticleRow; 12] = [
    (
        1,
        "Open day at the dye works",
        WORD,
        "campus",
        "live",
        "2026-09-01 10:00:00",
        Some("2026-09-02 09:30:00"),
        None,
    ),
    (
        2,
        "染坊开放日",
        "<p>参观者三百人。</p>",
        "xiaoyuan",
        "live",
        "2026-09-01 11:00:00",
        None,
        Some(1),
    ),
    (
        3,
        "Tag der offenen Färberei",
        "<p>Dreihundert Gäste.</p>",
        "campus-de",
        "live",
        "2026-09-01 12:00:00",
        None,
        Some(2),
    ),
    (
        4,
        "Open day, a second look",
        "<p>Same language, another story.</p>",
        "campus",
        "live",
        "2026-09-01 13:00:00",
        None,
        Some(1),
    ),
    (
        5,
        "Beep \u{7}and form\u{c} feed\u{1b}",
        "<p>A \u{1}control\u{8} room \u{fffe}with ]]> ends.</p>",
        "lab",
        "live",
        "2026-09-02 00:30:00",
        None,
        None,
    ),
    (
        6,
        "<b>Acids</b> &amp; bases <i>today</i>",
        "<p>5 < 6 & 7 > 3</p>",
        "lab",
        "live",
        "2026-09-03 08:00:00",
        None,
        None,
    ),
    (7, "Where to find us", LINKS, "campus", "live", "2026-09-04 08:00:00", None, None),
    (8, "Not yet written", "<p>Draft.</p>", "campus", "draft", "2026-09-05 08:00:00", None, None),
    (
        9,
        "The college turns a hundred",
        "<p>Later.</p>",
        "campus",
        "live",
        "2099-01-01 00:00:00",
        None,
        None,
    ),
    (10, "Thrown away", "<p>Gone.</p>", "campus", "bin", "2026-09-06 08:00:00", None, None),
    (
        11,
        "  ",
        "<p>Nobody gave this note a title, it's 50% \\ done.</p>",
        "lab",
        "live",
        "2026-09-07 08:00:00",
        None,
        None,
    ),
    (12, "Night shift 🌙 夜班", "", "lab", "live", "2026-09-08T07:59:59", None, None),
];

const WORD: &str = "<p class=\"MsoNormal\" style=\"margin:0cm\"><span lang=\"EN-US\" style=\"font-family:Calibri\">Three hundred\u{a0}guests<o:p></o:p></span></p>\
    <!--[if gte mso 9]><xml><w:WordDocument></w:WordDocument></xml><![endif]--><p class=\"MsoNormal\"><o:p>&nbsp;</o:p></p>";
const LINKS: &str = "<p onclick=\"steal()\">See <a href=\"../map/index.html\">the map</a> and <a href=\"javascript:alert(1)\">this</a>.</p>\
    <script>document.write('x')</script><img src=\"gate.jpg\" onerror=\"x()\">";
const LABELS: [(i64, &str); 5] =
    [(1, "open day"), (1, "dyes"), (2, "开放日"), (6, "chemistry"), (6, "A&B")];

/// Creates the CMS in a database of this kind and a source that reads it.
async fn cms(kind: Kind) -> Option<TestSource> {
    let source = TestSource::create(kind).await?;
    let mut fill = TABLES.to_owned();
    let text = |value: &str| source.quote(value);
    for [code, name, tongue] in RUBRICS {
        writeln!(fill, "INSERT INTO rubric VALUES ('{code}', {}, '{tongue}');", text(name))
            .unwrap();
    }
    for (nr, head, txt, rubric, state, out, touched, translation) in ARTICLES {
        let touched = touched.map_or("NULL".to_owned(), text);
        let translation = translation.map_or("NULL".to_owned(), |t| t.to_string());
        let (head, txt) = (text(head), text(txt));
        let values = format!(
            "{nr}, {head}, {txt}, NULL, '{rubric}', '{state}', '{out}', {touched}, {translation}, 'Mei Lin, T. O''Hara', 'pic/{nr}.png'"
        );
        writeln!(fill, "INSERT INTO piece VALUES ({values});").unwrap();
    }
    for (at, (piece, word)) in LABELS.into_iter().enumerate() {
        writeln!(fill, "INSERT INTO label VALUES ({piece}, {at}, {});", text(word)).unwrap();
    }
    source.execute(&fill).await;
    let tags = match kind {
        Kind::Sqlite => {
            "(SELECT group_concat(word, ',') FROM (SELECT word FROM label WHERE piece = p.nr ORDER BY pos))"
        }
        Kind::Postgres => {
            "(SELECT string_agg(word, ',' ORDER BY pos) FROM label WHERE piece = p.nr)"
        }
        Kind::Mariadb => {
            "(SELECT GROUP_CONCAT(word ORDER BY pos SEPARATOR ',') FROM label WHERE piece = p.nr)"
        }
    };
    source.use_query(
        &format!(
            "SELECT p.nr AS id, p.head AS title, p.txt AS body_html, p.lead AS summary, r.code AS path, r.name AS section, r.tongue AS language,
                p.writer AS author, p.picture AS image_url, p.out_at AS published_at, p.touched AS updated_at, p.translation AS translation_of, {tags} AS tags
             FROM piece p JOIN rubric r ON r.code = p.rubric WHERE p.state = 'live'"
        ),
        "article_url = \"https://college.example/{path}/{id}.html\"",
    );
    Some(source)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_cms_results_in_the_same_articles_and_bytes_on_every_database() {
    let mut first: Option<Vec<String>> = None;
    for kind in KINDS {
        let Some(source) = cms(kind).await else { continue };
        let sync = source.sync();
        assert_eq!((sync.counts(), sync.rejected()), ([9, 1, 0, 0], vec![]), "{kind:?}");
        assert_eq!(source.sync().counts(), [0, 0, 0, 0], "{kind:?}, read again");
        assert_articles(&source);
        let bytes: Vec<String> = ["all.rss", "all.atom", "all.json", "campus.rss"]
            .iter()
            .map(|file| source.build_feed(file))
            .collect();
        for document in &bytes[..2] {
            roxmltree::Document::parse(document).unwrap();
            assert!(
                !document.contains("<script")
                    && !document.contains("onerror")
                    && !document.contains("Mso"),
                "{document}"
            );
            assert!(
                !document.contains("hundred</title>") && !document.contains("Thrown away"),
                "{document}"
            );
        }
        assert_eq!(bytes[3].matches("<item>").count(), 3, "{}", bytes[3]);
        assert_eq!(
            *first.get_or_insert_with(|| bytes.clone()),
            bytes,
            "{kind:?} differs from the first database"
        );
    }
}

/// Asserts that the source contains the articles that an editor of this CMS would expect.
fn assert_articles(source: &TestSource) {
    assert_eq!(source.field_values("source_id"), ["12", "11", "7", "6", "5", "4", "3", "2", "1"]);
    assert_eq!(
        source.field_values("title"),
        [
            "Night shift 🌙 夜班",
            "Nobody gave this note a title, it's 50% \\ done.",
            "Where to find us",
            "Acids & bases today",
            "Beep and form feed",
            "Open day, a second look",
            "Tag der offenen Färberei",
            "染坊开放日",
            "Open day at the dye works",
        ]
    );
    let one = source.article("1");
    assert_eq!(
        (one["published_at"].as_str(), one["updated_at"].as_str()),
        (Some("2026-09-01T02:00:00Z"), Some("2026-09-02T01:30:00Z"))
    );
    assert_eq!(one["url"], "https://college.example/campus/1.html");
    assert_eq!(one["tags"], serde_json::json!(["open day", "dyes"]));
    assert_eq!(one["authors"], serde_json::json!(["Mei Lin", "T. O'Hara"]));
    assert_eq!(one["image_url"], "https://college.example/campus/pic/1.png");
    assert_eq!(one["summary"], "Three hundred guests");
    assert_eq!(source.article("12")["published_at"], "2026-09-07T23:59:59Z");
    assert_eq!(source.article("6")["sections"], serde_json::json!(["Laboratory, workshop"]));
    assert_eq!(source.article("6")["tags"], serde_json::json!(["chemistry", "A&B"]));
    assert_eq!(source.article("2")["language"], "zh-CN");
    let links = source.article("7")["body_html"].as_str().unwrap().to_owned();
    assert!(
        links.contains("href=\"https://college.example/map/index.html\"")
            && links.contains("https://college.example/campus/gate.jpg"),
        "{links}"
    );
    assert!(!links.contains("javascript"), "{links}");
    let articles = source.articles();
    let group = |id: &str| {
        articles.iter().find(|a| a["source_id"] == id).unwrap()["story"].as_i64().unwrap()
    };
    assert_eq!(
        BTreeSet::from(["1", "2", "3"].map(group)).len(),
        1,
        "a translation of a translation should belong to the same story"
    );
    assert_ne!(group("4"), group("1"), "an article in the same language should be another story");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_article_that_returns_keeps_its_id_and_a_draft_appears_when_it_is_published() {
    for kind in KINDS {
        let Some(source) = cms(kind).await else { continue };
        source.sync();
        let before = source.article("6")["id"].clone();
        source.execute("UPDATE piece SET state = 'bin' WHERE nr = 6; UPDATE piece SET state = 'live' WHERE nr = 8").await;
        assert_eq!(source.sync().counts(), [1, 0, 0, 1], "{kind:?}");
        assert!(!source.build_feed("all.rss").contains("Acids"));
        source.execute("UPDATE piece SET state = 'live', head = 'Acids again' WHERE nr = 6; UPDATE piece SET rubric = 'lab' WHERE nr = 7").await;
        let sync = source.sync();
        assert_eq!(sync.counts()[3], 0, "{kind:?}: {sync:?}");
        assert_eq!(
            (&source.article("6")["id"], source.article("6")["title"].as_str()),
            (&before, Some("Acids again"))
        );
        assert_eq!(source.article("7")["url"], "https://college.example/lab/7.html");
    }
}
