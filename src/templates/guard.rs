//! What a template may not do: grow without bound, nest without end, include itself by a detour; and where it
//! looks at a subscriber's values.

use std::collections::{BTreeMap, BTreeSet};

use handlebars::Template;
use handlebars::template::{DecoratorTemplate, HelperTemplate, Parameter, TemplateElement};

/// The longest template source, in bytes.
pub(super) const MAX_SOURCE: usize = 512 * 1024;
/// The deepest nesting of blocks, partials included: deeper ones would overflow the stack when rendered.
pub(super) const MAX_DEPTH: usize = 50;
/// The deepest nesting of `each`, partials included: each level multiplies the work.
const MAX_LOOPS: usize = 3;

/// The most partials that one template includes, those of its partials counted in: doubling chains would never end.
const MAX_INCLUSIONS: usize = 1_000;

/// A place in a source, and what is wrong there.
#[derive(Debug)]
pub(super) struct Objection {
    /// Line, from 1.
    pub(super) line: usize,
    /// Column, from 1.
    pub(super) column: usize,
    /// One clause without a full stop.
    pub(super) what: String,
}

/// Looks at a source before it is parsed, because the parsed form of an endlessly nested one can't even be dropped.
///
/// # Errors
/// The first place that goes beyond a limit.
pub(super) fn inspect_source(source: &str) -> Result<(), Objection> {
    let at = |offset: usize, what: String| {
        let before = &source[..offset];
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().map_or(0, |l| l.chars().count()) + 1;
        Objection { line, column, what }
    };
    if source.len() > MAX_SOURCE {
        return Err(at(
            0,
            format!("the template is longer than {} KiB; shorten it", MAX_SOURCE / 1024),
        ));
    }
    let mut open: Vec<usize> = Vec::new();
    let mut offset = 0;
    while let Some(found) = source[offset..].find("{{") {
        let start = offset + found;
        let tag = tag_at(source, start);
        offset = start + tag.len().max(2);
        let inner = tag.trim_start_matches('{').trim_start_matches('~').trim_start();
        if source[..start].ends_with('\\') || inner.starts_with('!') {
            continue;
        }
        if inner.starts_with('#') || tag.starts_with("{{{{") && !inner.starts_with('/') {
            open.push(1);
        } else if inner.starts_with('/') {
            open.pop();
        } else if inner
            .strip_prefix("else")
            .is_some_and(|rest| rest.starts_with(char::is_whitespace))
            && let Some(chain) = open.last_mut()
        {
            *chain += 1;
        }
        if open.iter().sum::<usize>() > MAX_DEPTH || brackets(inner) > MAX_DEPTH {
            return Err(at(
                start,
                format!("more than {MAX_DEPTH} levels inside each other; nest less"),
            ));
        }
    }
    Ok(())
}

/// The tag that begins at `start`, with its braces; the rest of the source when it never ends.
fn tag_at(source: &str, start: usize) -> &str {
    let rest = &source[start..];
    let end = if rest.starts_with("{{!--") || rest.starts_with("{{~!--") { "--" } else { "}}" };
    rest.find(end).map_or(rest, |found| &rest[..found + end.len()])
}

