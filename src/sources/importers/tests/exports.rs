//! Exports of whole sites: WordPress, Blogger and Atom with entries that are not public.

use super::*;
use crate::domain::time::HOUR;

const WXR: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:excerpt="http://wordpress.org/export/1.2/excerpt/" xmlns:content="http://purl.org/rss/1.0/modules/content/"
 xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:wp="http://wordpress.org/export/1.2/"><channel><title>Blog</title><link>https://blog.example</link>
<language>en-GB</language><wp:wxr_version>1.2</wp:wxr_version><wp:base_site_url>https://blog.example</wp:base_site_url><wp:base_blog_url>https://blog.example</wp:base_blog_url>
<wp:author><wp:author_id>2</wp:author_id><wp:author_login><![CDATA[mei]]></wp:author_login><wp:author_display_name><![CDATA[Mei Lin]]></wp:author_display_name></wp:author>
<wp:category><wp:term_id>3</wp:term_id><wp:category_nicename>dyes</wp:category_nicename><wp:cat_name><![CDATA[Dyes &amp; inks]]></wp:cat_name></wp:category>
ITEMS</channel></rss>"#;

fn wxr(id: u32, kind: &str, status: &str, more: &str) -> String {
    format!(
        "\n<item><title><![CDATA[Post \"{id}\"]]></title><link>https://blog.example/{id}/</link><dc:creator><![CDATA[mei]]></dc:creator>\
         <guid isPermaLink=\"false\">https://blog.example/?p={id}</guid><wp:post_id>{id}</wp:post_id><wp:post_date>2026-09-01 10:00:00</wp:post_date>\
         <wp:post_date_gmt>2026-09-01 02:00:00</wp:post_date_gmt><wp:post_modified_gmt>2026-09-02 02:00:00</wp:post_modified_gmt>\
         <wp:status>{status}</wp:status><wp:post_type>{kind}</wp:post_type>{more}</item>"
    )
}

/// Returns an export with posts in several states, two of them translations of each other.
fn wordpress_export() -> String {
    let category = "<category domain=\"category\" nicename=\"dyes\"><![CDATA[Dyes &amp; inks]]></category><category domain=\"post_tag\" nicename=\"o\"><![CDATA[open day]]></category>";
    let thumbnail = "<wp:postmeta><wp:meta_key>_thumbnail_id</wp:meta_key><wp:meta_value>9</wp:meta_value></wp:postmeta>";
    let text = "<content:encoded><![CDATA[She said \"hello\".\nTwice.\n\n[gallery ids=\"9\"]\n\n[form id=1]]]></content:encoded><excerpt:encoded><![CDATA[In short]]></excerpt:encoded>";
    let items = [
        wxr(1, "post", "publish", &[category, thumbnail, text].concat()),
        wxr(2, "post", "draft", ""),
        wxr(3, "post", "publish", "<wp:post_password>x</wp:post_password>"),
        wxr(4, "post", "private", ""),
        wxr(5, "page", "publish", ""),
        wxr(
            6,
            "post",
            "publish",
            "<category domain=\"language\" nicename=\"en\">English</category><category domain=\"post_translations\" nicename=\"pll_1\">x</category>",
        ),
        wxr(
            7,
            "post",
            "publish",
            "<category domain=\"language\" nicename=\"zh\">x</category><category domain=\"post_translations\" nicename=\"pll_1\">x</category>",
        ),
        wxr(8, "post", "future", ""),
        wxr(
            9,
            "attachment",
            "inherit",
            "<wp:attachment_url>https://blog.example/up/vat.jpg</wp:attachment_url>",
        ),
    ];
    WXR.replace("ITEMS", &items.concat())
}

