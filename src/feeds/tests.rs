//! Feeds judged by a strict reader, never by what wrote them.

use jiff::tz::TimeZone;
use proptest::collection::vec;
use proptest::prelude::*;
use roxmltree::{Document, Node};
use serde_json::Value;

use super::feed::{FeedDocument, document};
use super::format::Format;
use crate::config::{Content, Feed, Site};
use crate::domain::article::Article;
use crate::domain::characters;
use crate::domain::selection::Selection;
use crate::domain::time::Millis;

const CONTENT: &str = "http://purl.org/rss/1.0/modules/content/";
const DC: &str = "http://purl.org/dc/elements/1.1/";
const XML: &str = "http://www.w3.org/XML/1998/namespace";

fn site() -> Site {
    Site {
        title: "Harbour College".into(),
        base_url: "https://news.example.edu".into(),
        language: "en".into(),
        timezone: TimeZone::UTC,
        id_authority: "news.example.edu,2026".into(),
        postal_address: String::new(),
    }
}

fn feed(content: Content) -> Feed {
    Feed { name: "news".into(), was: vec![], title: "News & notices".into(), selection: Selection::default(), items: 50, content }
}

fn articles() -> Vec<Article> {
    let english = Article {
        guid: "tag:news.example.edu,2026:college/2".into(),
        title: "R&D day: 5 < 6, they say".into(),
        url: Some("https://college.example/新闻/2?a=1&b=2".into()),
        summary: "Visitors saw <500 million> molecules & a boat.".into(),
        body_html: "<p>Visitors saw <em>many</em> molecules &amp; a boat.</p>]]>".into(),
        sections: vec!["News".into(), "Open days".into()],
        tags: vec!["boats".into(), "News".into(), " ".into()],
        authors: vec!["Ann O'Hara".into(), "Li Wei".into()],
        language: "en".into(),
        image_url: Some("https://college.example/boat.jpg?w=1&h=2".into()),
        published_at: Millis(1_790_000_000_123),
        updated_at: Millis(1_790_000_900_999),
        ..Article::default()
    };
    let chinese = Article {
        guid: "https://college.example/zh/1".into(),
        title: "新实验室今天启用 👩\u{200d}🔬".into(),
        url: Some("https://college.example/zh/1".into()),
        summary: "学生们第一次走进实验室。".into(),
        body_html: "<p>学生们第一次走进实验室。</p>".into(),
        language: "zh_CN".into(),
        published_at: Millis(1_780_000_000_000),
        updated_at: Millis(1_780_000_000_000),
        ..Article::default()
    };
    let bare = Article { guid: "tag:news.example.edu,2026:college/3".into(), title: "Closed on Monday".into(), ..Article::default() };
    vec![english, chinese, bare]
}

fn rendered(format: Format, document: &FeedDocument<'_>) -> String {
    String::from_utf8(format.render(document).unwrap()).unwrap()
}

fn texts(parent: Node<'_, '_>, name: &str) -> Vec<String> {
    parent.children().filter(|node| node.tag_name().name() == name).map(|node| node.text().unwrap_or_default().to_owned()).collect()
}

fn elements<'a>(xml: &'a Document<'a>, name: &str) -> Vec<Node<'a, 'a>> {
    xml.descendants().filter(|node| node.tag_name().name() == name).collect()
}

