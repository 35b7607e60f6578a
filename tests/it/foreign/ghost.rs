//! A small Ghost site on SQLite and MariaDB: only the content of its own feed is imported.

use std::fmt::Write as _;

use serde_json::json;

use super::test_source::{Kind, TestSource};

const ENGINES: [Kind; 2] = [Kind::Sqlite, Kind::Mariadb];

const TABLES: &str = "
CREATE TABLE posts (id VARCHAR(24) PRIMARY KEY, uuid VARCHAR(36), title VARCHAR(2000), slug VARCHAR(191), mobiledoc TEXT, lexical TEXT, html TEXT,
    plaintext TEXT, feature_image VARCHAR(2000), featured BOOLEAN DEFAULT 0, type VARCHAR(50) DEFAULT 'post', status VARCHAR(50) DEFAULT 'published',
    locale VARCHAR(6), visibility VARCHAR(50) DEFAULT 'public', created_at DATETIME, updated_at DATETIME, published_at DATETIME,
    custom_excerpt VARCHAR(2000), canonical_url TEXT);
CREATE TABLE posts_meta (id VARCHAR(24) PRIMARY KEY, post_id VARCHAR(24), meta_description VARCHAR(2000), feature_image_alt VARCHAR(191),
    feature_image_caption TEXT, email_only BOOLEAN DEFAULT 0);
CREATE TABLE users (id VARCHAR(24) PRIMARY KEY, name VARCHAR(191), slug VARCHAR(191), password VARCHAR(60));
CREATE TABLE posts_authors (id VARCHAR(24) PRIMARY KEY, post_id VARCHAR(24), author_id VARCHAR(24), sort_order INTEGER DEFAULT 0);
CREATE TABLE tags (id VARCHAR(24) PRIMARY KEY, name VARCHAR(191), slug VARCHAR(191), visibility VARCHAR(50) DEFAULT 'public');
CREATE TABLE posts_tags (id VARCHAR(24) PRIMARY KEY, post_id VARCHAR(24), tag_id VARCHAR(24), sort_order INTEGER DEFAULT 0);
CREATE TABLE settings (id VARCHAR(24) PRIMARY KEY, `group` VARCHAR(50), `key` VARCHAR(50), value TEXT);
INSERT INTO users VALUES ('1', 'Mei Lin', 'mei', 'x'), ('a2', 'Tom <T> O''Hara', 'tom', 'x');
INSERT INTO tags VALUES ('c1', 'Dyes & inks', 'dyes', 'public'), ('c2', '#front', 'hash-front', 'internal'), ('c3', '校园', 'xiao-yuan', 'public');
INSERT INTO settings VALUES ('e1', 'site', 'locale', 'pt-BR'), ('e2', 'site', 'outbound_link_tagging', 'true'), ('e3', 'site', 'title', 'Dye works');
INSERT INTO posts_authors VALUES ('f1', 'b01', 'a2', 1), ('f2', 'b01', '1', 0), ('f3', 'b02', 'a2', 0);
INSERT INTO posts_tags VALUES ('g1', 'b01', 'c2', 1), ('g2', 'b01', 'c3', 2), ('g3', 'b01', 'c1', 0), ('g4', 'b02', 'c2', 0), ('g5', 'b02', 'c3', 1);
";

const CARDS: &str = r#"<p>See <a href="__GHOST_URL__/map/">the map</a> and <a href="https://other.example/a?b=1">others</a>.</p>
<div class="kg-card kg-audio-card"><div class="kg-audio-player-container"><audio src="__GHOST_URL__/content/media/gong.mp3" preload="metadata"></audio>
<div class="kg-audio-title">Gong</div><div class="kg-audio-player"><span>0:00</span><button>1×</button></div></div></div>
<!--kg-gated-block:begin nonMember:false memberSegment:"status:free" --><p>Members only.</p><!--kg-gated-block:end-->
<script>alert(1)</script>"#;
const GATED: &str = "<p>For all.</p><!--members-only--><p>For those who pay.</p>";