#[test]
fn the_category_of_posts_without_a_category_is_not_a_section() {
    let category = |slug: &str, name: &str| {
        format!("<category domain=\"category\" nicename=\"{slug}\">{name}</category>")
    };
    let kilns = category("kilns", "Kilns");
    for (categories, sections) in [
        (category("uncategorized", "Uncategorized"), &[][..]),
        (category("uncategorized", "未分类"), &[]),
        (category("uncategorised", "Uncategorised") + &kilns, &["Kilns"]),
        // Sites rename the category and keep its slug.
        (category("uncategorized", "News"), &["News"]),
        (category("other", "Uncategorized"), &["Uncategorized"]),
    ] {
        let file = WXR.replace("ITEMS", &wxr(1, "post", "publish", &categories));
        let export = parse_xml(file.as_bytes(), &source(Ids::SiteFeed), "en").unwrap();
        let article = &export.articles[0].1.as_ref().unwrap().article;
        assert_eq!(article.sections, sections, "{categories}");
    }
}

#[test]
fn wordpress_exports_render_like_the_database() {
    let file = wordpress_export();
    let export = parse_xml(file.as_bytes(), &source(Ids::SiteFeed), "en").unwrap();
    let left: Vec<(&str, usize)> =
        export.left_out.iter().map(|(reason, n)| (reason.as_str(), *n)).collect();
    assert_eq!(left, [("drafts", 1), ("password-protected", 1), ("private", 1), ("scheduled", 1)]);
    let all: Vec<&IncomingArticle> =
        export.articles.iter().map(|(_, a)| &a.as_ref().unwrap().article).collect();
    let first = all[0];
    assert_eq!(
        (first.source_id.as_str(), first.guid.as_deref()),
        ("1", Some("https://blog.example/?p=1"))
    );
    assert_eq!(
        (first.title.as_str(), first.url.as_deref()),
        ("Post &#8220;1&#8221;", Some("https://blog.example/1/"))
    );
    assert!(
        first.body_html.contains("<p>She said &#8220;hello&#8221;.<br />\nTwice.</p>"),
        "{}",
        first.body_html
    );
    assert!(
        first.body_html.contains("up/vat.jpg") && first.notes.len() == 1,
        "{} {:?}",
        first.body_html,
        first.notes
    );
    assert_eq!(
        (&first.sections[0][..], &first.tags[0][..], &first.authors[0][..]),
        ("Dyes & inks", "open day", "Mei Lin")
    );
    assert_eq!(
        (first.image_url.as_deref(), first.language.as_deref()),
        (Some("https://blog.example/up/vat.jpg"), Some("en-GB"))
    );
    assert_eq!(
        (first.published_at.rfc3339(), first.updated_at.map(Millis::rfc3339)),
        ("2026-09-01T02:00:00Z".into(), Some("2026-09-02T02:00:00Z".into()))
    );
    assert_eq!(
        (all[2].language.as_deref(), all[2].translation_of.as_deref()),
        (Some("zh"), Some("6"))
    );
    let ours = parse_xml(file.as_bytes(), &source(Ids::Ours), "en").unwrap();
    assert_eq!(ours.articles[0].1.as_ref().unwrap().article.guid, None);
}

#[test]
fn a_scheduled_post_is_left_out_whether_or_not_its_date_has_passed() {
    let wordpress = WXR
        .replace("ITEMS", &[wxr(1, "post", "publish", ""), wxr(2, "post", "future", "")].concat());
    let entry = |status: &str| {
        format!(
            "<entry><id>{status}</id><title>Vats</title><published>2026-09-01T02:00:00Z</published><b:status>{status}</b:status></entry>"
        )
    };
    let blogger = BLOGGER.replace("ENTRY", &[entry("LIVE"), entry("SCHEDULED")].concat());
    let date: Millis = "2026-09-01T02:00:00Z".parse::<jiff::Timestamp>().unwrap().into();
    for file in [wordpress, blogger] {
        for (now, reason) in
            [(date.plus(-HOUR), "scheduled"), (date, "scheduled for a time that has passed")]
        {
            let export = parse_xml_at(file.as_bytes(), &source(Ids::SiteFeed), "en", now).unwrap();
            assert_eq!(export.articles.len(), 1);
            assert_eq!(export.left_out, [(reason.to_owned(), 1)].into());
        }
    }
}

const BLOGGER: &str = r#"<feed xmlns="http://www.w3.org/2005/Atom" xmlns:app="http://www.w3.org/2007/app" xmlns:old="http://purl.org/atom/app#" xmlns:b="http://schemas.google.com/blogger/2018"
 xmlns:t="http://purl.org/syndication/thread/1.0"><title>Dyes</title>ENTRY</feed>"#;

