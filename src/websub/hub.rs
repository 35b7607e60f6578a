//! Requests to the built-in hub: subscribe a callback to a feed document, or unsubscribe it
//! (WebSub section 5.1).

use std::net::IpAddr;

use url::{Host, Url};

use super::limiter::host_of;
use crate::config::Config;
use crate::domain::site_urls::SiteUrls;
use crate::domain::time::{Millis, SignedDuration};
use crate::feeds::format::Format;
use crate::net::http_client::AddressPolicy;
use crate::store::hub_requests::{AddResult, HubMode, HubRequest, SubscriptionLimits};
use crate::store::{Store, StoreResult};

/// Maximum length of a callback URL in bytes.
const MAX_CALLBACK_BYTES: usize = 2_000;
/// Maximum length of a secret in bytes (WebSub section 5.1: less than 200).
const MAX_SECRET_BYTES: usize = 199;
/// Minimum lease of a subscription in seconds.
const MIN_LEASE_SECONDS: i64 = SignedDuration::from_mins(5).as_secs();
/// Lease in seconds of a subscription whose request does not ask for one.
const DEFAULT_LEASE_SECONDS: i64 = SignedDuration::from_hours(10 * 24).as_secs();
/// Maximum lease of a subscription in seconds.
const MAX_LEASE_SECONDS: i64 = SignedDuration::from_hours(30 * 24).as_secs();

/// Fields of a request form, unchanged; `None` or empty if absent.
#[derive(Debug, Clone, Copy, Default)]
pub struct HubForm<'a> {
    /// Value of the `hub.mode` field.
    pub mode: &'a str,
    /// Value of the `hub.callback` field.
    pub callback: &'a str,
    /// Value of the `hub.topic` field.
    pub topic: &'a str,
    /// Value of the `hub.lease_seconds` field.
    pub lease_seconds: Option<&'a str>,
    /// Value of the `hub.secret` field.
    pub secret: Option<&'a str>,
}

/// Response of the hub to a valid request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HubResponse {
    /// Accepted; the hub verifies the intent of the callback next.
    Accepted,
    /// Nothing to do for `publish`: the hub detects changes of its feeds itself.
    PublishIgnored,
    /// Rejected because the maximum number of subscriptions is reached.
    Full,
    /// Rejected because too many requests of the client's network are not verified yet.
    TooManyUnverified,
}

/// Stores a request for verification. `network` is the client's, if it is known. The inner error is
/// a sentence for the client.
///
/// # Errors
/// If the database does not respond.
pub async fn handle(
    store: &Store,
    config: &Config,
    form: HubForm<'_>,
    network: Option<IpAddr>,
    now: Millis,
) -> StoreResult<Result<HubResponse, String>> {
    if form.mode == "publish" {
        return Ok(Ok(HubResponse::PublishIgnored));
    }
    let request = match parse_request(config, form) {
        Ok(request) => request,
        Err(reason) => return Ok(Err(reason)),
    };
    let limits = SubscriptionLimits {
        total: config.websub.max_subscriptions,
        per_host: config.websub.max_subscriptions_per_host,
    };
    let network = network.map(|network| network.to_string()).unwrap_or_default();
    Ok(Ok(match store.hub().add_request(&request, &network, limits, now).await? {
        // The response does not reveal whether the callback is subscribed.
        AddResult::Pending | AddResult::NotSubscribed => HubResponse::Accepted,
        AddResult::LimitReached => HubResponse::Full,
        AddResult::NetworkLimitReached => HubResponse::TooManyUnverified,
    }))
}

fn parse_request(config: &Config, form: HubForm<'_>) -> Result<HubRequest, String> {
    let mode = match form.mode {
        "subscribe" => HubMode::Subscribe,
        "unsubscribe" => HubMode::Unsubscribe,
        "" => return Err("hub.mode is missing; use `subscribe` or `unsubscribe`".to_owned()),
        _ => return Err("hub.mode is neither `subscribe` nor `unsubscribe`".to_owned()),
    };
    let (feed, format) = resolve_topic(config, form.topic)
        .ok_or("hub.topic is not a feed of this hub; use the URL of the feed's rel=self link")?;
    let callback = validate_callback(config, form.callback)?;
    let secret = form.secret.filter(|secret| !secret.is_empty());
    if secret.is_some_and(|secret| secret.len() > MAX_SECRET_BYTES || secret.contains('\0')) {
        return Err("hub.secret is 200 bytes or longer, or contains a zero byte".to_owned());
    }
    Ok(HubRequest {
        id: 0,
        mode,
        host: host_of(&callback),
        callback: callback.into(),
        topic: form.topic.to_owned(),
        feed,
        format: format.extension().to_owned(),
        secret: secret.map(str::to_owned),
        lease_seconds: lease_seconds(form.lease_seconds)?,
        attempts: 0,
    })
}

