//! Resolution of relative paths and database URLs against the directory of the config file.

use std::path::{Path, PathBuf};

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};
use url::Url;

use super::redaction::has_unencoded_password;

/// Characters that would end or change the path in an `sqlite://` URL.
const SQLITE_PATH_ESCAPES: &AsciiSet = &CONTROLS.add(b'%').add(b'?').add(b'#');

/// Absolute path of the directory that contains the config file.
pub(super) struct BaseDir(PathBuf);

impl BaseDir {
    /// Returns the directory that contains a config file.
    pub(super) fn from_config_path(config: &Path) -> Self {
        let absolute = std::path::absolute(config).unwrap_or_else(|_| config.to_owned());
        Self(absolute.parent().map_or_else(PathBuf::new, Path::to_owned))
    }

    /// Returns the absolute path of the directory.
    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// Resolves a path of the configuration to an absolute path.
    pub(super) fn join(&self, text: &str) -> Result<PathBuf, String> {
        if text.contains('\0') {
            return Err("a path must not contain a NUL byte".to_owned());
        }
        Ok(self.0.join(text))
    }

    /// Resolves the directory of a `file://` URL; `rest` is the part after `://`.
    pub(super) fn file_url(&self, rest: &str) -> Result<PathBuf, String> {
        let path = percent_decode_str(rest)
            .decode_utf8()
            .map_err(|_| "the path is not valid UTF-8".to_owned())?;
        if path.is_empty() {
            return Err("the URL has no directory; write file:///var/mail/out, or file://out for a directory beside the configuration file".to_owned());
        }
        self.join(&path)
    }

    /// Resolves an `sqlite://` URL to an absolute path; `rest` is the part after `://`, still
    /// percent-encoded.
    fn sqlite_url(&self, rest: &str) -> Result<String, String> {
        let path = rest.split('?').next().unwrap_or_default();
        if path.is_empty() || path.ends_with('/') || path == ":memory:" {
            return Err(
                "the URL has no file; write sqlite://data/courant.db or sqlite:///var/lib/courant.db"
                    .to_owned(),
            );
        }
        if path.starts_with('/') {
            return Ok(format!("sqlite://{rest}"));
        }
        let directory = self.0.to_str().ok_or(
            "the directory of the configuration file is not valid UTF-8; write an absolute path",
        )?;
        let directory = utf8_percent_encode(directory, SQLITE_PATH_ESCAPES);
        Ok(format!("sqlite://{directory}/{rest}"))
    }

    /// Resolves a database URL with one of `schemes`. Errors never quote the URL, which may contain
    /// a password.
    pub(super) fn database_url(&self, text: &str, schemes: &[&str]) -> Result<String, String> {
        let text = text.trim();
        let expected = || {
            let with_slashes: Vec<String> =
                schemes.iter().map(|scheme| format!("{scheme}://")).collect();
            format!("the URL must start with {}", with_slashes.join(" or "))
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
        if has_unencoded_password(&url) {
            return Err(format!(
                "a special character in the user name or password must be percent-encoded (@ as %40, # as %23, / as %2F, ? as %3F), as in {scheme}://user:pass%40word@host/name"
            ));
        }
        let parsed = Url::parse(&url)
            .map_err(|e| format!("{e}; write {scheme}://user:password@host/name (in a password, write @ as %40, / as %2F and # as %23)"))?;
        let has_host = parsed.host_str().is_some_and(|host| !host.is_empty());
        if !has_host && !parsed.query_pairs().any(|(key, _)| key == "host" || key == "socket") {
            return Err(format!("the URL has no host; write {scheme}://user:password@host/name"));
        }
        Ok(url)
    }
}
