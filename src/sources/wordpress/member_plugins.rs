//! Plugins that show content to members only: their shortcodes, blocks and metadata, and those of
//! page builders, which hide nothing.

use serde_json::Value as Json;

use super::conditions::{self, Condition};
use super::render::forms;
use crate::sources::php::Value;

/// Part of a post that visitors see although a plugin restricts the post to members.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum VisiblePart {
    /// Title and the excerpt that an editor wrote.
    Excerpt,
    /// Neither title nor text.
    Nothing,
}

/// Handling of the text that a shortcode or block encloses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EnclosedContent {
    /// Visitors see the enclosed text.
    Shown,
    /// Visitors do not see the enclosed text.
    Hidden,
    /// Visitors see neither it nor what follows.
    EndsText,
    /// A condition that is not evaluated decides whether visitors see it.
    Conditional,
    /// No table lists the name.
    Unknown,
}

/// Shortcodes whose content members see: plugin and names.
const MEMBER_SHORTCODES: [(&str, &str); 21] = [
    ("Paid Memberships Pro", "membership"),
    ("Ultimate Member", "um_loggedin um_show_content"),
    ("Restrict Content Pro", "restrict is_paid is_free is_expired user_has_access"),
    ("MemberPress", "mepr-active mepr-show mepr-hide mepr-rule mepr-membership-purchased"),
    ("Members", "members_access members_logged_in access is_user_logged_in"),
    ("WooCommerce Memberships", "wcm_restrict wcm_content_restricted"),
    ("s2Member", "s2If s2Drip"),
    ("Simple Membership", "swpm_protected swpm_paid_content"),
    ("WishList Member", "wlm_private wlm_ismember wlm_nonmember"),
    ("WP-Members", "wpmem_logged_in"),
    ("LifterLMS", "lifterlms_hide_content"),
    ("Paid Member Subscriptions", "pms-restrict"),
    ("ARMember", "arm_restrict_content arm_content arm_if"),
    ("Groups", "groups_member groups_can"),
    ("Memberful", "memberful memberful_if_has_active_subscription"),
    ("Easy Digital Downloads Content Restriction", "edd_restrict"),
    ("Profile Builder", "wppb-restrict"),
    ("Ultimate Membership Pro", "ihc-hide-content"),
    ("WP Private Content Plus", "wppcp_private_content"),
    ("Passster, PPWP", "passster content_protector ppwp ppw_section content_control"),
    (
        "others",
        "private members_only member members loggedin logged_in paywall premium subscribers",
    ),
];

/// Shortcodes whose content only visitors see.
const VISITOR_SHORTCODES: &str = "um_loggedout not_logged_in is_not_paid members_not_logged_in wcm_nonmember wpmem_logged_out \
    groups_non_member groups_can_not memberful_if_does_not_have_active_subscription visitor guests";

/// Shortcodes of layout and decoration, whose content everybody sees.
const LAYOUT_SHORTCODES: &str = "row column columns col one_half one_third two_third one_fourth section container \
    button tab tabs tabgroup accordion toggle dropcap highlight tooltip quote pullquote blockquote box alert center \
    b i u s url img color size list li code sourcecode latex footnote ref lead icon heading title divider";

/// Prefixes of the shortcodes of page builders, whose content everybody sees.
const LAYOUT_PREFIXES: [&str; 9] =
    ["vc_", "et_pb_", "fusion_", "av_", "cs_", "mk_", "kc_", "nectar_", "su_"];

/// Shortcodes that have such a prefix although members see their content.
const MEMBER_EXCEPTIONS: &str = "su_members su_private su_user";

/// Blocks of plugins whose inner content members see.
const MEMBER_BLOCKS: &str = "premium-content/subscriber-view pmpro/membership \
    memberpress/protected-content restrict-content-pro/content woocommerce-memberships/member-content \
    passster/content-protector content-control/container jetpack/subscriber-view";

/// Blocks of plugins that end what visitors see.
const PAYWALL_BLOCKS: &str =
    "jetpack/paywall steady-wp/paywall newspack/paywall memberful/paywall-divider";

/// Blocks of plugins whose inner content visitors see.
const VISITOR_BLOCKS: &str = "premium-content/container premium-content/logged-out-view \
    premium-content/buttons premium-content/login-button woocommerce-memberships/non-member-content";

/// Namespaces of blocks of layout and decoration, whose content everybody sees.
const LAYOUT_NAMESPACES: &str = "kadence generateblocks uagb ugb stackable coblocks getwid atomic-blocks genesis-blocks \
    gutenbee themeisle-blocks ghostkit essential-blocks premium blocksy greenshift-blocks wpzoom yoast rank-math \
    jetpack syntaxhighlighter enlighter kevinbatdorf newspack-blocks woocommerce wp-bootstrap-blocks tableberg a8c \
    tadv flexible-table-block mathml katex fl-builder divi themify-builder siteorigin-panels elementor";

/// Metadata with the levels that Leaky Paywall shows a post to.
const LEAKY_PAYWALL: &str = "_issuem_leaky_paywall_visibility";

/// Metadata with the settings of WP Fusion.
const WP_FUSION: &str = "wpf-settings";

