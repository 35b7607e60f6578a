//! The signature of a request to an S3 service (AWS Signature Version 4, in the `Authorization` header).

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest as _, Sha256};
use url::Url;

use crate::domain::time::Millis;

/// What a request is signed with.
#[derive(Clone, Copy)]
pub(super) struct Key<'a> {
    /// Names the key.
    pub(super) access: &'a str,
    /// The key.
    pub(super) secret: &'a str,
    /// Where it counts.
    pub(super) region: &'a str,
}

/// The hash of a body as the headers and the signature say it.
pub(super) fn hash_of(body: &[u8]) -> String {
    hex(&Sha256::digest(body))
}

/// An instant as `x-amz-date` says it.
pub(super) fn amz_date(now: Millis) -> String {
    now.timestamp().strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// The value of `Authorization` for a request without a query; `headers` are all that are signed, with lower-case names in
/// the order of the alphabet and the host among them.
pub(super) fn authorization(
    key: Key<'_>,
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
    let scope = format!("{day}/{}/s3/aws4_request", key.region);
    let text = format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{}", hash_of(request.as_bytes()));
    let first = format!("AWS4{}", key.secret).into_bytes();
    let derived =
        [day, key.region, "s3", "aws4_request"].iter().fold(first, |key, part| keyed(&key, part));
    let signature = hex(&keyed(&derived, &text));
    format!(
        "AWS4-HMAC-SHA256 Credential={}/{scope},SignedHeaders={signed},Signature={signature}",
        key.access
    )
}

fn keyed(key: &[u8], text: &str) -> Vec<u8> {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else {
        unreachable!("HMAC takes keys of any length")
    };
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_signed_as_the_protocols_own_example() {
        let key = Key {
            access: "AKIAIOSFODNN7EXAMPLE",
            secret: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            region: "us-east-1",
        };
        let url = Url::parse("https://examplebucket.s3.amazonaws.com/test%24file.text").unwrap();
        let payload = hash_of(b"Welcome to Amazon S3.");
        let date = amz_date(Millis(1_369_353_600_000));
        let headers = [
            ("date", "Fri, 24 May 2013 00:00:00 GMT"),
            ("host", "examplebucket.s3.amazonaws.com"),
            ("x-amz-content-sha256", payload.as_str()),
            ("x-amz-date", date.as_str()),
            ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
        ];
        let said = authorization(key, "PUT", &url, &headers, &payload, &date);
        assert!(
            said.ends_with(
                "Signature=98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"
            ),
            "{said}"
        );
        assert!(said.contains("Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,SignedHeaders=date;host;"), "{said}");
    }
}
