//! Limits on templates (size, nesting, loops, circular partials), and detection of subscriber
//! values in template logic.

use std::collections::{BTreeMap, BTreeSet};

use handlebars::Template;
use handlebars::template::{DecoratorTemplate, HelperTemplate, Parameter, TemplateElement};

use super::files::{MAIL_PREFIX, PAGE_PREFIX};

/// Maximum length of a template source, in bytes.
pub(super) const MAX_SOURCE_BYTES: usize = 100 * 1024;
/// Maximum nesting depth of blocks, partials included; deeper ones could overflow the stack.
pub(super) const MAX_DEPTH: usize = 50;
/// Maximum nesting depth of `each`, partials included; each level multiplies the work.
const MAX_LOOP_DEPTH: usize = 3;

/// Maximum number of partials included by a template, directly and indirectly; it stops chains in
/// which each partial includes the next one twice.
const MAX_INCLUSIONS: usize = 1_000;

/// Violation of a limit, with its location.
#[derive(Debug)]
pub(super) struct Violation {
    /// Line number, from 1.
    pub(super) line: usize,
    /// Column number in characters, from 1.
    pub(super) column: usize,
    /// Problem and remedy as one clause without a full stop.
    pub(super) message: String,
}

/// Checks a source before it is parsed, because even dropping the parsed form of an extremely
/// nested template would overflow the stack.
///
/// # Errors
/// The first violation of a limit.
pub(super) fn check_source(source: &str) -> Result<(), Violation> {
    let violation = |offset: usize, message: String| {
        let before = &source[..offset];
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().map_or(0, |l| l.chars().count()) + 1;
        Violation { line, column, message }
    };
    if source.len() > MAX_SOURCE_BYTES {
        return Err(violation(
            0,
            format!("the template is longer than {} KiB; shorten it", MAX_SOURCE_BYTES / 1024),
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
        if open.iter().sum::<usize>() > MAX_DEPTH || bracket_depth(inner) > MAX_DEPTH {
            return Err(violation(
                start,
                format!("nested more than {MAX_DEPTH} levels deep; reduce the nesting"),
            ));
        }
    }
    Ok(())
}

/// Returns the tag that starts at `start`, with its braces; the rest of the source if it is not
/// closed.
fn tag_at(source: &str, start: usize) -> &str {
    let rest = &source[start..];
    let end = if rest.starts_with("{{!--") || rest.starts_with("{{~!--") { "--" } else { "}}" };
    rest.find(end).map_or(rest, |found| &rest[..found + end.len()])
}

/// Returns the maximum nesting depth of brackets in a tag.
fn bracket_depth(tag: &str) -> usize {
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

/// Analysis of a parsed template: nesting, partials and use of subscriber values.
#[derive(Debug, Default)]
pub(super) struct Analysis {
    /// Maximum nesting depth of blocks.
    depth: usize,
    /// Maximum nesting depth of `each`.
    loop_depth: usize,
    /// Names of partials, with the block and loop depth at which they are included.
    partials: Vec<(String, usize, usize)>,
    /// `true` if a subscriber value is used in more than plain output.
    subscriber_in_logic: bool,
    /// Problem and remedy if the template uses a feature that is not supported.
    unsupported: Option<&'static str>,
}

impl Analysis {
    /// Analyses a parsed template; in HTML, unescaped output of a subscriber value counts as logic.
    pub(super) fn new(template: &Template, html: bool) -> Self {
        let mut analysis = Self::default();
        analysis.walk(template, html, 0, 0);
        analysis
    }

    /// Analyses the elements of a template at this block and loop depth.
    fn walk(&mut self, template: &Template, html: bool, depth: usize, loop_depth: usize) {
        self.depth = self.depth.max(depth);
        self.loop_depth = self.loop_depth.max(loop_depth);
        let mut preceding = "";
        for element in &template.elements {
            match element {
                TemplateElement::RawString(text) => preceding = text,
                TemplateElement::Comment(_) => {}
                TemplateElement::Expression(tag) => {
                    self.expression(tag, html && ends_with_open_reference(preceding))
                }
                TemplateElement::HtmlExpression(tag) => self.expression(tag, html),
                TemplateElement::HelperBlock(tag) => {
                    self.expression(tag, true);
                    let inner = loop_depth + usize::from(tag.name.as_name() == Some("each"));
                    for part in [&tag.template, &tag.inverse].into_iter().flatten() {
                        self.walk(part, html, depth + 1, inner);
                    }
                }
                TemplateElement::PartialExpression(tag) | TemplateElement::PartialBlock(tag) => {
                    self.partial(tag, html, depth, loop_depth);
                }
                TemplateElement::DecoratorExpression(_) | TemplateElement::DecoratorBlock(_) => {
                    self.unsupported = Some(
                        "decorators and inline partials are not supported; use a file for each partial",
                    );
                }
                _ => self.unsupported = Some("it contains a kind of tag that is not supported"),
            }
        }
    }

    /// Analyses the inclusion of a partial.
    fn partial(&mut self, tag: &DecoratorTemplate, html: bool, depth: usize, loop_depth: usize) {
        match &tag.name {
            Parameter::Subexpression(_) => {
                self.unsupported = Some("the name of a partial is computed; write the name itself");
            }
            name => {
                let name = name.as_name().unwrap_or_default();
                if name != "@partial-block" {
                    self.partials.push((name.to_owned(), depth + 1, loop_depth));
                }
            }
        }
        tag.params.iter().chain(tag.hash.values()).for_each(|p| self.argument(p));
        if let Some(block) = &tag.template {
            self.walk(block, html, depth + 1, loop_depth);
        }
    }

    /// Analyses a tag; plain output of a path is not logic, unless `strict`.
    fn expression(&mut self, tag: &HelperTemplate, strict: bool) {
        let is_output = !strict && tag.params.is_empty() && tag.hash.is_empty();
        match &tag.name {
            Parameter::Subexpression(_) => self.argument(&tag.name),
            name => {
                let reference = SubscriberReference::parse(name.as_name().unwrap_or_default());
                self.subscriber_in_logic |= match reference {
                    SubscriberReference::Field => !is_output,
                    SubscriberReference::Object => true,
                    SubscriberReference::Ambiguous | SubscriberReference::None => false,
                };
            }
        }
        tag.params.iter().chain(tag.hash.values()).for_each(|p| self.argument(p));
    }

    /// Analyses an argument of a helper; every reference to a subscriber value in one is logic.
    fn argument(&mut self, parameter: &Parameter) {
        match parameter {
            Parameter::Literal(_) => {}
            Parameter::Subexpression(inner) => {
                if let TemplateElement::Expression(tag) = inner.as_element() {
                    self.expression(tag, true);
                }
            }
            path => {
                let reference = SubscriberReference::parse(path.as_name().unwrap_or_default());
                self.subscriber_in_logic |= reference != SubscriberReference::None;
            }
        }
    }
}

/// Returns `true` if the text ends with the start of a character reference, such as `&` or `&#x`.
fn ends_with_open_reference(text: &str) -> bool {
    text.trim_end_matches(|c: char| c.is_ascii_alphanumeric() || c == '#').ends_with('&')
}

/// Relation of a template path to the subscriber.
#[derive(Debug, PartialEq, Eq)]
enum SubscriberReference {
    /// A subscriber value: `subscriber.x`.
    Field,
    /// The object `subscriber`, or a path deeper than its values.
    Object,
    /// `this`, `..` or `@root`, which may contain the subscriber.
    Ambiguous,
    /// A path without relation to the subscriber.
    None,
}

impl SubscriberReference {
    fn parse(path: &str) -> Self {
        let segments: Vec<&str> = path
            .split(['.', '/', '[', ']'])
            .filter(|segment| !matches!(*segment, "" | "this" | "@root"))
            .collect();
        match segments.as_slice() {
            [] => Self::Ambiguous,
            // Only rendering for each recipient inserts these.
            ["subscriber", "tags" | "attributes"] => Self::Object,
            ["subscriber", _] => Self::Field,
            segments if segments.contains(&"subscriber") => Self::Object,
            _ => Self::None,
        }
    }
}

/// Nesting and number of inclusions of a template with its partials.
#[derive(Debug, Clone, Copy)]
struct Cost {
    depth: usize,
    loop_depth: usize,
    inclusions: usize,
}

impl Cost {
    /// Fails if a limit is exceeded; the error is one clause.
    fn check_limits(self) -> Result<(), String> {
        if self.depth > MAX_DEPTH {
            return Err(format!(
                "it is nested more than {MAX_DEPTH} levels deep, partials included; reduce the nesting"
            ));
        }
        if self.loop_depth > MAX_LOOP_DEPTH {
            return Err(format!(
                "`each` is nested more than {MAX_LOOP_DEPTH} levels deep; reduce the nesting"
            ));
        }
        if self.inclusions > MAX_INCLUSIONS {
            return Err(format!(
                "it includes more than {MAX_INCLUSIONS} partials, directly and indirectly; include fewer"
            ));
        }
        Ok(())
    }
}

/// Analyses of all templates of one registry, connected by their partials.
pub(super) struct TemplateGraph<'a>(pub(super) &'a BTreeMap<String, Analysis>);

impl TemplateGraph<'_> {
    /// Returns the violation of the template `name` with its partials, as one clause.
    pub(super) fn violation(&self, name: &str) -> Option<String> {
        self.cost(name, &mut Vec::new(), &mut BTreeMap::new()).err()
    }

    /// Returns the violation of an e-mail template that includes a partial of the pages, as one
    /// clause. Editions are stored with the templates of e-mails only.
    pub(super) fn page_partial_in_mail(&self, name: &str) -> Option<String> {
        let analysis = self.0.get(name).filter(|_| name.starts_with(MAIL_PREFIX))?;
        let (partial, ..) =
            analysis.partials.iter().find(|(partial, ..)| partial.starts_with(PAGE_PREFIX))?;
        Some(format!(
            "the partial `{partial}` belongs to the pages; include only partials below {MAIL_PREFIX}"
        ))
    }

    /// Computes the cost of a template with its partials; `path` leads to it, `known` caches
    /// results.
    fn cost(
        &self,
        name: &str,
        path: &mut Vec<String>,
        known: &mut BTreeMap<String, Cost>,
    ) -> Result<Cost, String> {
        if let Some(cost) = known.get(name) {
            return Ok(*cost);
        }
        let Some(analysis) = self.0.get(name) else {
            let names: Vec<&str> = self.0.keys().map(String::as_str).collect();
            return Err(format!(
                "unknown partial `{name}`; available here are {}",
                names.join(", ")
            ));
        };
        if let Some(unsupported) = analysis.unsupported {
            return Err(unsupported.into());
        }
        if path.iter().any(|seen| seen == name) {
            return Err(format!(
                "{} → {name}: circular partials; remove one of the inclusions",
                path.join(" → ")
            ));
        }
        path.push(name.into());
        if path.len() > MAX_DEPTH {
            return Err(format!(
                "partials are nested more than {MAX_DEPTH} levels deep; reduce the nesting"
            ));
        }
        let mut total =
            Cost { depth: analysis.depth, loop_depth: analysis.loop_depth, inclusions: 1 };
        for (partial, depth, loop_depth) in &analysis.partials {
            let inner = self.cost(partial, path, known)?;
            total.depth = total.depth.max(depth + inner.depth);
            total.loop_depth = total.loop_depth.max(loop_depth + inner.loop_depth);
            total.inclusions = total.inclusions.saturating_add(inner.inclusions);
        }
        path.pop();
        total.check_limits()?;
        known.insert(name.into(), total);
        Ok(total)
    }

    /// Returns `true` if the template, or a partial in it, uses subscriber values in more than
    /// escaped output.
    pub(super) fn subscriber_in_logic(&self, name: &str) -> bool {
        let mut seen = BTreeSet::new();
        let mut pending = vec![name];
        while let Some(name) = pending.pop() {
            let Some(analysis) = self.0.get(name).filter(|_| seen.insert(name)) else { continue };
            if analysis.subscriber_in_logic {
                return true;
            }
            pending.extend(analysis.partials.iter().map(|(partial, ..)| partial.as_str()));
        }
        false
    }
}