/// Metadata of a post that restricts it: key, values that do not, and what visitors see.
const MEMBER_META: [(&str, &str, VisiblePart); 30] = [
    ("_jetpack_newsletter_access", "everybody", VisiblePart::Excerpt),
    ("_wpmem_block", "0", VisiblePart::Excerpt),
    ("_wpmem_products", "", VisiblePart::Excerpt),
    (LEAKY_PAYWALL, "", VisiblePart::Excerpt),
    ("_members_access_role", "", VisiblePart::Nothing),
    ("rcp_access_level", "None 0", VisiblePart::Nothing),
    ("rcp_user_level", "All all", VisiblePart::Nothing),
    ("rcp_subscription_level", "", VisiblePart::Nothing),
    ("_is_paid", "0", VisiblePart::Nothing),
    ("um_content_restriction", "", VisiblePart::Nothing),
    ("patreon-level", "0", VisiblePart::Nothing),
    ("memberful_acl", "0", VisiblePart::Nothing),
    ("memberful_available_to_any_registered_user", "0", VisiblePart::Nothing),
    ("memberful_available_to_anybody_subscribed_to_a_plan", "0", VisiblePart::Nothing),
    ("groups-read", "", VisiblePart::Nothing),
    ("groups-groups_read_post", "", VisiblePart::Nothing),
    ("pms-content-restrict-user-status", "", VisiblePart::Nothing),
    ("pms-content-restrict-subscription-plan", "", VisiblePart::Nothing),
    ("pms-content-restrict-all-subscription-plans", "", VisiblePart::Nothing),
    ("wppb-content-restrict-user-status", "", VisiblePart::Nothing),
    ("wppb-content-restrict-user-role", "", VisiblePart::Nothing),
    ("_edd_cr_restricted_to", "0", VisiblePart::Nothing),
    ("ihc_mb_who", "-1 all", VisiblePart::Nothing),
    ("_wppcp_post_page_visibility", "none all guest", VisiblePart::Nothing),
    ("_llms_is_restricted", "no", VisiblePart::Nothing),
    ("arm_access_plan", "", VisiblePart::Nothing),
    (
        "_coil_monetize_post_status",
        "no no-tagging default gate-tagged-blocks",
        VisiblePart::Nothing,
    ),
    ("passster_activate_protection", "0", VisiblePart::Nothing),
    (WP_FUSION, "", VisiblePart::Nothing),
    ("suremembers_post_access_group", "", VisiblePart::Nothing),
];

/// Metadata of categories and tags with which Ultimate Member and Restrict Content Pro restrict their
/// posts.
pub(super) const TERM_META: [&str; 2] = ["um_content_restriction", "rcp_restricted_meta"];

/// Returns the keys of metadata that may restrict a post.
pub(super) fn meta_keys() -> impl Iterator<Item = &'static str> {
    MEMBER_META.iter().map(|(key, _, _)| *key)
}

/// Returns what visitors see of a post with this metadata; `None` if it does not restrict the post.
pub(super) fn restriction(key: &str, value: &str) -> Option<VisiblePart> {
    let (_, open, access) = MEMBER_META.iter().find(|(known, _, _)| *known == key)?;
    let value = value.trim();
    if value.is_empty() || value == "a:0:{}" || contains_word(open, value) {
        return None;
    }
    if key == "um_content_restriction"
        && let Some(settings) = Value::parse(value)
    {
        // 0 stands for everybody, 1 for people who are not logged in.
        let is_open = matches!(settings.number("_um_accessible"), 0 | 1);
        return (settings.is_truthy("_um_custom_access_settings") && !is_open).then_some(*access);
    }
    if key == LEAKY_PAYWALL
        && let Some(settings) = Value::parse(value)
    {
        // Every post with the default counts as one that visitors may read.
        return matches!(settings.text("visibility_type"), "only" | "onlyalways")
            .then_some(*access);
    }
    if key == WP_FUSION
        && let Some(settings) = Value::parse(value)
    {
        return settings.is_truthy("lock_content").then_some(*access);
    }
    let hides_title = key == "_wpmem_block" && value == "2";
    Some(if hides_title { VisiblePart::Nothing } else { *access })
}

/// Returns `true` if the metadata of a term restricts its posts to members.
pub(super) fn restricts_term(key: &str, value: &str) -> bool {
    if key != "rcp_restricted_meta" {
        return restriction(key, value).is_some();
    }
    let Some(settings) = Value::parse(value.trim()) else { return !value.trim().is_empty() };
    let needs_level = settings.is_truthy("access_level")
        && !settings.text("access_level").eq_ignore_ascii_case("none");
    needs_level
        || ["paid_only", "subscriptions", "groups"].iter().any(|key| settings.is_truthy(key))
}

