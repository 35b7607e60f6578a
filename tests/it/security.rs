//! The list of attacks in docs/security.md names tests that exist.

use std::path::Path;

/// Appends the text of all Rust files below a directory.
fn read_sources(directory: &Path, text: &mut String) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read_sources(&path, text);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            text.push_str(&std::fs::read_to_string(&path).unwrap());
        }
    }
}

#[test]
fn every_test_in_the_list_of_attacks_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (mut sources, mut named) = (String::new(), 0);
    read_sources(&root.join("src"), &mut sources);
    read_sources(&root.join("tests"), &mut sources);
    let list = std::fs::read_to_string(root.join("docs/security.md")).unwrap();
    for row in list.lines().filter(|line| line.starts_with("| ")) {
        let names = row.rsplit(" | ").next().unwrap().split('`').skip(1).step_by(2);
        for name in names {
            assert!(sources.contains(&format!("fn {name}(")), "there is no test {name}");
            named += 1;
        }
    }
    assert!(named > 40, "{named}");
}
