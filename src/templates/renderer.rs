//! Rendering with two Handlebars registries, one that escapes for HTML and one for plain text.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::Arc;

use anyhow::{anyhow, bail};
use handlebars::{
    Context, Handlebars, RenderError, RenderErrorReason, TemplateError, TemplateErrorReason,
    no_escape,
};
use serde_json::Value;

use super::assets::Assets;
use super::files::TemplateFile;
use super::helpers;
use super::i18n::Catalog;
use super::render_pool;
use super::sandbox::{self, Analysis, TemplateGraph, Violation};

/// Maximum length of a rendered page or mail part, in bytes; it stops a template that loops too
/// long.
const MAX_OUTPUT_BYTES: usize = 8 * 1024 * 1024;

/// Parsed templates by name (`email/digest/html`), with their analyses and paths for messages.
pub(super) struct Renderer {
    html: Handlebars<'static>,
    plain: Handlebars<'static>,
    html_analyses: BTreeMap<String, Analysis>,
    plain_analyses: BTreeMap<String, Analysis>,
    display_paths: BTreeMap<String, String>,
}

/// Returns `true` if a template produces plain text: mail subjects and text parts.
fn is_plain(name: &str) -> bool {
    matches!(name.rsplit(['/', '.']).next(), Some("subject" | "text"))
}

impl Renderer {
    /// Parses all templates and checks them against the limits of the sandbox.
    ///
    /// # Errors
    /// One sentence about the first template that is invalid.
    pub(super) fn load<'f>(
        files: impl IntoIterator<Item = (&'f String, &'f TemplateFile)>,
        catalog: &Arc<Catalog>,
        assets: &Arc<Assets>,
    ) -> anyhow::Result<Self> {
        let registry = || {
            let mut registry = Handlebars::new();
            registry.set_strict_mode(true);
            registry.set_prevent_indent(true);
            helpers::register_helpers(&mut registry, catalog, assets);
            registry
        };
        let mut renderer = Self {
            html: registry(),
            plain: registry(),
            html_analyses: BTreeMap::new(),
            plain_analyses: BTreeMap::new(),
            display_paths: BTreeMap::new(),
        };
        renderer.plain.register_escape_fn(no_escape);
        for (name, file) in files {
            renderer.parse(name.trim_end_matches(".hbs"), file)?;
        }
        for (name, display_path) in &renderer.display_paths {
            let graph = renderer.graph(name);
            if let Some(violation) =
                graph.page_partial_in_mail(name).or_else(|| graph.violation(name))
            {
                bail!("{display_path}: {violation}");
            }
        }
        Ok(renderer)
    }

    /// Parses and analyses one template.
    fn parse(&mut self, name: &str, file: &TemplateFile) -> anyhow::Result<()> {
        sandbox::check_source(&file.text).map_err(|violation| {
            let Violation { line, column, message } = violation;
            anyhow!("{}:{line}:{column}: {message}", file.display_path)
        })?;
        let plain = is_plain(name);
        let (registry, analyses) = match plain {
            true => (&mut self.plain, &mut self.plain_analyses),
            false => (&mut self.html, &mut self.html_analyses),
        };
        registry
            .register_template_string(name, &file.text)
            .map_err(|error| syntax_error(&file.display_path, &error))?;
        if let Some(template) = registry.get_template(name) {
            analyses.insert(name.to_owned(), Analysis::new(template, !plain));
        }
        self.display_paths.insert(name.to_owned(), file.display_path.clone());
        Ok(())
    }

    /// Returns the registry's templates with their partials, for the registry of `name`.
    fn graph(&self, name: &str) -> TemplateGraph<'_> {
        TemplateGraph(if is_plain(name) { &self.plain_analyses } else { &self.html_analyses })
    }

    /// Returns the result of [`TemplateGraph::subscriber_in_logic`] for a template.
    pub(super) fn subscriber_in_logic(&self, name: &str) -> bool {
        self.graph(name).subscriber_in_logic(name)
    }

    /// Renders a template on a thread whose stack is large enough for every template that the
    /// sandbox accepts.
    ///
    /// # Errors
    /// One sentence with file, line, column and remedy.
    pub(super) fn render(&self, name: &str, data: &Value) -> anyhow::Result<String> {
        let registry = if is_plain(name) { &self.plain } else { &self.html };
        let context = Context::wraps(data)?;
        let mut output = BoundedWriter(Vec::new());
        let result = render_pool::run_blocking(|| {
            registry.render_with_context_to_write(name, &context, &mut output)
        })?;
        result.map_err(|error| self.render_error(name, data, &error))?;
        Ok(String::from_utf8(output.0)?)
    }

    /// Converts a rendering error to one sentence with location and remedy.
    fn render_error(&self, name: &str, data: &Value, error: &RenderError) -> anyhow::Error {
        let at = error.template_name.as_deref().unwrap_or(name);
        let file = self.display_paths.get(at).map_or(at, String::as_str);
        let location = match (error.line_no, error.column_no) {
            (Some(line), Some(column)) => format!("{file}:{line}:{column}"),
            _ => file.to_owned(),
        };
        match error.reason() {
            RenderErrorReason::MissingVariable(path) => {
                let path = path.as_deref().unwrap_or("(expression)");
                anyhow!(
                    "{location}: unknown variable `{path}`; available here are {}",
                    available_names(data, path)
                )
            }
            RenderErrorReason::HelperNotFound(helper) => {
                anyhow!(
                    "{location}: unknown helper or block `{helper}`; available are {}",
                    helpers::KNOWN_HELPERS
                )
            }
            RenderErrorReason::IOError(_) => {
                anyhow!(
                    "{location}: the output is longer than {} MiB; shorten the template",
                    MAX_OUTPUT_BYTES / 1024 / 1024
                )
            }
            reason => anyhow!("{location}: {reason}"),
        }
    }
}

/// Converts a parsing error to one sentence with location and remedy.
fn syntax_error(display_path: &str, error: &TemplateError) -> anyhow::Error {
    let (line, column) = error.pos().unwrap_or((1, 1));
    let message = match error.reason() {
        TemplateErrorReason::MismatchingClosedHelper(open, close)
        | TemplateErrorReason::MismatchingClosedDecorator(open, close) => {
            format!("{{{{#{open}}}}} is closed by {{{{/{close}}}}}; write {{{{/{open}}}}}")
        }
        TemplateErrorReason::InvalidSyntax(_) => {
            "invalid Handlebars syntax; check for an unclosed block or unbalanced braces".to_owned()
        }
        reason => reason.to_string(),
    };
    anyhow!("{display_path}:{line}:{column}: {message}")
}

/// Returns the names available in place of `path`: the fields of the object that its first segments
/// name, else the top-level names and the fields of lists.
fn available_names(data: &Value, path: &str) -> String {
    let mut object = data.as_object();
    for segment in path.split(['.', '/']) {
        match object.and_then(|o| o.get(segment)).and_then(Value::as_object) {
            Some(inner) => object = Some(inner),
            None => break,
        }
    }
    let Some(object) = object else { return "none".into() };
    let mut known = object.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
    for (name, value) in object {
        if let Some(fields) =
            value.as_array().and_then(|list| list.first()).and_then(Value::as_object)
        {
            let fields: Vec<&str> = fields.keys().map(String::as_str).collect();
            known.push_str(&format!("; in each of `{name}`: {}", fields.join(", ")));
        }
    }
    known
}

/// Buffer that fails to grow beyond [`MAX_OUTPUT_BYTES`].
struct BoundedWriter(Vec<u8>);

impl Write for BoundedWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > MAX_OUTPUT_BYTES {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, "too long"));
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
