//! What a configuration may say, what it means, and how it is refused.

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

fn refusal(text: &str) -> String {
    with_site(text).unwrap_err()
}

#[test]
fn the_least_configuration_has_every_default() {
    let config = with_site("").unwrap();
    assert_eq!(config.site.base_url, "https://news.example.edu/x");
    assert_eq!((config.site.language.as_str(), config.site.timezone.iana_name()), ("en", Some("UTC")));
    assert_eq!(config.database.url, "sqlite:///etc/courant/data/courant.db");
    assert_eq!(config.server.listen.to_string(), "127.0.0.1:8080");
    assert!(config.sources.is_empty() && config.feeds.is_empty() && config.digests.is_empty() && config.transports.is_empty());
}

#[test]
fn lists_take_the_site_for_what_they_leave_out() {
    let config = parse(
        &format!(
            "{SITE}language = \"ZH-cn\"\ntimezone = \"Asia/Shanghai\"\n\
             [[digests]]\nname = \"d\"\nschedule = \"0 8 * * MON\"\nfrom = \"News, Inc. <a@b.example>\"\n\
             [[transports]]\nname = \"default\"\nurl = \"smtp://[::1]:2525\"\n[[feeds]]\nname = \"f\"\n[[sources]]\nname = \"s\"\n"
        ),
        &[],
    )
    .unwrap();
    let (digest, transport, feed, source) = (&config.digests[0], &config.transports[0], &config.feeds[0], &config.sources[0]);
    assert_eq!(digest.languages, ["zh-CN"]);
    assert_eq!(digest.timezone.iana_name(), Some("Asia/Shanghai"));
    assert_eq!((digest.min_articles, digest.max_articles, digest.max_age), (1, 20, 30 * DAY));
    assert_eq!((digest.missed, digest.missed_within), (Missed::Once, 24 * HOUR));
    assert_eq!((digest.template.as_str(), digest.transport.as_str()), ("digest", "default"));
    assert_eq!((digest.title.as_str(), digest.from.as_str()), ("T", "\"News, Inc.\" <a@b.example>"));
    assert_eq!(transport.route, Route::Smtp { host: "::1".to_owned(), port: 2525, tls: TlsMode::Opportunistic });
    assert_eq!((transport.ehlo.as_str(), transport.connections, transport.rate.len()), ("news.example.edu", 10, 0));
    assert_eq!((feed.items, feed.content, feed.max_age), (50, Content::Full, 5 * MINUTE));
    assert_eq!((source.kind, source.poll, source.ids), (SourceKind::Builtin, 30 * SECOND, Ids::Ours));
}

#[test]
fn the_shipped_file_works_and_mentions_every_key() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let config = Config::load(&root.join("config.toml"), std::iter::empty()).unwrap();
    assert_eq!(config.transports[0].route, Route::Folder(root.join("outbox")));
    let text = fs::read_to_string(root.join("config.toml")).unwrap();
    let (mut section, mut said) = (String::new(), BTreeSet::new());
    for line in text.lines() {
        if line.starts_with('[') || line.starts_with("# [[") {
            section = line.trim_matches(['#', ' ', '[', ']']).to_owned();
        } else if let Some((key, _)) = line.trim_start_matches("# ").split_once(" = ")
            && key.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
        {
            said.insert((section.clone(), key.to_owned()));
        }
    }
    let of = |section: &keys::Section| section.keys.iter().map(|(key, _)| (section.name.to_owned(), (*key).to_owned())).collect::<Vec<_>>();
    assert_eq!(said, keys::SECTIONS.iter().flat_map(|section| of(section)).collect());
}