/// Creates the site with its content.
pub(super) async fn site(kind: Kind) -> Option<TestSource> {
    let source = TestSource::create(kind).await?;
    let mut fill = TABLES.to_owned();
    let posts = [
        (
            "b01",
            "Arts & <em>crafts</em> &amp; more",
            CARDS,
            "feature_image = '__GHOST_URL__/content/images/vat 1.jpg', updated_at = '2026-09-02 04:00:00', canonical_url = 'https://first.example/x'",
        ),
        (
            "b02",
            "Behind a tag",
            "<p>Second.</p>",
            "locale = 'zh', custom_excerpt = 'Short & <plain>', published_at = '2025-12-31 16:30:00'",
        ),
        ("b03", "A draft", "<p>Draft.</p>", "status = 'draft'"),
        ("b04", "About us", "<p>Page.</p>", "type = 'page'"),
        (
            "b05",
            "The hundredth year",
            "<p>Later.</p>",
            "status = 'scheduled', published_at = '2099-01-01 00:00:00'",
        ),
        ("b06", "Sent by mail alone", "<p>Mail.</p>", "status = 'sent'"),
        (
            "b07",
            "Will be sent by mail alone",
            "<p>Mail.</p>",
            "status = 'scheduled', published_at = '2099-01-01 00:00:00'",
        ),
        (
            "b08",
            "For members",
            "<p>All of it.</p>",
            "visibility = 'members', custom_excerpt = 'What the council said'",
        ),
        ("b09", "For those who pay", GATED, "visibility = 'paid'"),
        ("b10", "Undated", "<p>When?</p>", "published_at = NULL"),
        (
            "b12",
            "Nobody published it",
            "<p>Late.</p>",
            "status = 'scheduled', published_at = '2026-09-03 08:00:00'",
        ),
        ("b11", "Nothing to report", "", "html = NULL"),
    ];
    for (id, title, html, set) in posts {
        let (title, html) = (source.quote(title), source.quote(html));
        writeln!(
            fill,
            "INSERT INTO posts (id, uuid, title, slug, html, published_at, updated_at) VALUES ('{id}', 'u-{id}', {title}, 'slug-{id}', {html}, \
             '2026-09-01 08:00:00', '2026-09-01 08:00:00'); UPDATE posts SET {set} WHERE id = '{id}';"
        )
        .unwrap();
    }
    let caption = source.quote("<span>The <b>old</b> vat</span>");
    writeln!(
        fill,
        "INSERT INTO posts_meta VALUES ('m1', 'b01', 'All about dyes', 'A \"vat\"', {caption}, 0), ('m2', 'b07', NULL, NULL, NULL, 1);"
    )
    .unwrap();
    source.execute(&fill).await;
    configure(&source, "");
    Some(source)
}

