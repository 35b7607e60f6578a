//! What a template can ask for besides its variables: `t`, `list`, `wrap`, `stylesheet`.

use std::sync::Arc;

use fluent_bundle::{FluentArgs, FluentValue};
use handlebars::{
    Context, Handlebars, Helper, HelperDef, RenderContext, RenderError, RenderErrorReason,
    ScopedJson,
};
use serde_json::Value;

use super::speech::{FALLBACK, Speech};
use super::wrap::{COLUMNS, wrap};

/// The names of all that stands between `{{` and `}}` besides variables, for a sentence.
pub(super) const KNOWN: &str = "t, list, wrap, stylesheet, if, unless, each, with, lookup, len, eq, ne, gt, gte, lt, lte, and, or, not, raw";

/// Makes our words known to a registry, and those unknown that do harm (`log` writes into our log).
pub(super) fn teach(registry: &mut Handlebars<'static>, speech: &Arc<Speech>, stylesheet: &str) {
    registry.unregister_helper("log");
    registry.register_helper("t", Box::new(Say(Arc::clone(speech))));
    registry.register_helper("list", Box::new(List(Arc::clone(speech))));
    registry.register_helper("wrap", Box::new(Wrap));
    registry.register_helper("stylesheet", Box::new(Constant(stylesheet.to_owned())));
}

fn language(context: &Context) -> &str {
    context.data().get("language").and_then(Value::as_str).unwrap_or(FALLBACK)
}

fn refuse(what: String) -> RenderError {
    RenderErrorReason::Other(what).into()
}

fn text_of(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned)
}

/// `{{t "key" name=value}}`: a text in the context's language.
struct Say(Arc<Speech>);

impl HelperDef for Say {
    fn call_inner<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        _: &'reg Handlebars<'reg>,
        context: &'rc Context,
        _: &mut RenderContext<'reg, 'rc>,
    ) -> Result<ScopedJson<'rc>, RenderError> {
        let Some(key) = helper.param(0).and_then(|p| p.value().as_str()) else {
            return Err(refuse(
                "`t` needs the name of a text, as in {{t \"digest-read-more\"}}".into(),
            ));
        };
        let mut args = FluentArgs::new();
        for (name, value) in helper.hash() {
            if value.is_value_missing() {
                let path = value.relative_path().cloned();
                return Err(RenderErrorReason::MissingVariable(path).into());
            }
            match value.value() {
                Value::Number(n) => {
                    args.set(*name, FluentValue::from(n.as_f64().unwrap_or_default()))
                }
                other => args.set(*name, text_of(other)),
            }
        }
        let language = language(context);
        let Some(text) = self.0.text(language, key, &args) else {
            return Err(refuse(if self.0.has(language, key) {
                format!(
                    "the text `{key}` needs a value that is not given; see its {{ $… }} in i18n/{FALLBACK}.ftl"
                )
            } else {
                format!("there is no text `{key}`; add it to i18n/{FALLBACK}.ftl")
            }));
        };
        Ok(ScopedJson::Derived(Value::String(text)))
    }
}

/// `{{list names}}`: texts with the separator of the language between them.
struct List(Arc<Speech>);

impl HelperDef for List {
    fn call_inner<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        _: &'reg Handlebars<'reg>,
        context: &'rc Context,
        _: &mut RenderContext<'reg, 'rc>,
    ) -> Result<ScopedJson<'rc>, RenderError> {
        let Some(Value::Array(items)) = helper.param(0).map(handlebars::PathAndJson::value) else {
            return Err(refuse("`list` needs several texts, as in {{list authors}}".into()));
        };
        let separator =
            if self.0.spoken(language(context)).starts_with("zh") { "、" } else { ", " };
        let texts: Vec<String> = items.iter().map(text_of).collect();
        Ok(ScopedJson::Derived(Value::String(texts.join(separator))))
    }
}

/// `{{wrap text indent=2}}`: plain text in lines of 72 columns.
struct Wrap;

impl HelperDef for Wrap {
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
        let indent = usize::try_from(indent).unwrap_or(0).min(COLUMNS / 2);
        let text = if text.value().is_null() { String::new() } else { text_of(text.value()) };
        Ok(ScopedJson::Derived(Value::String(wrap(&text, COLUMNS, indent))))
    }
}

/// A word that always says the same.
struct Constant(String);

impl HelperDef for Constant {
    fn call_inner<'reg: 'rc, 'rc>(
        &self,
        _: &Helper<'rc>,
        _: &'reg Handlebars<'reg>,
        _: &'rc Context,
        _: &mut RenderContext<'reg, 'rc>,
    ) -> Result<ScopedJson<'rc>, RenderError> {
        Ok(ScopedJson::Derived(Value::String(self.0.clone())))
    }
}
