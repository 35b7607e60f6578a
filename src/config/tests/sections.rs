//! Tests of the values that each section accepts and rejects.

use std::path::PathBuf;

use super::super::*;
use super::{SITE, error_of, parse, with_site};
use crate::domain::time::SECOND;

const QUERY: &str = "kind = \"query\"\nurl = \"sqlite://x.db\"\nquery = \"SELECT 1\"\n";

/// Asserts that each configuration causes one error, which contains the given part.
fn assert_rejected<'a>(cases: impl IntoIterator<Item = (String, &'a str)>) {
    for (text, part) in cases {
        let error = error_of(&text);
        assert!(error.contains(part), "{text}\n{error}");
        assert_eq!(error.lines().count(), 1, "{text}\n{error}");
    }
}

#[test]
fn invalid_sources_and_headers_are_rejected() {
    let source = "[[sources]]\nname = \"s\"\n";
    assert_rejected([
        (format!("{source}query = \"SELECT 1\""), "applies only to kind = \"query\""),
        (format!("{source}table_prefix = \"x_\""), "applies only to kinds wordpress and drupal"),
        (format!("{source}url = \"mysql://h/d\""), "is stored in Courant's own database"),
        (format!("{source}{QUERY}ids = \"source\""), "rows of kind query have no published ids"),
        (format!("{source}kind = \"query\"\nurl = \"sqlite://x.db\""), "`query` is missing"),
        (format!("{source}kind = \"wordpress\""), "`url` is missing"),
        (
            format!("{source}kind = \"wordpress\"\nurl = \"postgres://h/d\""),
            "must start with mysql://",
        ),
        (format!("{source}kind = \"wordpress\"\nurl = \"mysql://h/\""), "has no database name"),
        (format!("{source}article_url = \"https://x/{{id\""), "without a matching }"),
        (format!("{source}poll = \"0s\""), "must be between 1s and 1d"),
        (format!("{source}full_sync = \"2d\""), "must be between 1s and 1d"),
        (format!("{source}listen = \"news\""), "applies only to kinds query and drupal"),
        (
            format!(
                "{source}kind = \"query\"\nurl = \"sqlite://x.db\"\nquery = \"SELECT 1\"\nlisten = \"news\""
            ),
            "only PostgreSQL sends notifications",
        ),
        (format!("{source}was = [\"s\"]"), "is the current name"),
        (
            format!("{source}[[sources]]\nname = \"r\"\nwas = [\"s\"]"),
            "already a current or former name",
        ),
        (format!("{source}{source}"), "already a current or former name"),
        ("[[sources]]\nname = \"The Source\"".to_owned(), "for example `the-source`"),
        ("[[sources]]".to_owned(), "`name` is missing"),
        ("[sources]\nname = \"s\"".to_owned(), "start each table with [[sources]]"),
        ("[[server]]".to_owned(), "start it with [server]"),
    ]);
}

#[test]
fn invalid_feeds_addresses_and_database_urls_are_rejected() {
    assert_rejected(
        [
            ("[[feeds]]\nname = \"f\"\nitems = 0", "must be between 1 and 1000 (found 0)"),
            ("[[feeds]]\nname = \"f\"\nitems = \"50\"", "must be an integer (found a string)"),
            ("[[feeds]]\nname = \"f\"\ntags = \"a\"", "must be a list of strings"),
            (
                "[[feeds]]\nname = \"f\"\nlicence = []",
                "unknown key `licence`; expected one of name",
            ),
            ("[[feeds]]\nname = \"f\"\nmax_age = \"30s\"", "must be between 1m and 1d"),
            ("[[feeds]]\nname = \"f\"\nextra_xml = \"<a><b></a>\"", "not valid in a feed"),
            ("[[feeds]]\nname = \"f\"\nextra_xml = \"<itunes:type/>\"", "write xmlns:itunes="),
            ("[server]\nlisten = \"localhost:8080\"", "127.0.0.1:8080"),
            ("[database]\nurl = \"mysql://h/d\"", "sqlite:// or postgres://"),
            ("[database]\nurl = \"sqlite://:memory:\"", "has no file"),
        ]
        .map(|(text, part)| (text.to_owned(), part)),
    );
}

