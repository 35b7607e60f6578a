//! A small Drupal site in two languages, on every kind of database that Drupal supports.

use std::fmt::Write as _;

use serde_json::json;

use super::test_source::{KINDS, Kind, TestSource};

const TABLES: &str = "
CREATE TABLE {p}node_field_data (nid INTEGER, vid INTEGER, type VARCHAR(32), langcode VARCHAR(12), status SMALLINT, uid INTEGER, title VARCHAR(255),
    created INTEGER, changed INTEGER, promote SMALLINT DEFAULT 1, default_langcode SMALLINT, publish_on INTEGER, PRIMARY KEY (nid, langcode));
CREATE TABLE {p}node__body (bundle VARCHAR(32), deleted SMALLINT DEFAULT 0, entity_id INTEGER, langcode VARCHAR(32), delta INTEGER DEFAULT 0,
    body_value TEXT, body_summary TEXT, body_format VARCHAR(255));
CREATE TABLE {p}node__field_tags (deleted SMALLINT DEFAULT 0, entity_id INTEGER, langcode VARCHAR(32), delta INTEGER, field_tags_target_id INTEGER);
CREATE TABLE {p}node__field_unit (deleted SMALLINT DEFAULT 0, entity_id INTEGER, langcode VARCHAR(32), delta INTEGER, field_unit_target_id INTEGER);
CREATE TABLE {p}node__field_image (deleted SMALLINT DEFAULT 0, entity_id INTEGER, langcode VARCHAR(32), delta INTEGER, field_image_target_id INTEGER,
    field_image_alt VARCHAR(512), field_image_width INTEGER, field_image_height INTEGER);
CREATE TABLE {p}taxonomy_term_field_data (tid INTEGER, vid VARCHAR(32), langcode VARCHAR(12), status SMALLINT, name VARCHAR(255), default_langcode SMALLINT);
CREATE TABLE {p}file_managed (fid INTEGER, uri VARCHAR(255), filemime VARCHAR(255), status SMALLINT);
CREATE TABLE {p}users_field_data (uid INTEGER, langcode VARCHAR(12), name VARCHAR(60), pass VARCHAR(255), default_langcode SMALLINT);
CREATE TABLE {p}path_alias (id INTEGER, langcode VARCHAR(12), path VARCHAR(255), alias VARCHAR(255), status SMALLINT);
CREATE TABLE {p}media (mid INTEGER, bundle VARCHAR(32), uuid VARCHAR(128), langcode VARCHAR(12));
CREATE TABLE {p}media_field_data (mid INTEGER, langcode VARCHAR(12), status SMALLINT, name VARCHAR(255), default_langcode SMALLINT);
CREATE TABLE {p}media__field_media_image (deleted SMALLINT DEFAULT 0, entity_id INTEGER, delta INTEGER, field_media_image_target_id INTEGER, field_media_image_alt VARCHAR(512),
    field_media_image_width INTEGER, field_media_image_height INTEGER);
INSERT INTO {p}users_field_data VALUES (0, 'en', '', NULL, 1), (3, 'en', 'Mei & Lin', 'x', 1);
INSERT INTO {p}taxonomy_term_field_data VALUES (11, 'tags', 'en', 1, 'Dyes & inks', 1), (11, 'tags', 'zh-hans', 1, '染料', 0), (12, 'tags', 'en', 1, 'open day', 1),
    (13, 'tags', 'en', 0, 'withdrawn', 1), (21, 'unit', 'en', 1, 'Campus life', 1);
INSERT INTO {p}node__field_tags VALUES (0, 1, 'en', 1, 12), (0, 1, 'en', 0, 11), (0, 1, 'en', 2, 13), (0, 1, 'zh-hans', 0, 11), (1, 1, 'en', 3, 21);
INSERT INTO {p}node__field_unit VALUES (0, 1, 'en', 0, 21);
INSERT INTO {p}file_managed VALUES (31, 'public://2026-09/the vat.jpg', 'image/jpeg', 1), (32, 'private://salaries.jpg', 'image/jpeg', 1);
INSERT INTO {p}node__field_image VALUES (0, 1, 'en', 0, 31, 'A vat', 1200, 800), (0, 2, 'en', 0, 32, 'Secret', NULL, NULL);
INSERT INTO {p}media VALUES (41, 'image', '6f1c0c0e-0000-4000-8000-00000000000a', 'en');
INSERT INTO {p}media_field_data VALUES (41, 'en', 1, 'vat', 1);
INSERT INTO {p}media__field_media_image VALUES (0, 41, 0, 31, 'An old vat', 640, 480);
INSERT INTO {p}path_alias VALUES (1, 'en', '/node/1', '/old', 1), (2, 'en', '/node/1', '/open-day', 1), (3, 'zh-hans', '/node/1', '/开放日', 1), (4, 'en', '/node/1', '/off', 0),
    (5, 'und', '/node/2', '/anywhere', 1);
