//! SQL differences between the two engines; the only file that contains them.

use super::db::Engine;

/// Returns the SQL of a fragment that depends on the engine; `None` if there is no such fragment.
///
/// | fragment | SQL |
/// |---|---|
/// | `now` | clock of the database in milliseconds, by which leases are compared because the clocks of nodes differ |
/// | `skip_locked` | lets several nodes lease different rows at the same time; SQLite has only one writer |
/// | `lock_rows` | locks the selected rows until the end of the transaction; SQLite has only one writer |
/// | `notify channel $value` | expression that announces a number to the listeners of a channel at the commit; SQLite has no channels, so it is only the number |
/// | `json_ids $list` | subquery of the numbers in a JSON array |
/// | `json_texts $list` | subquery of the texts in a JSON array, in the column `value` |
/// | `json_list column key` | subquery of the texts of the array with this key in a column of JSON objects, in the column `value` |
/// | `json_rows $list name TYPE, …` | subquery of the objects in a JSON array; TYPE is `INTEGER` or `TEXT` |
/// | `id_among column table` | whether a column is one of the `id`s of a common table expression, for PostgreSQL, whose planner would otherwise not use index lookups for a few rows |
/// | `subscriber_in table x` | begin of a test, closed by a parenthesis, whether the subscriber `p` has a row in a table; SQLite reads the rows first, PostgreSQL chooses |
/// | `search_index $pattern` | test whether the address or the name of the subscriber `p` fits a pattern of at least three characters ([`search_pattern`]), by the index of trigrams |
/// | `domain_key column` | `@` and the domain of an address in a column, by which the suppression of a domain is stored |
/// | `suppressed row` | whether the address of a row or its domain is suppressed, for few rows |
/// | `not_suppressed row` | the opposite, for many rows |
/// | `subscriber_has table x` | the same test for one subscriber after the other |
/// | `position column text` | position of a text in a column, from 1; 0 without it |
/// | `lower column` | text with the ASCII letters in lower case |
/// | `json_group column` | aggregate of a column's values as the text of a JSON array |
/// | `json_groups column, …` | aggregate of rows as the text of a JSON array of arrays |
/// | `bulk_settings` | settings of PostgreSQL for a bulk transaction: its commit does not wait for the disk (a later synchronous commit also covers it), and its statements use generic plans |
/// | `lookup_settings` | settings of PostgreSQL for a transaction that looks up rows by keys: a generic plan made while a table was small would read a table that grows as a whole each time |
pub(super) fn expand(engine: Engine, fragment: &str) -> Option<String> {
    let (name, arguments) = fragment.split_once(' ').unwrap_or((fragment, ""));
    let arguments = arguments.trim();
    Some(match (engine, name) {
        (Engine::Sqlite, "now") => "CAST(unixepoch('subsec') * 1000 AS INTEGER)".to_owned(),
        (Engine::Postgres, "now") => {
            "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)".to_owned()
        }
        (Engine::Sqlite, "skip_locked") => String::new(),
        (Engine::Postgres, "skip_locked") => "FOR UPDATE SKIP LOCKED".to_owned(),
        (Engine::Sqlite, "lock_rows") => String::new(),
        (Engine::Postgres, "lock_rows") => "FOR NO KEY UPDATE".to_owned(),
        (_, "notify") => {
            let (channel, value) = arguments.split_once(' ')?;
            match engine {
                Engine::Sqlite => format!("CAST({value} AS TEXT)"),
                Engine::Postgres => format!("pg_notify('{channel}', CAST({value} AS TEXT))"),
            }
        }
        (Engine::Sqlite, "json_ids" | "json_texts") => {
            format!("(SELECT value FROM json_each({arguments}))")
        }
        (Engine::Postgres, "json_ids") => format!(
            "(SELECT CAST(value AS bigint) FROM jsonb_array_elements_text(CAST({arguments} AS jsonb)))"
        ),
        (Engine::Postgres, "json_texts") => {
            format!("(SELECT value FROM jsonb_array_elements_text(CAST({arguments} AS jsonb)))")
        }
        (_, "json_list") => {
            let (column, key) = arguments.split_once(' ')?;
            match engine {
                Engine::Sqlite => format!("(SELECT value FROM json_each({column}, '$.{key}'))"),
                Engine::Postgres => format!(
                    "(SELECT value FROM jsonb_array_elements_text(CAST({column} AS jsonb) -> '{key}'))"
                ),
            }
        }
        (_, "json_rows") => json_rows(engine, arguments)?,
        (Engine::Sqlite, "json_group") => format!("json_group_array({arguments})"),
        (Engine::Sqlite, "json_groups") => format!("json_group_array(json_array({arguments}))"),
        (Engine::Postgres, "json_group") => {
            format!("CAST(COALESCE(json_agg({arguments}), '[]') AS text)")
        }
        (Engine::Postgres, "json_groups") => {
            format!("CAST(COALESCE(json_agg(json_build_array({arguments})), '[]') AS text)")
        }
        (Engine::Sqlite, "bulk_settings" | "lookup_settings") => "NULL".to_owned(),
        (Engine::Postgres, "bulk_settings") => "set_config('synchronous_commit', 'off', TRUE), \
             set_config('plan_cache_mode', 'force_generic_plan', TRUE)"
            .to_owned(),
        (Engine::Postgres, "lookup_settings") => "set_config('enable_seqscan', 'off', TRUE), \
             set_config('enable_hashjoin', 'off', TRUE), \
             set_config('enable_mergejoin', 'off', TRUE)"
            .to_owned(),
        (Engine::Sqlite, "id_among") => "TRUE".to_owned(),
        (Engine::Postgres, "id_among") => {
            let (column, rows) = arguments.split_once(' ')?;
            format!("{column} = ANY (ARRAY(SELECT id FROM {rows}))")
        }
        _ => return expand_filter(engine, name, arguments),
    })
}

