//! A small Drupal site in two languages, on every engine it runs on.

use std::fmt::Write as _;

use serde_json::json;

use super::place::{KINDS, Kind, Place};

const TABLES: &str = "
CREATE TABLE {p}node_field_data (nid INTEGER, vid INTEGER, type VARCHAR(32), langcode VARCHAR(12), status SMALLINT, uid INTEGER, title VARCHAR(255),
    created INTEGER, changed INTEGER, promote SMALLINT DEFAULT 1, default_langcode SMALLINT, publish_on INTEGER, PRIMARY KEY (nid, langcode));
CREATE TABLE {p}node__body (bundle VARCHAR(32), deleted SMALLINT DEFAULT 0, entity_id INTEGER, langcode VARCHAR(32), delta INTEGER DEFAULT 0,
    body_value TEXT, body_summary TEXT, body_format VARCHAR(255));
CREATE TABLE {p}node__field_tags (deleted SMALLINT DEFAULT 0, entity_id INTEGER, langcode VARCHAR(32), delta INTEGER, field_tags_target_id INTEGER);
CREATE TABLE {p}node__field_desk (deleted SMALLINT DEFAULT 0, entity_id INTEGER, langcode VARCHAR(32), delta INTEGER, field_desk_target_id INTEGER);
CREATE TABLE {p}node__field_image (deleted SMALLINT DEFAULT 0, entity_id INTEGER, langcode VARCHAR(32), delta INTEGER, field_image_target_id INTEGER,
    field_image_alt VARCHAR(512));
CREATE TABLE {p}taxonomy_term_field_data (tid INTEGER, vid VARCHAR(32), langcode VARCHAR(12), status SMALLINT, name VARCHAR(255), default_langcode SMALLINT);
CREATE TABLE {p}file_managed (fid INTEGER, uri VARCHAR(255), filemime VARCHAR(255), status SMALLINT);
CREATE TABLE {p}users_field_data (uid INTEGER, langcode VARCHAR(12), name VARCHAR(60), pass VARCHAR(255), default_langcode SMALLINT);
CREATE TABLE {p}path_alias (id INTEGER, langcode VARCHAR(12), path VARCHAR(255), alias VARCHAR(255), status SMALLINT);
CREATE TABLE {p}media (mid INTEGER, bundle VARCHAR(32), uuid VARCHAR(128), langcode VARCHAR(12));
CREATE TABLE {p}media_field_data (mid INTEGER, langcode VARCHAR(12), status SMALLINT, name VARCHAR(255), default_langcode SMALLINT);
CREATE TABLE {p}media__field_media_image (deleted SMALLINT DEFAULT 0, entity_id INTEGER, delta INTEGER, field_media_image_target_id INTEGER, field_media_image_alt VARCHAR(512));
INSERT INTO {p}users_field_data VALUES (0, 'en', '', NULL, 1), (3, 'en', 'Mei & Lin', 'x', 1);
INSERT INTO {p}taxonomy_term_field_data VALUES (11, 'tags', 'en', 1, 'Dyes & inks', 1), (11, 'tags', 'zh-hans', 1, '染料', 0), (12, 'tags', 'en', 1, 'open day', 1),
    (13, 'tags', 'en', 0, 'withdrawn', 1), (21, 'desk', 'en', 1, 'Campus life', 1);
INSERT INTO {p}node__field_tags VALUES (0, 1, 'en', 1, 12), (0, 1, 'en', 0, 11), (0, 1, 'en', 2, 13), (0, 1, 'zh-hans', 0, 11), (1, 1, 'en', 3, 21);
INSERT INTO {p}node__field_desk VALUES (0, 1, 'en', 0, 21);
INSERT INTO {p}file_managed VALUES (31, 'public://2026-09/the vat.jpg', 'image/jpeg', 1), (32, 'private://salaries.jpg', 'image/jpeg', 1);
INSERT INTO {p}node__field_image VALUES (0, 1, 'en', 0, 31, 'A vat'), (0, 2, 'en', 0, 32, 'Secret');
INSERT INTO {p}media VALUES (41, 'image', '6f1c0c0e-0000-4000-8000-00000000000a', 'en');
INSERT INTO {p}media_field_data VALUES (41, 'en', 1, 'vat', 1);
INSERT INTO {p}media__field_media_image VALUES (0, 41, 0, 31, 'An old vat');
INSERT INTO {p}path_alias VALUES (1, 'en', '/node/1', '/old', 1), (2, 'en', '/node/1', '/open-day', 1), (3, 'zh-hans', '/node/1', '/开放日', 1), (4, 'en', '/node/1', '/off', 0),
    (5, 'und', '/node/2', '/anywhere', 1);
