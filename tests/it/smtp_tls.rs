//! SMTP over TLS: opportunistic, required and implicit, with verification of certificates.

#![expect(clippy::unwrap_used, reason = "a test that cannot continue should panic on the spot")]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use courant::config::settings::{TlsMode, Transport};
use courant::mail::smtp::{ConnectError, Connection, Relay};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

use crate::pipelining::{SENT, send_pipelined};
use crate::smtp::{connect, send, timeouts, transport};
use crate::smtp_server::{At, Rule, Script, SmtpServer};

/// Private certificate authority, and a server with its certificate for 127.0.0.1, created by
/// openssl.
pub(crate) struct Authority {
    _home: tempfile::TempDir,
    pub(crate) ca: PathBuf,
    pub(crate) acceptor: TlsAcceptor,
}

/// Creates an authority; returns `None` if openssl is not available.
pub(crate) fn authority() -> Option<Authority> {
    let home = tempfile::tempdir().unwrap();
    let file = |name: &str| home.path().join(name);
    std::fs::write(file("ext"), "subjectAltName=IP:127.0.0.1\nbasicConstraints=CA:FALSE\n")
        .unwrap();
    for line in [
        "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=test-authority -keyout ca.key -out ca.pem",
        "req -newkey rsa:2048 -nodes -subj /CN=127.0.0.1 -keyout key.pem -out request.pem",
        "x509 -req -in request.pem -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile ext -out cert.pem",
    ] {
        let output =
            Command::new("openssl").args(line.split(' ')).current_dir(home.path()).output();
        if !output.is_ok_and(|o| o.status.success()) {
            let required = std::env::var("COURANT_TEST_REQUIRE").is_ok_and(|v| v == "all");
            assert!(!required, "openssl cannot create a certificate");
            eprintln!("skipped: openssl is not available to create a certificate");
            return None;
        }
    }
    let acceptor = acceptor(&file("cert.pem"), &file("key.pem"));
    Some(Authority { ca: file("ca.pem"), acceptor, _home: home })
}

fn acceptor(certificate: &Path, key: &Path) -> TlsAcceptor {
    let chain = CertificateDer::pem_file_iter(certificate).unwrap().map(Result::unwrap).collect();
    let key = PrivateKeyDer::from_pem_file(key).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap();
    TlsAcceptor::from(Arc::new(config.with_no_client_auth().with_single_cert(chain, key).unwrap()))
}

#[tokio::test]
async fn the_url_scheme_determines_encryption_and_verification() {
    let Some(authority) = authority() else { return };
    let starttls = SmtpServer::start(
        Script::new().starttls(authority.acceptor.clone()).login("ann", "sesame"),
    )
    .await;
    let implicit = SmtpServer::start(
        Script::new().implicit_tls(authority.acceptor.clone()).login("ann", "sesame"),
    )
    .await;
    let relay = |server: &SmtpServer, mode, ca: bool| {
        let tls_ca = ca.then(|| authority.ca.clone());
        let login = Transport {
            username: Some("ann".into()),
            password: Some("sesame".into()),
            tls_ca,
            ..transport(server, mode)
        };
        Relay::from_transport(&login, timeouts(10_000))
    };
    for (server, mode, ca) in [
        (&starttls, TlsMode::Opportunistic, false),
        (&starttls, TlsMode::Required, true),
        (&implicit, TlsMode::Implicit, true),
    ] {
        let mut connection = Connection::open(&relay(server, mode, ca).unwrap()).await.unwrap();
        assert!(connection.is_encrypted());
        assert_eq!(send(&mut connection, "a@example.org").await, "sent, open: 250 2.0.0 taken");
        assert_eq!(send_pipelined(&mut connection, &["b", "c"]).await, [SENT; 2]);
        assert!(server.mails().last().unwrap().encrypted);
    }
    for (server, mode) in [(&starttls, TlsMode::Required), (&implicit, TlsMode::Implicit)] {
        // On a machine without root certificates this fails earlier.
        let Ok(relay) = relay(server, mode, false) else { continue };
        let error = Connection::open(&relay).await.err().unwrap();
        assert!(matches!(error, ConnectError::Tls { .. }), "{error}");
    }
    let plain = SmtpServer::start(Script::new()).await;
    let error =
        Connection::open(&relay(&plain, TlsMode::Required, true).unwrap()).await.err().unwrap();
    assert!(matches!(error, ConnectError::NoStartTls { .. }) && error.is_permanent(), "{error}");
}

