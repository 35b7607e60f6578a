//! Rendered feeds, verified with strict parsers that are independent of the writers.

mod parts;

use jiff::tz::TimeZone;
use roxmltree::{Document, Node};
use serde_json::Value;

use super::extensions::MEDIA;
use super::format::Format;
use super::metadata::{ArchiveRole, FeedMetadata, Item, Translation, feed_metadata, item};
use crate::config::{Content, Feed, Site};
use crate::domain::article::{Article, Enclosure};
use crate::domain::selection::Selection;
use crate::domain::time::{HOUR, MINUTE, Millis};
use crate::domain::translations::Translations;

const CONTENT: &str = "http://purl.org/rss/1.0/modules/content/";
const DC: &str = "http://purl.org/dc/elements/1.1/";
const XML: &str = "http://www.w3.org/XML/1998/namespace";

fn site() -> Site {
    Site {
        title: "Harbour College".into(),
        titles: Translations::new("en", [("zh".into(), "海港学院".into())].into()),
        base_url: "https://news.example.edu".into(),
        language: "en".into(),
        timezone: TimeZone::UTC,
        id_authority: "news.example.edu,2026".into(),
        postal_address: String::new(),
        rights: Some("© Harbour College".into()),
        icon: Some("https://college.example/icon.png".into()),
        logo: Some("https://college.example/logo.webp".into()),
        accent: None,
    }
}

fn feed(content: Content) -> Feed {
    Feed {
        name: "news".into(),
        former_names: vec![],
        title: "News & notices".into(),
        titles: Translations::new("en", [("zh".into(), "新闻与通知".into())].into()),
        selection: Selection::default(),
        items: 50,
        content,
        description: None,
        descriptions: Translations::new("en", [("zh".into(), "学院动态".into())].into()),
        max_age: 5 * MINUTE,
        extra_xml: None,
        aliases: Vec::new(),
        secret: None,
    }
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
        image_alt: Some("A \"boat\" & its crew".into()),
        image_type: Some("image/jpeg".into()),
        image_width: Some(640),
        enclosure: Some(Enclosure {
            url: "https://college.example/talk.mp3?a=1&b=2".into(),
            media_type: "audio/mpeg".into(),
            length: 9_000,
        }),
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
    let bare = Article {
        guid: "tag:news.example.edu,2026:college/3".into(),
        title: "Closed on Monday".into(),
        ..Article::default()
    };
    vec![english, chinese, bare]
}

const NEWEST: ArchiveRole = ArchiveRole::Newest { previous: None };

fn items<'a>(articles: &'a [Article], site: &'a Site, feed: &Feed) -> Vec<Item<'a>> {
    articles.iter().map(|article| item(article, &[], site, feed)).collect()
}

/// Renders the articles as a document that last changed with its first article.
fn render_document(format: Format, site: &Site, feed: &Feed, articles: &[Article]) -> String {
    let updated = articles.first().map_or(Millis(0), |article| article.updated_at.whole_second());
    let metadata =
        feed_metadata(site, feed, updated, &NEWEST, &["https://hub.example/?a=1&b=2".to_owned()]);
    String::from_utf8(format.render(&metadata, &items(articles, site, feed)).unwrap()).unwrap()
}

fn render_frame(format: Format, metadata: &FeedMetadata<'_>) -> String {
    String::from_utf8(format.render(metadata, &[]).unwrap()).unwrap()
}

fn texts(parent: Node<'_, '_>, name: &str) -> Vec<String> {
    parent
        .children()
        .filter(|node| node.tag_name().name() == name)
        .map(|node| node.text().unwrap_or_default().to_owned())
        .collect()
}

fn elements<'a>(xml: &'a Document<'a>, name: &str) -> Vec<Node<'a, 'a>> {
    xml.descendants().filter(|node| node.tag_name().name() == name).collect()
}

