//! Tests of translated texts: titles, descriptions, subjects and names of sections.

use super::{SITE, error_of, parse, with_site};

const DIGEST: &str =
    "[[digests]]\nname = \"d\"\nschedule = \"0 8 * * MON\"\nfrom = \"a@b.example\"\n";
const TRANSPORT: &str = "[[transports]]\nname = \"default\"\nurl = \"smtp://[::1]:2525\"\n";

#[test]
fn texts_have_translations_and_a_table_without_a_title_inherits_those_of_the_site() {
    let config = with_site(&format!(
        "titles = {{ zh = \"站\", DE = \"Seite\" }}\n\
         [[feeds]]\nname = \"plain\"\n\
         [[feeds]]\nname = \"own\"\ntitle = \"News\"\ndescription = \"All\"\ndescriptions = {{ zh = \"全部\" }}\n\
         [[feeds]]\nname = \"both\"\ntitles = {{ zh = \"新闻\" }}\n\
         {DIGEST}title = \"Week\"\nsubjects = {{ zh = \"{{date}}：{{title}}\" }}\n[digests.titles]\nzh-tw = \"一週\"\n\
         [[sections]]\nname = \"Campus\"\ntitles = {{ zh = \"校园\" }}\n{TRANSPORT}"
    ))
    .unwrap();
    assert_eq!((config.site.title_in("zh-CN"), config.site.title_in("fr")), ("站", "T"));
    let [plain, own, both] = config.feeds.as_slice() else { panic!("three feeds") };
    assert_eq!((plain.title_in("de"), plain.title_in("zh")), ("Seite", "站"));
    assert_eq!((own.title_in("zh"), own.description_in("zh")), ("News", Some("全部")));
    assert_eq!((both.title_in("zh"), both.title_in("de")), ("新闻", "Seite"));
    let digest = &config.digests[0];
    assert_eq!((digest.title_in("zh-HK"), digest.title_in("en")), ("一週", "Week"));
    assert_eq!(
        (digest.subject_in("zh-CN"), digest.subject_in("en")),
        (Some("{date}：{title}"), None)
    );
    assert_eq!(digest.description_in("zh"), None);
    assert_eq!(config.section_title("campus", "zh"), "校园");
    assert_eq!(
        (config.section_title("Campus", "de"), config.section_title("Sport", "zh")),
        ("Campus", "Sport")
    );
}

#[test]
fn invalid_translations_are_rejected_with_their_line_and_a_remedy() {
    let section = "[[sections]]\nname = \"Campus\"\ntitles = { zh = \"校园\" }\n";
    for (text, part) in [
        (
            "titles = { zh_TW = \"x\" }".to_owned(),
            "`titles`: `zh_TW` is not a valid language tag (RFC 5646); write `zh-TW`",
        ),
        ("titles = { cn = \"x\" }".to_owned(), "did you mean `zh`?"),
        ("titles = { Chinese = \"x\" }".to_owned(), "did you mean `zh`?"),
        ("titles = { zh-cn = \"x\", zh-CN = \"y\" }".to_owned(), "`zh-CN` occurs more than once"),
        ("titles = { zh = 3 }".to_owned(), "`zh` must be a string in quotes (found an integer)"),
        ("titles = { zh = \" \" }".to_owned(), "`zh`: must not be blank"),
        ("titles = \"x\"".to_owned(), "`titles` must be a table of texts by language"),
        ("title_zh = \"x\"".to_owned(), "unknown key `title_zh`"),
        (
            "[[feeds]]\nname = \"f\"\ntitle = { zh = \"x\" }".to_owned(),
            "`title` must be a single text; write its translations in `titles`",
        ),
        (
            format!("{TRANSPORT}{DIGEST}subject = \"{{titel}}\""),
            "unknown placeholder `{titel}`; did you mean `{title}`?",
        ),
        (
            format!("{TRANSPORT}{DIGEST}subjects = {{ zh = \"{{x}}\" }}"),
            "expected one of title, digest, site, date, count",
        ),
        (format!("{section}{section}"), "`Campus` has more than one table"),
        ("[[sections]]\nname = \"Campus\"".to_owned(), "`titles` is missing"),
        ("[[sections]]\ntitles = { zh = \"x\" }".to_owned(), "`name` is missing"),
    ] {
        let error = error_of(&text);
        assert!(error.contains(part), "{text}\n{error}");
        assert_eq!(error.lines().count(), 1, "{text}\n{error}");
    }
    let lines = error_of("[[feeds]]\nname = \"f\"\n[feeds.titles]\nzh = \"a\"\njp = \"b\"");
    assert!(
        lines.starts_with("/etc/courant/config.toml:9: [[feeds]] f: `titles`: `jp`"),
        "{lines}"
    );
}

#[test]
fn a_variable_sets_translations_as_an_inline_table() {
    let titles = |value: &str| parse(SITE, &[("COURANT__SITE__TITLES", value)]);
    let config = titles("{ zh = \"站\" }").unwrap();
    assert_eq!(config.site.title_in("zh"), "站");
    for value in ["站", "{ zh = 3 }", "[\"zh\"]"] {
        let error = titles(value).unwrap_err();
        assert!(error.contains("must be a TOML table of texts by language"), "{error}");
    }
    assert!(
        titles("{ cn = \"站\" }")
            .unwrap_err()
            .starts_with("COURANT__SITE__TITLES: [site]: `titles`: `cn`")
    );
}