#[test]
fn rss_says_what_the_articles_say() {
    let (site, feed, articles) = (site(), feed(Content::Full), articles());
    let text = rendered(Format::Rss, &document(&site, &feed, &articles, None));
    let xml = Document::parse(&text).unwrap();
    let channel = elements(&xml, "channel")[0];
    assert_eq!(texts(channel, "title"), ["News & notices"]);
    assert_eq!(texts(channel, "lastBuildDate"), ["Mon, 21 Sep 2026 14:28:20 +0000"]);
    let itself = channel.children().find(|node| node.attribute("rel") == Some("self")).unwrap();
    assert_eq!(itself.attribute("href"), Some("https://news.example.edu/feeds/news.rss"));
    let items = elements(&xml, "item");
    let first = items[0];
    assert_eq!(texts(first, "title"), ["R&D day: 5 < 6, they say"]);
    assert_eq!(texts(first, "link"), ["https://college.example/%E6%96%B0%E9%97%BB/2?a=1&b=2"]);
    assert_eq!(texts(first, "description"), ["Visitors saw &lt;500 million&gt; molecules &amp; a boat."]);
    assert_eq!(texts(first, "category"), ["News", "Open days", "boats"]);
    let body: String =
        first.children().find(|n| n.has_tag_name((CONTENT, "encoded"))).unwrap().children().filter_map(|n| n.text()).collect();
    assert_eq!(body, articles[0].body_html);
    assert!(text.find("<description>").unwrap() < text.find("<content:encoded>").unwrap());
    let of = |name| first.children().filter(move |n| n.has_tag_name((DC, name))).filter_map(|n| n.text()).collect::<Vec<_>>();
    assert_eq!((of("creator"), of("language")), (vec!["Ann O'Hara", "Li Wei"], vec!["en"]));
    let image = first.children().find(|n| n.has_tag_name(("http://search.yahoo.com/mrss/", "content"))).unwrap();
    assert_eq!(image.attribute("url"), Some("https://college.example/boat.jpg?w=1&h=2"));
    assert_eq!(texts(first, "updated"), ["2026-09-21T14:28:20Z"]);
    let permalinks: Vec<_> = elements(&xml, "guid").iter().map(|guid| guid.attribute("isPermaLink") != Some("false")).collect();
    assert_eq!(permalinks, [false, true, false]);
    assert_eq!((texts(items[2], "link").len(), texts(items[2], "description")), (0, vec!["Closed on Monday".to_owned()]));
}

#[test]
fn atom_says_the_same_with_a_language_on_each_text() {
    let (site, feed, articles) = (site(), feed(Content::Full), articles());
    let text = rendered(Format::Atom, &document(&site, &feed, &articles, Some(Millis(1_800_000_000_500))));
    let xml = Document::parse(&text).unwrap();
    let root = xml.root_element();
    assert_eq!(texts(root, "id"), ["tag:news.example.edu,2026:feeds/news"]);
    assert_eq!(texts(root, "updated"), ["2027-01-15T08:00:00+00:00"]);
    assert_eq!(root.attribute((XML, "lang")), Some("en"));
    let entries = elements(&xml, "entry");
    assert_eq!(texts(entries[0], "summary"), ["Visitors saw <500 million> molecules & a boat."]);
    assert_eq!(texts(entries[0], "content")[0], articles[0].body_html);
    for name in ["title", "summary", "content"] {
        let node = entries[1].children().find(|node| node.tag_name().name() == name).unwrap();
        assert_eq!(node.attribute((XML, "lang")), Some("zh-CN"), "{name}");
    }
    let image = entries[0].children().find(|n| n.has_tag_name((super::rss::MEDIA.1, "content"))).unwrap();
    assert_eq!(image.attribute("url"), Some("https://college.example/boat.jpg?w=1&h=2"));
    // Without a link to read on, an entry has to have content.
    assert_eq!(texts(entries[2], "content"), ["Closed on Monday"]);
    assert_eq!(elements(&xml, "author").len(), 3);
}