/// Returns the feed and format of a topic URL, also of one with a former name of the feed. The case
/// of the host and an explicit default port make no difference.
fn resolve_topic(config: &Config, text: &str) -> Option<(String, Format)> {
    let (links, topic_url) = (
        SiteUrls(&config.site.base_url),
        Url::parse(text).ok().filter(|_| !text.contains(char::is_control))?,
    );
    let is_topic = |feed: &str, format: Format| {
        Url::parse(&links.feed(feed, format.extension())).is_ok_and(|url| url == topic_url)
    };
    let public = config.feeds.iter().filter(|feed| feed.secret.is_none());
    // Subscribers from before a feed was renamed use its former URL.
    let names = public.flat_map(|feed| {
        [&feed.name].into_iter().chain(&feed.former_names).map(|name| (feed.name.clone(), name))
    });
    let mut all =
        names.flat_map(|(feed, name)| Format::ALL.map(|format| (feed.clone(), name, format)));
    all.find(|(_, name, format)| is_topic(name, *format)).map(|(feed, _, format)| (feed, format))
}

/// Validates a callback URL. Addresses that its host name resolves to are checked at each
/// connection.
fn validate_callback(config: &Config, text: &str) -> Result<Url, String> {
    let invalid = |reason: &str| Err(format!("hub.callback {reason}"));
    if text.len() > MAX_CALLBACK_BYTES {
        return invalid("is longer than 2000 bytes");
    }
    let Ok(mut url) = Url::parse(text) else { return invalid("is not an absolute URL") };
    if !matches!(url.scheme(), "http" | "https") {
        return invalid("is neither http:// nor https://");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return invalid("contains a user name or password; put a secret into its path instead");
    }
    url.set_fragment(None);
    let port = url.port_or_known_default().unwrap_or_default();
    let literal = match url.host() {
        Some(Host::Ipv4(address)) => Some(IpAddr::V4(address)),
        Some(Host::Ipv6(address)) => Some(IpAddr::V6(address)),
        _ => None,
    };
    let policy = AddressPolicy::Public { allowed_networks: config.websub.allowed_networks.clone() };
    if literal.is_some_and(|address| !policy.permits((address, port).into())) {
        return invalid("is in a network that this hub does not send to");
    }
    let here = Url::parse(&config.site.base_url).ok();
    if here.is_some_and(|here| {
        here.host() == url.host() && here.port_or_known_default() == url.port_or_known_default()
    }) {
        return invalid("is a URL of this hub itself");
    }
    Ok(url)
}

