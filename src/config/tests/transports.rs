//! Tests of limits, pools and signing keys of transports.

use super::super::*;
use super::{SITE, error_of, parse, with_site};

#[test]
fn invalid_limits_and_pools_are_rejected() {
    let transport = "[[transports]]\nname = \"t\"\n";
    for (text, part) in [
        (
            format!("{transport}url = \"smtps://h\"\nmessages_per_connection = 0"),
            "must be between 1 and 100000 (found 0)",
        ),
        (format!("{transport}url = \"smtps://h\"\nwarm_up = \"200/d\""), "200/d to 20000/d in 30d"),
        (
            format!("{transport}url = \"smtps://h\"\nwarm_up = \"200/d to 100/d in 30d\""),
            "a warm-up must grow",
        ),
        (
            format!("{transport}url = \"smtps://h\"\ndomain_limits = [\"gmail.com\"]"),
            "write domains, a colon and limits",
        ),
        (
            format!("{transport}url = \"smtps://h\"\ndomain_limits = [\"gmail.com: 50\"]"),
            "write for example \"10 at once\"",
        ),
        (
            format!(
                "{transport}url = \"smtps://h\"\ndomain_limits = [\"gmail.com: 5/s\", \"gmail.com: 6/s\"]"
            ),
            "has two rules",
        ),
        (
            format!("{transport}url = \"smtps://h\"\nweight = 1001"),
            "must be between 1 and 1000 (found 1001)",
        ),
        (format!("{transport}url = \"smtps://h\"\nweight = 0"), "write `standby = true` instead"),
        (
            format!("{transport}url = \"smtps://h\"\nstandby = true"),
            "no other transport sends its messages",
        ),
        (format!("{transport}url = \"smtps://h\"\npool = \"t\""), "cannot join its own pool"),
        (
            format!("{transport}url = \"smtps://h\"\npool = \"other\""),
            "no [[transports]] with the name `other`",
        ),
        (
            format!(
                "{transport}url = \"smtps://h\"\n[[transports]]\nname = \"u\"\nurl = \"smtps://h\"\npool = \"t\"\n\
                     [[transports]]\nname = \"v\"\nurl = \"smtps://h\"\npool = \"u\""
            ),
            "`u` is itself in the pool of `t`",
        ),
    ] {
        let error = error_of(&text);
        assert!(error.contains(part), "{text}\n{error}");
        assert_eq!(error.lines().count(), 1, "{text}\n{error}");
    }
}

#[test]
fn transports_have_limits_and_pools() {
    let text = format!(
        "{SITE}[[transports]]\nname = \"main\"\nurl = \"smtps://h\"\nstandby = true\nwarm_up = \"200/d to 20000/d in 30d\"\n\
         messages_per_connection = 20\ndomain_limits = [\"gmail.com: 3 at once\", \"*: 2/s\"]\n\
         [[transports]]\nname = \"second\"\nurl = \"smtps://h\"\nweight = 3\npool = \"main\"\n\
         [[transports]]\nname = \"outbox\"\nurl = \"file://outbox\"\n"
    );
    let lines = r#"["gmail.com, qq.com: 4 at once, 5/s", "google: none"]"#;
    let config = parse(&text, &[("COURANT__TRANSPORTS__SECOND__DOMAIN_LIMITS", lines)]).unwrap();
    let [main, second, outbox] = &config.transports[..] else { panic!("three transports") };
    let at_once = |transport: &Transport, domain: &str| {
        transport.domain_limits.limit_for(domain).and_then(|limit| limit.max_concurrent)
    };
    assert_eq!(
        (main.standby, main.messages_per_connection, main.warm_up.map(|warmup| warmup.days)),
        (true, 20, Some(30))
    );
    assert_eq!(
        (at_once(main, "gmail.com"), at_once(main, "googlemail.com"), at_once(main, "example.edu")),
        (Some(3), Some(10), None)
    );
    assert_eq!(main.domain_limits.limit_for("example.edu").map(|limit| limit.rates.len()), Some(1));
    assert_eq!(
        (second.weight, second.pool.as_deref(), second.messages_per_connection),
        (3, Some("main"), 500)
    );
    assert_eq!((at_once(second, "qq.com"), at_once(second, "foxmail.com")), (Some(4), Some(2)));
    assert!(second.domain_limits.limit_for("googlemail.com").is_none() && second.warm_up.is_none());
    assert!(
        outbox.domain_limits.limit_for("gmail.com").is_none(),
        "a directory has no default limits"
    );

    let error = parse(
        &text,
        &[("COURANT__TRANSPORTS__SECOND__DOMAIN_LIMITS", "gmail.com, qq.com: 4 at once, 5/s")],
    )
    .unwrap_err();
    assert!(
        error.contains("for example [\"gmail.com, googlemail.com: 10 at once, 50/s\""),
        "{error}"
    );
}

#[test]
fn dkim_keys_have_locations_and_their_domain_is_aligned_with_the_sender() {
    let with = |domain: &str, from: &str| {
        with_site(&format!(
            "[[digests]]\nname = \"d\"\nschedule = \"0 8 * * MON\"\nfrom = \"{from}\"\n\
             [[transports]]\nname = \"default\"\nurl = \"smtps://h\"\ndkim = [\n  \"a:k/a.pem\",\n  \"b.c:/k/b.pem\"]\ndkim_domain = \"{domain}\"\n"
        ))
    };
    let transport =
        with("Example.EDU", "News <news@mail.example.edu>").unwrap().transports.remove(0);
    let location =
        |line| format!("/etc/courant/config.toml:{line}: [[transports]] default: `dkim`");
    let key = |selector: &str, file: &str, line: usize| DkimKey {
        selector: selector.into(),
        file: file.into(),
        location: location(line),
    };
    assert_eq!(transport.dkim, [key("a", "/etc/courant/k/a.pem", 13), key("b.c", "/k/b.pem", 14)]);
    assert_eq!(transport.dkim_domain.as_deref(), Some("example.edu"));
    assert!(with("", "news@example.edu").unwrap().transports[0].dkim_domain.is_none());
    for (domain, from) in [
        ("mail.example.edu", "news@example.edu"),
        ("ample.edu", "news@example.edu"),
        ("example.com", "news@example.edu"),
    ] {
        let error = with(domain, from).unwrap_err();
        let begin = format!(
            "/etc/courant/config.toml:15: [[transports]] default: `dkim_domain`: digest d is sent from {from}"
        );
        assert!(
            error.starts_with(&begin) && error.contains("write example.edu or a parent domain"),
            "{error}"
        );
    }
}
