//! Putting documents into a bucket of a service that speaks Amazon's S3 protocol: one request each.

use std::fmt;
use std::time::Duration;

use hyper::body::Bytes;
use hyper::header::{
    CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, HOST, HeaderMap, HeaderName, HeaderValue,
};
use hyper::{Method, StatusCode};
use url::Url;

use super::super::http::{Answer, Client, Reach};
use super::signing::{Key, amz_date, authorization, hash_of};
use super::{Parcel, hash8};
use crate::config::settings;
use crate::domain::links::encoded;
use crate::domain::time::Millis;

/// How long one request may take; less than a document may be in hand ([`crate::store::published::PUBLISHING`]).
const PATIENCE: Duration = Duration::from_secs(20);
/// An object that nobody has, to be taken away on trial.
const TRIAL: &str = ".courant-check";
/// How much of a refusal is read.
const READ: usize = 4_000;

/// A bucket, and who speaks to it.
#[derive(Debug)]
pub(super) struct Bucket {
    settings: settings::Bucket,
    gzip: bool,
    client: Client,
}

impl fmt::Display for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let settings = &self.settings;
        write!(
            f,
            "s3://{}/{} at {}",
            settings.name,
            settings.prefix,
            settings.address.host_str().unwrap_or_default()
        )
    }
}

impl Bucket {
    pub(super) fn new(settings: settings::Bucket, gzip: bool, site: &str) -> Self {
        Self { settings, gzip, client: Client::new(Reach::Anywhere, PATIENCE, site) }
    }

    /// Tells this bucket from others.
    pub(super) fn mark(&self) -> String {
        hash8(&format!("{}\n{}", self.settings.address, self.settings.prefix))
    }

    pub(super) async fn put(&self, parcel: &Parcel, now: Millis) -> Result<(), String> {
        let body = if self.gzip { parcel.made.gzip() } else { parcel.made.identity() };
        let mut headers = vec![(CACHE_CONTROL, parcel.cache_control.clone())];
        if self.gzip {
            headers.push((CONTENT_ENCODING, "gzip".to_owned()));
        }
        headers.push((CONTENT_TYPE, parcel.content_type.clone()));
        let answer = self.ask(Method::PUT, &parcel.file, headers, body, now).await?;
        if answer.status.is_success() { Ok(()) } else { Err(refusal(&answer)) }
    }

    pub(super) async fn remove(&self, file: &str, now: Millis) -> Result<(), String> {
        let answer = self.ask(Method::DELETE, file, Vec::new(), Bytes::new(), now).await?;
        let is_gone = answer.status.is_success()
            || (answer.status == StatusCode::NOT_FOUND && word(&answer, "Code") != "NoSuchBucket");
        if is_gone { Ok(()) } else { Err(refusal(&answer)) }
    }

    /// Whether the service is there and takes our key for this bucket: asked by taking away what is not there, which leaves
    /// nothing behind and needs no right that publishing does not need.
    pub(super) async fn check(&self, now: Millis) -> Result<(), String> {
        let answer = self.ask(Method::DELETE, TRIAL, Vec::new(), Bytes::new(), now).await;
        let answer = answer.map_err(|why| {
            format!("{why}: look at `endpoint` and `region`, and at this machine's network")
        })?;
        // A web server that knows nothing of buckets says 404 as well.
        let is_well = answer.status.is_success()
            || (answer.status == StatusCode::NOT_FOUND && word(&answer, "Code") == "NoSuchKey");
        if is_well { Ok(()) } else { Err(refusal(&answer)) }
    }

    async fn ask(
        &self,
        method: Method,
        file: &str,
        mut headers: Vec<(HeaderName, String)>,
        body: Bytes,
        now: Millis,
    ) -> Result<Answer, String> {
        let settings = &self.settings;
        let name = format!("{}{file}", settings.prefix);
        let path: Vec<String> = name.split('/').map(encoded).collect();
        let url = format!("{}/{}", settings.address.as_str().trim_end_matches('/'), path.join("/"));
        let url = Url::parse(&url).map_err(|e| format!("{url} is no address: {e}"))?;
        let host = url.host_str().unwrap_or_default();
        let host = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        let (payload, date) = (hash_of(&body), amz_date(now));
        // In the order of the alphabet behind what the caller says.
        headers.push((HOST, host));
        headers.push((HeaderName::from_static("x-amz-content-sha256"), payload.clone()));
        headers.push((HeaderName::from_static("x-amz-date"), date.clone()));
        let signed: Vec<(&str, &str)> =
            headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let key = Key {
            access: &settings.access_key,
            secret: &settings.secret_key,
            region: &settings.region,
        };
        let authorization = authorization(key, method.as_str(), &url, &signed, &payload, &date);
        headers.push((hyper::header::AUTHORIZATION, authorization));
        let mut all = HeaderMap::new();
        for (name, value) in headers {
            all.insert(name, HeaderValue::try_from(value).map_err(|e| e.to_string())?);
        }
        self.client.send(method, &url, all, body, READ).await.map_err(|e| e.to_string())
    }
}

/// What a service said no to, and what to do about it.
fn refusal(answer: &Answer) -> String {
    let (code, message) = (word(answer, "Code"), word(answer, "Message"));
    let said = [answer.status.as_str().to_owned(), code.clone(), message]
        .iter()
        .filter(|w| !w.is_empty())
        .cloned()
        .collect::<Vec<_>>()
        .join(" ");
    let remedy = match (code.as_str(), answer.status.as_u16()) {
        ("InvalidAccessKeyId", _) => ": look at `access_key`",
        ("SignatureDoesNotMatch", _) => ": look at `secret_key` and `region`",
        ("AuthorizationHeaderMalformed" | "PermanentRedirect", _) | (_, 301 | 307) => {
            ": look at `region` and `endpoint`"
        }
        ("NoSuchBucket", _) => ": make the bucket, or look at `url` and `path_style`",
        ("RequestTimeTooSkewed", _) => ": set this machine's clock",
        (_, 401 | 403) => ": the key's user must be allowed to put and delete objects there",
        (_, 500..) => ": that is trouble of its own; ask those who run it if it lasts",
        _ => ": look at `endpoint`, `url` and `path_style`",
    };
    format!("it answers {said}{remedy}")
}

/// The text of an element of a refusal, on one line.
fn word(answer: &Answer, element: &str) -> String {
    let body = String::from_utf8_lossy(&answer.body);
    let text = body
        .split_once(&format!("<{element}>"))
        .and_then(|(_, rest)| rest.split_once("</"))
        .map_or("", |(text, _)| text);
    text.chars().filter(|c| !c.is_control()).take(200).collect()
}
