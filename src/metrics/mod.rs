//! Metrics of this process in the text formats of Prometheus and OpenMetrics.
//!
//! Labels come from the configuration only, never from addresses, domains or requests, so that
//! their number is bounded and no personal data is exposed.

mod families;
mod http;

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use prometheus_client::encoding::{prometheus_text, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

pub use families::{DatabaseMetrics, DeliveryMetrics, FeedMetrics, SourceMetrics};
pub use http::{HttpMetrics, Surface};

/// Labels of a metric: names with values.
pub type Labels = Vec<(&'static str, String)>;

/// Counters, one for each set of labels.
#[derive(Debug, Clone, Default)]
pub struct CounterFamily(Family<Labels, Counter<f64, AtomicU64>>);

impl CounterFamily {
    /// Sets the total that is counted elsewhere.
    pub fn set(&self, labels: Labels, total: f64) {
        self.0.get_or_create(&labels).inner().store(total.to_bits(), Ordering::Relaxed);
    }

    /// Removes all totals, before those that still exist are set.
    pub fn clear(&self) {
        self.0.clear();
    }
}

/// Gauges, one for each set of labels.
#[derive(Debug, Clone, Default)]
pub struct GaugeFamily(Family<Labels, Gauge<f64, AtomicU64>>);

impl GaugeFamily {
    /// Sets the value of a gauge.
    pub fn set(&self, labels: Labels, value: f64) {
        self.0.get_or_create(&labels).set(value);
    }

    /// Removes all values, before those that still exist are set.
    pub fn clear(&self) {
        self.0.clear();
    }
}

/// Description of one metric, from which docs/metrics.md is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Description {
    /// Name, without the suffix `_total` of counters.
    pub name: &'static str,
    /// `counter`, `gauge` or `histogram`.
    pub kind: &'static str,
    /// Names of the labels.
    pub labels: &'static [&'static str],
    /// Meaning with its unit, one sentence without the final period.
    pub help: &'static str,
}

/// Text format of the metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextFormat {
    /// Prometheus text format, version 0.0.4.
    Prometheus,
    /// OpenMetrics text format, version 1.0.0.
    OpenMetrics,
}

impl TextFormat {
    /// Returns the format that an `Accept` header prefers; Prometheus without one.
    pub fn from_accept(accept: &str) -> Self {
        if accept.contains("application/openmetrics-text") {
            Self::OpenMetrics
        } else {
            Self::Prometheus
        }
    }

    /// Returns the media type with its version.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Prometheus => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }
}

/// All metrics of this process.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    descriptions: Vec<Description>,
    /// Requests of the web server.
    pub http: HttpMetrics,
    /// Sources and their syncs.
    pub sources: SourceMetrics,
    /// Feed documents in memory.
    pub feeds: FeedMetrics,
    /// Deliveries and their transports.
    pub delivery: DeliveryMetrics,
    /// The database of Courant.
    pub database: DatabaseMetrics,
}

/// Registers metrics and collects their descriptions.
struct Builder {
    registry: Registry,
    descriptions: Vec<Description>,
}

impl Builder {
    fn counter(
        &mut self,
        name: &'static str,
        labels: &'static [&'static str],
        help: &'static str,
    ) -> CounterFamily {
        self.descriptions.push(Description { name, kind: "counter", labels, help });
        let family = CounterFamily::default();
        self.registry.register(name, help, family.0.clone());
        family
    }

    fn gauge(
        &mut self,
        name: &'static str,
        labels: &'static [&'static str],
        help: &'static str,
    ) -> GaugeFamily {
        self.descriptions.push(Description { name, kind: "gauge", labels, help });
        let family = GaugeFamily::default();
        self.registry.register(name, help, family.0.clone());
        family
    }
}

impl Metrics {
    /// Registers all metrics, each without a value.
    pub fn new() -> Self {
        let mut b = Builder { registry: Registry::default(), descriptions: Vec::new() };
        let build = b.gauge("courant_build", &["version"], "1 for the version that runs");
        build.set(vec![("version", env!("CARGO_PKG_VERSION").to_owned())], 1.0);
        Self {
            http: HttpMetrics::register(&mut b),
            sources: SourceMetrics::register(&mut b),
            feeds: FeedMetrics::register(&mut b),
            delivery: DeliveryMetrics::register(&mut b),
            database: DatabaseMetrics::register(&mut b),
            registry: b.registry,
            descriptions: b.descriptions,
        }
    }

    /// Returns the description of each metric, in the order of the output.
    pub fn descriptions(&self) -> &[Description] {
        &self.descriptions
    }

    /// Writes all metrics in a text format.
    ///
    /// # Errors
    /// If a metric cannot be formatted, which is a bug.
    pub fn encode(&self, format: TextFormat) -> Result<String, fmt::Error> {
        let mut output = String::new();
        match format {
            TextFormat::Prometheus => prometheus_text::encode(&mut output, &self.registry)?,
            TextFormat::OpenMetrics => text::encode(&mut output, &self.registry)?,
        }
        Ok(output)
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}
