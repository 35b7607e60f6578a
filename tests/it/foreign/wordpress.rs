//! A small WordPress site on MariaDB: only the content of its own feed is imported.

use std::fmt::Write as _;

use super::test_source::{Kind, TestSource};

const TABLES: &str = "
CREATE TABLE {p}posts (ID BIGINT UNSIGNED PRIMARY KEY AUTO_INCREMENT, post_author BIGINT UNSIGNED DEFAULT 2, post_date DATETIME DEFAULT '0000-00-00 00:00:00',
    post_date_gmt DATETIME DEFAULT '0000-00-00 00:00:00', post_content LONGTEXT, post_title TEXT, post_excerpt TEXT, post_status VARCHAR(20) DEFAULT 'publish',
    comment_status VARCHAR(20) DEFAULT 'open', post_password VARCHAR(255) DEFAULT '', post_name VARCHAR(200) DEFAULT '',
    post_modified DATETIME DEFAULT '0000-00-00 00:00:00', post_modified_gmt DATETIME DEFAULT '0000-00-00 00:00:00', post_parent BIGINT UNSIGNED DEFAULT 0,
    guid VARCHAR(255) DEFAULT '', menu_order INT DEFAULT 0, post_type VARCHAR(20) DEFAULT 'post', post_mime_type VARCHAR(100) DEFAULT '');
CREATE TABLE {p}postmeta (meta_id BIGINT UNSIGNED PRIMARY KEY AUTO_INCREMENT, post_id BIGINT UNSIGNED, meta_key VARCHAR(255), meta_value LONGTEXT);
CREATE TABLE {p}options (option_id BIGINT UNSIGNED PRIMARY KEY AUTO_INCREMENT, option_name VARCHAR(191), option_value LONGTEXT);
CREATE TABLE {p}terms (term_id BIGINT UNSIGNED PRIMARY KEY, name VARCHAR(200), slug VARCHAR(200));
CREATE TABLE {p}term_taxonomy (term_taxonomy_id BIGINT UNSIGNED PRIMARY KEY, term_id BIGINT UNSIGNED, taxonomy VARCHAR(32), description LONGTEXT DEFAULT '',
    parent BIGINT UNSIGNED DEFAULT 0, count BIGINT DEFAULT 0);
CREATE TABLE {p}term_relationships (object_id BIGINT UNSIGNED, term_taxonomy_id BIGINT UNSIGNED, term_order INT DEFAULT 0);
CREATE TABLE {p}users (ID BIGINT UNSIGNED PRIMARY KEY, display_name VARCHAR(250), user_nicename VARCHAR(50));
INSERT INTO {p}users VALUES (2, 'Mei Lin', 'mei-lin');
INSERT INTO {p}terms VALUES (3, 'Campus life', 'campus'), (4, 'Dyes &amp; inks', 'dyes'), (5, 'open day', 'open-day');
INSERT INTO {p}term_taxonomy (term_taxonomy_id, term_id, taxonomy, parent, count) VALUES (13, 3, 'category', 0, 2), (14, 4, 'category', 3, 1), (15, 5, 'post_tag', 0, 1);
INSERT INTO {p}term_relationships VALUES (101, 14, 0), (101, 15, 0), (108, 13, 0);
INSERT INTO {p}postmeta (post_id, meta_key, meta_value) VALUES (101, '_thumbnail_id', '107'), (107, '_wp_attached_file', '2026/08/vat.jpg'),
    (107, '_wp_attachment_image_alt', 'A vat'), (107, '_wp_attachment_metadata', 'a:2:{s:5:\"width\";i:1200;s:6:\"height\";s:3:\"800\";}'), (101, '_edit_lock', '1:2');
";

const CLASSIC: &str = r#"The \ <b>dye works</b> said "welcome" -- twice.
Three hundred came.

<!--more-->[caption id="attachment_107" align="alignright" width="300"]<img src="/wp-content/uploads/2026/08/vat.jpg" alt="Vat" width="300" /> The old vat[/caption]

[gallery ids="107"]

https://tube.example/watch?v=1&t=2

[signup list="3"]Join the list[/signup]

<script>alert(1)</script>"#;

const BLOCKS: &str = r#"<!-- wp:heading -->
<h2 class="wp-block-heading">Timetable</h2>
<!-- /wp:heading -->

<!-- wp:list --><ul><!-- wp:list-item --><li>Nine: gates</li><!-- /wp:list-item --></ul><!-- /wp:list -->

<!-- wp:shop/cart {"id":1} /-->

