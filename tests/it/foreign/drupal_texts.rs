//! Drupal articles whose words are in paragraphs, in other fields than the body, or in a layout.

use std::fmt::Write as _;

use super::test_source::{KINDS, Kind, TestSource};

const TABLES: &str = "
CREATE TABLE node_field_data (nid INTEGER, vid INTEGER, type VARCHAR(32), langcode VARCHAR(12), status SMALLINT, uid INTEGER, title VARCHAR(255),
    created INTEGER, changed INTEGER, default_langcode SMALLINT, PRIMARY KEY (nid, langcode));
CREATE TABLE node__body (deleted SMALLINT, entity_id INTEGER, langcode VARCHAR(32), delta INTEGER, body_value TEXT, body_summary TEXT, body_format VARCHAR(255));
CREATE TABLE node__field_lead (deleted SMALLINT, entity_id INTEGER, langcode VARCHAR(32), delta INTEGER, field_lead_value TEXT, field_lead_format VARCHAR(255));
CREATE TABLE node__field_memo (deleted SMALLINT, entity_id INTEGER, langcode VARCHAR(32), delta INTEGER, field_memo_value TEXT, field_memo_format VARCHAR(255));
CREATE TABLE node__field_blocks (deleted SMALLINT, entity_id INTEGER, langcode VARCHAR(32), delta INTEGER, field_blocks_target_id INTEGER, field_blocks_target_revision_id INTEGER);
CREATE TABLE paragraphs_item_field_data (id INTEGER, revision_id INTEGER, type VARCHAR(32), langcode VARCHAR(12), status SMALLINT, default_langcode SMALLINT);
CREATE TABLE paragraph__field_words (deleted SMALLINT, entity_id INTEGER, revision_id INTEGER, langcode VARCHAR(32), delta INTEGER, field_words_value TEXT, field_words_format VARCHAR(255));
CREATE TABLE paragraph__field_heading (deleted SMALLINT, entity_id INTEGER, revision_id INTEGER, langcode VARCHAR(32), delta INTEGER, field_heading_value VARCHAR(255));
CREATE TABLE paragraph__field_inner (deleted SMALLINT, entity_id INTEGER, revision_id INTEGER, langcode VARCHAR(32), delta INTEGER, field_inner_target_id INTEGER, field_inner_target_revision_id INTEGER);
INSERT INTO node_field_data VALUES (1, 1, 'article', 'en', 1, 0, 'In pieces', 1793600000, 1793600000, 1), (1, 1, 'article', 'de', 1, 0, 'In Teilen', 1793600000, 1793600000, 0),
    (2, 2, 'article', 'en', 1, 0, 'Led', 1793600000, 1793600000, 1);
INSERT INTO node__field_lead VALUES (0, 1, 'en', 0, '<p>Lead.</p>', 'basic_html'), (0, 2, 'en', 0, '<p>Only a lead.</p>', 'basic_html');
INSERT INTO node__field_memo VALUES (0, 1, 'en', 0, '<p>Memo for editors.</p>', 'basic_html');
INSERT INTO node__field_blocks VALUES (0, 1, 'en', 1, 52, 152), (0, 1, 'en', 0, 51, 151), (0, 1, 'en', 2, 53, 153), (0, 1, 'en', 3, 54, 140), (1, 1, 'en', 4, 57, 157);
INSERT INTO paragraphs_item_field_data VALUES (51, 151, 'words', 'en', 1, 1), (51, 151, 'words', 'de', 1, 0), (52, 152, 'group', 'en', 1, 1), (53, 153, 'words', 'en', 0, 1),
    (54, 154, 'words', 'en', 1, 1), (55, 155, 'words', 'en', 1, 1), (56, 156, 'words', 'fr', 1, 1), (57, 157, 'words', 'en', 1, 1);
