//! Tests of the rules: valid documents, and the violations that feed validators were observed to
//! report for changes of them.

use std::collections::BTreeSet;

use super::violations_in;

const RSS: &str = r#"<?xml version="1.0" encoding="utf-8"?><rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom" xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:media="http://search.yahoo.com/mrss/"><channel><title>News</title><link>https://x.example/</link><description>About</description><language>zh-Hans-CN</language><image><url>https://x.example/i.png</url><title>News</title><link>https://x.example/</link></image><atom:link href="https://x.example/f.rss" rel="self" type="application/rss+xml"/><item><title>One &amp; two 🌙</title><link>https://x.example/1</link><description>Words</description><enclosure url="https://x.example/a.mp3" length="0" type="audio/mpeg"/><guid isPermaLink="false">tag:x.example,2026:a/1</guid><pubDate>Sun, 9 Aug 2026 08:30:15 +0000</pubDate><content:encoded>&lt;p&gt;Body &lt;a href="https://x.example/?a=1&amp;amp;b=2"&gt;x&lt;/a&gt;&lt;/p&gt;</content:encoded><dc:creator>Mei</dc:creator></item></channel></rss>"#;
const ATOM: &str = r#"<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom" xmlns:media="http://search.yahoo.com/mrss/"><title>News</title><id>tag:x.example,2026:f</id><updated>2026-08-09T08:30:15Z</updated><author><name>Mei</name></author><link href="https://x.example/f.atom" rel="self" type="application/atom+xml"/><entry xml:lang="en"><title>One</title><id>tag:x.example,2026:a/1</id><updated>2026-08-09T08:30:15+00:00</updated><link href="https://x.example/1" rel="alternate" type="text/html"/><category term="c" label="C"/><summary>Words</summary><content type="html">&lt;p&gt;Body&lt;/p&gt;</content></entry></feed>"#;
const JSON: &str = r#"{"version":"https://jsonfeed.org/version/1.1","title":"News","home_page_url":"https://x.example/","feed_url":"https://x.example/f.json","items":[{"id":"tag:x.example,2026:a/1","content_html":"<p>Body</p>","date_published":"2026-08-09T08:30:15Z","date_modified":"2026-08-09T08:30:15Z","tags":["a","b"]}]}"#;

