//! Large mailbox providers and their domains, with conservative default limits.
//!
//! The numbers are estimates, because most providers publish none. `docs/operating.md` lists them.

use super::limit::Limit;
use crate::domain::rate::Rate;
use crate::domain::time::SECOND;

/// A mailbox provider, which applies its limits to all of its domains together.
pub(super) struct Provider {
    /// Name in a rule; without a dot, so that it differs from a domain.
    pub(super) name: &'static str,
    /// Maximum number of messages in flight per node.
    max_concurrent: u32,
    /// Maximum number of messages per second across all nodes.
    per_second: i64,
    /// Domains in lower-case ASCII; no two providers have the same.
    pub(super) domains: &'static [&'static str],
}

impl Provider {
    pub(super) fn limit(&self) -> Limit {
        Limit {
            max_concurrent: Some(self.max_concurrent),
            rates: vec![Rate { messages: self.per_second, span: SECOND }],
        }
    }
}

const fn provider(
    name: &'static str,
    max_concurrent: u32,
    per_second: i64,
    domains: &'static [&'static str],
) -> Provider {
    Provider { name, max_concurrent, per_second, domains }
}

/// All providers with default limits.
pub(super) const PROVIDERS: &[Provider] = &[
    provider("google", 10, 50, &["gmail.com", "googlemail.com"]),
    provider("microsoft", 10, 30, MICROSOFT),
    provider("yahoo", 5, 20, YAHOO),
    provider("apple", 5, 20, &["icloud.com", "me.com", "mac.com"]),
    provider("tencent", 2, 5, &["qq.com", "vip.qq.com", "foxmail.com"]),
    provider(
        "netease",
        2,
        5,
        &["163.com", "126.com", "yeah.net", "188.com", "vip.163.com", "vip.126.com", "vip.188.com"],
    ),
    provider("sina", 2, 5, &["sina.com", "sina.cn", "vip.sina.com", "vip.sina.cn"]),
    provider("sohu", 2, 5, &["sohu.com", "vip.sohu.com"]),
    provider("aliyun", 2, 5, &["aliyun.com"]),
    provider("chinamobile", 2, 5, &["139.com"]),
    provider("chinatelecom", 2, 5, &["189.cn"]),
    provider(
        "gmx",
        5,
        10,
        &[
            "gmx.de",
            "gmx.net",
            "gmx.at",
            "gmx.ch",
            "gmx.com",
            "gmx.co.uk",
            "gmx.fr",
            "web.de",
            "mail.com",
        ],
    ),
    provider("tonline", 2, 5, &["t-online.de", "magenta.de"]),
    provider(
        "mailru",
        5,
        10,
        &["mail.ru", "inbox.ru", "list.ru", "bk.ru", "internet.ru", "xmail.ru"],
    ),
    provider(
        "yandex",
        5,
        10,
        &["yandex.ru", "yandex.com", "yandex.by", "yandex.kz", "yandex.ua", "ya.ru", "narod.ru"],
    ),
    provider("proton", 5, 10, &["proton.me", "protonmail.com", "protonmail.ch", "pm.me"]),
    provider("orange", 2, 5, &["orange.fr", "wanadoo.fr"]),
    provider("comcast", 5, 10, &["comcast.net"]),
    provider("naver", 5, 10, &["naver.com"]),
];

const MICROSOFT: &[&str] = &[
    "outlook.com",
    "hotmail.com",
    "live.com",
    "msn.com",
    "windowslive.com",
    "passport.com",
    "outlook.at",
    "outlook.be",
    "outlook.cl",
    "outlook.co.id",
    "outlook.co.th",
    "outlook.com.ar",
    "outlook.com.au",
    "outlook.com.br",
    "outlook.com.gr",
    "outlook.com.tr",
    "outlook.com.vn",
    "outlook.cz",
    "outlook.de",
    "outlook.dk",
    "outlook.es",
    "outlook.fr",
    "outlook.hu",
    "outlook.ie",
    "outlook.in",
    "outlook.it",
    "outlook.jp",
    "outlook.kr",
    "outlook.ph",
    "outlook.pt",
    "outlook.sa",
    "outlook.sg",
    "hotmail.be",
    "hotmail.ca",
    "hotmail.ch",
    "hotmail.co.jp",
    "hotmail.co.th",
    "hotmail.co.uk",
    "hotmail.com.ar",
    "hotmail.com.br",
    "hotmail.com.tr",
    "hotmail.de",
    "hotmail.es",
    "hotmail.fr",
    "hotmail.it",
    "hotmail.nl",
    "hotmail.se",
    "live.at",
    "live.be",
    "live.ca",
    "live.cn",
    "live.co.uk",
    "live.com.au",
    "live.com.mx",
    "live.de",
    "live.dk",
    "live.fr",
    "live.hk",
    "live.ie",
    "live.in",
    "live.it",
    "live.jp",
    "live.nl",
    "live.no",
    "live.ru",
    "live.se",
];

/// Yahoo's domains without yahoo.co.jp, which belongs to another company.
const YAHOO: &[&str] = &[
    "yahoo.com",
    "ymail.com",
    "rocketmail.com",
    "myyahoo.com",
    "aol.com",
    "aim.com",
    "aol.co.uk",
    "aol.de",
    "aol.fr",
    "verizon.net",
    "att.net",
    "sbcglobal.net",
    "bellsouth.net",
    "yahoo.at",
    "yahoo.ca",
    "yahoo.co.id",
    "yahoo.co.in",
    "yahoo.co.nz",
    "yahoo.co.th",
    "yahoo.co.uk",
    "yahoo.com.ar",
    "yahoo.com.au",
    "yahoo.com.br",
    "yahoo.com.hk",
    "yahoo.com.mx",
    "yahoo.com.my",
    "yahoo.com.ph",
    "yahoo.com.sg",
    "yahoo.com.tr",
    "yahoo.com.tw",
    "yahoo.com.vn",
    "yahoo.de",
    "yahoo.dk",
    "yahoo.es",
    "yahoo.fr",
    "yahoo.gr",
    "yahoo.ie",
    "yahoo.in",
    "yahoo.it",
    "yahoo.no",
    "yahoo.pl",
    "yahoo.ro",
    "yahoo.se",
];
