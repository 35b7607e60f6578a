//! Sessions with MySQL and MariaDB: read-only, with the server's own SQL modes, in the time zone of
//! the source, and without a short limit for GROUP_CONCAT.

use std::str::FromStr;

use anyhow::anyhow;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use sqlx::mysql::{MySqlConnectOptions, MySqlConnection, MySqlRow};
use sqlx::{AssertSqlSafe, ConnectOptions, Executor, Row as _, SqlSafeStr};

use super::column_text;
use super::connection::{CONNECT_TIMEOUT, connect, explain, with_timeout, without_credentials};
use super::session_zone::{SessionZone, offset_text, offset_zone, probes};
use crate::domain::time::zone_name;

/// Bytes that GROUP_CONCAT may return; servers begin with 1,024 or 1,048,576.
const GROUP_CONCAT_BYTES: u64 = 64 << 20;
/// Warnings of a value cut by GROUP_CONCAT, and of a result left out for `max_allowed_packet`.
const CUT_VALUES: [&str; 2] = ["1260", "1301"];
/// Mode that the driver adds, under which names of functions cannot be names of columns.
const IGNORE_SPACE: &str = "IGNORE_SPACE";

/// Open session, and what it was set to.
pub(super) struct MySqlSession {
    pub(super) connection: MySqlConnection,
    pub(super) zone: SessionZone,
    /// Time zone of the server's own sessions.
    server_zone: String,
    sql_mode: String,
    /// Limit of GROUP_CONCAT in bytes, the server's own first.
    group_concat: (u64, u64),
    charset: String,
}

impl MySqlSession {
    /// Opens a read-only session whose local times are in `zone`.
    pub(super) async fn open(source: &str, url: &str, zone: &TimeZone) -> anyhow::Result<Self> {
        let mut connection = connect(source, url, options(source, url)?.connect()).await?;
        let failed = |e: sqlx::Error| {
            explain(source, &without_credentials(url), "preparing the session", &e)
        };
        run(&mut connection, "SET SESSION TRANSACTION READ ONLY").await.map_err(failed)?;
        let server = text_row(
            &mut connection,
            "SELECT @@SESSION.sql_mode, @@GLOBAL.sql_mode, @@SESSION.group_concat_max_len, @@SESSION.time_zone, @@system_time_zone, \
             @@SESSION.character_set_results",
        )
        .await
        .map_err(failed)?;
        let text = |i: usize| server.get(i).map(String::as_str).unwrap_or_default();
        let sql_mode = own_modes(text(0), text(1));
        if sql_mode != text(0) {
            let set = format!("SET SESSION sql_mode = '{}'", sql_mode.replace(['\'', '\\'], ""));
            run(&mut connection, &set).await.map_err(failed)?;
        }
        let bytes: u64 = text(2).parse().unwrap_or(GROUP_CONCAT_BYTES);
        if bytes < GROUP_CONCAT_BYTES {
            let set = format!("SET SESSION group_concat_max_len = {GROUP_CONCAT_BYTES}");
            run(&mut connection, &set).await.map_err(failed)?;
        }
        let session_zone = set_zone(&mut connection, zone).await.map_err(failed)?;
        Ok(Self {
            zone: session_zone,
            server_zone: text(3).replace("SYSTEM", &format!("SYSTEM ({})", text(4))),
            sql_mode,
            group_concat: (bytes, bytes.max(GROUP_CONCAT_BYTES)),
            charset: text(5).to_owned(),
            connection,
        })
    }

    /// Returns the properties of the session for `courant sources check`.
    pub(super) fn facts(&self) -> Vec<(&'static str, String)> {
        let (own, set) = self.group_concat;
        let modes = if self.sql_mode.is_empty() { "none" } else { &self.sql_mode };
        vec![
            (
                "session zone",
                format!("{} (the server's: {})", self.zone.describe(), self.server_zone),
            ),
            ("SQL modes", format!("{}, as the server has them", modes.replace(',', ", "))),
            ("GROUP_CONCAT", format!("up to {set} bytes (the server's limit: {own})")),
            ("charset", self.charset.clone()),
        ]
    }
}

/// Opens a read-only session whose local times are in UTC.
pub(super) async fn open_in_utc(source: &str, url: &str) -> anyhow::Result<MySqlConnection> {
    Ok(MySqlSession::open(source, url, &TimeZone::UTC).await?.connection)
}

/// Returns options with which the driver changes neither the SQL modes nor the time zone.
fn options(source: &str, url: &str) -> anyhow::Result<MySqlConnectOptions> {
    // The driver's message may quote the URL with its password, so it is not passed on.
    let options = MySqlConnectOptions::from_str(url).map_err(|_| {
        anyhow!(
            "source {source}: `url` is not a valid MySQL URL; write \
             mysql://user:password@host/database, with special characters of the password \
             percent-encoded"
        )
    })?;
    Ok(options
        .pipes_as_concat(false)
        .no_engine_substitution(false)
        .timezone(None)
        .disable_statement_logging())
}

