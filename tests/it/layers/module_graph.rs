//! The imports between the source files, read from their tokens.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// A source file with the names in its code outside of tests.
pub(super) struct SourceFile {
    /// Path of the file below `src`.
    pub(super) path: PathBuf,
    /// Path of the module inside the crate; empty for the root.
    pub(super) module: Vec<String>,
    /// The whole text of the file.
    pub(super) text: String,
    /// Names declared by `use`, each with its whole path.
    uses: Vec<Use>,
    /// Paths of two and more segments outside of `use` declarations.
    paths: BTreeSet<Vec<String>>,
    /// Single words outside of `use` declarations.
    words: BTreeSet<String>,
}

struct Use {
    name: String,
    path: Vec<String>,
    exported: bool,
}

impl SourceFile {
    /// Returns the first module of the path, or the name of the file in the root.
    pub(super) fn top_module(&self) -> &str {
        self.module
            .first()
            .map_or_else(|| self.path.file_stem().unwrap().to_str().unwrap(), String::as_str)
    }

    /// Returns `true` if the file holds nothing but tests.
    pub(super) fn is_test(&self) -> bool {
        self.module.iter().any(|part| part == "tests")
    }
}

/// The source files and the imports between them.
pub(super) struct ModuleGraph {
    /// All source files, sorted by path.
    pub(super) files: Vec<SourceFile>,
    by_module: BTreeMap<Vec<String>, usize>,
}

/// Target of a path.
enum Target {
    /// An item of the file with this index.
    Item(usize),
    /// A module instead of an item.
    Module,
    /// Something outside of the crate, or a local name.
    Elsewhere(String),
}

impl ModuleGraph {
    /// Reads every file below `src`.
    pub(super) fn read() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let mut files = Vec::new();
        let mut directories = vec![root.clone()];
        while let Some(directory) = directories.pop() {
            for entry in std::fs::read_dir(directory).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    directories.push(path);
                } else if path.extension().is_some_and(|extension| extension == "rs") {
                    let text = std::fs::read_to_string(&path).unwrap();
                    files.push(source_file(path.strip_prefix(&root).unwrap(), text));
                }
            }
        }
        assert!(files.len() > 50, "the sources were not found");
        Self::new(files)
    }

    /// Builds the graph of these files.
    pub(super) fn new(mut files: Vec<SourceFile>) -> Self {
        files.sort_by(|a, b| a.path.cmp(&b.path));
        let by_module = (0..files.len())
            .filter(|at| files[*at].path != Path::new("main.rs"))
            .map(|at| (files[at].module.clone(), at))
            .collect();
        Self { files, by_module }
    }

    /// Returns the files whose items the file names, each with one of the names.
    ///
    /// A name that a module only re-exports counts as an import of the file that defines it.
    pub(super) fn imports(&self, of: usize) -> BTreeMap<usize, String> {
        let file = &self.files[of];
        let used = file
            .uses
            .iter()
            .filter(|u| !u.exported || file.words.contains(&u.name))
            .map(|u| &u.path);
        let mut found = BTreeMap::new();
        for path in used.chain(&file.paths) {
            if let Target::Item(target) = self.resolve(of, path, 0)
                && target != of
            {
                found.insert(target, path.last().cloned().unwrap_or_default());
            }
        }
        found
    }

    /// Returns the first segments of the paths that lead out of the crate.
    pub(super) fn foreign_names(&self, of: usize) -> BTreeSet<String> {
        let file = &self.files[of];
        let paths = file.uses.iter().map(|u| &u.path).chain(&file.paths);
        paths
            .filter_map(|path| match self.resolve(of, path, 0) {
                Target::Elsewhere(name) => Some(name),
                Target::Item(_) | Target::Module => None,
            })
            .collect()
    }

    /// Returns each set of files that import each other in a circle.
    pub(super) fn circles(&self) -> Vec<Vec<usize>> {
        let imports: Vec<Vec<usize>> =
            (0..self.files.len()).map(|at| self.imports(at).into_keys().collect()).collect();
        let reached: Vec<BTreeSet<usize>> = (0..imports.len())
            .map(|start| {
                let mut reached = BTreeSet::new();
                let mut open = imports[start].clone();
                while let Some(at) = open.pop() {
                    if reached.insert(at) {
                        open.extend(&imports[at]);
                    }
                }
                reached
            })
            .collect();
        let mut circles: Vec<Vec<usize>> = Vec::new();
        for at in (0..imports.len()).filter(|at| reached[*at].contains(at)) {
            if !circles.iter().any(|circle| circle.contains(&at)) {
                circles.push(
                    reached[at]
                        .iter()
                        .copied()
                        .filter(|other| reached[*other].contains(&at))
                        .collect(),
                );
            }
        }
        circles
    }

    fn resolve(&self, from: usize, path: &[String], depth: usize) -> Target {
        let mut module = self.files[from].module.clone();
        let mut rest = path;
        match path[0].as_str() {
            "crate" | "courant" => module.clear(),
            "self" => {}
            "super" => {
                while rest[0] == "super" {
                    module.pop();
                    rest = &rest[1..];
                    if rest.is_empty() {
                        return Target::Module;
                    }
                }
                return self.descend(&module, rest, depth);
            }
            first => {
                let mut child = module.clone();
                child.push(first.to_owned());
                let known = self.by_module.contains_key(&child)
                    || self.files[from].uses.iter().any(|u| u.name == first && u.path != path);
                if !known || depth > 8 {
                    return Target::Elsewhere(first.to_owned());
                }
                return self.descend(&module, rest, depth);
            }
        }
        self.descend(&module, &rest[1..], depth)
    }

    /// Follows the segments from a module down to an item, through re-exports.
    fn descend(&self, from: &[String], segments: &[String], depth: usize) -> Target {
        let mut module = from.to_vec();
        for (at, segment) in segments.iter().enumerate() {
            let file = self.by_module[&module];
            module.push(segment.clone());
            if self.by_module.contains_key(&module) {
                continue;
            }
            let Some(import) = self.files[file].uses.iter().find(|u| u.name == *segment) else {
                return Target::Item(file);
            };
            let whole = [&import.path, &segments[at + 1..]].concat();
            return if depth > 8 {
                Target::Item(file)
            } else {
                self.resolve(file, &whole, depth + 1)
            };
        }
        Target::Module
    }
}

