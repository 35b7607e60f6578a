//! Connects to the relay of a transport as a delivery would: TCP, greeting, TLS and login.

use std::time::Duration;

use super::findings::Findings;
use crate::config::{Transport, TransportTarget};
use crate::mail::smtp::{ConnectError, Connection, Relay, Timeouts};

/// Time until a relay must have accepted the connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);

/// Checks the settings of a transport, and connects to its relay unless `offline`.
///
/// An error that time may resolve is a warning, because messages wait for the relay.
pub(super) async fn check(
    transport: &Transport,
    offline: bool,
    findings: &mut Findings,
) -> anyhow::Result<()> {
    let TransportTarget::Smtp { host, port, .. } = &transport.target else { return Ok(()) };
    let timeouts = Timeouts { connect: CONNECT_TIMEOUT, ..Timeouts::default() };
    let name = &transport.name;
    let relay = match Relay::from_transport(transport, timeouts) {
        Ok(relay) => relay,
        Err(reason) => return findings.error(&reason.to_string()),
    };
    if offline {
        return match &transport.tls_ca {
            Some(_) => findings.ok(&format!("transport {name}: tls_ca is valid")),
            None => Ok(()),
        };
    }
    match Connection::open(&relay).await {
        Ok(connection) => {
            let encryption = if connection.is_encrypted() { "TLS" } else { "without TLS" };
            let login = transport.username.as_ref().map(|user| format!(" and the login of {user}"));
            connection.quit().await;
            findings.ok(&format!(
                "transport {name}: {host}:{port} accepts connections ({encryption}){}",
                login.unwrap_or_default()
            ))
        }
        Err(reason) if !is_transient(&reason) => {
            findings.error(&format!("transport {name}: {reason}"))
        }
        Err(reason) => findings
            .warning(&format!("transport {name}: {reason}; messages wait until it can be used")),
    }
}

/// Returns `true` if time alone may resolve the error.
fn is_transient(error: &ConnectError) -> bool {
    match error {
        ConnectError::Unreachable { .. } | ConnectError::Rejected { .. } => true,
        ConnectError::AuthFailed { reply, .. } => reply.code < 500,
        _ => false,
    }
}
