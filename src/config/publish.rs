//! Parses `[[publish]]`: directories and buckets that feeds are uploaded to.

use std::path::PathBuf;

use url::Url;

use super::base_dir::BaseDir;
use super::names::{Names, read_name, read_slug};
use super::reader::Reader;

/// Settings of one `[[publish]]` destination.
#[derive(Debug, Clone)]
pub struct DestinationSettings {
    /// Slug that commands and logs use.
    pub name: String,
    /// Former names of the destination.
    pub former_names: Vec<String>,
    /// Directory or bucket to upload to.
    pub target: PublishTarget,
    /// Names of the feeds to publish; empty: all public feeds.
    pub feeds: Vec<String>,
    /// `true` if files are uploaded compressed (bucket) or also compressed (directory).
    pub gzip: bool,
    /// `true` if archive pages (RFC 5005) are published as well.
    pub archive: bool,
}

/// Target of a publish destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PublishTarget {
    /// Absolute path of a directory.
    Directory(PathBuf),
    /// A bucket of an S3-compatible service.
    Bucket(Bucket),
}

/// A bucket of a service with the Amazon S3 API.
#[derive(Clone, PartialEq, Eq)]
pub struct Bucket {
    /// URL of the bucket, with the bucket in the host or in the path.
    pub url: Url,
    /// Name of the bucket.
    pub name: String,
    /// Prefix of every object key: empty, or with a slash at the end.
    pub prefix: String,
    /// Region that requests are signed for.
    pub region: String,
    /// Id of the access key.
    pub access_key: String,
    /// Secret key that requests are signed with.
    pub secret_key: String,
}

/// Reads one `[[publish]]` table; `feeds` are the names it may refer to.
pub(super) fn read(
    mut reader: Reader<'_>,
    base_dir: &BaseDir,
    feeds: &Names,
) -> Option<DestinationSettings> {
    let name = read_name(&mut reader);
    let remedy = "write a directory, for example file:///srv/www/feeds, or a bucket, for example s3://bucket/feeds";
    let url = reader.required("url", remedy, |text| parse_url(text, base_dir));
    let target = match url {
        Some(ParsedUrl::Bucket(name, prefix)) => {
            bucket(&mut reader, name, prefix).map(PublishTarget::Bucket)
        }
        Some(ParsedUrl::Directory(path)) => {
            for key in ["endpoint", "region", "access_key", "secret_key", "path_style"] {
                reader.reject(key, "applies only to s3:// URLs; remove the key");
            }
            Some(PublishTarget::Directory(path))
        }
        None => None,
    };
    let feeds = reader.list("feeds", |name| feeds.resolve(name));
    let gzip = reader.boolean("gzip", true);
    let archive = reader.boolean("archive", true);
    Some(DestinationSettings {
        name: name?,
        former_names: reader.list("was", read_slug)?,
        target: target?,
        feeds: feeds?,
        gzip: gzip?,
        archive: archive?,
    })
}

/// A parsed `url`: a directory, or the name and prefix of a bucket.
enum ParsedUrl {
    Directory(PathBuf),
    Bucket(String, String),
}

/// Parses a `file://` or `s3://` URL.
fn parse_url(text: &str, base_dir: &BaseDir) -> Result<ParsedUrl, String> {
    let text = text.trim();
    let (scheme, rest) =
        text.split_once("://").ok_or("the URL must start with file:// or s3://")?;
    match scheme {
        "file" => base_dir.file_url(rest).map(ParsedUrl::Directory),
        "s3" => {
            let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
            let is_plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_');
            if bucket.len() < 3
                || bucket.len() > 63
                || !bucket.bytes().all(is_plain)
                || bucket.contains("..")
            {
                return Err(format!(
                    "`{bucket}` is not a valid bucket name; write s3://BUCKET or s3://BUCKET/PREFIX"
                ));
            }
            let prefix = prefix.trim_matches('/');
            let is_segment = |part: &str| {
                !matches!(part, "" | "." | "..") && !part.chars().any(char::is_control)
            };
            if !prefix.is_empty() && !prefix.split('/').all(is_segment) {
                return Err(format!(
                    "`{prefix}` is not a valid object prefix; write words separated by single slashes"
                ));
            }
            let prefix = if prefix.is_empty() { String::new() } else { format!("{prefix}/") };
            Ok(ParsedUrl::Bucket(bucket.to_owned(), prefix))
        }
        _ => Err("the URL must start with file:// or s3://".to_owned()),
    }
}

fn bucket(reader: &mut Reader<'_>, name: String, prefix: String) -> Option<Bucket> {
    let region = reader.or_default("region", "us-east-1".to_owned(), header_word);
    let endpoint = reader.optional("endpoint", endpoint);
    // Behind a custom endpoint the bucket may have no DNS name, and a name with a dot is not
    // covered by the wildcard certificate.
    let in_path = reader.has("endpoint") || name.contains('.');
    let in_path = reader.boolean("path_style", in_path);
    let remedy = |key: &str| format!("write the {key} of a user with write access to the bucket");
    let access_key = reader.required("access_key", &remedy("access key id"), header_word);
    let secret_key = reader.required("secret_key", &remedy("secret key"), header_word);
    let (region, in_path) = (region?, in_path?);
    let service = match endpoint? {
        Some(endpoint) => endpoint,
        None => Url::parse(&format!("https://s3.{region}.amazonaws.com"))
            .map_err(|e| reader.error("region", &e.to_string()))
            .ok()?,
    };
    let address = bucket_url(service, &name, in_path)
        .map_err(|reason| reader.error("endpoint", &reason))
        .ok()?;
    Some(Bucket {
        url: address,
        name,
        prefix,
        region,
        access_key: access_key?,
        secret_key: secret_key?,
    })
}

/// Returns the URL of a bucket, with its name in the path or before the host.
fn bucket_url(mut service: Url, bucket: &str, in_path: bool) -> Result<Url, String> {
    if in_path {
        service.set_path(&format!("{}/{bucket}", service.path().trim_end_matches('/')));
        return Ok(service);
    }
    let Some(url::Host::Domain(host)) = service.host() else {
        return Err(
            "a bucket name cannot precede an IP address; write path_style = true".to_owned()
        );
    };
    let host = format!("{bucket}.{host}");
    service
        .set_host(Some(&host))
        .map_err(|e| format!("{host} is not a valid host name ({e}); write path_style = true"))?;
    Ok(service)
}

fn endpoint(text: &str) -> Result<Url, String> {
    let form =
        "write the URL of the service, for example https://s3.example.edu or http://127.0.0.1:9000";
    let url = Url::parse(text.trim()).map_err(|e| format!("{e}; {form}"))?;
    let is_plain = url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() || !is_plain {
        return Err(form.to_owned());
    }
    Ok(url)
}

/// Parses a region or key, which is used in a header. Errors never quote the value.
fn header_word(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.bytes().all(|b| b.is_ascii_graphic()) && !text.is_empty() {
        return Ok(text.to_owned());
    }
    Err("must contain only printable ASCII characters without spaces".to_owned())
}
