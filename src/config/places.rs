//! Where things live: relative paths read from the config file's folder, and the addresses of databases.

use std::path::{Path, PathBuf};

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};
use url::Url;

/// What would end or change the path inside an `sqlite://` address.
const IN_SQLITE_URL: &AsciiSet = &CONTROLS.add(b'%').add(b'?').add(b'#');

/// The folder of the config file, absolute.
pub(super) struct Folder(PathBuf);

impl Folder {
    /// The folder a config file is in.
    pub(super) fn of(config: &Path) -> Self {
        let absolute = std::path::absolute(config).unwrap_or_else(|_| config.to_owned());
        Self(absolute.parent().map_or_else(PathBuf::new, Path::to_owned))
    }

    /// The folder itself.
    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// A path as the file gives it, made absolute.
    pub(super) fn join(&self, text: &str) -> Result<PathBuf, String> {
        if text.contains('\0') {
            return Err("a path has no zero byte".to_owned());
        }
        Ok(self.0.join(text))
    }

    /// The folder of a `file://` address, made absolute; `rest` is what follows the slashes.
    pub(super) fn file_url(&self, rest: &str) -> Result<PathBuf, String> {
        let path = percent_decode_str(rest)
            .decode_utf8()
            .map_err(|_| "its path is not UTF-8".to_owned())?;
        if path.is_empty() {
            return Err("it names no folder: write file:///var/mail/out, or file://out beside the config file".to_owned());
        }
        self.join(&path)
    }

    /// An `sqlite://` address with an absolute path; `rest` is what follows the slashes, percent-encoded as it came.
    fn sqlite_url(&self, rest: &str) -> Result<String, String> {
        let path = rest.split('?').next().unwrap_or_default();
        if path.is_empty() || path.ends_with('/') || path == ":memory:" {
            return Err(
                "it names no file: write sqlite://data/courant.db or sqlite:///var/lib/courant.db"
                    .to_owned(),
            );
        }
        if path.starts_with('/') {
            return Ok(format!("sqlite://{rest}"));
        }
        let folder =
            self.0.to_str().ok_or("its folder's name is not UTF-8: write an absolute path")?;
        let folder = utf8_percent_encode(folder, IN_SQLITE_URL);
        Ok(format!("sqlite://{folder}/{rest}"))
    }

    /// A database's address, of one of some schemes; never repeated in a refusal, for it may hold a password.
    pub(super) fn database_url(&self, text: &str, schemes: &[&str]) -> Result<String, String> {
        let text = text.trim();
        let expected = || {
            let with_slashes: Vec<String> =
                schemes.iter().map(|scheme| format!("{scheme}://")).collect();
            format!("it begins with {}", with_slashes.join(" or "))
        };
        let (scheme, rest) = text.split_once("://").ok_or_else(expected)?;
        let scheme = match scheme {
            "postgresql" => "postgres",
            "mariadb" => "mysql",
            other => other,
        };
        if !schemes.contains(&scheme) {
            return Err(expected());
        }
        if scheme == "sqlite" {
            return self.sqlite_url(rest);
        }
        let url = format!("{scheme}://{rest}");
        let parsed = Url::parse(&url)
            .map_err(|e| format!("{e}: write {scheme}://user:password@host/name; in a password @ is written %40, / is %2F, # is %23"))?;
        let has_host = parsed.host_str().is_some_and(|host| !host.is_empty());
        if !has_host && !parsed.query_pairs().any(|(key, _)| key == "host" || key == "socket") {
            return Err(format!("it has no host: write {scheme}://user:password@host/name"));
        }
        Ok(url)
    }
}