/// Returns the SQL modes of a session without the one that the driver adds, unless the server has
/// it.
fn own_modes(session: &str, global: &str) -> String {
    if global.split(',').any(|mode| mode == IGNORE_SPACE) {
        return session.to_owned();
    }
    session.split(',').filter(|mode| *mode != IGNORE_SPACE).collect::<Vec<_>>().join(",")
}

/// Sets the time zone of a session to `zone`: the server's own if it has the same times, else the
/// zone by its name, else by its present offset.
async fn set_zone(
    connection: &mut MySqlConnection,
    zone: &TimeZone,
) -> Result<SessionZone, sqlx::Error> {
    let now = text_row(connection, "SELECT UNIX_TIMESTAMP()").await?;
    let now = now.first().and_then(|seconds| seconds.parse().ok()).unwrap_or_default();
    let now = Timestamp::from_second(now).unwrap_or_default();
    let exact = |value: &str| SessionZone::exact(zone.clone(), value);
    if has_times_of(connection, zone, now).await? {
        return Ok(exact(&zone_name(zone)));
    }
    let name = zone.iana_name().unwrap_or("UTC");
    for candidate in [name, "SYSTEM"] {
        // A server without time zone tables knows no names.
        if run(connection, &format!("SET SESSION time_zone = '{candidate}'")).await.is_ok()
            && (candidate == name || has_times_of(connection, zone, now).await?)
        {
            return Ok(exact(candidate));
        }
    }
    let offset = offset_text(zone.to_offset(now));
    run(connection, &format!("SET SESSION time_zone = '{offset}'")).await?;
    if has_times_of(connection, zone, now).await? {
        return Ok(exact(&offset));
    }
    Ok(SessionZone::present_offset(offset_zone(zone, now), &offset))
}

/// Returns `true` if the session converts times of the last 25 years as `zone` does.
async fn has_times_of(
    connection: &mut MySqlConnection,
    zone: &TimeZone,
    now: Timestamp,
) -> Result<bool, sqlx::Error> {
    let probes = probes(now);
    let columns: Vec<String> =
        probes.iter().map(|at| format!("FROM_UNIXTIME({})", at.as_second())).collect();
    let printed = text_row(connection, &format!("SELECT {}", columns.join(", "))).await?;
    let expected =
        probes.iter().map(|at| zone.to_datetime(*at).strftime("%Y-%m-%d %H:%M:%S").to_string());
    Ok(expected.eq(printed))
}

/// Logs that the last statement returned cut values, which its limits of length cause.
pub(super) async fn log_cut_values(source: &str, connection: &mut MySqlConnection) {
    let statement = sqlx::raw_sql("SHOW WARNINGS").fetch_all(connection);
    let warnings = with_timeout(CONNECT_TIMEOUT, statement).await.unwrap_or_default();
    let cell = |row: &MySqlRow, i| column_text::mysql(row, i, "").unwrap_or_default();
    let mut cut = warnings.iter().filter(|row| CUT_VALUES.contains(&cell(row, 1).as_str()));
    if let Some(first) = cut.next() {
        tracing::warn!(
            source,
            "the database truncated or omitted texts that are longer than its limits; \
             raise max_allowed_packet in its configuration: {}",
            cell(first, 2)
        );
    }
}

/// Runs a statement without a result.
async fn run(connection: &mut MySqlConnection, sql: &str) -> Result<(), sqlx::Error> {
    let statement = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()).into_sql_str());
    with_timeout(CONNECT_TIMEOUT, connection.execute(statement)).await.map(|_| ())
}

/// Returns the only row of a result as text.
async fn text_row(connection: &mut MySqlConnection, sql: &str) -> Result<Vec<String>, sqlx::Error> {
    let statement = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()).into_sql_str());
    let row = with_timeout(CONNECT_TIMEOUT, statement.fetch_one(connection)).await?;
    Ok((0..row.len()).map(|i| column_text::mysql(&row, i, "").unwrap_or_default()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_mode_of_the_driver_is_removed() {
        let session = "STRICT_TRANS_TABLES,IGNORE_SPACE,ANSI_QUOTES";
        assert_eq!(own_modes(session, "STRICT_TRANS_TABLES"), "STRICT_TRANS_TABLES,ANSI_QUOTES");
        assert_eq!(own_modes(session, "IGNORE_SPACE,ANSI_QUOTES"), session);
        assert_eq!(own_modes("IGNORE_SPACE", ""), "");
    }
}
