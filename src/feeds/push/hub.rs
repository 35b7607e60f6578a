//! What our hub is asked: to send a document's new versions to a callback, or to stop (WebSub section 5.1).

use std::net::IpAddr;

use url::{Host, Url};

use super::host_of;
use crate::config::Config;
use crate::domain::links::Links;
use crate::domain::time::{DAY, MINUTE, Millis, SECOND};
use crate::feeds::format::Format;
use crate::feeds::http::Reach;
use crate::store::hub::{Mode, Noted, Request, Room};
use crate::store::{Store, StoreResult};

/// The longest callback, in bytes.
const LONGEST_CALLBACK: usize = 2_000;
/// A secret is shorter than this, in bytes (WebSub section 5.1).
const SECRET: usize = 200;
/// How long a subscription lasts, in seconds: at least, if nothing is wished, and at most.
const LEASE: [i64; 3] = [5 * MINUTE / SECOND, 10 * DAY / SECOND, 30 * DAY / SECOND];

/// What a form says; each field as it came, none where it was not there.
#[derive(Debug, Clone, Copy, Default)]
pub struct Asked<'a> {
    /// `hub.mode`.
    pub mode: &'a str,
    /// `hub.callback`.
    pub callback: &'a str,
    /// `hub.topic`.
    pub topic: &'a str,
    /// `hub.lease_seconds`.
    pub lease_seconds: Option<&'a str>,
    /// `hub.secret`.
    pub secret: Option<&'a str>,
}

/// What the hub says to a request that it understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Said {
    /// The callback will be asked.
    Accepted,
    /// We know of our changes by ourselves.
    Known,
    /// There is no room for another subscription.
    Full,
}

/// Takes a request down, for its callback to be asked; the inner error is a sentence for who asked.
///
/// # Errors
/// When the store does not answer.
pub async fn ask(
    store: &Store,
    config: &Config,
    asked: Asked<'_>,
    now: Millis,
) -> StoreResult<Result<Said, String>> {
    if asked.mode == "publish" {
        return Ok(Ok(Said::Known));
    }
    let request = match request(config, asked) {
        Ok(request) => request,
        Err(why) => return Ok(Err(why)),
    };
    let room = Room { all: config.push.subscriptions, of_host: config.push.subscriptions_per_host };
    Ok(Ok(match store.note_hub_request(&request, room, now).await? {
        // Whether somebody subscribed there is nobody's business.
        Noted::Waiting | Noted::Nothing => Said::Accepted,
        Noted::Full => Said::Full,
    }))
}

fn request(config: &Config, asked: Asked<'_>) -> Result<Request, String> {
    let mode = match asked.mode {
        "subscribe" => Mode::Subscribe,
        "unsubscribe" => Mode::Unsubscribe,
        "" => return Err("hub.mode is missing: subscribe or unsubscribe".to_owned()),
        _ => return Err("hub.mode is neither subscribe nor unsubscribe".to_owned()),
    };
    let (feed, format) = topic(config, asked.topic)
        .ok_or("hub.topic is no feed of this hub's: give the address of its rel=self link")?;
    let callback = callback(config, asked.callback)?;
    let secret = asked.secret.filter(|secret| !secret.is_empty());
    if secret.is_some_and(|secret| secret.len() >= SECRET || secret.contains('\0')) {
        return Err("hub.secret is 200 bytes or longer, or holds a zero byte".to_owned());
    }
    Ok(Request {
        id: 0,
        mode,
        host: host_of(&callback),
        callback: callback.into(),
        topic: asked.topic.to_owned(),
        feed,
        format: format.extension().to_owned(),
        secret: secret.map(str::to_owned),
        lease_seconds: lease(asked.lease_seconds)?,
        attempts: 0,
    })
}

/// The feed and the format that an address names, or named once; the case of its host and a default port make no difference.
fn topic(config: &Config, text: &str) -> Option<(String, Format)> {
    let (links, asked) = (
        Links(&config.site.base_url),
        Url::parse(text).ok().filter(|_| !text.contains(char::is_control))?,
    );
    let named = |feed: &str, format: Format| {
        Url::parse(&links.feed(feed, format.extension())).is_ok_and(|url| url == asked)
    };
    let public = config.feeds.iter().filter(|feed| feed.private.is_none());
    // Who subscribed before a feed was renamed knows it by its former address.
    let names = public.flat_map(|feed| {
        [&feed.name].into_iter().chain(&feed.was).map(|name| (feed.name.clone(), name))
    });
    let mut all =
        names.flat_map(|(feed, name)| Format::ALL.map(|format| (feed.clone(), name, format)));
    all.find(|(_, name, format)| named(name, *format)).map(|(feed, _, format)| (feed, format))
}

/// A callback that can be asked at all; whether its host may be reached is judged at each connection.
fn callback(config: &Config, text: &str) -> Result<Url, String> {
    let refusal = |why: &str| Err(format!("hub.callback {why}"));
    if text.len() > LONGEST_CALLBACK {
        return refusal("is longer than 2000 bytes");
    }
    let Ok(mut url) = Url::parse(text) else { return refusal("is no absolute address") };
    if !matches!(url.scheme(), "http" | "https") {
        return refusal("is neither http:// nor https://");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return refusal("has a user name or a password: put what only you know into its path");
    }
    url.set_fragment(None);
    let port = url.port_or_known_default().unwrap_or_default();
    let literal = match url.host() {
        Some(Host::Ipv4(address)) => Some(IpAddr::V4(address)),
        Some(Host::Ipv6(address)) => Some(IpAddr::V6(address)),
        _ => None,
    };
    let reach = Reach::Public { allow: config.push.allow.clone() };
    if literal.is_some_and(|address| !reach.permits((address, port).into())) {
        return refusal("lies in a network that this hub does not send to");
    }
    let here = Url::parse(&config.site.base_url).ok();
    if here.is_some_and(|here| {
        here.host() == url.host() && here.port_or_known_default() == url.port_or_known_default()
    }) {
        return refusal("is an address of this hub's own");
    }
    Ok(url)
}