#[test]
fn entries_of_atom_that_are_not_public_posts_are_left_out() {
    let kind = |kind: &str| {
        format!(
            "<category scheme=\"http://schemas.google.com/g/2005#kind\" term=\"http://schemas.google.com/blogger/2008/kind#{kind}\"/>"
        )
    };
    for (more, reason) in [
        (kind("post"), None),
        (kind("comment"), Some("comments")),
        (kind("page"), Some("pages")),
        (kind("template"), Some("templates")),
        (kind("settings"), Some("settings")),
        (kind("post") + "<app:control><app:draft>yes</app:draft></app:control>", Some("drafts")),
        ("<old:control><old:draft> Yes </old:draft></old:control>".into(), Some("drafts")),
        ("<app:control><app:draft/></app:control>".into(), Some("drafts")),
        ("<app:control><app:draft>no</app:draft></app:control>".into(), None),
        ("<b:type>POST</b:type><b:status>LIVE</b:status>".into(), None),
        ("<b:type>POST</b:type><b:status>DRAFT</b:status>".into(), Some("drafts")),
        ("<b:type>POST</b:type><b:status>SCHEDULED</b:status>".into(), Some("scheduled")),
        ("<b:type>POST</b:type><b:status>SOFT_TRASHED</b:status>".into(), Some("in the trash")),
        ("<b:type>POST</b:type><b:status>NEW</b:status>".into(), Some("other status")),
        ("<b:type>COMMENT</b:type><b:status>LIVE</b:status>".into(), Some("comments")),
        ("<t:in-reply-to ref=\"urn:x:1\"/>".into(), Some("comments")),
    ] {
        let entry = format!(
            "<entry><id>urn:x:2</id><title>Vats</title><updated>2026-09-01T02:00:00Z</updated><category term=\"Campus\"/>{more}</entry>"
        );
        let file = BLOGGER.replace("ENTRY", &entry);
        let read = parse_xml(file.as_bytes(), &source(Ids::Ours), "en").unwrap();
        assert_eq!(read.left_out.keys().next().map(String::as_str), reason, "{more}");
        assert_eq!(read.articles.len(), usize::from(reason.is_none()), "{more}");
        for (_, article) in read.articles {
            assert_eq!(article.unwrap().article.sections, ["Campus"]);
        }
    }
}

#[test]
fn a_wordpress_export_without_its_version_is_one() {
    let file = wordpress_export().replace("<wp:wxr_version>1.2</wp:wxr_version>", "");
    let date = "<wp:post_date>2026-09-01 10:00:00</wp:post_date><wp:post_date_gmt>2026-09-01 02:00:00</wp:post_date_gmt>";
    assert!(file.contains(date));
    let file = file.replace(date, "<pubDate>Tue, 01 Sep 2026 02:00:00 +0000</pubDate>");
    let export = parse_xml(file.as_bytes(), &source(Ids::SiteFeed), "en").unwrap();
    assert_eq!(export.left_out.values().sum::<usize>(), 4);
    assert_eq!(export.articles.len(), 3);
    for (_, article) in export.articles {
        let date = article.unwrap().article.published_at;
        assert_eq!(date.rfc3339(), "2026-09-01T02:00:00Z");
    }
}

