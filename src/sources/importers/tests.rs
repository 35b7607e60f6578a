//! Importers with sample files, malformed files and random bytes.

use std::io::Cursor;

use jiff::tz::TimeZone;
use proptest::prelude::*;

mod dates;
mod exports;
mod sizes;

use super::fields::parse_time;
use super::*;
use crate::config::{Ids, Members, Source, SourceKind, UnknownEnclosing};
use crate::domain::article::IncomingArticle;
use crate::domain::time::{Millis, SignedDuration};

fn source(ids: Ids) -> Source {
    Source {
        name: "college".into(),
        former_names: Vec::new(),
        kind: SourceKind::Builtin,
        url: None,
        poll: SignedDuration::ZERO,
        timezone: TimeZone::UTC,
        table_prefix: String::new(),
        ids,
        site_url: String::new(),
        permalinks: String::new(),
        collections: Vec::new(),
        members: Members::Hidden,
        unknown_enclosing: UnknownEnclosing::Hide,
        content_types: Vec::new(),
        text_fields: Vec::new(),
        files_url: String::new(),
        article_url: None,
        query: None,
        full_sync: SignedDuration::ZERO,
        listen_channel: None,
    }
}

/// Articles and left-out entries of a file.
#[derive(Debug)]
struct ParsedFile {
    articles: Vec<NumberedArticle>,
    left_out: LeftOut,
}

fn parse_xml(bytes: &[u8], source: &Source, language: &str) -> Result<ParsedFile, FileError> {
    parse_xml_at(bytes, source, language, Millis(0))
}

fn parse_xml_at(
    bytes: &[u8],
    source: &Source,
    language: &str,
    now: Millis,
) -> Result<ParsedFile, FileError> {
    let mut articles = Vec::new();
    let mut file = XmlFeedFile::open(Cursor::new(bytes), source, language, now)?;
    let left_out = file.read(&mut |article| {
        articles.push(article);
        true
    })?;
    Ok(ParsedFile { articles, left_out })
}

fn parse_json_feed(bytes: &[u8], source: &Source) -> Result<ParsedFile, FileError> {
    let mut articles = Vec::new();
    let mut file = JsonFeedFile::open(Cursor::new(bytes), &source.timezone)?;
    let left_out = file.read(&mut |article| {
        articles.push(article);
        true
    })?;
    Ok(ParsedFile { articles, left_out })
}

fn parse_articles(text: &str) -> Vec<IncomingArticle> {
    let export = if text.starts_with('{') {
        parse_json_feed(text.as_bytes(), &source(Ids::Ours))
    } else {
        parse_xml(text.as_bytes(), &source(Ids::Ours), "en")
    };
    export.unwrap().articles.into_iter().map(|(_, read)| read.unwrap().article).collect()
}

const RSS: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:d="http://purl.org/dc/elements/1.1/"
  xmlns:media="http://search.yahoo.com/mrss/" xmlns:atom="http://www.w3.org/2005/Atom"><channel>
<title>Dye works</title><link>https://dye.example/</link><language>de</language>
<item><title>Blue &amp; green</title><link>/blue</link><guid isPermaLink="false">17 at dye.example</guid>
<description>In short.</description><content:encoded><![CDATA[<p>Blue &amp; <b>green</b></p>]]></content:encoded>
<pubDate>Mon, 01 Sep 2026 10:00:00 +0200</pubDate><atom:updated>2026-09-02T08:00:00Z</atom:updated>
<category>Colours</category><category domain="https://dye.example/tags">indigo</category><d:creator>Mei Lin</d:creator>
<media:content url="https://dye.example/blue.jpg" medium="image"/><enclosure url="https://dye.example/talk.mp3" type="audio/mpeg" length="3"/></item>

<item><guid>https://dye.example/red</guid><description>Only &lt;i&gt;a&lt;/i&gt; description&nbsp;here &copy; us</description>
<author>li@dye.example (Li Lei)</author><dc:date>2026-09-03T10:00Z</dc:date></item>
<item><title>No id &c.</title><link>https://dye.example/none</link></item>
</channel></rss>"#;