#[test]
fn every_fault_is_told_with_its_line_in_order() {
    let said = parse(
        "[site]\ntitle = 3\nlanguage = \"en_US\"\nbase_url = \"https://news.example.edu\"\n[sever]\n[[feeds]]\nname = \"news\"\nitmes = 3\n\
         sources = [\"colege\"]\n[[sources]]\nname = \"college\"\nkind = \"gost\"\n[[digests]]\nname = \"weekly\"\nschedule = \"0 0 30 2 *\"\n",
        &[],
    )
    .unwrap_err();
    let expected = "\
/etc/courant/config.toml:1: [site]: `id_authority` is missing: it is frozen for ever in every article's id; write id_authority = \"news.example.edu,YEAR\" with the year you begin for YEAR
/etc/courant/config.toml:2: [site]: `title` takes a text in quotes, not a number
/etc/courant/config.toml:3: [site]: `language`: `en_US` is no language tag such as en, zh-CN or zh-Hant (RFC 5646): write `en-US`
/etc/courant/config.toml:5: `sever` is nothing this configuration knows; did you mean `server`?
/etc/courant/config.toml:8: [[feeds]] news: `itmes` is no key of a feed; did you mean `items`?
/etc/courant/config.toml:9: [[feeds]] news: `sources`: there is no [[sources]] with the name `colege`; did you mean `college`?
/etc/courant/config.toml:12: [[sources]] college: `kind`: `gost` is not one of \"builtin\", \"wordpress\", \"ghost\", \"drupal\", \"query\"
/etc/courant/config.toml:13: [[digests]] weekly: `from` is missing: write the sender, as \"College News <news@example.edu>\"
/etc/courant/config.toml:13: [[digests]] weekly: `transport` is missing: there is no [[transports]] with the name `default`: add it
/etc/courant/config.toml:15: [[digests]] weekly: `schedule`: `0 0 30 2 *` never comes: no month has such a day";
    assert_eq!(said, expected);
}

const QUERY: &str = "kind = \"query\"\nurl = \"sqlite://x.db\"\nquery = \"SELECT 1\"\n";

