//! Keys to sign with: read from PEM files, and as receivers find their public halves in the DNS.

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

/// What makes keys that work, for who has none.
const REMEDY: &str = "make one with `openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out FILE`, or with `-algorithm ED25519`";

/// A private key, with its public half as the DNS shows it.
pub(super) struct Key {
    secret: Secret,
    record: String,
}

enum Secret {
    /// `rsa-sha256` (RFC 6376 section 3.3.1), of 2048 bits or more.
    Rsa(RsaKeyPair),
    /// `ed25519-sha256` (RFC 8463).
    Ed25519(Ed25519KeyPair),
}

impl Key {
    /// Reads the first private key of a PEM file; the error says what is wrong with the file and what to do.
    pub(super) fn read(file: &Path) -> Result<Self, String> {
        let pem = std::fs::read(file).map_err(|e| {
            format!("the key {} can't be read: {e}; name a file that Courant's user may read, relative to the config file", file.display())
        })?;
        Self::of_pem(&pem).map_err(|why| format!("the key {} can't be used: {why}", file.display()))
    }

    /// The first private key of a PEM text (PKCS#1 or PKCS#8), whatever stands around it.
    pub(super) fn of_pem(pem: &[u8]) -> Result<Self, String> {
        match PrivateKeyDer::from_pem_slice(pem) {
            Ok(PrivateKeyDer::Pkcs1(der)) => Self::rsa(RsaKeyPair::from_der(der.secret_pkcs1_der())),
            Ok(PrivateKeyDer::Pkcs8(der)) => {
                let der = der.secret_pkcs8_der();
                match Ed25519KeyPair::from_pkcs8_maybe_unchecked(der) {
                    Ok(pair) => Ok(Self::ed25519(pair)),
                    Err(_) => Self::rsa(RsaKeyPair::from_pkcs8(der)),
                }
            }
            Ok(_) => Err(refused("")),
            // "BEGIN ENCRYPTED PRIVATE KEY", or "Proc-Type: 4,ENCRYPTED" inside a traditional one.
            Err(_) if contains(pem, b"ENCRYPTED") => {
                Err("it is locked with a passphrase, which nobody could enter: unlock it with `openssl pkey -in FILE -out NEW`".to_owned())
            }
            Err(pem::Error::NoItemsFound) => Err(format!("there is no private key in it (PEM); {REMEDY}")),
            Err(e) => Err(format!("it is damaged ({e}); {REMEDY}")),
        }
    }

    fn rsa(pair: Result<RsaKeyPair, KeyRejected>) -> Result<Self, String> {
        let pair = pair.map_err(|e| refused(&e.to_string()))?;
        // With its algorithm in front of it: what RFC 6376 meant to say and all receivers expect.
        let public: PublicKeyX509Der<'_> = pair.public_key().as_der().map_err(|_| refused(""))?;
        let record = format!("v=DKIM1; k=rsa; p={}", STANDARD.encode(public.as_ref()));
        Ok(Self { secret: Secret::Rsa(pair), record })
    }

    fn ed25519(pair: Ed25519KeyPair) -> Self {
        // Its 32 bytes as they are (RFC 8463 section 4).
        let record =
            format!("v=DKIM1; k=ed25519; p={}", STANDARD.encode(pair.public_key().as_ref()));
        Self { secret: Secret::Ed25519(pair), record }
    }

    /// Its name in the tag `a=` of a signature.
    pub(super) fn algorithm(&self) -> &'static str {
        if self.is_rsa() { "rsa-sha256" } else { "ed25519-sha256" }
    }

    /// Whether it is an RSA key, which takes its time.
    pub(super) fn is_rsa(&self) -> bool {
        matches!(self.secret, Secret::Rsa(_))
    }

    /// The signature of what has this SHA-256, in base64; the same every time. Nothing if the library fails.
    pub(super) fn sign(&self, digest: &Digest) -> Option<String> {
        match &self.secret {
            Secret::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign_digest(&RSA_PKCS1_SHA256, digest, &mut signature).ok()?;
                Some(STANDARD.encode(signature))
            }
            // Signed is the digest, not what it was made from (RFC 8463 section 3).
            Secret::Ed25519(pair) => Some(STANDARD.encode(pair.try_sign(digest.as_ref()).ok()?)),
        }
    }

    /// The text of the DNS record that lets receivers verify it.
    pub(super) fn record(&self) -> &str {
        &self.record
    }
}

/// Why a key is refused; `why` is the library's word.
fn refused(why: &str) -> String {
    if why == "TooSmall" {
        return format!(
            "it is an RSA key of less than 2048 bits, which receivers do not trust; {REMEDY}"
        );
    }
    format!("it is neither an RSA key of 2048 to 8192 bits nor an Ed25519 key; {REMEDY}")
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}