";

const MEDIA: &str = "<p>See <a href=\"/map\">the map</a>.</p><drupal-media data-entity-type=\"media\" \
    data-entity-uuid=\"6f1c0c0e-0000-4000-8000-00000000000a\" data-caption=\"The &lt;b&gt;old&lt;/b&gt; vat\">&nbsp;</drupal-media>\
    <drupal-media data-entity-uuid=\"6f1c0c0e-0000-4000-8000-00000000000b\"></drupal-media><script>alert(1)</script>";

/// A text and an array as PHP writes them.
fn text(text: &str) -> String {
    format!("s:{}:\"{text}\";", text.len())
}

fn array(entries: &[(&str, String)]) -> String {
    let inside: String = entries.iter().map(|(key, value)| text(key) + value).collect();
    format!("a:{}:{{{inside}}}", entries.len())
}

/// The configuration of languages, text formats and fields.
fn config(place: &Place, prefix: &str) -> String {
    let filter = |name: &str, on: i32, weight: i32| {
        let settings = array(&[("status", format!("b:{on};")), ("weight", format!("i:{weight};"))]);
        array(&[
            ("format", text(name.split('/').next().unwrap())),
            ("status", "b:1;".into()),
            ("filters", array(&[(name.split('/').nth(1).unwrap(), settings)])),
        ])
    };
    let prefixes = array(&[("en", text("")), ("zh-hans", text("zh"))]);
    let url = array(&[("source", text("path_prefix")), ("prefixes", prefixes)]);
    let refers = array(&[
        ("field_name", text("field_desk")),
        ("type", text("entity_reference")),
        ("settings", array(&[("target_type", text("taxonomy_term"))])),
    ]);
    let rows = [
        ("language.negotiation", array(&[("url", url)])),
        ("system.site", array(&[("default_langcode", text("en"))])),
        ("filter.format.full_html", filter("full_html/filter_autop", 0, 0)),
        ("filter.format.lines", filter("lines/filter_autop", 1, 0)),
        ("filter.format.plain_text", filter("plain_text/filter_html_escape", 1, 0)),
        ("field.storage.node.field_desk", refers),
    ];
    let kind = match place.kind {
        Kind::Sqlite => "BLOB",
        Kind::Postgres => "BYTEA",
        Kind::Mariadb => "LONGBLOB",
    };
    let mut fill = format!(
        "CREATE TABLE {prefix}config (collection VARCHAR(255), name VARCHAR(255), data {kind});"
    );
    for (name, data) in rows {
        let data = place.text(&data);
        let data =
            if place.kind == Kind::Postgres { format!("convert_to({data}, 'UTF8')") } else { data };
        writeln!(fill, "INSERT INTO {prefix}config VALUES ('', '{name}', {data});").unwrap();
    }
    fill
}

