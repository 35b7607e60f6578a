//! Outgoing HTTP requests that cannot reach internal addresses, and TLS configurations.

pub mod http_client;
pub(crate) mod tls;
