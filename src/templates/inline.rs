//! Inlining of CSS rules as `style` attributes, because mail clients ignore style sheets.

use super::render_pool;

/// Maximum nesting depth of elements; the inliner is recursive.
const MAX_ELEMENT_DEPTH: usize = 1_000;

/// Inlines the CSS rules of an HTML document; rules that cannot be inlined (`@media`) stay in
/// `<style>`.
///
/// Runs on rendered HTML, never on a template: an HTML parser moves template loops out of tables.
///
/// # Errors
/// One clause if elements are nested too deeply or the styles cannot be parsed.
pub(super) fn inline_css(html: &str) -> anyhow::Result<String> {
    anyhow::ensure!(
        element_depth(html) <= MAX_ELEMENT_DEPTH,
        "HTML elements are nested more than {MAX_ELEMENT_DEPTH} levels deep; close open elements"
    );
    render_pool::run_blocking(|| {
        css_inline::CSSInliner::options()
            .keep_at_rules(true)
            .minify_css(true)
            .load_remote_stylesheets(false)
            .build()
            .inline(html)
    })?
    .map_err(|error| {
        anyhow::anyhow!("its styles cannot be inlined ({error}); check the <style> element")
    })
}

/// Returns an upper bound of the nesting depth, counting every start tag without an end tag as
/// open.
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
