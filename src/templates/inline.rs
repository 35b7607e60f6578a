//! Style rules become `style` attributes, because mail programs drop style sheets; `@media` rules stay where they are.

use super::engine::on_big_stack;

/// The deepest nesting of elements that is inlined: the inliner recurses into them.
const MAX_ELEMENTS: usize = 1_000;

/// The same HTML with its style rules inlined, and only those left in `<style>` that can't be (`@media`).
///
/// Runs after Handlebars, never on a template: an HTML parser throws loops out of tables.
///
/// # Errors
/// One clause: nested too deep, or not to be parsed.
pub(super) fn inline_css(html: &str) -> anyhow::Result<String> {
    anyhow::ensure!(
        element_depth(html) <= MAX_ELEMENTS,
        "more than {MAX_ELEMENTS} HTML elements stand inside each other; close the ones that are done"
    );
    on_big_stack(|| {
        css_inline::CSSInliner::options()
            .keep_at_rules(true)
            .load_remote_stylesheets(false)
            .build()
            .inline(html)
    })?
    .map_err(|error| {
        anyhow::anyhow!("its styles can't be inlined ({error}); look at the <style> element")
    })
}

/// How deep elements can nest at most, were every start tag without an end tag left open.
fn element_depth(html: &str) -> usize {
    const VOID: [&str; 8] = ["br", "img", "meta", "link", "hr", "input", "col", "wbr"];
    let mut depth = 0_usize;
    let mut deepest = 0;
    for (offset, _) in html.match_indices('<') {
        let rest = &html[offset + 1..];
        if rest.starts_with('/') {
            depth = depth.saturating_sub(1);
        } else if rest.starts_with(|c: char| c.is_ascii_alphabetic()) {
            let name: String =
                rest.chars().take_while(char::is_ascii_alphanumeric).take(12).collect();
            if !VOID.contains(&name.to_ascii_lowercase().as_str()) {
                depth += 1;
                deepest = deepest.max(depth);
            }
        }
    }
    deepest
}
