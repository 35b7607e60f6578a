//! DKIM signatures checked by an independent verifier, dkimpy, with the DNS records that `courant
//! check` prints.

use std::path::Path;
use std::process::{Command, Stdio};

use courant::domain::article::IncomingArticle;
use courant::domain::time::{MINUTE, SECOND};
use courant::subscribers::NewSubscriber;

use crate::smtp_server::{At, Rule, Script};
use crate::support::{Shell, article, database_tests, skipped};

const KEYS: &str = r#"dkim = ["rsa2026:keys/rsa.pem", "ed2026:keys/ed.pem"]"#;
const BOTH_VALID: &str = "rsa2026 valid\ned2026 valid\n";

/// Creates both keys; returns `false` and reports the skipped test if a program is missing.
fn create_keys(home: &Path) -> bool {
    let keys = home.join("keys");
    std::fs::create_dir_all(&keys).unwrap();
    for line in [
        "genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out rsa.pem",
        "genpkey -algorithm ED25519 -out ed.pem",
    ] {
        if !succeeds(Command::new("openssl").args(line.split(' ')).current_dir(&keys)) {
            skipped("openssl is not available to create keys");
            return false;
        }
    }
    if !succeeds(Command::new("python3").args(["-c", "import dkim, nacl"])) {
        skipped("python3 does not have dkimpy and pynacl");
        return false;
    }
    true
}

fn succeeds(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|s| s.success())
}

/// Returns the TXT records that `courant check` prints, one per line: name, tab, text.
fn records(checked: &str) -> String {
    let lines: Vec<&str> = checked.lines().map(str::trim).collect();
    lines
        .windows(2)
        .filter(|pair| pair[1].starts_with("v=DKIM1; "))
        .map(|pair| format!("{}\t{}\n", pair[0], pair[1]))
        .collect()
}

