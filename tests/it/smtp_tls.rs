//! How mail leaves within TLS: taken when offered, required, verified, and never faked.

#![expect(clippy::unwrap_used, reason = "a test that can't go on should stop where it can't")]

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

/// A private authority and a certificate of its own for 127.0.0.1, made by openssl.
pub(crate) struct Authority {
    _home: tempfile::TempDir,
    pub(crate) ca: PathBuf,
    pub(crate) acceptor: TlsAcceptor,
}

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
        let made = Command::new("openssl").args(line.split(' ')).current_dir(home.path()).output();
        if !made.is_ok_and(|m| m.status.success()) {
            let required = std::env::var("COURANT_TEST_REQUIRE").is_ok_and(|v| v == "all");
            assert!(!required, "openssl can't make a certificate");
            eprintln!("skipped: openssl is not at hand to make a certificate");
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
async fn encryption_is_taken_required_and_verified_as_the_address_says() {
    let Some(made) = authority() else { return };
    let starttls =
        SmtpServer::start(Script::new().starttls(made.acceptor.clone()).login("ann", "sesame"))
            .await;
    let implicit =
        SmtpServer::start(Script::new().implicit_tls(made.acceptor.clone()).login("ann", "sesame"))
            .await;
    let relay = |server: &SmtpServer, mode, ca: bool| {
        let tls_ca = ca.then(|| made.ca.clone());
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
        // A machine without any authority refuses even earlier.
        let Ok(relay) = relay(server, mode, false) else { continue };
        let trouble = Connection::open(&relay).await.err().unwrap();
        assert!(matches!(trouble, ConnectError::Tls { .. }), "{trouble}");
    }
    let plain = SmtpServer::start(Script::new()).await;
    let trouble =
        Connection::open(&relay(&plain, TlsMode::Required, true).unwrap()).await.err().unwrap();
    assert!(
        matches!(trouble, ConnectError::NoStartTls { .. }) && trouble.is_permanent(),
        "{trouble}"
    );
}

#[tokio::test]
async fn words_slipped_in_before_tls_begins_are_not_believed() {
    let Some(made) = authority() else { return };
    let slipped = Rule::reply(At::StartTls, "220 2.0.0 ready\r\n250 2.0.0 injected");
    let server =
        SmtpServer::start(Script::new().starttls(made.acceptor.clone()).rule(slipped)).await;
    let transport =
        Transport { tls_ca: Some(made.ca.clone()), ..transport(&server, TlsMode::Required) };
    let trouble = Connection::open(&Relay::from_transport(&transport, timeouts(10_000)).unwrap())
        .await
        .err()
        .unwrap();
    assert!(
        matches!(&trouble, ConnectError::Tls { why, .. } if why.contains("in clear")),
        "{trouble}"
    );
    let refusing = SmtpServer::start(
        Script::new()
            .starttls(made.acceptor.clone())
            .rule(Rule::reply(At::StartTls, "454 4.7.0 not now")),
    )
    .await;
    let mut connection = connect(&refusing).await.unwrap();
    assert!(!connection.is_encrypted(), "where encryption is an extra, its failure is no obstacle");
    assert_eq!(send(&mut connection, "a@example.org").await, "sent, open: 250 2.0.0 taken");
}
