//! A small Ghost site on SQLite and on MariaDB: what its own feed would show, and nothing else.

use std::fmt::Write as _;

use serde_json::json;

use super::place::{Kind, Place};

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
<div class="kg-card kg-audio-card"><div class="kg-audio-player-container"><audio src="__GHOST_URL__/content/media/bell.mp3" preload="metadata"></audio>
<div class="kg-audio-title">Bell</div><div class="kg-audio-player"><span>0:00</span><button>1×</button></div></div></div>
<!--kg-gated-block:begin nonMember:false memberSegment:"status:free" --><p>Members only.</p><!--kg-gated-block:end-->
<script>alert(1)</script>"#;
const GATED: &str = "<p>For all.</p><!--members-only--><p>For those who pay.</p>";

/// The site as its editors left it.
pub(super) async fn site(kind: Kind) -> Option<Place> {
    let place = Place::begin(kind).await?;
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
        ("b11", "Nothing to report", "", "html = NULL"),
    ];
    for (id, title, html, set) in posts {
        let (title, html) = (place.text(title), place.text(html));
        writeln!(
            fill,
            "INSERT INTO posts (id, uuid, title, slug, html, published_at, updated_at) VALUES ('{id}', 'u-{id}', {title}, 'slug-{id}', {html}, \
             '2026-09-01 08:00:00', '2026-09-01 08:00:00'); UPDATE posts SET {set} WHERE id = '{id}';"
        )
        .unwrap();
    }
    let caption = place.text("<span>The <b>old</b> vat</span>");
    writeln!(
        fill,
        "INSERT INTO posts_meta VALUES ('m1', 'b01', 'All about dyes', 'A \"vat\"', {caption}, 0), ('m2', 'b07', NULL, NULL, NULL, 1);"
    )
    .unwrap();
    place.run(&fill).await;
    read(&place, "");
    Some(place)
}