#[test]
fn invalid_transports_are_rejected() {
    let transport = "[[transports]]\nname = \"t\"\n";
    assert_rejected([
        (format!("{transport}url = \"smtp://u:p@h\""), "use the keys `username`"),
        (format!("{transport}url = \"smtp://h:99999\""), "port number"),
        (format!("{transport}url = \"http://h\""), "must start with smtp://"),
        (format!("{transport}url = \"file://\""), "has no directory"),
        (format!("{transport}url = \"smtps://h\"\nusername = \"u\""), "requires `password`"),
        (
            format!("{transport}url = \"smtp://h.example\"\ntls_ca = \"ca\""),
            "does not verify certificates",
        ),
        (format!("{transport}url = \"smtps://h\"\nrate = \"50\""), "is not a valid limit"),
        (format!("{transport}url = \"smtps://h\"\nrate = \"5/s, 6/s\""), "two limits"),
        (
            format!("{transport}url = \"smtps://h\"\nenvelope_from = \"N <a@b.example>\""),
            "`envelope_from`",
        ),
        (
            format!("{transport}url = \"smtps://h\"\nehlo = \"host\""),
            "is not a valid fully qualified host name",
        ),
        (
            format!("{transport}url = \"smtps://h\"\ndkim = \"s:k.pem\""),
            "must be a list of strings",
        ),
        (format!("{transport}url = \"smtps://h\"\ndkim = [\"k.pem\"]"), "write SELECTOR:FILE"),
        (format!("{transport}url = \"smtps://h\"\ndkim = [\"s: \"]"), "write SELECTOR:FILE"),
        (
            format!("{transport}url = \"smtps://h\"\ndkim = [\"s_1:k.pem\"]"),
            "`s_1` is not a valid selector",
        ),
        (
            format!("{transport}url = \"smtps://h\"\ndkim = [\"s:k.pem\", \"S:l.pem\"]"),
            "two keys have the selector `S`",
        ),
        (
            format!("{transport}url = \"smtps://h\"\ndkim_domain = \"example.edu\""),
            "requires `dkim`",
        ),
        (
            format!("{transport}url = \"smtps://h\"\ndkim = [\"s:k.pem\"]\ndkim_domain = \"edu\""),
            "`edu` is not a valid signing domain: the domain has no dot",
        ),
    ]);
}

#[test]
fn invalid_aliases_secrets_and_conflicts_are_rejected() {
    for (text, part) in [
        ("[[feeds]]\nname = \"f\"\naliases = [\"feed\"]".to_owned(), "write the former path and query"),
        ("[[feeds]]\nname = \"f\"\naliases = [\"/feeds/old.rss\"]".to_owned(), "is a path of this service itself"),
        ("[[feeds]]\nname = \"f\"\nprivate = \"guess-me\"".to_owned(), "must be hard to guess"),
        ("[[feeds]]\nname = \"tag\"\nprivate = \"0123456789abcdef\"".to_owned(), "a private feed cannot use it"),
        (
            "[[feeds]]\nname = \"f\"\naliases = [\"/rss\"]\n[[feeds]]\nname = \"g\"\naliases = [\"/rss/\"]".to_owned(),
            "already serves another feed",
        ),
        (
            "[[feeds]]\nname = \"f\"\naliases = [\"/?f=1&g=2\"]\n[[feeds]]\nname = \"g\"\naliases = [\"/?g=2&f=1\"]".to_owned(),
            "already serves another feed",
        ),
        (
            "[[publish]]\nname = \"a\"\nurl = \"file:///srv/x\"\n[[publish]]\nname = \"b\"\nurl = \"file:///srv/./x/\"".to_owned(),
            "\"a\" already publishes there",
        ),
        (
            format!(
                "[[sources]]\nname = \"s\"\n{}[database]\nurl = \"sqlite:///cms/./news.db?mode=rwc\"",
                QUERY.replace("sqlite://x.db", "sqlite:///cms/news.db")
            ),
            "the file is the database of source \"s\"",
        ),
        ("[server]\non_demand = \"yes\"".to_owned(), "must be true or false"),
    ] {
        let error = error_of(&text);
        assert!(error.contains(part), "{text}\n{error}");
    }
}