";

const MEDIA: &str = "<p>See <a href=\"/map\">the map</a>.</p><drupal-media data-entity-type=\"media\" \
    data-entity-uuid=\"6f1c0c0e-0000-4000-8000-00000000000a\" data-caption=\"The &lt;b&gt;old&lt;/b&gt; vat\">&nbsp;</drupal-media>\
    <drupal-media data-entity-uuid=\"6f1c0c0e-0000-4000-8000-00000000000b\"></drupal-media><script>alert(1)</script>";

/// Serializes a string as PHP does.
fn php_string(text: &str) -> String {
    format!("s:{}:\"{text}\";", text.len())
}

/// Serializes an array with string keys as PHP does.
fn php_array(entries: &[(&str, String)]) -> String {
    let inside: String = entries.iter().map(|(key, value)| php_string(key) + value).collect();
    format!("a:{}:{{{inside}}}", entries.len())
}

/// Returns SQL statements that create the configuration of languages, text formats and fields.
fn config_table(source: &TestSource, prefix: &str) -> String {
    let filter = |name: &str, on: i32, weight: i32| {
        let settings =
            php_array(&[("status", format!("b:{on};")), ("weight", format!("i:{weight};"))]);
        php_array(&[
            ("format", php_string(name.split('/').next().unwrap())),
            ("status", "b:1;".into()),
            ("filters", php_array(&[(name.split('/').nth(1).unwrap(), settings)])),
        ])
    };
    let prefixes = php_array(&[("en", php_string("")), ("zh-hans", php_string("zh"))]);
    let url = php_array(&[("source", php_string("path_prefix")), ("prefixes", prefixes)]);
    let term_reference = php_array(&[
        ("field_name", php_string("field_unit")),
        ("type", php_string("entity_reference")),
        ("settings", php_array(&[("target_type", php_string("taxonomy_term"))])),
    ]);
    let rows = [
        ("language.negotiation", php_array(&[("url", url)])),
        ("system.site", php_array(&[("default_langcode", php_string("en"))])),
        ("filter.format.full_html", filter("full_html/filter_autop", 0, 0)),
        ("filter.format.lines", filter("lines/filter_autop", 1, 0)),
        ("filter.format.plain_text", filter("plain_text/filter_html_escape", 1, 0)),
        ("field.storage.node.field_unit", term_reference),
    ];
    let kind = match source.kind {
        Kind::Sqlite => "BLOB",
        Kind::Postgres => "BYTEA",
        Kind::Mariadb => "LONGBLOB",
    };
    let mut fill = format!(
        "CREATE TABLE {prefix}config (collection VARCHAR(255), name VARCHAR(255), data {kind});"
    );
    for (name, data) in rows {
        let data = source.quote(&data);
        let data = if source.kind == Kind::Postgres {
            format!("convert_to({data}, 'UTF8')")
        } else {
            data
        };
        writeln!(fill, "INSERT INTO {prefix}config VALUES ('', '{name}', {data});").unwrap();
    }
    fill
}

