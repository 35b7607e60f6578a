//! Tests of the parts of documents: frames, items, links and ids.

use super::*;
use crate::feeds::extensions::HISTORY;

#[test]
fn archive_links_follow_rfc_5005() {
    let (site, feed) = (site(), feed(Content::Full));
    let at = |page: u32| format!("https://news.example.edu/feeds/news/archive/{page}");
    let newest = ArchiveRole::Newest { previous: Some(at(2)) };
    let page = ArchiveRole::Page {
        url: at(2),
        current: "https://news.example.edu/feeds/news".into(),
        previous: Some(at(1)),
        next: Some(at(3)),
    };
    for (archive, links, element) in [
        (&newest, vec![("self", "/feeds/news"), ("prev-archive", "/feeds/news/archive/2")], None),
        (
            &page,
            vec![
                ("self", "/feeds/news/archive/2"),
                ("current", "/feeds/news"),
                ("prev-archive", "/feeds/news/archive/1"),
                ("next-archive", "/feeds/news/archive/3"),
            ],
            Some("archive"),
        ),
    ] {
        let metadata = feed_metadata(&site, &feed, Millis(5_000), archive, &[]);
        for format in [Format::Rss, Format::Atom] {
            let text = render_frame(format, &metadata);
            let xml = Document::parse(&text).unwrap();
            let found: Vec<(&str, String)> = elements(&xml, "link")
                .iter()
                .filter_map(|link| {
                    Some((link.attribute("rel")?, link.attribute("href")?.to_owned()))
                })
                .filter(|(rel, _)| *rel != "alternate")
                .collect();
            let expected: Vec<(&str, String)> = links
                .iter()
                .map(|(rel, path)| {
                    (*rel, format!("https://news.example.edu{path}.{}", format.extension()))
                })
                .collect();
            assert_eq!(found, expected);
            let history =
                xml.descendants().find(|node| node.tag_name().namespace() == Some(HISTORY.1));
            assert_eq!(history.map(|node| node.tag_name().name()), element);
        }
        let json: Value = serde_json::from_str(&render_frame(Format::Json, &metadata)).unwrap();
        let next = links.iter().find(|(rel, _)| *rel == "prev-archive").unwrap().1;
        assert_eq!(json["next_url"], format!("https://news.example.edu{next}.json"));
    }
}

#[test]
fn a_feed_of_one_language_has_its_titles_in_that_language() {
    let (site, mut feed) = (site(), feed(Content::Full));
    for (languages, titles) in [
        (vec![], ("News & notices", None, "Harbour College")),
        (vec!["zh-CN"], ("新闻与通知", Some("学院动态"), "海港学院")),
        (vec!["fr"], ("News & notices", None, "Harbour College")),
        (vec!["zh", "en"], ("News & notices", None, "Harbour College")),
    ] {
        feed.selection.languages = languages.into_iter().map(str::to_owned).collect();
        let metadata = feed_metadata(&site, &feed, Millis(5_000), &ArchiveRole::Complete, &[]);
        let description = metadata.description.as_ref().map(|text| text.as_str());
        assert_eq!((metadata.title.as_str(), description, metadata.publisher.as_str()), titles);
    }
}

#[test]
fn translations_are_linked_once_per_language() {
    let (site, feed, articles) = (site(), feed(Content::Full), articles());
    let translation = |language: &str, url: &str| Translation {
        language: language.into(),
        url: format!("https://college.example/{url}"),
    };
    let translations = [
        translation("zh_CN", "新"),
        translation("zh-CN", "2"),
        translation("en", "3"),
        translation("de", "4?a=1&b=2"),
        translation("no language", "5"),
    ];
    let item = item(&articles[0], &translations, &site, &feed);
    let rendered = |format: Format| String::from_utf8(format.item(&item).unwrap()).unwrap();
    let expected = [
        ("zh-CN", "https://college.example/%E6%96%B0"),
        ("de", "https://college.example/4?a=1&b=2"),
    ];
    for (format, own) in [
        (Format::Rss, vec![]),
        (Format::Atom, vec![("en", "https://college.example/%E6%96%B0%E9%97%BB/2?a=1&b=2")]),
    ] {
        let text = format!(
            "<r xmlns:atom='a' xmlns:media='m' xmlns:dc='d' xmlns:content='c'>{}</r>",
            rendered(format)
        );
        let xml = Document::parse(&text).unwrap();
        let found: Vec<_> = xml
            .descendants()
            .filter_map(|node| Some((node.attribute("hreflang")?, node.attribute("href")?)))
            .collect();
        assert_eq!(found, [own, expected.to_vec()].concat());
    }
    let json: Value = serde_json::from_str(&rendered(Format::Json)).unwrap();
    assert_eq!(
        json["_translations"],
        expected.iter().map(|(language, url)| (*language, Value::from(*url))).collect::<Value>()
    );
}

#[test]
fn a_document_is_its_frame_with_the_items_in_it() {
    let (site, feed, articles) = (site(), feed(Content::Full), articles());
    let metadata = feed_metadata(&site, &feed, Millis(9_000), &NEWEST, &[]);
    let items = items(&articles, &site, &feed);
    for format in Format::ALL {
        let frame = format.frame(&metadata).unwrap();
        let parts: Vec<Vec<u8>> = items.iter().map(|item| format.item(item).unwrap()).collect();
        let whole = [frame.prefix, parts.join(format.separator()), frame.suffix].concat();
        assert_eq!(
            String::from_utf8(whole),
            String::from_utf8(format.render(&metadata, &items).unwrap())
        );
    }
}

#[test]
fn an_id_that_is_not_a_uri_is_converted_to_one_for_atom_only() {
    let (site, feed) = (site(), feed(Content::Full));
    let ids = |guid: &str| {
        let article = Article { guid: guid.into(), title: "x".into(), ..Article::default() };
        let item = item(&article, &[], &site, &feed);
        (item.id.as_str().to_owned(), item.uri.as_str().to_owned())
    };
    for unchanged in [
        "tag:a.example,2026:x/1",
        "urn:uuid:6ba7b810-9dad-11d1-80b4-00c04fd430c8",
        "http://a.example/?p=新",
        "https://a.example/1",
    ] {
        assert_eq!(ids(unchanged), (unchanged.to_owned(), unchanged.to_owned()));
    }
    for (guid, uri) in [
        ("4711", "4711"),
        ("post 5/新", "post%205%2F%E6%96%B0"),
        ("http:///x y", "http%3A%2F%2F%2Fx%20y"),
        ("tag:新", "tag%3A%E6%96%B0"),
    ] {
        assert_eq!(ids(guid), (guid.to_owned(), format!("tag:news.example.edu,2026:guid/{uri}")));
    }
}

#[test]
fn every_frame_declares_the_prefixes_allowed_in_extra_xml() {
    for prefix in crate::domain::xml::SHARED_PREFIXES {
        for declared in [&crate::feeds::rss::NAMESPACES[..], &crate::feeds::atom::NAMESPACES[..]] {
            assert!(declared.iter().any(|(known, _)| *known == prefix), "{prefix}");
        }
    }
}
