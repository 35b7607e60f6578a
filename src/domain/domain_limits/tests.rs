//! Tests of the limit that applies to a domain.

use proptest::prelude::*;

use super::*;
use crate::domain::time::{DAY, SECOND};

fn limits(lines: &[&str]) -> Result<DomainLimits, String> {
    DomainLimits::with_defaults(
        &lines.iter().map(|line| LimitRule::parse(line)).collect::<Result<Vec<_>, _>>()?,
    )
}

fn shown(limits: &DomainLimits, domain: &str) -> String {
    limits.limit_for(domain).map_or("none".to_owned(), |limit| {
        let max_concurrent =
            limit.max_concurrent.map_or(String::new(), |n| format!("{n} at once "));
        format!(
            "{}: {max_concurrent}{}",
            limit.key,
            limit.rates.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
        )
        .trim_end()
        .to_owned()
    })
}

#[test]
fn only_large_providers_have_default_limits() {
    let limits = limits(&[]).unwrap();
    for (domain, limit) in [
        ("gmail.com", "google: 10 at once 50/s"),
        ("googlemail.com", "google: 10 at once 50/s"),
        ("hotmail.co.uk", "microsoft: 10 at once 30/s"),
        ("foxmail.com", "tencent: 2 at once 5/s"),
        ("126.com", "netease: 2 at once 5/s"),
        ("example.edu", "none"),
        ("mail.gmail.com", "none"),
        ("yahoo.co.jp", "none"),
        ("google", "none"),
    ] {
        assert_eq!(shown(&limits, domain), limit, "{domain}");
    }
}

#[test]
fn a_rule_replaces_the_default_of_the_named_domains_only() {
    let limits = limits(&[
        "GMail.com, bücher.example: 3 at once, 5/s, 20000/d",
        "hotmail.com: none",
        "*: 1 at once",
    ])
    .unwrap();
    let own = limits.limit_for("gmail.com").unwrap();
    let rates = [Rate { messages: 5, span: SECOND }, Rate { messages: 20_000, span: DAY }];
    assert_eq!((own.key, own.max_concurrent, own.rates), ("gmail.com", Some(3), &rates[..]));
    assert_eq!(limits.limit_for("xn--bcher-kva.example"), Some(own));
    for (domain, limit) in [
        ("googlemail.com", "google: 10 at once 50/s"),
        ("hotmail.com", "none"),
        ("outlook.com", "microsoft: 10 at once 30/s"),
        ("example.edu", "example.edu: 1 at once"),
        ("example.org", "example.org: 1 at once"),
    ] {
        assert_eq!(shown(&limits, domain), limit, "{domain}");
    }
}

#[test]
fn a_rule_for_a_domain_overrides_a_rule_for_its_provider() {
    for lines in [
        ["microsoft, yahoo: 7/m", "live.com: 9 at once"],
        ["live.com: 9 at once", "Microsoft, yahoo: 7/m"],
    ] {
        let limits = limits(&lines).unwrap();
        assert_eq!(shown(&limits, "outlook.com"), "microsoft: 7/m");
        assert_eq!(shown(&limits, "aol.com"), "microsoft: 7/m");
        assert_eq!(shown(&limits, "live.com"), "live.com: 9 at once");
    }
}

#[test]
fn none_removes_all_default_limits() {
    let limits = limits(&["none", "qq.com: 2 at once"]).unwrap();
    assert_eq!(
        ["gmail.com", "foxmail.com", "qq.com"].map(|d| shown(&limits, d)),
        ["none", "none", "qq.com: 2 at once"]
    );
    let plain =
        DomainLimits::from_rules(&[LimitRule::parse("qq.com: 2 at once").unwrap()]).unwrap();
    assert_eq!(["gmail.com", "qq.com"].map(|d| shown(&plain, d)), ["none", "qq.com: 2 at once"]);
}

#[test]
fn invalid_rules_are_rejected_with_a_remedy() {
    for (lines, part) in [
        (&["gmail.com"][..], "write domains, a colon and limits"),
        (&[""], "write domains, a colon and limits"),
        (&["gmail.com:"], "is not a valid limit; write for example \"10 at once\""),
        (&["gmail.com: 10"], "is not a valid limit; write for example \"10 at once\""),
        (&["gmail.com: 0 at once"], "from 1 to 10000; write"),
        (&["gmail.com: 2 at once, 3 at once"], "of the same kind; keep one"),
        (&["gmail.com: 5/s, 6/s"], "of the same kind; keep one"),
        (&["gmail.com: 5/s, none"], "is not a valid limit"),
        (&["gogle: 5/s"], "nor one of the providers google, microsoft"),
        (&["*.edu: 5/s"], "write the part after the @"),
        (&["ann@gmail.com: 5/s"], "write the part after the @"),
        (&["gmail.com, : 5/s"], "write the part after the @"),
        (&["gmail.com, *: 5/s"], "`*` cannot be combined"),
        (&["gmail.com, GMAIL.com: 5/s"], "is named twice"),
        (&["gmail.com: 5/s", "qq.com, gmail.com: 6/s"], "`gmail.com` has two rules"),
        (&["*: 5/s", "*: 6/s"], "`*` has two rules"),
    ] {
        let error = limits(lines).unwrap_err();
        assert!(error.contains(part), "{lines:?}: {error}");
    }
}

#[test]
fn no_domain_belongs_to_two_providers_and_all_are_normalized() {
    let mut seen = BTreeSet::new();
    for provider in PROVIDERS {
        assert!(!provider.name.contains('.') && provider.name == provider.name.to_lowercase());
        for domain in provider.domains {
            assert_eq!(ascii_domain(domain).as_deref(), Ok(*domain));
            assert!(seen.insert(*domain), "{domain}");
        }
    }
}

#[test]
fn the_docs_list_the_default_limit_of_every_provider() {
    let operating = include_str!("../../../docs/operating.md");
    for provider in PROVIDERS {
        let line = operating
            .lines()
            .find(|line| line.starts_with('|') && line.contains(&format!("`{}`", provider.name)));
        let limit = provider.limit();
        let limit = format!("{} at once, {}", limit.max_concurrent.unwrap(), limit.rates[0]);
        assert!(
            line.is_some_and(|line| line.contains(&limit) && line.contains(provider.domains[0])),
            "{}: {limit}",
            provider.name
        );
    }
}

proptest! {
    #[test]
    fn arbitrary_text_never_panics(text in any::<String>(), names in any::<String>(), domain in any::<String>()) {
        for line in [text.clone(), format!("{names}: {text}"), format!("gmail.com: {text} at once")] {
            if let Ok(rule) = LimitRule::parse(&line) {
                let _ = DomainLimits::with_defaults(&[rule]).unwrap().limit_for(&domain);
            }
        }
    }
}