#[tokio::test]
async fn replies_injected_before_tls_starts_are_rejected() {
    let Some(authority) = authority() else { return };
    let injected = Rule::reply(At::StartTls, "220 2.0.0 ready\r\n250 2.0.0 injected");
    let server =
        SmtpServer::start(Script::new().starttls(authority.acceptor.clone()).rule(injected)).await;
    let transport =
        Transport { tls_ca: Some(authority.ca.clone()), ..transport(&server, TlsMode::Required) };
    let error = Connection::open(&Relay::from_transport(&transport, timeouts(10_000)).unwrap())
        .await
        .err()
        .unwrap();
    assert!(
        matches!(&error, ConnectError::Tls { reason, .. } if reason.contains("unencrypted data before the TLS handshake")),
        "{error}"
    );
    let rejecting = SmtpServer::start(
        Script::new()
            .starttls(authority.acceptor.clone())
            .rule(Rule::reply(At::StartTls, "454 4.7.0 not now")),
    )
    .await;
    let mut connection = connect(&rejecting).await.unwrap();
    assert!(!connection.is_encrypted(), "optional encryption may fail");
    assert_eq!(send(&mut connection, "a@example.org").await, "sent, open: 250 2.0.0 taken");
}

#[tokio::test]
async fn a_port_without_tls_is_named_with_the_url_schemes_that_fit() {
    let Some(authority) = authority() else { return };
    let open = async |server: &SmtpServer, mode| {
        let transport = Transport { tls_ca: Some(authority.ca.clone()), ..transport(server, mode) };
        let relay = Relay::from_transport(&transport, timeouts(10_000)).unwrap();
        Connection::open(&relay).await
    };
    let plain = SmtpServer::start(Script::new()).await;
    let submission = SmtpServer::start(Script::new().starttls(authority.acceptor.clone())).await;
    for server in [&plain, &submission] {
        let error = open(server, TlsMode::Implicit).await.err().unwrap().to_string();
        assert!(
            error.contains("smtp+starttls://")
                && error.contains("465")
                && !error.contains("certificate"),
            "{error}"
        );
    }
    // Says 220 to STARTTLS, but continues in plaintext.
    let rule = Rule::reply(At::Ehlo, "250-relay.test\r\n250 STARTTLS");
    let plaintext =
        Rule::reply_in_pieces(At::StartTls, &[b"220 ready\r\n", b"500 5.5.2 what?\r\n"]);
    let broken = SmtpServer::start(Script::new().rule(rule).rule(plaintext)).await;
    let error = open(&broken, TlsMode::Required).await.err().unwrap();
    assert!(matches!(error, ConnectError::NotTls { .. } | ConnectError::Tls { .. }), "{error}");
    assert!(!open(&broken, TlsMode::Opportunistic).await.unwrap().is_encrypted());
}

#[tokio::test]
async fn a_port_whose_server_sends_no_greeting_may_be_one_for_tls() {
    let Some(authority) = authority() else { return };
    let implicit = SmtpServer::start(Script::new().implicit_tls(authority.acceptor.clone())).await;
    for mode in [TlsMode::Opportunistic, TlsMode::Required] {
        let relay = Relay::from_transport(&transport(&implicit, mode), timeouts(300)).unwrap();
        let error = Connection::open(&relay).await.err().unwrap().to_string();
        assert!(error.contains("no greeting") && error.contains("smtps://"), "{error}");
    }
}
