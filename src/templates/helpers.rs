//! Handlebars helpers of the templates: `t`, `list`, `number`, `wrap`, `dir`, `asset`.

use std::sync::Arc;

use fluent_bundle::{FluentArgs, FluentValue};
use handlebars::{
    Context, Handlebars, Helper, HelperDef, RenderContext, RenderError, RenderErrorReason,
    ScopedJson,
};
use serde_json::Value;

use super::assets::Assets;
use super::i18n::{Catalog, FALLBACK, group_digits};
use super::wrap::{MAIL_COLUMNS, wrap};
use crate::domain::language::is_right_to_left;

/// Values of texts that are numbers but not counts, whose digits are not grouped.
const IDENTIFIERS: [&str; 3] = ["id", "page", "version"];

/// Names of all helpers and blocks, for error messages.
pub(super) const KNOWN_HELPERS: &str = "t, list, number, wrap, dir, asset, if, unless, each, with, lookup, len, eq, ne, gt, gte, lt, lte, and, or, not, raw";

/// Registers the helpers, and removes the built-in `log`, which would write into the server's log.
pub(super) fn register_helpers(
    registry: &mut Handlebars<'static>,
    catalog: &Arc<Catalog>,
    assets: &Arc<Assets>,
) {
    registry.unregister_helper("log");
    registry.register_helper("t", Box::new(TranslateHelper(Arc::clone(catalog))));
    registry.register_helper("list", Box::new(ListHelper(Arc::clone(catalog))));
    registry.register_helper("wrap", Box::new(WrapHelper));
    registry.register_helper("dir", Box::new(DirectionHelper));
    registry.register_helper("number", Box::new(NumberHelper));
    registry.register_helper("asset", Box::new(AssetHelper(Arc::clone(assets))));
}

/// Returns the language of a context, or the fallback.
fn language(context: &Context) -> &str {
    context.data().get("language").and_then(Value::as_str).unwrap_or(FALLBACK)
}

/// Converts a message to a rendering error.
fn helper_error(message: String) -> RenderError {
    RenderErrorReason::Other(message).into()
}

/// Returns a JSON value as text, strings without quotes.
fn value_text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned)
}

/// Helper `{{t "key" name=value}}`: a text in the context's language.
struct TranslateHelper(Arc<Catalog>);

impl HelperDef for TranslateHelper {
    fn call_inner<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        _: &'reg Handlebars<'reg>,
        context: &'rc Context,
        _: &mut RenderContext<'reg, 'rc>,
    ) -> Result<ScopedJson<'rc>, RenderError> {
        let Some(key) = helper.param(0).and_then(|p| p.value().as_str()) else {
            return Err(helper_error(
                "`t` needs the name of a text, for example {{t \"digest-read-more\"}}".into(),
            ));
        };
        let mut args = FluentArgs::new();
        for (name, value) in helper.hash() {
            if value.is_value_missing() {
                let path = value.relative_path().cloned();
                return Err(RenderErrorReason::MissingVariable(path).into());
            }
            match value.value() {
                Value::Number(n) if !IDENTIFIERS.contains(name) => {
                    args.set(*name, FluentValue::from(n.as_f64().unwrap_or_default()))
                }
                other => args.set(*name, value_text(other)),
            }
        }
        let language = language(context);
        let Some(text) = self.0.text(language, key, &args) else {
            return Err(helper_error(if self.0.has_message(language, key) {
                format!(
                    "the text `{key}` needs a value that is missing; see its {{ $… }} in i18n/{FALLBACK}.ftl"
                )
            } else {
                format!("there is no text `{key}`; add it to i18n/{FALLBACK}.ftl")
            }));
        };
        Ok(ScopedJson::Derived(Value::String(text)))
    }
}

/// Helper `{{list names}}`: texts joined with the separator of the language.
struct ListHelper(Arc<Catalog>);

impl HelperDef for ListHelper {
    fn call_inner<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        _: &'reg Handlebars<'reg>,
        context: &'rc Context,
        _: &mut RenderContext<'reg, 'rc>,
    ) -> Result<ScopedJson<'rc>, RenderError> {
        let Some(Value::Array(items)) = helper.param(0).map(handlebars::PathAndJson::value) else {
            return Err(helper_error(
                "`list` needs a list of texts, for example {{list authors}}".into(),
            ));
        };
        let separator =
            if self.0.catalog_code(language(context)).starts_with("zh") { "、" } else { ", " };
        let texts: Vec<String> = items.iter().map(value_text).collect();
        Ok(ScopedJson::Derived(Value::String(texts.join(separator))))
    }
}

/// Helper `{{wrap text indent=2}}`: plain text in lines of 72 columns.
struct WrapHelper;

impl HelperDef for WrapHelper {
    fn call_inner<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        _: &'reg Handlebars<'reg>,
        _: &'rc Context,
        _: &mut RenderContext<'reg, 'rc>,
    ) -> Result<ScopedJson<'rc>, RenderError> {
        let Some(text) = helper.param(0).filter(|p| !p.is_value_missing()) else {
            let path = helper.param(0).and_then(|p| p.relative_path().cloned());
            return Err(RenderErrorReason::MissingVariable(path).into());
        };
        let indent = helper.hash_get("indent").and_then(|v| v.value().as_u64()).unwrap_or(0);
        let indent = usize::try_from(indent).unwrap_or(0).min(MAIL_COLUMNS / 2);
        let text = if text.value().is_null() { String::new() } else { value_text(text.value()) };
        Ok(ScopedJson::Derived(Value::String(wrap(&text, MAIL_COLUMNS, indent))))
    }
}

/// Helper `{{dir language}}`: `rtl` for a language that is written from right to left, else `ltr`.
struct DirectionHelper;

impl HelperDef for DirectionHelper {
    fn call_inner<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        _: &'reg Handlebars<'reg>,
        _: &'rc Context,
        _: &mut RenderContext<'reg, 'rc>,
    ) -> Result<ScopedJson<'rc>, RenderError> {
        let tag = helper.param(0).and_then(|p| p.value().as_str()).unwrap_or_default();
        let direction = if is_right_to_left(tag) { "rtl" } else { "ltr" };
        Ok(ScopedJson::Derived(Value::String(direction.to_owned())))
    }
}

/// Helper `{{number count}}`: a number with a comma between groups of three digits.
struct NumberHelper;

impl HelperDef for NumberHelper {
    fn call_inner<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        _: &'reg Handlebars<'reg>,
        _: &'rc Context,
        _: &mut RenderContext<'reg, 'rc>,
    ) -> Result<ScopedJson<'rc>, RenderError> {
        let Some(number) = helper.param(0).and_then(|p| p.value().as_i64()) else {
            return Err(helper_error(
                "`number` needs a number, for example {{number count}}".into(),
            ));
        };
        Ok(ScopedJson::Derived(Value::String(group_digits(number))))
    }
}

/// Helper `{{asset "style.css"}}`: the path of a file that pages load.
struct AssetHelper(Arc<Assets>);

impl HelperDef for AssetHelper {
    fn call_inner<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        _: &'reg Handlebars<'reg>,
        _: &'rc Context,
        _: &mut RenderContext<'reg, 'rc>,
    ) -> Result<ScopedJson<'rc>, RenderError> {
        let name = helper.param(0).and_then(|p| p.value().as_str()).unwrap_or_default();
        let Some(path) = self.0.path(name) else {
            return Err(helper_error(format!(
                "there is no file `{name}` for pages, for example {{{{asset \"style.css\"}}}}"
            )));
        };
        Ok(ScopedJson::Derived(Value::String(path)))
    }
}