fn configure(source: &TestSource, more: &str) {
    source.configure(
        &source.url,
        &format!("kind = \"ghost\"\nsite_url = \"https://dyes.example/blog/\"\n{more}"),
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_public_posts_are_imported_with_the_content_that_ghost_shows() {
    for kind in ENGINES {
        let Some(source) = site(kind).await else { continue };
        assert!(source.shell.courant(&["check"]).out.contains("source"), "{kind:?}");
        let sync = source.sync();
        assert_eq!(sync.counts(), [3, 0, 0, 0], "{kind:?}");
        assert_eq!(sync.rejected(), ["b10: post b10 has no date; publish it again in Ghost"]);
        assert_eq!(source.sync().counts(), [0, 0, 0, 0], "{kind:?}, read again");
        let mut ids = source.field_values("source_id");
        ids.sort();
        assert_eq!(ids, ["b01", "b02", "b11"]);
        let arts = source.article("b01");
        assert_eq!(
            arts["title"], "Arts & <em>crafts</em> &amp; more",
            "titles should be plain text"
        );
        assert_eq!(arts["url"], "https://dyes.example/blog/slug-b01/");
        assert_eq!(
            (&arts["published_at"], &arts["updated_at"]),
            (&json!("2026-09-01T08:00:00Z"), &json!("2026-09-02T04:00:00Z"))
        );
        assert_eq!(
            (&arts["sections"], &arts["tags"]),
            (&json!(["Dyes & inks"]), &json!(["Dyes & inks", "校园"]))
        );
        assert_eq!(arts["authors"], json!(["Mei Lin", "Tom <T> O'Hara"]));
        assert_eq!(
            (&arts["summary"], &arts["language"]),
            (&json!("All about dyes"), &json!("pt-BR"))
        );
        assert_eq!(arts["image_url"], "https://dyes.example/blog/content/images/vat%201.jpg");
        let body = arts["body_html"].as_str().unwrap();
        for part in [
            "<figure><img src=\"https://dyes.example/blog/content/images/vat%201.jpg\" alt=\"A &quot;vat&quot;\"><figcaption>The <b>old</b> vat</figcaption></figure>",
            "<a href=\"https://dyes.example/blog/map/\">the map</a> and <a href=\"https://other.example/a?b=1&amp;ref=dyes.example\">others</a>",
            "<audio src=\"https://dyes.example/blog/content/media/gong.mp3\" controls=\"\"></audio>",
            "<div>Gong</div>",
        ] {
            assert!(body.contains(part), "{part}\nis not in\n{body}");
        }
        assert!(
            ["Members only", "0:00", "1×", "alert", "GHOST_URL", "<!--"]
                .iter()
                .all(|gone| !body.contains(gone)),
            "{body}"
        );
        let second = source.article("b02");
        assert_eq!(
            (&second["summary"], &second["language"]),
            (&json!("Short & <plain>"), &json!("zh"))
        );
        assert_eq!(
            (&second["sections"], &second["tags"]),
            (&json!([]), &json!(["校园"])),
            "an internal primary tag should not become a section"
        );
        for file in ["all.rss", "all.atom"] {
            roxmltree::Document::parse(&source.build_feed(file)).unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn posts_for_members_are_imported_as_configured() {
    for kind in ENGINES {
        let Some(source) = site(kind).await else { continue };
        configure(&source, "members = \"preview\"");
        assert_eq!(source.sync().counts(), [5, 0, 0, 0], "{kind:?}");
        let members = source.article("b08");
        assert_eq!(
            (&members["body_html"], &members["summary"]),
            (&json!(""), &json!("What the council said"))
        );
        assert_eq!(source.article("b09")["body_html"], "<p>For all.</p>");
        configure(&source, "members = \"full\"");
        assert_eq!(source.sync().counts(), [0, 0, 3, 0], "{kind:?}");
        assert_eq!(source.article("b08")["body_html"], "<p>All of it.</p>");
        assert_eq!(source.article("b09")["body_html"], "<p>For all.</p><p>For those who pay.</p>");
        assert!(source.article("b01")["body_html"].as_str().unwrap().contains("Members only."));
        configure(&source, "");
        assert_eq!(source.sync().counts(), [0, 0, 1, 2], "{kind:?}");
        assert!(!source.build_feed("all.rss").contains("For those who pay"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn urls_follow_the_configured_permalinks_and_ids_of_the_source_are_kept_if_configured() {
    for kind in ENGINES {
        let Some(source) = site(kind).await else { continue };
        for (form, first, second) in [
            ("/{year}/{month}/{day}/{slug}/", "2026/09/01/slug-b01/", "2025/12/31/slug-b02/"),
            ("/{primary_tag}/{slug}", "dyes/slug-b01", "all/slug-b02"),
            ("/{primary_author}/{id}/", "mei/b01/", "tom/b02/"),
        ] {
            configure(&source, &format!("permalinks = \"{form}\"\ntimezone = \"Asia/Shanghai\""));
            source.sync();
            let at = |id: &str| source.article(id)["url"].as_str().unwrap().to_owned();
            assert_eq!(
                (at("b01"), at("b02")),
                (
                    format!("https://dyes.example/blog/{first}"),
                    format!("https://dyes.example/blog/{second}")
                )
            );
        }
    }
    let Some(source) = site(Kind::Sqlite).await else { return };
    configure(&source, "ids = \"source\"");
    source.sync();
    let mut ids = source.field_values("id");
    ids.sort();
    assert_eq!(ids, ["b01", "b02", "b11"]);
    assert!(source.build_feed("all.rss").contains("<guid isPermaLink=\"false\">b01</guid>"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_collection_that_contains_a_post_decides_its_url() {
    for kind in ENGINES {
        let Some(source) = site(kind).await else { continue };
        source.execute("UPDATE posts SET featured = 1 WHERE id = 'b11'").await;
        let collections = "[[sources.collections]]\nfilter = \"featured:true\"\npermalink = \"/top/{slug}/\"\n\
            [[sources.collections]]\nfilter = \"tag:[dyes,hash-none]+primary_author:-tom\"\npermalink = \"/{primary_tag}/{slug}/\"\n";
        configure(&source, collections);
        let rejected = source.sync().rejected();
        let url = |id: &str| source.article(id)["url"].as_str().unwrap().to_owned();
        assert_eq!(url("b01"), "https://dyes.example/blog/dyes/slug-b01/", "{kind:?}");
        assert_eq!(url("b11"), "https://dyes.example/blog/top/slug-b11/");
        assert!(
            rejected.iter().any(|one| one.starts_with("b02: no collection contains it")),
            "{rejected:?}"
        );
        configure(&source, &format!("permalinks = \"/rest/{{slug}}/\"\n{collections}"));
        source.sync();
        assert_eq!(url("b02"), "https://dyes.example/blog/rest/slug-b02/");
        // Ghost's own file means the same; its path begins at the configuration file.
        let routes = "collections:\n  /top/:\n    permalink: /best/{slug}/\n    filter: featured:true\n  \
            /:\n    permalink: /{primary_tag}/{slug}/\n    filter: tag:[dyes,hash-none]+primary_author:-tom\n";
        source.shell.write("routes.yaml", routes);
        configure(&source, "routes = \"routes.yaml\"");
        let rejected = source.sync().rejected();
        assert_eq!(url("b01"), "https://dyes.example/blog/dyes/slug-b01/", "{kind:?}");
        assert_eq!(url("b11"), "https://dyes.example/blog/best/slug-b11/");
        assert!(rejected.iter().any(|one| one.starts_with("b02: no collection")), "{rejected:?}");
        source.shell.write("routes.yaml", routes.replace("featured:true", "featured>1"));
        let check = source.shell.courant(&["check"]);
        assert_eq!(check.status, 2, "{check:?}");
        assert!(check.err.contains("routes.yaml:4: `filter`: "), "{check:?}");
        source.shell.write("routes.yaml", routes);
        configure(&source, &format!("routes = \"routes.yaml\"\n{collections}"));
        let check = source.shell.courant(&["check"]);
        assert!(check.err.contains("remove [[sources.collections]]"), "{check:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn posts_of_unknown_visibility_and_cards_for_others_are_not_shown() {
    for kind in ENGINES {
        let Some(source) = site(kind).await else { continue };
        source
            .execute(
                "UPDATE posts SET visibility = NULL WHERE id = 'b02'; UPDATE posts SET visibility = 'tiers' WHERE id = 'b11';
                 UPDATE posts SET html = '<p>Web.</p><!--kg-gated-block:begin\tnonMember:false memberSegment:\"\" --><p>Outer.</p><!--kg-gated-block:begin nonMember:true memberSegment:\"\" --><p>Inner.</p><!--kg-gated-block:end--><p>Outer again.</p><!--kg-gated-block:end--><p>End.</p>',
                    lexical = '{\"type\":\"email\",\"html\":\"<p>By mail only.</p>\"}', mobiledoc = '[\"email-cta\",{\"html\":\"<p>By mail only.</p>\"}]' WHERE id = 'b01';",
            )
            .await;
        configure(&source, "members = \"preview\"");
        source.sync();
        assert!(
            source.article("b01")["body_html"]
                .as_str()
                .unwrap()
                .ends_with("<p>Web.</p><p>End.</p>"),
            "{kind:?}"
        );
        assert_eq!(source.article("b02")["body_html"], "", "{kind:?}");
        configure(&source, "");
        source.sync();
        assert_eq!(source.field_values("source_id"), ["b01"], "{kind:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_posts_are_read_in_pages_and_an_unpublished_post_is_removed() {
    for kind in ENGINES {
        let Some(source) = site(kind).await else { continue };
        let mut fill = String::new();
        for number in 100..230 {
            write!(
                fill,
                "INSERT INTO posts (id, title, slug, html, published_at) VALUES ('d{number}', 'Post {number}', 'd{number}', '<p>x</p>', '2026-08-01 00:00:00'); \
                 INSERT INTO posts_tags VALUES ('h{number}', 'd{number}', 'c{}', 0);",
                1 + 2 * (number % 2)
            )
            .unwrap();
        }
        source.execute(&fill).await;
        assert_eq!(source.sync().counts(), [133, 0, 0, 0], "{kind:?}");
        assert_eq!(
            (&source.article("d228")["tags"], &source.article("d229")["tags"]),
            (&json!(["Dyes & inks"]), &json!(["校园"]))
        );
        let before = source.article("d150")["id"].clone();
        source.execute("UPDATE posts SET status = 'draft' WHERE id = 'd150'").await;
        assert_eq!(source.sync().counts(), [0, 0, 0, 1], "{kind:?}");
        source
            .execute("UPDATE posts SET status = 'published', slug = 'moved' WHERE id = 'd150'")
            .await;
        source.sync();
        assert_eq!(
            (&source.article("d150")["id"], source.article("d150")["url"].as_str()),
            (&before, Some("https://dyes.example/blog/moved/"))
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_early_ghost_schema_is_read_and_another_schema_is_reported() {
    for kind in ENGINES {
        let Some(source) = TestSource::create(kind).await else { continue };
        source
            .execute(
                "CREATE TABLE posts (id VARCHAR(24) PRIMARY KEY, title TEXT, slug VARCHAR(191), html TEXT, feature_image TEXT, page BOOLEAN, status VARCHAR(50),
                    author_id VARCHAR(24), meta_description TEXT, updated_at DATETIME, published_at DATETIME);
                 CREATE TABLE users (id VARCHAR(24), name TEXT, slug TEXT);
                 CREATE TABLE tags (id VARCHAR(24), name TEXT, slug TEXT);
                 CREATE TABLE posts_tags (id VARCHAR(24), post_id VARCHAR(24), tag_id VARCHAR(24), sort_order INTEGER);
                 CREATE TABLE settings (id VARCHAR(24), `key` VARCHAR(50), value TEXT);
                 INSERT INTO settings VALUES ('1', 'lang', 'de');
                 INSERT INTO users VALUES ('1', 'Mei Lin', 'mei');
                 INSERT INTO posts VALUES ('b1', 'Early', 'early', '<p><img src=\"/content/images/a.png\"></p>', NULL, 0, 'published', '1', 'Told', NULL, '2017-01-01 00:00:00'),
                    ('b2', 'About', 'about', '<p>x</p>', NULL, 1, 'published', '1', NULL, NULL, '2017-01-01 00:00:00')",
            )
            .await;
        configure(&source, "");
        assert_eq!(source.sync().counts(), [1, 0, 0, 0], "{kind:?}");
        let early = source.article("b1");
        assert_eq!(
            (&early["authors"], &early["language"], &early["summary"]),
            (&json!(["Mei Lin"]), &json!("de"), &json!("Told"))
        );
        assert!(
            early["body_html"]
                .as_str()
                .unwrap()
                .contains("https://dyes.example/content/images/a.png")
        );
        source.execute("ALTER TABLE posts RENAME TO something_else").await;
        let message = source.sync_error();
        assert!(
            message.contains("no readable table `posts`")
                && message.contains("this is Ghost's database"),
            "{message}"
        );
        assert_eq!(source.field_values("title"), ["Early"], "the imported articles should be kept");
        if kind == Kind::Mariadb {
            source.configure(
                &source.url.replace("sesame", "not-sesame"),
                "kind = \"ghost\"\nsite_url = \"https://dyes.example\"",
            );
            assert!(source.sync_error().contains("login failed"));
        }
    }
}
