//! The layers of ARCHITECTURE.md: which module imports which, and which module owns which crate.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The modules of each layer, lowest first; a module imports only from layers below its own.
const LAYERS: &[&[&str]] = &[
    &["domain", "clock", "fs", "metrics"],
    &["store", "templates", "config"],
    &["net"],
    &["mail"],
    &[
        "access",
        "sources",
        "feeds",
        "digests",
        "definitions",
        "delivery",
        "readership",
        "subscribers",
    ],
    &["publishing", "websub"],
    &["app", "http", "wire"],
    &["web"],
    &["daemon"],
    &["cli"],
    &["main"],
];

/// Imports within one layer that are allowed: importer, imported.
const EXCEPTIONS: &[(&str, &str)] = &[
    // The clock returns an instant, which is a value of the domain.
    ("clock", "domain"),
];

/// Crates with the only modules that may name them.
const CRATE_OWNERS: &[(&str, &[&str])] = &[
    ("sqlx", &["store", "sources"]),
    ("inotify", &["store"]),
    ("lettre", &["mail"]),
    ("aws_lc_rs", &["mail"]),
    ("axum", &["web", "http"]),
    ("tower", &["web"]),
    ("tower_http", &["web"]),
    ("handlebars", &["templates"]),
    ("clap", &["cli"]),
    ("utoipa", &["wire"]),
    ("toml", &["config"]),
    ("hyper", &["net", "publishing", "websub"]),
    ("rss", &["feeds"]),
    ("atom_syndication", &["feeds"]),
    ("quick_xml", &["domain", "sources"]),
    ("encoding_rs", &["sources"]),
    ("prometheus_client", &["metrics"]),
    ("tokio_cron_scheduler", &["daemon"]),
];

/// Returns every source file with its top-level module and its text, sorted by path.
fn source_files() -> Vec<(PathBuf, String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    let mut directories = vec![root.clone()];
    while let Some(directory) = directories.pop() {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                directories.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                let relative = path.strip_prefix(&root).unwrap();
                let module = relative
                    .components()
                    .next()
                    .unwrap()
                    .as_os_str()
                    .to_string_lossy()
                    .trim_end_matches(".rs")
                    .to_owned();
                found.push((relative.to_owned(), module, text));
            }
        }
    }
    found.sort();
    assert!(found.len() > 50, "the sources were not found");
    found
}

fn without_comments(text: &str) -> String {
    text.lines().filter(|l| !l.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// Returns the modules named after `root` (`crate::`, or `courant::` in main.rs), alone or in
/// braces.
fn imports(text: &str, root: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (at, prefix) in text.match_indices(root) {
        let before = text[..at].chars().next_back();
        if before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '$') {
            continue;
        }
        let rest = &text[at + prefix.len()..];
        let word = |s: &str| {
            s.trim_start()
                .chars()
                .take_while(|c| c.is_alphanumeric() || *c == '_')
                .collect::<String>()
        };
        match rest.strip_prefix('{') {
            Some(list) => {
                let mut depth = 0;
                let mut start = 0;
                for (i, c) in list.char_indices() {
                    match c {
                        '{' => depth += 1,
                        '}' | ',' if depth == 0 => {
                            found.insert(word(&list[start..i]));
                            start = i + 1;
                            if c == '}' {
                                break;
                            }
                        }
                        '}' => depth -= 1,
                        _ => {}
                    }
                }
            }
            None => {
                found.insert(word(rest));
            }
        }
    }
    found.remove("");
    found
}

fn layer(module: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| layer.contains(&module))
}