INSERT INTO paragraph__field_inner VALUES (0, 52, 152, 'en', 0, 55, 155), (0, 52, 152, 'en', 1, 56, 156), (0, 55, 155, 'en', 0, 52, 152);
INSERT INTO paragraph__field_heading VALUES (0, 51, 151, 'en', 0, 'One < two');
INSERT INTO paragraph__field_words VALUES (0, 51, 151, 'en', 0, '<p>First words.</p>', 'basic_html'), (0, 51, 151, 'de', 0, '<p>Erste Worte.</p>', 'basic_html'),
    (0, 53, 153, 'en', 0, '<p>Withdrawn.</p>', 'basic_html'), (0, 54, 154, 'en', 0, '<p>Newer draft.</p>', 'basic_html'),
    (0, 55, 155, 'en', 0, '<p>Inner words.</p>', 'basic_html'), (0, 55, 150, 'en', 0, '<p>Stale words.</p>', 'basic_html'),
    (0, 56, 156, 'fr', 0, '<p>Mots.</p>', 'basic_html'), (0, 57, 157, 'en', 0, '<p>Deleted words.</p>', 'basic_html');
";

/// Serializes a JSON value as PHP does; an object is an array with string keys.
fn php(value: &serde_json::Value) -> String {
    use serde_json::Value::{Array, Bool, Number, Object, String};
    let array = |pairs: Vec<(std::string::String, &serde_json::Value)>| {
        let count = pairs.len();
        let inside: std::string::String =
            pairs.iter().map(|(key, v)| key.clone() + &php(v)).collect();
        format!("a:{count}:{{{inside}}}")
    };
    match value {
        Bool(on) => format!("b:{};", i32::from(*on)),
        Number(number) => format!("i:{number};"),
        String(text) => format!("s:{}:\"{text}\";", text.len()),
        Array(list) => {
            array(list.iter().enumerate().map(|(at, v)| (format!("i:{at};"), v)).collect())
        }
        Object(map) => {
            array(map.iter().map(|(key, v)| (format!("s:{}:\"{key}\";", key.len()), v)).collect())
        }
        serde_json::Value::Null => "N;".to_owned(),
    }
}

/// Adds a configuration object, or another serialized value.
fn bytes(source: &TestSource, text: &str) -> String {
    match source.kind {
        Kind::Postgres => format!("convert_to({}, 'UTF8')", source.quote(text)),
        _ => source.quote(text),
    }
}

async fn add_config(source: &TestSource, objects: &[(&str, serde_json::Value)]) {
    let kind = match source.kind {
        Kind::Sqlite => "BLOB",
        Kind::Postgres => "BYTEA",
        Kind::Mariadb => "LONGBLOB",
    };
    let mut fill =
        format!("CREATE TABLE config (collection VARCHAR(255), name VARCHAR(255), data {kind});");
    for (name, value) in objects {
        let data = bytes(source, &php(value));
        write!(fill, "INSERT INTO config VALUES ('', '{name}', {data});").unwrap();
    }
    source.execute(&fill).await;
}

fn configure(source: &TestSource, more: &str) {
    let keys = format!("kind = \"drupal\"\nsite_url = \"https://works.example\"\n{more}");
    source.configure(&source.url, &keys);
}

async fn site(kind: Kind) -> Option<TestSource> {
    let source = TestSource::create(kind).await?;
    source.execute(TABLES).await;
    configure(&source, "");
    Some(source)
}