/// Creates the site with its content.
pub(super) async fn site(kind: Kind, prefix: &str) -> Option<TestSource> {
    let source = TestSource::create(kind).await?;
    let mut fill = TABLES.replace("{p}", prefix);
    // Number, type, language, status, user, title, body, summary, format, 1 for an original, and
    // the scheduled time of publication.
    let nodes = [
        (
            1,
            "article",
            "en",
            1,
            3,
            "Open day <at> the works",
            MEDIA,
            "<p>Gates &amp; yards</p>",
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
        let (title, body, summary) =
            (source.quote(title), source.quote(body), source.quote(summary));
        let format = if format.is_empty() { "NULL".to_owned() } else { format!("'{format}'") };
        writeln!(
            fill,
            "INSERT INTO {prefix}node_field_data VALUES ({nid}, {nid}, '{kind}', '{language}', {status}, {user}, {title}, 1788228000, 1788314400, 1, {original}, {publish_on});
             INSERT INTO {prefix}node__body VALUES ('{kind}', 0, {nid}, '{language}', 0, {body}, {summary}, {format});"
        )
        .unwrap();
    }
    source.execute(&fill).await;
    configure(&source, &format!("table_prefix = \"{prefix}\""));
    Some(source)
}

fn configure(source: &TestSource, more: &str) {
    source.configure(
        &source.url,
        &format!("kind = \"drupal\"\nsite_url = \"https://works.example\"\n{more}"),
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_language_of_a_published_node_is_an_article_of_one_story() {
    for kind in KINDS {
        let Some(source) = site(kind, "").await else { continue };
        source.execute(&config_table(&source, "")).await;
        let sync = source.sync();
        assert_eq!((sync.counts(), sync.rejected()), ([4, 0, 0, 0], vec![]), "{kind:?}");
        assert_eq!(
            sync.notes(),
            ["1: Embedded media that are not public, or of an unsupported kind, are left out."]
        );
        assert_eq!(source.sync().counts(), [0, 0, 0, 0], "{kind:?}, read again");
        let mut ids = source.field_values("source_id");
        ids.sort();
        assert_eq!(ids, ["1", "1-zh-hans", "2", "8-zh-hans"]);
        let open = source.article("1");
        assert_eq!(
            (&open["title"], &open["summary"]),
            (&json!("Open day <at> the works"), &json!("Gates & yards"))
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
            (&open["image_alt"], &open["image_width"], &open["image_height"]),
            (&json!("A vat"), &json!(1200), &json!(800)),
            "{kind:?}"
        );
        assert_eq!(
            open["body_html"],
            format!(
                "<p>See <a href=\"https://works.example/map\">the map</a>.</p><figure><img src=\"{vat}\" alt=\"An old vat\" width=\"640\" height=\"480\">\
                 <figcaption>The <b>old</b> vat</figcaption></figure>"
            )
        );
        let translation = source.article("1-zh-hans");
        assert_eq!(
            (&translation["url"], &translation["language"]),
            (&json!("https://works.example/zh/%E5%BC%80%E6%94%BE%E6%97%A5"), &json!("zh-Hans"))
        );
        assert_eq!(
            (&translation["tags"], &translation["sections"], &translation["image_url"]),
            (&json!(["染料"]), &json!(["Campus life"]), &json!(vat))
        );
        assert_eq!(translation["body_html"], "<p>第一行</p>\n<p>第二行</p>");
        assert_eq!(translation["story"], open["story"], "both languages should be one story");
        let anonymous = source.article("2");
        assert_eq!(
            (&anonymous["url"], &anonymous["authors"]),
            (&json!("https://works.example/anywhere"), &json!([]))
        );
        assert_eq!(
            (&anonymous["body_html"], &anonymous["image_url"]),
            (&json!("1 &lt; 2"), &json!(null)),
            "a private file should have no URL"
        );
        assert_eq!(source.article("8-zh-hans")["url"], "https://works.example/zh/node/8");
        for file in ["all.rss", "all.atom"] {
            roxmltree::Document::parse(&source.build_feed(file)).unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_site_without_its_configuration_is_read_with_the_defaults_of_drupal() {
    for kind in KINDS {
        let Some(source) = site(kind, "works_").await else { continue };
        configure(
            &source,
            "table_prefix = \"works_\"\ncontent_types = [\"article\", \"news\"]\nids = \"source\"\nfiles_url = \"https://cdn.example/f/\"",
        );
        assert_eq!(source.sync().counts(), [5, 0, 0, 0], "{kind:?}");
        let mut ids = source.field_values("id");
        ids.sort();
        let translations =
            ["1-zh-hans", "8-zh-hans"].map(|id| format!("tag:news.example.edu,2026:cms/{id}"));
        let originals = ["1", "2", "7"].map(|id| format!("{id} at https://works.example"));
        assert_eq!(ids, [originals.as_slice(), &translations].concat(), "{kind:?}");
        let open = source
            .shell
            .courant(&["articles", "show", "1 at https://works.example", "--json"])
            .json();
        assert_eq!(
            (&open["image_url"], &open["sections"]),
            (&json!("https://cdn.example/f/2026-09/the%20vat.jpg"), &json!([]))
        );
        assert_eq!(
            source.article("1-zh-hans")["url"],
            "https://works.example/%E5%BC%80%E6%94%BE%E6%97%A5"
        );
        configure(&source, "");
        let message = source.sync_error();
        assert!(
            message.contains("no readable table `node_field_data`")
                && message.contains("table_prefix"),
            "{message}"
        );
        assert_eq!(source.field_values("title").len(), 5, "the imported articles should be kept");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_nodes_are_read_in_pages_and_an_unpublished_translation_is_removed_alone() {
    for kind in KINDS {
        let Some(source) = site(kind, "").await else { continue };
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
        source.execute(&fill).await;
        assert_eq!(source.sync().counts(), [244, 0, 0, 0], "{kind:?}");
        let groups = |id: &str| source.article(id)["story"].clone();
        assert_eq!(groups("219"), groups("219-zh-hans"));
        source.execute("UPDATE node_field_data SET status = 0 WHERE nid = 150 AND langcode = 'zh-hans'; DELETE FROM node_field_data WHERE nid = 151").await;
        assert_eq!(source.sync().counts(), [0, 0, 0, 3], "{kind:?}");
        assert_eq!(source.article("150")["title"], "Node 150");
    }
}