#[test]
fn values_that_cannot_work_are_refused() {
    let source = "[[sources]]\nname = \"s\"\n";
    let transport = "[[transports]]\nname = \"t\"\n";
    for (text, part) in [
        (format!("{source}query = \"SELECT 1\""), "only kind = \"query\" has one"),
        (format!("{source}table_prefix = \"x_\""), "only kinds wordpress and drupal have one"),
        (format!("{source}url = \"mysql://h/d\""), "is kept in our own database"),
        (format!("{source}{QUERY}ids = \"source\""), "only kinds wordpress, ghost and drupal have ids"),
        (format!("{source}kind = \"query\"\nurl = \"sqlite://x.db\""), "`query` is missing"),
        (format!("{source}kind = \"wordpress\""), "`url` is missing"),
        (format!("{source}kind = \"wordpress\"\nurl = \"postgres://h/d\""), "begins with mysql://"),
        (format!("{source}kind = \"wordpress\"\nurl = \"mysql://h/\""), "names no database"),
        (format!("{source}article_url = \"https://x/{{id\""), "without its }"),
        (format!("{source}poll = \"0s\""), "not between"),
        (format!("{source}compare = \"2d\""), "not between"),
        (format!("{source}listen = \"news\""), "only kinds query and drupal"),
        (format!("{source}kind = \"query\"\nurl = \"sqlite://x.db\"\nquery = \"SELECT 1\"\nlisten = \"news\""), "only PostgreSQL notifies"),
        (format!("{source}was = [\"s\"]"), "is its name now"),
        (format!("{source}[[sources]]\nname = \"r\"\nwas = [\"s\"]"), "already the name"),
        (format!("{source}{source}"), "already the name"),
        ("[[sources]]\nname = \"The Source\"".to_owned(), "as in `the-source`"),
        ("[[sources]]".to_owned(), "`name` is missing"),
        ("[sources]\nname = \"s\"".to_owned(), "begin each with [[sources]]"),
        ("[[server]]".to_owned(), "begin it with [server]"),
        ("[[feeds]]\nname = \"f\"\nitems = 0".to_owned(), "from 1 to 1000, not 0"),
        ("[[feeds]]\nname = \"f\"\nitems = \"50\"".to_owned(), "takes a whole number, not a text"),
        ("[[feeds]]\nname = \"f\"\ntags = \"a\"".to_owned(), "takes a list of texts"),
        ("[[feeds]]\nname = \"f\"\nlicence = []".to_owned(), "`licence` is no key of a feed"),
        ("[[feeds]]\nname = \"f\"\nmax_age = \"30s\"".to_owned(), "is not from 1m to 1d"),
        ("[[feeds]]\nname = \"f\"\nextra_xml = \"<a><b></a>\"".to_owned(), "this can't stand in a feed"),
        ("[[feeds]]\nname = \"f\"\nextra_xml = \"<itunes:type/>\"".to_owned(), "write xmlns:itunes="),
        ("[server]\nlisten = \"localhost:8080\"".to_owned(), "127.0.0.1:8080"),
        ("[database]\nurl = \"mysql://h/d\"".to_owned(), "sqlite:// or postgres://"),
        ("[database]\nurl = \"sqlite://:memory:\"".to_owned(), "names no file"),
        (format!("{transport}url = \"smtp://u:p@h\""), "keys of their own"),
        (format!("{transport}url = \"smtp://h:99999\""), "port number"),
        (format!("{transport}url = \"http://h\""), "it begins with smtp://"),
        (format!("{transport}url = \"file://\""), "names no folder"),
        (format!("{transport}url = \"smtps://h\"\nusername = \"u\""), "together with `password`"),
        (format!("{transport}url = \"smtp://h.example\"\ntls_ca = \"ca\""), "verifies no certificate"),
        (format!("{transport}url = \"smtps://h\"\nrate = \"50\""), "is no limit"),
        (format!("{transport}url = \"smtps://h\"\nrate = \"5/s, 6/s\""), "two limits"),
        (format!("{transport}url = \"smtps://h\"\nenvelope_from = \"N <a@b.example>\""), "`envelope_from`"),
        (format!("{transport}url = \"smtps://h\"\nehlo = \"host\""), "no host name"),
        (format!("{transport}url = \"smtps://h\"\ndkim = \"s:k.pem\""), "takes a list of texts"),
        (format!("{transport}url = \"smtps://h\"\ndkim = [\"k.pem\"]"), "write SELECTOR:FILE"),
        (format!("{transport}url = \"smtps://h\"\ndkim = [\"s: \"]"), "write SELECTOR:FILE"),
        (format!("{transport}url = \"smtps://h\"\ndkim = [\"s_1:k.pem\"]"), "`s_1` is no selector"),
        (format!("{transport}url = \"smtps://h\"\ndkim = [\"s:k.pem\", \"S:l.pem\"]"), "two keys have the selector `S`"),
        (format!("{transport}url = \"smtps://h\"\ndkim_domain = \"example.edu\""), "together with `dkim`"),
        (format!("{transport}url = \"smtps://h\"\ndkim = [\"s:k.pem\"]\ndkim_domain = \"edu\""), "`edu` can't sign: its domain has no dot"),
    ] {
        let said = refusal(&text);
        assert!(said.contains(part), "{text}\n{said}");
        assert_eq!(said.lines().count(), 1, "{text}\n{said}");
    }
}

#[test]
fn an_alias_and_a_secret_that_cannot_work_are_refused() {
    for (text, part) in [
        ("[[feeds]]\nname = \"f\"\naliases = [\"feed\"]".to_owned(), "write one as it stood behind the host"),
        ("[[feeds]]\nname = \"f\"\naliases = [\"/feeds/old.rss\"]".to_owned(), "is an address of our own"),
        ("[[feeds]]\nname = \"f\"\nprivate = \"guess-me\"".to_owned(), "must not be guessed"),
        (
            "[[feeds]]\nname = \"f\"\naliases = [\"/rss\"]\n[[feeds]]\nname = \"g\"\naliases = [\"/rss/\"]".to_owned(),
            "serves another feed already",
        ),
        ("[server]\non_demand = \"yes\"".to_owned(), "takes true or false"),
    ] {
        let said = refusal(&text);
        assert!(said.contains(part), "{text}\n{said}");
    }
}

