//! Tests of defaults, overrides and error messages of the configuration.

mod admin;
mod sections;
mod translations;
mod transports;

use std::collections::BTreeSet;
use std::path::PathBuf;

use proptest::prelude::*;

use super::*;
use crate::domain::time::{DAY, HOUR, MINUTE, SECOND};

const SITE: &str = "[site]\ntitle = \"T\"\nbase_url = \"https://news.example.edu/x/\"\nid_authority = \"news.example.edu,2026\"\n";

fn parse(text: &str, env: &[(&str, &str)]) -> Result<Config, String> {
    let env = env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Config::parse(Path::new("/etc/courant/config.toml"), text, env).map_err(|e| e.to_string())
}

fn with_site(text: &str) -> Result<Config, String> {
    parse(&format!("{SITE}{text}"), &[])
}

fn error_of(text: &str) -> String {
    with_site(text).unwrap_err()
}

#[test]
fn a_minimal_configuration_has_all_defaults() {
    let config = with_site("").unwrap();
    assert_eq!(config.site.base_url, "https://news.example.edu/x");
    assert_eq!(
        (config.site.language.as_str(), config.site.timezone.iana_name()),
        ("en", Some("UTC"))
    );
    assert_eq!(config.database.url, "sqlite:///etc/courant/data/courant.db");
    assert_eq!(config.server.listen.to_string(), "127.0.0.1:8080");
    assert!(
        config.sources.is_empty()
            && config.feeds.is_empty()
            && config.digests.is_empty()
            && config.transports.is_empty()
    );
}

#[test]
fn list_entries_inherit_missing_values_from_the_site() {
    let config = parse(
        &format!(
            "{SITE}language = \"ZH-cn\"\ntimezone = \"Asia/Shanghai\"\n\
             [[digests]]\nname = \"d\"\nschedule = \"0 8 * * MON\"\nfrom = \"News, Inc. <a@b.example>\"\n\
             [[transports]]\nname = \"default\"\nurl = \"smtp://[::1]:2525\"\n[[feeds]]\nname = \"f\"\n[[sources]]\nname = \"s\"\n"
        ),
        &[],
    )
    .unwrap();
    let (digest, transport, feed, source) =
        (&config.digests[0], &config.transports[0], &config.feeds[0], &config.sources[0]);
    assert_eq!(digest.languages, ["zh-CN"]);
    assert_eq!(digest.timezone.iana_name(), Some("Asia/Shanghai"));
    assert_eq!((digest.min_articles, digest.max_articles, digest.max_age), (1, 20, 30 * DAY));
    assert_eq!((digest.missed, digest.missed_within), (MissedPolicy::Once, 24 * HOUR));
    assert_eq!((digest.template.as_str(), digest.transport.as_str()), ("digest", "default"));
    assert_eq!(
        (digest.title.as_str(), digest.from.as_str()),
        ("T", "\"News, Inc.\" <a@b.example>")
    );
    assert_eq!(
        transport.target,
        TransportTarget::Smtp { host: "::1".to_owned(), port: 2525, tls: TlsMode::Opportunistic }
    );
    assert_eq!(
        (transport.ehlo.as_str(), transport.connections, transport.rate.len()),
        ("news.example.edu", 10, 0)
    );
    assert_eq!((feed.items, feed.content, feed.max_age), (50, Content::Full, 5 * MINUTE));
    assert_eq!(
        (source.kind, source.poll, source.ids),
        (SourceKind::Builtin, 30 * SECOND, Ids::Ours)
    );
}

#[test]
fn the_shipped_file_is_valid_and_mentions_every_key() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let config = Config::load(&root.join("config.toml"), std::iter::empty()).unwrap();
    assert_eq!(config.transports[0].target, TransportTarget::Directory(root.join("outbox")));
    let text = fs::read_to_string(root.join("config.toml")).unwrap();
    let (mut section, mut mentioned) = (String::new(), BTreeSet::new());
    for line in text.lines() {
        let header = line.trim_start_matches("# ").starts_with('[') && line.ends_with(']');
        if header {
            section = line.trim_matches(['#', ' ', '[', ']']).to_owned();
        } else if let Some((key, _)) = line.trim_start_matches("# ").split_once(" = ")
            && key.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
        {
            mentioned.insert((section.clone(), key.to_owned()));
        }
    }
    let keys_of = |section: &keys::TableSchema| {
        section
            .keys
            .iter()
            .filter(|(_, value_type)| !matches!(value_type, keys::ValueType::Tables(_)))
            .map(|(key, _)| (section.name.to_owned(), (*key).to_owned()))
            .collect::<Vec<_>>()
    };
    let sections = keys::TABLES.into_iter().chain([&keys::COLLECTIONS]);
    assert_eq!(mentioned, sections.flat_map(keys_of).collect());
}