fn read(place: &Place, more: &str) {
    place.source(
        &place.url,
        &format!("kind = \"ghost\"\nsite_url = \"https://dyes.example/blog/\"\n{more}"),
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_posts_for_everybody_come_in_with_what_ghost_would_show() {
    for kind in ENGINES {
        let Some(place) = site(kind).await else { continue };
        assert!(place.shell.courant(&["check"]).out.contains("source"), "{kind:?}");
        let sync = place.sync();
        assert_eq!(sync.counts(), [3, 1, 0, 0], "{kind:?}");
        assert_eq!(sync.refused(), ["b10: post b10 has no date; publish it again in Ghost"]);
        assert_eq!(place.sync().counts(), [0, 0, 0, 0], "{kind:?}, read again");
        let mut ids = place.all("source_id");
        ids.sort();
        assert_eq!(ids, ["b01", "b02", "b11"]);
        let arts = place.article("b01");
        assert_eq!(arts["title"], "Arts & <em>crafts</em> &amp; more", "titles are plain text");
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
            "<audio src=\"https://dyes.example/blog/content/media/bell.mp3\" controls=\"\"></audio>",
            "<div>Bell</div>",
        ] {
            assert!(body.contains(part), "{part}\nis not in\n{body}");
        }
        assert!(
            ["Members only", "0:00", "1×", "alert", "GHOST_URL", "<!--"]
                .iter()
                .all(|gone| !body.contains(gone)),
            "{body}"
        );
        let second = place.article("b02");
        assert_eq!(
            (&second["summary"], &second["language"]),
            (&json!("Short & <plain>"), &json!("zh"))
        );
        assert_eq!(
            (&second["sections"], &second["tags"]),
            (&json!([]), &json!(["校园"])),
            "an internal tag comes first"
        );
        for file in ["all.rss", "all.atom"] {
            roxmltree::Document::parse(&place.feed(file)).unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn posts_for_members_come_in_as_far_as_they_are_asked_for() {
    for kind in ENGINES {
        let Some(place) = site(kind).await else { continue };
        read(&place, "members = \"preview\"");
        assert_eq!(place.sync().counts(), [5, 1, 0, 0], "{kind:?}");
        let members = place.article("b08");
        assert_eq!(
            (&members["body_html"], &members["summary"]),
            (&json!(""), &json!("What the council said"))
        );
        assert_eq!(place.article("b09")["body_html"], "<p>For all.</p>");
        read(&place, "members = \"full\"");
        assert_eq!(place.sync().counts(), [0, 0, 3, 0], "{kind:?}");
        assert_eq!(place.article("b08")["body_html"], "<p>All of it.</p>");
        assert_eq!(place.article("b09")["body_html"], "<p>For all.</p><p>For those who pay.</p>");
        assert!(place.article("b01")["body_html"].as_str().unwrap().contains("Members only."));
        read(&place, "");
        assert_eq!(place.sync().counts(), [0, 0, 1, 2], "{kind:?}");
        assert!(!place.feed("all.rss").contains("For those who pay"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn addresses_follow_the_routes_and_ids_are_kept_when_they_are_asked_for() {
    for kind in ENGINES {
        let Some(place) = site(kind).await else { continue };
        for (form, first, second) in [
            ("/{year}/{month}/{day}/{slug}/", "2026/09/01/slug-b01/", "2025/12/31/slug-b02/"),
            ("/{primary_tag}/{slug}", "dyes/slug-b01", "all/slug-b02"),
            ("/{primary_author}/{id}/", "mei/b01/", "tom/b02/"),
        ] {
            read(&place, &format!("permalinks = \"{form}\"\ntimezone = \"Asia/Shanghai\""));
            place.sync();
            let at = |id: &str| place.article(id)["url"].as_str().unwrap().to_owned();
            assert_eq!(
                (at("b01"), at("b02")),
                (
                    format!("https://dyes.example/blog/{first}"),
                    format!("https://dyes.example/blog/{second}")
                )
            );
        }
    }
    let Some(place) = site(Kind::Sqlite).await else { return };
    read(&place, "ids = \"source\"");
    place.sync();
    let mut ids = place.all("id");
    ids.sort();
    assert_eq!(ids, ["b01", "b02", "b11"]);
    assert!(place.feed("all.rss").contains("<guid isPermaLink=\"false\">b01</guid>"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_posts_come_in_page_by_page_and_an_unpublished_one_goes() {
    for kind in ENGINES {
        let Some(place) = site(kind).await else { continue };
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
        place.run(&fill).await;
        assert_eq!(place.sync().counts(), [133, 1, 0, 0], "{kind:?}");
        assert_eq!(
            (&place.article("d228")["tags"], &place.article("d229")["tags"]),
            (&json!(["Dyes & inks"]), &json!(["校园"]))
        );
        let before = place.article("d150")["id"].clone();
        place.run("UPDATE posts SET status = 'draft' WHERE id = 'd150'").await;
        assert_eq!(place.sync().counts(), [0, 0, 0, 1], "{kind:?}");
        place.run("UPDATE posts SET status = 'published', slug = 'moved' WHERE id = 'd150'").await;
        place.sync();
        assert_eq!(
            (&place.article("d150")["id"], place.article("d150")["url"].as_str()),
            (&before, Some("https://dyes.example/blog/moved/"))
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_of_ghosts_early_days_is_read_and_one_that_is_none_is_told() {
    for kind in ENGINES {
        let Some(place) = Place::begin(kind).await else { continue };
        place
            .run(
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
        read(&place, "");
        assert_eq!(place.sync().counts(), [1, 0, 0, 0], "{kind:?}");
        let early = place.article("b1");
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
        place.run("ALTER TABLE posts RENAME TO something_else").await;
        let sentence = place.fails();
        assert!(
            sentence.contains("no table `posts`") && sentence.contains("is this Ghost's database"),
            "{sentence}"
        );
        assert_eq!(place.all("title"), ["Early"], "the last articles stay");
        if kind == Kind::Mariadb {
            place.source(
                &place.url.replace("sesame", "not-sesame"),
                "kind = \"ghost\"\nsite_url = \"https://dyes.example\"",
            );
            assert!(place.fails().contains("login failed"));
        }
    }
}