#[test]
fn ghost_paths_and_collections_are_written_as_in_its_routes_file() {
    let ghost = "[[sources]]\nname = \"s\"\nkind = \"ghost\"\nurl = \"sqlite://x.db\"\nsite_url = \"https://a.example\"\n";
    for (text, part) in [
        (format!("{ghost}permalinks = \"/{{slug}}/{{month\""), "without a matching }"),
        (format!("{ghost}permalinks = \"/{{year}}/\""), "neither {slug} nor {id}"),
        (
            format!("{ghost}permalinks = \"/{{tag}}/{{slug}}/\""),
            "unknown placeholder; expected one of slug, id",
        ),
        (
            format!(
                "{ghost}[[sources.collections]]\nfilter = \"tag:a+title:b\"\npermalink = \"/{{slug}}/\""
            ),
            "`filter`: `tag:a+title:b`, character 7: expected tag, author",
        ),
        (
            format!("{ghost}[[sources.collections]]\nfilter = \"tag:a\""),
            "[[sources.collections]]: `permalink` is missing",
        ),
        (
            format!(
                "{ghost}[[sources.collections]]\nlink = \"/{{slug}}/\"\npermalink = \"/{{slug}}/\""
            ),
            "[[sources.collections]]: unknown key `link`",
        ),
        (
            format!("{ghost}collections = \"/podcast/\""),
            "start each table with [[sources.collections]]",
        ),
    ] {
        let error = error_of(&text);
        assert!(error.contains(part), "{text}\n{error}");
        assert_eq!(error.lines().count(), 1, "{text}\n{error}");
    }
}

#[test]
fn keys_of_one_source_kind_are_rejected_for_other_kinds() {
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
            "must start with mysql:// or sqlite://",
        ),
        (
            format!("{source}site_url = \"https://a.example\""),
            "applies only to kinds wordpress, ghost and drupal",
        ),
        (
            format!("{source}files_url = \"https://a.example\""),
            "applies only to kinds wordpress and drupal",
        ),
        (
            format!("{ghost}article_url = \"https://a.example/{{id}}\""),
            "applies only to kinds query and builtin",
        ),
        (
            format!(
                "{source}kind = \"wordpress\"\nurl = \"mysql://h/d\"\narticle_url = \"https://a.example/{{id}}\""
            ),
            "set site_url if the site has another public URL",
        ),
        (format!("{source}members = \"full\""), "applies only to kind = \"ghost\""),
        (format!("{source}content_types = [\"news\"]"), "applies only to kind = \"drupal\""),
        (format!("{ghost}members = \"all\""), "not one of \"hidden\", \"preview\", \"full\""),
        (
            format!(
                "{source}kind = \"drupal\"\nurl = \"mysql://h/d\"\nsite_url = \"https://a.example\"\ncontent_types = [\"News item\"]"
            ),
            "is not a valid machine name",
        ),
    ] {
        let error = error_of(&text);
        assert!(error.contains(part), "{text}\n{error}");
        assert_eq!(error.lines().count(), 1, "{text}\n{error}");
    }
}

#[test]
fn websub_has_defaults_and_rejects_invalid_hubs_and_networks() {
    let minimal = with_site("").unwrap();
    assert_eq!(
        (
            minimal.websub.hub,
            minimal.websub.max_subscriptions,
            minimal.websub.timeout,
            minimal.hubs().len()
        ),
        (false, 10_000, 10 * SECOND, 0)
    );
    let text = "[websub]\nhub = true\nhubs = [\"https://Hub.example\"]\nallowed_networks = [\"10.0.0.0/8\", \"::1\"]\ntimeout = \"3s\"\n";
    let config = with_site(text).unwrap();
    assert_eq!(config.hubs(), ["https://news.example.edu/x/hub", "https://hub.example/"]);
    assert_eq!((config.websub.allowed_networks.len(), config.websub.timeout), (2, 3 * SECOND));
    let off = parse(
        &format!("{SITE}{text}"),
        &[("COURANT__WEBSUB__HUB", "false"), ("COURANT__WEBSUB__HUBS", "")],
    )
    .unwrap();
    assert!(off.hubs().is_empty());
    for (line, part) in [
        ("hub = \"yes\"", "must be true or false (found a string)"),
        ("hubs = [\"ftp://h\"]", "must start with http:// or https://"),
        ("hubs = [\"hub.example\"]", "is not a valid URL"),
        ("hubs = [\"https://u:hush@h.example\"]", "must not contain a user name"),
        ("allowed_networks = [\"10.0.0.1/8\"]", "write 10.0.0.0/8"),
        ("allowed_networks = [\"intranet\"]", "is not a valid network"),
        ("timeout = \"2m\"", "must be between 1s and 1m"),
        ("connections = 0", "must be between 4 and 1000"),
    ] {
        let error = error_of(&format!("[websub]\n{line}\n"));
        assert!(
            error.contains("[websub]: `") && error.contains(part) && !error.contains("hush"),
            "{error}"
        );
    }
    let error = parse(SITE, &[("COURANT__WEBSUB__HUB", "yes")]).unwrap_err();
    assert!(error.contains("the value must be true or false"), "{error}");
}