#[test]
fn all_errors_are_reported_with_their_lines_in_order() {
    let error = parse(
        "[site]\ntitle = 3\nlanguage = \"en_US\"\nbase_url = \"https://news.example.edu\"\n[sever]\n[[feeds]]\nname = \"news\"\nitmes = 3\n\
         sources = [\"colege\"]\n[[sources]]\nname = \"college\"\nkind = \"gost\"\n[[digests]]\nname = \"weekly\"\nschedule = \"0 0 30 2 *\"\n",
        &[],
    )
    .unwrap_err();
    let expected = "\
/etc/courant/config.toml:1: [site]: `id_authority` is missing; it becomes a permanent part of every article id; write id_authority = \"news.example.edu,YEAR\" with the current year
/etc/courant/config.toml:2: [site]: `title` must be a string in quotes (found an integer)
/etc/courant/config.toml:3: [site]: `language`: `en_US` is not a valid language tag (RFC 5646); write `en-US`
/etc/courant/config.toml:5: unknown section or key `sever`; did you mean `server`?
/etc/courant/config.toml:8: [[feeds]] news: unknown key `itmes`; did you mean `items`?
/etc/courant/config.toml:9: [[feeds]] news: `sources`: there is no [[sources]] with the name `colege`; did you mean `college`?
/etc/courant/config.toml:12: [[sources]] college: `kind`: `gost` is not one of \"builtin\", \"wordpress\", \"ghost\", \"drupal\", \"query\"
/etc/courant/config.toml:13: [[digests]] weekly: `from` is missing; write the sender, for example \"College News <news@example.edu>\"
/etc/courant/config.toml:13: [[digests]] weekly: `transport` is missing; there is no [[transports]] with the name `default`; add one
/etc/courant/config.toml:15: [[digests]] weekly: `schedule`: schedule `0 0 30 2 *` never matches: no month has that day";
    assert_eq!(error, expected);
}

#[test]
fn variables_override_the_file_and_are_converted_to_the_type_of_the_key() {
    let text = format!(
        "{SITE}[[transports]]\nname = \"main-relay\"\nurl = \"smtps://mail.example.edu\"\nusername = \"u\"\n[[feeds]]\nname = \"f\"\n"
    );
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("secret");
    fs::write(&secret, "12345\n").unwrap();
    let config = parse(
        &text,
        &[
            ("COURANT__TRANSPORTS__MAIN_RELAY__PASSWORD_FILE", secret.to_str().unwrap()),
            ("COURANT__TRANSPORTS__MAIN_RELAY__CONNECTIONS", "3"),
            ("COURANT__TRANSPORTS__MAIN_RELAY__RATE", "50/s, 20000/d"),
            ("COURANT__FEEDS__F__TAGS", "a, b"),
            ("COURANT__FEEDS__F__SECTIONS", "[\"a, b\"]"),
            ("COURANT__SITE__TITLE", "Other"),
            ("COURANT__TEMPLATES", "mine"),
            ("COURANT_CONFIG", "ignored"),
        ],
    )
    .unwrap();
    let relay = &config.transports[0];
    assert_eq!((relay.password.as_deref(), relay.connections), (Some("12345"), 3));
    assert_eq!(
        relay.rate,
        [Rate { messages: 50, span: SECOND }, Rate { messages: 20_000, span: DAY }]
    );
    assert_eq!(config.feeds[0].selection.tags, ["a", "b"]);
    assert_eq!(config.feeds[0].selection.sections, ["a, b"]);
    assert_eq!(
        (config.site.title.as_str(), config.templates),
        ("Other", Some(PathBuf::from("/etc/courant/mine")))
    );

    let error = parse(
        &text,
        &[
            ("COURANT__SITE__TITEL", "x"),
            ("COURANT__SMTP__HOST", "x"),
            ("COURANT__FEEDS__G__TITLE", "x"),
            ("COURANT__FEEDS__F__ITEMS", "many"),
            ("COURANT__FEEDS__F__NAME", "g"),
            ("COURANT__FEEDS__TITLE", "g"),
            ("COURANT__TRANSPORTS__MAIN_RELAY__PASSWORD", "hush"),
            ("COURANT__TRANSPORTS__MAIN_RELAY__PASSWORD_FILE", "/nowhere"),
        ],
    )
    .unwrap_err();
    let variables: Vec<&str> = error
        .lines()
        .filter_map(|line| line.split_once(": ").map(|(variable, _)| variable))
        .collect();
    assert_eq!(variables.len(), 7, "{error}");
    assert!(
        variables.is_sorted() && variables.iter().all(|v| v.starts_with("COURANT__")),
        "{error}"
    );
    assert!(error.contains("did you mean `title`?") && !error.contains("hush"), "{error}");
}