/// Parses the requested lease and clamps it to the permitted range.
fn lease_seconds(text: Option<&str>) -> Result<i64, String> {
    match text.map(str::trim).filter(|text| !text.is_empty()) {
        None => Ok(DEFAULT_LEASE_SECONDS),
        Some(digits) if digits.bytes().all(|b| b.is_ascii_digit()) => Ok(digits
            .parse()
            .unwrap_or(MAX_LEASE_SECONDS)
            .clamp(MIN_LEASE_SECONDS, MAX_LEASE_SECONDS)),
        Some(_) => Err("hub.lease_seconds is not a number of seconds".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn config() -> Config {
        let text = "[site]\ntitle = \"T\"\nbase_url = \"https://news.example.edu/x\"\nid_authority = \"news.example.edu,2026\"\n\
                    [websub]\nhub = true\nallowed_networks = [\"10.1.0.0/16\"]\n[[feeds]]\nname = \"news\"\nwas = [\"old\"]\n";
        Config::parse(std::path::Path::new("/c.toml"), text, std::iter::empty()).unwrap()
    }

    const GOOD: HubForm<'static> = HubForm {
        mode: "subscribe",
        callback: "https://reader.example/cb?k=1#here",
        topic: "https://news.example.edu/x/feeds/news.atom",
        lease_seconds: None,
        secret: None,
    };

    #[test]
    fn valid_requests_are_parsed() {
        let read = parse_request(&config(), HubForm { secret: Some(" s "), ..GOOD }).unwrap();
        assert_eq!(
            (read.callback.as_str(), read.host.as_str()),
            ("https://reader.example/cb?k=1", "reader.example")
        );
        assert_eq!(
            (read.feed.as_str(), read.format.as_str(), read.lease_seconds),
            ("news", "atom", 864_000)
        );
        assert_eq!(read.secret.as_deref(), Some(" s "), "secret is kept byte for byte");
        let odd = HubForm { topic: "HTTPS://News.example.edu:443/x/feeds/news.rss", ..GOOD };
        let read = parse_request(&config(), odd).unwrap();
        assert_eq!(
            (read.topic.as_str(), read.format.as_str()),
            (odd.topic, "rss"),
            "the topic is echoed as the request wrote it"
        );
        let former = HubForm { topic: "https://news.example.edu/x/feeds/old.rss", ..GOOD };
        assert_eq!(
            parse_request(&config(), former).unwrap().feed,
            "news",
            "a former name maps to the renamed feed"
        );
        for (requested, accepted) in
            [("1", 300), ("86400", 86_400), ("99999999999999999999999", 2_592_000), ("", 864_000)]
        {
            assert_eq!(
                parse_request(&config(), HubForm { lease_seconds: Some(requested), ..GOOD })
                    .unwrap()
                    .lease_seconds,
                accepted
            );
        }
        assert!(
            parse_request(&config(), HubForm { callback: "http://10.1.2.3:81/", ..GOOD }).is_ok(),
            "the configuration allows this network"
        );
    }

    #[test]
    fn invalid_requests_are_rejected_with_a_reason() {
        let long = format!("https://r.example/{}", "x".repeat(2_000));
        let secret = "x".repeat(200);
        let callbacks = [
            ("", "not an absolute"),
            ("/cb", "not an absolute"),
            ("ftp://r.example/", "neither"),
            ("https://u:p@r.example/", "user name"),
            ("http://127.0.0.1/", "network"),
            ("http://0x7f000001/", "network"),
            ("http://2130706433/", "network"),
            ("http://0177.0.0.1/", "network"),
            ("http://127.1/", "network"),
            ("http://①②⑦.0.0.1/", "network"),
            ("http://127.0.0.1./", "network"),
            ("http://[::]/", "network"),
            ("http://[64:ff9b::7f00:1]/", "network"),
            ("http://[2002:7f00:1::]/", "network"),
            ("http://[::127.0.0.1]/", "network"),
            ("http://[fe80::1]/", "network"),
            ("http://[::ffff:127.0.0.1]/", "network"),
            ("http://169.254.169.254/latest", "network"),
            ("http://10.2.0.1/", "network"),
            ("http://1.1.1.1:22/", "network"),
            ("https://NEWS.example.edu/x/hub", "hub itself"),
            (&long, "longer"),
        ];
        let callbacks = callbacks.map(|(callback, reason)| (HubForm { callback, ..GOOD }, reason));
        let others = [
            (HubForm { mode: "", ..GOOD }, "hub.mode is missing"),
            (HubForm { mode: "subscribed", ..GOOD }, "neither"),
            (
                HubForm { topic: "https://news.example.edu/x/feeds/other.atom", ..GOOD },
                "not a feed",
            ),
            (HubForm { topic: "https://news.example.edu/feeds/news.atom", ..GOOD }, "not a feed"),
            (HubForm { topic: "https://evil.example/x/feeds/news.atom", ..GOOD }, "not a feed"),
            (
                HubForm { topic: "\0https://news.example.edu/x/feeds/news.atom", ..GOOD },
                "not a feed",
            ),
            (HubForm { secret: Some(&secret), ..GOOD }, "hub.secret"),
            (HubForm { secret: Some("a\0b"), ..GOOD }, "hub.secret"),
            (HubForm { lease_seconds: Some("-1"), ..GOOD }, "not a number"),
        ];
        for (form, reason) in callbacks.into_iter().chain(others) {
            let error = parse_request(&config(), form).unwrap_err();
            assert!(error.contains(reason), "{form:?}: {error}");
        }
    }

    proptest! {
        #[test]
        fn arbitrary_forms_never_panic(mode in "(un)?subscribe|.{0,9}", callback in "(https?://)?\\PC{0,30}", topic in "\\PC{0,30}", more in proptest::option::of("\\PC{0,9}")) {
            let form = HubForm { mode: &mode, callback: &callback, topic: &topic, lease_seconds: more.as_deref(), secret: more.as_deref() };
            let _ = parse_request(&config(), form);
            let _ = parse_request(&config(), HubForm { callback: &callback, ..GOOD });
        }
    }
}
