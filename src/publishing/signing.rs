//! AWS Signature Version 4 of S3 requests, in the `Authorization` header.

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest as _, Sha256};
use url::Url;

use crate::domain::time::Millis;

/// Credentials that a request is signed with.
#[derive(Clone, Copy)]
pub(super) struct S3Credentials<'a> {
    /// Public name of the key.
    pub(super) access_key: &'a str,
    /// Secret part of the key.
    pub(super) secret_key: &'a str,
    /// Region that the key is used in.
    pub(super) region: &'a str,
}

/// Returns the SHA-256 hash in lower-case hexadecimal digits.
pub(super) fn sha256_hex(body: &[u8]) -> String {
    hex::encode(Sha256::digest(body))
}

/// Formats a time as an `x-amz-date` header value.
pub(super) fn amz_date(now: Millis) -> String {
    now.timestamp().strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// Returns the `Authorization` value for a request without a query. `headers` are the signed
/// headers: lower-case names in alphabetical order, including `host`.
pub(super) fn authorization(
    credentials: S3Credentials<'_>,
    method: &str,
    url: &Url,
    headers: &[(&str, &str)],
    payload: &str,
    date: &str,
) -> String {
    let signed: Vec<&str> = headers.iter().map(|(name, _)| *name).collect();
    let signed = signed.join(";");
    let lines: String =
        headers.iter().map(|(name, value)| format!("{name}:{}\n", value.trim())).collect();
    let request = format!("{method}\n{}\n\n{lines}\n{signed}\n{payload}", url.path());
    let day = date.get(..8).unwrap_or(date);
    let scope = format!("{day}/{}/s3/aws4_request", credentials.region);
    let text = format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{}", sha256_hex(request.as_bytes()));
    let first = format!("AWS4{}", credentials.secret_key).into_bytes();
    let derived = [day, credentials.region, "s3", "aws4_request"]
        .iter()
        .fold(first, |key, part| hmac_sha256(&key, part));
    let signature = hex::encode(hmac_sha256(&derived, &text));
    format!(
        "AWS4-HMAC-SHA256 Credential={}/{scope},SignedHeaders={signed},Signature={signature}",
        credentials.access_key
    )
}

fn hmac_sha256(key: &[u8], text: &str) -> Vec<u8> {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else {
        unreachable!("HMAC accepts keys of any length")
    };
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signature_matches_the_example_of_the_aws_documentation() {
        let credentials = S3Credentials {
            access_key: "AKIAIOSFODNN7EXAMPLE",
            secret_key: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            region: "us-east-1",
        };
        let url = Url::parse("https://examplebucket.s3.amazonaws.com/test%24file.text").unwrap();
        let payload = sha256_hex(b"Welcome to Amazon S3.");
        let date = amz_date(Millis(1_369_353_600_000));
        let headers = [
            ("date", "Fri, 24 May 2013 00:00:00 GMT"),
            ("host", "examplebucket.s3.amazonaws.com"),
            ("x-amz-content-sha256", payload.as_str()),
            ("x-amz-date", date.as_str()),
            ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
        ];
        let value = authorization(credentials, "PUT", &url, &headers, &payload, &date);
        assert!(
            value.ends_with(
                "Signature=98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"
            ),
            "{value}"
        );
        assert!(value.contains("Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,SignedHeaders=date;host;"), "{value}");
    }
}