/// Returns the SQL of a fragment that filters over subscribers use.
fn expand_filter(engine: Engine, name: &str, arguments: &str) -> Option<String> {
    Some(match (engine, name) {
        (_, "subscriber_has") | (Engine::Postgres, "subscriber_in") => {
            let (table, alias) = arguments.split_once(' ')?;
            format!("EXISTS (SELECT 1 FROM {table} {alias} WHERE {alias}.subscriber_id = p.id")
        }
        (Engine::Sqlite, "subscriber_in") => {
            let (table, alias) = arguments.split_once(' ')?;
            format!("p.id IN (SELECT {alias}.subscriber_id FROM {table} {alias} WHERE TRUE")
        }
        (Engine::Sqlite, "search_index") => format!(
            "p.id IN (SELECT rowid FROM subscriber_search WHERE search_key GLOB {arguments})"
        ),
        (Engine::Postgres, "search_index") => {
            format!("p.search_key LIKE {arguments} ESCAPE '!'")
        }
        (_, "domain_key") => domain_key(engine, arguments),
        (_, "suppressed") => {
            let domain = domain_key(engine, &format!("{arguments}.address"));
            format!(
                "(SELECT x.hash FROM suppressions x WHERE x.hash IN ({arguments}.address_hash, {domain}) LIMIT 1) IS NOT NULL"
            )
        }
        (_, "not_suppressed") => {
            let domain = domain_key(engine, &format!("{arguments}.address"));
            // Both engines evaluate the first test for suppressed domains once; it saves the lookup for each row.
            let no_domains =
                "NOT EXISTS (SELECT 1 FROM suppressions x WHERE x.hash >= '@' AND x.hash < 'A')";
            format!(
                "NOT EXISTS (SELECT 1 FROM suppressions x WHERE x.hash = {arguments}.address_hash) \
                 AND ({no_domains} OR NOT EXISTS (SELECT 1 FROM suppressions x WHERE x.hash = {domain}))"
            )
        }
        (_, "position") => {
            let (column, text) = arguments.split_once(' ')?;
            let function = if engine == Engine::Sqlite { "instr" } else { "strpos" };
            format!("{function}({column}, {text})")
        }
        (Engine::Sqlite, "lower") => format!("lower({arguments})"),
        (Engine::Postgres, "lower") => format!("lower({arguments} COLLATE \"C\")"),
        _ => return None,
    })
}

fn domain_key(engine: Engine, column: &str) -> String {
    let position = if engine == Engine::Sqlite { "instr" } else { "strpos" };
    format!("substr({column}, {position}({column}, '@'))")
}

/// Returns the pattern of texts that contain a text: for GLOB, which the index of SQLite supports, or for
/// LIKE with `!` as the escape character.
pub(super) fn search_pattern(text: &str, is_glob: bool) -> String {
    let mut pattern = String::with_capacity(text.len() + 2);
    for c in text.chars() {
        match c {
            '*' | '?' | '[' if is_glob => pattern.extend(['[', c, ']']),
            '!' | '%' | '_' if !is_glob => pattern.extend(['!', c]),
            c => pattern.push(c),
        }
    }
    let any = if is_glob { '*' } else { '%' };
    format!("{any}{pattern}{any}")
}

fn json_rows(engine: Engine, arguments: &str) -> Option<String> {
    let (parameter, columns) = arguments.split_once(char::is_whitespace)?;
    let columns: Vec<(&str, &str)> =
        columns.split(',').map(|column| column.trim().split_once(' ')).collect::<Option<_>>()?;
    Some(match engine {
        Engine::Sqlite => {
            let picked: Vec<String> = columns
                .iter()
                .map(|(name, _)| format!("json_extract(value, '$.{name}') AS {name}"))
                .collect();
            // `jsonb_each` returns the parsed objects, which `json_each` would write as text to be parsed again.
            format!("(SELECT {} FROM jsonb_each({parameter}))", picked.join(", "))
        }
        Engine::Postgres => {
            let typed: Vec<String> = columns
                .iter()
                .map(|(name, column_type)| {
                    let column_type = if *column_type == "INTEGER" { "bigint" } else { "text" };
                    format!("{name} {column_type}")
                })
                .collect();
            format!(
                // The text is read once, for which `json` needs less time than `jsonb`.
                "(SELECT * FROM json_to_recordset(CAST({parameter} AS json)) AS r({}))",
                typed.join(", ")
            )
        }
    })
}
