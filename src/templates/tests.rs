//! Loading and rendering of all templates: overrides, error messages and limits.

use std::fs;
use std::path::Path;

use super::*;
use crate::templates::mail::LeadArticle;

fn with_files(files: &[(&str, &str)]) -> anyhow::Result<Templates> {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), files);
    Templates::load(Some(folder.path()))
}

fn write(folder: &Path, files: &[(&str, &str)]) {
    for (name, text) in files {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

fn custom(html: &str) -> anyhow::Result<Templates> {
    with_files(&[
        ("email/mine/subject.hbs", "{{digest.title}}"),
        ("email/mine/html.hbs", html),
        ("email/mine/text.hbs", "text"),
    ])
}

fn load_error(result: anyhow::Result<Templates>) -> String {
    result.err().unwrap().to_string()
}

fn digest(templates: &Templates, template: &str) -> RenderedMail {
    templates.render_digest(template, &DigestMailContext::samples()[0]).unwrap()
}

#[test]
fn every_embedded_template_renders_with_all_samples() {
    assert_eq!(Templates::load(None).unwrap().check(), Vec::<String>::new());
}

#[test]
fn every_text_exists_in_every_language() {
    let files = TemplateFiles::load(None).unwrap();
    let keys = |name: &str| -> Vec<String> {
        let source = &files.fluent.iter().find(|(n, _)| n == name).unwrap().1;
        let names = source
            .text
            .lines()
            .filter_map(|line| line.split_once(" =").map(|(key, _)| key.to_owned()));
        names.filter(|key| key.chars().all(|c| c.is_ascii_lowercase() || c == '-')).collect()
    };
    let english = files.fluent.iter().map(|(name, _)| name);
    for name in english.filter(|n| *n == "i18n/en.ftl" || n.starts_with("i18n/en/")) {
        for language in ["zh", "zh-Hant"] {
            let other = name.replace("i18n/en", &format!("i18n/{language}"));
            assert_eq!(keys(name), keys(&other), "{other}");
        }
    }
}

#[test]
fn unknown_names_are_reported_with_location_and_alternatives() {
    let templates =
        custom("<p>\n  {{#each lead}}{{title}}{{/each}}\n  {{artcle.title}}</p>").unwrap();
    let error = templates.check().join("\n");
    assert!(error.contains("email/mine/html.hbs:3:"), "{error}");
    assert!(
        error.contains(
            "unknown variable `artcle.title`; available here are digest, edition, language, lead"
        ),
        "{error}"
    );
    assert!(error.contains("in each of `lead`: authors, date_text"), "{error}");
    let error = custom("{{subscriber.nmae}}").unwrap().check().join("\n");
    assert!(
        error.contains("available here are address, attributes, name, tags, unsubscribe_url"),
        "{error}"
    );
    let error = custom("{{t \"no-such-text\"}}").unwrap().check().join("\n");
    assert!(error.contains("there is no text `no-such-text`"), "{error}");
    let error = custom("{{shout digest.title}}").unwrap().check().join("\n");
    assert!(error.contains("unknown helper or block `shout`"), "{error}");
    let error = custom("{{log digest.title}}").unwrap().check().join("\n");
    assert!(error.contains("unknown helper or block `log`"), "{error}");
}

#[test]
fn unused_files_are_rejected() {
    let error = load_error(with_files(&[("web/indx.hbs", "x")]));
    assert!(
        error.contains("web/indx.hbs: unknown template; the known ones are email/confirm/html.hbs"),
        "{error}"
    );
    let error = load_error(with_files(&[("email/mine/html.hbs", "x")]));
    assert!(error.contains("the e-mail template `mine` has no subject.hbs"), "{error}");
    let error = load_error(Templates::load(Some(Path::new("/nowhere/at/all"))));
    assert!(error.contains("cannot read the templates directory /nowhere/at/all"), "{error}");
}

#[test]
fn overrides_take_precedence_over_embedded_files() {
    let templates = with_files(&[
        ("email/digest/subject.hbs", "Mine:\n {{{digest.title}}}"),
        ("i18n/en.ftl", "digest-read-more = Go on reading\n"),
        ("web/style.css", "body{}"),
    ])
    .unwrap();
    assert_eq!(templates.check(), Vec::<String>::new());
    let mail = digest(&templates, "digest");
    assert_eq!(mail.subject, "Mine: The week at Linden Valley");
    assert!(mail.html.contains("Go on reading"));
    let hash = |templates: &Templates| templates.asset("style.css").unwrap().hash.clone();
    assert_ne!(hash(&templates), hash(&Templates::load(None).unwrap()));
}

#[test]
fn an_invalid_override_of_an_admin_page_is_reported_at_the_start() {
    let error = load_error(with_files(&[("web/admin/home.hbs", "<p>{{#if feeds}}</p>")]));
    assert!(error.contains("web/admin/home.hbs"), "{error}");
    let templates = with_files(&[("web/admin/time.hbs", "{{nothing}}")]).unwrap();
    let errors = templates.check().join("\n");
    assert!(errors.contains("web/admin/time.hbs:1"), "{errors}");
}

#[test]
fn templates_beyond_the_limits_are_rejected() {
    let deep = format!("{}{}", "{{#if a}}".repeat(5_000), "{{/if}}".repeat(5_000));
    assert!(load_error(custom(&deep)).contains("html.hbs:1:451: nested more than 50 levels deep"));
    let chain = format!("{{{{#if a}}}}{}{{{{/if}}}}", "{{else if b}}x".repeat(5_000));
    assert!(load_error(custom(&chain)).contains("more than 50 levels"));
    let parentheses = format!("{{{{t {}\"a\"{}}}}}", "(t ".repeat(20_000), ")".repeat(20_000));
    assert!(load_error(custom(&parentheses)).contains("more than 50 levels"));
    assert!(load_error(custom(&"x".repeat(110 * 1024))).contains("longer than 100 KiB"));
    assert!(
        load_error(custom("{{> email/nothing}}"))
            .contains("unknown partial `email/nothing`; available here are")
    );
    assert!(
        load_error(custom("{{> (lookup this \"language\")}}"))
            .contains("the name of a partial is computed")
    );
    assert!(
        load_error(custom("{{#*inline \"a\"}}x{{/inline}}{{> a}}"))
            .contains("inline partials are not supported")
    );
    let loops = format!("{}{}", "{{#each @root.lead}}".repeat(4), "{{/each}}".repeat(4));
    assert!(load_error(custom(&loops)).contains("`each` is nested more than 3 levels"));
    assert!(load_error(custom("{{#if a}}\n{{/each}}")).contains("html.hbs:"));
    assert!(
        custom(&format!("{}{}", "<b>".repeat(14_000), "</b>".repeat(14_000)))
            .unwrap()
            .check()
            .len()
            == 1
    );
}

#[test]
fn an_email_template_with_a_partial_of_the_pages_is_rejected() {
    let error = load_error(custom("{{#if subscriber.name}}{{/if}}{{> web/article}}"));
    assert!(
        error.ends_with(
            "email/mine/html.hbs: the partial `web/article` belongs to the pages; include only partials below email/"
        ),
        "{error}"
    );
}

#[test]
fn circular_partials_are_rejected() {
    let error = load_error(with_files(&[
        ("email/a/subject.hbs", "s"),
        ("email/a/text.hbs", "t"),
        ("email/a/html.hbs", "{{> email/b/html}}"),
        ("email/b/subject.hbs", "s"),
        ("email/b/text.hbs", "t"),
        ("email/b/html.hbs", "{{> email/a/html}}"),
    ]));
    assert!(
        error.contains("email/a/html → email/b/html → email/a/html: circular partials"),
        "{error}"
    );
}

#[test]
fn deepest_accepted_template_renders() {
    let deep = format!("{}x{}", "{{#if language}}".repeat(50), "{{/if}}".repeat(50));
    let templates = custom(&deep).unwrap();
    assert_eq!(templates.check(), Vec::<String>::new());
    let elements =
        format!("<style>b {{ color: red }}</style>{}{}", "<b>".repeat(990), "</b>".repeat(990));
    assert_eq!(custom(&elements).unwrap().check(), Vec::<String>::new());
}

#[test]
fn subscriber_values_in_logic_are_detected() {
    let logic = |html: &str| custom(html).unwrap().uses_subscriber_in_logic("mine");
    assert!(!logic(
        "{{subscriber.name}} {{#each lead}}{{title}} {{@root.subscriber.address}}{{/each}} {{this}}"
    ));
    assert!(!logic("{{#if lead}}<a href='{{subscriber.unsubscribe_url}}'>x</a>{{/if}}"));
    assert!(!logic("{{#> email/layout}}{{subscriber.name}}{{/email/layout}}"));
    assert!(logic("{{#if subscriber.name}}x{{/if}}"));
    assert!(
        logic("{{{subscriber.name}}}"),
        "unescaped output in HTML differs from a placeholder's"
    );
    assert!(logic("{{t \"x\" name=subscriber.name}}"));
    assert!(logic("{{wrap (t \"x\" name=subscriber.name)}}"));
    assert!(logic("{{#with subscriber}}{{name}}{{/with}}"));
    assert!(logic("{{#with this}}{{subscriber.name}}{{/with}}"));
    assert!(logic("{{#each @root}}{{this}}{{/each}}"));
    assert!(logic(
        "{{#unless lead}}{{else}}{{#if (eq @root.subscriber.name \"a\")}}{{/if}}{{/unless}}"
    ));
    assert!(logic("{{#> email/layout}}{{#if subscriber.name}}x{{/if}}{{/email/layout}}"));
    assert!(logic("{{subscriber}}"));
    assert!(
        logic("&{{subscriber.name}}") && logic("&#x{{subscriber.name}}"),
        "`lt;` would become <"
    );
    assert!(!logic("&amp;{{subscriber.name}} R&D {{subscriber.name}}"));
    let text = with_files(&[
        ("email/mine/subject.hbs", "{{{subscriber.name}}}"),
        ("email/mine/html.hbs", "x"),
        ("email/mine/text.hbs", "{{{subscriber.name}}}"),
    ]);
    assert!(!text.unwrap().uses_subscriber_in_logic("mine"), "plain text is never escaped");
    assert!(!Templates::load(None).unwrap().uses_subscriber_in_logic("digest"));
}

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