#[test]
fn rss_contains_all_properties_of_the_articles() {
    let (site, feed, articles) = (site(), feed(Content::Full), articles());
    let text = render_document(Format::Rss, &site, &feed, &articles);
    let xml = Document::parse(&text).unwrap();
    let channel = elements(&xml, "channel")[0];
    assert_eq!(texts(channel, "title"), ["News & notices"]);
    assert_eq!(texts(channel, "lastBuildDate"), ["Mon, 21 Sep 2026 14:28:20 +0000"]);
    let self_link = channel.children().find(|node| node.attribute("rel") == Some("self")).unwrap();
    assert_eq!(self_link.attribute("href"), Some("https://news.example.edu/feeds/news.rss"));
    let items = elements(&xml, "item");
    let first = items[0];
    assert_eq!(texts(first, "title"), ["R&D day: 5 < 6, they say"]);
    assert_eq!(texts(first, "link"), ["https://college.example/%E6%96%B0%E9%97%BB/2?a=1&b=2"]);
    assert_eq!(
        texts(first, "description"),
        ["Visitors saw &lt;500 million&gt; molecules &amp; a boat."]
    );
    assert_eq!(texts(first, "category"), ["News", "Open days", "boats"]);
    let body: String = first
        .children()
        .find(|n| n.has_tag_name((CONTENT, "encoded")))
        .unwrap()
        .children()
        .filter_map(|n| n.text())
        .collect();
    let lead = "<p><img src=\"https://college.example/boat.jpg?w=1&amp;h=2\" alt=\"A &quot;boat&quot; &amp; its crew\" width=\"640\"></p>";
    assert_eq!(body, format!("{lead}{}", articles[0].body_html));
    assert!(text.find("<description>").unwrap() < text.find("<content:encoded>").unwrap());
    let of = |name| {
        first
            .children()
            .filter(move |n| n.has_tag_name((DC, name)))
            .filter_map(|n| n.text())
            .collect::<Vec<_>>()
    };
    assert_eq!((of("creator"), of("language")), (vec!["Ann O'Hara", "Li Wei"], vec!["en"]));
    let image = first.children().find(|n| n.has_tag_name((MEDIA.1, "content"))).unwrap();
    assert_eq!(image.attribute("url"), Some("https://college.example/boat.jpg?w=1&h=2"));
    assert_eq!(
        (image.attribute("medium"), image.attribute("type"), image.attribute("width")),
        (Some("image"), Some("image/jpeg"), Some("640"))
    );
    assert_eq!(texts(image, "description"), ["A \"boat\" & its crew"]);
    let file = elements(&xml, "enclosure")[0];
    assert_eq!(
        (file.attribute("type"), file.attribute("length")),
        (Some("audio/mpeg"), Some("9000"))
    );
    assert_eq!(texts(first, "updated"), ["2026-09-21T14:28:20Z"]);
    let permalinks: Vec<_> = elements(&xml, "guid")
        .iter()
        .map(|guid| guid.attribute("isPermaLink") != Some("false"))
        .collect();
    assert_eq!(permalinks, [false, true, false]);
    assert_eq!(
        (texts(items[2], "link").len(), texts(items[2], "description")),
        (0, vec!["Closed on Monday".to_owned()])
    );
}

#[test]
fn atom_contains_the_same_properties_and_a_language_on_each_text() {
    let (site, feed, articles) = (site(), feed(Content::Full), articles());
    let text = render_document(Format::Atom, &site, &feed, &articles);
    let xml = Document::parse(&text).unwrap();
    let root = xml.root_element();
    assert_eq!(texts(root, "id"), ["tag:news.example.edu,2026:feeds/news"]);
    assert_eq!(texts(root, "updated"), ["2026-09-21T14:28:20+00:00"]);
    assert_eq!(root.attribute((XML, "lang")), Some("en"));
    let entries = elements(&xml, "entry");
    assert_eq!(texts(entries[0], "summary"), ["Visitors saw <500 million> molecules & a boat."]);
    assert!(texts(entries[0], "content")[0].ends_with(&articles[0].body_html));
    assert_eq!(entries[1].attribute((XML, "lang")), Some("zh-CN"));
    for name in ["title", "summary", "content"] {
        let node = entries[1].children().find(|node| node.tag_name().name() == name).unwrap();
        assert_eq!(node.attribute((XML, "lang")), Some("zh-CN"), "{name}");
    }
    let image = entries[0].children().find(|n| n.has_tag_name((MEDIA.1, "content"))).unwrap();
    assert_eq!(image.attribute("url"), Some("https://college.example/boat.jpg?w=1&h=2"));
    // An entry without an alternate link needs content.
    assert_eq!(texts(entries[2], "content"), ["Closed on Monday"]);
    assert_eq!(elements(&xml, "author").len(), 3);
    let of = |rel| {
        entries[0]
            .children()
            .find(|n| n.attribute("rel") == Some(rel))
            .and_then(|n| n.attribute("href"))
    };
    assert_eq!(of("enclosure"), Some("https://college.example/talk.mp3?a=1&b=2"));
    let category = elements(&xml, "category")[1];
    assert_eq!(
        (category.attribute("term"), category.attribute("label")),
        (Some("Open days"), Some("Open days"))
    );
}