/// Reads one file of the crate; `path` is relative to `src`.
pub(super) fn source_file(path: &Path, text: String) -> SourceFile {
    let mut module: Vec<String> =
        path.with_extension("").iter().map(|part| part.to_str().unwrap().to_owned()).collect();
    if module.last().is_some_and(|last| ["mod", "lib", "main"].contains(&last.as_str())) {
        module.pop();
    }
    let tokens: TokenStream = text.parse().unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let mut file = SourceFile {
        path: path.to_owned(),
        module,
        text,
        uses: Vec::new(),
        paths: BTreeSet::new(),
        words: BTreeSet::new(),
    };
    read_tokens(tokens, &mut file);
    file
}

fn read_tokens(tokens: TokenStream, file: &mut SourceFile) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut at = 0;
    let mut exported = false;
    while at < tokens.len() {
        match &tokens[at] {
            TokenTree::Punct(p) if p.as_char() == '#' && is_cfg_test(tokens.get(at + 1)) => {
                at = end_of_item(&tokens, at + 2);
                continue;
            }
            TokenTree::Ident(word) if word == "pub" => exported = true,
            TokenTree::Ident(word) if word == "use" => {
                let end = end_of_item(&tokens, at + 1);
                read_use_tree(&tokens[at + 1..end - 1], &[], exported, &mut file.uses);
                at = end;
                exported = false;
                continue;
            }
            // The declaration of a child module uses nothing of it.
            TokenTree::Ident(word) if word == "mod" => at += 1,
            TokenTree::Ident(_) => {
                let path = path_at(&tokens, at);
                at += (path.len() - 1) * 3;
                file.words.insert(path[0].clone());
                if path.len() > 1 {
                    file.paths.insert(path);
                }
                exported = false;
            }
            TokenTree::Group(group) => {
                read_tokens(group.stream(), file);
                exported &= group.delimiter() == Delimiter::Parenthesis;
            }
            TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
        at += 1;
    }
}

fn is_cfg_test(token: Option<&TokenTree>) -> bool {
    matches!(token, Some(TokenTree::Group(g)) if g.stream().to_string().replace(' ', "") == "cfg(test)")
}

/// Returns the index behind the item: behind its semicolon, or behind its braces.
fn end_of_item(tokens: &[TokenTree], start: usize) -> usize {
    let is_use = matches!(&tokens[start - 1], TokenTree::Ident(word) if word == "use");
    let end = tokens[start..].iter().position(|token| match token {
        TokenTree::Punct(p) => p.as_char() == ';',
        TokenTree::Group(g) => !is_use && g.delimiter() == Delimiter::Brace,
        _ => false,
    });
    end.map_or(tokens.len(), |end| start + end + 1)
}

/// Returns the segments of the path that begins at this word.
fn path_at(tokens: &[TokenTree], start: usize) -> Vec<String> {
    let mut path = vec![tokens[start].to_string()];
    let mut at = start + 1;
    while let [TokenTree::Punct(first), TokenTree::Punct(second), TokenTree::Ident(word)] =
        &tokens[at..tokens.len().min(at + 3)]
        && first.as_char() == ':'
        && second.as_char() == ':'
    {
        path.push(word.to_string());
        at += 3;
    }
    path
}

fn read_use_tree(tokens: &[TokenTree], prefix: &[String], exported: bool, uses: &mut Vec<Use>) {
    for branch in tokens.split(|t| matches!(t, TokenTree::Punct(p) if p.as_char() == ',')) {
        let mut path = prefix.to_vec();
        let mut name = None;
        let mut is_group = false;
        let mut words = branch.iter();
        while let Some(token) = words.next() {
            match token {
                TokenTree::Ident(word) if word == "as" => {
                    name = words.next().map(ToString::to_string)
                }
                TokenTree::Ident(word) if word == "self" && !path.is_empty() => {}
                TokenTree::Ident(word) => path.push(word.to_string()),
                TokenTree::Group(group) => {
                    let inner: Vec<TokenTree> = group.stream().into_iter().collect();
                    read_use_tree(&inner, &path, exported, uses);
                    is_group = true;
                }
                TokenTree::Punct(_) | TokenTree::Literal(_) => {}
            }
        }
        if let Some(last) = path.last()
            && !is_group
        {
            uses.push(Use { name: name.unwrap_or_else(|| last.clone()), path, exported });
        }
    }
}
