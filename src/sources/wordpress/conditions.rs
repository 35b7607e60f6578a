//! Conditions under which plugins, page builders and WordPress show a block or an element of a
//! layout.

use serde_json::Value as Json;

use super::render::shortcodes;

/// Effect of a condition on what visitors see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Condition {
    /// Visitors do not see the element.
    HidesFromVisitors,
    /// Depends on what only the site knows, such as the time or the visitor.
    Unknown,
}

/// Parts of the names of attributes with which plugins decide whether an element is shown, in lower
/// case.
const CONDITION_NAMES: [&str; 11] = [
    "condition",
    "logic",
    "restrict",
    "loggedin",
    "loggedout",
    "logged_in",
    "logged_out",
    "userrole",
    "user_role",
    "blockcontrols",
    "visibilityrules",
];

/// Prefix of attributes whose effect is known; most of them depend on the kind of screen only.
const SPECTRA: &str = "UAG";

/// Keys that switch a condition on or off.
const SWITCHES: [&str; 2] = ["enable", "enabled"];

/// Audiences of a block restricted by Paid Member Subscriptions or Profile Builder that include
/// visitors.
const OPEN_AUDIENCES: [&str; 2] = ["all", "not_logged_in"];

/// Returns the condition that the attributes of a shortcode for layout state.
pub(super) fn of_shortcode(attributes: &str) -> Option<Condition> {
    if !attributes.contains('=') {
        return None;
    }
    let found = shortcodes::attributes(attributes);
    let is = |name: &str, value: &str| found.get(name).is_some_and(|own| own == value);
    if is("disable_element", "yes")
        || is("disabled", "on")
        || is("visibility", "hidden")
        || is("status", "draft")
    {
        return Some(Condition::HidesFromVisitors);
    }
    let is_dated = is("status", "published_until") || is("status", "publish_after");
    let has_condition = found.iter().any(|(name, value)| {
        is_condition_name(name)
            && !matches!(value.trim(), "" | "W10=" | "e30=")
            && is_active_text(value)
    });
    (is_dated || has_condition).then_some(Condition::Unknown)
}

/// Returns the condition that the attributes of a block of any kind state.
pub(super) fn of_block(attributes: &Json) -> Option<Condition> {
    if is_hidden_from_visitors(attributes) {
        return Some(Condition::HidesFromVisitors);
    }
    has_condition(attributes, 0).then_some(Condition::Unknown)
}

/// Returns `true` if a plugin, or WordPress 6.9, hides a block from visitors.
fn is_hidden_from_visitors(attributes: &Json) -> bool {
    let text = |name: &str| attributes.get(name).and_then(Json::as_str);
    let is = |path: &str, expected: bool| {
        attributes.pointer(path).and_then(Json::as_bool) == Some(expected)
    };
    let roles = attributes.get("blockVisibility").map(Json::to_string).unwrap_or_default();
    let for_visitors = ["\"all\"", "\"public\"", "\"logged-out\""];
    let has_closed_audience = |name: &str| {
        attributes.get(name).is_some_and(|settings| {
            let audience = settings.get("display_to").and_then(Json::as_str);
            audience
                .map_or_else(|| is_active(settings), |audience| !OPEN_AUDIENCES.contains(&audience))
        })
    };
    is("/metadata/blockVisibility", false)
        || is("/blockVisibility/hideBlock", true)
        || roles
            .split("\"visibilityByRole\":")
            .skip(1)
            .any(|value| !for_visitors.iter().any(|open| value.starts_with(open)))
        || text("llms_visibility").is_some_and(|value| !matches!(value, "all" | "logged_out"))
        || text("monetizeBlockDisplay") == Some("show-monetized-users")
        || is("/um_is_restrict", true)
        || is("/visibilityBlockEnabled", true) && !is_for_non_members(attributes)
        || is("/contentControls/enabled", true)
        || is("/UAGLoggedOut", true)
        || is("/editorskit/loggedout", false)
        || has_closed_audience("pmsContentRestriction")
        || has_closed_audience("wppbContentRestriction")
}

/// Returns `true` if Paid Memberships Pro shows a restricted block to visitors instead of members.
/// Levels without a segment, as before its version 3.0, are always those that see the block.
fn is_for_non_members(attributes: &Json) -> bool {
    let text = |name: &str| attributes.get(name).and_then(Json::as_str);
    let is_inverted = !matches!(text("invert_restrictions"), None | Some("" | "0"));
    let has_levels =
        attributes.get("levels").and_then(Json::as_array).is_some_and(|levels| !levels.is_empty());
    is_inverted && (matches!(text("segment"), Some("specific" | "logged_in")) || !has_levels)
}

/// Returns `true` if an attribute at any depth is a condition that has a value.
fn has_condition(attributes: &Json, depth: usize) -> bool {
    const MAX_DEPTH: usize = 8;
    let Json::Object(attributes) = attributes else { return false };
    depth < MAX_DEPTH
        && attributes.iter().any(|(name, value)| match name.as_str() {
            name if name.starts_with(SPECTRA) => false,
            // Attributes of Paid Memberships Pro, Paid Member Subscriptions, Profile Builder and
            // EditorsKit whose effect is known.
            "invert_restrictions" | "pmsContentRestriction" | "wppbContentRestriction" => false,
            "editorskit" => value.get("logic").is_some_and(is_active),
            "blockVisibility" => has_visibility_rule(value),
            name if is_condition_name(name) => is_active(value),
            _ => has_condition(value, depth + 1),
        })
}