/// Returns dkimpy's verdict on each signature of a message.
fn verdicts(home: &Path, message: &str, records: &str) -> String {
    let (mail, dns) = (home.join("message.eml"), home.join("records.txt"));
    std::fs::write(&mail, message).unwrap();
    std::fs::write(&dns, records).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/verify_dkim.py");
    let output = Command::new("python3").arg(script).args([&mail, &dns]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Replaces the first occurrence of `was`, as a manipulating relay could.
fn tamper(message: &str, was: &str, is: &str) -> String {
    assert!(message.contains(was), "{was} is not in the message:\n{message}");
    message.replacen(was, is, 1)
}

/// Returns an article in two languages with whitespace and dots that canonicalization affects.
fn bilingual_article() -> IncomingArticle {
    IncomingArticle {
        title: "Open day at the dye works: 染坊开放日".into(),
        body_html: "<p>Three  hundred \t guests &amp; friends.</p>\n<p>.leading dot</p><p>来了三百位来宾，看见了靛蓝。</p>\n\n".into(),
        ..article("a")
    }
}

database_tests! {
    async fn both_signatures_of_every_mail_are_valid_and_any_change_breaks_them(world) {
        let home = world.home.path().to_owned();
        if !create_keys(&home) {
            return;
        }
        world.configure(|s| {
            s.transport = format!("connections = 2\n{KEYS}");
            s.digest = "languages = [\"en\", \"zh-CN\"]\nreply_to = \"Office, College <office@example.edu>\"".into();
        }).await;
        world.publish([bilingual_article()]).await;
        let reader = |email: &str, name: &str, language: &str| NewSubscriber {
            email: email.into(),
            name: Some(name.into()),
            language: Some(language.into()),
            ..NewSubscriber::default()
        };
        world
            .subscribe(
                "weekly",
                [
                    reader("ann@example.org", "Ann", "en"),
                    reader("cai@example.org", "蔡元培", "zh-CN"),
                ],
            )
            .await;
        world.config_file();
        world.create_edition().await;
        assert_eq!(world.deliver().await.sent, 2);
        let checked = Shell::command(&home, &["check"]).output().unwrap();
        let records = records(&String::from_utf8(checked.stdout).unwrap());
        assert_eq!(records.lines().count(), 2, "{records}");
        assert!(
            records.starts_with("rsa2026._domainkey.example.edu\tv=DKIM1; k=rsa; p=MII"),
            "{records}"
        );
        assert_eq!(world.relay.mails().len(), 2);
        for mail in world.relay.mails() {
            let mail = mail.content;
            assert!(mail.starts_with("DKIM-Signature: v=1; a=rsa-sha256;"), "{mail}");
            assert_eq!(verdicts(&home, &mail, &records), BOTH_VALID, "{mail}");
            for (was, is) in [
                ("\r\nFrom: ", "\r\nFrom: x"),
                ("\r\nFrom: ", "\r\nFrom: eve@example.com\r\nFrom: "),
                ("\r\nSubject: ", "\r\nSubject: other\r\nSubject: "),
                ("\r\nList-Unsubscribe: <https", "\r\nList-Unsubscribe: <http"),
                ("One-Click", "One-Klick"),
                ("\r\n\r\n--=_", "\r\n\r\n--=-"),
            ] {
                assert_eq!(
                    verdicts(&home, &tamper(&mail, was, is), &records),
                    "rsa2026 invalid\ned2026 invalid\n",
                    "{was:?} as {is:?}"
                );
            }
            // Breaking one signature does not affect the other.
            assert_eq!(
                verdicts(&home, &tamper(&mail, "; t=", "; t=1"), &records),
                "rsa2026 invalid\ned2026 valid\n"
            );
            // A relay may add header fields and fold lines differently.
            let relayed = format!(
                "Received: from here\r\n\tby there\r\n{}",
                tamper(&mail, "\r\nTo: ", "\r\nTo:\r\n\t ")
            );
            assert_eq!(verdicts(&home, &relayed, &records), BOTH_VALID);
        }
    }

    async fn a_signed_mail_is_the_same_at_every_attempt(world) {
        let home = world.home.path().to_owned();
        if !create_keys(&home) {
            return;
        }
        world.configure(|s| s.transport = format!("{KEYS}\ndkim_domain = \"example.edu\"")).await;
        world.relay.set_script(Script::new().rule(Rule::close(At::Stored).once()));
        world.publish([article("a")]).await;
        world.add_readers(1).await;
        world.create_edition().await;
        world.deliver().await;
        world.advance(MINUTE + SECOND);
        world.restart();
        world.deliver().await;
        let mails: Vec<String> = world.relay.mails().into_iter().map(|m| m.content).collect();
        assert!(
            mails.len() == 2 && mails[0] == mails[1] && mails[0].contains("d=example.edu;"),
            "{mails:?}"
        );
    }
}

#[test]
fn check_reports_an_unusable_key_and_serve_and_deliver_refuse_to_start() {
    let shell = Shell::with(
        "url = \"file://outbox\"",
        "url = \"file://outbox\"\ndkim = [\"one:absent.pem\", \"two:empty.pem\"]",
    );
    shell.write("empty.pem", "");
    let checked = shell.courant(&["check"]);
    assert_eq!(checked.status, 1, "{checked:?}");
    for (file, part) in
        [("absent.pem", "absent.pem: No such file"), ("empty.pem", "contains no private key")]
    {
        let error = checked
            .out
            .lines()
            .find(|line| line.starts_with("error ") && line.contains(file))
            .unwrap();
        assert!(
            error.contains("config.toml:20: [[transports]] default: `dkim`: cannot ")
                && error.contains(part),
            "{error}"
        );
    }
    for command in ["serve", "deliver"] {
        let output = shell.courant(&[command]);
        assert!(
            output.status == 1
                && output.err.contains("absent.pem")
                && output.err.contains("empty.pem"),
            "{command}: {output:?}"
        );
    }
    shell.replace(
        "dkim = [\"one:absent.pem\", \"two:empty.pem\"]",
        "tls_ca = \"absent.pem\"\ndkim = []",
    );
    shell.replace("file://outbox", "smtps://127.0.0.1:1");
    let checked = shell.courant(&["check"]);
    assert!(
        checked.status == 1 && checked.out.contains("tls_ca") && checked.out.contains("absent.pem"),
        "{checked:?}"
    );
}
