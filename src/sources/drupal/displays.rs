//! Fields that a site shows to visitors, in display order, from its view displays and permissions.

use std::collections::{BTreeSet, HashMap};

use crate::sources::php::Value;

/// Beginning of the name of a view display; the entity type, bundle and view mode follow.
const DISPLAY_PREFIX: &str = "core.entity_view_display.";

/// View displays of a site, and the fields that visitors may not view.
#[derive(Debug, Default)]
pub(super) struct Displays {
    /// Enabled displays by name: `ENTITY_TYPE.BUNDLE.VIEW_MODE`.
    known: HashMap<String, Display>,
    /// Restricted fields as `ENTITY_TYPE.FIELD`.
    restricted: BTreeSet<String>,
}

/// The fields of one view display, or its layout.
#[derive(Debug, Default)]
pub(super) struct Display {
    /// Shown fields, in order.
    pub(super) fields: Vec<ShownField>,
    /// Layout that replaces the fields, if Layout Builder is enabled.
    pub(super) layout: Option<Layout>,
}

/// Default layout of Layout Builder.
#[derive(Debug)]
pub(super) struct Layout {
    /// Sections of entities without a layout of their own.
    pub(super) sections: Vec<Value>,
    /// `true` if an entity can have its own layout.
    pub(super) has_overrides: bool,
}

/// A field in a view display.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ShownField {
    pub(super) name: String,
    /// View mode of the entities that the field refers to.
    pub(super) view_mode: String,
}

impl Displays {
    /// Reads the displays and the permissions from the configuration.
    pub(super) fn from_config(config: &[(String, Value)]) -> Self {
        let displays = config.iter().filter_map(|(name, value)| {
            let name = name.strip_prefix(DISPLAY_PREFIX)?;
            (value.get("status").is_none() || value.is_truthy("status"))
                .then(|| (name.to_owned(), Display::new(value)))
        });
        Self { known: displays.collect(), restricted: restricted_fields(config) }
    }

    /// Returns `true` if the site's displays are not readable.
    pub(super) fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// Returns the display of a view mode; the default one if that mode has none.
    pub(super) fn find(&self, entity: &str, bundle: &str, mode: &str) -> Option<&Display> {
        let named = |mode: &str| self.known.get(&format!("{entity}.{bundle}.{mode}"));
        named(mode).or_else(|| named("default"))
    }

    /// Returns `true` if visitors may not view a field.
    pub(super) fn is_restricted(&self, entity: &str, field: &str) -> bool {
        self.restricted.contains(&format!("{entity}.{field}"))
    }
}

impl Display {
    fn new(config: &Value) -> Self {
        let extensions = config.get("third_party_settings");
        let extension = |name: &str| extensions.and_then(|all| all.get(name));
        let groups = extension("field_group").map_or([].as_slice(), Value::entries);
        let shown = config.get("content").map_or([].as_slice(), Value::entries);
        let mut fields: Vec<(Vec<i64>, ShownField)> = shown
            .iter()
            .filter(|(_, settings)| !is_label_formatter(settings.text("type")))
            .map(|(name, settings)| {
                let mode = settings.get("settings").map_or("", |own| own.text("view_mode"));
                let view_mode = if mode.is_empty() { "default" } else { mode }.to_owned();
                let weights = position(name, settings.number("weight"), groups);
                (weights, ShownField { name: name.clone(), view_mode })
            })
            .collect();
        fields.sort_by(|a, b| a.0.cmp(&b.0));
        let layout = extension("layout_builder").filter(|own| own.is_truthy("enabled"));
        Self {
            fields: fields.into_iter().map(|(_, field)| field).collect(),
            layout: layout.map(|own| Layout {
                sections: own
                    .get("sections")
                    .map_or([].as_slice(), Value::entries)
                    .iter()
                    .map(|(_, section)| section.clone())
                    .collect(),
                has_overrides: own.is_truthy("allow_custom"),
            }),
        }
    }
}

/// Returns `true` for formatters that show a name instead of the content.
fn is_label_formatter(formatter: &str) -> bool {
    formatter.ends_with("_label") || formatter.ends_with("_entity_id")
}

/// Returns the weights of the groups around a field, and its own, from outside to inside.
fn position(name: &str, weight: i64, groups: &[(String, Value)]) -> Vec<i64> {
    let mut weights = vec![weight];
    let mut inner = name;
    // Groups in a circle cannot be displayed.
    for _ in 0..groups.len() {
        let contains = |group: &Value| {
            group.get("children").is_some_and(|children| {
                children.entries().iter().any(|(_, child)| *child == Value::Text(inner.to_owned()))
            })
        };
        let Some((outer, group)) = groups.iter().find(|(_, group)| contains(group)) else { break };
        weights.push(group.number("weight"));
        inner = outer;
    }
    weights.reverse();
    weights
}

/// Returns the fields that the module Field Permissions does not show to anonymous visitors.
fn restricted_fields(config: &[(String, Value)]) -> BTreeSet<String> {
    let anonymous = config.iter().find(|(name, _)| name == "user.role.anonymous");
    let permissions = anonymous.and_then(|(_, role)| role.get("permissions"));
    let may_view = |field: &str| {
        let wanted = Value::Text(format!("view {field}"));
        permissions.is_some_and(|all| all.entries().iter().any(|(_, one)| *one == wanted))
    };
    let restricted = |value: &Value| {
        let kind = value
            .get("third_party_settings")
            .and_then(|all| all.get("field_permissions"))
            .map_or("", |own| own.text("permission_type"));
        match kind {
            "" | "public" => false,
            "custom" => !may_view(value.text("field_name")),
            _ => true,
        }
    };
    config
        .iter()
        .filter_map(|(name, value)| Some((name.strip_prefix("field.storage.")?, value)))
        .filter(|(_, value)| restricted(value))
        .map(|(name, _)| name.to_owned())
        .collect()
}
