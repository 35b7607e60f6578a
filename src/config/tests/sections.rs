//! What each section of a configuration takes, and what it refuses.

use std::path::PathBuf;

use super::super::*;
use super::{SITE, parse, refusal, with_site};
use crate::domain::time::SECOND;

const QUERY: &str = "kind = \"query\"\nurl = \"sqlite://x.db\"\nquery = \"SELECT 1\"\n";

#[test]
fn values_that_cannot_work_are_refused() {
    let source = "[[sources]]\nname = \"s\"\n";
    let transport = "[[transports]]\nname = \"t\"\n";
    for (text, part) in [
        (format!("{source}query = \"SELECT 1\""), "only kind = \"query\" has one"),
        (format!("{source}table_prefix = \"x_\""), "only kinds wordpress and drupal have one"),
        (format!("{source}url = \"mysql://h/d\""), "is kept in our own database"),
        (
            format!("{source}{QUERY}ids = \"source\""),
            "only kinds wordpress, ghost and drupal have ids",
        ),
        (format!("{source}kind = \"query\"\nurl = \"sqlite://x.db\""), "`query` is missing"),
        (format!("{source}kind = \"wordpress\""), "`url` is missing"),
        (format!("{source}kind = \"wordpress\"\nurl = \"postgres://h/d\""), "begins with mysql://"),
        (format!("{source}kind = \"wordpress\"\nurl = \"mysql://h/\""), "names no database"),
        (format!("{source}article_url = \"https://x/{{id\""), "without its }"),
        (format!("{source}poll = \"0s\""), "not between"),
        (format!("{source}compare = \"2d\""), "not between"),
        (format!("{source}listen = \"news\""), "only kinds query and drupal"),
        (
            format!(
                "{source}kind = \"query\"\nurl = \"sqlite://x.db\"\nquery = \"SELECT 1\"\nlisten = \"news\""
            ),
            "only PostgreSQL notifies",
        ),
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
        (
            "[[feeds]]\nname = \"f\"\nextra_xml = \"<a><b></a>\"".to_owned(),
            "this can't stand in a feed",
        ),
        (
            "[[feeds]]\nname = \"f\"\nextra_xml = \"<itunes:type/>\"".to_owned(),
            "write xmlns:itunes=",
        ),
        ("[server]\nlisten = \"localhost:8080\"".to_owned(), "127.0.0.1:8080"),
        ("[database]\nurl = \"mysql://h/d\"".to_owned(), "sqlite:// or postgres://"),
        ("[database]\nurl = \"sqlite://:memory:\"".to_owned(), "names no file"),
        (format!("{transport}url = \"smtp://u:p@h\""), "keys of their own"),
        (format!("{transport}url = \"smtp://h:99999\""), "port number"),
        (format!("{transport}url = \"http://h\""), "it begins with smtp://"),
        (format!("{transport}url = \"file://\""), "names no folder"),
        (format!("{transport}url = \"smtps://h\"\nusername = \"u\""), "together with `password`"),
        (
            format!("{transport}url = \"smtp://h.example\"\ntls_ca = \"ca\""),
            "verifies no certificate",
        ),
        (format!("{transport}url = \"smtps://h\"\nrate = \"50\""), "is no limit"),
        (format!("{transport}url = \"smtps://h\"\nrate = \"5/s, 6/s\""), "two limits"),
        (
            format!("{transport}url = \"smtps://h\"\nenvelope_from = \"N <a@b.example>\""),
            "`envelope_from`",
        ),
        (format!("{transport}url = \"smtps://h\"\nehlo = \"host\""), "no host name"),
        (format!("{transport}url = \"smtps://h\"\ndkim = \"s:k.pem\""), "takes a list of texts"),
        (format!("{transport}url = \"smtps://h\"\ndkim = [\"k.pem\"]"), "write SELECTOR:FILE"),
        (format!("{transport}url = \"smtps://h\"\ndkim = [\"s: \"]"), "write SELECTOR:FILE"),
        (format!("{transport}url = \"smtps://h\"\ndkim = [\"s_1:k.pem\"]"), "`s_1` is no selector"),
        (
            format!("{transport}url = \"smtps://h\"\ndkim = [\"s:k.pem\", \"S:l.pem\"]"),
            "two keys have the selector `S`",
        ),
        (
            format!("{transport}url = \"smtps://h\"\ndkim_domain = \"example.edu\""),
            "together with `dkim`",
        ),
        (
            format!("{transport}url = \"smtps://h\"\ndkim = [\"s:k.pem\"]\ndkim_domain = \"edu\""),
            "`edu` can't sign: its domain has no dot",
        ),
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
        ("[[feeds]]\nname = \"tag\"\nprivate = \"0123456789abcdef\"".to_owned(), "a private feed can't be there"),
        (
            "[[feeds]]\nname = \"f\"\naliases = [\"/rss\"]\n[[feeds]]\nname = \"g\"\naliases = [\"/rss/\"]".to_owned(),
            "serves another feed already",
        ),
        (
            "[[feeds]]\nname = \"f\"\naliases = [\"/?f=1&g=2\"]\n[[feeds]]\nname = \"g\"\naliases = [\"/?g=2&f=1\"]".to_owned(),
            "serves another feed already",
        ),
        (
            "[[publish]]\nname = \"a\"\nurl = \"file:///srv/x\"\n[[publish]]\nname = \"b\"\nurl = \"file:///srv/./x/\"".to_owned(),
            "\"a\" publishes there already",
        ),
        (
            format!(
                "[[sources]]\nname = \"s\"\n{}[database]\nurl = \"sqlite:///cms/./news.db?mode=rwc\"",
                QUERY.replace("sqlite://x.db", "sqlite:///cms/news.db")
            ),
            "this is the file of source \"s\", which is only read",
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
    let ghost = format!(
        "{source}kind = \"ghost\"\nurl = \"sqlite://x.db\"\nsite_url = \"https://a.example\"\n"
    );
    for (text, part) in [
        (format!("{source}kind = \"ghost\"\nurl = \"sqlite://x.db\""), "`site_url` is missing"),
        (
            format!(
                "{source}kind = \"ghost\"\nsite_url = \"https://a.example\"\nurl = \"postgres://h/d\""
            ),
            "begins with mysql:// or sqlite://",
        ),
        (
            format!("{source}site_url = \"https://a.example\""),
            "only kinds ghost and drupal have one",
        ),
        (format!("{source}members = \"full\""), "only kind = \"ghost\" has it"),
        (format!("{source}content_types = [\"news\"]"), "only kind = \"drupal\" has it"),
        (format!("{ghost}permalinks = \"/{{slug}}/{{month\""), "without its }"),
        (format!("{ghost}permalinks = \"/{{year}}/\""), "neither {slug} nor {id}"),
        (format!("{ghost}permalinks = \"/{{tag}}/{{slug}}/\""), "more in braces than slug, id"),
        (format!("{ghost}members = \"all\""), "not one of \"hidden\", \"preview\", \"full\""),
        (
            format!(
                "{source}kind = \"drupal\"\nurl = \"mysql://h/d\"\nsite_url = \"https://a.example\"\ncontent_types = [\"News item\"]"
            ),
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
        (
            format!("{transport}url = \"smtps://h\"\nmessages_per_connection = 0"),
            "from 1 to 100000, not 0",
        ),
        (format!("{transport}url = \"smtps://h\"\nwarm_up = \"200/d\""), "200/d to 20000/d in 30d"),
        (
            format!("{transport}url = \"smtps://h\"\nwarm_up = \"200/d to 100/d in 30d\""),
            "a warming-up grows",
        ),
        (
            format!("{transport}url = \"smtps://h\"\ndomains = [\"gmail.com\"]"),
            "write domains, a colon and limits",
        ),
        (
            format!("{transport}url = \"smtps://h\"\ndomains = [\"gmail.com: 50\"]"),
            "write \"10 at once\"",
        ),
        (
            format!(
                "{transport}url = \"smtps://h\"\ndomains = [\"gmail.com: 5/s\", \"gmail.com: 6/s\"]"
            ),
            "has two lines",
        ),
        (format!("{transport}url = \"smtps://h\"\nweight = 1001"), "from 0 to 1000, not 1001"),
        (
            format!("{transport}url = \"smtps://h\"\nweight = 0"),
            "no other transport carries its mail",
        ),
        (format!("{transport}url = \"smtps://h\"\nshares = \"t\""), "names this transport itself"),
        (
            format!("{transport}url = \"smtps://h\"\nshares = \"other\""),
            "no [[transports]] with the name `other`",
        ),
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
    let at_once = |transport: &Transport, domain: &str| {
        transport.domains.of(domain).and_then(|limit| limit.at_once)
    };
    assert_eq!(
        (main.weight, main.messages_per_connection, main.warm_up.map(|ramp| ramp.days)),
        (0, 20, Some(30))
    );
    assert_eq!(
        (at_once(main, "gmail.com"), at_once(main, "googlemail.com"), at_once(main, "example.edu")),
        (Some(3), Some(10), None)
    );
    assert_eq!(main.domains.of("example.edu").map(|limit| limit.rates.len()), Some(1));
    assert_eq!(
        (second.weight, second.shares.as_deref(), second.messages_per_connection),
        (3, Some("main"), 500)
    );
    assert_eq!((at_once(second, "qq.com"), at_once(second, "foxmail.com")), (Some(4), Some(2)));
    assert!(second.domains.of("googlemail.com").is_none() && second.warm_up.is_none());
    assert!(outbox.domains.of("gmail.com").is_none(), "a folder is as fast as it can be");

    let said = parse(
        &text,
        &[("COURANT__TRANSPORTS__SECOND__DOMAINS", "gmail.com, qq.com: 4 at once, 5/s")],
    )
    .unwrap_err();
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
    let transport =
        with("Example.EDU", "News <news@mail.example.edu>").unwrap().transports.remove(0);
    let place = |line| format!("/etc/courant/config.toml:{line}: [[transports]] default: `dkim`");
    let key = |selector: &str, file: &str, line: usize| DkimKey {
        selector: selector.into(),
        file: file.into(),
        place: place(line),
    };
    assert_eq!(transport.dkim, [key("a", "/etc/courant/k/a.pem", 13), key("b.c", "/k/b.pem", 14)]);
    assert_eq!(transport.dkim_domain.as_deref(), Some("example.edu"));
    assert!(with("", "news@example.edu").unwrap().transports[0].dkim_domain.is_none());
    for (domain, from) in [
        ("mail.example.edu", "news@example.edu"),
        ("ample.edu", "news@example.edu"),
        ("example.com", "news@example.edu"),
    ] {
        let said = with(domain, from).unwrap_err();
        let begin = format!(
            "/etc/courant/config.toml:15: [[transports]] default: `dkim_domain`: digest d is from {from}"
        );
        assert!(
            said.starts_with(&begin) && said.contains("write example.edu, a domain above it"),
            "{said}"
        );
    }
}

#[test]
fn push_has_defaults_takes_hubs_and_networks_and_refuses_what_cannot_work() {
    let least = with_site("").unwrap();
    assert_eq!(
        (least.push.hub, least.push.subscriptions, least.push.timeout, least.hubs().len()),
        (false, 10_000, 10 * SECOND, 0)
    );
    let text = "[push]\nhub = true\nhubs = [\"https://Hub.example\"]\nallow = [\"10.0.0.0/8\", \"::1\"]\ntimeout = \"3s\"\n";
    let config = with_site(text).unwrap();
    assert_eq!(config.hubs(), ["https://news.example.edu/x/hub", "https://hub.example/"]);
    assert_eq!((config.push.allow.len(), config.push.timeout), (2, 3 * SECOND));
    let off = parse(
        &format!("{SITE}{text}"),
        &[("COURANT__PUSH__HUB", "false"), ("COURANT__PUSH__HUBS", "")],
    )
    .unwrap();
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
        assert!(
            said.contains("[push]: `") && said.contains(part) && !said.contains("hush"),
            "{said}"
        );
    }
    let said = parse(SITE, &[("COURANT__PUSH__HUB", "yes")]).unwrap_err();
    assert!(said.contains("this takes true or false"), "{said}");
}

#[test]
fn a_place_to_publish_to_is_a_folder_or_a_bucket_with_a_key() {
    let feeds =
        "[[feeds]]\nname = \"news\"\n[[feeds]]\nname = \"inner\"\nprivate = \"0123456789abcdef\"\n";
    let place = |text: &str| with_site(&format!("{feeds}[[publish]]\nname = \"web\"\n{text}"));
    let config = place("url = \"file://www\"").unwrap();
    let web = &config.publish[0];
    assert_eq!(web.place, Destination::Folder(PathBuf::from("/etc/courant/www")));
    assert!(web.gzip && web.archive);
    assert_eq!(
        config.published(web).iter().map(|feed| feed.name.as_str()).collect::<Vec<_>>(),
        ["news"]
    );

    let key = "access_key = \"a\"\nsecret_key = \"hush\"\n";
    for (text, address, prefix) in [
        ("url = \"s3://my-news/a/b/\"", "https://my-news.s3.us-east-1.amazonaws.com/", "a/b/"),
        (
            "url = \"s3://my.news\"\nregion = \"eu-west-1\"",
            "https://s3.eu-west-1.amazonaws.com/my.news",
            "",
        ),
        (
            "url = \"s3://news\"\nendpoint = \"http://127.0.0.1:9000/\"",
            "http://127.0.0.1:9000/news",
            "",
        ),
        (
            "url = \"s3://news\"\nendpoint = \"https://s3.example.edu/x\"\npath_style = false",
            "https://news.s3.example.edu/x",
            "",
        ),
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
        &format!(
            "{SITE}{feeds}[[publish]]\nname = \"web\"\nurl = \"s3://news\"\naccess_key = \"a\"\n"
        ),
        &[("COURANT__PUBLISH__WEB__SECRET_KEY", "hush")],
    );
    assert!(
        matches!(&said.unwrap().publish[0].place, Destination::Bucket(bucket) if bucket.secret_key == "hush")
    );
}
