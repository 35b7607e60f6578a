//! Loading of all templates: overrides, error messages and limits.

use std::fs;
use std::path::Path;

use super::*;

mod contents;

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
    let files = TemplateFiles {
        overrides_mails: true,
        overrides_pages: true,
        overrides_texts: true,
        ..TemplateFiles::load(None).unwrap()
    };
    assert_eq!(Templates::from_files(files).unwrap().check(), Vec::<String>::new());
}

#[test]
fn templates_without_files_of_the_admin_are_not_rendered_to_check_them() {
    let templates = Templates::load(None).unwrap();
    assert_eq!(templates.check(), Vec::<String>::new());
    assert!(templates.public_pages.get().is_none() && templates.all_pages.get().is_none());
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