#[test]
fn json_contains_the_same_properties_and_the_same_ids() {
    let (site, feed, articles) = (site(), feed(Content::Full), articles());
    let json: Value =
        serde_json::from_str(&render_document(Format::Json, &site, &feed, &articles)).unwrap();
    assert_eq!(json["feed_url"], "https://news.example.edu/feeds/news.json");
    assert_eq!(json["items"][0]["tags"], serde_json::json!(["News", "Open days", "boats"]));
    assert_eq!(json["items"][0]["image"], "https://college.example/boat.jpg?w=1&h=2");
    assert_eq!(json["items"][0]["date_published"], "2026-09-21T14:13:20Z");
    assert_eq!(json["items"][1]["language"], "zh-CN");
    assert_eq!(json["items"][2]["content_text"], "Closed on Monday");
    let file = serde_json::json!([{"url": "https://college.example/talk.mp3?a=1&b=2", "mime_type": "audio/mpeg", "size_in_bytes": 9000}]);
    assert_eq!(json["items"][0]["attachments"], file);
    assert_eq!(
        json["hubs"],
        serde_json::json!([{"type": "WebSub", "url": "https://hub.example/?a=1&b=2"}])
    );
    let ids: Vec<&str> =
        json["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap()).collect();
    let (rss, atom) = (
        render_document(Format::Rss, &site, &feed, &articles),
        render_document(Format::Atom, &site, &feed, &articles),
    );
    let in_rss = Document::parse(&rss).unwrap();
    let in_atom = Document::parse(&atom).unwrap();
    assert_eq!(
        ids,
        elements(&in_rss, "item").iter().flat_map(|item| texts(*item, "guid")).collect::<Vec<_>>()
    );
    assert_eq!(
        ids,
        elements(&in_atom, "entry")
            .iter()
            .flat_map(|entry| texts(*entry, "id"))
            .collect::<Vec<_>>()
    );
}

#[test]
fn a_summary_feed_contains_no_body() {
    let (site, feed, articles) = (site(), feed(Content::Summary), articles());
    for format in Format::ALL {
        let text = render_document(format, &site, &feed, &articles);
        assert!(
            !text.contains("<em>") && !text.contains("&lt;em") && !text.contains("<img"),
            "{text}"
        );
    }
}

#[test]
fn a_channel_names_its_publisher_and_polling_frequency() {
    let (site, mut feed) = (site(), feed(Content::Full));
    feed.description = Some("What happens <here> & there".into());
    feed.extra_xml = Some("<follow_challenge><feedId>1</feedId></follow_challenge>".into());
    let complete = feed_metadata(
        &site,
        &feed,
        Millis(0),
        &ArchiveRole::Complete,
        &["https://hub.example/".to_owned()],
    );
    let text = render_frame(Format::Rss, &complete);
    let xml = Document::parse(&text).unwrap();
    let channel = elements(&xml, "channel")[0];
    for (name, expected) in [
        ("description", "What happens <here> & there"),
        ("copyright", "© Harbour College"),
        ("ttl", "5"),
        ("updatePeriod", "hourly"),
        ("updateFrequency", "12"),
        ("docs", "https://www.rssboard.org/rss-specification"),
        // Without any article this is the date of the id authority.
        ("lastBuildDate", "Thu, 1 Jan 2026 00:00:00 +0000"),
        ("complete", ""),
    ] {
        assert_eq!(texts(channel, name), [expected], "{name}");
    }
    // An image of a type that RSS does not support is skipped.
    let image = elements(&xml, "image")[0];
    assert_eq!(
        (texts(image, "url"), texts(image, "title")),
        (vec!["https://college.example/icon.png".into()], texts(channel, "title"))
    );
    assert_eq!(
        (texts(image, "link").first(), image.children().count()),
        (texts(channel, "link").first(), 3)
    );
    assert!(text.contains("</follow_challenge></channel>"));
    let text = render_frame(Format::Atom, &complete);
    let xml = Document::parse(&text).unwrap();
    for (name, expected) in [
        ("subtitle", "What happens <here> & there"),
        ("rights", "© Harbour College"),
        ("logo", "https://college.example/logo.webp"),
    ] {
        assert_eq!(texts(xml.root_element(), name), [expected], "{name}");
    }
    assert!(text.contains("</follow_challenge></feed>"));
    feed.max_age = 2 * HOUR;
    let slow = render_frame(Format::Rss, &feed_metadata(&site, &feed, Millis(0), &NEWEST, &[]));
    assert!(
        slow.contains("<ttl>120</ttl>")
            && slow.contains("daily")
            && slow.contains("<sy:updateFrequency>12<"),
        "{slow}"
    );
}