#[test]
fn json_says_the_same_with_the_same_ids() {
    let (site, feed, articles) = (site(), feed(Content::Full), articles());
    let made = document(&site, &feed, &articles, None);
    let json: Value = serde_json::from_str(&rendered(Format::Json, &made)).unwrap();
    assert_eq!(json["feed_url"], "https://news.example.edu/feeds/news.json");
    assert_eq!(json["items"][0]["tags"], serde_json::json!(["News", "Open days", "boats"]));
    assert_eq!(json["items"][0]["image"], "https://college.example/boat.jpg?w=1&h=2");
    assert_eq!(json["items"][0]["date_published"], "2026-09-21T14:13:20Z");
    assert_eq!(json["items"][1]["language"], "zh-CN");
    assert_eq!(json["items"][2]["content_text"], "Closed on Monday");
    let ids: Vec<&str> = json["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap()).collect();
    let (rss, atom) = (rendered(Format::Rss, &made), rendered(Format::Atom, &made));
    let in_rss = Document::parse(&rss).unwrap();
    let in_atom = Document::parse(&atom).unwrap();
    assert_eq!(ids, elements(&in_rss, "item").iter().flat_map(|item| texts(*item, "guid")).collect::<Vec<_>>());
    assert_eq!(ids, elements(&in_atom, "entry").iter().flat_map(|entry| texts(*entry, "id")).collect::<Vec<_>>());
}

#[test]
fn a_summary_feed_shows_no_body_and_a_removed_article_nothing() {
    let (site, feed) = (site(), feed(Content::Summary));
    let mut articles = articles();
    articles[1].removed_at = Some(Millis(5));
    let made = document(&site, &feed, &articles, None);
    assert_eq!(made.items.len(), 2);
    for format in Format::ALL {
        let text = rendered(format, &made);
        assert!(!text.contains("<em>") && !text.contains("&lt;em") && !text.contains("zh/1"), "{text}");
    }
}

#[test]
fn what_is_broken_is_not_published() {
    assert!(Format::Rss.validate(b"").is_err());
    assert!(Format::Atom.validate(b"<?xml version=\"1.0\"?><feed>").is_err());
    assert!(Format::Atom.validate("<?xml version=\"1.0\"?><feed>\u{8}</feed>".as_bytes()).is_err());
    assert!(Format::Json.validate(b"{\"version\":}").is_err());
    assert!(Format::Json.validate(b"{\"version\":\"\xff\"}").is_err());
}

/// Texts that break feeds, in any mixture.
fn hostile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        prop::sample::select(vec![
            "]]>",
            "<!--",
            "-->",
            "&",
            "&#8;",
            "&nbsp;",
            "<",
            ">",
            "\"",
            "'",
            "\r",
            "\r\n",
            "\n",
            "\t",
            "\u{0}",
            "\u{b}",
            "\u{fffe}",
            "\u{ffff}",
            "\u{feff}",
            "\u{85}",
            "\u{1fffe}",
            "<![CDATA[",
            "</title>",
            "新",
            "👩\u{200d}🔬",
            "\u{202e}",
            "<?xml?>",
            "\\ud800",
        ])
        .prop_map(str::to_owned),
        any::<String>(),
        any::<char>().prop_map(String::from),
    ];
    vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

prop_compose! {
    fn hostile_article()(
        texts in (hostile(), hostile(), hostile(), hostile(), hostile()),
        lists in (vec(hostile(), 0..3), vec(hostile(), 0..3), vec(hostile(), 0..3)),
        urls in (proptest::option::of(hostile()), proptest::option::of(hostile().prop_map(|t| format!("http://x.example/{t}")))),
        times in (any::<i64>(), any::<i64>()),
    ) -> Article {
        let ((guid, title, summary, body_html, language), (sections, tags, authors)) = (texts, lists);
        Article {
            guid, title, summary, body_html, language, sections, tags, authors, url: urls.0, image_url: urls.1,
            published_at: Millis(times.0), updated_at: Millis(times.1), ..Article::default()
        }
    }
}

fn expected_title(title: &str) -> String {
    characters::without_forbidden(title).split_whitespace().collect::<Vec<_>>().join(" ")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn no_article_breaks_a_feed(articles in vec(hostile_article(), 0..4), full in any::<bool>()) {
        let (site, feed) = (site(), feed(if full { Content::Full } else { Content::Summary }));
        let made = document(&site, &feed, &articles, None);
        let expected: Vec<String> = articles.iter().map(|article| expected_title(&article.title)).collect();
        let titles_of = |text: &str, name: &str| -> Vec<String> {
            let xml = Document::parse(text).unwrap();
            elements(&xml, name).iter().flat_map(|item| texts(*item, "title")).map(|title| title.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
        };
        prop_assert_eq!(titles_of(&rendered(Format::Rss, &made), "item"), expected.clone());
        prop_assert_eq!(titles_of(&rendered(Format::Atom, &made), "entry"), expected.clone());
        let json: Value = serde_json::from_str(&rendered(Format::Json, &made)).unwrap();
        let in_json: Vec<&str> = json["items"].as_array().unwrap().iter().map(|item| item["title"].as_str().unwrap()).collect();
        prop_assert_eq!(in_json.iter().map(|title| expected_title(title)).collect::<Vec<_>>(), expected);
        for format in Format::ALL {
            prop_assert_eq!(rendered(format, &made), rendered(format, &document(&site, &feed, &articles.clone(), None)));
        }
    }
}