/// Returns `true` if Block Visibility shows a block under conditions other than the size of the
/// screen and the role of the visitor.
fn has_visibility_rule(settings: &Json) -> bool {
    let sets = settings.get("controlSets").and_then(Json::as_array).into_iter().flatten();
    sets.filter(|set| set.get("enable") != Some(&Json::Bool(false)))
        .filter_map(|set| set.get("controls").and_then(Json::as_object))
        .flatten()
        .any(|(name, control)| {
            !matches!(name.as_str(), "screenSize" | "userRole" | "browserDevice")
                && is_active(control)
        })
}

fn is_condition_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    CONDITION_NAMES.iter().any(|part| name.contains(part))
}

/// Returns `true` if a setting is switched on, or has a value and no switch.
fn is_active(value: &Json) -> bool {
    match value {
        Json::Null => false,
        Json::Bool(is_on) => *is_on,
        Json::Number(number) => number.as_f64() != Some(0.0),
        Json::String(text) => is_active_text(text),
        Json::Array(values) => values.iter().any(is_active),
        Json::Object(settings) => {
            match settings.iter().find(|(name, _)| SWITCHES.contains(&name.as_str())) {
                Some((_, switch)) => is_active(switch),
                None => settings.values().any(is_active),
            }
        }
    }
}

fn is_active_text(text: &str) -> bool {
    let text = text.trim().to_ascii_lowercase();
    !matches!(
        text.as_str(),
        "" | "0" | "no" | "off" | "false" | "none" | "all" | "always" | "default" | "[]" | "{}"
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn blocks_that_a_plugin_hides_from_visitors_are_hidden() {
        for attributes in [
            json!({"metadata": {"blockVisibility": false}}),
            json!({"UAGLoggedOut": true, "UAGDisplayConditions": "userstate"}),
            json!({"editorskit": {"devices": false, "loggedin": true, "loggedout": false}}),
            json!({"pmsContentRestriction": {"display_to": "", "subscription_plans": ["1"]}}),
            json!({"pmsContentRestriction": {"loggedIn": true}}),
            json!({"wppbContentRestriction": {"display_to": "", "user_roles": []}}),
        ] {
            assert_eq!(of_block(&attributes), Some(Condition::HidesFromVisitors), "{attributes}");
        }
    }

    #[test]
    fn conditions_of_known_and_unknown_plugins_are_detected() {
        for attributes in [
            json!({"otterConditions": [[{"type": "loggedInUser"}]]}),
            json!({"conditionalBlocks": {"conditions": [{"type": "userLoggedIn"}]}}),
            json!({"blockLogic": "is_user_logged_in()"}),
            json!({"editorskit": {"logic": "current_user_can('edit_posts')"}}),
            json!({"advgbBlockControls": [{"control": "user_role", "enabled": true}]}),
            json!({"kadenceConditional": {"postData": {"enable": true, "who": "loggedin"}}}),
            json!({"gbBlockCondition": "123"}),
            json!({"contentVisibilityRules": {"userAuthenticated": {"userAuthenticated": "logged-in"}}}),
            json!({"module": {"decoration": {"conditions": {"desktop": {"value": [{"id": "1"}]}}}}}),
            json!({"blockVisibility": {"controlSets": [{"controls": {"dateTime": {"schedules": [{"enable": true}]}}}]}}),
            json!({"our": {"showToLoggedIn": true}}),
        ] {
            assert_eq!(of_block(&attributes), Some(Condition::Unknown), "{attributes}");
        }
    }

    #[test]
    fn attributes_without_a_condition_for_visitors_hide_nothing() {
        for attributes in [
            json!(null),
            json!({"level": 3, "style": {"color": {"text": "red"}}}),
            json!({"otterConditions": [], "kadenceConditional": {"postData": {"enable": false, "who": "x"}}}),
            json!({"advgbBlockControls": [{"control": "schedule", "enabled": false, "roles": ["x"]}]}),
            json!({"UAGResponsiveConditions": true, "UAGHideMob": true, "UAGDisplayConditions": "none"}),
            json!({"UAGLoggedIn": true, "UAGDisplayConditions": "userstate"}),
            json!({"editorskit": {"loggedin": false, "loggedout": true, "logic": ""}}),
            json!({"pmsContentRestriction": {"display_to": "all", "subscription_plans": []}}),
            json!({"metadata": {"blockVisibility": {"viewport": {"mobile": false}}}}),
            json!({"blockVisibility": {"controlSets": [{"controls": {"screenSize": {"hideOnScreenSize": {"small": true}}}}]}}),
        ] {
            assert_eq!(of_block(&attributes), None, "{attributes}");
        }
    }

    #[test]
    fn conditions_of_page_builders_are_detected() {
        for (attributes, expected) in [
            (" disable_element=\"yes\"", Some(Condition::HidesFromVisitors)),
            (" disabled='on'", Some(Condition::HidesFromVisitors)),
            (" status=\"draft\" publish_date=\"\"", Some(Condition::HidesFromVisitors)),
            (" visibility=\"hidden\"", Some(Condition::HidesFromVisitors)),
            (" status=\"published_until\" publish_date=\"2020-01-01\"", Some(Condition::Unknown)),
            (" display_conditions=\"W3siaWQiOjF9XQ==\"", Some(Condition::Unknown)),
            (" render_logics=\"W3siZmllbGQiOiJ1c2VyIn1d\"", Some(Condition::Unknown)),
            (" display_conditions=\"W10=\" logics=\"\" status=\"published\"", None),
            (" visibility=\"hide-for-small\" disabled_on=\"on|off|off\"", None),
            ("", None),
        ] {
            assert_eq!(of_shortcode(attributes), expected, "{attributes}");
        }
    }
}