#[test]
fn rss_2_is_parsed_with_its_common_extensions() {
    let all = parse_articles(RSS);
    let blue = &all[0];
    assert_eq!(
        (blue.guid.as_deref(), blue.source_id.as_str()),
        (Some("17 at dye.example"), "17 at dye.example")
    );
    assert_eq!(
        (blue.title.as_str(), blue.url.as_deref()),
        ("Blue & green", Some("https://dye.example/blue"))
    );
    assert_eq!(
        (blue.summary.as_deref(), blue.body_html.as_str()),
        (Some("In short."), "<p>Blue &amp; <b>green</b></p>")
    );
    assert_eq!(
        (blue.published_at.rfc3339(), blue.updated_at.map(Millis::rfc3339)),
        ("2026-09-01T08:00:00Z".into(), Some("2026-09-02T08:00:00Z".into()))
    );
    assert_eq!(
        (&blue.sections, &blue.tags, &blue.authors),
        (&vec!["Colours".to_owned()], &vec!["indigo".to_owned()], &vec!["Mei Lin".to_owned()])
    );
    assert_eq!(
        (blue.language.as_deref(), blue.image_url.as_deref()),
        (Some("de"), Some("https://dye.example/blue.jpg"))
    );
    let talk = blue
        .enclosure
        .as_ref()
        .map(|file| (file.url.as_str(), file.media_type.as_str(), file.length));
    assert_eq!(talk, Some(("https://dye.example/talk.mp3", "audio/mpeg", 3)));
    let red = &all[1];
    assert_eq!(
        (red.url.as_deref(), red.guid.as_deref()),
        (Some("https://dye.example/red"), Some("https://dye.example/red"))
    );
    assert_eq!(
        (red.body_html.as_str(), red.summary.as_deref()),
        ("Only <i>a</i> description\u{a0}here © us", None)
    );
    assert_eq!(
        (&red.authors[0], red.published_at.rfc3339()),
        (&"Li Lei".to_owned(), "2026-09-03T10:00:00Z".to_owned())
    );
    assert_eq!(
        (all[2].title.as_str(), all[2].guid.as_deref()),
        ("No id &c.", Some("https://dye.example/none"))
    );
    let export = parse_xml(RSS.as_bytes(), &source(Ids::Ours), "en").unwrap();
    let parsed: Vec<(u64, bool)> =
        export.articles.iter().map(|(line, a)| (*line, a.as_ref().unwrap().is_dated)).collect();
    assert_eq!(parsed, [(5, true), (11, true), (13, false)]);
}

#[test]
fn rss_1_is_parsed() {
    let all = parse_articles(
        r#"<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/">
        <channel rdf:about="https://a.example/"><title>A</title><link>https://a.example/</link><dc:language>fr</dc:language></channel>
        <item rdf:about="https://a.example/1"><title>Un</title><link>https://a.example/1?x</link><dc:date>2001-02-03T04:05:06+01:00</dc:date>
        <dc:subject>Arts</dc:subject></item></rdf:RDF>"#,
    );
    assert_eq!(
        (all[0].guid.as_deref(), all[0].url.as_deref()),
        (Some("https://a.example/1"), Some("https://a.example/1?x"))
    );
    assert_eq!((all[0].language.as_deref(), all[0].sections[0].as_str()), (Some("fr"), "Arts"));
    assert_eq!(all[0].published_at.rfc3339(), "2001-02-03T03:05:06Z");
}

