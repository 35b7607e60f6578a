//! The large providers and their domains, with limits that are careful, and still fast enough for a college.
//!
//! The numbers are our judgement, not the providers': most publish none. `docs/operating.md` tells people about them.

use super::Bound;
use crate::domain::rate::Rate;
use crate::domain::time::SECOND;

/// Domains of one provider, which judges their senders together.
pub(super) struct Family {
    /// Its name in a rule; without a dot, so that it is no domain.
    pub(super) name: &'static str,
    /// Messages in flight, of each node.
    at_once: u32,
    /// Messages a second, for all nodes together.
    per_second: i64,
    /// In lower-case ASCII; each in one family.
    pub(super) domains: &'static [&'static str],
}

impl Family {
    pub(super) fn bound(&self) -> Bound {
        Bound {
            at_once: Some(self.at_once),
            rates: vec![Rate { messages: self.per_second, span: SECOND }],
        }
    }
}

const fn family(
    name: &'static str,
    at_once: u32,
    per_second: i64,
    domains: &'static [&'static str],
) -> Family {
    Family { name, at_once, per_second, domains }
}

/// All families.
pub(super) const FAMILIES: &[Family] = &[
    family("google", 10, 50, &["gmail.com", "googlemail.com"]),
    family("microsoft", 10, 30, MICROSOFT),
    family("yahoo", 5, 20, YAHOO),
    family("apple", 5, 20, &["icloud.com", "me.com", "mac.com"]),
    family("tencent", 2, 5, &["qq.com", "vip.qq.com", "foxmail.com"]),
    family(
        "netease",
        2,
        5,
        &["163.com", "126.com", "yeah.net", "188.com", "vip.163.com", "vip.126.com", "vip.188.com"],
    ),
    family("sina", 2, 5, &["sina.com", "sina.cn", "vip.sina.com", "vip.sina.cn"]),
    family("sohu", 2, 5, &["sohu.com", "vip.sohu.com"]),
    family("aliyun", 2, 5, &["aliyun.com"]),
    family("chinamobile", 2, 5, &["139.com"]),
    family("chinatelecom", 2, 5, &["189.cn"]),
    family(
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
    family("tonline", 2, 5, &["t-online.de", "magenta.de"]),
    family(
        "mailru",
        5,
        10,
        &["mail.ru", "inbox.ru", "list.ru", "bk.ru", "internet.ru", "xmail.ru"],
    ),
    family(
        "yandex",
        5,
        10,
        &["yandex.ru", "yandex.com", "yandex.by", "yandex.kz", "yandex.ua", "ya.ru", "narod.ru"],
    ),
    family("proton", 5, 10, &["proton.me", "protonmail.com", "protonmail.ch", "pm.me"]),
    family("orange", 2, 5, &["orange.fr", "wanadoo.fr"]),
    family("comcast", 5, 10, &["comcast.net"]),
    family("naver", 5, 10, &["naver.com"]),
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

/// Yahoo's Japanese namesake is another company.
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
