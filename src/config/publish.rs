//! `[[publish]]`: the places besides the web server that feeds are put into.

use std::path::PathBuf;

use url::Url;

use super::names::{Names, own_name, read_slug};
use super::places::Folder;
use super::reader::Reader;
use super::settings::{Config, Feed};

/// One `[[publish]]` table.
#[derive(Debug, Clone)]
pub struct Publish {
    /// Slug.
    pub name: String,
    /// Former names.
    pub was: Vec<String>,
    /// Where to.
    pub place: Destination,
    /// Names of the feeds that go there; empty: all that are public.
    pub feeds: Vec<String>,
    /// Whether they are put there compressed (bucket), or also compressed (folder).
    pub gzip: bool,
    /// Whether the pages of their archives (RFC 5005) go there too.
    pub archive: bool,
}

/// A place that feeds are put into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// A folder, absolute.
    Folder(PathBuf),
    /// A bucket.
    Bucket(Bucket),
}

/// A bucket of a service that speaks Amazon's S3 protocol.
#[derive(Clone, PartialEq, Eq)]
pub struct Bucket {
    /// Where objects are written: of the bucket (or of the service, with the bucket in the path), without a slash at its end.
    pub address: Url,
    /// Its name.
    pub name: String,
    /// What every object's name begins with: empty, or ending with a slash.
    pub prefix: String,
    /// The region that requests are signed for.
    pub region: String,
    /// Names the key.
    pub access_key: String,
    /// The key that requests are signed with.
    pub secret_key: String,
}

/// Reads one `[[publish]]`.
pub(super) fn read(mut reader: Reader<'_>, folder: &Folder, feeds: &Names) -> Option<Publish> {
    let name = own_name(&mut reader);
    let remedy = "write a folder, as file:///srv/www/feeds, or a bucket, as s3://bucket/feeds";
    let url = reader.required("url", remedy, |text| address(text, folder));
    let place = match url {
        Some(Address::Bucket(name, prefix)) => {
            bucket(&mut reader, name, prefix).map(Destination::Bucket)
        }
        Some(Address::Folder(path)) => {
            for key in ["endpoint", "region", "access_key", "secret_key", "path_style"] {
                reader.refuse(key, "it is for s3:// alone: remove it");
            }
            Some(Destination::Folder(path))
        }
        None => None,
    };
    let feeds = reader.list("feeds", |name| feeds.refer(name));
    let gzip = reader.flag("gzip", true);
    let archive = reader.flag("archive", true);
    Some(Publish {
        name: name?,
        was: reader.list("was", read_slug)?,
        place: place?,
        feeds: feeds?,
        gzip: gzip?,
        archive: archive?,
    })
}

enum Address {
    Folder(PathBuf),
    Bucket(String, String),
}

/// Where an address leads; a bucket's name and prefix.
fn address(text: &str, folder: &Folder) -> Result<Address, String> {
    let text = text.trim();
    let (scheme, rest) = text.split_once("://").ok_or("it begins with file:// or s3://")?;
    match scheme {
        "file" => folder.file_url(rest).map(Address::Folder),
        "s3" => {
            let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
            let is_plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_');
            if bucket.len() < 3
                || bucket.len() > 63
                || !bucket.bytes().all(is_plain)
                || bucket.contains("..")
            {
                return Err(format!(
                    "`{bucket}` is no bucket's name: write s3://BUCKET, or s3://BUCKET/PREFIX"
                ));
            }
            let prefix = prefix.trim_matches('/');
            let is_sound = |part: &str| {
                !matches!(part, "" | "." | "..") && !part.chars().any(char::is_control)
            };
            if !prefix.is_empty() && !prefix.split('/').all(is_sound) {
                return Err(format!(
                    "`{prefix}` can't begin the names of objects: write words with single slashes between them"
                ));
            }
            let prefix = if prefix.is_empty() { String::new() } else { format!("{prefix}/") };
            Ok(Address::Bucket(bucket.to_owned(), prefix))
        }
        _ => Err("it begins with file:// or s3://".to_owned()),
    }
}

fn bucket(reader: &mut Reader<'_>, name: String, prefix: String) -> Option<Bucket> {
    let region = reader.or("region", "us-east-1".to_owned(), plain);
    let endpoint = reader.optional("endpoint", endpoint);
    // With a service's own address a bucket need not be a name in the DNS, and one with a dot is not covered by its certificate.
    let in_path = reader.has("endpoint") || name.contains('.');
    let in_path = reader.flag("path_style", in_path);
    let remedy = |what: &str| format!("write the {what} of a user who may write into the bucket");
    let access_key = reader.required("access_key", &remedy("key's name"), plain);
    let secret_key = reader.required("secret_key", &remedy("secret half of the key"), plain);
    let (region, in_path) = (region?, in_path?);
    let service = match endpoint? {
        Some(endpoint) => endpoint,
        None => Url::parse(&format!("https://s3.{region}.amazonaws.com"))
            .map_err(|e| reader.fault("region", &e.to_string()))
            .ok()?,
    };
    let address =
        within(service, &name, in_path).map_err(|why| reader.fault("endpoint", &why)).ok()?;
    Some(Bucket { address, name, prefix, region, access_key: access_key?, secret_key: secret_key? })
}

/// The address of a bucket, in the path or before the host.
fn within(mut service: Url, bucket: &str, in_path: bool) -> Result<Url, String> {
    if in_path {
        service.set_path(&format!("{}/{bucket}", service.path().trim_end_matches('/')));
        return Ok(service);
    }
    let Some(url::Host::Domain(host)) = service.host() else {
        return Err(
            "a bucket's name can't stand before an IP address: write path_style = true".to_owned()
        );
    };
    let host = format!("{bucket}.{host}");
    service
        .set_host(Some(&host))
        .map_err(|e| format!("{host} is no host's name ({e}): write path_style = true"))?;
    Ok(service)
}

fn endpoint(text: &str) -> Result<Url, String> {
    let form = "write where the service is, as https://s3.example.edu or http://127.0.0.1:9000";
    let url = Url::parse(text.trim()).map_err(|e| format!("{e}: {form}"))?;
    let is_plain = url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() || !is_plain {
        return Err(form.to_owned());
    }
    Ok(url)
}

/// A region, a key: words that stand in a header, and are never repeated.
fn plain(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.bytes().all(|b| b.is_ascii_graphic()) && !text.is_empty() {
        return Ok(text.to_owned());
    }
    Err("it holds a space, or a character that is not plain ASCII".to_owned())
}

impl Config {
    /// The feeds that go to a place: those it names, or all that are public.
    pub fn published(&self, to: &Publish) -> Vec<&Feed> {
        let goes = |feed: &&Feed| {
            if to.feeds.is_empty() { feed.private.is_none() } else { to.feeds.contains(&feed.name) }
        };
        self.feeds.iter().filter(goes).collect()
    }
}