#[test]
fn atom_is_parsed_with_every_text_type() {
    let all = parse_articles(
        r#"<a:feed xmlns:a="http://www.w3.org/2005/Atom" xml:lang="en-GB" xml:base="https://a.example/news/"><a:author><a:name>The office</a:name></a:author>
        <a:link rel="self" href="feed.atom"/>
        <a:entry><a:id>urn:x:1</a:id><a:title type="html">Acids &amp;amp; &amp;lt;b&amp;gt;</a:title><a:link href="one.html"/>
        <a:updated>2026-09-01T10:00:00Z</a:updated><a:summary>One &lt; two</a:summary>
        <a:content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p class="x">Hello<br/>you &amp; me</p></div></a:content>
        <a:category term="t1" label="Chemistry"/><a:link rel="enclosure" type="image/png" href="/p.png"/></a:entry>
        <a:entry xml:lang="zh"><a:id>urn:x:2</a:id><a:title>2 &lt; 3</a:title><a:published>2026-08-01T10:00:00Z</a:published>
        <a:updated>2026-08-02T10:00:00Z</a:updated><a:content>First line
        second line</a:content><a:author><a:name>Mei</a:name></a:author></a:entry></a:feed>"#,
    );
    let (one, two) = (&all[0], &all[1]);
    assert_eq!(
        (one.url.as_deref(), one.image_url.as_deref()),
        (Some("https://a.example/news/one.html"), Some("https://a.example/p.png"))
    );
    assert_eq!(
        (one.body_html.as_str(), one.summary.as_deref()),
        ("<p class=\"x\">Hello<br>you &amp; me</p>", Some("<p>One &lt; two</p>"))
    );
    assert_eq!(
        (one.title.as_str(), one.sections[0].as_str(), one.authors[0].as_str()),
        ("Acids &amp; &lt;b&gt;", "Chemistry", "The office")
    );
    assert_eq!(one.published_at.rfc3339(), "2026-09-01T10:00:00Z");
    assert_eq!(
        (two.title.as_str(), two.body_html.as_str()),
        ("2 &lt; 3", "<p>First line</p><p>second line</p>")
    );
    assert_eq!((two.language.as_deref(), two.authors[0].as_str()), (Some("zh"), "Mei"));
}

#[test]
fn relative_urls_of_media_are_resolved_like_links() {
    let rss = r#"<rss version="2.0" xmlns:media="http://search.yahoo.com/mrss/"><channel><link>https://r.example/</link>
        <item><title>T</title><guid>1</guid><media:content medium="image" url="/i.jpg"/><enclosure url="talk.mp3" type="audio/mpeg"/></item></channel></rss>"#;
    let atom = r#"<feed xmlns="http://www.w3.org/2005/Atom" xml:base="https://cdn.example/a/"><entry><id>x:1</id><title>T</title>
        <updated>2026-09-01T08:00:00Z</updated><link rel="enclosure" type="audio/mpeg" href="talk.mp3"/></entry></feed>"#;
    let media = |text: &str| {
        let one = parse_articles(text).remove(0);
        (one.image_url, one.enclosure.map(|file| file.url))
    };
    assert_eq!(
        media(rss),
        (Some("https://r.example/i.jpg".into()), Some("https://r.example/talk.mp3".into()))
    );
    assert_eq!(media(atom), (None, Some("https://cdn.example/a/talk.mp3".into())));
}

#[test]
fn json_feed_items_have_line_numbers() {
    let text = "{\"version\": \"https://jsonfeed.org/version/1.1\", \"title\": \"x\", \"language\": \"en\",\n\"items\": [\n  {\"id\": 5, \"url\": \"https://a.example/5\",\n \
        \"content_text\": \"a\\nb\", \"tags\": [\"t\"], \"date_published\": \"2026-09-01T10:00:00+08:00\", \"author\": {\"name\": \"Li\"}},\n  {\"id\": \"x\", \"title\": \"A & B\"}\n, 7]}";
    let export = parse_json_feed(text.as_bytes(), &source(Ids::Ours)).unwrap();
    let lines: Vec<u64> = export.articles.iter().map(|(line, _)| *line).collect();
    assert_eq!(lines, [3, 5, 6]);
    let first = &export.articles[0].1.as_ref().unwrap().article;
    assert_eq!(
        (first.guid.as_deref(), first.body_html.as_str(), first.authors[0].as_str()),
        (Some("5"), "<p>a</p><p>b</p>", "Li")
    );
    assert_eq!(
        (first.tags[0].as_str(), first.published_at.rfc3339().as_str()),
        ("t", "2026-09-01T02:00:00Z")
    );
    assert!(export.articles[2].1.is_err());
    assert!(
        parse_json_feed(b"[1,\n2]", &source(Ids::Ours))
            .is_err_and(|(line, reason)| line == 1 && reason.contains(".jsonl"))
    );
}