<!-- wp:image {"id":107} --><figure class="wp-block-image"><img src="https://blog.example/wp/wp-content/uploads/2026/08/vat.jpg" alt=""/></figure><!-- /wp:image -->

<!-- wp:nextpage --><!--nextpage--><!-- /wp:nextpage -->

<!-- wp:paragraph --><p>A second page.</p><!-- /wp:paragraph -->"#;

/// Creates the site with this table prefix and permalink structure.
pub(super) async fn site(prefix: &str, structure: &str) -> Option<TestSource> {
    let source = TestSource::create(Kind::Mariadb).await?;
    let mut fill = TABLES.to_owned();
    let options = [
        ("home", "https://blog.example"),
        ("siteurl", "https://blog.example/wp"),
        ("permalink_structure", structure),
        ("timezone_string", "Asia/Shanghai"),
        ("WPLANG", ""),
    ];
    for (name, value) in options {
        writeln!(
            fill,
            "INSERT INTO {{p}}options (option_name, option_value) VALUES ('{name}', '{value}');"
        )
        .unwrap();
    }
    let date = "post_date = '2026-09-01 01:30:00', post_date_gmt = '2026-08-31 17:30:00', post_modified = '2026-09-02 12:00:00', post_modified_gmt = '2026-09-02 04:00:00'";
    let posts = [
        (
            "101",
            "Opening <em>night</em> &amp; day",
            CLASSIC,
            "post_name = 'opening-night', post_excerpt = 'Gates \"open\".'",
        ),
        (
            "102",
            "A draft",
            "Draft.",
            "post_status = 'draft', post_date_gmt = 0, post_modified_gmt = 0",
        ),
        ("103", "Behind a password", "Secret.", "post_password = 'open', post_name = 'behind'"),
        (
            "104",
            "The hundredth year",
            "Later.",
            "post_status = 'future', post_date = '2099-01-01 08:00:00', post_date_gmt = '2099-01-01 00:00:00'",
        ),
        ("105", "For the staff", "Private.", "post_status = 'private'"),
        ("106", "About us", "A page.", "post_type = 'page', post_name = 'about'"),
        (
            "107",
            "vat",
            "",
            "post_type = 'attachment', post_status = 'inherit', post_mime_type = 'image/jpeg', post_name = 'vat', post_parent = 101",
        ),
        (
            "108",
            "Timetable",
            BLOCKS,
            "post_name = 'timetable', post_date_gmt = 0, post_modified_gmt = 0",
        ),
        (
            "109",
            "Opening night",
            "Older words.",
            "post_type = 'revision', post_status = 'inherit', post_parent = 101",
        ),
        ("110", "Thrown away", "Gone.", "post_status = 'trash', post_name = 'thrown__trashed'"),
        ("111", "", "No title, <i>but</i> words.", "post_name = '111'"),
        (
            "112",
            "Undated",
            "When?",
            "post_date = 0, post_date_gmt = 0, post_modified = 0, post_modified_gmt = 0",
        ),
    ];
    for (id, title, content, rest) in posts {
        let (title, content) = (source.quote(title), source.quote(content));
        let guid = format!("https://blog.example/?p={id}&#038;lang=en");
        let set = format!(
            "ID = {id}, guid = '{guid}', post_title = {title}, post_content = {content}, post_excerpt = '', {date}"
        );
        writeln!(
            fill,
            "INSERT INTO {{p}}posts SET {set}; UPDATE {{p}}posts SET {rest} WHERE ID = {id};"
        )
        .unwrap();
    }
    source.execute(&format!("SET sql_mode = ''; {}", fill.replace("{p}", prefix))).await;
    source.configure(&source.url, &format!("kind = \"wordpress\"\ntable_prefix = \"{prefix}\""));
    Some(source)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_public_posts_are_imported_with_the_content_that_wordpress_shows() {
    let Some(source) = site("wp_", "/%year%/%monthnum%/%day%/%postname%/").await else { return };
    let sync = source.sync();
    assert_eq!(sync.counts(), [3, 0, 0, 0]);
    assert_eq!(sync.rejected(), ["112: post 112 has no date; publish it again in WordPress"]);
    let notes = sync.notes();
    assert!(notes.iter().any(|n| n.starts_with("101: ") && n.contains("[signup]")), "{notes:?}");
    assert!(notes.iter().any(|n| n.starts_with("108: ") && n.contains("shop/cart")), "{notes:?}");
    assert!(
        notes.iter().any(|n| n.starts_with("108: ") && n.contains("pages after the first")),
        "{notes:?}"
    );
    assert_eq!(notes.len(), 3, "{notes:?}");
    let mut titles = source.field_values("title");
    titles.sort();
    assert_eq!(titles, ["No title, but words.", "Opening night & day", "Timetable"]);
    let opening = source.article("101");
    assert_eq!(opening["url"], "https://blog.example/2026/09/01/opening-night/");
    assert_eq!(
        (opening["published_at"].as_str(), opening["updated_at"].as_str()),
        (Some("2026-08-31T17:30:00Z"), Some("2026-09-02T04:00:00Z"))
    );
    assert_eq!(
        (&opening["sections"][0], &opening["tags"][0], &opening["authors"][0]),
        (&"Dyes & inks".into(), &"open day".into(), &"Mei Lin".into())
    );
    assert_eq!(
        (opening["image_url"].as_str(), opening["language"].as_str()),
        (Some("https://blog.example/wp/wp-content/uploads/2026/08/vat.jpg"), Some("en-US"))
    );
    assert_eq!(opening["summary"], "Gates “open”.");
    let image = ["image_alt", "image_type", "image_width", "image_height"]
        .map(|name| opening[name].clone());
    assert_eq!(serde_json::json!(image), serde_json::json!(["A vat", "image/jpeg", 1200, 800]));
    let body = opening["body_html"].as_str().unwrap();
    let parts = [
        "<p>The \\ <b>dye works</b> said “welcome” — twice.<br>\nThree hundred came.</p>",
        "<img src=\"https://blog.example/wp-content/uploads/2026/08/vat.jpg\" alt=\"Vat\" width=\"300\">",
        "The old vat",
        "<a href=\"https://blog.example/2026/09/01/opening-night/vat/\"><img src=\"https://blog.example/wp/wp-content/uploads/2026/08/vat.jpg\" alt=\"A vat\"></a>",
        "<a href=\"https://tube.example/watch?v=1&amp;t=2\">https://tube.example/watch?v=1&amp;t=2</a>",
    ];
    for part in parts {
        assert!(body.contains(part), "{part}\nis not in\n{body}");
    }
    assert!(!body.contains("Join the list"), "what an unknown shortcode encloses is public");
    assert!(!body.contains("alert") && !body.contains('[') && !body.contains("<!--"), "{body}");
    let timetable = source.article("108");
    // The UTC columns of this post are zero, so its local times count.
    assert_eq!(timetable["published_at"], "2026-08-31T17:30:00Z");
    let body = timetable["body_html"].as_str().unwrap();
    assert!(
        body.contains("<h2>Timetable</h2>")
            && body.contains("<li>Nine: gates</li>")
            && body.contains("vat.jpg"),
        "{body}"
    );
    assert!(!body.contains("second page") && !body.contains("wp:"), "{body}");
    for file in ["all.rss", "all.atom"] {
        roxmltree::Document::parse(&source.build_feed(file)).unwrap();
    }
    let rss = source.build_feed("all.rss");
    assert!(
        rss.contains("<guid isPermaLink=\"false\">tag:news.example.edu,2026:cms/101</guid>"),
        "{rss}"
    );
    for hidden in
        ["A draft", "Behind", "hundredth", "staff", "About us", "Older", "Thrown", "Undated"]
    {
        assert!(!rss.contains(hidden), "{hidden} is public");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn urls_follow_the_permalink_structure_and_tables_have_the_configured_prefix() {
    let structures = [
        ("", "https://blog.example/?p=101"),
        ("/%year%/%monthnum%/%postname%/", "https://blog.example/2026/09/opening-night/"),
        ("/%category%/%postname%", "https://blog.example/campus/dyes/opening-night"),
        ("/index.php/archives/%post_id%", "https://blog.example/index.php/archives/101"),
        (
            "/%author%/%day%-%hour%/%postname%.html",
            "https://blog.example/mei-lin/01-01/opening-night.html",
        ),
    ];
    let Some(source) = site("college_7_", structures[0].0).await else { return };
    for (structure, url) in structures {
        source.execute(&format!("UPDATE college_7_options SET option_value = '{structure}' WHERE option_name = 'permalink_structure'")).await;
        source.sync();
        assert_eq!(source.article("101")["url"], url, "{structure}");
    }
    source.configure(&source.url, "kind = \"wordpress\"");
    let message = source.sync_error();
    assert!(message.contains("table_prefix") && message.contains("wp-config.php"), "{message}");
    assert_eq!(source.field_values("title").len(), 3, "the imported articles should be kept");
    let wrong = source.url.replace("sesame", "not-sesame");
    source.configure(&wrong, "kind = \"wordpress\"");
    assert!(source.sync_error().contains("login failed"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ids_of_the_source_are_kept_if_configured() {
    let Some(source) = site("wp_", "/%postname%/").await else { return };
    source.configure(&source.url, "kind = \"wordpress\"\nids = \"source\"");
    source.sync();
    let mut ids = source.field_values("id");
    ids.sort();
    assert_eq!(ids, ["101", "108", "111"].map(|n| format!("https://blog.example/?p={n}&lang=en")));
    let rss = source.build_feed("all.rss");
    let rss = roxmltree::Document::parse(&rss).unwrap();
    let mut guids = rss.descendants().filter(|n| n.has_tag_name("guid")).filter_map(|n| n.text());
    assert!(guids.any(|guid| guid == "https://blog.example/?p=101&lang=en"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_post_edited_trashed_and_restored_stays_the_same_article() {
    let Some(source) = site("wp_", "/%postname%/").await else { return };
    source.sync();
    assert_eq!(source.sync().counts(), [0, 0, 0, 0]);
    let id = source.article("101")["id"].clone();
    source.execute("UPDATE wp_posts SET post_title = 'Opening day', post_name = 'opening-day', post_modified = '2026-09-03 12:00:00', post_modified_gmt = '2026-09-03 04:00:00' WHERE ID = 101").await;
    assert_eq!(source.sync().counts(), [0, 0, 1, 0]);
    let edited = source.article("101");
    assert_eq!(
        (edited["title"].as_str(), edited["updated_at"].as_str()),
        (Some("Opening day"), Some("2026-09-03T04:00:00Z"))
    );
    assert_eq!(
        (&edited["id"], edited["published_at"].as_str()),
        (&id, Some("2026-08-31T17:30:00Z"))
    );
    source.execute("UPDATE wp_posts SET post_status = 'trash', post_name = 'opening-day__trashed' WHERE ID = 101").await;
    assert_eq!(source.sync().counts(), [0, 0, 0, 1]);
    assert!(!source.build_feed("all.rss").contains("Opening day"));
    source
        .execute(
            "UPDATE wp_posts SET post_status = 'publish', post_name = 'opening-day' WHERE ID = 101",
        )
        .await;
    let sync = source.sync();
    assert_eq!(sync.counts()[3], 0, "{sync:?}");
    assert_eq!(source.article("101")["id"], id);
    assert_eq!(source.build_feed("all.rss").matches("Opening day").count(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_optional_table_of_which_only_some_columns_are_granted_is_left_out() {
    let Some(source) = site("wp_", "/%postname%/").await else { return };
    let mut grants = "CREATE TABLE wp_icl_translations (element_id BIGINT, trid BIGINT);
        CREATE USER partial@'127.0.0.1' IDENTIFIED BY 'sesame';
        GRANT SELECT (trid) ON wp_icl_translations TO partial@'127.0.0.1';"
        .to_owned();
    for table in
        ["posts", "postmeta", "options", "terms", "term_taxonomy", "term_relationships", "users"]
    {
        writeln!(grants, "GRANT SELECT ON wp_{table} TO partial@'127.0.0.1';").unwrap();
    }
    source.execute(&grants).await;
    let url = source.url.replace("//courant:", "//partial:");
    source.configure(&url, "kind = \"wordpress\"");
    assert_eq!(source.sync().counts(), [3, 0, 0, 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_configuration_has_the_time_zone_of_the_site() {
    let Some(source) = site("wp_", "/%postname%/").await else { return };
    let init = |file: &str, more: &[&str]| {
        let answers = ["--title", "Blog", "--base-url", "https://feeds.blog.example"];
        let database = ["--from", "a@blog.example", "--source", "wordpress", "--source-url"];
        let command = ["--config", file, "init", "--offline"];
        let arguments = [&command[..], &answers, &database, &[&source.url], more].concat();
        let output = source.shell.courant(&arguments);
        (std::fs::read_to_string(source.shell.path(file)).unwrap(), output)
    };
    let (text, output) = init("new.toml", &[]);
    assert!(text.contains("timezone = \"Asia/Shanghai\""), "{text}");
    assert!(output.err.contains("Asia/Shanghai, the time zone in the settings"), "{output:?}");
    let (text, output) = init("given.toml", &["--timezone", "Europe/Lisbon"]);
    assert!(text.contains("timezone = \"Europe/Lisbon\""), "{text}");
    assert!(!output.err.contains("in the settings"), "{output:?}");
}
