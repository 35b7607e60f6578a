//! Registration of metrics with their descriptions; families of counters and gauges.

use std::sync::atomic::{AtomicU64, Ordering};

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

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

/// Registers metrics and collects their descriptions.
pub(super) struct Builder {
    pub(super) registry: Registry,
    pub(super) descriptions: Vec<Description>,
}

impl Builder {
    pub(super) fn counter(
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

    pub(super) fn gauge(
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
