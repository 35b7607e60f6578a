//! The picture of ARCHITECTURE.md holds: who imports whom, and which crate stays behind which door.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Each module with its floor and what it may import of ours; a floor imports floors below it, never its own.
const FLOORS: &[&[&str]] = &[
    &["domain", "clock"],
    &["store", "templates", "config"],
    &["mail"],
    &["access", "sources", "feeds", "digests", "delivery", "subscribers"],
    &["app"],
    &["web"],
    &["daemon"],
    &["cli"],
    &["main"],
];

/// Neighbours that may be imported all the same.
const EXCEPTIONS: &[(&str, &str)] = &[
    // An instant is a value; asking for the present one is not.
    ("clock", "domain"),
];

/// A crate, and the modules that may name it.
const DOORS: &[(&str, &[&str])] = &[
    ("sqlx", &["store", "sources"]),
    ("inotify", &["store"]),
    ("lettre", &["mail"]),
    ("aws_lc_rs", &["mail"]),
    ("axum", &["web"]),
    ("handlebars", &["templates"]),
    ("clap", &["cli"]),
    ("toml", &["config"]),
    ("hyper", &["feeds"]),
    ("rss", &["feeds"]),
    ("atom_syndication", &["feeds"]),
    ("quick_xml", &["domain", "sources"]),
    ("encoding_rs", &["sources"]),
    ("tokio_cron_scheduler", &["daemon"]),
];

/// Every source file with its module and its code without comments.
fn files() -> Vec<(PathBuf, String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
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

fn code(text: &str) -> String {
    text.lines().filter(|l| !l.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// The modules named behind `crate::`, alone or in braces, or behind `courant::` in the program's file.
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

fn floor(module: &str) -> Option<usize> {
    FLOORS.iter().position(|floor| floor.contains(&module))
}

#[test]
fn each_layer_imports_what_stands_below_it_alone() {
    let mut wrong = Vec::new();
    for (path, module, text) in files() {
        if module == "lib" {
            continue;
        }
        let here = floor(&module)
            .unwrap_or_else(|| panic!("{module} has no place in the picture: add it to FLOORS"));
        let root = if module == "main" { "courant::" } else { "crate::" };
        for import in imports(&code(&text), root) {
            let Some(there) = floor(&import) else { continue };
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

#[test]
fn each_foreign_crate_stays_behind_its_door() {
    let mut wrong = Vec::new();
    for (path, module, text) in files() {
        let code = code(&text);
        for (name, doors) in DOORS {
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
            // Our own modules and functions may bear a crate's name.
            let ours = ["rss", "toml"].contains(name)
                && !code.contains(&format!("use {name}::"))
                && !code.contains(&format!(" ::{name}::"));
            if named && !ours && !doors.contains(&module.as_str()) {
                wrong.push(format!(
                    "src/{}: {name} belongs to {}",
                    path.display(),
                    doors.join(" and ")
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_file_says_what_it_is_for() {
    let silent: Vec<String> = files()
        .into_iter()
        .filter(|(_, _, text)| !text.starts_with("//! "))
        .map(|(path, _, _)| path.display().to_string())
        .collect();
    assert!(silent.is_empty(), "without a `//!` line: {}", silent.join(", "));
}

#[test]
fn the_reader_of_imports_understands_rust() {
    let text = "use crate::{store::{Store, StoreResult}, domain::time};\nuse crate::mail::smtp;\nlet x = crate::clock::now(); mycrate::web::y(); $crate::app::z";
    assert_eq!(
        imports(text, "crate::").into_iter().collect::<Vec<_>>(),
        ["clock", "domain", "mail", "store"]
    );
    let floors: BTreeMap<&str, usize> =
        FLOORS.iter().enumerate().flat_map(|(i, f)| f.iter().map(move |m| (*m, i))).collect();
    assert!(floors["domain"] < floors["store"] && floors["web"] < floors["cli"]);
}