#[test]
fn keys_of_one_kind_of_source_are_read_with_it_and_refused_without() {
    let source = "[[sources]]\nname = \"s\"\n";
    let ghost = format!("{source}kind = \"ghost\"\nurl = \"sqlite://x.db\"\nsite_url = \"https://a.example\"\n");
    for (text, part) in [
        (format!("{source}kind = \"ghost\"\nurl = \"sqlite://x.db\""), "`site_url` is missing"),
        (
            format!("{source}kind = \"ghost\"\nsite_url = \"https://a.example\"\nurl = \"postgres://h/d\""),
            "begins with mysql:// or sqlite://",
        ),
        (format!("{source}site_url = \"https://a.example\""), "only kinds ghost and drupal have one"),
        (format!("{source}members = \"full\""), "only kind = \"ghost\" has it"),
        (format!("{source}content_types = [\"news\"]"), "only kind = \"drupal\" has it"),
        (format!("{ghost}permalinks = \"/{{slug}}/{{month\""), "without its }"),
        (format!("{ghost}permalinks = \"/{{year}}/\""), "neither {slug} nor {id}"),
        (format!("{ghost}permalinks = \"/{{tag}}/{{slug}}/\""), "more in braces than slug, id"),
        (format!("{ghost}members = \"all\""), "not one of \"hidden\", \"preview\", \"full\""),
        (
            format!("{source}kind = \"drupal\"\nurl = \"mysql://h/d\"\nsite_url = \"https://a.example\"\ncontent_types = [\"News item\"]"),
            "no machine name",
        ),
    ] {
        let said = refusal(&text);
        assert!(said.contains(part), "{text}\n{said}");
        assert_eq!(said.lines().count(), 1, "{text}\n{said}");
    }
}

#[test]
fn limits_and_shares_that_cannot_work_are_refused() {
    let transport = "[[transports]]\nname = \"t\"\n";
    for (text, part) in [
        (format!("{transport}url = \"smtps://h\"\nmessages_per_connection = 0"), "from 1 to 100000, not 0"),
        (format!("{transport}url = \"smtps://h\"\nwarm_up = \"200/d\""), "200/d to 20000/d in 30d"),
        (format!("{transport}url = \"smtps://h\"\nwarm_up = \"200/d to 100/d in 30d\""), "a warming-up grows"),
        (format!("{transport}url = \"smtps://h\"\ndomains = [\"gmail.com\"]"), "write domains, a colon and limits"),
        (format!("{transport}url = \"smtps://h\"\ndomains = [\"gmail.com: 50\"]"), "write \"10 at once\""),
        (format!("{transport}url = \"smtps://h\"\ndomains = [\"gmail.com: 5/s\", \"gmail.com: 6/s\"]"), "has two lines"),
        (format!("{transport}url = \"smtps://h\"\nweight = 1001"), "from 0 to 1000, not 1001"),
        (format!("{transport}url = \"smtps://h\"\nweight = 0"), "no other transport carries its mail"),
        (format!("{transport}url = \"smtps://h\"\nshares = \"t\""), "names this transport itself"),
        (format!("{transport}url = \"smtps://h\"\nshares = \"other\""), "no [[transports]] with the name `other`"),
        (
            format!(
                "{transport}url = \"smtps://h\"\n[[transports]]\nname = \"u\"\nurl = \"smtps://h\"\nshares = \"t\"\n\
                     [[transports]]\nname = \"v\"\nurl = \"smtps://h\"\nshares = \"u\""
            ),
            "`u` shares the mail of `t` itself",
        ),
    ] {
        let said = refusal(&text);
        assert!(said.contains(part), "{text}\n{said}");
        assert_eq!(said.lines().count(), 1, "{text}\n{said}");
    }
}

