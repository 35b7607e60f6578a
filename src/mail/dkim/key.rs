//! Signing keys: reading private keys from PEM files and formatting their public keys as DNS
//! records.

use std::path::Path;

use aws_lc_rs::digest::Digest;
use aws_lc_rs::encoding::{AsDer as _, PublicKeyX509Der};
use aws_lc_rs::error::KeyRejected;
use aws_lc_rs::rsa::KeyPair as RsaKeyPair;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::{self, PemObject as _};

use crate::fs::read_regular_file;

/// Remedy in error messages: commands that create a valid key.
const HOW_TO_CREATE: &str = "create one with `openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out FILE`, or with `-algorithm ED25519`";

/// Maximum size of a key file in bytes.
const MAX_KEY_BYTES: u64 = 100_000;

/// Private key with the DNS record of its public key.
pub(super) struct Key {
    private_key: PrivateKey,
    dns_record: String,
}

enum PrivateKey {
    /// Key for `rsa-sha256` (RFC 6376 section 3.3.1), of 2048 bits or more.
    Rsa(RsaKeyPair),
    /// Key for `ed25519-sha256` (RFC 8463).
    Ed25519(Ed25519KeyPair),
}

impl Key {
    /// Reads the first private key of a PEM file. The error says what is wrong with the file and
    /// how to fix it.
    pub(super) fn from_file(file: &Path) -> Result<Self, String> {
        let pem = read_regular_file(file, MAX_KEY_BYTES).map_err(|e| {
            format!("cannot read the key {}: {e}; specify a file that the user running Courant can read; the path is relative to the configuration file", file.display())
        })?;
        Self::from_pem(&pem)
            .map_err(|reason| format!("cannot use the key {}: {reason}", file.display()))
    }

    /// Parses the first private key (PKCS#1 or PKCS#8) in a PEM text and ignores the text around
    /// it.
    pub(super) fn from_pem(pem: &[u8]) -> Result<Self, String> {
        match PrivateKeyDer::from_pem_slice(pem) {
            Ok(PrivateKeyDer::Pkcs1(der)) => Self::rsa(RsaKeyPair::from_der(der.secret_pkcs1_der())),
            Ok(PrivateKeyDer::Pkcs8(der)) => {
                let der = der.secret_pkcs8_der();
                match Ed25519KeyPair::from_pkcs8_maybe_unchecked(der) {
                    Ok(pair) => Ok(Self::ed25519(pair)),
                    Err(_) => Self::rsa(RsaKeyPair::from_pkcs8(der)),
                }
            }
            Ok(_) => Err(unusable_key("")),
            // Matches "BEGIN ENCRYPTED PRIVATE KEY", and "Proc-Type: 4,ENCRYPTED" inside a
            // traditional key.
            Err(_) if contains(pem, b"ENCRYPTED") => {
                Err("it is encrypted with a passphrase, which Courant cannot prompt for; decrypt it with `openssl pkey -in FILE -out NEW`".to_owned())
            }
            Err(pem::Error::NoItemsFound) => Err(format!("it contains no private key in PEM format; {HOW_TO_CREATE}")),
            Err(e) => Err(format!("it is damaged ({e}); {HOW_TO_CREATE}")),
        }
    }

    fn rsa(pair: Result<RsaKeyPair, KeyRejected>) -> Result<Self, String> {
        let pair = pair.map_err(|e| unusable_key(&e.to_string()))?;
        // As SubjectPublicKeyInfo: RFC 6376 describes RSAPublicKey, but all receivers expect this
        // form.
        let public: PublicKeyX509Der<'_> =
            pair.public_key().as_der().map_err(|_| unusable_key(""))?;
        let dns_record = format!("v=DKIM1; k=rsa; p={}", STANDARD.encode(public.as_ref()));
        Ok(Self { private_key: PrivateKey::Rsa(pair), dns_record })
    }

    fn ed25519(pair: Ed25519KeyPair) -> Self {
        // The raw 32 bytes (RFC 8463 section 4).
        let dns_record =
            format!("v=DKIM1; k=ed25519; p={}", STANDARD.encode(pair.public_key().as_ref()));
        Self { private_key: PrivateKey::Ed25519(pair), dns_record }
    }

    /// Returns the value of the tag `a=` of a signature.
    pub(super) fn algorithm(&self) -> &'static str {
        if self.is_rsa() { "rsa-sha256" } else { "ed25519-sha256" }
    }

    /// Returns `true` for an RSA key, which signs slowly.
    pub(super) fn is_rsa(&self) -> bool {
        matches!(self.private_key, PrivateKey::Rsa(_))
    }

    /// Returns the signature of data with this SHA-256 digest, in base64. It is deterministic;
    /// `None` if the library fails.
    pub(super) fn sign(&self, digest: &Digest) -> Option<String> {
        match &self.private_key {
            PrivateKey::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign_digest(&RSA_PKCS1_SHA256, digest, &mut signature).ok()?;
                Some(STANDARD.encode(signature))
            }
            // Ed25519 signs the digest, not the data (RFC 8463 section 3).
            PrivateKey::Ed25519(pair) => {
                Some(STANDARD.encode(pair.try_sign(digest.as_ref()).ok()?))
            }
        }
    }

    /// Returns the text of the DNS record that lets receivers verify signatures.
    pub(super) fn dns_record(&self) -> &str {
        &self.dns_record
    }
}

/// Returns the reason why a key is unusable; `reason` is the error of the library.
fn unusable_key(reason: &str) -> String {
    if reason == "TooSmall" {
        return format!(
            "it is an RSA key of less than 2048 bits, which receivers reject; {HOW_TO_CREATE}"
        );
    }
    format!("it is neither an RSA key of 2048 to 8192 bits nor an Ed25519 key; {HOW_TO_CREATE}")
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}
