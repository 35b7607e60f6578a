//! Formulas in MathML, written with letters, subscripts and superscripts: mail clients and many feed
//! readers do not show MathML.

use html_escape::{decode_html_entities, encode_double_quoted_attribute};

use super::elements::{Tag, attribute, tags};

/// Maximum nesting depth of a formula; deeper parts are written without their structure.
const MAX_DEPTH: usize = 60;

/// Operators whose limits are written as subscript and superscript.
const OPERATORS_WITH_LIMITS: [&str; 13] =
    ["∑", "∏", "∐", "∫", "⋃", "⋂", "lim", "max", "min", "sup", "inf", "→", "⇌"];

/// An element of a formula, or text.
#[derive(Debug, Default)]
struct Node {
    /// Name of the element; empty for text.
    name: String,
    /// Start tag as written, or the text itself.
    written: String,
    children: Vec<Node>,
}

/// Returns a `math` element as HTML: its letters, else the alternative text or source that it
/// contains; empty if there is none.
pub(super) fn to_html(math: &str) -> String {
    let root = parse(math);
    let source = || encode_double_quoted_attribute(&alternative(&root)).into_owned();
    // A table of terms has no form on one line.
    if contains(&root, "mtable") {
        let source = source();
        if !source.is_empty() {
            return source;
        }
    }
    let html = html(&root);
    if html.trim().is_empty() { source() } else { html.trim().to_owned() }
}

