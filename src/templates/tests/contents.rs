//! Contents of rendered e-mails and pages, and their texts in each language.

use super::*;
use crate::templates::mail::LeadArticle;

#[test]
fn digest_keeps_placeholders_and_required_contents() {
    let mut context = DigestMailContext::samples().swap_remove(0);
    context.subscriber.name = "holderNAME0".into();
    context.subscriber.address = "holderADDRESS1".into();
    context.subscriber.unsubscribe_url = "holderUNSUBSCRIBE2".into();
    let mail = Templates::load(None).unwrap().render_digest("digest", &context).unwrap();
    assert!(mail.html.contains("href=\"holderUNSUBSCRIBE2\""));
    for part in [&mail.html, &mail.text] {
        assert!(part.contains("holderADDRESS1") && part.contains("holderUNSUBSCRIBE2"));
        assert!(part.contains("12 Foundry Road, Linden Valley 430000"));
        let unwrapped = part.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(
            unwrapped.contains("because you subscribed to The week at Linden Valley"),
            "{part}"
        );
    }
    assert!(mail.html.contains("&lt;script&gt;"));
    assert!(!without_attributes(&mail.html).contains("<script"));
    assert!(mail.html.contains("@media"), "rules that cannot be inlined stay");
    assert!(mail.html.contains("lang=\"zh\""));
    assert!(!mail.subject.contains('\n'));
}

/// Returns HTML without the values of attributes, in which `<` needs no escape.
fn without_attributes(html: &str) -> String {
    let parts = html.split("=\"").enumerate();
    parts.map(|(i, part)| if i == 0 { part } else { part.split_once('"').unwrap().1 }).collect()
}

#[test]
fn each_link_to_an_article_of_a_digest_is_named_by_its_title() {
    let mut context = DigestMailContext::samples().swap_remove(0);
    context.lead = vec![sample_with_title("Kilns \"A\" & <b>B</b>"), sample_with_title("Glazes")];
    let html = Templates::load(None).unwrap().render_digest("digest", &context).unwrap().html;
    for label in ["Read more: Kilns &quot;A&quot; &amp; <b>B</b>", "Read more: Glazes"] {
        assert!(html.contains(&format!("aria-label=\"{label}\"")), "{label}: {html}");
    }
}

#[test]
fn the_subject_is_the_first_headline_and_without_one_the_digest_with_its_date() {
    let templates = Templates::load(None).unwrap();
    let sample = DigestMailContext::samples().swap_remove(0);
    let without = DigestMailContext { lead: Vec::new(), more: Vec::new(), ..sample.clone() };
    let lead = vec![sample_with_title("Kilns"), sample_with_title("Glazes")];
    let subject =
        |context: &DigestMailContext| templates.render_digest("digest", context).unwrap().subject;
    let expected = format!("{} · {}", sample.digest.title, sample.edition.date_text);
    assert_eq!(subject(&without), expected);
    assert_eq!(subject(&DigestMailContext { lead, ..sample.clone() }), "Kilns");
    let mut chosen = sample;
    chosen.edition.subject = Some("Mine".into());
    assert_eq!(subject(&chosen), "Mine");
}

#[test]
fn the_preheader_continues_after_the_headline_in_the_subject() {
    let templates = Templates::load(None).unwrap();
    let sample = DigestMailContext::samples().swap_remove(0);
    for (titles, expected) in [
        (&["One"][..], "One"),
        (&["One", "Two"], "Two"),
        (&["One", "Two", "Three", "Four"], "Two · Three · Four"),
        (&["One", "Two", "Three", "Four", "Five"], "Two · Three · Four · and more"),
    ] {
        let lead = titles.iter().map(|title| sample_with_title(title)).collect();
        let context = DigestMailContext { lead, more: Vec::new(), ..sample.clone() };
        let html = templates.render_digest("digest", &context).unwrap().html;
        let start = html.find("<div class=\"preheader\"").unwrap();
        let preheader = &html[start..start + html[start..].find("</div>").unwrap()];
        let text = preheader.split_once('>').unwrap().1.replace("<bdi>", "").replace("</bdi>", "");
        assert_eq!(text, expected, "{titles:?}");
    }
}

/// Returns an article with a link.
fn sample_with_title(title: &str) -> LeadArticle {
    LeadArticle {
        title: title.into(),
        language: "en".into(),
        url: Some("https://college.example/a.html".into()),
        ..LeadArticle::default()
    }
}

#[test]
fn messages_and_articles_have_the_direction_of_their_language() {
    let mut context = DigestMailContext::samples().swap_remove(0);
    context.language = "en".into();
    context.lead[0].language = "ar-EG".into();
    let templates = Templates::load(None).unwrap();
    let html = templates.render_digest("digest", &context).unwrap().html;
    assert!(html.contains("<html lang=\"en\" dir=\"ltr\""), "{html}");
    assert!(html.contains("dir=\"rtl\" lang=\"ar-EG\""), "{html}");
    context.language = "he".into();
    context.lead[0].language = "en".into();
    let html = templates.render_digest("digest", &context).unwrap().html;
    assert!(html.contains("<html lang=\"he\" dir=\"rtl\""), "{html}");
    assert!(html.contains("dir=\"ltr\" lang=\"en\""), "{html}");
    // Some mail clients remove the attributes of `html`.
    let canvas = html.split("<table ").find(|table| table.starts_with("class=\"canvas "));
    assert!(canvas.is_some_and(|table| table.contains("dir=\"rtl\"")), "{html}");
}

