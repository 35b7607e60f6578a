//! WordPress sites in several languages (Polylang, WPML) and in a multisite network.

use std::fmt::Write as _;

use super::test_source::TestSource;
use super::wordpress::site;

/// Serializes an array as PHP does; values of digits become integers, all others strings.
fn php_array(entries: &[(&str, &str)]) -> String {
    let mut out = format!("a:{}:{{", entries.len());
    for (key, value) in entries {
        let value = match value {
            v if v.starts_with("a:") => (*v).to_owned(),
            v if !v.is_empty() && v.bytes().all(|b| b.is_ascii_digit()) => format!("i:{v};"),
            v => format!("s:{}:\"{v}\";", v.len()),
        };
        write!(out, "s:{}:\"{key}\";{value}", key.len()).unwrap();
    }
    out + "}"
}

async fn set_option(source: &TestSource, name: &str, value: &str) {
    source.execute(&format!("DELETE FROM wp_options WHERE option_name = '{name}'")).await;
    source
        .execute(&format!(
            "INSERT INTO wp_options (option_name, option_value) VALUES ('{name}', '{value}')"
        ))
        .await;
}

/// Adds Polylang's tables: 108 is the Chinese translation of post 101, and draft 102 the German
/// one.
async fn add_polylang(source: &TestSource) {
    let group = php_array(&[("de", "102"), ("en", "101"), ("zh", "108")]);
    let language = |locale: &str| php_array(&[("locale", locale), ("rtl", "0")]);
    let (en, zh) = (language("en_GB"), language("zh_CN"));
    source
        .execute(&format!(
            "INSERT INTO wp_terms VALUES (21, 'English', 'en'), (22, '中文', 'zh'), (23, 'pll_1', 'pll_1');
             INSERT INTO wp_term_taxonomy (term_taxonomy_id, term_id, taxonomy, description) VALUES (31, 21, 'language', '{en}'),
                (32, 22, 'language', '{zh}'), (33, 23, 'post_translations', '{group}');
             INSERT INTO wp_term_relationships VALUES (101, 31, 0), (111, 31, 0), (108, 32, 0), (101, 33, 0), (108, 33, 0), (102, 33, 0)"
        ))
        .await;
}

/// Returns language and URL of an article.
fn language_and_url(source: &TestSource, id: &str) -> (String, String) {
    let a = source.article(id);
    (a["language"].as_str().unwrap().to_owned(), a["url"].as_str().unwrap().to_owned())
}

