//! SQL conditions for the nodes that anonymous visitors may view.

use crate::sources::php::Value;
use crate::sources::read_session::ReadSession;

/// Unpublished states of Drupal's own workflow.
const UNPUBLISHED_STATES: [&str; 2] = ["archived", "draft"];

/// Returns a condition on `n`, a row of `node_field_data`, that access modules and moderation
/// set; fails if their tables are not readable.
pub(super) async fn condition(
    session: &mut ReadSession,
    prefix: &str,
    config: &[(String, Value)],
    has_revision: bool,
) -> anyhow::Result<String> {
    let mut condition = String::new();
    if session.has_table(&format!("{prefix}node_access")).await? {
        let columns = session.columns(&format!("{prefix}node_access")).await?;
        let language =
            if columns.contains("langcode") { " AND a.langcode = n.langcode" } else { "" };
        condition.push_str(&format!(
            " AND EXISTS (SELECT 1 FROM {prefix}node_access a WHERE a.realm = 'all' AND a.gid = 0 AND a.grant_view >= 1 \
             AND (a.nid = 0 OR (a.nid = n.nid{language})))"
        ));
    }
    let table = format!("{prefix}content_moderation_state_field_data");
    if session.has_table(&table).await? {
        let states = unpublished_states(config);
        let states = session.quote_list(states.iter().map(String::as_str));
        let revision = if has_revision { " AND m.content_entity_revision_id = n.vid" } else { "" };
        condition.push_str(&format!(
            " AND NOT EXISTS (SELECT 1 FROM {table} m WHERE m.content_entity_type_id = 'node' AND m.content_entity_id = n.nid \
             AND m.langcode = n.langcode{revision} AND m.moderation_state IN ({states}))"
        ));
    }
    Ok(condition)
}

/// Returns the states in which no workflow publishes a node.
fn unpublished_states(config: &[(String, Value)]) -> Vec<String> {
    let workflows = config.iter().filter(|(name, _)| name.starts_with("workflows.workflow."));
    let states: Vec<&(String, Value)> = workflows
        .filter_map(|(_, workflow)| workflow.get("type_settings")?.get("states"))
        .flat_map(Value::entries)
        .collect();
    if states.is_empty() {
        return UNPUBLISHED_STATES.map(str::to_owned).into();
    }
    let is_published = |name: &String| {
        states.iter().any(|(known, state)| known == name && state.is_truthy("published"))
    };
    states.iter().map(|(name, _)| name.clone()).filter(|name| !is_published(name)).collect()
}