#[test]
fn transports_have_limits_and_share_their_mail() {
    let text = format!(
        "{SITE}[[transports]]\nname = \"main\"\nurl = \"smtps://h\"\nweight = 0\nwarm_up = \"200/d to 20000/d in 30d\"\n\
         messages_per_connection = 20\ndomains = [\"gmail.com: 3 at once\", \"*: 2/s\"]\n\
         [[transports]]\nname = \"second\"\nurl = \"smtps://h\"\nweight = 3\nshares = \"main\"\n\
         [[transports]]\nname = \"outbox\"\nurl = \"file://outbox\"\n"
    );
    let lines = r#"["gmail.com, qq.com: 4 at once, 5/s", "google: none"]"#;
    let config = parse(&text, &[("COURANT__TRANSPORTS__SECOND__DOMAINS", lines)]).unwrap();
    let [main, second, outbox] = &config.transports[..] else { panic!("three transports") };
    let at_once = |transport: &Transport, domain: &str| transport.domains.of(domain).and_then(|limit| limit.at_once);
    assert_eq!((main.weight, main.messages_per_connection, main.warm_up.map(|ramp| ramp.days)), (0, 20, Some(30)));
    assert_eq!((at_once(main, "gmail.com"), at_once(main, "googlemail.com"), at_once(main, "example.edu")), (Some(3), Some(10), None));
    assert_eq!(main.domains.of("example.edu").map(|limit| limit.rates.len()), Some(1));
    assert_eq!((second.weight, second.shares.as_deref(), second.messages_per_connection), (3, Some("main"), 500));
    assert_eq!((at_once(second, "qq.com"), at_once(second, "foxmail.com")), (Some(4), Some(2)));
    assert!(second.domains.of("googlemail.com").is_none() && second.warm_up.is_none());
    assert!(outbox.domains.of("gmail.com").is_none(), "a folder is as fast as it can be");

    let said = parse(&text, &[("COURANT__TRANSPORTS__SECOND__DOMAINS", "gmail.com, qq.com: 4 at once, 5/s")]).unwrap_err();
    assert!(said.contains("as in [\"gmail.com, googlemail.com: 10 at once, 50/s\""), "{said}");
}

#[test]
fn keys_to_sign_with_know_their_place_and_sign_for_the_senders_domain_or_one_above() {
    let with = |domain: &str, from: &str| {
        with_site(&format!(
            "[[digests]]\nname = \"d\"\nschedule = \"0 8 * * MON\"\nfrom = \"{from}\"\n\
             [[transports]]\nname = \"default\"\nurl = \"smtps://h\"\ndkim = [\n  \"a:k/a.pem\",\n  \"b.c:/k/b.pem\"]\ndkim_domain = \"{domain}\"\n"
        ))
    };
    let transport = with("Example.EDU", "News <news@mail.example.edu>").unwrap().transports.remove(0);
    let place = |line| format!("/etc/courant/config.toml:{line}: [[transports]] default: `dkim`");
    let key = |selector: &str, file: &str, line: usize| DkimKey { selector: selector.into(), file: file.into(), place: place(line) };
    assert_eq!(transport.dkim, [key("a", "/etc/courant/k/a.pem", 13), key("b.c", "/k/b.pem", 14)]);
    assert_eq!(transport.dkim_domain.as_deref(), Some("example.edu"));
    assert!(with("", "news@example.edu").unwrap().transports[0].dkim_domain.is_none());
    for (domain, from) in [("mail.example.edu", "news@example.edu"), ("ample.edu", "news@example.edu"), ("example.com", "news@example.edu")]
    {
        let said = with(domain, from).unwrap_err();
        let begin = format!("/etc/courant/config.toml:15: [[transports]] default: `dkim_domain`: digest d is from {from}");
        assert!(said.starts_with(&begin) && said.contains("write example.edu, a domain above it"), "{said}");
    }
}