/// The site as its editors left it.
pub(super) async fn site(kind: Kind, prefix: &str) -> Option<Place> {
    let place = Place::begin(kind).await?;
    let mut fill = TABLES.replace("{p}", prefix);
    // Number, type, language, status, user, title, body, summary, format, original, time at which it is to be published.
    let nodes = [
        (
            1,
            "article",
            "en",
            1,
            3,
            "Open day <at> the works",
            MEDIA,
            "<p>Doors &amp; gates</p>",
            "full_html",
            1,
            "NULL",
        ),
        (1, "article", "zh-hans", 1, 3, "染坊开放日", "第一行\n\n第二行", "", "lines", 0, "NULL"),
        (1, "article", "de", 0, 3, "Entwurf", "Noch nicht.", "", "lines", 0, "NULL"),
        (2, "article", "en", 1, 0, "Nobody's", "1 < 2", "", "", 1, "NULL"),
        (3, "article", "en", 0, 3, "A draft", "x", "", "full_html", 1, "NULL"),
        (4, "page", "en", 1, 3, "About us", "x", "", "full_html", 1, "NULL"),
        (5, "article", "en", 0, 3, "Scheduled", "x", "", "full_html", 1, "2145916800"),
        (
            6,
            "article",
            "en",
            0,
            3,
            "Never published by Drupal",
            "x",
            "",
            "full_html",
            1,
            "1700000000",
        ),
        (7, "news", "en", 1, 3, "Of another type", "x", "", "gone", 1, "NULL"),
        (8, "article", "en", 0, 3, "Original withdrawn", "x", "", "full_html", 1, "NULL"),
        (8, "article", "zh-hans", 1, 3, "译文", "", "", "lines", 0, "NULL"),
    ];
    for (nid, kind, language, status, user, title, body, summary, format, original, publish_on) in
        nodes
    {
        let (title, body, summary) = (place.text(title), place.text(body), place.text(summary));
        let format = if format.is_empty() { "NULL".to_owned() } else { format!("'{format}'") };
        writeln!(
            fill,
            "INSERT INTO {prefix}node_field_data VALUES ({nid}, {nid}, '{kind}', '{language}', {status}, {user}, {title}, 1788228000, 1788314400, 1, {original}, {publish_on});
             INSERT INTO {prefix}node__body VALUES ('{kind}', 0, {nid}, '{language}', 0, {body}, {summary}, {format});"
        )
        .unwrap();
    }
    place.run(&fill).await;
    read(&place, &format!("table_prefix = \"{prefix}\""));
    Some(place)
}