#[test]
fn a_module_imports_only_layers_below_its_own() {
    let mut wrong = Vec::new();
    for (path, module, text) in source_files() {
        if module == "lib" {
            continue;
        }
        let here = layer(&module)
            .unwrap_or_else(|| panic!("{module} belongs to no layer: add it to LAYERS"));
        let root = if module == "main" { "courant::" } else { "crate::" };
        for import in imports(&without_comments(&text), root) {
            let Some(there) = layer(&import) else { continue };
            let allowed = there < here
                || import == module
                || EXCEPTIONS.contains(&(module.as_str(), import.as_str()));
            if !allowed {
                wrong.push(format!("src/{}: {module} imports {import}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Modules whose `mod.rs` only declares and re-exports, so that no child imports its parent's
/// items.
const DECLARING_MODULES: &[&str] = &["delivery", "web"];

#[test]
fn no_child_of_web_or_delivery_imports_an_item_of_its_parent() {
    let mut violations = Vec::new();
    for (path, module, text) in source_files() {
        if !DECLARING_MODULES.contains(&module.as_str()) || is_test(&path) {
            continue;
        }
        let code = without_comments(&text);
        // Paths of unit tests inside a file are relative to that file, not to the parent.
        let code = code.split("#[cfg(test)]").next().unwrap_or_default();
        if path.ends_with("mod.rs") && path.components().count() == 2 {
            let items =
                ["fn ", "struct ", "enum ", "const ", "static ", "trait ", "impl ", "type "];
            let declared = code.lines().filter(|line| {
                let line = line.trim_start_matches("pub ").trim_start_matches("pub(crate) ");
                items.iter().any(|item| line.starts_with(item))
            });
            violations.extend(declared.map(|line| format!("src/{}: {line}", path.display())));
            continue;
        }
        // From `src/web/page.rs` the parent is `super`, from `src/web/demo/inbox.rs` it is two
        // levels up.
        let depth = path.components().count() - 1 - usize::from(path.ends_with("mod.rs"));
        let parents = ["super::".repeat(depth.max(1)), format!("crate::{module}::")];
        for parent in parents {
            for import in imports(code, &parent) {
                if import.starts_with(|c: char| c.is_ascii_uppercase()) {
                    violations.push(format!("src/{}: {parent}{import}", path.display()));
                }
            }
        }
    }
    assert!(violations.is_empty(), "{}", violations.join("\n"));
}

fn is_test(path: &Path) -> bool {
    path.components().any(|part| part.as_os_str() == "tests" || part.as_os_str() == "tests.rs")
}

#[test]
fn a_crate_is_named_only_by_its_owners() {
    let mut wrong = Vec::new();
    for (path, module, text) in source_files() {
        let code = without_comments(&text);
        for (name, owners) in CRATE_OWNERS {
            let named = [format!("use {name}::"), format!("use {name};"), format!("{name}::")]
                .iter()
                .any(|n| {
                    code.match_indices(n.as_str()).any(|(at, _)| {
                        !code[..at]
                            .chars()
                            .next_back()
                            .is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':')
                    })
                });
            // Some of our modules and functions have the name of a crate.
            let ours = ["rss", "toml"].contains(name)
                && !code.contains(&format!("use {name}::"))
                && !code.contains(&format!(" ::{name}::"));
            if named && !ours && !owners.contains(&module.as_str()) {
                wrong.push(format!(
                    "src/{}: {name} belongs to {}",
                    path.display(),
                    owners.join(" and ")
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_source_file_begins_with_a_doc_comment() {
    let undocumented: Vec<String> = source_files()
        .into_iter()
        .filter(|(_, _, text)| !text.starts_with("//! "))
        .map(|(path, _, _)| path.display().to_string())
        .collect();
    assert!(undocumented.is_empty(), "without a `//!` line: {}", undocumented.join(", "));
}

#[test]
fn imports_are_found_alone_and_in_braces() {
    let text = "use crate::{store::{Store, StoreResult}, domain::time};\nuse crate::mail::smtp;\nlet x = crate::clock::now(); mycrate::web::y(); $crate::app::z";
    assert_eq!(
        imports(text, "crate::").into_iter().collect::<Vec<_>>(),
        ["clock", "domain", "mail", "store"]
    );
    let layers: BTreeMap<&str, usize> =
        LAYERS.iter().enumerate().flat_map(|(i, f)| f.iter().map(move |m| (*m, i))).collect();
    assert!(layers["domain"] < layers["store"] && layers["web"] < layers["cli"]);
}