#[test]
fn the_environment_writes_over_the_file_with_the_keys_type() {
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
    assert_eq!(relay.rate, [Rate { messages: 50, span: SECOND }, Rate { messages: 20_000, span: DAY }]);
    assert_eq!(config.feeds[0].selection.tags, ["a", "b"]);
    assert_eq!(config.feeds[0].selection.sections, ["a, b"]);
    assert_eq!((config.site.title.as_str(), config.templates), ("Other", Some(PathBuf::from("/etc/courant/mine"))));

    let said = parse(
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
    let variables: Vec<&str> = said.lines().filter_map(|line| line.split_once(": ").map(|(variable, _)| variable)).collect();
    assert_eq!(variables.len(), 7, "{said}");
    assert!(variables.is_sorted() && variables.iter().all(|v| v.starts_with("COURANT__")), "{said}");
    assert!(said.contains("did you mean `title`?") && !said.contains("hush"), "{said}");
}

#[test]
fn push_has_defaults_takes_hubs_and_networks_and_refuses_what_cannot_work() {
    let least = with_site("").unwrap();
    assert_eq!((least.push.hub, least.push.subscriptions, least.push.timeout, least.hubs().len()), (false, 10_000, 10 * SECOND, 0));
    let text = "[push]\nhub = true\nhubs = [\"https://Hub.example\"]\nallow = [\"10.0.0.0/8\", \"::1\"]\ntimeout = \"3s\"\n";
    let config = with_site(text).unwrap();
    assert_eq!(config.hubs(), ["https://news.example.edu/x/hub", "https://hub.example/"]);
    assert_eq!((config.push.allow.len(), config.push.timeout), (2, 3 * SECOND));
    let off = parse(&format!("{SITE}{text}"), &[("COURANT__PUSH__HUB", "false"), ("COURANT__PUSH__HUBS", "")]).unwrap();
    assert!(off.hubs().is_empty());
    for (line, part) in [
        ("hub = \"yes\"", "takes true or false, not a text"),
        ("hubs = [\"ftp://h\"]", "neither http:// nor https://"),
        ("hubs = [\"hub.example\"]", "is no address"),
        ("hubs = [\"https://u:hush@h.example\"]", "no place for a user name"),
        ("allow = [\"10.0.0.1/8\"]", "write 10.0.0.0/8"),
        ("allow = [\"intranet\"]", "is no network"),
        ("timeout = \"2m\"", "not between 1s and 1m"),
        ("connections = 0", "from 4 to 1000"),
    ] {
        let said = refusal(&format!("[push]\n{line}\n"));
        assert!(said.contains("[push]: `") && said.contains(part) && !said.contains("hush"), "{said}");
    }
    let said = parse(SITE, &[("COURANT__PUSH__HUB", "yes")]).unwrap_err();
    assert!(said.contains("this takes true or false"), "{said}");
}

#[test]
fn a_password_is_never_shown() {
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
        let said = refusal(text);
        assert!(!said.contains("hu"), "{said}");
    }
}

#[test]
fn a_file_that_is_absent_no_text_or_no_toml_is_refused_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    let load = || Config::load(&path, std::iter::empty()).unwrap_err().to_string();
    assert!(load().ends_with("try `courant demo`, which needs none"));
    fs::write(&path, b"# a\n# \xff\n").unwrap();
    assert!(load().ends_with("config.toml:2: this is not UTF-8: save the file in that encoding"));
    fs::write(&path, "[site]\ntitle = \n").unwrap();
    let said = load();
    assert!(said.contains("config.toml:2: this is not TOML: ") && !said.contains("base_url"), "{said}");
    fs::write(&path, format!("a = {}", "[".repeat(100_000))).unwrap();
    assert!(load().contains("config.toml:1: this is not TOML: "));
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(
        text in any::<String>(),
        pieces in prop::collection::vec(prop::sample::select(vec![
            "[site]", "[[feeds]]", "[[sources]]", "[[digests]]", "[[transports]]", "name", "url", "kind", "was", "rate", "from", "=", "\"",
            "\n", "\n", "\n", "'", "[", "]", "{", "}", ",", ".", "x", "\"query\"", "\"smtp://é:1\"", "1", "-1", "true", "schedule", "\u{feff}",
        ]), 0..40),
        value in any::<String>(),
    ) {
        let keyed = keys::SECTIONS.iter().flat_map(|s| s.keys.iter().map(move |(key, _)| (s, key))).map(|(section, key)| {
            let header = if section.is_list { format!("[[{}]]", section.name) } else { format!("[{}]", section.name) };
            let value = serde_json::to_string(&value).unwrap_or_default();
            format!("{header}\nname = \"n\"\n{key} = {value}\n")
        });
        for text in [text, pieces.concat()].into_iter().chain(keyed) {
            if let Err(said) = parse(&text, &[("COURANT__FEEDS__N__TAGS", &value), ("COURANT__SITE__TITLE", &value)]) {
                prop_assert!(said.lines().all(|line| line.starts_with("/etc/courant/config.toml:") || line.starts_with("COURANT__")), "{}", said);
            }
        }
    }
}