/// Document, replaced text, replacement, and the rules that the result breaks.
const INVALID_CHANGES: &[(&str, &str, &str, &str)] = &[
    (RSS, "Words", "", "NotBlank"),
    (RSS, "One &amp; two", "AT&amp;amp;T", "ContainsHTML"),
    (RSS, "One &amp; two", "A &amp;lt B", "ContainsHTML"),
    (RSS, "One &amp; two", "a&amp;b_2", "ContainsHTML"),
    (RSS, "One &amp; two", "1 &lt;b", "CharacterData"),
    (RSS, "One &amp; two", "&lt;b&gt;One&lt;/b&gt;", "CharacterData ContainsHTML"),
    (RSS, "One &amp; two", "&#x3C;b&gt;One&#x3C;/b&gt;", "ContainsHTML"),
    (ATOM, "<title>One", "<title>AT&amp;amp;T", "ContainsHTML"),
    (RSS, "One", "One \u{85}", "BadCharacters"),
    (RSS, "One", "One &#8;", "SAXError"),
    (RSS, "One", "One \u{fffe}", "SAXError"),
    (RSS, "One", "One &nbsp;", "SAXError"),
    (RSS, "Sun, 9", "Mon, 9", "InvalidRFC2822Date"),
    (RSS, "Sun, 9 Aug 2026 08:30:15 +0000", "2026-08-09T08:30:15Z", "InvalidRFC2822Date"),
    (RSS, "Sun, 9 Aug 2026", "Thu, 1 Jan 1970", "ImplausibleDate"),
    (RSS, "<dc:creator>", "<author>Mei</author><dc:creator>", "DuplicateSemantics InvalidContact"),
    (RSS, "<language>", "<managingEditor>Mei</managingEditor><language>", "InvalidContact"),
    (RSS, "zh-Hans-CN", "Chinese language", "InvalidLanguage"),
    (RSS, "<link>https://x.example/1", "<link>https://x.example/新", "UriNotIri"),
    (RSS, "<link>https://x.example/1", "<link>/1", "InvalidFullLink"),
    (RSS, "2026:a/1", "2026:a/新", "InvalidTAG UriNotIri"),
    (RSS, "tag:x.example,2026:a/1", "4711", "NotSufficientlyUnique"),
    (RSS, "<guid isPermaLink=\"false\">", "<guid>", "InvalidFullLink"),
    (RSS, "<guid isPermaLink=\"false\">tag:x.example,2026:a/1</guid>", "", "MissingElement"),
    (
        RSS,
        "<enclosure ",
        "<enclosure url=\"https://x.example/b.mp3\" length=\"1\" type=\"audio/mpeg\"/><enclosure ",
        "DuplicateElement",
    ),
    (
        RSS,
        "<dc:creator>",
        "<media:group><media:content url=\"https://x.example/i.png\"/></media:group><dc:creator>",
        "UndefinedElement",
    ),
    (RSS, "</image>", "<width>512</width></image>", "InvalidImageSize"),
    (RSS, "i.png", "i.webp", "ImageUrlFormat"),
    (
        RSS,
        "<title>News</title><link>https://x.example/</link></image>",
        "<title>Old</title><link>https://x.example</link></image>",
        "ImageLinkDoesntMatch ImageTitleDoesntMatch",
    ),
    (RSS, "<description>Words</description>", "", "MissingElement"),
    (RSS, "Words", "&lt;iframe src=\"https://y.example/\"&gt;&lt;/iframe&gt;", "SecurityRisk"),
    (RSS, "Words", "&lt;p style=\"position:fixed\"&gt;a&lt;/p&gt;", "DangerousStyleAttr"),
    (RSS, "Words", "&lt;p onclick=\"x\"&gt;a&lt;/p&gt;", "SecurityRiskAttr"),
    (RSS, "Words", "&lt;a href=\"javascript:x\"&gt;a&lt;/a&gt;", "SecurityRiskAttr"),
    (RSS, "Words", "&lt;img src=\"/a.png\"&gt;", "ContainsRelRef"),
    (RSS, "Words", "&lt;img srcset=\"https://y.example/a.png 1x, b.png 2x\"&gt;", "ContainsRelRef"),
    (RSS, "?a=1&amp;amp;b", "?a=1&amp;b", "NotHtml"),
    (RSS, "Words", "Words&lt;/p&gt;", "NotHtml"),
    (RSS, "Words", "below &lt;500 million", "NotHtml"),
    (RSS, "rel=\"self\" ", "", "MissingSelf"),
    (
        RSS,
        "<dc:creator>",
        "<w:icon xmlns:w=\"http://webfeeds.org/rss/1.0\"/><dc:creator>",
        "UndefinedElement UnknownNamespace",
    ),
    (ATOM, "15+00:00", "15.5+00:00", "WholeSeconds"),
    (ATOM, "2026-08-09T08:30:15+00:00", "2026-08-09t08:30:15z", "InvalidRFC3339Date"),
    (ATOM, "<author><name>Mei</name></author>", "", "MissingElement"),
    (
        ATOM,
        "<content type=\"html\">&lt;p&gt;Body&lt;/p&gt;</content>",
        "<content src=\"https://x.example/1\"/>",
        "",
    ),
    (
        ATOM,
        "<link href=\"https://x.example/1\" rel=\"alternate\" type=\"text/html\"/>",
        "<link href=\"https://x.example/1\" type=\"text/html\"/><link href=\"https://x.example/2\" type=\"text/html\"/>",
        "DuplicateAtomLink",
    ),
    (ATOM, "term=\"c\"", "", "MissingAttribute"),
    (ATOM, "a/1", "a/%e6", "NonCanonicalURI"),
    (
        ATOM,
        "</entry>",
        "</entry><entry><title>Two</title><id>tag:x.example,2026:a/2</id><updated>2026-08-09T08:30:15+00:00</updated><link href=\"https://x.example/2\"/></entry>",
        "DuplicateUpdated",
    ),
    (
        ATOM,
        "<entry xml:lang=\"en\">",
        "<entry xml:base=\"https://x.example/f.atom\">",
        "UnknownAttribute",
    ),
    (
        ATOM,
        "<entry ",
        "<at:deleted-entry xmlns:at=\"http://purl.org/atompub/tombstones/1.0\"/><entry ",
        "UndefinedElement UnknownNamespace",
    ),
    (
        ATOM,
        "<entry ",
        "<script xmlns=\"http://www.w3.org/1999/xhtml\"/><entry ",
        "UndefinedElement UnknownNamespace",
    ),
    (
        ATOM,
        "<summary>Words</summary><content type=\"html\">&lt;p&gt;Body&lt;/p&gt;</content>",
        "<content src=\"https://x.example/1\"/>",
        "MissingElement",
    ),
    (
        JSON,
        "\"title\":\"News\"",
        "\"title\":\"News\",\"next_url\":\"https://x.example/f.json\"",
        "Loop",
    ),
    (JSON, "2026-08-09T08:30:15Z", "9 August 2026", "InvalidRFC3339Date"),
    (JSON, "<p>Body</p>", "<p>Body <script>x</script></p>", "SecurityRisk"),
    (JSON, "[\"a\",\"b\"]", "[\"a\",\"a\"]", "DuplicateTag"),
    (JSON, "\"tag:x.example,2026:a/1\"", "7", "DuplicateItem"),
];

