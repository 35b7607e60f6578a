//! Tests of keys and signatures; an independent verifier checks them in `tests/it/signatures.rs`.

use std::path::Path;
use std::process::Command;

use aws_lc_rs::signature::{ED25519, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use proptest::prelude::*;

use super::*;
use crate::config::{Config, DkimKey};
use crate::domain::time::SECOND;

const MESSAGE: &str = "From: \"News\" <news@Example.edu>\r\nTo: a@example.org\r\nSubject: The\r\n  week\r\nX-Other: x\r\n\r\nHi  there \r\n";
const AT: Millis = Millis(1_790_000_000_999);

/// The key of the appendix of RFC 8463, also published in RFC 8032: its seed with a PKCS#8 prefix.
fn published_key() -> Key {
    let seed = "nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=";
    let mut der = b"\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20".to_vec();
    der.extend(STANDARD.decode(seed).unwrap());
    // Assembled at run time, so that secret scanners do not report this file.
    let kind = ["PRIVATE", "KEY"].join(" ");
    let pem = format!(
        "some text\r\n-----BEGIN {kind}-----\r\n{}\r\n-----END {kind}-----\r\nmore text\r\n",
        STANDARD.encode(der)
    );
    Key::from_pem(pem.as_bytes()).unwrap()
}

fn signer() -> Signer {
    Signer { keys: vec![("ed2026".to_owned(), published_key())].into(), domain: None }
}

/// Returns a transport with these keys, parsed from a configuration.
fn transport(directory: &Path, keys: &str) -> Transport {
    let text = format!(
        "[site]\ntitle = \"T\"\nbase_url = \"https://news.example.edu\"\nid_authority = \"news.example.edu,2026\"\n\
         [[transports]]\nname = \"default\"\nurl = \"file://out\"\ndkim = [{keys}]\n"
    );
    Config::parse(&directory.join("config.toml"), &text, std::iter::empty())
        .unwrap()
        .transports
        .remove(0)
}

/// Creates keys of every format with openssl. Without openssl it skips the test with a message, or
/// panics if all tests are required.
fn create_keys() -> Option<tempfile::TempDir> {
    let home = tempfile::tempdir().unwrap();
    for line in [
        "genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out rsa8.pem",
        "rsa -in rsa8.pem -traditional -out rsa1.pem",
        "genpkey -algorithm ED25519 -out ed.pem",
        "genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:1024 -out short8.pem",
        "rsa -in short8.pem -traditional -out short1.pem",
        "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out ec.pem",
        "pkey -in ed.pem -aes256 -passout pass:x -out locked.pem",
        "rsa -in rsa8.pem -traditional -aes256 -passout pass:x -out locked1.pem",
        "pkey -in rsa8.pem -pubout -out public.pem",
    ] {
        let made = Command::new("openssl").args(line.split(' ')).current_dir(home.path()).output();
        if !made.is_ok_and(|m| m.status.success()) {
            assert!(
                std::env::var("COURANT_TEST_REQUIRE").as_deref() != Ok("all"),
                "openssl failed: {line}"
            );
            eprintln!("skipped: openssl is not available to create keys");
            return None;
        }
    }
    Some(home)
}

/// Parses the tags of an unfolded signature field.
fn tags(field: &str) -> Vec<(String, String)> {
    let (name, value) = field.split_once(':').unwrap();
    assert_eq!(name, "DKIM-Signature");
    let value: String = value.split_whitespace().collect();
    value
        .split(';')
        .map(|tag| tag.split_once('=').map(|(k, v)| (k.to_owned(), v.to_owned())).unwrap())
        .collect()
}

fn tag(field: &str, name: &str) -> String {
    tags(field).into_iter().find(|(k, _)| k == name).unwrap().1
}

/// Returns the data that a verifier hashes: the fields in `h=`, each name taking the next from the
/// end, and the signature field without its value.
fn hashed(message: &str, field: &str) -> Vec<u8> {
    let head = message.split_once("\r\n\r\n").unwrap().0;
    let mut left = canonical::split_fields(head);
    let mut data = Vec::new();
    for name in tag(field, "h").split(':') {
        if let Some(at) = left.iter().rposition(|f| has_name(f, name)) {
            canonical::field(left.remove(at), &mut data);
            data.extend(b"\r\n");
        }
    }
    let (bare, _) = field.rsplit_once("b=").unwrap();
    canonical::field(&format!("{bare}b="), &mut data);
    data
}

#[test]
fn key_and_body_hash_match_the_example_of_rfc_8463() {
    assert_eq!(
        published_key().dns_record(),
        "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
    );
    let body = "Hi.\r\n\r\nWe lost the game.  Are you hungry yet?\r\n\r\nJoe.\r\n";
    assert_eq!(body_hash(body), "2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=");
}

#[test]
fn signature_lists_the_signed_headers_and_is_deterministic() {
    let signature = signer().sign(MESSAGE, AT).unwrap();
    let field = signature.strip_suffix("\r\n").unwrap();
    let expected = [
        ("v", "1"),
        ("a", "ed25519-sha256"),
        ("c", "relaxed/relaxed"),
        ("d", "example.edu"),
        ("s", "ed2026"),
        ("t", "1790000000"),
        ("h", "From:From:To:To:Cc:Subject:Subject:Date:Reply-To:Content-Type"),
        ("bh", &body_hash("Hi there\r\n")),
    ];
    let found = tags(field);
    assert_eq!(
        found.iter().map(|(k, v)| (k.as_str(), v.as_str())).take(8).collect::<Vec<_>>(),
        expected
    );
    assert!(field.split("\r\n").all(|line| line.len() <= RECOMMENDED_LINE_LENGTH), "{field}");
    assert_eq!(signer().sign(MESSAGE, AT).unwrap(), signature);
    assert_ne!(signer().sign(MESSAGE, AT.plus(SECOND)).unwrap(), signature, "t= is signed too");
    let longer = MESSAGE.replace("Hi  there", "Hi  all");
    assert_ne!(
        tag(&signer().sign(&longer, AT).unwrap(), "bh"),
        tag(field, "bh"),
        "each body has its own hash"
    );
    assert!(!signer().is_costly());
}

#[test]
fn repeated_fields_are_signed_from_last_to_first() {
    let (names, data) = select_fields(&["List-ID: 1", "from: a@b.example", "LIST-ID : 2"]);
    assert_eq!(
        names,
        [
            "From",
            "From",
            "To",
            "Cc",
            "Subject",
            "Date",
            "Reply-To",
            "Content-Type",
            "List-ID",
            "List-ID"
        ]
    );
    assert_eq!(String::from_utf8(data).unwrap(), "from:a@b.example\r\nlist-id:2\r\nlist-id:1\r\n");
}

#[test]
fn signing_domain_is_the_configured_one_or_the_senders() {
    let signer = Signer { domain: Some("example.edu".into()), ..signer() };
    let other = "From: a@news.example.edu\r\n\r\n";
    assert_eq!(tag(&signer.sign(other, AT).unwrap(), "d"), "example.edu");
    assert_eq!(signer.dns_records("example.edu")[0].name, "ed2026._domainkey.example.edu");
    let signer = Signer { domain: None, ..signer };
    assert_eq!(tag(&signer.sign(other, AT).unwrap(), "d"), "news.example.edu");
    for message in [
        "Subject: x\r\n\r\n",
        "From: nobody\r\n\r\n",
        "From: a@\r\n\r\n",
        "From: a@b;c\r\n\r\n",
        "no message",
    ] {
        assert!(
            signer
                .sign(message, AT)
                .unwrap_err()
                .to_string()
                .starts_with("cannot sign the message: it has no "),
            "{message}"
        );
    }
}

#[test]
fn signatures_of_every_key_format_verify_with_the_published_key() {
    let Some(home) = create_keys() else { return };
    let windows =
        std::fs::read_to_string(home.path().join("rsa1.pem")).unwrap().replace('\n', "\r\n");
    std::fs::write(
        home.path().join("windows.pem"),
        format!("Bag Attributes\r\n    friendlyName: k\r\n{windows}\r\nthe end"),
    )
    .unwrap();
    let transport =
        transport(home.path(), r#""r8:rsa8.pem", "r1:rsa1.pem", "w:windows.pem", "e:ed.pem""#);
    let signer = Signer::from_transport(&transport).unwrap().unwrap();
    assert!(signer.is_costly());
    let records = signer.dns_records("example.edu");
    assert!(records[0].value == records[1].value && records[1].value == records[2].value);
    let signatures = signer.sign(MESSAGE, AT).unwrap();
    let found = canonical::split_fields(&signatures);
    assert_eq!(found.len(), 4);
    for (field, record) in found.into_iter().zip(&records) {
        let public = STANDARD.decode(record.value.rsplit_once("p=").unwrap().1).unwrap();
        let data = hashed(MESSAGE, field);
        let signature = STANDARD.decode(tag(field, "b")).unwrap();
        if record.value.contains("k=rsa") {
            // After 24 bytes that identify the algorithm, the key starts in the format that ring
            // expects.
            let verifier = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &public[24..]);
            verifier.verify(&data, &signature).unwrap();
        } else {
            let digest = digest::digest(&SHA256, &data);
            UnparsedPublicKey::new(&ED25519, &public).verify(digest.as_ref(), &signature).unwrap();
        }
    }
    assert!(!format!("{signer:?}").contains("PRIVATE") && format!("{signer:?}").contains("r8"));
}

#[test]
fn unusable_keys_are_rejected_with_location_and_remedy() {
    let Some(home) = create_keys() else { return };
    std::fs::write(home.path().join("empty.pem"), "").unwrap();
    let damaged =
        std::fs::read_to_string(home.path().join("ed.pem")).unwrap().replace("MC4", "!!!");
    std::fs::write(home.path().join("damaged.pem"), damaged).unwrap();
    for (file, part) in [
        ("short8.pem", "less than 2048 bits"),
        ("short1.pem", "less than 2048 bits"),
        ("ec.pem", "neither an RSA key"),
        ("locked.pem", "encrypted with a passphrase"),
        ("locked1.pem", "encrypted with a passphrase"),
        ("public.pem", "contains no private key"),
        ("empty.pem", "contains no private key"),
        ("damaged.pem", "it is damaged"),
        ("absent.pem", "absent.pem: No such file"),
        (".", "cannot read the key"),
    ] {
        let errors =
            Signer::from_transport(&transport(home.path(), &format!("\"s:{file}\", \"t:ed.pem\"")))
                .unwrap_err();
        let begin = format!(
            "{}:8: [[transports]] default: `dkim`: cannot ",
            home.path().join("config.toml").display()
        );
        let key = format!(" the key {}", home.path().display());
        assert!(
            errors.len() == 1
                && errors[0].starts_with(&begin)
                && errors[0].contains(&key)
                && errors[0].contains(part),
            "{errors:?}"
        );
    }
    let none = Transport { dkim: Vec::<DkimKey>::new(), ..transport(home.path(), "\"s:ed.pem\"") };
    assert!(Signer::from_transport(&none).unwrap().is_none());
}

proptest! {
    #[test]
    fn signer_and_key_parser_do_not_panic_on_any_text(
        text in any::<String>(),
        pieces in prop::collection::vec(prop::sample::select(vec!["From: a@b.example", "To", ":", " ", "\t", "\r\n", "\n", "x", "é"]), 0..40),
    ) {
        for text in [text, pieces.concat()] {
            if let Ok(signatures) = signer().sign(&text, Millis(-5)) {
                prop_assert!(signatures.is_ascii() && signatures.ends_with("\r\n"));
            }
            prop_assert!(Key::from_pem(text.as_bytes()).is_err());
        }
    }
}