fn pair(language: &str, url: &str) -> (String, String) {
    (language.to_owned(), url.to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn polylang_languages_translations_and_urls_are_read() {
    let Some(source) = site("wp_", "/%postname%/").await else { return };
    add_polylang(&source).await;
    let options = |rewrite: &str, hide: &str| {
        php_array(&[
            ("force_lang", "1"),
            ("hide_default", hide),
            ("rewrite", rewrite),
            ("default_lang", "en"),
        ])
    };
    set_option(&source, "polylang", &options("1", "1")).await;
    source.sync();
    assert_eq!(
        language_and_url(&source, "101"),
        pair("en-GB", "https://blog.example/opening-night/")
    );
    assert_eq!(
        language_and_url(&source, "108"),
        pair("zh-CN", "https://blog.example/zh/timetable/")
    );
    let id = |number: &str| serde_json::json!([format!("tag:news.example.edu,2026:cms/{number}")]);
    assert_eq!(
        (&source.article("101")["translations"], &source.article("108")["translations"]),
        (&id("108"), &id("101"))
    );
    set_option(&source, "polylang", &options("0", "0")).await;
    source.sync();
    assert_eq!(
        language_and_url(&source, "101").1,
        "https://blog.example/language/en/opening-night/"
    );
    assert_eq!(language_and_url(&source, "108").1, "https://blog.example/language/zh/timetable/");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wpml_languages_translations_and_urls_are_read() {
    let Some(source) = site("wp_", "/%postname%/").await else { return };
    source
        .execute(
            "CREATE TABLE wp_icl_translations (translation_id BIGINT PRIMARY KEY, element_type VARCHAR(60), element_id BIGINT, trid BIGINT,
                language_code VARCHAR(7), source_language_code VARCHAR(7));
             CREATE TABLE wp_icl_languages (code VARCHAR(7), default_locale VARCHAR(35));
             INSERT INTO wp_icl_languages VALUES ('en', 'en_GB'), ('zh-hans', 'zh_CN'), ('fr', 'fr_FR');
             INSERT INTO wp_icl_translations VALUES (1, 'post_post', 101, 7, 'en', NULL), (2, 'post_post', 108, 7, 'zh-hans', 'en'),
                (3, 'post_page', 106, 8, 'en', NULL), (4, 'post_post', NULL, 9, 'en', NULL)",
        )
        .await;
    let settings =
        |kind: &str| php_array(&[("language_negotiation_type", kind), ("default_language", "en")]);
    set_option(&source, "icl_sitepress_settings", &settings("1")).await;
    source.sync();
    assert_eq!(
        language_and_url(&source, "101"),
        pair("en-GB", "https://blog.example/opening-night/")
    );
    assert_eq!(
        language_and_url(&source, "108"),
        pair("zh-CN", "https://blog.example/zh-hans/timetable/")
    );
    assert_eq!(source.article("108")["story"], source.article("101")["story"]);
    set_option(&source, "icl_sitepress_settings", &settings("3")).await;
    source.sync();
    assert_eq!(language_and_url(&source, "108").1, "https://blog.example/timetable/?lang=zh-hans");
    let domains = php_array(&[("zh-hans", "cn.blog.example")]);
    let settings = php_array(&[
        ("language_negotiation_type", "2"),
        ("default_language", "en"),
        ("language_domains", &domains),
    ]);
    set_option(&source, "icl_sitepress_settings", &settings).await;
    source.sync();
    assert_eq!(language_and_url(&source, "108").1, "https://cn.blog.example/timetable/");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_site_of_a_multisite_network_has_its_own_posts_and_files_and_shared_authors() {
    let Some(source) = site("wp_2_", "/%postname%/").await else { return };
    // A multisite network has one table of users, with the prefix of the main site.
    source.execute("RENAME TABLE wp_2_users TO wp_users").await;
    source.sync();
    let opening = source.article("101");
    assert_eq!(opening["authors"], serde_json::json!(["Mei Lin"]));
    assert_eq!(
        opening["image_url"],
        "https://blog.example/wp/wp-content/uploads/sites/2/2026/08/vat.jpg"
    );
    source
        .execute("CREATE TABLE wp_sitemeta (meta_key VARCHAR(255), meta_value LONGTEXT); INSERT INTO wp_sitemeta VALUES ('ms_files_rewriting', '1')")
        .await;
    source.sync();
    assert_eq!(source.article("101")["image_url"], "https://blog.example/wp/files/2026/08/vat.jpg");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_languages_of_a_qtranslate_post_are_translations_of_one_story() {
    let Some(source) = site("wp_", "/%postname%/").await else { return };
    source
        .execute(
            "UPDATE wp_posts SET post_title = '[:en]Opening night[:zh]开幕之夜[:]', post_excerpt = '',
                post_content = '[:en]<p>Gates open.</p>[:zh]<p>大门已开。</p>[:]' WHERE ID = 101;
             UPDATE wp_terms SET name = '[:en]Campus life[:zh]校园生活[:]' WHERE term_id = 4",
        )
        .await;
    set_option(&source, "qtranslate_enabled_languages", "a:2:{i:0;s:2:\"en\";i:1;s:2:\"zh\";}")
        .await;
    set_option(&source, "qtranslate_default_language", "en").await;
    set_option(&source, "qtranslate_url_mode", "2").await;
    source.sync();
    assert_eq!(language_and_url(&source, "101"), pair("en", "https://blog.example/opening-night/"));
    assert_eq!(
        language_and_url(&source, "101-zh"),
        pair("zh-CN", "https://blog.example/zh/opening-night/")
    );
    let zh = source.article("101-zh");
    assert_eq!(
        (&zh["title"], &zh["body_html"], &zh["sections"][0]),
        (&"开幕之夜".into(), &"<p>大门已开。</p>".into(), &"校园生活".into())
    );
    assert_eq!(zh["story"], source.article("101")["story"]);
    let output = source.shell.run_ok(&["sources", "check", "cms"]);
    assert!(output.contains("qTranslate (en, zh-CN)"), "{output}");
}
