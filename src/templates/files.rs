//! Template files: the embedded ones, and those of the admin's directory, which override them.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use rust_embed::RustEmbed;

use crate::fs::read_regular_file;

/// Files below `templates/` in the repository, embedded at compile time.
#[derive(RustEmbed)]
#[folder = "templates/"]
struct Embedded;

/// Maximum size of a file in bytes, which also bounds the catalogs and the style sheet.
const MAX_FILE_BYTES: u64 = 1_000_000;

/// Directory of the templates of e-mails.
pub(super) const MAIL_PREFIX: &str = "email/";

/// Directory of the templates of pages.
pub(super) const PAGE_PREFIX: &str = "web/";

/// File names of the three parts of a message.
pub(super) const MAIL_PARTS: [&str; 3] = ["subject.hbs", "html.hbs", "text.hbs"];

/// Template file with the path that messages name.
#[derive(Debug, Clone)]
pub(super) struct TemplateFile {
    /// Content of the file.
    pub(super) text: Cow<'static, str>,
    /// Path in the admin's directory, or the embedded name.
    pub(super) display_path: String,
}

/// All template files by relative name (`email/digest/html.hbs`), and the Fluent files.
#[derive(Debug, Default)]
pub(super) struct TemplateFiles {
    /// Templates and the style sheet, by relative name.
    pub(super) files: BTreeMap<String, TemplateFile>,
    /// Fluent files in order: later ones override earlier ones.
    pub(super) fluent: Vec<(String, TemplateFile)>,
    /// `true` if the admin's directory has a template of e-mails.
    pub(super) overrides_mails: bool,
    /// `true` if the admin's directory overrides a template of pages.
    pub(super) overrides_pages: bool,
    /// `true` if the admin's directory has a Fluent file.
    pub(super) overrides_texts: bool,
}

impl TemplateFiles {
    /// Returns the names of the attributes of subscribers that the templates of e-mails use.
    pub(super) fn attribute_names(&self) -> BTreeSet<String> {
        let mails = self.files.iter().filter(|(name, _)| name.starts_with(MAIL_PREFIX));
        let uses = mails.flat_map(|(_, file)| file.text.split("attributes.").skip(1));
        let name = |rest: &str| -> String {
            rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
        };
        uses.map(name).filter(|name| !name.is_empty()).collect()
    }

    /// Loads the embedded files, then those of the admin's directory.
    ///
    /// # Errors
    /// One sentence if the directory or a file in it cannot be read, or if a file is not used by
    /// anything.
    pub(super) fn load(folder: Option<&Path>) -> anyhow::Result<Self> {
        let mut files = Self::default();
        for name in Embedded::iter().filter(|name| !name.starts_with("demo/")) {
            let Some(file) = Embedded::get(&name) else { continue };
            let text = match file.data {
                Cow::Borrowed(bytes) => std::str::from_utf8(bytes).map(Cow::Borrowed),
                Cow::Owned(bytes) => {
                    String::from_utf8(bytes).map(Cow::Owned).map_err(|e| e.utf8_error())
                }
            };
            let text = text.with_context(|| format!("templates/{name} is not UTF-8"))?;
            files.insert(
                name.to_string(),
                TemplateFile { text, display_path: format!("templates/{name}") },
            );
        }
        if let Some(folder) = folder {
            let mut names = Vec::new();
            list_files(folder, folder, &mut names)?;
            names.sort();
            for name in names {
                files.load_override(folder, name)?;
            }
        }
        files.check_mail_parts()?;
        Ok(files)
    }

    /// Adds a file; it replaces a template of the same name, and supplements a Fluent file.
    fn insert(&mut self, name: String, source: TemplateFile) {
        if name.starts_with("i18n/") {
            self.fluent.push((name, source));
        } else {
            self.files.insert(name, source);
        }
    }

