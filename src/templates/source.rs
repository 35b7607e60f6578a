//! The files that templates are made of: the embedded ones, and those of the operator's folder, which win.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use rust_embed::RustEmbed;

/// Everything below `templates/` in the repository, compiled in.
#[derive(RustEmbed)]
#[folder = "templates/"]
struct Embedded;

/// The three files a mail is made of.
pub(super) const MAIL_PARTS: [&str; 3] = ["subject.hbs", "html.hbs", "text.hbs"];

/// One file: what it says, and how to call it in a sentence.
#[derive(Debug, Clone)]
pub(super) struct Source {
    /// The text.
    pub(super) text: String,
    /// Where it is: a path in the operator's folder, or the embedded name.
    pub(super) shown: String,
}

/// All files by relative name (`email/digest/html.hbs`), and the overriding Fluent files beside the embedded ones.
#[derive(Debug, Default)]
pub(super) struct Sources {
    /// Templates and the style sheet.
    pub(super) files: BTreeMap<String, Source>,
    /// Fluent files in the order in which later ones override earlier ones.
    pub(super) fluent: Vec<(String, Source)>,
}

impl Sources {
    /// Gathers the embedded files, then those of the folder.
    ///
    /// # Errors
    /// A sentence when the folder or a file in it can't be read, or when a file has a name that nothing would use.
    pub(super) fn gather(folder: Option<&Path>) -> anyhow::Result<Self> {
        let mut sources = Self::default();
        for name in Embedded::iter().filter(|name| !name.starts_with("demo/")) {
            let Some(file) = Embedded::get(&name) else { continue };
            let text = String::from_utf8(file.data.into_owned())
                .with_context(|| format!("templates/{name} is not UTF-8"))?;
            sources.put(name.to_string(), Source { text, shown: format!("templates/{name}") });
        }
        if let Some(folder) = folder {
            let mut names = Vec::new();
            list(folder, folder, &mut names)?;
            names.sort();
            for name in names {
                sources.take(folder, name)?;
            }
        }
        sources.digests_are_whole()?;
        Ok(sources)
    }

    fn put(&mut self, name: String, source: Source) {
        if name.starts_with("i18n/") {
            self.fluent.push((name, source));
        } else {
            self.files.insert(name, source);
        }
    }

    /// Reads one file of the operator's folder, if its name is one that something uses.
    fn take(&mut self, folder: &Path, name: String) -> anyhow::Result<()> {
        let path = folder.join(&name);
        let shown = path.display().to_string();
        if !(self.files.contains_key(&name) || is_fluent(&name) || is_digest_part(&name)) {
            bail!(
                "{shown}: nothing uses a template of this name; the known ones are {}, i18n/LANGUAGE.ftl, and for \
                 digests of your own email/NAME/subject.hbs, html.hbs and text.hbs",
                self.files.keys().map(String::as_str).collect::<Vec<_>>().join(", ")
            );
        }
        let bytes = std::fs::read(&path).with_context(|| format!("{shown} can't be read"))?;
        let Ok(text) = String::from_utf8(bytes) else {
            bail!("{shown} is not UTF-8; save it in that encoding");
        };
        self.put(name, Source { text, shown });
        Ok(())
    }

    /// Refuses a digest of the operator's own that lacks one of its three files.
    fn digests_are_whole(&self) -> anyhow::Result<()> {
        for (name, source) in &self.files {
            let Some(folder) = mail_folder(name) else { continue };
            for part in MAIL_PARTS {
                if !self.files.contains_key(&format!("email/{folder}/{part}")) {
                    bail!(
                        "{}: the mail `{folder}` has no {part}; put email/{folder}/{part} beside it",
                        source.shown
                    );
                }
            }
        }
        Ok(())
    }

    /// Names of the folders under `email/`: `digest`, `confirm` and the operator's own.
    pub(super) fn mails(&self) -> Vec<String> {
        let mut names: Vec<String> =
            self.files.keys().filter_map(|name| mail_folder(name)).map(Into::into).collect();
        names.dedup();
        names
    }
}

/// The embedded text of a file under `templates/demo/`, if there is one of that name.
pub(super) fn demo(name: &str) -> Option<String> {
    let file = Embedded::get(&format!("demo/{name}"))?;
    String::from_utf8(file.data.into_owned()).ok()
}

/// `NAME` of `email/NAME/PART.hbs`.
fn mail_folder(name: &str) -> Option<&str> {
    name.strip_prefix("email/")?.split_once('/').map(|(folder, _)| folder)
}

fn is_fluent(name: &str) -> bool {
    name.strip_prefix("i18n/").and_then(|rest| rest.strip_suffix(".ftl")).is_some_and(|language| {
        !language.is_empty() && language.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    })
}

fn is_digest_part(name: &str) -> bool {
    let Some((folder, part)) = name.strip_prefix("email/").and_then(|rest| rest.split_once('/'))
    else {
        return false;
    };
    let slug = !folder.is_empty()
        && folder.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    slug && MAIL_PARTS.contains(&part)
}

/// Relative names of all files below `folder`, with slashes; what editors and systems hide (a leading dot) is passed over.
fn list(root: &Path, folder: &Path, names: &mut Vec<String>) -> anyhow::Result<()> {
    let unreadable = || format!("the templates folder {} can't be read", folder.display());
    for entry in std::fs::read_dir(folder).with_context(unreadable)? {
        let path: PathBuf = entry.with_context(unreadable)?.path();
        if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.')) {
            continue;
        }
        if path.is_dir() {
            list(root, &path, names)?;
        } else if let Ok(relative) = path.strip_prefix(root) {
            let parts: Vec<_> =
                relative.iter().map(|part| part.to_string_lossy().into_owned()).collect();
            names.push(parts.join("/"));
        }
    }
    Ok(())
}