#[test]
fn audio_and_video_are_read_from_groups_and_metadata_with_their_length() {
    let rss = r#"<rss version="2.0" xmlns:m="http://search.yahoo.com/mrss/"><channel>
        <item><guid>a</guid><title>A</title><m:group><m:content url="/a-small.mp4" type="video/mp4" fileSize="5"/>
        <m:content url="/a.mp4" type="video/mp4" fileSize="1,042" isDefault="true"/><m:thumbnail url="/a.jpg"/></m:group></item>
        <item><guid>b</guid><title>B</title><enclosure url="/b.mp3" length="7"/></item>
        <item><guid>c</guid><title>C</title><enclosure url="/c.m4a" length="8" type="application/octet-stream"/></item>
        <item><guid>d</guid><title>D</title><enclosure url="/d.jpg" length="9" type="image/jpeg"/><m:content url="/d" type="Audio/MPEG"/></item>
        </channel></rss>"#;
    let atom = r#"<feed xmlns="http://www.w3.org/2005/Atom" xmlns:media="http://search.yahoo.com/mrss/"><entry><id>e</id>
        <title>E</title><updated>2026-09-01T08:00:00Z</updated><media:group><media:content url="/e.mp3" fileSize="3"/>
        <media:thumbnail url="/e.jpg"/></media:group></entry></feed>"#;
    let json = r#"{"version":"https://jsonfeed.org/version/1.1","title":"T","items":[{"id":"f","title":"F",
        "attachments":[{"url":"/f.mp3","mime_type":"","size_in_bytes":4}]}]}"#;
    let wxr = r#"<rss version="2.0" xmlns:wp="http://wordpress.org/export/1.2/"><channel><wp:wxr_version>1.2</wp:wxr_version>
        <wp:base_blog_url>https://blog.example</wp:base_blog_url><item><title>G</title><wp:post_id>7</wp:post_id><wp:post_type>post</wp:post_type>
        <wp:status>publish</wp:status><wp:post_date_gmt>2026-09-01 08:00:00</wp:post_date_gmt><wp:postmeta><wp:meta_key>enclosure</wp:meta_key>
        <wp:meta_value><![CDATA[https://blog.example/g.mp3
42
audio/mpeg]]></wp:meta_value></wp:postmeta></item></channel></rss>"#;
    let found: Vec<(String, u64, String)> = [rss, atom, json, wxr]
        .into_iter()
        .flat_map(parse_articles)
        .map(|article| article.enclosure.unwrap())
        .map(|file| (file.url, file.length, file.media_type))
        .collect();
    let expected = [
        ("/a.mp4", 1042, "video/mp4"),
        ("/b.mp3", 7, "audio/mpeg"),
        ("/c.m4a", 8, "audio/mp4"),
        ("/d", 0, "audio/mpeg"),
        ("/e.mp3", 3, "audio/mpeg"),
        ("/f.mp3", 4, "audio/mpeg"),
        ("https://blog.example/g.mp3", 42, "audio/mpeg"),
    ];
    assert_eq!(
        found,
        expected.map(|(url, length, kind)| (url.to_owned(), length, kind.to_owned()))
    );
}

#[test]
fn items_of_rss_and_of_a_json_feed_that_are_not_public_are_left_out() {
    for (more, reason) in [
        ("<app:control><app:draft>yes</app:draft></app:control>", "drafts"),
        ("<lj:security>private</lj:security>", "private"),
        ("<m:status state=\"deleted\"/>", "in the trash"),
        ("<d:deleted/>", "in the trash"),
        ("<cms:state>Scheduled</cms:state>", "scheduled for a time that has passed"),
        ("<t:in-reply-to ref=\"x\"/>", "comments"),
    ] {
        let file = format!(
            "<rss version=\"2.0\" xmlns:app=\"http://www.w3.org/2007/app\" xmlns:lj=\"http://www.livejournal.org/rss/lj/1.0/\" \
             xmlns:m=\"http://search.yahoo.com/mrss/\" xmlns:d=\"http://schemas.google.com/g/2005\" xmlns:cms=\"urn:cms\" \
             xmlns:t=\"http://purl.org/syndication/thread/1.0\"><channel><title>Dyes</title>\
             <item><title>Hidden</title><pubDate>Mon, 02 Nov 2026 10:00:00 GMT</pubDate>{more}</item>\
             <item><title>Open</title><m:status state=\"active\"/><cms:state>published</cms:state></item></channel></rss>"
        );
        let date = "2026-11-05T10:00:00Z".parse::<jiff::Timestamp>().unwrap().into();
        let feed = parse_xml_at(file.as_bytes(), &source(Ids::Ours), "en", date).unwrap();
        assert_eq!(feed.left_out, [(reason.to_owned(), 1)].into(), "{more}");
        assert_eq!(feed.articles[0].1.as_ref().unwrap().article.title, "Open");
    }
    for (more, reason) in [
        ("\"draft\": true", "drafts"),
        ("\"_site\": {\"visibility\": \"members\"}", "private"),
        ("\"status\": \"unpublished\"", "drafts"),
    ] {
        let file = format!(
            "{{\"version\": \"https://jsonfeed.org/version/1.1\", \"items\": [{{\"id\": \"1\", \"title\": \"Hidden\", {more}}}, \
             {{\"id\": \"2\", \"title\": \"Open\", \"draft\": false, \"_site\": {{\"visibility\": \"public\"}}}}]}}"
        );
        let feed = parse_json_feed(file.as_bytes(), &source(Ids::Ours)).unwrap();
        assert_eq!(feed.left_out, [(reason.to_owned(), 1)].into(), "{more}");
        assert_eq!(feed.articles[0].1.as_ref().unwrap().article.title, "Open");
    }
}