/// Returns the handling of the text that a shortcode encloses.
pub(super) fn enclosed_by_shortcode(name: &str, attributes: &str) -> EnclosedContent {
    if MEMBER_SHORTCODES.iter().any(|(_, names)| contains_word(names, name))
        || contains_word(MEMBER_EXCEPTIONS, name)
    {
        return EnclosedContent::Hidden;
    }
    let is_layout = contains_word(LAYOUT_SHORTCODES, name)
        || LAYOUT_PREFIXES.iter().any(|prefix| name.starts_with(prefix));
    if is_layout {
        return under_condition(conditions::of_shortcode(attributes));
    }
    if contains_word(VISITOR_SHORTCODES, name) {
        EnclosedContent::Shown
    } else {
        EnclosedContent::Unknown
    }
}

/// Returns the handling of the inner content of a block; names of WordPress's own blocks have no
/// slash.
pub(super) fn enclosed_by_block(name: &str, attributes: &Json) -> EnclosedContent {
    if contains_word(PAYWALL_BLOCKS, name) {
        return EnclosedContent::EndsText;
    }
    if contains_word(MEMBER_BLOCKS, name) {
        return EnclosedContent::Hidden;
    }
    let conditional = under_condition(conditions::of_block(attributes));
    if conditional != EnclosedContent::Shown {
        return conditional;
    }
    match name.split_once('/') {
        // The renderer leaves out forms.
        Some(_) if forms::is_form(name) => EnclosedContent::Shown,
        Some((namespace, _))
            if !contains_word(LAYOUT_NAMESPACES, namespace)
                && !contains_word(VISITOR_BLOCKS, name) =>
        {
            EnclosedContent::Unknown
        }
        _ => EnclosedContent::Shown,
    }
}

/// Returns the handling of what an element with this condition encloses.
fn under_condition(condition: Option<Condition>) -> EnclosedContent {
    match condition {
        None => EnclosedContent::Shown,
        Some(Condition::HidesFromVisitors) => EnclosedContent::Hidden,
        Some(Condition::Unknown) => EnclosedContent::Conditional,
    }
}

/// Returns `true` if a list of words separated by spaces contains a word.
fn contains_word(words: &str, word: &str) -> bool {
    words.split_whitespace().any(|listed| listed == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_of_a_public_post_restricts_nothing() {
        for (key, value, expected) in [
            ("_jetpack_newsletter_access", "everybody", None),
            ("_jetpack_newsletter_access", "subscribers", Some(VisiblePart::Excerpt)),
            ("_wpmem_block", "2", Some(VisiblePart::Nothing)),
            ("_members_access_role", "editor", Some(VisiblePart::Nothing)),
            ("rcp_user_level", "All", None),
            ("memberful_acl", "a:0:{}", None),
            (
                "um_content_restriction",
                "a:2:{s:26:\"_um_custom_access_settings\";s:1:\"1\";s:14:\"_um_accessible\";s:1:\"2\";}",
                Some(VisiblePart::Nothing),
            ),
            (
                "um_content_restriction",
                "a:2:{s:26:\"_um_custom_access_settings\";s:1:\"1\";s:14:\"_um_accessible\";s:1:\"0\";}",
                None,
            ),
            (
                "_issuem_leaky_paywall_visibility",
                "a:1:{s:15:\"visibility_type\";s:4:\"only\";}",
                Some(VisiblePart::Excerpt),
            ),
            (
                "_issuem_leaky_paywall_visibility",
                "a:1:{s:15:\"visibility_type\";s:7:\"default\";}",
                None,
            ),
            ("_wppcp_post_page_visibility", "none", None),
            ("_wppcp_post_page_visibility", "member", Some(VisiblePart::Nothing)),
            ("ihc_mb_who", "3,4", Some(VisiblePart::Nothing)),
            ("wpf-settings", "a:1:{s:12:\"lock_content\";s:1:\"1\";}", Some(VisiblePart::Nothing)),
            ("wpf-settings", "a:1:{s:12:\"lock_content\";b:0;}", None),
            ("suremembers_post_access_group", "a:1:{i:0;i:12;}", Some(VisiblePart::Nothing)),
            ("_edit_lock", "1:2", None),
        ] {
            assert_eq!(restriction(key, value), expected, "{key} = {value}");
        }
    }

    #[test]
    fn settings_of_a_term_that_restrict_its_posts_are_detected() {
        for (key, value, expected) in [
            (
                "um_content_restriction",
                "a:2:{s:26:\"_um_custom_access_settings\";s:1:\"1\";s:14:\"_um_accessible\";s:1:\"2\";}",
                true,
            ),
            (
                "um_content_restriction",
                "a:1:{s:26:\"_um_custom_access_settings\";s:1:\"0\";}",
                false,
            ),
            ("rcp_restricted_meta", "a:1:{s:12:\"access_level\";s:1:\"3\";}", true),
            ("rcp_restricted_meta", "a:1:{s:13:\"subscriptions\";a:1:{i:0;i:2;}}", true),
            ("rcp_restricted_meta", "a:1:{s:9:\"paid_only\";s:1:\"1\";}", true),
            ("rcp_restricted_meta", "a:1:{s:12:\"access_level\";s:4:\"None\";}", false),
            ("rcp_restricted_meta", "", false),
            ("description", "a:1:{s:9:\"paid_only\";s:1:\"1\";}", false),
        ] {
            assert_eq!(restricts_term(key, value), expected, "{key} = {value}");
        }
    }
}