/// Returns the configuration of the displays: a lead, then the paragraphs.
fn displays() -> Vec<(&'static str, serde_json::Value)> {
    let plain = serde_json::json!({"field_name": "field_heading", "type": "string"});
    let node = serde_json::json!({"status": true, "content": {
        "field_blocks": {"weight": 7, "type": "entity_reference_revisions_entity_view", "settings": {"view_mode": "default"}},
        "field_lead": {"weight": -3, "type": "text_default"},
    }, "hidden": {"field_memo": true}});
    let words = serde_json::json!({"status": true, "content": {
        "field_words": {"weight": 2, "type": "text_default"}, "field_heading": {"weight": 1, "type": "string"}}});
    let group = serde_json::json!({"status": true, "content": {"field_inner": {"weight": 0, "type": "entity_reference_revisions_entity_view"}}});
    vec![
        ("field.storage.paragraph.field_heading", plain),
        ("core.entity_view_display.node.article.default", node),
        ("core.entity_view_display.paragraph.words.default", words),
        ("core.entity_view_display.paragraph.group.default", group),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn texts_of_fields_and_paragraphs_arrive_in_display_order_and_hidden_ones_do_not() {
    for kind in KINDS {
        let Some(source) = site(kind).await else { continue };
        add_config(&source, &displays()).await;
        let notes = source.sync().notes().join("\n");
        assert!(notes.contains("1: Paragraphs in another language"), "{kind:?}: {notes}");
        assert_eq!(
            source.article("1")["body_html"],
            "<p>Lead.</p>\n<p>One &lt; two</p>\n<p>First words.</p>\n<p>Inner words.</p>",
            "{kind:?}"
        );
        assert_eq!(source.article("1-de")["body_html"], "<p>Erste Worte.</p>", "{kind:?}");
        assert_eq!(source.article("2")["body_html"], "<p>Only a lead.</p>");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_displays_an_article_without_text_is_reported_unless_its_fields_are_named() {
    for kind in KINDS {
        let Some(source) = site(kind).await else { continue };
        let notes = source.sync().notes().join("\n");
        assert!(
            notes.contains("1: It has text only in fields that Courant does not read (field_blocks, field_lead, field_memo); grant"),
            "{kind:?}: {notes}"
        );
        assert!(notes.contains("(field_lead)"), "{notes}");
        configure(&source, "text_fields = [\"field_blocks\", \"field_lead\"]");
        source.sync();
        assert_eq!(
            source.article("1")["body_html"],
            "<p>First words.</p>\n<p>Inner words.</p>\n<p>Lead.</p>",
            "{kind:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fields_that_visitors_may_not_view_are_left_out() {
    for kind in KINDS {
        let Some(source) = site(kind).await else { continue };
        let mut config = displays();
        let restricted = |field: &str, kind: &str| serde_json::json!({"field_name": field, "third_party_settings": {"field_permissions": {"permission_type": kind}}});
        config.push(("field.storage.node.field_lead", restricted("field_lead", "private")));
        config.push(("field.storage.node.field_blocks", restricted("field_blocks", "custom")));
        config.push(("field.storage.paragraph.field_words", restricted("field_words", "custom")));
        config.push((
            "user.role.anonymous",
            serde_json::json!({"permissions": ["access content", "view field_blocks"]}),
        ));
        add_config(&source, &config).await;
        let notes = source.sync().notes().join("\n");
        assert_eq!(source.article("1")["body_html"], "<p>One &lt; two</p>", "{kind:?}");
        assert!(
            notes.contains("2: It has text only in fields") && notes.contains("(field_lead)"),
            "{notes}"
        );
    }
}

const LAYOUT_TABLES: &str = "
CREATE TABLE block_content (id INTEGER, uuid VARCHAR(64));
CREATE TABLE block_content_field_data (id INTEGER, revision_id INTEGER, type VARCHAR(32), langcode VARCHAR(12), status SMALLINT, default_langcode SMALLINT);
CREATE TABLE block_content__body (deleted SMALLINT, entity_id INTEGER, revision_id INTEGER, langcode VARCHAR(32), delta INTEGER, body_value TEXT, body_summary TEXT, body_format VARCHAR(255));
INSERT INTO block_content VALUES (71, 'u71'), (72, 'u72'), (73, 'u73'), (74, 'u74');
INSERT INTO block_content_field_data VALUES (71, 171, 'basic', 'en', 1, 1), (72, 172, 'basic', 'en', 1, 1), (73, 173, 'basic', 'en', 0, 1), (74, 175, 'basic', 'en', 1, 1);
INSERT INTO block_content__body VALUES (0, 71, 171, 'en', 0, '<p>In the block.</p>', '', 'basic_html'), (0, 72, 172, 'en', 0, '<p>Reusable.</p>', '', 'basic_html'),
    (0, 73, 173, 'en', 0, '<p>Unpublished.</p>', '', 'basic_html'), (0, 74, 175, 'en', 0, '<p>Next draft.</p>', '', 'basic_html');
INSERT INTO node__body VALUES (0, 1, 'en', 0, '<p>The body.</p>', '', 'basic_html'), (0, 2, 'en', 0, '<p>Another body.</p>', '', 'basic_html');
";

const ELEMENT_TABLES: &str = "
CREATE TABLE file_managed (fid INTEGER, uri VARCHAR(255), filemime VARCHAR(255), status SMALLINT);
CREATE TABLE media (mid INTEGER, bundle VARCHAR(32), uuid VARCHAR(128), langcode VARCHAR(12));
CREATE TABLE media_field_data (mid INTEGER, langcode VARCHAR(12), status SMALLINT, name VARCHAR(255), default_langcode SMALLINT);
CREATE TABLE media__field_media_image (deleted SMALLINT, entity_id INTEGER, delta INTEGER, field_media_image_target_id INTEGER, field_media_image_alt VARCHAR(512),
    field_media_image_width INTEGER, field_media_image_height INTEGER);
CREATE TABLE node__field_image (deleted SMALLINT, entity_id INTEGER, langcode VARCHAR(32), delta INTEGER, field_image_target_id INTEGER, field_image_alt VARCHAR(512),
    field_image_width INTEGER, field_image_height INTEGER);
CREATE TABLE paragraph__field_photo (deleted SMALLINT, entity_id INTEGER, revision_id INTEGER, langcode VARCHAR(32), delta INTEGER, field_photo_target_id INTEGER,
    field_photo_alt VARCHAR(512), field_photo_title VARCHAR(512), field_photo_width INTEGER, field_photo_height INTEGER);
CREATE TABLE paragraph__field_press (deleted SMALLINT, entity_id INTEGER, revision_id INTEGER, langcode VARCHAR(32), delta INTEGER, field_press_target_id INTEGER);
CREATE TABLE paragraph__field_paper (deleted SMALLINT, entity_id INTEGER, revision_id INTEGER, langcode VARCHAR(32), delta INTEGER, field_paper_target_id INTEGER,
    field_paper_display SMALLINT, field_paper_description TEXT);
CREATE TABLE paragraph__field_more (deleted SMALLINT, entity_id INTEGER, revision_id INTEGER, langcode VARCHAR(32), delta INTEGER, field_more_uri VARCHAR(2048),
    field_more_title VARCHAR(255), field_more_options TEXT);
INSERT INTO file_managed VALUES (31, 'public://lead.jpg', 'image/jpeg', 1), (32, 'public://yard & gate.jpg', 'image/jpeg', 1), (33, 'public://press.jpg', 'image/jpeg', 1),
    (34, 'public://plan 2026.pdf', 'application/pdf', 1), (35, 'private://salaries.pdf', 'application/pdf', 1);
INSERT INTO media VALUES (41, 'image', '6f1c0c0e-0000-4000-8000-00000000000a', 'en');
INSERT INTO media_field_data VALUES (41, 'en', 1, 'press', 1);
INSERT INTO media__field_media_image VALUES (0, 41, 0, 33, 'The press', 300, 200);
INSERT INTO node__field_image VALUES (0, 1, 'en', 0, 31, 'The lead', 1600, 900), (0, 1, 'en', 1, 32, 'The second', 800, 600);
INSERT INTO paragraph__field_photo VALUES (0, 51, 151, 'en', 0, 32, 'Yard \"A\"', '', 640, 480), (0, 51, 150, 'en', 1, 31, 'Old revision', '', 1, 1);
INSERT INTO paragraph__field_press VALUES (0, 51, 151, 'en', 0, 41);
INSERT INTO paragraph__field_paper VALUES (0, 51, 151, 'en', 0, 34, 1, 'The plan'), (0, 51, 151, 'en', 1, 34, 1, ''), (0, 51, 151, 'en', 2, 35, 1, 'Salaries');
INSERT INTO paragraph__field_more VALUES (0, 51, 151, 'en', 0, 'internal:/map', 'The map', ''), (0, 51, 151, 'en', 1, 'https://a.example/', '', ''),
    (0, 51, 151, 'en', 2, 'route:<nolink>', 'Nowhere', '');
";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn images_media_files_and_links_of_fields_and_paragraphs_arrive() {
    for kind in KINDS {
        let Some(source) = site(kind).await else { continue };
        source.execute(ELEMENT_TABLES).await;
        let mut config = displays();
        let shown =
            |weight: i32, formatter: &str| serde_json::json!({"weight": weight, "type": formatter});
        config.retain(|(name, _)| {
            !name.ends_with("node.article.default") && !name.ends_with("paragraph.words.default")
        });
        config.push((
            "core.entity_view_display.node.article.default",
            serde_json::json!({"status": true, "content": {"field_image": shown(-5, "image"), "field_blocks": shown(1, "entity_reference_revisions_entity_view")}}),
        ));
        config.push((
            "core.entity_view_display.paragraph.words.default",
            serde_json::json!({"status": true, "content": {"field_words": shown(1, "text_default"), "field_photo": shown(2, "image"),
                "field_press": shown(3, "entity_reference_entity_view"), "field_paper": shown(4, "file_default"), "field_more": shown(5, "link")}}),
        ));
        config.push((
            "field.storage.paragraph.field_press",
            serde_json::json!({"field_name": "field_press", "type": "entity_reference", "settings": {"target_type": "media"}}),
        ));
        add_config(&source, &config).await;
        let notes = source.sync().notes().join("\n");
        assert!(notes.contains("files that are not public"), "{kind:?}: {notes}");
        let article = source.article("1");
        let files = "https://works.example/sites/default/files";
        assert_eq!(
            (&article["image_url"], &article["image_alt"], &article["image_width"]),
            (
                &serde_json::json!(format!("{files}/lead.jpg")),
                &serde_json::json!("The lead"),
                &serde_json::json!(1600)
            ),
            "{kind:?}"
        );
        let body = article["body_html"].as_str().unwrap();
        let expected = [
            format!(
                "<figure><img src=\"{files}/yard%20%26%20gate.jpg\" alt=\"The second\" width=\"800\" height=\"600\"></figure>"
            ),
            "<p>First words.</p>".to_owned(),
            format!(
                "<figure><img src=\"{files}/yard%20%26%20gate.jpg\" alt=\"Yard &quot;A&quot;\" width=\"640\" height=\"480\"></figure>"
            ),
            format!(
                "<figure><img src=\"{files}/press.jpg\" alt=\"The press\" width=\"300\" height=\"200\"></figure>"
            ),
            format!("<p><a href=\"{files}/plan%202026.pdf\">The plan</a></p>"),
            format!("<p><a href=\"{files}/plan%202026.pdf\">plan 2026.pdf</a></p>"),
            "<p><a href=\"https://works.example/map\">The map</a></p>".to_owned(),
            "<p><a href=\"https://a.example/\">https://a.example/</a></p>".to_owned(),
            "<p>Inner words.</p>".to_owned(),
        ];
        assert_eq!(body, expected.join("\n"), "{kind:?}");
    }
}

/// Returns a component of a layout.
fn component(region: &str, weight: i32, configuration: serde_json::Value) -> serde_json::Value {
    serde_json::json!({"region": region, "weight": weight, "configuration": configuration, "additional": []})
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_blocks_of_a_layout_arrive_in_the_order_of_the_page() {
    for kind in KINDS {
        let Some(source) = site(kind).await else { continue };
        source.execute(LAYOUT_TABLES).await;
        let inline = |revision: i32| serde_json::json!({"id": "inline_block:basic", "block_revision_id": revision.to_string(), "view_mode": "full"});
        let body = serde_json::json!({"id": "field_block:node:article:body", "formatter": {"type": "text_default"}});
        let mut secret = component("first", 9, inline(171));
        secret["additional"] = serde_json::json!({"visibility_conditions": {"role": "member"}});
        let own = [
            serde_json::json!({"layoutId": "layout_twocol_section", "components": {
                "b": component("second", 0, body.clone()), "c": component("first", 1, serde_json::json!({"id": "block_content:u72"})),
                "a": component("first", 0, inline(171)), "d": component("first", 2, inline(173)), "e": component("first", 3, inline(174)), "f": secret}}),
            serde_json::json!({"layoutId": "layout_onecol", "components": {"g": component("content", 0, serde_json::json!({"id": "field_block:node:article:field_lead"}))}}),
        ];
        let blob = match kind {
            Kind::Sqlite => "BLOB",
            Kind::Postgres => "BYTEA",
            Kind::Mariadb => "LONGBLOB",
        };
        let mut fill = format!(
            "CREATE TABLE node__layout_builder__layout (deleted SMALLINT, entity_id INTEGER, langcode VARCHAR(32), delta INTEGER, layout_builder__layout_section {blob});"
        );
        for (delta, section) in own.iter().enumerate() {
            // Drupal stores sections as objects.
            let object =
                php(section).replacen("a:2:", "O:29:\"Drupal\\layout_builder\\Section\":2:", 1);
            let section = bytes(&source, &object);
            write!(
                fill,
                "INSERT INTO node__layout_builder__layout VALUES (0, 1, 'en', {delta}, {section});"
            )
            .unwrap();
        }
        source.execute(&fill).await;
        let default = serde_json::json!([{"layout_id": "layout_onecol", "components": {"x": component("content", 0, body)}}]);
        let display = serde_json::json!({"status": true, "content": {"field_memo": {"weight": 0, "type": "text_default"}},
            "third_party_settings": {"layout_builder": {"enabled": true, "allow_custom": true, "sections": default}}});
        let block = serde_json::json!({"status": true, "content": {"body": {"weight": 0, "type": "text_default"}}});
        add_config(
            &source,
            &[
                ("core.entity_view_display.node.article.default", display),
                ("core.entity_view_display.block_content.basic.default", block),
            ],
        )
        .await;
        let notes = source.sync().notes().join("\n");
        assert_eq!(
            source.article("1")["body_html"],
            "<p>In the block.</p>\n<p>Reusable.</p>\n<p>The body.</p>\n<p>Lead.</p>",
            "{kind:?}"
        );
        assert_eq!(source.article("2")["body_html"], "<p>Another body.</p>", "{kind:?}");
        assert!(
            notes.contains("Blocks in another language") && notes.contains("visibility conditions"),
            "{notes}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_that_access_modules_or_moderation_hide_are_left_out() {
    for kind in KINDS {
        let Some(source) = site(kind).await else { continue };
        source
            .execute(
                "INSERT INTO node_field_data VALUES (3, 3, 'article', 'en', 1, 0, 'For a group', 1793600000, 1793600000, 1),
                    (4, 44, 'article', 'en', 1, 0, 'In review', 1793600000, 1793600000, 1), (5, 55, 'article', 'en', 1, 0, 'With a newer draft', 1793600000, 1793600000, 1);
                 CREATE TABLE node_access (nid INTEGER, langcode VARCHAR(12), fallback SMALLINT, gid INTEGER, realm VARCHAR(255), grant_view SMALLINT, grant_update SMALLINT, grant_delete SMALLINT);
                 INSERT INTO node_access VALUES (1, 'en', 1, 0, 'all', 1, 0, 0), (1, 'de', 0, 0, 'all', 0, 0, 0), (2, 'en', 1, 5, 'term_access', 1, 0, 0), (3, 'en', 1, 0, 'group', 1, 0, 0),
                    (4, 'en', 1, 0, 'all', 1, 0, 0), (5, 'en', 1, 0, 'all', 1, 0, 0);
                 CREATE TABLE content_moderation_state_field_data (id INTEGER, langcode VARCHAR(12), moderation_state VARCHAR(255), content_entity_type_id VARCHAR(32),
                    content_entity_id INTEGER, content_entity_revision_id INTEGER);
                 INSERT INTO content_moderation_state_field_data VALUES (1, 'en', 'draft', 'node', 4, 44), (2, 'en', 'draft', 'node', 5, 56), (3, 'en', 'published', 'node', 1, 1)",
            )
            .await;
        source.sync();
        let mut ids = source.field_values("source_id");
        ids.sort();
        assert_eq!(ids, ["1", "5"], "{kind:?}");
        source.execute("INSERT INTO node_access VALUES (0, '', 1, 0, 'all', 1, 0, 0)").await;
        source.sync();
        let mut ids = source.field_values("source_id");
        ids.sort();
        assert_eq!(ids, ["1", "1-de", "2", "3", "5"], "{kind:?}");
    }
}
