//! SMTP authentication: supported mechanisms, and no password over unencrypted connections.

use courant::config::settings::{TlsMode, Transport};
use courant::mail::smtp::{ConnectError, Connection, Relay};

use crate::smtp::{connect, send, timeouts, transport};
use crate::smtp_server::{Script, SmtpServer};

#[tokio::test]
async fn sending_works_with_the_right_password_only() {
    for script in
        [Script::new(), Script::new().mechanisms("LOGIN"), Script::new().without_pipelining()]
    {
        let server = SmtpServer::start(script.login("ann", "sesame")).await;
        let relay = |password: &str| {
            let login = Transport {
                username: Some("ann".into()),
                password: Some(password.into()),
                ..transport(&server, TlsMode::Opportunistic)
            };
            Relay::from_transport(&login, timeouts(10_000)).unwrap()
        };
        let mut connection = Connection::open(&relay("sesame")).await.unwrap();
        assert_eq!(send(&mut connection, "a@example.org").await, "sent, open: 250 2.0.0 taken");
        let error = Connection::open(&relay("wrong-horse")).await.err().unwrap();
        assert!(error.is_permanent() && error.to_string().contains("535 5.7.8"), "{error}");
        assert!(!format!("{error} {error:?}").contains("wrong-horse"));
        let mut anonymous = connect(&server).await.unwrap();
        assert!(
            send(&mut anonymous, "a@example.org")
                .await
                .starts_with("relay, open: the relay answered MAIL with: 530")
        );
        server.set_script(Script::new().mechanisms("CRAM-MD5").login("ann", "sesame"));
        assert!(matches!(
            Connection::open(&relay("sesame")).await,
            Err(ConnectError::NoAuthMechanism { .. })
        ));
    }
}

#[tokio::test]
async fn a_password_is_never_sent_unencrypted_to_another_machine() {
    // This sends no packet; it only determines the local address of the default route.
    let socket = std::net::UdpSocket::bind("0.0.0.0:0").unwrap();
    let own = socket.connect("192.0.2.1:9").and_then(|()| socket.local_addr());
    let Some(own) = own.ok().map(|a| a.ip()).filter(|ip| !ip.is_loopback() && !ip.is_unspecified())
    else {
        eprintln!("skipped: this machine has only loopback addresses");
        return;
    };
    let server =
        SmtpServer::start_at(&format!("{own}:0"), Script::new().login("ann", "sesame")).await;
    let login = Transport {
        username: Some("ann".into()),
        password: Some("sesame".into()),
        ..transport(&server, TlsMode::Opportunistic)
    };
    let error = Connection::open(&Relay::from_transport(&login, timeouts(10_000)).unwrap())
        .await
        .err()
        .unwrap();
    assert!(matches!(error, ConnectError::CleartextPassword { .. }), "{error}");
    assert!(!server.verbs(1).iter().any(|v| v == "AUTH"));
}
