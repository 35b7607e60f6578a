//! Tests of the languages of pages and of the e-mail language choice.

use super::*;

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