#[test]
fn passwords_never_appear_in_debug_output_or_errors() {
    let text = "[database]\nurl = \"postgres://u:hush@h/d?password=hush\"\n[[sources]]\nname = \"s\"\nkind = \"wordpress\"\n\
                url = \"mariadb://u:hush@h/d\"\n[[transports]]\nname = \"t\"\nurl = \"smtps://h\"\nusername = \"u\"\npassword = \"hush\"\n";
    let shown = format!("{:?}", with_site(text).unwrap());
    assert!(!shown.contains("hush") && shown.contains("mysql://u:***@h/d"), "{shown}");
    for text in [
        "[database]\nurl = \"postgres://u:hu#sh@h/d\"",
        "[database]\nurl = \"ftp://u:hush@h/d\"",
        "[[transports]]\nname = \"t\"\nurl = \"smtps://u:hush@h\"",
        "[[transports]]\nname = \"t\"\nurl = \"smtps://h\"\nusername = \"u\"\npassword = \"hush\\n\"",
        "[[transports]]\nname = \"t\"\nurl = \"smtps://h\"\nusername = \"u\"\npassword = hush",
        "[[transports]]\nname = \"t\"\nurl = \"smtps://h\"\nusername = \"u\"\npassword = \"hush",
    ] {
        let error = error_of(text);
        assert!(!error.contains("hu"), "{error}");
    }
}

#[test]
fn a_missing_non_utf8_or_non_toml_file_is_one_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    let load = || Config::load(&path, std::iter::empty()).unwrap_err().to_string();
    assert!(load().ends_with("try `courant demo`, which needs none"));
    fs::write(&path, b"# a\n# \xff\n").unwrap();
    assert!(load().ends_with("config.toml:2: the file is not valid UTF-8; save it as UTF-8"));
    fs::write(&path, "[site]\ntitle = \n").unwrap();
    let error = load();
    assert!(
        error.contains("config.toml:2: invalid TOML: ") && !error.contains("base_url"),
        "{error}"
    );
    fs::write(&path, format!("a = {}", "[".repeat(100_000))).unwrap();
    assert!(load().contains("config.toml:1: invalid TOML: "));
}

#[test]
fn typographic_quotation_marks_and_misspelled_time_zones_are_named() {
    for (site, part) in [
        ("title = “News”", "config.toml:2: invalid TOML: "),
        ("title = “News”", "write straight quotation marks"),
        ("timezone = \"Europe/Londn\"", "did you mean `Europe/London`?"),
        ("timezone = \"europe/lisbonn\"", "did you mean `Europe/Lisbon`?"),
        ("timezone = \"BST\"", "write for example Europe/London"),
    ] {
        let error = parse(&format!("[site]\n{site}\n"), &[]).unwrap_err();
        assert!(error.contains(part), "{site}: {error}");
    }
}

proptest! {
    #[test]
    fn arbitrary_text_never_panics(
        text in any::<String>(),
        pieces in prop::collection::vec(prop::sample::select(vec![
            "[site]", "[[feeds]]", "[[sources]]", "[[digests]]", "[[transports]]", "name", "url", "kind", "was", "rate", "from", "=", "\"",
            "\n", "\n", "\n", "'", "[", "]", "{", "}", ",", ".", "x", "\"query\"", "\"smtp://é:1\"", "1", "-1", "true", "schedule", "\u{feff}",
        ]), 0..40),
        value in any::<String>(),
    ) {
        let keyed = keys::TABLES.iter().flat_map(|s| s.keys.iter().map(move |(key, _)| (s, key))).map(|(section, key)| {
            let header = if section.is_list { format!("[[{}]]", section.name) } else { format!("[{}]", section.name) };
            let value = serde_json::to_string(&value).unwrap_or_default();
            format!("{header}\nname = \"n\"\n{key} = {value}\n")
        });
        for text in [text, pieces.concat()].into_iter().chain(keyed) {
            if let Err(error) = parse(&text, &[("COURANT__FEEDS__N__TAGS", &value), ("COURANT__SITE__TITLE", &value)]) {
                prop_assert!(error.lines().all(|line| line.starts_with("/etc/courant/config.toml:") || line.starts_with("COURANT__")), "{}", error);
            }
        }
    }
}