    /// Loads a file of the admin's directory; fails if its name is not that of a used template.
    fn load_override(&mut self, folder: &Path, name: String) -> anyhow::Result<()> {
        let path = folder.join(&name);
        let display_path = path.display().to_string();
        if !(self.files.contains_key(&name) || is_fluent_file(&name) || is_digest_part(&name)) {
            bail!(
                "{display_path}: unknown template; the known ones are {}, i18n/LANGUAGE.ftl, and \
                 email/NAME/subject.hbs, html.hbs and text.hbs for a custom digest template",
                self.files.keys().map(String::as_str).collect::<Vec<_>>().join(", ")
            );
        }
        let bytes = read_regular_file(&path, MAX_FILE_BYTES)
            .with_context(|| format!("cannot read {display_path}"))?;
        let Ok(text) = String::from_utf8(bytes) else {
            bail!("{display_path} is not UTF-8; save it as UTF-8");
        };
        self.overrides_mails |= name.starts_with(MAIL_PREFIX);
        self.overrides_pages |= name.starts_with(PAGE_PREFIX);
        self.overrides_texts |= is_fluent_file(&name);
        self.insert(name, TemplateFile { text: text.into(), display_path });
        Ok(())
    }

    /// Rejects a custom digest template that lacks one of its three files.
    fn check_mail_parts(&self) -> anyhow::Result<()> {
        for (name, file) in &self.files {
            let Some(folder) = mail_directory(name) else { continue };
            for part in MAIL_PARTS {
                if !self.files.contains_key(&format!("email/{folder}/{part}")) {
                    bail!(
                        "{}: the e-mail template `{folder}` has no {part}; add email/{folder}/{part}",
                        file.display_path
                    );
                }
            }
        }
        Ok(())
    }

    /// Returns the names of the directories under `email/`: `digest`, `confirm` and custom ones.
    pub(super) fn mail_names(&self) -> Vec<String> {
        let mut names: Vec<String> =
            self.files.keys().filter_map(|name| mail_directory(name)).map(Into::into).collect();
        names.dedup();
        names
    }
}

/// Returns the embedded file of this name under `templates/demo/`, if there is one.
pub(super) fn demo(name: &str) -> Option<Cow<'static, [u8]>> {
    Embedded::get(&format!("demo/{name}")).map(|file| file.data)
}

/// Returns `NAME` of `email/NAME/PART.hbs`.
fn mail_directory(name: &str) -> Option<&str> {
    name.strip_prefix("email/")?.split_once('/').map(|(folder, _)| folder)
}

/// Returns `true` for `i18n/LANGUAGE.ftl`.
fn is_fluent_file(name: &str) -> bool {
    name.strip_prefix("i18n/").and_then(|rest| rest.strip_suffix(".ftl")).is_some_and(|language| {
        !language.is_empty() && language.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    })
}

/// Returns `true` for a part of an e-mail template with a valid name.
fn is_digest_part(name: &str) -> bool {
    let Some((folder, part)) = name.strip_prefix("email/").and_then(|rest| rest.split_once('/'))
    else {
        return false;
    };
    let slug = !folder.is_empty()
        && folder.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    slug && MAIL_PARTS.contains(&part)
}

/// Appends the relative names of all files below `folder`, with slashes; skips hidden ones (a
/// leading dot).
fn list_files(root: &Path, folder: &Path, names: &mut Vec<String>) -> anyhow::Result<()> {
    let unreadable = || format!("cannot read the templates directory {}", folder.display());
    for entry in std::fs::read_dir(folder).with_context(unreadable)? {
        let path: PathBuf = entry.with_context(unreadable)?.path();
        if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.')) {
            continue;
        }
        if path.is_dir() {
            list_files(root, &path, names)?;
        } else if let Ok(relative) = path.strip_prefix(root) {
            let parts: Vec<_> =
                relative.iter().map(|part| part.to_string_lossy().into_owned()).collect();
            names.push(parts.join("/"));
        }
    }
    Ok(())
}
