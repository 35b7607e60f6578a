//! Metrics of this process in the text formats of Prometheus and OpenMetrics.
//!
//! Labels come from the configuration or from fixed lists, never from addresses, domains or requests, so that
//! their number is bounded and no personal data is exposed.

mod builder;
mod families;
mod http;
mod registry;

pub use builder::{CounterFamily, Description, GaugeFamily, Labels};
pub use families::{DatabaseMetrics, DeliveryMetrics, FeedMetrics, SourceMetrics};
pub use http::{HttpMetrics, Surface};
pub use registry::{Metrics, TextFormat};