fn brackets(tag: &str) -> usize {
    let mut depth = 0_usize;
    let mut deepest = 0;
    for byte in tag.bytes() {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

/// What a parsed template does, as far as we care.
#[derive(Debug, Default)]
pub(super) struct Findings {
    /// The deepest nesting of blocks.
    depth: usize,
    /// The deepest nesting of `each`.
    loops: usize,
    /// Partials with the depth and loops at which they are included.
    partials: Vec<(String, usize, usize)>,
    /// A value of the subscriber's is used otherwise than by printing it.
    subscriber_in_logic: bool,
    /// What can't be known before rendering, and so is refused.
    refused: Option<&'static str>,
}

impl Findings {
    /// Walks a parsed template; in HTML, printing a subscriber's value unescaped counts as logic.
    pub(super) fn of(template: &Template, html: bool) -> Self {
        let mut findings = Self::default();
        findings.walk(template, html, 0, 0);
        findings
    }

    fn walk(&mut self, template: &Template, html: bool, depth: usize, loops: usize) {
        self.depth = self.depth.max(depth);
        self.loops = self.loops.max(loops);
        let mut before = "";
        for element in &template.elements {
            match element {
                TemplateElement::RawString(text) => before = text,
                TemplateElement::Comment(_) => {}
                TemplateElement::Expression(tag) => {
                    self.expression(tag, html && begins_reference(before))
                }
                TemplateElement::HtmlExpression(tag) => self.expression(tag, html),
                TemplateElement::HelperBlock(tag) => {
                    self.expression(tag, true);
                    let inner = loops + usize::from(tag.name.as_name() == Some("each"));
                    for part in [&tag.template, &tag.inverse].into_iter().flatten() {
                        self.walk(part, html, depth + 1, inner);
                    }
                }
                TemplateElement::PartialExpression(tag) | TemplateElement::PartialBlock(tag) => {
                    self.partial(tag, html, depth, loops);
                }
                TemplateElement::DecoratorExpression(_) | TemplateElement::DecoratorBlock(_) => {
                    self.refused = Some(
                        "decorators and inline partials are not supported; use a file for each partial",
                    );
                }
                _ => self.refused = Some("it holds a kind of tag that is not supported"),
            }
        }
    }

    fn partial(&mut self, tag: &DecoratorTemplate, html: bool, depth: usize, loops: usize) {
        match &tag.name {
            Parameter::Subexpression(_) => {
                self.refused = Some("the name of a partial is computed; write the name itself");
            }
            name => {
                let name = name.as_name().unwrap_or_default();
                if name != "@partial-block" {
                    self.partials.push((name.to_owned(), depth + 1, loops));
                }
            }
        }
        tag.params.iter().chain(tag.hash.values()).for_each(|p| self.argument(p));
        if let Some(block) = &tag.template {
            self.walk(block, html, depth + 1, loops);
        }
    }

    /// A tag: one that only prints a path is no logic, unless `strict`.
    fn expression(&mut self, tag: &HelperTemplate, strict: bool) {
        let prints = !strict && tag.params.is_empty() && tag.hash.is_empty();
        match &tag.name {
            Parameter::Subexpression(_) => self.argument(&tag.name),
            name => {
                let mention = Mention::of(name.as_name().unwrap_or_default());
                self.subscriber_in_logic |= match mention {
                    Mention::Value => !prints,
                    Mention::Whole => true,
                    Mention::Context | Mention::Nothing => false,
                };
            }
        }
        tag.params.iter().chain(tag.hash.values()).for_each(|p| self.argument(p));
    }

    fn argument(&mut self, parameter: &Parameter) {
        match parameter {
            Parameter::Literal(_) => {}
            Parameter::Subexpression(inner) => {
                if let TemplateElement::Expression(tag) = inner.as_element() {
                    self.expression(tag, true);
                }
            }
            path => {
                let mention = Mention::of(path.as_name().unwrap_or_default());
                self.subscriber_in_logic |= mention != Mention::Nothing;
            }
        }
    }
}

/// Whether the end of this text would become a character reference, did the right letters follow it.
fn begins_reference(text: &str) -> bool {
    text.trim_end_matches(|c: char| c.is_ascii_alphanumeric() || c == '#').ends_with('&')
}

/// What a path says about the subscriber.
#[derive(Debug, PartialEq, Eq)]
enum Mention {
    /// `subscriber.x`.
    Value,
    /// `subscriber` itself, or something deeper in it.
    Whole,
    /// `this`, `..` or `@root`, which may hold the subscriber.
    Context,
    /// Something else.
    Nothing,
}

impl Mention {
    fn of(path: &str) -> Self {
        let segments: Vec<&str> = path
            .split(['.', '/', '[', ']'])
            .filter(|segment| !matches!(*segment, "" | "this" | "@root"))
            .collect();
        match segments.as_slice() {
            [] => Self::Context,
            ["subscriber", _] => Self::Value,
            segments if segments.contains(&"subscriber") => Self::Whole,
            _ => Self::Nothing,
        }
    }
}

/// The size of a template with its partials.
#[derive(Debug, Clone, Copy)]
struct Measure {
    depth: usize,
    loops: usize,
    inclusions: usize,
}

impl Measure {
    fn refuse_excess(self) -> Result<(), String> {
        if self.depth > MAX_DEPTH {
            return Err(format!(
                "with its partials it nests more than {MAX_DEPTH} levels; nest less"
            ));
        }
        if self.loops > MAX_LOOPS {
            return Err(format!(
                "`each` stands more than {MAX_LOOPS} levels inside `each`; nest less"
            ));
        }
        if self.inclusions > MAX_INCLUSIONS {
            return Err(format!(
                "it includes more than {MAX_INCLUSIONS} partials, counted through; include less"
            ));
        }
        Ok(())
    }
}

/// Looks at one registry's templates together.
pub(super) struct Graph<'a>(pub(super) &'a BTreeMap<String, Findings>);

impl Graph<'_> {
    /// What forbids using the template `name`, as one clause.
    pub(super) fn objection(&self, name: &str) -> Option<String> {
        self.measure(name, &mut Vec::new(), &mut BTreeMap::new()).err()
    }

    /// Measures a template with all that it includes.
    fn measure(
        &self,
        name: &str,
        path: &mut Vec<String>,
        known: &mut BTreeMap<String, Measure>,
    ) -> Result<Measure, String> {
        if let Some(measure) = known.get(name) {
            return Ok(*measure);
        }
        let Some(findings) = self.0.get(name) else {
            let names: Vec<&str> = self.0.keys().map(String::as_str).collect();
            return Err(format!(
                "there is no partial `{name}`; those that can be included here are {}",
                names.join(", ")
            ));
        };
        if let Some(refused) = findings.refused {
            return Err(refused.into());
        }
        if path.iter().any(|seen| seen == name) {
            return Err(format!(
                "{} → {name} include each other in a circle; break it",
                path.join(" → ")
            ));
        }
        path.push(name.into());
        if path.len() > MAX_DEPTH {
            return Err(format!(
                "partials are included more than {MAX_DEPTH} levels deep; nest less"
            ));
        }
        let mut total = Measure { depth: findings.depth, loops: findings.loops, inclusions: 1 };
        for (partial, depth, loops) in &findings.partials {
            let inner = self.measure(partial, path, known)?;
            total.depth = total.depth.max(depth + inner.depth);
            total.loops = total.loops.max(loops + inner.loops);
            total.inclusions = total.inclusions.saturating_add(inner.inclusions);
        }
        path.pop();
        total.refuse_excess()?;
        known.insert(name.into(), total);
        Ok(total)
    }

    /// Whether the template, or what it includes, does more with a subscriber's values than print them escaped.
    pub(super) fn subscriber_in_logic(&self, name: &str) -> bool {
        let mut seen = BTreeSet::new();
        let mut waiting = vec![name];
        while let Some(name) = waiting.pop() {
            let Some(findings) = self.0.get(name).filter(|_| seen.insert(name)) else { continue };
            if findings.subscriber_in_logic {
                return true;
            }
            waiting.extend(findings.partials.iter().map(|(partial, ..)| partial.as_str()));
        }
        false
    }
}
