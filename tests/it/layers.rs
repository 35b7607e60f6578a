//! The layers of ARCHITECTURE.md: which module imports which, and which module owns which crate.

use std::path::Path;

use self::module_graph::{ModuleGraph, source_file};

mod module_graph;

/// The modules of each layer, lowest first; a module imports only from layers below its own.
const LAYERS: &[&[&str]] = &[
    &["domain", "clock", "fs", "metrics"],
    &["store", "templates", "config"],
    &["net", "demo"],
    &["mail"],
    &[
        "accounts",
        "api_tokens",
        "change_feed",
        "sources",
        "feeds",
        "digests",
        "definitions",
        "delivery",
        "readership",
        "subscribers",
    ],
    &["publishing", "websub", "webhooks"],
    &["app", "wire"],
    &["http"],
    &["web", "api"],
    &["daemon"],
    &["cli"],
    &["main"],
];

/// Imports within one layer that are allowed: importer, imported.
const EXCEPTIONS: &[(&str, &str)] = &[
    // The clock returns an instant, which is a value of the domain.
    ("clock", "domain"),
];

/// The one place where files may import each other in a circle: blocks contain blocks.
const RECURSIVE: &str = "sources/wordpress/render";

/// Crates with the only modules that may name them.
const CRATE_OWNERS: &[(&str, &[&str])] = &[
    ("sqlx", &["store", "sources"]),
    ("inotify", &["store"]),
    ("lettre", &["mail"]),
    ("aws_lc_rs", &["accounts", "mail"]),
    ("argon2", &["accounts"]),
    // The tests of the pages generate codes.
    ("totp_rs", &["accounts", "web"]),
    ("qrcodegen", &["accounts"]),
    ("axum", &["web", "api", "http", "daemon"]),
    ("tower", &["web"]),
    ("tower_http", &["web"]),
    ("handlebars", &["templates"]),
    ("clap", &["cli"]),
    ("utoipa", &["wire", "api"]),
    ("utoipa_axum", &["api"]),
    ("toml", &["config"]),
    ("hyper", &["accounts", "net", "publishing", "webhooks", "websub"]),
    ("jsonwebtoken", &["accounts"]),
    ("rss", &["feeds"]),
    ("atom_syndication", &["feeds"]),
    ("quick_xml", &["domain", "sources"]),
    ("encoding_rs", &["fs", "sources"]),
    ("chardetng", &["fs"]),
    ("prometheus_client", &["metrics"]),
    ("tokio_cron_scheduler", &["daemon"]),
];

fn layer(module: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| layer.contains(&module))
}

#[test]
fn a_module_imports_only_layers_below_its_own() {
    let graph = ModuleGraph::read();
    let mut wrong = Vec::new();
    for (at, file) in graph.files.iter().enumerate() {
        let module = file.top_module();
        if module == "lib" {
            continue;
        }
        let here = layer(module)
            .unwrap_or_else(|| panic!("{module} belongs to no layer: add it to LAYERS"));
        for (target, name) in graph.imports(at) {
            let import = graph.files[target].top_module();
            let Some(there) = layer(import) else { continue };
            if there >= here && import != module && !EXCEPTIONS.contains(&(module, import)) {
                wrong.push(format!(
                    "src/{}: {module} imports {name} of {import}",
                    file.path.display()
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    let graph = ModuleGraph::read();
    let mut wrong = String::new();
    for circle in graph.circles() {
        let files = || circle.iter().map(|at| &graph.files[*at]);
        if files().all(|file| file.is_test() || file.path.starts_with(RECURSIVE)) {
            continue;
        }
        wrong.push_str("a circle:\n");
        for at in &circle {
            for (target, name) in graph.imports(*at) {
                if circle.contains(&target) {
                    let [from, to] = [*at, target].map(|at| graph.files[at].path.display());
                    wrong.push_str(&format!("  {from} -> {to}: {name}\n"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// Modules whose `mod.rs` only declares and re-exports.
const DECLARING_MODULES: &[&str] = &["delivery", "web"];

#[test]
fn mod_rs_of_web_and_delivery_only_declares_and_re_exports() {
    let graph = ModuleGraph::read();
    let items = ["fn ", "struct ", "enum ", "const ", "static ", "trait ", "impl ", "type "];
    let mut wrong = Vec::new();
    for file in &graph.files {
        if !DECLARING_MODULES.iter().any(|top| file.path == Path::new(top).join("mod.rs")) {
            continue;
        }
        let declared = file.text.lines().filter(|line| {
            let line = line.trim_start_matches("pub ").trim_start_matches("pub(crate) ");
            items.iter().any(|item| line.starts_with(item))
        });
        wrong.extend(declared.map(|line| format!("src/{}: {line}", file.path.display())));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_crate_is_named_only_by_its_owners() {
    let graph = ModuleGraph::read();
    let mut wrong = Vec::new();
    for (at, file) in graph.files.iter().enumerate() {
        let names = graph.foreign_names(at);
        for (name, owners) in CRATE_OWNERS {
            if names.contains(*name) && !owners.contains(&file.top_module()) {
                let owners = owners.join(" and ");
                wrong.push(format!("src/{}: {name} belongs to {owners}", file.path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_source_file_begins_with_a_doc_comment() {
    let graph = ModuleGraph::read();
    let undocumented: Vec<String> = graph
        .files
        .iter()
        .filter(|file| !file.text.starts_with("//! "))
        .map(|file| file.path.display().to_string())
        .collect();
    assert!(undocumented.is_empty(), "without a `//!` line: {}", undocumented.join(", "));
}

#[test]
fn imports_are_followed_through_braces_re_exports_and_macros_to_the_file_that_defines() {
    let files = [
        ("lib.rs", "pub mod store; pub mod web;"),
        ("store/mod.rs", "mod rows; pub mod db; pub use rows::{Row, Value as Cell};"),
        ("store/rows.rs", "pub struct Row; pub enum Value { A }"),
        ("store/db.rs", "use super::Row; #[cfg(test)] mod tests { use crate::web::page; }"),
        (
            "web.rs",
            "use std::fmt; use crate::{store::{self, Cell}}; fn f() { g!(store::db::open(Cell::A)) }",
        ),
    ];
    let graph = ModuleGraph::new(
        files.map(|(path, text)| source_file(Path::new(path), text.to_owned())).into(),
    );
    let imports: Vec<(String, Vec<String>)> = (0..graph.files.len())
        .map(|at| {
            let targets = graph.imports(at).into_keys();
            let path = |at: usize| graph.files[at].path.display().to_string();
            (path(at), targets.map(path).collect())
        })
        .filter(|(_, targets): &(_, Vec<String>)| !targets.is_empty())
        .collect();
    assert_eq!(
        imports,
        [
            ("store/db.rs".to_owned(), vec!["store/rows.rs".to_owned()]),
            ("web.rs".to_owned(), vec!["store/db.rs".to_owned(), "store/rows.rs".to_owned()]),
        ]
    );
    assert!(graph.foreign_names(4).contains("std"));
    assert!(graph.circles().is_empty());
}

#[test]
fn files_that_import_each_other_are_found() {
    let files = [
        ("lib.rs", "mod a; mod b; mod c;"),
        ("a.rs", "use crate::b::B; pub struct A;"),
        ("b.rs", "pub struct B(crate::c::C);"),
        ("c.rs", "use super::a::A; pub struct C;"),
    ];
    let graph = ModuleGraph::new(
        files.map(|(path, text)| source_file(Path::new(path), text.to_owned())).into(),
    );
    assert_eq!(graph.circles(), [[0, 1, 2]]);
}