#[test]
fn english_texts_in_a_mail_from_right_to_left_are_isolated() {
    let templates = Templates::load(None).unwrap();
    let mut digest = DigestMailContext::samples().swap_remove(0);
    let mut confirmation = ConfirmContext::samples().swap_remove(0);
    for language in ["ar", "he-IL", "fa", "ur"] {
        digest.language = language.into();
        let html = templates.render_digest("digest", &digest).unwrap().html;
        for text in
            ["<bdi>8 articles", "<bdi>You are receiving", "<bdi>3 more articles", "<bdi>Sent to"]
        {
            assert!(html.contains(text), "{language}: {text} in {html}");
        }
        confirmation.language = language.into();
        let html = templates.render_confirm(&confirmation).unwrap().html;
        assert!(html.contains("<bdi>We received") && html.contains("border-right:"), "{html}");
    }
    let html = templates.render_confirm(&ConfirmContext::samples()[0]).unwrap().html;
    assert!(html.contains("border-left:") && !html.contains("border-right:"), "{html}");
}

#[test]
fn paddings_and_borders_of_pages_follow_the_direction_of_the_text() {
    let templates = Templates::load(None).unwrap();
    let css = &templates.asset("style.css").unwrap().text;
    for side in ["-left:", "-right:", " left:", " right:", "align: left", "align: right"] {
        assert!(!css.contains(side), "{side} is on the same side in every language");
    }
}

#[test]
fn plain_text_stays_within_72_columns() {
    let templates = Templates::load(None).unwrap();
    let texts = DigestMailContext::samples()
        .into_iter()
        .map(|context| templates.render_digest("digest", &context).unwrap().text);
    let texts = texts.chain(
        ConfirmContext::samples()
            .into_iter()
            .map(|context| templates.render_confirm(&context).unwrap().text),
    );
    for text in texts {
        for line in text.lines().filter(|line| !line.contains("https://")) {
            let columns: usize = line.chars().map(wrap::width).sum();
            assert!(columns <= 72, "{columns} columns: {line}");
        }
    }
}

#[test]
fn titles_are_raw_in_text_and_escaped_in_html() {
    let mut context = DigestMailContext::samples().swap_remove(0);
    context.lead = vec![LeadArticle {
        title: "R&D <b>".into(),
        language: "en".into(),
        ..LeadArticle::default()
    }];
    let mail = Templates::load(None).unwrap().render_digest("digest", &context).unwrap();
    assert!(mail.text.contains("R&D <b>") && mail.subject.contains("R&D <b>"));
    assert!(mail.html.contains("R&amp;D &lt;b&gt;"));
}

#[test]
fn dates_follow_the_conventions_of_the_language() {
    let day = jiff::civil::date(2026, 9, 1);
    assert_eq!(date_text(day, "en-GB"), "1 September 2026");
    assert_eq!(date_text(day, "zh-Hant"), "2026年9月1日");
    assert_eq!(date_text(day, "de"), "2026-09-01");
    let months = ["en", "zh-CN", "de"].map(|language| month_text(day, language));
    assert_eq!(months, ["September 2026", "2026年9月", "2026-09"]);
}

#[test]
fn chinese_catalog_is_chosen_by_script_and_region() {
    let templates = Templates::load(None).unwrap();
    for tag in ["zh-Hant", "zh-Hant-TW", "zh-Hant-CN", "zh-TW", "zh-HK", "zh-MO", "zh_tw", "ZH-hk"]
    {
        assert_eq!(templates.catalog_code(tag), "zh-hant", "{tag}");
    }
    for tag in ["zh", "zh-CN", "zh-SG", "zh-Hans", "zh-Hans-HK", "zh-x-tw", "zh-u-rg-twzzzz"] {
        assert_eq!(templates.catalog_code(tag), "zh", "{tag}");
    }
    assert_eq!(templates.catalog_code("en-HK"), "en");
    let custom = with_files(&[("i18n/zh-HK.ftl", "language-name = 廣東話\n")]).unwrap();
    assert_eq!((custom.catalog_code("zh-HK"), custom.catalog_code("zh-TW")), ("zh-hk", "zh-hant"));
    let names: Vec<String> = templates.languages().into_iter().map(|(_, name)| name).collect();
    assert_eq!(names, ["English", "简体中文", "繁體中文"]);
}

#[test]
fn plural_forms_follow_the_number() {
    let templates = Templates::load(None).unwrap();
    let wait = |language: &str, minutes: i64| {
        templates.text_with_number(language, "error-too-many-requests", "minutes", minutes)
    };
    assert!(wait("en", 1).ends_with("in 1 minute."), "{}", wait("en", 1));
    assert!(wait("en", 42).ends_with("in 42 minutes."), "{}", wait("en", 42));
    assert!(wait("zh-TW", 42).contains("請於 42 分鐘後再試"), "{}", wait("zh-TW", 42));
}

#[test]
fn a_language_without_texts_falls_back_to_english() {
    let templates = with_files(&[("i18n/de.ftl", "language-name = Deutsch\n")]).unwrap();
    assert_eq!(templates.catalog_code("fr"), "en");
    assert_eq!(templates.text("de-AT", "language-name", &[]), "Deutsch");
    assert_eq!(
        templates.text("de", "digest-read-more", &[]),
        templates.text("en", "digest-read-more", &[])
    );
    let error = load_error(with_files(&[("i18n/de.ftl", "fine = ja\n\nthis is nothing\n")]));
    assert!(error.contains("i18n/de.ftl:3:"), "{error}");
}