/// Returns the text of a formula in TeX, without the commands that surround all of it.
pub(super) fn tex(source: &str) -> String {
    let source = source.trim();
    let inner =
        source.strip_prefix("{\\displaystyle").or_else(|| source.strip_prefix("{\\textstyle"));
    let inner = inner.and_then(|inner| inner.strip_suffix('}')).unwrap_or(source);
    inner.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn parse(math: &str) -> Node {
    let mut open = vec![Node::default()];
    let mut at = 0;
    let add = |open: &mut Vec<Node>, node: Node| {
        if let Some(parent) = open.last_mut() {
            parent.children.push(node);
        }
    };
    for Tag { name, is_end, is_empty, start, end, .. } in tags(math) {
        if start > at {
            let written = math[at..start].to_owned();
            add(&mut open, Node { written, ..Node::default() });
        }
        at = end;
        if !is_end {
            let written = math[start..end].to_owned();
            let node = Node { name, written, children: Vec::new() };
            if is_empty || open.len() > MAX_DEPTH { add(&mut open, node) } else { open.push(node) }
        } else if let Some(depth) = open.iter().rposition(|node| node.name == name) {
            while open.len() > depth.max(1)
                && let Some(closed) = open.pop()
            {
                add(&mut open, closed);
            }
        }
    }
    if at < math.len() {
        add(&mut open, Node { written: math[at..].to_owned(), ..Node::default() });
    }
    while open.len() > 1
        && let Some(closed) = open.pop()
    {
        add(&mut open, closed);
    }
    open.pop().unwrap_or_default()
}

fn contains(node: &Node, name: &str) -> bool {
    node.name == name || node.children.iter().any(|child| contains(child, name))
}

/// Returns the alternative text of a formula, else its source in TeX.
fn alternative(node: &Node) -> String {
    let own = match node.name.as_str() {
        "math" => attribute(&node.written, "alttext").map(|text| tex(&text)),
        "annotation" => attribute(&node.written, "encoding")
            .filter(|encoding| encoding.to_ascii_lowercase().contains("tex"))
            .map(|_| tex(&plain_text(node))),
        _ => None,
    };
    own.filter(|text| !text.is_empty())
        .or_else(|| node.children.iter().map(alternative).find(|text| !text.is_empty()))
        .unwrap_or_default()
}

/// Returns the decoded text of a node and its descendants.
fn plain_text(node: &Node) -> String {
    if node.name.is_empty() && node.children.is_empty() {
        return decode_html_entities(&node.written).into_owned();
    }
    node.children.iter().map(plain_text).collect()
}

/// Returns the arguments of an element: its child elements.
fn arguments(node: &Node) -> Vec<&Node> {
    node.children.iter().filter(|child| !child.name.is_empty()).collect()
}

/// Returns a node as HTML.
fn html(node: &Node) -> String {
    let all = |node: &Node| -> String { node.children.iter().map(html).collect() };
    let arguments = arguments(node);
    let argument = |at: usize| arguments.get(at).map(|node| html(node)).unwrap_or_default();
    match node.name.as_str() {
        "" if node.children.is_empty() => letters(&node.written),
        "annotation" | "annotation-xml" | "mphantom" | "none" | "mprescripts" => String::new(),
        "semantics" | "maction" => argument(0),
        "mspace" => " ".to_owned(),
        "mglyph" | "img" => letters(&attribute(&node.written, "alt").unwrap_or_default()),
        "msub" | "munder" => format!("{}{}", argument(0), script("sub", &argument(1))),
        "msup" => format!("{}{}", argument(0), script("sup", &argument(1))),
        "mover" if is_accent(&argument(0), &argument(1)) => argument(0) + &argument(1),
        "mover" => format!("{}{}", argument(0), script("sup", &argument(1))),
        "msubsup" | "munderover" => {
            format!("{}{}{}", argument(0), script("sub", &argument(1)), script("sup", &argument(2)))
        }
        "mmultiscripts" => multiscripts(&arguments),
        "mfrac" => format!("{}/{}", grouped(&argument(0)), grouped(&argument(1))),
        "msqrt" => format!("√{}", grouped(&all(node))),
        "mroot" => format!("{}√{}", script("sup", &argument(1)), grouped(&argument(0))),
        "mfenced" => fenced(node, &arguments),
        "mtr" | "mlabeledtr" => joined(&arguments, ", "),
        "mtable" => joined(&arguments, "; "),
        _ => all(node),
    }
}

/// Returns text without line breaks and invisible operators, escaped.
fn letters(text: &str) -> String {
    let decoded = decode_html_entities(text);
    let visible: String =
        decoded.chars().filter(|c| !('\u{2061}'..='\u{2064}').contains(c)).collect();
    let collapsed = visible.split([' ', '\n', '\t', '\r']).filter(|word| !word.is_empty());
    encode_double_quoted_attribute(&collapsed.collect::<Vec<_>>().join(" ")).into_owned()
}

fn script(element: &str, html: &str) -> String {
    if html.is_empty() { String::new() } else { format!("<{element}>{html}</{element}>") }
}

/// Returns `true` if what is above a letter is a mark, such as a bar or an arrow of a vector.
fn is_accent(base: &str, above: &str) -> bool {
    above.chars().count() == 1
        && !above.chars().all(char::is_alphanumeric)
        && !OPERATORS_WITH_LIMITS.contains(&base)
}

/// Returns a part of a fraction or root in parentheses, unless it is one number or name.
fn grouped(html: &str) -> String {
    let is_one = html.chars().all(|c| c.is_alphanumeric() || c == '.')
        && (html.chars().count() == 1 || html.chars().all(|c| c.is_ascii_digit() || c == '.'));
    let is_fenced = html.starts_with('(') && html.find(')') == Some(html.len() - 1);
    if is_one || is_fenced { html.to_owned() } else { format!("({html})") }
}

/// Returns a letter with scripts on both sides, as in isotopes.
fn multiscripts(arguments: &[&Node]) -> String {
    let mut before = String::new();
    let mut after = String::new();
    let mut is_before = false;
    let mut is_sub = true;
    for node in arguments.iter().skip(1) {
        if node.name == "mprescripts" {
            (is_before, is_sub) = (true, true);
            continue;
        }
        let element = if is_sub { "sub" } else { "sup" };
        let written = script(element, &html(node));
        if is_before {
            before.push_str(&written)
        } else {
            after.push_str(&written)
        }
        is_sub = !is_sub;
    }
    let base = arguments.first().map(|node| html(node)).unwrap_or_default();
    before + &base + &after
}

fn fenced(node: &Node, arguments: &[&Node]) -> String {
    let mark = |name: &str, usual: &str| {
        letters(&attribute(&node.written, name).unwrap_or_else(|| usual.to_owned()))
    };
    let separator = mark("separators", ",").chars().next().map(String::from).unwrap_or_default();
    let inside = joined(arguments, &format!("{separator} "));
    format!("{}{inside}{}", mark("open", "("), mark("close", ")"))
}

fn joined(nodes: &[&Node], separator: &str) -> String {
    nodes.iter().map(|node| html(node)).collect::<Vec<_>>().join(separator)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_keep_their_letters_and_structure() {
        for (math, expected) in [
            ("<mi>v</mi><mo>=</mo><mfrac><mi>s</mi><mi>t</mi></mfrac>", "v=s/t"),
            ("<mfrac><mrow><mi>a</mi><mo>+</mo><mn>1</mn></mrow><mn>12</mn></mfrac>", "(a+1)/12"),
            ("<msub><mi>CO</mi><mn>2</mn></msub>", "CO<sub>2</sub>"),
            (
                "<msubsup><mi>SO</mi><mn>4</mn><mrow><mn>2</mn><mo>&minus;</mo></mrow></msubsup>",
                "SO<sub>4</sub><sup>2−</sup>",
            ),
            (
                "<mmultiscripts><mi>C</mi><none/><none/><mprescripts/><mn>6</mn><mn>14</mn></mmultiscripts>",
                "<sub>6</sub><sup>14</sup>C",
            ),
            (
                "<msqrt><mi>x</mi></msqrt><mroot><mrow><mi>x</mi><mi>y</mi></mrow><mn>3</mn></mroot>",
                "√x<sup>3</sup>√(xy)",
            ),
            ("<mfenced><mi>a</mi><mi>b</mi></mfenced>", "(a, b)"),
            (
                "<mover><mi>v</mi><mo>⃗</mo></mover><mi>f</mi><mo>&ApplyFunction;</mo><mi>x</mi>",
                "v⃗fx",
            ),
            ("<mi>a</mi><mo>&lt;</mo><mtext>half of it</mtext>", "a&lt;half of it"),
            (
                "<semantics><mi>E</mi><annotation encoding=\"application/x-tex\">E</annotation></semantics>",
                "E",
            ),
        ] {
            assert_eq!(to_html(&format!("<math>{math}</math>")), expected, "{math}");
            assert_eq!(to_html(&format!("<m:math>{math}</m:math>")), expected, "{math}");
        }
    }

    #[test]
    fn a_formula_without_letters_leaves_its_alternative_text() {
        for (math, expected) in [
            ("<math alttext=\"{\\displaystyle a < b}\"></math>", "a &lt; b"),
            (
                "<math><semantics><mrow></mrow><annotation encoding=\"application/x-tex\">x^2</annotation></semantics></math>",
                "x^2",
            ),
            (
                "<math alttext=\"2x2\"><mtable><mtr><mtd><mn>1</mn></mtd></mtr></mtable></math>",
                "2x2",
            ),
            (
                "<math><mtable><mtr><mtd>1</mtd><mtd>2</mtd></mtr><mtr><mtd>3</mtd></mtr></mtable></math>",
                "1, 2; 3",
            ),
            ("<math></math>", ""),
        ] {
            assert_eq!(to_html(math), expected, "{math}");
        }
    }

    #[test]
    fn deep_formulas_keep_their_letters() {
        let deep = format!("<math>{}x{}</math>", "<mrow>".repeat(5_000), "</mrow>".repeat(5_000));
        assert_eq!(to_html(&deep), "x");
    }
}