#[test]
fn other_encodings_are_decoded_and_broken_input_is_rejected() {
    let gbk =
        b"<?xml version='1.0' encoding='GB2312'?><rss><channel><item><title>\xd0\xc2\xce\xc5</title><guid>1</guid></item></channel></rss>";
    let export = parse_xml(gbk, &source(Ids::Ours), "zh").unwrap();
    assert_eq!(export.articles[0].1.as_ref().unwrap().article.title, "新闻");
    for (bytes, line, words) in [
        (
            &b"<rss><channel>\n<item><title>\xff</title></item></channel></rss>"[..],
            1,
            "not valid UTF-8",
        ),
        (b"<?xml version='1.0' encoding='klingon'?><rss/>", 1, "klingon"),
        (b"<rss>\n<channel>\n<item></channel></rss>", 3, "well-formed"),
        (b"<rss>\n<channel>\n<item>", 3, "truncated"),
        (b"<html>\n</html>", 1, "neither RSS nor Atom"),
        (b"\n", 2, "no XML element"),
    ] {
        let (at, reason) = parse_xml(bytes, &source(Ids::Ours), "en").unwrap_err();
        assert!(at == line && reason.contains(words), "{at}: {reason}");
    }
    let deep = "<a>".repeat(100_000);
    assert!(
        parse_xml(deep.as_bytes(), &source(Ids::Ours), "en")
            .is_err_and(|(_, reason)| reason.contains("deep"))
    );
}

/// Random sequences of the fragments that such files consist of.
fn fragments() -> impl Strategy<Value = String> {
    let words = [
        "<rss>",
        "</rss>",
        "<channel>",
        "</channel>",
        "<item>",
        "</item>",
        "<guid>",
        "</guid>",
        "<title/>",
        "<wp:wxr_version>1.2</wp:wxr_version>",
        "<wp:post_id>1</wp:post_id>",
        "<wp:status>publish</wp:status>",
        "<wp:post_type>post</wp:post_type>",
        "<content:encoded>",
        "</content:encoded>",
        "[gallery]",
        "[caption]",
        "<![CDATA[",
        "]]>",
        "&amp;",
        "&#x",
        "&#1114112;",
        "&",
        "<!--",
        "-->",
        "<?xml",
        "?>",
        "<a:b xmlns:a='http://www.w3.org/2005/Atom'>",
        "<feed xmlns='http://www.w3.org/2005/Atom'>",
        "<entry>",
        "</entry>",
        "</feed>",
        "<pubDate>Mon, 99 Foo 2026 25:61 UTC</pubDate>",
        "\"",
        "=",
        "é",
        "\0",
        "\n",
    ];
    proptest::collection::vec(proptest::sample::select(words.to_vec()), 0..40)
        .prop_map(|words| words.concat())
}

proptest! {
    #[test]
    fn parsing_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..300), text in fragments()) {
        for input in [&bytes[..], text.as_bytes(), format!("<rss><channel><wp:wxr_version/>{text}").as_bytes()] {
            let _ = parse_xml(input, &source(Ids::SiteFeed), "en");
            let _ = parse_json_feed(input, &source(Ids::SiteFeed));
        }
    }

    #[test]
    fn time_parsing_never_panics(text in "[A-Za-z0-9 ,:+-]{0,40}|.{0,20}") {
        let _ = parse_time("date", Some(text), &TimeZone::UTC);
    }
}
