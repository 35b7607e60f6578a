//! Metrics of the web server: requests by surface and status code, and their duration.

use std::sync::OnceLock;
use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;

use super::builder::{Builder, Description, Labels};

/// Part of the web server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Surface {
    /// Documents of feeds in any format.
    Feeds,
    /// HTML pages and their parts, and everything that is none of the others.
    Pages,
    /// JSON API for programs.
    Api,
    /// Hub of WebSub subscriptions.
    Hub,
}

impl Surface {
    const ALL: [Self; 4] = [Self::Feeds, Self::Pages, Self::Api, Self::Hub];

    fn as_str(self) -> &'static str {
        match self {
            Self::Feeds => "feeds",
            Self::Pages => "pages",
            Self::Api => "api",
            Self::Hub => "hub",
        }
    }
}

/// First and last status code of HTTP (RFC 9110 section 15).
const STATUS_CODES: std::ops::Range<u16> = 100..600;
/// Upper bounds of the histogram's buckets, in seconds.
const BUCKETS: [f64; 9] = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0];

/// Requests by surface and status code. Counting a request takes two array lookups, because feeds
/// are served from memory in a few microseconds.
#[derive(Debug)]
pub struct HttpMetrics {
    requests: Family<Labels, Counter>,
    durations: Vec<Histogram>,
    counters: Vec<OnceLock<Counter>>,
}

impl HttpMetrics {
    pub(super) fn register(builder: &mut Builder) -> Self {
        let (name, labels) = ("courant_http_requests", &["surface", "code"]);
        let help = "Requests by surface (feeds, pages, api or hub) and status code of the response";
        let requests = Family::<Labels, Counter>::default();
        builder.registry.register(name, help, requests.clone());
        builder.descriptions.push(Description { name, kind: "counter", labels, help });
        let (name, labels) = ("courant_http_request_seconds", &["surface"]);
        let help = "Seconds until the handler began its response; declared feeds, which are served from memory, are not measured";
        let histograms =
            Family::<Labels, Histogram>::new_with_constructor(|| Histogram::new(BUCKETS));
        builder.registry.register(name, help, histograms.clone());
        builder.descriptions.push(Description { name, kind: "histogram", labels, help });
        let of = |surface: Surface| vec![("surface", surface.as_str().to_owned())];
        Self {
            requests,
            durations: Surface::ALL.map(|s| histograms.get_or_create(&of(s)).clone()).into(),
            counters: (0..Surface::ALL.len() * STATUS_CODES.len())
                .map(|_| OnceLock::new())
                .collect(),
        }
    }

    /// Counts a response of a surface.
    pub fn count(&self, surface: Surface, code: u16) {
        let Some(offset) = code.checked_sub(STATUS_CODES.start).map(usize::from) else { return };
        let index = surface as usize * STATUS_CODES.len() + offset;
        if offset < STATUS_CODES.len()
            && let Some(counter) = self.counters.get(index)
        {
            let new = || {
                let labels =
                    vec![("surface", surface.as_str().to_owned()), ("code", code.to_string())];
                self.requests.get_or_create(&labels).clone()
            };
            counter.get_or_init(new).inc();
        }
    }

    /// Records how long a handler took until its response began.
    pub fn record_duration(&self, surface: Surface, duration: Duration) {
        if let Some(histogram) = self.durations.get(surface as usize) {
            histogram.observe(duration.as_secs_f64());
        }
    }
}
