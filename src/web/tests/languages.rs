//! Tests of the languages of pages and of the e-mail language choice.

use super::accounts::{add, get_with, post_with, sign_in};
use super::*;
use crate::digests::{self, PreviewOptions};
use crate::domain::role::Role;

#[tokio::test]
async fn mail_languages_show_their_autonym_and_the_tag_when_two_share_one_language() {
    for (languages, shown) in [
        (r#"["en", "zh-CN"]"#, ["English", "中文"].as_slice()),
        (r#"["fr", "zh-CN", "zh-TW"]"#, &["français", "中文 (zh-CN)", "中文 (zh-TW)"]),
    ] {
        let site =
            Site::with_config(&CONFIG.replace(r#"["en", "zh"]"#, languages), false, false).await;
        let form = site.get("/subscribe").await.text();
        for name in shown {
            assert!(form.contains(&format!("<span>{name}</span>")), "{name}: {form}");
        }
    }
}

#[tokio::test]
async fn traditional_chinese_pages_follow_accept_language_and_the_lang_query() {
    let site = Site::new(false).await;
    let accepting = |tag: &str| Request::get("/subscribe").header(header::ACCEPT_LANGUAGE, tag);
    for tag in ["zh-TW", "zh-HK,zh;q=0.9", "zh-Hant-MO, en;q=0.5"] {
        let page = site.send(accepting(tag), "").await.text();
        assert!(
            page.contains("<html lang=\"zh-hant\" dir=\"ltr\">") && page.contains("訂閱電子報"),
            "{tag}"
        );
    }
    for tag in ["zh-CN", "zh-Hans-HK", "zh"] {
        let page = site.send(accepting(tag), "").await.text();
        assert!(
            page.contains("<html lang=\"zh\" dir=\"ltr\">") && page.contains("邮件订阅"),
            "{tag}"
        );
    }
    let chosen =
        html_escape::decode_html_entities(&site.get("/?lang=zh-TW").await.text()).into_owned();
    for link in ["\"/news/subscribe?lang=zh-hant\"", "href=\"?lang=zh\"", "href=\"?lang=en\""] {
        assert!(chosen.contains(link), "{link} is missing in {chosen}");
    }
    assert!(chosen.contains("简体中文</a>") && chosen.contains("繁體中文</b>"), "{chosen}");

    let config = CONFIG.replace(r#"["en", "zh"]"#, r#"["en", "zh-CN", "zh-TW"]"#);
    let site = Site::with_config(&config, false, false).await;
    for (tag, code) in [("zh-HK", "zh-TW"), ("zh", "zh-CN"), ("zh-SG", "zh-CN"), ("fr", "en")] {
        let form = site.send(accepting(tag), "").await.text();
        assert!(form.contains(&format!("value=\"{code}\" checked")), "{tag}: {form}");
    }
}

/// Returns the codes of the languages that the switch of a page offers.
fn switch(page: &str) -> Vec<String> {
    let Some((_, switch)) = page.split_once("class=\"languages\"") else { return Vec::new() };
    let switch = switch.split_once("</span>").unwrap().0;
    switch.split(" lang=\"").skip(1).map(|rest| rest.split('"').next().unwrap().into()).collect()
}

#[tokio::test]
async fn pages_are_offered_in_the_languages_of_the_site_only() {
    let english = CONFIG.replace("languages = [\"en\", \"zh\"]\n", "");
    let with = |from: &str, to: &str| english.replace(from, to);
    let feed = "title = \"All news\"";
    for (config, offered) in [
        (english.clone(), vec![]),
        (with(feed, "languages = [\"zh-TW\"]"), vec!["en", "zh-hant"]),
        (with("title = \"The week\"", "languages = [\"zh-CN\", \"fr\"]"), vec!["en", "zh"]),
        (
            with("title = \"Test College\"", "title = \"C\"\ntitles = { zh = \"学院\" }"),
            vec!["en", "zh"],
        ),
        (with("title = \"Test College\"", "title = \"学院\"\nlanguage = \"zh\""), vec![]),
        (with(feed, "private = \"Sesame0123456789\"\nlanguages = [\"zh\"]"), vec![]),
    ] {
        let site = Site::with_config(&config, false, false).await;
        assert_eq!(switch(&site.get("/").await.text()), offered, "{config}");
        let is_chinese = config.contains("学院\"") || !offered.is_empty();
        let chinese = Request::get("/").header(header::ACCEPT_LANGUAGE, "zh-CN");
        let page = site.send(chinese, "").await.text();
        assert_eq!(page.contains("<html lang=\"zh"), is_chinese, "{config}: {page}");
    }
    let site = Site::with_config(&english, false, false).await;
    let now = site.app.now();
    let article = IncomingArticle {
        source_id: "1".into(),
        title: "新闻".into(),
        language: Some("zh-CN".into()),
        published_at: now,
        ..IncomingArticle::default()
    };
    let (store, config) = (&site.app.store, &site.app.config);
    import::upsert_articles(store, config, "college", vec![article], now).await.unwrap();
    cache::refresh_due(store, config, &site.app.feed_cache, now).await.unwrap();
    assert_eq!(switch(&site.get("/").await.text()), ["en", "zh"], "an article in Chinese");
}

/// A site whose texts are translated into Chinese.
fn translated_config() -> String {
    let config = CONFIG
        .replace("title = \"Test College\"", "title = \"Test College\"\ntitles = { zh = \"试验学院\" }")
        .replace("title = \"All news\"", "title = \"All news\"\ntitles = { zh = \"全部新闻\" }\ndescriptions = { zh = \"学院动态\" }")
        .replace("title = \"The week\"", "title = \"The week\"\ntitles = { zh = \"学院一周\" }\nsubjects = { zh = \"【{digest}】{title}\" }");
    format!("{config}[[sections]]\nname = \"Campus\"\ntitles = {{ zh = \"校园\" }}\n")
}

#[tokio::test]
async fn titles_and_sections_are_shown_in_the_language_of_the_page() {
    let site = Site::with_config(&translated_config(), false, false).await;
    site.publish_in("Campus", "A new lab").await;
    for (path, chinese, english) in [
        (
            "/",
            &["<title>试验学院</title>", "全部新闻", "学院动态", "学院一周", "校园"][..],
            "All news",
        ),
        ("/feeds/", &["全部新闻", "试验学院"], "All news"),
        ("/feeds/news", &["<h1>全部新闻</h1>", "学院动态", "校园"], "All news"),
        ("/feeds/section/campus", &["<h1>试验学院：校园</h1>"], "<h1>Test College: Campus</h1>"),
        ("/subscribe", &["学院一周", "value=\"Campus\"><span>校园</span>"], "<span>Campus</span>"),
    ] {
        let page = site.get(&format!("{path}?lang=zh")).await.text();
        for text in chinese {
            assert!(page.contains(text), "{path}: {text} is missing in {page}");
        }
        let page = site.get(&format!("{path}?lang=en")).await.text();
        assert!(page.contains(english) && !page.contains("校园"), "{path}: {page}");
    }
    let category = site.get("/feeds/news.rss").await.text();
    assert!(category.contains("<category>Campus</category>"), "{category}");
}

#[tokio::test]
async fn an_article_of_the_demo_shows_its_section_in_the_language_of_the_page() {
    let site = Site::with_config(&translated_config(), true, false).await;
    let sent = site.post("/demo/publish", "title=Lab&text=Text&section=Campus&language=zh").await;
    let id = sent.header(header::LOCATION).split(['=', '&']).nth(1).unwrap();
    let article = async |language: &str| {
        site.get(&format!("/demo/articles/{id}?lang={language}")).await.text()
    };
    let (chinese, english) = (article("zh").await, article("en").await);
    assert!(chinese.contains("校园") && !chinese.contains("Campus"), "{chinese}");
    assert!(english.contains("Campus") && !english.contains("校园"), "{english}");
}

#[tokio::test]
async fn the_admin_area_shows_the_titles_of_sections_in_the_language_of_the_user() {
    let site = Site::with_config(&translated_config(), false, false).await;
    site.publish_in("Campus", "A new lab").await;
    add(&site, "lin", Role::Admin).await;
    let session = sign_in(&site, "lin").await;
    let reader =
        "email=ann%40example.org&digest=weekly&status=confirmed&consent=form&section=Campus";
    let added = post_with(&site, "/admin/subscribers/new", &session, reader).await;
    assert_eq!(added.status, StatusCode::SEE_OTHER, "{}", added.text());
    for path in ["/admin/articles", "/admin/digests/weekly"] {
        let request = Request::get(path).header(header::ACCEPT_LANGUAGE, "zh-CN");
        let chinese = site.send(request.header(header::COOKIE, &session), "").await.text();
        assert!(chinese.contains(">校园<") && !chinese.contains(">Campus<"), "{path}: {chinese}");
        let english = get_with(&site, path, &session).await.text();
        assert!(english.contains(">Campus<"), "{path}: {english}");
    }
}

#[tokio::test]
async fn the_forms_about_a_person_offer_languages_zones_and_sections_by_title() {
    let site = Site::with_config(&translated_config(), false, false).await;
    site.publish_in("Campus", "A new lab").await;
    add(&site, "lin", Role::Admin).await;
    let session = sign_in(&site, "lin").await;
    let in_chinese = async |path: &str| {
        let request = Request::get(path).header(header::ACCEPT_LANGUAGE, "zh-CN");
        site.send(request.header(header::COOKIE, &session), "").await.text()
    };
    let form = in_chinese("/admin/subscribers/new").await;
    assert!(form.contains("value=\"Campus\"> 校园</label>"), "{form}");
    assert!(form.contains("<option value=\"\" selected>未知</option>"), "{form}");
    let person = "email=ann@example.org&digest=weekly&status=confirmed&consent=form&language=zh&timezone=Asia/Shanghai&section=Campus";
    post_with(&site, "/admin/subscribers/new", &session, person).await;
    let page = in_chinese("/admin/subscribers/1").await;
    for text in [
        "栏目：校园",
        "value=\"Campus\" checked> 校园</label>",
        "<option value=\"zh\" selected>",
        "<option>Europe/Berlin<option>",
        "value=\"Asia/Shanghai\" list=\"zones\"",
    ] {
        assert!(page.contains(text), "{text}: {page}");
    }
    assert!(page.len() < 45_000, "style and script also count: {} bytes", page.len());
    post_with(&site, "/admin/subscribers/1/subscriptions/weekly/sections", &session, "").await;
    let page = in_chinese("/admin/subscribers/1").await;
    assert!(
        !page.contains("栏目：校园") && page.contains("value=\"Campus\"> 校园</label>"),
        "{page}"
    );
}

#[tokio::test]
async fn messages_have_titles_sections_and_subjects_in_their_language() {
    let site = Site::with_config(&translated_config(), false, false).await;
    site.publish_in("Campus", "A new lab").await;
    let preview = |language: &str| PreviewOptions {
        language: Some(language.into()),
        ..PreviewOptions::default()
    };
    let digest = &site.app.config.digests[0];
    let now = site.app.now();
    let (chinese, english) = (preview("zh"), preview("en"));
    let mail = |options| digests::preview(site.app.digest_context(), digest, options, now);
    let chinese = mail(&chinese).await.unwrap().mail;
    assert_eq!(chinese.subject, "【学院一周】A new lab");
    for text in ["试验学院", "学院一周", ">校园<"] {
        assert!(chinese.html.contains(text), "{text} is missing in {}", chinese.html);
    }
    let english = mail(&english).await.unwrap().mail;
    assert_eq!(english.subject, "A new lab");
    assert!(english.html.contains("Test College") && english.html.contains(">Campus<"));
}