#[test]
fn posts_of_a_category_for_members_are_not_in_a_wordpress_export() {
    let settings = "<wp:termmeta><wp:meta_key>rcp_restricted_meta</wp:meta_key>\
        <wp:meta_value>a:1:{s:9:\"paid_only\";s:1:\"1\";}</wp:meta_value></wp:termmeta>";
    let category = "<category domain=\"category\" nicename=\"dyes\">Dyes</category>";
    let items = [wxr(1, "post", "publish", category), wxr(2, "post", "publish", "")].concat();
    for (more, expected) in [(settings, 1), ("", 2)] {
        let file = WXR
            .replace("ITEMS", &items)
            .replace("</wp:category>", &format!("{more}</wp:category>"));
        let export = parse_xml(file.as_bytes(), &source(Ids::Ours), "en").unwrap();
        let public = export.articles.iter().filter(|(_, article)| article.is_ok()).count();
        assert_eq!(public, expected, "{:?}", export.left_out);
    }
}

#[test]
fn an_atom_link_of_an_rss_item_names_its_enclosure() {
    let file = "<rss version=\"2.0\" xmlns:a=\"http://www.w3.org/2005/Atom\"><channel><title>Dyes</title><item><title>Vats</title>\
        <a:link rel=\"enclosure\" href=\"https://x.example/5.mp3\" length=\"44\" type=\"audio/mpeg\"/></item></channel></rss>";
    let feed = parse_xml(file.as_bytes(), &source(Ids::Ours), "en").unwrap();
    let found = feed.articles[0].1.as_ref().unwrap().article.enclosure.clone().unwrap();
    assert_eq!((found.url.as_str(), found.length), ("https://x.example/5.mp3", 44));
}

#[test]
fn an_episode_without_an_enclosure_has_its_default_alternate_one() {
    let alternates = r#"<p:alternateEnclosure type="audio/opus" length="3"><p:source uri="https://x.example/6.opus"/></p:alternateEnclosure>
        <p:alternateEnclosure type="text/html"><p:source uri="https://x.example/6"/></p:alternateEnclosure>
        <p:alternateEnclosure type="audio/mpeg" length="44" default="true"><p:source uri="ipfs://abc"/><p:source uri="https://x.example/6.mp3"/></p:alternateEnclosure>"#;
    let own = "<enclosure url=\"https://x.example/own.mp3\" length=\"5\" type=\"audio/mpeg\"/>";
    for (enclosure, expected) in [
        ("", ("https://x.example/6.mp3", "audio/mpeg", 44)),
        (own, ("https://x.example/own.mp3", "audio/mpeg", 5)),
    ] {
        let text = format!(
            "<rss version=\"2.0\" xmlns:p=\"https://podcastindex.org/namespace/1.0\"><channel>\
             <item><guid>6</guid><title>Six</title>{enclosure}{alternates}</item></channel></rss>"
        );
        let feed = parse_xml(text.as_bytes(), &source(Ids::Ours), "en").unwrap();
        let found = feed.articles[0].1.as_ref().unwrap().article.enclosure.clone().unwrap();
        assert_eq!((found.url.as_str(), found.media_type.as_str(), found.length), expected);
    }
}