#[test]
fn a_publish_destination_is_a_directory_or_a_bucket_with_keys() {
    let feeds =
        "[[feeds]]\nname = \"news\"\n[[feeds]]\nname = \"inner\"\nprivate = \"0123456789abcdef\"\n";
    let publish = |text: &str| with_site(&format!("{feeds}[[publish]]\nname = \"web\"\n{text}"));
    let config = publish("url = \"file://www\"").unwrap();
    let web = &config.destinations[0];
    assert_eq!(web.target, PublishTarget::Directory(PathBuf::from("/etc/courant/www")));
    assert!(web.gzip && web.archive);
    assert_eq!(
        config.feeds_published_to(web).iter().map(|feed| feed.name.as_str()).collect::<Vec<_>>(),
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
        let config = publish(&format!("{text}\n{key}")).unwrap();
        let PublishTarget::Bucket(bucket) = &config.destinations[0].target else {
            panic!("{text}")
        };
        assert_eq!((bucket.url.as_str(), bucket.prefix.as_str()), (address, prefix));
        assert!(!format!("{config:?}").contains("hush"));
    }
    for (text, part) in [
        ("url = \"ftp://x\"", "must start with file:// or s3://"),
        ("url = \"s3://news\"", "`secret_key` is missing"),
        ("url = \"s3://no/../x\"", "is not a valid bucket name"),
        ("url = \"s3://news/../x\"", "is not a valid object prefix"),
        ("url = \"file://www\"\nregion = \"x\"", "applies only to s3:// URLs"),
        ("url = \"file://www\"\nfeeds = [\"new\"]", "did you mean `news`?"),
        (
            "url = \"s3://news\"\nendpoint = \"http://127.0.0.1\"\npath_style = false\naccess_key = \"a\"\nsecret_key = \"s\"",
            "path_style = true",
        ),
    ] {
        let reason = publish(text).unwrap_err();
        assert!(reason.contains(part) && !reason.contains("hush"), "{text}: {reason}");
    }
}

#[test]
fn the_environment_supplies_the_secret_key_of_a_bucket() {
    let text = "[[publish]]\nname = \"web\"\nurl = \"s3://news\"\naccess_key = \"a\"\n";
    let config =
        parse(&format!("{SITE}{text}"), &[("COURANT__PUBLISH__WEB__SECRET_KEY", "hush")]).unwrap();
    assert!(
        matches!(&config.destinations[0].target, PublishTarget::Bucket(bucket) if bucket.secret_key == "hush")
    );
}

#[test]
fn renamed_keys_and_sections_are_rejected_with_their_present_names() {
    let transport = "[[transports]]\nname = \"t\"\nurl = \"smtps://h\"\n";
    let source = "[[sources]]\nname = \"s\"\n";
    for (text, expected) in [
        (
            "[server]\nmade_feeds = \"x\"".to_owned(),
            "6: [server]: unknown key `made_feeds`; it was renamed to `feed_cache_dir`",
        ),
        (
            "[server]\ngeneric_types = true".to_owned(),
            "6: [server]: unknown key `generic_types`; it was renamed to `browser_content_types`",
        ),
        ("[push]\nhub = true".to_owned(), "5: unknown section `push`; it was renamed to `websub`"),
        (
            "[websub]\nallow = []".to_owned(),
            "6: [websub]: unknown key `allow`; it was renamed to `allowed_networks`",
        ),
        (
            format!("{source}compare = \"1h\""),
            "7: [[sources]] s: unknown key `compare`; it was renamed to `full_sync`",
        ),
        (
            format!("{transport}domains = []"),
            "8: [[transports]] t: unknown key `domains`; it was renamed to `domain_limits`",
        ),
        (
            format!("{transport}shares = \"u\""),
            "8: [[transports]] t: unknown key `shares`; it was renamed to `pool`",
        ),
        (
            format!("{transport}weight = 0"),
            "8: [[transports]] t: `weight`: 0 no longer declares a standby; write `standby = true` instead",
        ),
    ] {
        assert_eq!(error_of(&text), format!("/etc/courant/config.toml:{expected}"));
    }
    let variables = [("COURANT__PUSH__HUB", "true"), ("COURANT__SERVER__MADE_FEEDS", "x")];
    assert_eq!(
        parse(SITE, &variables).unwrap_err(),
        "COURANT__PUSH__HUB: unknown section `push`; it was renamed to `websub`\n\
         COURANT__SERVER__MADE_FEEDS: unknown key `made_feeds`; it was renamed to `feed_cache_dir`"
    );
}
