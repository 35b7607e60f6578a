//! Publishing to a bucket of an S3-compatible service, with one request per document.

use std::fmt;
use std::time::Duration;

use hyper::body::Bytes;
use hyper::header::{
    CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, HOST, HeaderMap, HeaderName, HeaderValue,
};
use hyper::{Method, StatusCode};
use url::Url;

use super::hash::short_hash;
use super::signing::{S3Credentials, amz_date, authorization, sha256_hex};
use super::upload::Upload;
use crate::config::settings;
use crate::domain::site_urls::encode_segment;
use crate::domain::time::Millis;
use crate::net::http_client::{AddressPolicy, Client, HttpResponse};

/// Timeout of a request; shorter than the lease of a document
/// ([`crate::store::publications::PUBLICATION_LEASE`]).
const REQUEST_TIMEOUT: Duration = Duration::from_secs(20);
/// Name of an object that does not exist, deleted to check access.
const CHECK_OBJECT: &str = ".courant-check";
/// Maximum number of bytes read of an error response.
const MAX_ERROR_BYTES: usize = 4_000;

/// A bucket to publish to and its HTTP client.
#[derive(Debug)]
pub(super) struct BucketDestination {
    settings: settings::Bucket,
    gzip: bool,
    client: Client,
}

impl fmt::Display for BucketDestination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let settings = &self.settings;
        write!(
            f,
            "s3://{}/{} at {}",
            settings.name,
            settings.prefix,
            settings.url.host_str().unwrap_or_default()
        )
    }
}

impl BucketDestination {
    pub(super) fn new(settings: settings::Bucket, gzip: bool, site: &str) -> Self {
        Self { settings, gzip, client: Client::new(AddressPolicy::Any, REQUEST_TIMEOUT, site) }
    }

    /// Returns a short hash that identifies this bucket and prefix.
    pub(super) fn fingerprint(&self) -> String {
        short_hash(&format!("{}\n{}", self.settings.url, self.settings.prefix))
    }

    pub(super) async fn upload(&self, upload: &Upload, now: Millis) -> Result<(), String> {
        let body = if self.gzip { upload.rendered.gzip() } else { upload.rendered.identity() };
        let mut headers = vec![(CACHE_CONTROL, upload.cache_control.clone())];
        if self.gzip {
            headers.push((CONTENT_ENCODING, "gzip".to_owned()));
        }
        headers.push((CONTENT_TYPE, upload.content_type.clone()));
        let response = self.send(Method::PUT, &upload.file, headers, body, now).await?;
        if response.status.is_success() { Ok(()) } else { Err(error_message(&response)) }
    }

    pub(super) async fn delete(&self, file: &str, now: Millis) -> Result<(), String> {
        let response = self.send(Method::DELETE, file, Vec::new(), Bytes::new(), now).await?;
        let is_gone = response.status.is_success()
            || (response.status == StatusCode::NOT_FOUND
                && xml_text(&response, "Code") != "NoSuchBucket");
        if is_gone { Ok(()) } else { Err(error_message(&response)) }
    }

    /// Checks that the service is reachable and accepts the key for this bucket, by deleting an
    /// object that does not exist. That leaves nothing behind and needs no right that publishing
    /// does not need.
    pub(super) async fn check(&self, now: Millis) -> Result<(), String> {
        let response = self.send(Method::DELETE, CHECK_OBJECT, Vec::new(), Bytes::new(), now).await;
        let response = response.map_err(|reason| {
            format!("{reason}; check `endpoint`, `region` and the network of this machine")
        })?;
        // A web server without S3 support responds with 404, too.
        let is_accepted = response.status.is_success()
            || (response.status == StatusCode::NOT_FOUND
                && xml_text(&response, "Code") == "NoSuchKey");
        if is_accepted { Ok(()) } else { Err(error_message(&response)) }
    }

    async fn send(
        &self,
        method: Method,
        file: &str,
        mut headers: Vec<(HeaderName, String)>,
        body: Bytes,
        now: Millis,
    ) -> Result<HttpResponse, String> {
        let settings = &self.settings;
        let name = format!("{}{file}", settings.prefix);
        let path: Vec<String> = name.split('/').map(encode_segment).collect();
        let url = format!("{}/{}", settings.url.as_str().trim_end_matches('/'), path.join("/"));
        let url = Url::parse(&url).map_err(|e| format!("{url} is not a valid URL: {e}"))?;
        let host = url.host_str().unwrap_or_default();
        let host = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        let (payload, date) = (sha256_hex(&body), amz_date(now));
        // The signature needs the headers in alphabetical order; these follow those of the caller.
        headers.push((HOST, host));
        headers.push((HeaderName::from_static("x-amz-content-sha256"), payload.clone()));
        headers.push((HeaderName::from_static("x-amz-date"), date.clone()));
        let signed: Vec<(&str, &str)> =
            headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let key = S3Credentials {
            access_key: &settings.access_key,
            secret_key: &settings.secret_key,
            region: &settings.region,
        };
        let authorization = authorization(key, method.as_str(), &url, &signed, &payload, &date);
        headers.push((hyper::header::AUTHORIZATION, authorization));
        let mut all = HeaderMap::new();
        for (name, value) in headers {
            all.insert(name, HeaderValue::try_from(value).map_err(|e| e.to_string())?);
        }
        self.client.send(method, &url, all, body, MAX_ERROR_BYTES).await.map_err(|e| e.to_string())
    }
}

/// Returns the error of a response, with a fix.
fn error_message(response: &HttpResponse) -> String {
    let (code, message) = (xml_text(response, "Code"), xml_text(response, "Message"));
    let parts = [response.status.as_str().to_owned(), code.clone(), message]
        .iter()
        .filter(|w| !w.is_empty())
        .cloned()
        .collect::<Vec<_>>()
        .join(" ");
    let remedy = match (code.as_str(), response.status.as_u16()) {
        ("InvalidAccessKeyId", _) => "; check `access_key`",
        ("SignatureDoesNotMatch", _) => "; check `secret_key` and `region`",
        ("AuthorizationHeaderMalformed" | "PermanentRedirect", _) | (_, 301 | 307) => {
            "; check `region` and `endpoint`"
        }
        ("NoSuchBucket", _) => "; create the bucket, or check `url` and `path_style`",
        ("RequestTimeTooSkewed", _) => "; set the clock of this machine",
        (_, 401 | 403) => "; the user of the key must be allowed to put and delete objects",
        (_, 500..) => "; the service failed; contact its operator if this persists",
        _ => "; check `endpoint`, `url` and `path_style`",
    };
    format!("the service responded {parts}{remedy}")
}

/// Returns the text of an element of an error response, on one line.
fn xml_text(response: &HttpResponse, element: &str) -> String {
    let body = String::from_utf8_lossy(&response.body);
    let text = body
        .split_once(&format!("<{element}>"))
        .and_then(|(_, rest)| rest.split_once("</"))
        .map_or("", |(text, _)| text);
    text.chars().filter(|c| !c.is_control()).take(200).collect()
}