/// Document, replaced text, and a replacement that is also valid.
const VALID_CHANGES: &[(&str, &str, &str)] = &[
    (RSS, "Sun, 9 Aug 2026 08:30:15 +0000", "Sun, 9 Aug 2026 08:30:15 GMT"),
    (RSS, "Sun, 9 Aug 2026 08:30:15 +0000", "9 Aug 2026 16:30:15 +0800"),
    (RSS, "One &amp; two 🌙", "5 &lt; 6 &amp; 7 > 3: R&amp;D; &#x1F319; A\u{200d}B \u{202b}C"),
    (RSS, "One &amp; two", "AT&#x26;amp;T &#x26;#8; &#x3C;b&gt;"),
    (ATOM, "<title>One", "<title>AT&#x26;amp;T &lt;b"),
    (RSS, "zh-Hans-CN", "en-US"),
    (RSS, "</image>", "<width>144</width><height>400</height></image>"),
    (RSS, "length=\"0\"", "length=\"1234567890\""),
    (RSS, "<guid isPermaLink=\"false\">tag:x.example,2026:a/1", "<guid>https://x.example/1"),
    (
        RSS,
        "Words",
        "&lt;ruby&gt;字&lt;rt&gt;zi&lt;/rt&gt;&lt;/ruby&gt; &lt;mark&gt;a&lt;/mark&gt;&lt;br&gt;&lt;time datetime=\"2026\"&gt;b&lt;/time&gt;",
    ),
    (
        RSS,
        "Words",
        "&lt;img src=\"https://y.example/a.png\" srcset=\"https://y.example/b.png 2x\" loading=\"lazy\" alt=\"\"&gt;",
    ),
    (
        RSS,
        "Words",
        "&lt;a href=\"mailto:a@y.example\"&gt;a&lt;/a&gt; &amp;copy; &amp;#169; &amp;lt;500",
    ),
    (
        RSS,
        "<dc:creator>",
        "<atom:updated>2026-08-10T08:30:15Z</atom:updated><dc:language>zh</dc:language><dc:creator>Li</dc:creator><dc:creator>",
    ),
    (
        RSS,
        "<dc:creator>",
        "<media:content url=\"https://x.example/i.png\" medium=\"image\" type=\"image/png\"/><dc:creator>",
    ),
    (
        RSS,
        "<atom:link ",
        "<atom:link href=\"https://h.example/\" rel=\"hub\"/><atom:link href=\"https://x.example/2\" rel=\"prev-archive\"/><atom:link ",
    ),
    (ATOM, "a/1", "a/%E6"),
    (ATOM, "tag:x.example,2026:a/1", "urn:uuid:60a76c80-d399-11d9-b93c-0003939e0af6"),
    (ATOM, "tag:x.example,2026:a/1", "https://x.example/?p=1"),
    (
        ATOM,
        "rel=\"alternate\" type=\"text/html\"/>",
        "hreflang=\"en\"/><link href=\"https://x.example/zh\" hreflang=\"zh\"/>",
    ),
];

#[test]
fn the_rules_find_what_validators_find() {
    let valid = [RSS, ATOM, JSON].map(|document| (document, "", "", ""));
    let valid = valid
        .into_iter()
        .chain(VALID_CHANGES.iter().map(|(document, was, is)| (*document, *was, *is, "")));
    let mut mismatches = Vec::new();
    for (document, was, is, rules) in valid.chain(INVALID_CHANGES.iter().copied()) {
        assert!(document.contains(was), "{was}");
        let expected: BTreeSet<&str> = rules.split_whitespace().collect();
        let found = violations_in(document.replacen(was, is, 1).as_bytes());
        if found.iter().map(|(rule, _)| *rule).collect::<BTreeSet<_>>() != expected {
            mismatches.push((is, expected, found));
        }
    }
    assert!(mismatches.is_empty(), "{mismatches:#?}");
}