fn read(place: &Place, more: &str) {
    place.source(
        &place.url,
        &format!("kind = \"drupal\"\nsite_url = \"https://works.example\"\n{more}"),
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_language_of_a_published_node_is_an_article_of_one_story() {
    for kind in KINDS {
        let Some(place) = site(kind, "").await else { continue };
        place.run(&config(&place, "")).await;
        let sync = place.sync();
        assert_eq!((sync.counts(), sync.refused()), ([4, 1, 0, 0], vec![]), "{kind:?}");
        assert_eq!(
            sync.notes(),
            ["1: Embedded media that are not public, or of an unsupported kind, are left out."]
        );
        assert_eq!(place.sync().counts(), [0, 0, 0, 0], "{kind:?}, read again");
        let mut ids = place.all("source_id");
        ids.sort();
        assert_eq!(ids, ["1", "1-zh-hans", "2", "8-zh-hans"]);
        let open = place.article("1");
        assert_eq!(
            (&open["title"], &open["summary"]),
            (&json!("Open day <at> the works"), &json!("Doors & gates"))
        );
        assert_eq!(
            (&open["url"], &open["language"]),
            (&json!("https://works.example/open-day"), &json!("en"))
        );
        assert_eq!(
            (&open["published_at"], &open["updated_at"]),
            (&json!("2026-09-01T02:00:00Z"), &json!("2026-09-02T02:00:00Z"))
        );
        assert_eq!(
            (&open["sections"], &open["tags"]),
            (&json!(["Campus life"]), &json!(["Dyes & inks", "open day"]))
        );
        assert_eq!(open["authors"], json!(["Mei & Lin"]));
        let vat = "https://works.example/sites/default/files/2026-09/the%20vat.jpg";
        assert_eq!(open["image_url"], vat);
        assert_eq!(
            open["body_html"],
            format!(
                "<p>See <a href=\"https://works.example/map\">the map</a>.</p><figure><img src=\"{vat}\" alt=\"An old vat\">\
                 <figcaption>The <b>old</b> vat</figcaption></figure>"
            )
        );
        let twin = place.article("1-zh-hans");
        assert_eq!(
            (&twin["url"], &twin["language"]),
            (&json!("https://works.example/zh/%E5%BC%80%E6%94%BE%E6%97%A5"), &json!("zh-Hans"))
        );
        assert_eq!(
            (&twin["tags"], &twin["sections"], &twin["image_url"]),
            (&json!(["染料"]), &json!(["Campus life"]), &json!(vat))
        );
        assert_eq!(twin["body_html"], "<p>第一行</p>\n<p>第二行</p>");
        assert_eq!(twin["group"], open["group"], "one story");
        let nobodys = place.article("2");
        assert_eq!(
            (&nobodys["url"], &nobodys["authors"]),
            (&json!("https://works.example/anywhere"), &json!([]))
        );
        assert_eq!(
            (&nobodys["body_html"], &nobodys["image_url"]),
            (&json!("1 &lt; 2"), &json!(null)),
            "a private file has no address"
        );
        assert_eq!(place.article("8-zh-hans")["url"], "https://works.example/zh/node/8");
        for file in ["all.rss", "all.atom"] {
            roxmltree::Document::parse(&place.feed(file)).unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_its_configuration_a_site_is_read_as_drupal_is_installed() {
    for kind in KINDS {
        let Some(place) = site(kind, "works_").await else { continue };
        read(
            &place,
            "table_prefix = \"works_\"\ncontent_types = [\"article\", \"news\"]\nids = \"source\"\nfiles_url = \"https://cdn.example/f/\"",
        );
        assert_eq!(place.sync().counts(), [5, 1, 0, 0], "{kind:?}");
        let mut ids = place.all("id");
        ids.sort();
        let twins =
            ["1-zh-hans", "8-zh-hans"].map(|id| format!("tag:news.example.edu,2026:cms/{id}"));
        let originals = ["1", "2", "7"].map(|id| format!("{id} at https://works.example"));
        assert_eq!(ids, [originals.as_slice(), &twins].concat(), "{kind:?}");
        let open = place
            .shell
            .courant(&["articles", "show", "1 at https://works.example", "--json"])
            .json();
        assert_eq!(
            (&open["image_url"], &open["sections"]),
            (&json!("https://cdn.example/f/2026-09/the%20vat.jpg"), &json!([]))
        );
        assert_eq!(
            place.article("1-zh-hans")["url"],
            "https://works.example/%E5%BC%80%E6%94%BE%E6%97%A5"
        );
        read(&place, "");
        let sentence = place.fails();
        assert!(
            sentence.contains("no table `node_field_data`") && sentence.contains("table_prefix"),
            "{sentence}"
        );
        assert_eq!(place.all("title").len(), 5, "the last articles stay");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_nodes_come_in_page_by_page_and_a_withdrawn_translation_goes_alone() {
    for kind in KINDS {
        let Some(place) = site(kind, "").await else { continue };
        let mut fill = String::new();
        for nid in 100..220 {
            for (language, original) in [("en", 1), ("zh-hans", 0)] {
                writeln!(
                    fill,
                    "INSERT INTO node_field_data VALUES ({nid}, {nid}, 'article', '{language}', 1, 3, 'Node {nid}', 1788228000, 1788228000, 1, {original}, NULL);"
                )
                .unwrap();
            }
        }
        place.run(&fill).await;
        assert_eq!(place.sync().counts(), [244, 1, 0, 0], "{kind:?}");
        let groups = |id: &str| place.article(id)["group"].clone();
        assert_eq!(groups("219"), groups("219-zh-hans"));
        place.run("UPDATE node_field_data SET status = 0 WHERE nid = 150 AND langcode = 'zh-hans'; DELETE FROM node_field_data WHERE nid = 151").await;
        assert_eq!(place.sync().counts(), [0, 0, 0, 3], "{kind:?}");
        assert_eq!(place.article("150")["title"], "Node 150");
    }
}
