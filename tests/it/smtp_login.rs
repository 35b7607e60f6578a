//! Passwords on the way out: what they open, and where they are never said.

use courant::config::settings::{TlsMode, Transport};
use courant::mail::smtp::{ConnectError, Connection, Relay};

use crate::smtp::{connect, send, timeouts, transport};
use crate::smtp_server::{Script, SmtpServer};

#[tokio::test]
async fn who_knows_the_password_may_send() {
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
        let trouble = Connection::open(&relay("wrong-horse")).await.err().unwrap();
        assert!(trouble.is_permanent() && trouble.to_string().contains("535 5.7.8"), "{trouble}");
        assert!(!format!("{trouble} {trouble:?}").contains("wrong-horse"));
        let mut unknown = connect(&server).await.unwrap();
        assert!(
            send(&mut unknown, "a@example.org")
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
async fn a_password_never_leaves_this_machine_in_clear() {
    // No packet is sent by this: it only asks which of our addresses would be used.
    let probe = std::net::UdpSocket::bind("0.0.0.0:0").unwrap();
    let own = probe.connect("192.0.2.1:9").and_then(|()| probe.local_addr());
    let Some(own) = own.ok().map(|a| a.ip()).filter(|ip| !ip.is_loopback() && !ip.is_unspecified())
    else {
        eprintln!("skipped: this machine has no address but loopback");
        return;
    };
    let server =
        SmtpServer::start_at(&format!("{own}:0"), Script::new().login("ann", "sesame")).await;
    let login = Transport {
        username: Some("ann".into()),
        password: Some("sesame".into()),
        ..transport(&server, TlsMode::Opportunistic)
    };
    let trouble = Connection::open(&Relay::from_transport(&login, timeouts(10_000)).unwrap())
        .await
        .err()
        .unwrap();
    assert!(matches!(trouble, ConnectError::PasswordInClear { .. }), "{trouble}");
    assert!(!server.verbs(1).iter().any(|v| v == "AUTH"));
}
