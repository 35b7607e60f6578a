//! Two Handlebars registries, one that escapes for HTML and one for plain text, and sentences about what went wrong.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::Arc;

use anyhow::{anyhow, bail};
use handlebars::{
    Context, Handlebars, RenderError, RenderErrorReason, TemplateError, TemplateErrorReason,
    no_escape,
};
use serde_json::Value;

use super::guard::{self, Findings, Graph};
use super::source::Source;
use super::speech::Speech;
use super::words;

/// The longest page or mail part that is rendered, in bytes: a template that loops is stopped there.
const MAX_OUTPUT: usize = 8 * 1024 * 1024;

/// The stack on which templates are rendered: 50 levels need far less, but a debug build's frames are large.
const STACK: usize = 16 * 1024 * 1024;

/// Parsed templates by name (`email/digest/html`).
pub(super) struct Engine {
    html: Handlebars<'static>,
    plain: Handlebars<'static>,
    html_findings: BTreeMap<String, Findings>,
    plain_findings: BTreeMap<String, Findings>,
    shown: BTreeMap<String, String>,
}

/// Whether a template makes plain text: mail subjects and text parts.
fn is_plain(name: &str) -> bool {
    matches!(name.rsplit(['/', '.']).next(), Some("subject" | "text"))
}

impl Engine {
    /// Parses all templates and looks at them.
    ///
    /// # Errors
    /// One sentence about the first that can't be used.
    pub(super) fn load(
        files: &BTreeMap<String, Source>,
        speech: &Arc<Speech>,
        stylesheet: &str,
    ) -> anyhow::Result<Self> {
        let registry = || {
            let mut registry = Handlebars::new();
            registry.set_strict_mode(true);
            registry.set_prevent_indent(true);
            words::teach(&mut registry, speech, stylesheet);
            registry
        };
        let mut engine = Self {
            html: registry(),
            plain: registry(),
            html_findings: BTreeMap::new(),
            plain_findings: BTreeMap::new(),
            shown: BTreeMap::new(),
        };
        engine.plain.register_escape_fn(no_escape);
        for (file, source) in files {
            engine.parse(file.trim_end_matches(".hbs"), source)?;
        }
        for (name, shown) in &engine.shown {
            if let Some(what) = engine.graph(name).objection(name) {
                bail!("{shown}: {what}");
            }
        }
        Ok(engine)
    }

    fn parse(&mut self, name: &str, source: &Source) -> anyhow::Result<()> {
        guard::inspect_source(&source.text)
            .map_err(|it| anyhow!("{}:{}:{}: {}", source.shown, it.line, it.column, it.what))?;
        let plain = is_plain(name);
        let (registry, findings) = match plain {
            true => (&mut self.plain, &mut self.plain_findings),
            false => (&mut self.html, &mut self.html_findings),
        };
        registry
            .register_template_string(name, &source.text)
            .map_err(|error| misspelt(&source.shown, &error))?;
        if let Some(template) = registry.get_template(name) {
            findings.insert(name.to_owned(), Findings::of(template, !plain));
        }
        self.shown.insert(name.to_owned(), source.shown.clone());
        Ok(())
    }

    fn graph(&self, name: &str) -> Graph<'_> {
        Graph(if is_plain(name) { &self.plain_findings } else { &self.html_findings })
    }

    /// See [`Graph::subscriber_in_logic`].
    pub(super) fn subscriber_in_logic(&self, name: &str) -> bool {
        self.graph(name).subscriber_in_logic(name)
    }

    /// Renders a template on a thread whose stack is large enough for all that the guard lets through.
    ///
    /// # Errors
    /// One sentence with file, line, column and remedy.
    pub(super) fn render(&self, name: &str, data: &Value) -> anyhow::Result<String> {
        let registry = if is_plain(name) { &self.plain } else { &self.html };
        let context = Context::wraps(data)?;
        let mut output = Capped(Vec::new());
        let outcome =
            on_big_stack(|| registry.render_with_context_to_write(name, &context, &mut output))?;
        outcome.map_err(|error| self.complaint(name, data, &error))?;
        Ok(String::from_utf8(output.0)?)
    }

    /// The sentence for an error that came up while rendering.
    fn complaint(&self, name: &str, data: &Value, error: &RenderError) -> anyhow::Error {
        let at = error.template_name.as_deref().unwrap_or(name);
        let file = self.shown.get(at).map_or(at, String::as_str);
        let place = match (error.line_no, error.column_no) {
            (Some(line), Some(column)) => format!("{file}:{line}:{column}"),
            _ => file.to_owned(),
        };
        match error.reason() {
            RenderErrorReason::MissingVariable(path) => {
                let path = path.as_deref().unwrap_or("of that name");
                anyhow!("{place}: no variable `{path}`; known here are {}", known_near(data, path))
            }
            RenderErrorReason::HelperNotFound(helper) => {
                anyhow!("{place}: no helper or block `{helper}`; known are {}", words::KNOWN)
            }
            RenderErrorReason::IOError(_) => {
                anyhow!(
                    "{place}: the result is longer than {} MiB; shorten the template",
                    MAX_OUTPUT / 1024 / 1024
                )
            }
            reason => anyhow!("{place}: {reason}"),
        }
    }
}

/// The sentence for a template that can't be parsed.
fn misspelt(shown: &str, error: &TemplateError) -> anyhow::Error {
    let (line, column) = error.pos().unwrap_or((1, 1));
    let what = match error.reason() {
        TemplateErrorReason::MismatchingClosedHelper(open, close) | TemplateErrorReason::MismatchingClosedDecorator(open, close) => {
            format!("{{{{#{open}}}}} is open here, but {{{{/{close}}}}} closes; write {{{{/{open}}}}}")
        }
        TemplateErrorReason::InvalidSyntax(_) => {
            "this is no Handlebars; look for a block that is never closed, or braces that do not match".to_owned()
        }
        reason => reason.to_string(),
    };
    anyhow!("{shown}:{line}:{column}: {what}")
}

/// Names that could have been meant by `path`: the fields of what its beginning names, else all of the first level with
/// those of the lists.
fn known_near(data: &Value, path: &str) -> String {
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
            known.push_str(&format!("; inside each of `{name}`: {}", fields.join(", ")));
        }
    }
    known
}

/// Runs `work` on a thread with [`STACK`] bytes of stack, and waits for it.
///
/// # Errors
/// A sentence when no thread can be had, or `work` panicked.
pub(super) fn on_big_stack<T: Send>(work: impl FnOnce() -> T + Send) -> anyhow::Result<T> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new()
            .name("template".into())
            .stack_size(STACK)
            .spawn_scoped(scope, work);
        let thread = thread
            .map_err(|error| anyhow!("no thread to render a template on ({error}); try again"))?;
        thread.join().map_err(|_| {
            anyhow!("rendering a template failed in a way that is a bug of ours; please report it")
        })
    })
}

/// A buffer that refuses to grow past [`MAX_OUTPUT`].
struct Capped(Vec<u8>);

impl Write for Capped {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > MAX_OUTPUT {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, "too long"));
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