/// The wished time within our bounds.
fn lease(text: Option<&str>) -> Result<i64, String> {
    let [least, usual, most] = LEASE;
    match text.map(str::trim).filter(|text| !text.is_empty()) {
        None => Ok(usual),
        Some(digits) if digits.bytes().all(|b| b.is_ascii_digit()) => {
            Ok(digits.parse().unwrap_or(most).clamp(least, most))
        }
        Some(_) => Err("hub.lease_seconds is no number of seconds".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn config() -> Config {
        let text = "[site]\ntitle = \"T\"\nbase_url = \"https://news.example.edu/x\"\nid_authority = \"news.example.edu,2026\"\n\
                    [push]\nhub = true\nallow = [\"10.1.0.0/16\"]\n[[feeds]]\nname = \"news\"\nwas = [\"old\"]\n";
        Config::parse(std::path::Path::new("/c.toml"), text, std::iter::empty()).unwrap()
    }

    const GOOD: Asked<'static> = Asked {
        mode: "subscribe",
        callback: "https://reader.example/cb?k=1#here",
        topic: "https://news.example.edu/x/feeds/news.atom",
        lease_seconds: None,
        secret: None,
    };

    #[test]
    fn a_sound_request_is_understood() {
        let read = request(&config(), Asked { secret: Some(" s "), ..GOOD }).unwrap();
        assert_eq!(
            (read.callback.as_str(), read.host.as_str()),
            ("https://reader.example/cb?k=1", "reader.example")
        );
        assert_eq!(
            (read.feed.as_str(), read.format.as_str(), read.lease_seconds),
            ("news", "atom", 864_000)
        );
        assert_eq!(read.secret.as_deref(), Some(" s "), "byte for byte");
        let odd = Asked { topic: "HTTPS://News.example.edu:443/x/feeds/news.rss", ..GOOD };
        let read = request(&config(), odd).unwrap();
        assert_eq!(
            (read.topic.as_str(), read.format.as_str()),
            (odd.topic, "rss"),
            "the callback hears what it wrote"
        );
        let former = Asked { topic: "https://news.example.edu/x/feeds/old.rss", ..GOOD };
        assert_eq!(request(&config(), former).unwrap().feed, "news", "it was renamed");
        for (wished, given) in
            [("1", 300), ("86400", 86_400), ("99999999999999999999999", 2_592_000), ("", 864_000)]
        {
            assert_eq!(
                request(&config(), Asked { lease_seconds: Some(wished), ..GOOD })
                    .unwrap()
                    .lease_seconds,
                given
            );
        }
        assert!(
            request(&config(), Asked { callback: "http://10.1.2.3:81/", ..GOOD }).is_ok(),
            "the operator allows it"
        );
    }

    #[test]
    fn what_cannot_work_is_refused_with_a_sentence() {
        let long = format!("https://r.example/{}", "x".repeat(2_000));
        let secret = "x".repeat(200);
        let callbacks = [
            ("", "no absolute"),
            ("/cb", "no absolute"),
            ("ftp://r.example/", "neither"),
            ("https://u:p@r.example/", "user name"),
            ("http://127.0.0.1/", "network"),
            ("http://0x7f000001/", "network"),
            ("http://[::ffff:127.0.0.1]/", "network"),
            ("http://169.254.169.254/latest", "network"),
            ("http://10.2.0.1/", "network"),
            ("http://1.1.1.1:22/", "network"),
            ("https://NEWS.example.edu/x/hub", "hub's own"),
            (&long, "longer"),
        ];
        let callbacks = callbacks.map(|(callback, why)| (Asked { callback, ..GOOD }, why));
        let others = [
            (Asked { mode: "", ..GOOD }, "hub.mode is missing"),
            (Asked { mode: "subscribed", ..GOOD }, "neither"),
            (Asked { topic: "https://news.example.edu/x/feeds/other.atom", ..GOOD }, "no feed"),
            (Asked { topic: "https://news.example.edu/feeds/news.atom", ..GOOD }, "no feed"),
            (Asked { topic: "https://evil.example/x/feeds/news.atom", ..GOOD }, "no feed"),
            (Asked { topic: "\0https://news.example.edu/x/feeds/news.atom", ..GOOD }, "no feed"),
            (Asked { secret: Some(&secret), ..GOOD }, "hub.secret"),
            (Asked { secret: Some("a\0b"), ..GOOD }, "hub.secret"),
            (Asked { lease_seconds: Some("-1"), ..GOOD }, "no number"),
        ];
        for (asked, why) in callbacks.into_iter().chain(others) {
            let said = request(&config(), asked).unwrap_err();
            assert!(said.contains(why), "{asked:?}: {said}");
        }
    }

    proptest! {
        #[test]
        fn no_form_is_too_odd(mode in "(un)?subscribe|.{0,9}", callback in "(https?://)?\\PC{0,30}", topic in "\\PC{0,30}", more in proptest::option::of("\\PC{0,9}")) {
            let asked = Asked { mode: &mode, callback: &callback, topic: &topic, lease_seconds: more.as_deref(), secret: more.as_deref() };
            let _ = request(&config(), asked);
            let _ = request(&config(), Asked { callback: &callback, ..GOOD });
        }
    }
}