#[test]
fn a_place_to_publish_to_is_a_folder_or_a_bucket_with_a_key() {
    let feeds = "[[feeds]]\nname = \"news\"\n[[feeds]]\nname = \"inner\"\nprivate = \"0123456789abcdef\"\n";
    let place = |text: &str| with_site(&format!("{feeds}[[publish]]\nname = \"web\"\n{text}"));
    let config = place("url = \"file://www\"").unwrap();
    let web = &config.publish[0];
    assert_eq!(web.place, Destination::Folder(PathBuf::from("/etc/courant/www")));
    assert!(web.gzip && web.archive);
    assert_eq!(config.published(web).iter().map(|feed| feed.name.as_str()).collect::<Vec<_>>(), ["news"]);

    let key = "access_key = \"a\"\nsecret_key = \"hush\"\n";
    for (text, address, prefix) in [
        ("url = \"s3://my-news/a/b/\"", "https://my-news.s3.us-east-1.amazonaws.com/", "a/b/"),
        ("url = \"s3://my.news\"\nregion = \"eu-west-1\"", "https://s3.eu-west-1.amazonaws.com/my.news", ""),
        ("url = \"s3://news\"\nendpoint = \"http://127.0.0.1:9000/\"", "http://127.0.0.1:9000/news", ""),
        ("url = \"s3://news\"\nendpoint = \"https://s3.example.edu/x\"\npath_style = false", "https://news.s3.example.edu/x", ""),
    ] {
        let config = place(&format!("{text}\n{key}")).unwrap();
        let Destination::Bucket(bucket) = &config.publish[0].place else { panic!("{text}") };
        assert_eq!((bucket.address.as_str(), bucket.prefix.as_str()), (address, prefix));
        assert!(!format!("{config:?}").contains("hush"));
    }
    for (text, part) in [
        ("url = \"ftp://x\"", "it begins with file:// or s3://"),
        ("url = \"s3://news\"", "`secret_key` is missing"),
        ("url = \"s3://no/../x\"", "is no bucket's name"),
        ("url = \"s3://news/../x\"", "can't begin the names of objects"),
        ("url = \"file://www\"\nregion = \"x\"", "it is for s3:// alone"),
        ("url = \"file://www\"\nfeeds = [\"new\"]", "did you mean `news`?"),
        (
            "url = \"s3://news\"\nendpoint = \"http://127.0.0.1\"\npath_style = false\naccess_key = \"a\"\nsecret_key = \"s\"",
            "path_style = true",
        ),
    ] {
        let why = place(text).unwrap_err();
        assert!(why.contains(part) && !why.contains("hush"), "{text}: {why}");
    }
    let said = parse(
        &format!("{SITE}{feeds}[[publish]]\nname = \"web\"\nurl = \"s3://news\"\naccess_key = \"a\"\n"),
        &[("COURANT__PUBLISH__WEB__SECRET_KEY", "hush")],
    );
    assert!(matches!(&said.unwrap().publish[0].place, Destination::Bucket(bucket) if bucket.secret_key == "hush"));
}
