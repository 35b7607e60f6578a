//! All metrics of this process, and the text formats in which they are written.

use std::fmt;

use prometheus_client::encoding::{prometheus_text, text};
use prometheus_client::registry::Registry;

use super::builder::{Builder, Description};
use super::families::{DatabaseMetrics, DeliveryMetrics, FeedMetrics, SourceMetrics};
use super::http::HttpMetrics;

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

impl Metrics {
    /// Registers all metrics, each without a value.
    pub fn new() -> Self {
        let mut b = Builder { registry: Registry::default(), descriptions: Vec::new() };
        let help = "Always 1; the label is the running version";
        let build = b.gauge("courant_build", &["version"], help);
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
